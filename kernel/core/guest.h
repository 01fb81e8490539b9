// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Guest contexts: a second register set and address space of a server's thread. See abi/guest.h.
//
// The guest's general registers are always in its guest_state page. Its extended state is either in
// `fpu` or live in the registers of CPU `fpu_cpu`; native code never touches those, so they stay
// until another guest needs that CPU.

#pragma once

#include "abi/guest.h"
#include "kernel/core/object.h"

struct aspace;
struct cpu;
struct fault;
struct page;
struct thread;

#define GUEST_FPU_NOWHERE (~0u)

struct guest {
    struct object object;
    struct aspace *aspace;     // referenced
    struct guest_state *state; // direct-map address of the shared page
    struct page *state_page;   // referenced
    struct thread *thread;     // that is inside; object_lock
    void *fpu;                 // extended state, when it is not live in a CPU
    uint32_t fpu_cpu;          // where it is live, or GUEST_FPU_NOWHERE; object_lock
};

// From entry code: the guest executed a system-call instruction.
struct frame *guest_syscall(struct frame *frame);

// The current thread is in its guest, which cannot go on: back to the server with this answer.
void guest_exit(struct thread *thread, enum guest_exit reason);

// object_lock held.
void guest_leave(struct thread *thread); // the thread is dead
bool guest_state_is_live(
    const struct thread *thread); // in registers of a CPU: only that CPU may run it

void guest_take_kick(
    struct cpu *cpu,
    struct thread *thread); // leave_guest is set: out of the guest, if still inside

// Extended registers of this CPU, if a guest has them, to that guest's memory.
void guest_release_state(struct cpu *cpu);

// Nobody may use the extended registers from here on.
void guest_close_state(struct cpu *cpu);

// A thread is about to run on this CPU: extended state and entry point as it needs them.
// object_lock held.
void guest_resume(struct cpu *cpu, struct thread *thread);
