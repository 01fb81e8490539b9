// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// What differs between the processors a Linux program may run on.

#pragma once

#if defined(__x86_64__)
#include "servers/posix/arch/x86_64/arch_guest.h"
#elif defined(__aarch64__)
#include "servers/posix/arch/aarch64/arch_guest.h"
#endif
