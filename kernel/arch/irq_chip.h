// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Interrupt controllers: what kernel/core/irq.c asks of a processor's board. object_lock held.

#pragma once

#include "abi/syscall.h"
#include "kernel/arch/irq_vectors.h"

// Masked at first. IRQ_LEVEL is added to *flags where the board has the line so. -E_NODEV: no such
// line.
int irq_chip_connect(uint32_t line, unsigned vector, uint32_t *flags);
int irq_chip_message(unsigned vector, struct irq_args *args); // fills msi_address, msi_data
void irq_chip_message_end(unsigned vector);                   // nobody takes its messages any more
void irq_chip_mask(uint32_t line);
void irq_chip_unmask(uint32_t line);
