// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// System registers of aarch64 by name (Arm Architecture Reference Manual DDI 0487, chapter D17).

#pragma once

#include "abi/types.h"

#define sysreg_read(name)                                        \
    ({                                                           \
        uint64_t sysreg_value;                                   \
        __asm__ volatile("mrs %0, " #name : "=r"(sysreg_value)); \
        sysreg_value;                                            \
    })

#define sysreg_write(name, value) \
    __asm__ volatile("msr " #name ", %0" : : "r"((uint64_t)(value)) : "memory")

static inline void isb(void)
{
    __asm__ volatile("isb" : : : "memory");
}

// What was written before is seen by every CPU of the system, and by devices.
static inline void dsb_sy(void)
{
    __asm__ volatile("dsb sy" : : : "memory");
}

// A field of an ID register.
static inline unsigned sysreg_field(uint64_t value, unsigned shift)
{
    return (unsigned)(value >> shift) & 15;
}
