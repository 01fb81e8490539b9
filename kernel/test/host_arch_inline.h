// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Stands for kernel/arch/<cpu>/arch_inline.h in unit tests on the build machine: physical address 0
// is the first byte of an arena, and the test says which CPU it plays.

#pragma once

#include "abi/types.h"

// bus addresses of a driver's memory begin here
#define IOMMU_BUS_FIRST 0x00010000ull

#define USER_BASE       0x0000000000010000ull
#define USER_END        0x00007ffffffff000ull
#define DIRECT_MAP_BASE host_arena

extern uint64_t host_arena;
extern unsigned host_cpu;

static inline unsigned cpu_index(void)
{
    return host_cpu;
}

static inline uint64_t cpu_counter(void)
{
    return 0;
}
