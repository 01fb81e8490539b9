// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

#include "kernel/core/process.h"

#include "abi/error.h"
#include "kernel/arch/clock.h"
#include "kernel/core/cpu.h"
#include "kernel/core/first_process.h"
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
    process->status.stack_pointer = 0; // until somebody notes where it was
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

// object_lock held.
static void announce_death(struct process *process)
{
    process->aspace = NULL;
    process->status.state = PROCESS_DEAD;
    list_remove(&process->in_all);
    for (unsigned i = 0; i < PROCESS_WATCHERS; i++) {
        struct process_watcher *watcher = &process->watchers[i];
        if (watcher->notification != NULL) {
            notification_signal(watcher->notification, watcher->badge);
            object_put(&watcher->notification->object);
            watcher->notification = NULL;
        }
    }
}

static void finish(struct process *process)
{
    struct aspace *aspace = process->aspace;
    bool lives_again = process == first_process;
    record_backtrace(process);
    if (!lives_again) {
        handle_table_clear(&process->handles);
    }
    while (aspace_clear(aspace) == -E_INPROGRESS) {
        tlb_answer_requests();
    }
    spin_lock(&object_lock);
    process->status.died_at = clock_now();
    if (!lives_again) {
        announce_death(process);
    }
    spin_unlock(&object_lock);
    if (lives_again) {
        first_process_restart();
    } else {
        object_put(&aspace->object); // not before nobody can find it in the process any more
    }
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
    struct aspace *aspace = process->aspace;
    KERNEL_ASSERT(list_empty(&process->threads));
    spin_lock(&object_lock);
    announce_death(process);
    spin_unlock(&object_lock);
    if (aspace != NULL) {
        handle_table_clear(&process->handles);
        object_put(&aspace->object);
    }
    heap_free(process);
}
