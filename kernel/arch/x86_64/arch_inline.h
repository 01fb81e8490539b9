// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// x86_64 side of kernel/arch/arch.h that must be inline.
//
// Address map: user 0 .. 0x7fff'ffff'f000 (the last page of the lower half stays empty, so no
// return address is ever non-canonical); direct map at DIRECT_MAP_BASE; devices the kernel itself
// drives at DEVICE_MAP_BASE; image at KERNEL_BASE.

#pragma once

#include "abi/types.h"

struct cpu;

// bus addresses of a driver's memory begin here
#define IOMMU_BUS_FIRST 0x00010000ull

#define USER_BASE       0x0000000000010000ull
#define USER_END        0x00007ffffffff000ull
#define DIRECT_MAP_BASE 0xffff800000000000ull
#define DEVICE_MAP_BASE 0xffffc00000000000ull
#define KERNEL_BASE     0xffffffff80000000ull

// GS points to this CPU's struct cpu (kernel/core/cpu.h) in the kernel; its first member is the
// index.
static inline unsigned cpu_index(void)
{
    unsigned index;
    __asm__("movl %%gs:0, %0" : "=r"(index));
    return index;
}

static inline struct cpu *cpu_self(void)
{
    struct cpu *cpu;
    __asm__("movq %%gs:40, %0" : "=r"(cpu));
    return cpu;
}

static inline uint64_t cpu_counter(void)
{
    uint32_t low;
    uint32_t high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}
