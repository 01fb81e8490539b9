// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// A kernel bug stops the machine: message, registers of the trap if there was one, symbolised
// backtrace.

#pragma once

#include "abi/types.h"

__attribute__((noreturn, format(printf, 1, 2))) void panic(const char *format, ...);

extern uint64_t __stack_chk_guard;
__attribute__((noreturn)) void __stack_chk_fail(void);

// Holds in release builds too: the kernel's invariants are cheap to check and expensive to lose.
#define KERNEL_ASSERT(condition)                                \
    do {                                                        \
        if (__builtin_expect(!(condition), 0)) {                \
            panic("%s:%d: %s", __FILE__, __LINE__, #condition); \
        }                                                       \
    } while (0)

// printf-style line to the kernel log and, until a driver has the UART, to the early console.
__attribute__((format(printf, 1, 2))) void kernel_log(const char *format, ...);
