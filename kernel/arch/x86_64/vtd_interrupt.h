// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Remapped interrupts, for apic.c. Vectors are the entries' numbers. object_lock held.

#pragma once

#include "abi/types.h"

// Else interrupts go as they are, and the functions below are not called.
bool vtd_interrupts_remapped(void);

// `source` (a requester id) may raise the vector on the CPU of that hardware id.
void vtd_interrupt_set(unsigned vector, uint32_t cpu, uint32_t source, bool level);
void vtd_interrupt_clear(unsigned vector);

// The address of a message that raises it; the data is 0.
uint64_t vtd_interrupt_message(unsigned vector);

// An I/O APIC's requester id; -E_NODEV: the board's table names none.
int vtd_ioapic_source(uint8_t id, uint32_t *source);
