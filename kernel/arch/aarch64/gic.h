// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The GIC, version 2 (Arm IHI 0048B) or 3 (Arm IHI 0069), with version 2's message frame (v2m: Arm
// DEN 0029, appendix E). Lines are the GIC's interrupt numbers: shared ones begin at 32.

#pragma once

#include "kernel/arch/aarch64/its.h"

enum {
    GIC_SHARED = 32,
    GIC_SPECIAL = 1020, // this and the next three: nothing is pending
};

void gic_init(void);     // boot CPU: distributor
void gic_init_cpu(void); // every CPU
void gic_enable_timer(void);

// What the processor is asked for, maybe nothing (gic_is_interrupt); and its end.
uint32_t gic_acknowledge(void);
void gic_end(uint32_t acknowledged);

// Number of what gic_acknowledge returned (version 2 adds the sender of an IPI, in bits 10 to 12).
static inline uint32_t gic_number(uint32_t acknowledged)
{
    return acknowledged < LPI_FIRST ? acknowledged & 0x3ff : acknowledged;
}

// Whether it is one: not 1020 to 1023.
static inline bool gic_is_interrupt(uint32_t number)
{
    return number < GIC_SPECIAL || number >= LPI_FIRST;
}

// The kernel's own: an edge line, unmasked, on the boot CPU. false: there is none. virt puts its
// SMMU's among the message frame's, which then leaves it out.
bool gic_connect_own(uint32_t line, unsigned vector);

// Slot of kernel/core/irq.c's table that a shared interrupt was connected to; 0: none.
unsigned gic_vector(uint32_t number);
