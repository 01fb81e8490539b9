// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The GIC, version 2 (Arm IHI 0048B) or 3 (Arm IHI 0069), with version 2's message frame (v2m: Arm
// DEN 0029, appendix E). Lines are the GIC's interrupt numbers: shared ones begin at 32.

#pragma once

#include "abi/types.h"

enum {
    GIC_IPIS = 16,
    GIC_SHARED = 32,
    GIC_SPECIAL = 1020, // this number and above: nothing is pending
};

void gic_init(void);     // boot CPU: distributor
void gic_init_cpu(void); // every CPU
void gic_enable_timer(void);

// What the processor is asked for: its number, maybe GIC_SPECIAL or above; and its end.
uint32_t gic_acknowledge(void);
void gic_end(uint32_t acknowledged);

// Number of what gic_acknowledge returned (version 2 adds the sender of an IPI).
static inline uint32_t gic_number(uint32_t acknowledged)
{
    return acknowledged & 0x3ff;
}

// Slot of kernel/core/irq.c's table that a shared interrupt was connected to; 0: none.
unsigned gic_vector(uint32_t number);
