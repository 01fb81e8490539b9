// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The table of native system calls, and the handlers that only look up objects and call their
// owners.

#include "kernel/core/syscall.h"

#include "abi/error.h"
#include "kernel/arch/clock.h"
#include "kernel/core/cpu.h"
#include "kernel/core/handlers.h"
#include "kernel/core/ipc.h"
#include "kernel/core/lock.h"
#include "kernel/core/process.h"
#include "kernel/core/resource.h"
#include "kernel/core/sched.h"
#include "kernel/mm/aspace.h"
#include "kernel/mm/heap.h"

int64_t user_await_page(struct thread *thread, struct fault *fault)
{
    if (fault->memory->pager == NULL) {
        object_put(&fault->memory->object);
        return -E_FAULT;
    }
    return thread_block_on_pager(thread, fault, true);
}

int64_t user_get(struct thread *thread, void *destination, uint64_t address, size_t bytes)
{
    struct fault fault;
    int error = aspace_copy_in(thread->process->aspace, destination, address, bytes, &fault);
    return error == -E_AGAIN ? user_await_page(thread, &fault) : error;
}

int64_t user_put(struct thread *thread, uint64_t address, const void *source, size_t bytes)
{
    struct fault fault;
    int error = aspace_copy_out(thread->process->aspace, address, source, bytes, &fault);
    return error == -E_AGAIN ? user_await_page(thread, &fault) : error;
}

// ---- small calls ----

static int64_t sys_null(struct thread *thread, const uint64_t *arg)
{
    (void)thread;
    (void)arg;
    return 0;
}

static int64_t sys_yield(struct thread *thread, const uint64_t *arg)
{
    (void)arg;
    int64_t result = 0;
    spin_lock(&object_lock);
    struct cpu *cpu = this_cpu();
    if ((cpu->ready >> thread->priority) != 0) {
        frame_set_result(&thread->frame, 0);
        sched_yield_current(cpu);
        result = SYSCALL_BLOCKED; // it may run elsewhere by now: its frame is not ours any more
    }
    spin_unlock(&object_lock);
    return result;
}

static int64_t sys_clock(struct thread *thread, const uint64_t *arg)
{
    (void)thread;
    (void)arg;
    return (int64_t)clock_now();
}

static int64_t sys_receive(struct thread *thread, const uint64_t *arg)
{
    (void)arg;
    return ipc_receive(thread);
}

static int64_t sys_reply(struct thread *thread, const uint64_t *arg)
{
    (void)arg;
    return ipc_reply(thread);
}

static int64_t sys_reply_defer(struct thread *thread, const uint64_t *arg)
{
    (void)arg;
    return ipc_reply_defer(thread);
}

// ---- handles ----

static int64_t sys_handle_close(struct thread *thread, const uint64_t *arg)
{
    return handle_close(thread->process, (handle_t)arg[0]);
}

static int64_t sys_handle_duplicate(struct thread *thread, const uint64_t *arg)
{
    return handle_copy(thread, arg, thread->process, HANDLE_NONE);
}

static int64_t sys_handle_info(struct thread *thread, const uint64_t *arg)
{
    struct object *object;
    struct handle_info info = {0};
    int error = handle_get(thread, arg[0], OBJECT_NONE, 0, &object, &info.badge);
    if (error != 0) {
        return error;
    }
    info.type = object->type;
    if (object->type == OBJECT_MEMORY) {
        info.size = CONTAINER_OF(object, struct memory, object)->bytes;
    } else if (object->type == OBJECT_RESOURCE) {
        info.base = CONTAINER_OF(object, struct resource, object)->base;
        info.size = CONTAINER_OF(object, struct resource, object)->count;
    }
    spin_lock(&object_lock);
    struct handle_entry *entry = handle_entry(&thread->process->handles, arg[0]);
    info.rights = entry != NULL ? entry->rights : 0;
    spin_unlock(&object_lock);
    object_put(object);
    return user_put(thread, arg[1], &info, sizeof(info));
}

static int64_t sys_endpoint_create(struct thread *thread, const uint64_t *arg)
{
    (void)arg;
    struct endpoint *endpoint = heap_allocate(sizeof(*endpoint));
    if (endpoint == NULL) {
        return -E_NOMEM;
    }
    object_init(&endpoint->object, OBJECT_ENDPOINT);
    list_init(&endpoint->senders);
    list_init(&endpoint->receivers);
    return handle_install(thread->process, &endpoint->object, RIGHTS_ALL, 0);
}

