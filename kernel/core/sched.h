// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Scheduler: a run queue a CPU, strict priorities, round robin inside one, idle CPUs take from busy
// ones. object_lock.

#pragma once

#include "abi/types.h"
#include "kernel/arch/mmu.h"
#include "kernel/core/cpu.h"
#include "kernel/core/thread.h"
#include "kernel/mm/aspace.h"

enum {
    SCHED_SLICE_NS = 10 * 1000 * 1000,   // a turn, when others of the same priority wait
    SCHED_BUDGET_NS = 200 * 1000 * 1000, // a thread above PRIORITY_USER that runs this long without
                                         // waiting runs in turn with the programs
};

void sched_init_cpu(struct cpu *cpu, unsigned index);

// A thread that is in no queue becomes ready; picks its CPU and pokes it if it should switch.
void sched_enqueue(struct thread *thread);
void sched_enqueue_on(struct thread *thread, unsigned cpu); // on that CPU and no other
void sched_dequeue(struct thread *thread);                  // READY: out of its run queue

struct frame *kernel_leave_slow(struct cpu *cpu); // for kernel_leave only

// What resumes when this CPU leaves the kernel: called by the entry code's handlers at their end,
// without object_lock.
static inline struct frame *kernel_leave(struct cpu *cpu)
{
    if (__builtin_expect(cpu->reschedule || cpu->dead != NULL || cpu->finished != NULL, 0)) {
        return kernel_leave_slow(cpu);
    }
    return cpu->frame;
}

// Releases object_lock at the end of an interrupt, and goes over to what that made ready if it is
// more urgent than what was interrupted.
void sched_unlock(struct cpu *cpu);

// Gives the CPU from its current (already blocked) thread straight to another, which is in no
// queue.
void sched_switch_to(struct cpu *cpu, struct thread *next);

// The same from one native thread to another that waits in a system call: nothing of a guest is
// involved, and the extended registers are closed. For the IPC fast path.
static inline void sched_switch_native(struct cpu *cpu, struct thread *from, struct thread *next)
{
    uint64_t now = cpu_counter();
    from->cpu_ticks += now - cpu->switched_at;
    cpu->switched_at = now;
    cpu->context_switches++;
    cpu->current = next;
    next->state = THREAD_RUNNING;
    next->cpu = cpu->index;
    cpu->frame = &next->frame;
    mmu_space_load(&next->active_aspace->mmu);
}

// This CPU's current thread stops being so (it blocks, yields, dies or moves); it may run elsewhere
// at once. One that was killed meanwhile is finished when this CPU schedules, wherever it is by
// then.
void sched_leave_current(struct cpu *cpu);
void sched_yield_current(struct cpu *cpu); // to the end of its priority's queue

// The timer interrupt: expired deadlines, then the slice.
void sched_timer_interrupt(struct cpu *cpu);

// Timers: object_lock.
void sched_timer_add(struct timer_node *node, time_ns_t deadline);
void sched_timer_remove(struct timer_node *node);

extern uint32_t sched_idle_cpus; // bit mask, object_lock

__attribute__((noreturn)) void sched_start_cpu(void); // first switch of a CPU, never returns
