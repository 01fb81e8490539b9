// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// System calls on processes and threads.

#include "abi/error.h"
#include "kernel/arch/clock.h"
#include "kernel/core/cpu.h"
#include "kernel/core/handlers.h"
#include "kernel/core/info.h"
#include "kernel/core/ipc.h"
#include "kernel/core/lock.h"
#include "kernel/core/process.h"
#include "kernel/core/sched.h"
#include "kernel/core/syscall.h"
#include "kernel/mm/aspace.h"

int64_t sys_process_create(struct thread *thread, const uint64_t *arg)
{
    char name[PROCESS_NAME_MAX] = {0};
    if (arg[1] == 0 || arg[1] >= PROCESS_NAME_MAX) {
        return -E_INVAL;
    }
    int64_t error = user_get(thread, name, arg[0], arg[1]);
    if (error != 0) {
        return error;
    }
    struct object *space;
    error = handle_get(thread, arg[2], OBJECT_ASPACE, RIGHT_MANAGE, &space, NULL);
    if (error != 0) {
        return error;
    }
    struct process *process;
    error = process_create(name, arg[1], CONTAINER_OF(space, struct aspace, object), &process);
    object_put(space);
    return error != 0 ? error : handle_install(thread->process, &process->object, RIGHTS_ALL, 0);
}

// A reference to the process that the handle names; HANDLE_SELF: the caller's.
static int get_process(struct thread *thread, uint64_t handle, uint32_t rights,
                       struct process **process)
{
    if (handle == HANDLE_SELF) {
        *process = thread->process;
        object_get(&thread->process->object);
        return 0;
    }
    struct object *object;
    int error = handle_get(thread, handle, OBJECT_PROCESS, rights, &object, NULL);
    if (error == 0) {
        *process = CONTAINER_OF(object, struct process, object);
    }
    return error;
}

int64_t sys_process_grant(struct thread *thread, const uint64_t *arg)
{
    struct process *process;
    int64_t result = get_process(thread, arg[0], RIGHT_MANAGE, &process);
    if (result != 0) {
        return result;
    }
    result = handle_copy(thread, &arg[1], process, (handle_t)arg[4]);
    object_put(&process->object);
    return result;
}

int64_t sys_process_kill(struct thread *thread, const uint64_t *arg)
{
    struct process *process;
    int error = get_process(thread, arg[0], RIGHT_MANAGE, &process);
    if (error != 0) {
        return error;
    }
    spin_lock(&object_lock);
    process_kill_locked(process, DEATH_KILLED, 0);
    spin_unlock(&object_lock);
    object_put(&process->object);
    return 0;
}

int64_t sys_process_exit(struct thread *thread, const uint64_t *arg)
{
    spin_lock(&object_lock);
    process_kill_locked(thread->process, DEATH_EXIT, (int32_t)arg[0]);
    spin_unlock(&object_lock);
    return SYSCALL_BLOCKED;
}

static int add_watcher(struct process *process, struct notification *notification, uint64_t badge)
{
    if (process->status.state == PROCESS_DEAD) {
        notification_signal(notification, badge);
        return 0;
    }
    for (unsigned i = 0; i < PROCESS_WATCHERS; i++) {
        struct process_watcher *watcher = &process->watchers[i];
        if (watcher->notification == NULL) {
            object_get(&notification->object);
            *watcher = (struct process_watcher){notification, badge};
            return 0;
        }
    }
    return -E_NOMEM;
}

int64_t sys_process_watch(struct thread *thread, const uint64_t *arg)
{
    struct process *process;
    struct object *object;
    uint64_t badge;
    int error = get_process(thread, arg[0], RIGHT_READ, &process);
    if (error != 0) {
        return error;
    }
    error = handle_get(thread, arg[1], OBJECT_NOTIFICATION, RIGHT_SEND, &object, &badge);
    if (error == 0) {
        spin_lock(&object_lock);
        error = add_watcher(process, CONTAINER_OF(object, struct notification, object), badge);
        spin_unlock(&object_lock);
        object_put(object);
    }
    object_put(&process->object);
    return error;
}

// object_lock held. What the thread has run, its present turn included.
static uint64_t thread_ticks(const struct thread *thread)
{
    uint64_t now = cpu_counter();
    uint64_t since = cpus[thread->cpu].switched_at;
    return thread->cpu_ticks + (thread->state == THREAD_RUNNING && now > since ? now - since : 0);
}

// object_lock held.
static void fill_status(struct process *process, struct process_status *status)
{
    uint64_t ticks = process->cpu_ticks;
    for (struct list *entry = process->threads.next; entry != &process->threads;
         entry = entry->next) {
        ticks += thread_ticks(CONTAINER_OF(entry, struct thread, in_process));
    }
    *status = process->status;
    status->handles = process->handles.used;
    status->cpu_ns = clock_ticks_to_ns(ticks);
}

// Called with object_lock, gives it back. Of the process only the list may still know: as long as
// it stands there it holds its space.
static void fill_resident(struct process *process, struct process_status *status)
{
    lock_assert_held(&object_lock);
    struct aspace *aspace = process->aspace;
    if (aspace != NULL) {
        object_get(&aspace->object);
    }
    fill_status(process, status);
    spin_unlock(&object_lock);
    if (aspace != NULL) {
        struct aspace_stats stats;
        aspace_statistics(aspace, &stats);
        status->resident_bytes = stats.resident_bytes;
        object_put(&aspace->object);
    }
}

