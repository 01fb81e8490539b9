// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The timers of a process: the three interval timers (setitimer, alarm) and POSIX timers
// (timer_create ...).
//
// A timer of processor time cannot be an event at a known moment: it is looked at again as soon as
// it could have run out, but not more often than CPU_TIMER_GRAIN.

#include <stdlib.h>
#include <string.h>

#include "abi/error.h"
#include "servers/posix/clock.h"
#include "servers/posix/dispatch.h"
#include "servers/posix/process.h"
#include "servers/posix/process_clock.h"
#include "servers/posix/timer.h"
#include "servers/posix/user.h"

enum { ITIMER_REAL = 0, ITIMER_VIRTUAL = 1, ITIMER_PROF = 2, ITIMERS = 3 };
enum { SIGEV_SIGNAL = 0, SIGEV_NONE = 1, SIGEV_THREAD = 2, SIGEV_THREAD_ID = 4, TIMER_ABSTIME = 1 };
enum { TIMERS_MAX = 1024 };
#define CPU_TIMER_GRAIN (4 * 1000000ull)

enum timer_base { BASE_MONOTONIC, BASE_WALL, BASE_CPU };

// One timer: an interval timer, or a POSIX timer of a process.
struct process_timer {
    struct timer_event event;
    struct proc *proc;
    enum timer_base base;
    int32_t clock;    // BASE_CPU
    uint64_t expires; // on its own clock; 0: not set
    uint64_t interval;
    int32_t signal;     // 0: none
    int32_t notify;     // SIGEV_*
    pid_linux_t thread; // SIGEV_THREAD_ID
    int32_t id;         // POSIX timers: from 0; interval timers: -1
    int32_t overrun, overrun_told;
    uint64_t value;
};

struct timer_set {
    struct process_timer interval[ITIMERS];
    struct process_timer *timer[TIMERS_MAX];
};

// ---- one timer ----

static uint64_t now_of(const struct process_timer *timer)
{
    uint64_t ns = 0;
    struct task *task = proc_any_task(timer->proc);
    switch (timer->base) {
    case BASE_MONOTONIC:
        return clock_monotonic();
    case BASE_WALL:
        return clock_realtime();
    case BASE_CPU:
        if (task != NULL)
            process_clock_read(task, timer->clock, &ns);
        break;
    }
    return ns;
}

static int arm(struct process_timer *timer)
{
    uint64_t now = now_of(timer);
    uint64_t left = timer->expires > now ? timer->expires - now : 0;
    if (timer->base == BASE_CPU && left < CPU_TIMER_GRAIN && left != 0)
        left = CPU_TIMER_GRAIN;
    return timer_event_set(&timer->event, deadline_after(clock_monotonic(), left));
}

// Is the timer's last signal still waiting? Then the new expiry is only counted.
static bool signal_waits(const struct signal_pending *pending, const struct process_timer *timer)
{
    if ((pending->set & SIGNAL_BIT(timer->signal)) == 0)
        return false;
    list_for_each(node, &pending->queue)
    {
        const struct siginfo_linux *info = &list_entry(node, struct signal_queued, node)->info;
        if (info->signo == timer->signal && info->code == SI_TIMER && info->timer.id == timer->id)
            return true;
    }
    return false;
}

static void send_signal(struct process_timer *timer, uint64_t missed)
{
    struct siginfo_linux info = {.signo = timer->signal,
                                 .code = timer->id < 0 ? SI_KERNEL : SI_TIMER};
    struct task *target = timer->notify == SIGEV_THREAD_ID ? task_find(timer->thread) : NULL;
    if (timer->signal == 0 || timer->notify == SIGEV_NONE)
        return;
    if (timer->id < 0) {
        signal_send_proc(timer->proc, timer->signal, &info);
        return;
    }
    const struct signal_pending *pending =
        target != NULL ? &target->pending : &timer->proc->pending;
    if (signal_waits(pending, timer)) {
        timer->overrun = timer->overrun > INT32_MAX - 1 - (int32_t)missed
                             ? INT32_MAX
                             : timer->overrun + 1 + (int32_t)missed;
        return;
    }
    timer->overrun_told = timer->overrun + (int32_t)missed;
    timer->overrun = 0;
    info.timer.id = timer->id;
    info.timer.overrun = timer->overrun_told;
    info.timer.value = timer->value;
    if (target != NULL)
        signal_send_task(target, timer->signal, &info);
    else
        signal_send_proc(timer->proc, timer->signal, &info);
}

static void expire(struct timer_event *event)
{
    struct process_timer *timer = list_entry(event, struct process_timer, event);
    uint64_t now = now_of(timer), missed = 0;
    if (timer->expires > now) {
        arm(timer); // the wall clock was set back, or the processor time is not used up yet
        return;
    }
    if (timer->interval != 0) {
        missed = (now - timer->expires) / timer->interval;
        timer->expires += (missed + 1) * timer->interval;
        arm(timer);
    } else {
        timer->expires = 0;
    }
    send_signal(timer, missed < INT32_MAX ? missed : INT32_MAX - 1);
}

