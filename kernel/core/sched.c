// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

#include "kernel/core/sched.h"

#include "kernel/arch/arch_cpu.h"
#include "kernel/arch/clock.h"
#include "kernel/core/guest.h"
#include "kernel/core/lock.h"
#include "kernel/core/panic.h"
#include "kernel/core/thread.h"
#include "kernel/core/timer.h"

struct cpu cpus[CPU_MAX];
uint32_t sched_idle_cpus;

void sched_init_cpu(struct cpu *cpu, unsigned index)
{
    cpu->index = index;
    cpu->timer_armed = DEADLINE_NEVER;
    cpu->slice_end = DEADLINE_NEVER;
    for (unsigned i = 0; i <= PRIORITY_MAX; i++) {
        list_init(&cpu->run_queue[i]);
    }
}

// ---- timers ----

static void arm(struct cpu *cpu)
{
    time_ns_t next = cpu->slice_end;
    struct timer_node *first = cpu->timers.root;
    if (first != NULL && first->deadline < next) {
        next = first->deadline;
    }
    // An interrupt that comes too early costs less than programming the timer at each change.
    if (next < cpu->timer_armed) {
        cpu->timer_armed = next;
        clock_arm(next);
    }
}

// From now on somebody waits for this CPU, if it is not so already.
static inline void start_slice(struct cpu *cpu)
{
    if (cpu->ready != 0 && cpu->slice_end == DEADLINE_NEVER) {
        cpu->slice_end = clock_now() + SCHED_SLICE_NS;
        arm(cpu);
    }
}

void sched_timer_add(struct timer_node *node, time_ns_t deadline)
{
    struct cpu *cpu = this_cpu();
    node->deadline = deadline;
    node->cpu = cpu->index;
    timer_heap_insert(&cpu->timers, node);
    arm(cpu);
}

void sched_timer_remove(struct timer_node *node)
{
    if (node->queued) {
        timer_heap_remove(&cpus[node->cpu].timers, node);
    }
}

// ---- run queues ----

static void queue_append(struct cpu *cpu, struct thread *thread)
{
    list_append(&cpu->run_queue[thread->priority], &thread->in_queue);
    cpu->ready |= 1u << thread->priority;
    thread->cpu = cpu->index;
    thread->state = THREAD_READY;
}

static void queue_remove(struct cpu *cpu, struct thread *thread)
{
    list_remove(&thread->in_queue);
    if (list_empty(&cpu->run_queue[thread->priority])) {
        cpu->ready &= ~(1u << thread->priority);
    }
}

void sched_dequeue(struct thread *thread)
{
    queue_remove(&cpus[thread->cpu], thread);
}

static bool may_run_on(const struct thread *thread, const struct cpu *cpu)
{
    return (thread->affinity & 1u << cpu->index) != 0;
}

static struct cpu *choose_cpu(const struct thread *thread)
{
    // A guest's extended state may still be in a CPU's registers: only that CPU can save it,
    // allowed to run the thread or not.
    if (guest_state_is_live(thread)) {
        return &cpus[thread->guest->fpu_cpu];
    }
    uint32_t allowed = thread->affinity;
    uint32_t idle = allowed & sched_idle_cpus;
    if (((idle != 0 ? idle : allowed) & 1u << thread->cpu) != 0) {
        return &cpus[thread->cpu];
    }
    return &cpus[__builtin_ctz(idle != 0 ? idle : allowed)];
}

void sched_enqueue(struct thread *thread)
{
    sched_enqueue_on(thread, choose_cpu(thread)->index);
}

void sched_enqueue_on(struct thread *thread, unsigned index)
{
    struct cpu *cpu = &cpus[index];
    queue_append(cpu, thread);
    struct thread *current = cpu->current;
    if (current == NULL || current->priority < thread->priority) {
        cpu->reschedule = true;
        sched_idle_cpus &= ~(1u << cpu->index);
        if (cpu != this_cpu()) {
            ipi_send(cpu->index, IPI_RESCHEDULE);
        }
    } else if (cpu->slice_end == DEADLINE_NEVER) {
        if (cpu == this_cpu()) {
            start_slice(cpu);
        } else {
            ipi_send(cpu->index, IPI_RESCHEDULE); // it arms its own timer
        }
    }
}

