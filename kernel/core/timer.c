// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

#include "kernel/core/timer.h"

#include "abi/error.h"
#include "kernel/core/handle.h"
#include "kernel/core/ipc.h"
#include "kernel/core/lock.h"
#include "kernel/core/process.h"
#include "kernel/core/sched.h"
#include "kernel/core/syscall.h"
#include "kernel/core/thread.h"
#include "kernel/mm/heap.h"

enum { TIMER_PERIOD_MIN_NS = 10 * 1000 }; // shorter ones would keep the CPU in the kernel

void timer_expired(struct timer_node *node, time_ns_t now)
{
    if (node->is_thread) {
        struct thread *thread = CONTAINER_OF(node, struct thread, timeout);
        bool sleeping = thread->state == THREAD_BLOCKED_WAIT && thread->waiting_on == NULL;
        thread_wake(thread, sleeping ? 0 : -E_TIMEDOUT);
        return;
    }
    struct timer *timer = CONTAINER_OF(node, struct timer, node);
    if (timer->target->type == OBJECT_NOTIFICATION) {
        notification_signal(CONTAINER_OF(timer->target, struct notification, object), timer->badge);
    } else if (++timer->turns == WATCHDOG_TURNS) {
        timer->turns = 0; // rs's successor has as long
        process_kill_locked(CONTAINER_OF(timer->target, struct process, object), DEATH_HUNG, 0);
    }
    if (timer->period != 0) {
        // Keeps its phase; turns that were missed are one signal.
        time_ns_t left = timer->period - (now - node->deadline) % timer->period;
        if (left < DEADLINE_NEVER - now) { // else the next turn is beyond all time
            sched_timer_add(node, now + left);
        }
    }
}

int64_t sys_timer_create(struct thread *thread, const uint64_t *arg)
{
    struct object *object = &thread->process->object;
    uint64_t badge = 0;
    if ((handle_t)arg[0] == HANDLE_SELF) {
        object_get(object);
    } else {
        int error = handle_get(thread, arg[0], OBJECT_NOTIFICATION, RIGHT_SEND, &object, &badge);
        if (error != 0) {
            return error;
        }
    }
    struct timer *timer = heap_allocate(sizeof(*timer));
    if (timer == NULL) {
        object_put(object);
        return -E_NOMEM;
    }
    object_init(&timer->object, OBJECT_TIMER);
    timer->target = object;
    timer->badge = badge;
    return handle_install(thread->process, &timer->object, RIGHTS_ALL, 0);
}

int64_t sys_timer_set(struct thread *thread, const uint64_t *arg)
{
    struct object *object;
    int error = handle_get(thread, arg[0], OBJECT_TIMER, RIGHT_MANAGE, &object, NULL);
    if (error != 0) {
        return error;
    }
    struct timer *timer = CONTAINER_OF(object, struct timer, object);
    if (arg[2] != 0 && arg[2] < TIMER_PERIOD_MIN_NS) {
        error = -E_INVAL;
    } else {
        spin_lock(&object_lock);
        sched_timer_remove(&timer->node);
        timer->period = arg[2];
        timer->turns = 0;
        if (arg[1] != DEADLINE_NEVER) {
            sched_timer_add(&timer->node, arg[1]);
        }
        spin_unlock(&object_lock);
    }
    object_put(object);
    return error;
}

void timer_destroy(struct object *object)
{
    struct timer *timer = CONTAINER_OF(object, struct timer, object);
    spin_lock(&object_lock);
    sched_timer_remove(&timer->node);
    spin_unlock(&object_lock);
    object_put(timer->target);
    heap_free(timer);
}
