// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The processor's struct frame.

#pragma once

#if defined(__x86_64__)
#include "kernel/arch/x86_64/frame.h"
#elif defined(__aarch64__)
#include "kernel/arch/aarch64/frame.h"
#endif
