// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// What the vDSO's code needs of the processor.

#pragma once

#if defined(__x86_64__)
#include "servers/posix/arch/x86_64/vdso_arch.h"
#elif defined(__aarch64__)
#include "servers/posix/arch/aarch64/vdso_arch.h"
#endif
