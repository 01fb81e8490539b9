// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

#include "kernel/core/object.h"

#include "kernel/core/cpu.h"
#include "kernel/core/lock.h"
#include "kernel/core/panic.h"
#include "kernel/core/process.h"
#include "kernel/core/statistics.h"

struct spinlock object_lock = SPINLOCK(LOCK_OBJECT);
uint64_t object_counts[OBJECT_TYPES];

static void (*const destroy[OBJECT_TYPES])(struct object *) = {
    [OBJECT_PROCESS] = process_destroy,   [OBJECT_THREAD] = thread_destroy,
    [OBJECT_ENDPOINT] = endpoint_destroy, [OBJECT_NOTIFICATION] = notification_destroy,
    [OBJECT_REPLY] = reply_destroy,       [OBJECT_TIMER] = timer_destroy,
    [OBJECT_MEMORY] = memory_destroy,     [OBJECT_ASPACE] = aspace_destroy,
    [OBJECT_GUEST] = guest_destroy,       [OBJECT_IRQ] = irq_destroy,
    [OBJECT_DMA] = dma_destroy,           [OBJECT_RESOURCE] = resource_destroy,
};

void object_init(struct object *object, enum object_type type)
{
    object->type = type;
    object->references = 1;
    object->next_dead = NULL;
    __atomic_fetch_add(&object_counts[type], 1, __ATOMIC_RELAXED);
}

void object_put(struct object *object)
{
    // Release: our uses of the object come before whoever destroys it; acquire: we may be that one.
    uint32_t before = __atomic_fetch_sub(&object->references, 1, __ATOMIC_ACQ_REL);
    KERNEL_ASSERT(before != 0);
    if (before == 1) {
        struct cpu *cpu = this_cpu();
        object->next_dead = cpu->dead;
        cpu->dead = object;
    }
}

void object_reap(void)
{
    struct cpu *cpu = this_cpu();
    while (cpu->dead != NULL || cpu->finished != NULL) {
        process_finish_pending();
        struct object *object = cpu->dead;
        if (object != NULL) {
            cpu->dead = object->next_dead;
            __atomic_fetch_sub(&object_counts[object->type], 1, __ATOMIC_RELAXED);
            destroy[object->type](object);
        }
    }
}