static struct thread *first_ready(struct cpu *cpu)
{
    unsigned priority = 31u - (unsigned)__builtin_clz(cpu->ready);
    return CONTAINER_OF(cpu->run_queue[priority].next, struct thread, in_queue);
}

// The best thread that waits for another CPU and may run here.
static struct thread *steal(struct cpu *cpu)
{
    struct thread *best = NULL;
    for (unsigned i = 0; i < cpu_count(); i++) {
        struct cpu *other = &cpus[i];
        if (other == cpu || other->ready == 0) {
            continue;
        }
        struct thread *thread = first_ready(other);
        if (may_run_on(thread, cpu) && !guest_state_is_live(thread) && !thread->fetching_state &&
            (best == NULL || thread->priority > best->priority)) {
            best = thread;
        }
    }
    return best;
}

// A thread that came here only for what this CPU's registers hold of its guest: that goes to
// memory, the thread on to where it may run.
static void send_on(struct cpu *cpu, struct thread *thread)
{
    guest_release_state(cpu);
    sched_enqueue(thread);
}

// Nobody is ready here, or the first may not run here.
static __attribute__((noinline)) struct thread *take_other(struct cpu *cpu)
{
    for (;;) {
        struct thread *thread = cpu->ready != 0 ? first_ready(cpu) : steal(cpu);
        if (thread == NULL) {
            return NULL;
        }
        queue_remove(&cpus[thread->cpu], thread);
        thread->fetching_state = false;
        if (__builtin_expect(may_run_on(thread, cpu), 1)) {
            return thread;
        }
        send_on(cpu, thread);
    }
}

static inline struct thread *take_next(struct cpu *cpu)
{
    if (cpu->ready != 0) {
        struct thread *thread = first_ready(cpu);
        if (__builtin_expect(may_run_on(thread, cpu), 1)) {
            queue_remove(cpu, thread);
            thread->fetching_state = false;
            return thread;
        }
    }
    return take_other(cpu);
}

// ---- switching ----

// Ticks since the current thread last waited. IPC switches only to a thread that waited.
static uint64_t ran_since_wait(const struct cpu *cpu, const struct thread *current, uint64_t now)
{
    return (cpu->switched_at == cpu->resumed_at ? current->turn_ticks : 0) +
           (now - cpu->switched_at);
}

static inline void account(struct cpu *cpu, struct thread *from)
{
    uint64_t now = cpu_counter();
    if (from != NULL) {
        from->turn_ticks = ran_since_wait(cpu, from, now);
        from->cpu_ticks += now - cpu->switched_at;
    } else {
        cpu->idle_ticks += now - cpu->switched_at;
    }
    cpu->switched_at = now;
}

void sched_leave_current(struct cpu *cpu)
{
    struct thread *thread = cpu->current;
    account(cpu, thread);
    cpu->current = NULL;
    cpu->reschedule = true;
    if (__builtin_expect(thread->dying, 0)) {
        KERNEL_ASSERT(cpu->doomed == NULL);
        object_get(&thread->object);
        cpu->doomed = thread;
    }
}

void sched_yield_current(struct cpu *cpu)
{
    struct thread *thread = cpu->current;
    sched_leave_current(cpu);
    queue_append(cpu, thread);
}

void sched_switch_to(struct cpu *cpu, struct thread *next)
{
    account(cpu, cpu->current);
    if (__builtin_expect(next->leave_guest, 0)) {
        guest_take_kick(cpu, next);
    }
    cpu->resumed_at = cpu->switched_at;
    cpu->context_switches++;
    cpu->current = next;
    next->state = THREAD_RUNNING;
    next->cpu = cpu->index;
    cpu->frame = next->active_frame;
    mmu_space_load(&next->active_aspace->mmu);
    guest_resume(cpu, next);
}

// Waits for an interrupt with object_lock released until there is something to run.
static struct thread *idle(struct cpu *cpu)
{
    mmu_space_load(&mmu_kernel_space);
    struct thread *next;
    for (;;) {
        sched_idle_cpus |= 1u << cpu->index;
        cpu->reschedule = false;
        spin_unlock(&object_lock);
        object_reap();
        arch_wait_for_interrupt(&cpu->reschedule);
        spin_lock(&object_lock);
        next = take_next(cpu);
        if (next != NULL) {
            break;
        }
    }
    sched_idle_cpus &= ~(1u << cpu->index);
    return next;
}