static void init_timer(struct process_timer *timer, struct proc *proc, enum timer_base base,
                       int32_t clock, int32_t signal)
{
    *timer = (struct process_timer){
        .event.function = expire,
        .proc = proc,
        .base = base,
        .clock = clock,
        .signal = signal,
        .id = -1,
    };
}

// `first` 0: stops it. `first` is absolute on the timer's clock.
static int set_timer(struct process_timer *timer, uint64_t first, uint64_t interval)
{
    timer_event_clear(&timer->event);
    timer->expires = first;
    timer->interval = interval;
    timer->overrun = 0;
    return first != 0 ? arm(timer) : 0;
}

static uint64_t time_left(const struct process_timer *timer)
{
    if (timer->expires == 0)
        return 0;
    uint64_t now = now_of(timer);
    return timer->expires > now ? timer->expires - now : 1;
}

// ---- of a process ----

static struct timer_set *timers_of(struct proc *proc)
{
    if (proc->timers == NULL) {
        struct timer_set *set = calloc(1, sizeof(*set));
        if (set == NULL)
            return NULL;
        init_timer(&set->interval[ITIMER_REAL], proc, BASE_MONOTONIC, 0, SIGALRM);
        init_timer(&set->interval[ITIMER_VIRTUAL], proc, BASE_CPU, CLOCK_PROCESS_CPUTIME_ID,
                   SIGVTALRM);
        init_timer(&set->interval[ITIMER_PROF], proc, BASE_CPU, CLOCK_PROCESS_CPUTIME_ID, SIGPROF);
        proc->timers = set;
    }
    return proc->timers;
}

void timer_set_exec(struct proc *proc)
{
    struct timer_set *set = proc->timers;
    for (unsigned i = 0; set != NULL && i < TIMERS_MAX; i++) {
        if (set->timer[i] == NULL)
            continue;
        timer_event_clear(&set->timer[i]->event);
        free(set->timer[i]);
        set->timer[i] = NULL;
    }
}

void timer_set_destroy(struct proc *proc)
{
    struct timer_set *set = proc->timers;
    if (set == NULL)
        return;
    timer_set_exec(proc);
    for (unsigned i = 0; i < ITIMERS; i++)
        timer_event_clear(&set->interval[i].event);
    proc->timers = NULL;
    free(set);
}

// ---- interval timers ----

struct itimerval_linux {
    struct timeval_linux interval, value;
};

static int write_itimer(struct task *task, uint64_t address, const struct process_timer *timer)
{
    struct itimerval_linux out = {timeval_from_ns(timer->interval),
                                  timeval_from_ns(time_left(timer))};
    return user_write(task, address, &out, sizeof(out));
}

int64_t linux_getitimer(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    struct timer_set *set = timers_of(task->proc);
    if (argument[0] >= ITIMERS)
        return -E_INVAL;
    if (set == NULL)
        return -E_NOMEM;
    return write_itimer(task, argument[1], &set->interval[argument[0]]);
}

int64_t linux_setitimer(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    struct itimerval_linux wanted = {0};
    uint64_t first, interval;
    if (argument[0] >= ITIMERS)
        return -E_INVAL;
    if (argument[1] != 0 && user_read(task, &wanted, argument[1], sizeof(wanted)) != 0)
        return -E_FAULT;
    if (timeval_to_ns(&wanted.value, &first) != 0 ||
        timeval_to_ns(&wanted.interval, &interval) != 0)
        return -E_INVAL;
    struct timer_set *set = timers_of(task->proc);
    if (set == NULL)
        return -E_NOMEM;
    struct process_timer *timer = &set->interval[argument[0]];
    struct itimerval_linux old = {timeval_from_ns(timer->interval),
                                  timeval_from_ns(time_left(timer))};
    int error = set_timer(timer, first != 0 ? deadline_after(now_of(timer), first) : 0, interval);
    if (error)
        return error;
    return argument[2] != 0 ? user_write(task, argument[2], &old, sizeof(old)) : 0;
}

int64_t linux_alarm(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    struct timer_set *set = timers_of(task->proc);
    uint32_t seconds = (uint32_t)argument[0];
    if (set == NULL)
        return 0;
    struct process_timer *timer = &set->interval[ITIMER_REAL];
    uint64_t left = time_left(timer);
    int64_t result = (int64_t)((left + NS_PER_SECOND / 2) / NS_PER_SECOND);
    if (left != 0 && result == 0)
        result = 1;
    set_timer(timer, seconds != 0 ? clock_monotonic() + seconds * NS_PER_SECOND : 0, 0);
    return result;
}

// ---- POSIX timers ----

