// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// What the vDSO's code needs of x86_64. Exports: vdso.map.

#pragma once

#include <stdint.h>

#define VDSO_NAME(function) __vdso_##function
#define VDSO_HAS_GETCPU     1 // and time
enum { VDSO_NR_CLOCK_GETTIME = 228, VDSO_NR_CLOCK_GETRES = 229, VDSO_NR_GETCPU = 309 };

static inline uint64_t vdso_counter(void)
{
    uint32_t low, high;
    __asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high) : : "memory");
    return (uint64_t)high << 32 | low;
}

static inline int64_t vdso_syscall(int64_t number, uint64_t first, uint64_t second)
{
    int64_t result;
    register uint64_t third __asm__("rdx") = 0;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "0"(number), "D"(first), "S"(second), "r"(third)
                     : "rcx", "r11", "memory");
    return result;
}
