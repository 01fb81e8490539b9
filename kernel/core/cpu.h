// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Per-CPU data. Each CPU writes its own, with interrupts off; others read `index`, `current` and
// the run queue under object_lock.

#pragma once

#include "abi/syscall.h"
#include "kernel/arch/arch.h"
#include "kernel/core/list.h"
#include "kernel/core/timer_heap.h"

struct thread;
struct frame;
struct guest;
struct object;
struct aspace;
struct process;

struct cpu {
    // Known to entry code by offset.
    uint32_t index;
    uint32_t hardware_id; // local APIC id, MPIDR
    uint64_t stack;       // top of this CPU's kernel stack
    uint64_t scratch;
    struct frame *frame;   // where entry code saves user registers: current->frame or its guest's
    void *syscall_handler; // native_syscall or guest_syscall
    struct cpu *self;

    // Scheduling; object_lock.
    struct thread *current; // NULL: idle
    struct thread *doomed;  // left this CPU while it was dying: schedule finishes it; referenced
    union {
        struct {
            bool reschedule;
            bool fpu_open; // the extended registers may be used: only by their guest and the thread
                           // that just left it
        };
        uint16_t hindered; // not 0: IPC may not just switch to another thread
    };
    bool online;
    uint32_t ready; // bit n: run_queue[n] is not empty
    struct list run_queue[PRIORITY_MAX + 1];
    struct timer_heap timers;
    time_ns_t timer_armed; // when the hardware timer will fire; DEADLINE_NEVER: not armed
    time_ns_t slice_end;   // DEADLINE_NEVER: nobody waits for this CPU

    // This CPU only.
    struct guest *fpu_owner; // whose extended state is in the registers; not counted (guest_destroy
                             // clears it)
    uint64_t guest_bases[2]; // the processor's own: what its server gave the guest that ran last
    struct object *dead;     // objects without references, for object_reap
    struct process *finished; // processes whose last thread is gone, for object_reap
    uint64_t started_at;      // counter when this CPU began to schedule
    uint64_t switched_at;     // counter when `current` began to run
    uint64_t resumed_at;      // the same if schedule chose it; older if IPC has switched since
    uint64_t lock_ranks;      // debug: bit n: a lock of rank n is held

    uint64_t user_ticks, idle_ticks; // counter ticks
    uint64_t context_switches, interrupts;
};

extern struct cpu cpus[CPU_MAX];

static inline struct cpu *this_cpu(void)
{
    return cpu_self();
}
