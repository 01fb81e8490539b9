// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

#include "kernel/core/thread.h"

#include "abi/error.h"
#include "abi/message.h"
#include "kernel/core/cpu.h"
#include "kernel/core/guest.h"
#include "kernel/core/ipc.h"
#include "kernel/core/lock.h"
#include "kernel/core/process.h"
#include "kernel/core/sched.h"
#include "kernel/mm/aspace.h"
#include "kernel/mm/heap.h"

void thread_make_ready(struct thread *thread)
{
    thread->priority = thread->base_priority;
    thread->special &= (uint8_t)~THREAD_DEMOTED;
    thread->turn_ticks = 0;
    sched_enqueue(thread);
}

void thread_block(struct thread *thread, enum thread_state state)
{
    sched_leave_current(this_cpu());
    thread->state = (uint8_t)state;
}

void thread_poke(const struct thread *thread)
{
    struct cpu *cpu = &cpus[thread->cpu];
    cpu->reschedule = true;
    if (cpu != this_cpu()) {
        ipi_send(cpu->index, IPI_RESCHEDULE);
    }
}

void thread_set_priority(struct thread *thread, uint8_t priority)
{
    thread->base_priority = priority;
    thread->special &= (uint8_t)~THREAD_DEMOTED;
    if (thread->state == THREAD_READY) {
        sched_dequeue(thread);
        thread->priority = priority;
        sched_enqueue(thread);
        return;
    }
    thread->priority = priority;
    if (thread->state == THREAD_RUNNING) {
        thread_poke(thread);
    }
}

void thread_set_affinity(struct thread *thread, uint32_t affinity)
{
    thread->affinity = affinity;
    if (thread->state == THREAD_READY && !thread->fetching_state) {
        sched_dequeue(thread);
        sched_enqueue(thread);
    } else if (thread->state == THREAD_RUNNING) {
        thread_poke(thread);
    }
}

void thread_set_timeout(struct thread *thread, time_ns_t deadline)
{
    if (deadline != DEADLINE_NEVER) {
        sched_timer_add(&thread->timeout, deadline);
    }
}

void thread_unlink(struct thread *thread)
{
    sched_timer_remove(&thread->timeout);
    switch ((enum thread_state)thread->state) {
    case THREAD_READY:
        sched_dequeue(thread);
        break;
    case THREAD_BLOCKED_SEND:
    case THREAD_BLOCKED_RECEIVE:
        list_remove(&thread->in_queue);
        thread->endpoint = NULL;
        break;
    case THREAD_BLOCKED_REPLY:
        if (thread->answerer != NULL) {
            thread->answerer->caller = NULL;
            thread->answerer = NULL;
        }
        if (thread->reply != NULL) {
            thread->reply->caller = NULL;
            thread->reply = NULL;
        }
        break;
    case THREAD_BLOCKED_WAIT:
    case THREAD_BLOCKED_FUTEX:
        list_remove(&thread->in_queue);
        thread->waiting_on = NULL;
        break;
    case THREAD_RUNNING:
    case THREAD_DEAD:
        break;
    }
}

void thread_wake(struct thread *thread, int64_t result)
{
    thread_unlink(thread);
    if ((thread->special & THREAD_FAULTING) != 0) {
        thread->special &= (uint8_t)~THREAD_FAULTING; // resumes by trying again
    } else {
        frame_set_result(&thread->frame, result);
    }
    thread_make_ready(thread);
}

// Takes a thread that no longer runs out of everything. Its list's reference goes last.
static void thread_finish(struct thread *thread)
{
    struct process *process = thread->process;
    thread_unlink(thread);
    thread->state = THREAD_DEAD;
    ipc_abandon_caller(thread, -E_RESTARTED);
    if (thread->bound != NULL) {
        thread->bound->bound = NULL;
        object_put(&thread->bound->object);
        thread->bound = NULL;
    }
    if (thread->guest != NULL) {
        guest_leave(thread);
    }
    if (process->status.cause > DEATH_EXIT && process->status.stack_pointer == 0 &&
        process->threads.next == &thread->in_process) {
        process_note_place(thread); // the first one is the one that serves
    }
    list_remove(&thread->in_process);
    process->cpu_ticks += thread->cpu_ticks;
    process->status.threads--;
    if (list_empty(&process->threads)) {
        process_threads_gone(process);
    }
    object_put(&thread->object);
}

