// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

#include "kernel/core/process.h"

#include "abi/error.h"
#include "kernel/arch/clock.h"
#include "kernel/core/cpu.h"
#include "kernel/core/ipc.h"
#include "kernel/core/lock.h"
#include "kernel/core/panic.h"
#include "kernel/core/string.h"
#include "kernel/core/thread.h"
#include "kernel/mm/aspace.h"
#include "kernel/mm/heap.h"

struct list process_all = {&process_all, &process_all};
static uint32_t next_id;

int process_create(const char *name, size_t length, struct aspace *aspace, struct process **result)
{
    struct process *process = heap_allocate(sizeof(*process));
    if (process == NULL) {
        return -E_NOMEM;
    }
    object_init(&process->object, OBJECT_PROCESS);
    list_init(&process->threads);
    list_init(&process->in_all);
    if (length > PROCESS_NAME_MAX - 1) {
        length = PROCESS_NAME_MAX - 1;
    }
    memcpy(process->status.name, name, length);
    object_get(&aspace->object);
    process->aspace = aspace;
    spin_lock(&object_lock);
    process->status.id = ++next_id;
    list_append(&process_all, &process->in_all);
    spin_unlock(&object_lock);
    *result = process;
    return 0;
}

void process_kill_locked(struct process *process, enum death_cause cause, int32_t code)
{
    if (process->finishing) {
        return;
    }
    process->finishing = true;
    process->status.cause = cause;
    process->status.code = code;
    if (list_empty(&process->threads)) {
        process_threads_gone(process);
        return;
    }
    struct list *threads = &process->threads;
    for (struct list *entry = threads->next, *next; entry != threads; entry = next) {
        next = entry->next;
        thread_kill_locked(CONTAINER_OF(entry, struct thread, in_process));
    }
}

void process_note_place(struct thread *thread)
{
    struct process *process = thread->process;
    struct process_status *status = &process->status;
    status->program_counter = frame_program_counter(&thread->frame);
    status->stack_pointer = frame_stack_pointer(&thread->frame);
    frame_copy_registers(&thread->frame, status->registers);
    process->frame_pointer = frame_frame_pointer(&thread->frame);
}

void process_fault_locked(struct thread *thread, enum death_cause cause, int32_t exception,
                          uint64_t address, uint64_t access)
{
    struct process *process = thread->process;
    if (process->finishing) {
        return;
    }
    process->status.fault_address = address;
    process->status.fault_access = access;
    process_note_place(thread);
    process_kill_locked(process, cause, exception);
}

// Follows the frame pointers of a native thread that is gone through its memory; a page that is
// absent ends the walk.
static void record_backtrace(struct process *process)
{
    struct process_status *status = &process->status;
    uint64_t link = process->frame_pointer;
    unsigned depth = 0;
    status->backtrace[depth++] = status->program_counter;
    while (depth < BACKTRACE_DEPTH && link != 0 && link % 8 == 0) {
        uint64_t pair[2];
        struct fault fault;
        int error = aspace_copy_in(process->aspace, pair, link, sizeof(pair), &fault);
        if (error == -E_AGAIN) {
            object_put(&fault.memory->object);
        }
        if (error != 0 || pair[1] == 0) {
            break;
        }
        status->backtrace[depth++] = pair[1];
        if (pair[0] <= link) {
            break;
        }
        link = pair[0];
    }
    status->backtrace_depth = depth;
}

void process_threads_gone(struct process *process)
{
    process->finishing = true;
    if (process->status.cause == DEATH_NONE) {
        process->status.cause = DEATH_EXIT;
    }
    struct cpu *cpu = this_cpu();
    object_get(&process->object);
    process->next_finished = cpu->finished;
    cpu->finished = process;
}

static void finish(struct process *process)
{
    struct aspace *aspace = process->aspace;
    record_backtrace(process);
    handle_table_clear(&process->handles);
    while (aspace_clear(aspace) == -E_INPROGRESS) {
        tlb_answer_requests();
    }
    spin_lock(&object_lock);
    process->aspace = NULL;
    process->status.state = PROCESS_DEAD;
    process->status.died_at = clock_now();
    list_remove(&process->in_all);
    for (unsigned i = 0; i < PROCESS_WATCHERS; i++) {
        struct process_watcher *watcher = &process->watchers[i];
        if (watcher->notification != NULL) {
            notification_signal(watcher->notification, watcher->badge);
            object_put(&watcher->notification->object);
            watcher->notification = NULL;
        }
    }
    spin_unlock(&object_lock);
    object_put(&aspace->object); // not before nobody can find it in the process any more
    object_put(&process->object);
}

void process_finish_pending(void)
{
    struct cpu *cpu = this_cpu();
    while (cpu->finished != NULL) {
        struct process *process = cpu->finished;
        cpu->finished = process->next_finished;
        finish(process);
    }
}

// Only a process that never had a thread comes here with its space still attached.
void process_destroy(struct object *object)
{
    struct process *process = CONTAINER_OF(object, struct process, object);
    KERNEL_ASSERT(list_empty(&process->threads));
    spin_lock(&object_lock);
    list_remove(&process->in_all);
    spin_unlock(&object_lock);
    if (process->aspace != NULL) {
        handle_table_clear(&process->handles);
        object_put(&process->aspace->object);
    }
    for (unsigned i = 0; i < PROCESS_WATCHERS; i++) {
        if (process->watchers[i].notification != NULL) {
            object_put(&process->watchers[i].notification->object);
        }
    }
    heap_free(process);
}