// The current thread if it may go on here; NULL if it was killed or has to move.
static struct thread *keep_current(struct cpu *cpu, struct thread *current)
{
    if (current->dying) {
        sched_leave_current(cpu);
        return NULL;
    }
    if (current->leave_guest) {
        guest_take_kick(cpu, current);
    }
    if (!may_run_on(current, cpu)) {
        sched_leave_current(cpu);
        send_on(cpu, current);
        return NULL;
    }
    return current;
}

static void finish_doomed(struct cpu *cpu)
{
    struct thread *thread = cpu->doomed;
    cpu->doomed = NULL;
    thread_end(thread);
    object_put(&thread->object);
}

// With object_lock held, which it releases.
static inline void schedule_locked(struct cpu *cpu)
{
    struct thread *current = cpu->current;
    if (current != NULL) {
        current = keep_current(cpu, current);
    }
    if (cpu->doomed != NULL) {
        finish_doomed(cpu);
    }
    cpu->reschedule = false;
    if (current != NULL) {
        if (cpu->ready == 0 || first_ready(cpu)->priority <= current->priority) {
            start_slice(cpu);
            spin_unlock(&object_lock);
            return;
        }
        // Preempted: it keeps its place at the head of its priority.
        current->state = THREAD_READY;
        list_prepend(&cpu->run_queue[current->priority], &current->in_queue);
        cpu->ready |= 1u << current->priority;
    }
    struct thread *next = take_next(cpu);
    if (next == NULL) {
        next = idle(cpu);
    }
    sched_switch_to(cpu, next);
    start_slice(cpu);
    spin_unlock(&object_lock);
}

static void schedule(struct cpu *cpu)
{
    spin_lock(&object_lock);
    schedule_locked(cpu);
}

void sched_unlock(struct cpu *cpu)
{
    if (cpu->reschedule && cpu->current != NULL) {
        schedule_locked(cpu);
        return;
    }
    spin_unlock(&object_lock);
}

struct frame *kernel_leave_slow(struct cpu *cpu)
{
    while (cpu->reschedule || cpu->dead != NULL || cpu->finished != NULL) {
        if (cpu->dead != NULL || cpu->finished != NULL) {
            object_reap();
        }
        if (cpu->reschedule) {
            schedule(cpu);
        }
    }
    return cpu->frame;
}

void sched_start_cpu(void)
{
    struct cpu *cpu = this_cpu();
    spin_lock(&object_lock);
    cpu->online = true;
    cpu->started_at = cpu_counter();
    cpu->switched_at = cpu->started_at;
    cpu->reschedule = true;
    cpu->current = NULL;
    spin_unlock(&object_lock);
    arch_resume(kernel_leave(cpu));
}

// ---- the timer interrupt ----

// Round robin, and the budget: a server or driver that never waits must not starve the programs for
// ever.
static void slice_expired(struct cpu *cpu, struct thread *current)
{
    if (current == NULL) {
        return;
    }
    uint64_t ran = ran_since_wait(cpu, current, cpu_counter());
    if (current->base_priority > PRIORITY_USER && clock_ticks_to_ns(ran) > SCHED_BUDGET_NS) {
        current->priority = PRIORITY_USER;
        current->special |= THREAD_DEMOTED;
    }
    if (first_ready(cpu)->priority >= current->priority) {
        sched_yield_current(cpu);
    }
}

void sched_timer_interrupt(struct cpu *cpu)
{
    spin_lock(&object_lock);
    time_ns_t now = clock_now();
    cpu->timer_armed = DEADLINE_NEVER;
    struct timer_node *node;
    while ((node = cpu->timers.root) != NULL && node->deadline <= now) {
        timer_heap_remove(&cpu->timers, node);
        timer_expired(node, now);
    }
    if (cpu->slice_end <= now) {
        cpu->slice_end = DEADLINE_NEVER;
        if (cpu->ready != 0) {
            slice_expired(cpu, cpu->current);
            cpu->slice_end = now + SCHED_SLICE_NS;
        }
    }
    arm(cpu);
    sched_unlock(cpu);
}