void thread_end(struct thread *thread)
{
    if (cpus[thread->cpu].current == thread) {
        thread_poke(thread);
    } else if (thread->state != THREAD_DEAD) {
        thread_finish(thread);
    }
}

void thread_kill_locked(struct thread *thread)
{
    if (thread->state != THREAD_DEAD && !thread->dying) {
        thread->dying = true;
        thread_end(thread);
    }
}

int64_t thread_block_on_pager(struct thread *thread, const struct fault *fault,
                              bool restart_syscall)
{
    spin_lock(&object_lock);
    struct memory *memory = fault->memory;
    if (restart_syscall) {
        frame_restart_syscall(&thread->frame);
    }
    thread->special |= THREAD_FAULTING;
    thread->fault_offset = fault->memory_offset;
    thread->fault_access = fault->access;
    endpoint_queue(memory->pager, thread, memory->pager_badge, DEADLINE_NEVER);
    spin_unlock(&object_lock);
    object_put(&memory->object);
    return SYSCALL_BLOCKED;
}

// The IPC buffer is reached through the direct map, so its page must be present, private and stay.
static int pin_ipc_buffer(struct thread *thread, struct aspace *aspace, uint64_t address)
{
    if (address == 0) {
        return 0;
    }
    if (address % IPC_BUFFER_ALIGN != 0) {
        return -E_INVAL;
    }
    int error = aspace_pin_page(aspace, address, &thread->ipc_page);
    if (error == 0) {
        thread->ipc_buffer = (struct ipc_buffer *)((char *)page_address(thread->ipc_page) +
                                                   (address & (PAGE_SIZE - 1)));
    }
    return error;
}

int thread_create(struct process *process, const struct thread_args *args, struct thread **result)
{
    uint32_t all = (1u << cpu_count()) - 1;
    uint32_t affinity = args->affinity != 0 ? args->affinity & all : all;
    if (args->priority > PRIORITY_MAX || affinity == 0 || args->entry >= USER_END) {
        return -E_INVAL;
    }
    struct thread *thread = heap_allocate(sizeof(*thread));
    if (thread == NULL) {
        return -E_NOMEM;
    }
    object_init(&thread->object, OBJECT_THREAD);
    list_init(&thread->in_process);
    list_init(&thread->in_queue);
    frame_start(&thread->frame, args->entry, args->stack, args->argument[0], args->argument[1]);
    thread->active_frame = &thread->frame;
    thread->state = THREAD_DEAD; // until it is started
    thread->base_priority = (uint8_t)args->priority;
    thread->affinity = affinity;
    thread->timeout.is_thread = true;
    thread->cpu =
        (affinity & 1u << cpu_index()) != 0 ? cpu_index() : (uint32_t)__builtin_ctz(affinity);
    object_get(&process->object);
    thread->process = process;

    spin_lock(&object_lock);
    struct aspace *aspace = process->aspace;
    if (aspace != NULL) {
        object_get(&aspace->object);
    }
    spin_unlock(&object_lock);
    int error = -E_DEAD;
    if (aspace != NULL) {
        error = pin_ipc_buffer(thread, aspace, args->ipc_buffer);
        object_put(&aspace->object);
    }
    if (error != 0) {
        object_put(&thread->object);
        return error;
    }
    *result = thread;
    return 0;
}

int thread_start(struct thread *thread)
{
    struct process *process = thread->process;
    if (process->finishing) {
        return -E_DEAD;
    }
    thread->active_aspace = process->aspace;
    list_append(&process->threads, &thread->in_process);
    process->status.threads++;
    object_get(&thread->object); // the process's list
    thread_make_ready(thread);
    return 0;
}

void thread_destroy(struct object *object)
{
    struct thread *thread = CONTAINER_OF(object, struct thread, object);
    if (thread->ipc_page != NULL) {
        page_unpin(thread->ipc_page);
    }
    object_put(&thread->process->object);
    heap_free(thread);
}
