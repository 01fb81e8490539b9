// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// What the in-guest tests know of the processor: machine code for guests, instructions that kill,
// and how the kernel names the exceptions they raise.

#pragma once

#include "abi/guest.h"

#if defined(__x86_64__)
#include "kernel/test/arch/x86_64/machine.h"
#elif defined(__aarch64__)
#include "kernel/test/arch/aarch64/machine.h"
#endif
