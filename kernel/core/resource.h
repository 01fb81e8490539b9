// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Resources: authority over physical addresses, ports, interrupts, DMA and the machine. Only ever
// narrowed.

#pragma once

#include "kernel/core/object.h"

struct process;
struct thread;

struct resource {
    struct object object;
    uint32_t kind; // enum resource_kind
    uint64_t base, count;
};

int resource_create(enum resource_kind kind, uint64_t base, uint64_t count,
                    struct resource **result);

// Does the caller's handle cover base .. base + count of that kind? 0, -E_BADF, -E_PERM (another
// kind or range).
int resource_check(struct thread *thread, uint64_t handle, enum resource_kind kind, uint64_t base,
                   uint64_t count);

// Drivers get one resource for a range; ports in it are named by their offset. *first: the range's
// first.
int resource_check_offset(struct process *process, handle_t handle, enum resource_kind kind,
                          uint64_t offset, uint64_t count, uint64_t *first);