int64_t sys_process_status(struct thread *thread, const uint64_t *arg)
{
    struct process *process;
    int error = get_process(thread, arg[0], RIGHT_READ, &process);
    if (error != 0) {
        return error;
    }
    struct process_status status;
    spin_lock(&object_lock);
    fill_resident(process, &status);
    object_put(&process->object);
    return user_put(thread, arg[1], &status, sizeof(status));
}

int64_t process_info(struct thread *thread, uint64_t index, uint64_t address, uint64_t bytes)
{
    struct process_status status;
    if (bytes < sizeof(status)) {
        return -E_INVAL;
    }
    spin_lock(&object_lock);
    for (struct list *entry = process_all.next; entry != &process_all; entry = entry->next) {
        if (index-- == 0) {
            fill_resident(CONTAINER_OF(entry, struct process, in_all), &status);
            int64_t error = user_put(thread, address, &status, sizeof(status));
            return error != 0 ? error : (int64_t)sizeof(status);
        }
    }
    spin_unlock(&object_lock);
    return -E_NOENT;
}

// ---- threads ----

// A handle, then the start: a thread that runs has been told of. Takes over the reference to the
// thread.
static int64_t install_and_start(struct process *process, struct thread *created)
{
    object_get(&created->object);
    int64_t handle = handle_install(process, &created->object, RIGHTS_ALL, 0);
    if (handle > 0) {
        spin_lock(&object_lock);
        int error = thread_start(created);
        spin_unlock(&object_lock);
        if (error != 0) {
            handle_close(process, (handle_t)handle);
            handle = error;
        }
    }
    object_put(&created->object);
    return handle;
}

int64_t sys_thread_create(struct thread *thread, const uint64_t *arg)
{
    struct thread_args args;
    int64_t error = user_get(thread, &args, arg[1], sizeof(args));
    if (error != 0) {
        return error;
    }
    if (args.priority > thread->base_priority) {
        return -E_PERM;
    }
    struct process *process;
    error = get_process(thread, arg[0], RIGHT_MANAGE, &process);
    if (error != 0) {
        return error;
    }
    struct thread *created;
    error = thread_create(process, &args, &created);
    object_put(&process->object);
    return error != 0 ? error : install_and_start(thread->process, created);
}

int64_t sys_thread_exit(struct thread *thread, const uint64_t *arg)
{
    (void)arg;
    spin_lock(&object_lock);
    thread_kill_locked(thread);
    spin_unlock(&object_lock);
    return SYSCALL_BLOCKED;
}

// object_lock held.
static void kick(struct thread *target)
{
    target->kicked = true;
    if (target->state == THREAD_BLOCKED_FUTEX && target->interruptible) {
        target->kicked = false;
        thread_wake(target, -E_INTR);
    } else if (target->guest != NULL) {
        // Inside its guest, running or ready: it leaves at the next turn through the kernel.
        target->leave_guest = true;
        if (target->state == THREAD_RUNNING) {
            thread_poke(target);
        }
    }
}

static int64_t bind(struct thread *thread, struct thread *target, handle_t handle)
{
    struct object *object;
    int error = handle_get(thread, handle, OBJECT_NOTIFICATION, RIGHT_RECEIVE, &object, NULL);
    if (error != 0) {
        return error;
    }
    struct notification *notification = CONTAINER_OF(object, struct notification, object);
    spin_lock(&object_lock);
    struct notification *old = target->bound;
    if (notification->bound != NULL || target->state == THREAD_DEAD) {
        error = -E_BUSY;
        old = notification;
    } else {
        if (old != NULL) {
            old->bound = NULL;
        }
        target->bound = notification;
        notification->bound = target;
        notification_signal(notification, 0); // bits that came before, if it waits already
    }
    spin_unlock(&object_lock);
    if (old != NULL) {
        object_put(&old->object);
    }
    return error;
}

static int64_t thread_control(struct thread *thread, struct thread *target, uint64_t operation,
                              uint64_t value)
{
    uint32_t all = (1u << cpu_count()) - 1;
    int64_t result = 0;
    if (operation == THREAD_BIND_NOTIFICATION) {
        return bind(thread, target, (handle_t)value);
    }
    spin_lock(&object_lock);
    switch ((enum thread_op)operation) {
    case THREAD_SET_PRIORITY:
        if (value > thread->base_priority) {
            result = -E_PERM;
        } else {
            thread_set_priority(target, (uint8_t)value);
        }
        break;
    case THREAD_SET_AFFINITY:
        if ((value & all) == 0) {
            result = -E_INVAL;
        } else {
            thread_set_affinity(target, (uint32_t)value & all);
        }
        break;
    case THREAD_KICK:
        kick(target);
        break;
    case THREAD_KILL:
        thread_kill_locked(target);
        break;
    case THREAD_CPU_TIME:
        result = (int64_t)clock_ticks_to_ns(thread_ticks(target));
        break;
    case THREAD_GUEST_TIME:
        result = (int64_t)clock_ticks_to_ns(target->guest_ticks +
                                            (target->guest != NULL ? thread_ticks(target) : 0));
        break;
    default:
        result = -E_INVAL;
    }
    spin_unlock(&object_lock);
    return result;
}

int64_t sys_thread_control(struct thread *thread, const uint64_t *arg)
{
    if ((handle_t)arg[0] == HANDLE_SELF) {
        return thread_control(thread, thread, arg[1], arg[2]);
    }
    struct object *object;
    int error = handle_get(thread, arg[0], OBJECT_THREAD, RIGHT_MANAGE, &object, NULL);
    if (error != 0) {
        return error;
    }
    int64_t result =
        thread_control(thread, CONTAINER_OF(object, struct thread, object), arg[1], arg[2]);
    object_put(object);
    return result;
}
