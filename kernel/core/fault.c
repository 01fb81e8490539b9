// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

#include "kernel/core/fault.h"

#include "abi/error.h"
#include "kernel/core/guest.h"
#include "kernel/core/lock.h"
#include "kernel/core/process.h"
#include "kernel/core/thread.h"

void user_fault(struct thread *thread, enum death_cause cause, int32_t code,
                const struct fault *fault)
{
    struct process *process = thread->process;
    spin_lock(&object_lock);
    if (!process->finishing) {
        process_kill_locked(process, cause, code);
        process->status.fault_address = fault->address;
        process->status.fault_access = fault->access;
        process_note_place(thread);
    }
    spin_unlock(&object_lock);
}

void user_page_fault(struct thread *thread, struct fault *fault, int32_t code)
{
    struct guest *guest = thread->guest;
    int result = aspace_fault(thread->active_aspace, fault);
    if (result == 0) {
        return;
    }
    if (result == -E_AGAIN && fault->memory->pager != NULL) {
        (void)thread_block_on_pager(thread, fault, false);
        return;
    }
    if (result == -E_AGAIN) {
        object_put(&fault->memory->object);
    }
    if (guest == NULL) {
        user_fault(thread, DEATH_FAULT, code, fault);
        return;
    }
    struct guest_state *state = guest->state;
    state->fault_address = fault->address;
    state->fault_access = fault->access;
    state->fault_mapped = fault->mapped;
    state->memory_tag = fault->memory_tag;
    state->memory_offset = fault->memory_offset;
    guest_exit(thread, result == -E_AGAIN   ? GUEST_EXIT_PAGE
                       : result == -E_NOMEM ? GUEST_EXIT_NOMEM
                                            : GUEST_EXIT_FAULT);
}
