// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// What every kernel object begins with. References are counted: one for each handle and for each
// pointer that another object keeps. When the last one goes, the object joins its CPU's list of the
// dead and is destroyed on the way out of the kernel, when no lock is held; so object_put may be
// called under any lock.

#pragma once

#include "abi/syscall.h"

struct object {
    uint32_t type; // enum object_type
    uint32_t references;
    struct object *next_dead;
};

// References start at 1, owned by the caller.
void object_init(struct object *object, enum object_type type);

static inline void object_get(struct object *object)
{
    __atomic_fetch_add(&object->references, 1, __ATOMIC_RELAXED);
}

void object_put(struct object *object);

// Destroys what object_put has collected on this CPU. Takes locks of any rank: call with none held.
void object_reap(void);

// One function a type, from the file of that type; called with no lock held and no reference left.
void process_destroy(struct object *object);
void thread_destroy(struct object *object);
void endpoint_destroy(struct object *object);
void notification_destroy(struct object *object);
void reply_destroy(struct object *object);
void timer_destroy(struct object *object);
void memory_destroy(struct object *object);
void aspace_destroy(struct object *object);
void guest_destroy(struct object *object);
void irq_destroy(struct object *object);
void dma_destroy(struct object *object);
void resource_destroy(struct object *object);
