// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// aarch64 side of kernel/arch/arch.h that must be inline.
//
// Address map: user 0 .. 2^48 less a page (TTBR0); in the kernel's half (TTBR1) the direct map at
// DIRECT_MAP_BASE, devices the kernel itself drives at DEVICE_MAP_BASE, the image at KERNEL_BASE.

#pragma once

#include "abi/types.h"

struct cpu;

// bus addresses of a driver's memory begin here, above the GIC's messages
#define IOMMU_BUS_FIRST 0x10000000ull

#define USER_BASE       0x0000000000010000ull
#define USER_END        0x0000fffffffff000ull
#define DIRECT_MAP_BASE 0xffff000000000000ull
#define DEVICE_MAP_BASE 0xffffc00000000000ull
#define KERNEL_BASE     0xffffffff80000000ull

// TPIDR_EL1 points to this CPU's struct cpu (kernel/core/cpu.h); its first member is the index.
static inline struct cpu *cpu_self(void)
{
    struct cpu *cpu;
    __asm__("mrs %0, tpidr_el1" : "=r"(cpu));
    return cpu;
}

static inline unsigned cpu_index(void)
{
    return *(const uint32_t *)(const void *)cpu_self();
}

// The barrier keeps the counter from being read ahead of what comes before.
static inline uint64_t cpu_counter(void)
{
    uint64_t count;
    __asm__ volatile("isb\n\tmrs %0, cntvct_el0" : "=r"(count) : : "memory");
    return count;
}
