// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The GIC's interrupt translation service: messages of PCI devices (version 3 of the GIC only).

#pragma once

#include "abi/syscall.h"

enum { LPI_FIRST = 8192 }; // number of the interrupt with vector 0

// Boot CPU, before its its_init_cpu. Without an ITS, or with one that cannot be used, there are no
// messages. `distributor_type`: GICD_TYPER.
void its_init(uint32_t distributor_type);

// Every CPU: `frame` is the control frame of its redistributor.
void its_init_cpu(volatile uint32_t *frame);

// object_lock held. A message of args->device that interrupts `cpu` as number LPI_FIRST + vector;
// fills in msi_address and msi_data. -E_NODEV: no ITS or no such device, -E_NOMEM.
int its_message(unsigned vector, unsigned cpu, struct irq_args *args);
void its_message_end(unsigned vector);