// ---- notifications ----

static int64_t sys_notification_create(struct thread *thread, const uint64_t *arg)
{
    (void)arg;
    struct notification *notification = heap_allocate(sizeof(*notification));
    if (notification == NULL) {
        return -E_NOMEM;
    }
    object_init(&notification->object, OBJECT_NOTIFICATION);
    list_init(&notification->waiters);
    return handle_install(thread->process, &notification->object, RIGHTS_ALL, 0);
}

static int64_t sys_signal(struct thread *thread, const uint64_t *arg)
{
    int64_t result = 0;
    spin_lock(&object_lock);
    struct handle_entry *entry = handle_entry(&thread->process->handles, arg[0]);
    if (entry == NULL || entry->object->type != OBJECT_NOTIFICATION) {
        result = -E_BADF;
    } else if ((entry->rights & RIGHT_SEND) == 0) {
        result = -E_PERM;
    } else {
        notification_signal(CONTAINER_OF(entry->object, struct notification, object), entry->badge);
    }
    spin_unlock(&object_lock);
    return result;
}

static int64_t wait_locked(struct thread *thread, handle_t handle, time_ns_t deadline)
{
    struct notification *notification = NULL;
    if (handle != HANDLE_NONE) {
        struct handle_entry *entry = handle_entry(&thread->process->handles, handle);
        if (entry == NULL || entry->object->type != OBJECT_NOTIFICATION) {
            return -E_BADF;
        }
        if ((entry->rights & RIGHT_RECEIVE) == 0) {
            return -E_PERM;
        }
        notification = CONTAINER_OF(entry->object, struct notification, object);
        if (notification->bits != 0) {
            frame_set_message(&thread->frame, 0, 0, notification->bits);
            notification->bits = 0;
            return SYSCALL_BLOCKED;
        }
    }
    if (deadline == DEADLINE_NOW || (deadline != DEADLINE_NEVER && deadline <= clock_now())) {
        return notification != NULL ? -E_TIMEDOUT : 0;
    }
    thread_block(thread, THREAD_BLOCKED_WAIT);
    thread->waiting_on = notification;
    if (notification != NULL) {
        list_append(&notification->waiters, &thread->in_queue);
    } else {
        list_init(&thread->in_queue); // in no queue; the links may be stale (ipc_call)
    }
    thread_set_timeout(thread, deadline);
    return SYSCALL_BLOCKED;
}

static int64_t sys_wait(struct thread *thread, const uint64_t *arg)
{
    spin_lock(&object_lock);
    int64_t result = wait_locked(thread, (handle_t)arg[0], arg[1]);
    spin_unlock(&object_lock);
    return result;
}

// ---- dispatch ----

