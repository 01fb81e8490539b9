// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Interrupt objects: a hardware interrupt signals a notification. object_lock.

#pragma once

#include "abi/syscall.h"
#include "kernel/core/object.h"

struct notification;

struct irq {
    struct object object;
    uint32_t vector; // the processor's or interrupt controller's number, index into irq_table
    uint32_t line;
    uint32_t flags; // enum irq_flag
    bool masked;    // level: from the interrupt until irq_ack
    uint64_t count;
    struct notification *notification; // referenced; NULL: not bound
    uint64_t badge;
    char owner[PROCESS_NAME_MAX]; // who bound it
};

enum { IRQ_VECTORS = 256 };

extern struct irq *irq_table[IRQ_VECTORS];

// From the processor's interrupt entry: vector was raised. object_lock held.
void irq_raised(unsigned vector);
