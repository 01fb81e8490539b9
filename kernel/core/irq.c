// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

#include "kernel/core/irq.h"

#include "abi/error.h"
#include "kernel/arch/irq_chip.h"
#include "kernel/core/handle.h"
#include "kernel/core/ipc.h"
#include "kernel/core/list.h"
#include "kernel/core/lock.h"
#include "kernel/core/process.h"
#include "kernel/core/resource.h"
#include "kernel/core/string.h"
#include "kernel/core/syscall.h"
#include "kernel/core/thread.h"
#include "kernel/mm/heap.h"

struct irq *irq_table[IRQ_VECTORS];

static __attribute__((noinline)) void mask(struct irq *irq)
{
    irq->masked = true;
    irq_chip_mask(irq->line);
}

void irq_raised(unsigned vector)
{
    struct irq *irq = irq_table[vector];
    if (irq != NULL) {
        irq->count++;
        if ((irq->flags & IRQ_LEVEL) != 0) {
            mask(irq);
        }
        if (irq->notification != NULL) {
            notification_signal(irq->notification, irq->badge);
        }
    }
}

static int irq_allocate(struct irq *irq, struct irq_args *args)
{
    spin_lock(&object_lock);
    int error = -E_NOMEM;
    for (unsigned vector = IRQ_VECTOR_FIRST; vector <= IRQ_VECTOR_LAST; vector++) {
        if ((args->flags & IRQ_MSI) == 0 && irq_table[vector] != NULL &&
            (irq_table[vector]->flags & IRQ_MSI) == 0 && irq_table[vector]->line == args->line) {
            error = -E_BUSY; // one object a line: sharers share the object
            break;
        }
        if (error == -E_NOMEM && irq_table[vector] == NULL) {
            irq->vector = vector;
            error = 0;
        }
    }
    if (error == 0) {
        error = (args->flags & IRQ_MSI) != 0
                    ? irq_chip_message(irq->vector, args)
                    : irq_chip_connect(args->line, irq->vector, &irq->flags);
    }
    if (error == 0) {
        irq_table[irq->vector] = irq;
    }
    spin_unlock(&object_lock);
    return error;
}

int64_t sys_irq_create(struct thread *thread, const uint64_t *arg)
{
    struct irq_args args;
    int64_t error = user_get(thread, &args, arg[1], sizeof(args));
    if (error != 0) {
        return error;
    }
    bool message = (args.flags & IRQ_MSI) != 0;
    error = resource_check(thread, arg[0], RESOURCE_IRQ, message ? 0 : args.line, message ? 0 : 1);
    if (error != 0) {
        return error;
    }
    struct irq *irq = heap_allocate(sizeof(*irq));
    if (irq == NULL) {
        return -E_NOMEM;
    }
    irq->line = args.line;
    irq->flags = args.flags;
    error = irq_allocate(irq, &args);
    if (error != 0) {
        heap_free(irq);
        return error;
    }
    object_init(&irq->object, OBJECT_IRQ);
    error = user_put(thread, arg[1], &args, sizeof(args));
    if (error != 0) {
        object_put(&irq->object);
        return error;
    }
    return handle_install(thread->process, &irq->object, RIGHTS_ALL, 0);
}

int64_t sys_irq_bind(struct thread *thread, const uint64_t *arg)
{
    struct object *object;
    struct object *target;
    uint64_t badge;
    int error = handle_get(thread, arg[0], OBJECT_IRQ, RIGHT_MANAGE, &object, NULL);
    if (error != 0) {
        return error;
    }
    error = handle_get(thread, arg[1], OBJECT_NOTIFICATION, RIGHT_SEND, &target, &badge);
    if (error == 0) {
        struct irq *irq = CONTAINER_OF(object, struct irq, object);
        spin_lock(&object_lock);
        struct notification *old = irq->notification;
        irq->notification = CONTAINER_OF(target, struct notification, object);
        irq->badge = badge;
        memcpy(irq->owner, thread->process->status.name, PROCESS_NAME_MAX);
        if ((irq->flags & IRQ_MSI) == 0) {
            irq->masked = false;
            irq_chip_unmask(irq->line);
        }
        spin_unlock(&object_lock);
        if (old != NULL) {
            object_put(&old->object);
        }
    }
    object_put(object);
    return error;
}

int64_t sys_irq_ack(struct thread *thread, const uint64_t *arg)
{
    int64_t error = 0;
    spin_lock(&object_lock);
    struct handle_entry *entry = handle_entry(&thread->process->handles, arg[0]);
    if (entry == NULL || entry->object->type != OBJECT_IRQ) {
        error = -E_BADF;
    } else if ((entry->rights & RIGHT_MANAGE) == 0) {
        error = -E_PERM;
    } else {
        struct irq *irq = CONTAINER_OF(entry->object, struct irq, object);
        if (irq->masked) {
            irq->masked = false;
            irq_chip_unmask(irq->line);
        }
    }
    spin_unlock(&object_lock);
    return error;
}

void irq_destroy(struct object *object)
{
    struct irq *irq = CONTAINER_OF(object, struct irq, object);
    spin_lock(&object_lock);
    irq_table[irq->vector] = NULL;
    if ((irq->flags & IRQ_MSI) == 0) {
        irq_chip_mask(irq->line);
    }
    irq_chip_disconnect(irq->vector);
    spin_unlock(&object_lock);
    if (irq->notification != NULL) {
        object_put(&irq->notification->object);
    }
    heap_free(irq);
}