static int64_t (*const handlers[SYSCALL_COUNT])(struct thread *, const uint64_t *) = {
    [SYS_NULL] = sys_null,
    [SYS_RECEIVE] = sys_receive,
    [SYS_REPLY] = sys_reply,
    [SYS_REPLY_DEFER] = sys_reply_defer,
    [SYS_SIGNAL] = sys_signal,
    [SYS_WAIT] = sys_wait,
    [SYS_FUTEX_WAIT] = sys_futex_wait,
    [SYS_FUTEX_WAKE] = sys_futex_wake,
    [SYS_FUTEX_REQUEUE] = sys_futex_requeue,
    [SYS_YIELD] = sys_yield,
    [SYS_HANDLE_CLOSE] = sys_handle_close,
    [SYS_HANDLE_DUPLICATE] = sys_handle_duplicate,
    [SYS_HANDLE_INFO] = sys_handle_info,
    [SYS_ENDPOINT_CREATE] = sys_endpoint_create,
    [SYS_NOTIFICATION_CREATE] = sys_notification_create,
    [SYS_TIMER_CREATE] = sys_timer_create,
    [SYS_TIMER_SET] = sys_timer_set,
    [SYS_PROCESS_CREATE] = sys_process_create,
    [SYS_PROCESS_GRANT] = sys_process_grant,
    [SYS_PROCESS_KILL] = sys_process_kill,
    [SYS_PROCESS_WATCH] = sys_process_watch,
    [SYS_PROCESS_STATUS] = sys_process_status,
    [SYS_PROCESS_EXIT] = sys_process_exit,
    [SYS_THREAD_CREATE] = sys_thread_create,
    [SYS_THREAD_CONTROL] = sys_thread_control,
    [SYS_THREAD_EXIT] = sys_thread_exit,
    [SYS_MEMORY_CREATE] = sys_memory_create,
    [SYS_MEMORY_CREATE_PHYSICAL] = sys_memory_create_physical,
    [SYS_MEMORY_RESIZE] = sys_memory_resize,
    [SYS_MEMORY_SUPPLY] = sys_memory_supply,
    [SYS_MEMORY_DECOMMIT] = sys_memory_decommit,
    [SYS_MEMORY_DIRTY] = sys_memory_dirty,
    [SYS_ASPACE_CREATE] = sys_aspace_create,
    [SYS_ASPACE_MAP] = sys_aspace_map,
    [SYS_ASPACE_UNMAP] = sys_aspace_unmap,
    [SYS_ASPACE_PROTECT] = sys_aspace_protect,
    [SYS_ASPACE_MOVE] = sys_aspace_move,
    [SYS_ASPACE_DISCARD] = sys_aspace_discard,
    [SYS_ASPACE_CLONE] = sys_aspace_clone,
    [SYS_ASPACE_READ] = sys_aspace_read,
    [SYS_ASPACE_WRITE] = sys_aspace_write,
    [SYS_ASPACE_QUERY] = sys_aspace_query,
    [SYS_ASPACE_STATS] = sys_aspace_stats,
    [SYS_GUEST_CREATE] = sys_guest_create,
    [SYS_GUEST_RUN] = sys_guest_run,
    [SYS_GUEST_SET_ASPACE] = sys_guest_set_aspace,
    [SYS_GUEST_FPU] = sys_guest_fpu,
    [SYS_RESOURCE_CREATE] = sys_resource_create,
    [SYS_PORT_READ] = sys_port_read,
    [SYS_PORT_WRITE] = sys_port_write,
    [SYS_PORT_WRITE_BYTES] = sys_port_write_bytes,
    [SYS_IRQ_CREATE] = sys_irq_create,
    [SYS_IRQ_BIND] = sys_irq_bind,
    [SYS_IRQ_ACK] = sys_irq_ack,
    [SYS_DMA_CREATE] = sys_dma_create,
    [SYS_DMA_MAP] = sys_dma_map,
    [SYS_DMA_UNMAP] = sys_dma_unmap,
    [SYS_DMA_CONTROL] = sys_dma_control,
    [SYS_CLOCK] = sys_clock,
    [SYS_LOG_WRITE] = sys_log_write,
    [SYS_LOG_READ] = sys_log_read,
    [SYS_INFO] = sys_info,
    [SYS_MACHINE_CONTROL] = sys_machine_control,
};

_Static_assert(SYS_REPLY_RECEIVE == SYS_CALL + 1,
               "native_syscall tells them from the others together");

static __attribute__((noinline)) struct frame *other_syscall(struct cpu *cpu, struct frame *frame,
                                                             uint64_t number)
{
    if (__builtin_expect(number >= SYSCALL_COUNT, 0)) {
        frame_set_result(frame, -E_NOSYS);
        return kernel_leave(cpu);
    }
    int64_t result = handlers[number](cpu->current, frame_arguments(frame));
    if (__builtin_expect(result >= 0, 1)) {
        frame_set_result(frame, result);
    } else if (result == -E_INPROGRESS) {
        frame_restart_syscall(frame); // a bounded call has more to do: interrupts first, then again
    } else if (result != SYSCALL_BLOCKED) {
        frame_set_result(frame, result);
    }
    return kernel_leave(cpu);
}

struct frame *native_syscall(struct frame *frame)
{
    struct cpu *cpu = this_cpu();
    uint64_t number = frame_syscall_number(frame);
    // One comparison for the two calls with a fast path.
    if (number - SYS_CALL <= SYS_REPLY_RECEIVE - SYS_CALL) {
        struct thread *thread = cpu->current;
        return number == SYS_CALL ? ipc_call(cpu, thread) : ipc_reply_receive(cpu, thread);
    }
    return other_syscall(cpu, frame, number);
}