struct sigevent_linux {
    uint64_t value;
    int32_t signal;
    int32_t notify;
    int32_t thread;
    int32_t pad[11];
};
_Static_assert(sizeof(struct sigevent_linux) == 64, "struct sigevent");

struct itimerspec_linux {
    struct timespec_linux interval, value;
};

static struct process_timer *find_timer(const struct task *task, uint64_t id)
{
    const struct timer_set *set = task->proc->timers;
    return set != NULL && (uint32_t)id < TIMERS_MAX ? set->timer[(uint32_t)id] : NULL;
}

static int base_of(struct task *task, int32_t clock, enum timer_base *base)
{
    uint64_t ns;
    switch (clock) {
    case CLOCK_REALTIME:
    case CLOCK_TAI:
        *base = BASE_WALL;
        return 0;
    case CLOCK_MONOTONIC:
    case CLOCK_BOOTTIME:
        *base = BASE_MONOTONIC;
        return 0;
    default:
        *base = BASE_CPU;
        return process_clock_read(task, clock, &ns);
    }
}

static int check_event(const struct task *task, const struct sigevent_linux *event)
{
    if (event->notify == SIGEV_NONE)
        return 0;
    if (event->notify != SIGEV_SIGNAL && event->notify != SIGEV_THREAD &&
        event->notify != SIGEV_THREAD_ID)
        return -E_INVAL;
    if (event->notify == SIGEV_THREAD_ID) {
        const struct task *thread = task_find(event->thread);
        if (thread == NULL || thread->proc != task->proc)
            return -E_INVAL;
    }
    return event->signal >= 1 && event->signal <= SIGNAL_MAX ? 0 : -E_INVAL;
}

int64_t linux_timer_create(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    struct sigevent_linux event = {.signal = SIGALRM, .notify = SIGEV_SIGNAL};
    enum timer_base base;
    int32_t id = 0;
    int error = base_of(task, (int32_t)argument[0], &base);
    if (error)
        return error;
    if (argument[1] != 0 && user_read(task, &event, argument[1], sizeof(event)) != 0)
        return -E_FAULT;
    error = check_event(task, &event);
    if (error)
        return error;
    struct timer_set *set = timers_of(task->proc);
    if (set == NULL)
        return -E_AGAIN;
    while (id < TIMERS_MAX && set->timer[id] != NULL)
        id++;
    if (id == TIMERS_MAX)
        return -E_AGAIN;
    if (user_write_u32(task, argument[2], (uint32_t)id) != 0)
        return -E_FAULT;
    struct process_timer *timer = malloc(sizeof(*timer));
    if (timer == NULL)
        return -E_AGAIN;
    int32_t clock = (int32_t)argument[0];
    if (clock == CLOCK_THREAD_CPUTIME_ID)
        clock = process_clock_of_thread(task->tid);
    init_timer(timer, task->proc, base, clock, event.signal);
    timer->id = id;
    timer->notify = event.notify;
    timer->thread = event.thread;
    timer->value = argument[1] != 0 ? event.value : (uint64_t)id;
    set->timer[id] = timer;
    return 0;
}

static struct itimerspec_linux describe(const struct process_timer *timer)
{
    return (struct itimerspec_linux){timespec_from_ns(timer->interval),
                                     timespec_from_ns(time_left(timer))};
}

int64_t linux_timer_settime(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    struct itimerspec_linux wanted;
    uint64_t first, interval;
    if (user_read(task, &wanted, argument[2], sizeof(wanted)) != 0)
        return -E_FAULT;
    if (timespec_to_ns(&wanted.value, &first) != 0 ||
        timespec_to_ns(&wanted.interval, &interval) != 0)
        return -E_INVAL;
    struct process_timer *timer = find_timer(task, argument[0]);
    if (timer == NULL)
        return -E_INVAL;
    struct itimerspec_linux old = describe(timer);
    if (first != 0 && (argument[1] & TIMER_ABSTIME) == 0)
        first = deadline_after(now_of(timer), first);
    int error = set_timer(timer, first, interval);
    if (error)
        return error;
    return argument[3] != 0 ? user_write(task, argument[3], &old, sizeof(old)) : 0;
}

int64_t linux_timer_gettime(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    const struct process_timer *timer = find_timer(task, argument[0]);
    if (timer == NULL)
        return -E_INVAL;
    struct itimerspec_linux out = describe(timer);
    return user_write(task, argument[1], &out, sizeof(out));
}

int64_t linux_timer_getoverrun(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    const struct process_timer *timer = find_timer(task, argument[0]);
    return timer != NULL ? timer->overrun_told : -E_INVAL;
}

int64_t linux_timer_delete(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    struct process_timer *timer = find_timer(task, argument[0]);
    if (timer == NULL)
        return -E_INVAL;
    task->proc->timers->timer[(uint32_t)argument[0]] = NULL;
    timer_event_clear(&timer->event);
    free(timer);
    return 0;
}
