// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Reading and setting clocks, sleeping, and the time used.

#include "abi/error.h"
#include "lib/sys/sys.h"
#include "servers/posix/arch.h"
#include "servers/posix/clock.h"
#include "servers/posix/dispatch.h"
#include "servers/posix/process.h"
#include "servers/posix/process_clock.h"
#include "servers/posix/rusage.h"
#include "servers/posix/user.h"

enum { TIMER_ABSTIME = 1, RUSAGE_SELF = 0, RUSAGE_CHILDREN = -1, RUSAGE_THREAD = 1 };

struct timezone_linux {
    int32_t minutes_west, dst;
};

struct tms_linux {
    int64_t user, system, children_user, children_system;
};

// ---- reading ----

// The processor time a CPU clock counts. Takes posix_lock itself.
static int read_cpu_clock(struct task *task, int32_t clock, uint64_t *ns)
{
    posix_lock();
    int error = process_clock_read(task, clock, ns);
    posix_unlock();
    return error;
}

static int read_clock(struct task *task, int32_t clock, uint64_t *ns)
{
    switch (clock) {
    case CLOCK_REALTIME:
    case CLOCK_REALTIME_COARSE:
    case CLOCK_REALTIME_ALARM:
    case CLOCK_TAI:
        *ns = clock_realtime();
        return 0;
    case CLOCK_MONOTONIC:
    case CLOCK_MONOTONIC_RAW:
    case CLOCK_MONOTONIC_COARSE:
    case CLOCK_BOOTTIME:
    case CLOCK_BOOTTIME_ALARM:
        *ns = clock_monotonic();
        return 0;
    default:
        return read_cpu_clock(task, clock, ns);
    }
}

int64_t linux_clock_gettime(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    uint64_t ns;
    int error = read_clock(task, (int32_t)argument[0], &ns);
    if (error)
        return error;
    struct timespec_linux time = timespec_from_ns(ns);
    return user_write(task, argument[1], &time, sizeof(time));
}

int64_t linux_clock_getres(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    uint64_t ns;
    int32_t clock = (int32_t)argument[0];
    struct timespec_linux resolution = {0, 1};
    int error = read_clock(task, clock, &ns);
    if (error)
        return error;
    if (clock == CLOCK_REALTIME_COARSE || clock == CLOCK_MONOTONIC_COARSE)
        resolution.nanoseconds = 4000000; // a tick of Linux's usual 250 a second
    return argument[1] != 0 ? user_write(task, argument[1], &resolution, sizeof(resolution)) : 0;
}

int64_t linux_gettimeofday(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    struct timezone_linux zone = {0, 0};
    uint64_t us = clock_realtime() / NS_PER_US;
    struct timeval_linux time = {(int64_t)(us / 1000000), (int64_t)(us % 1000000)};
    if (argument[0] != 0 && user_write(task, argument[0], &time, sizeof(time)) != 0)
        return -E_FAULT;
    if (argument[1] != 0 && user_write(task, argument[1], &zone, sizeof(zone)) != 0)
        return -E_FAULT;
    return 0;
}

int64_t linux_time(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    int64_t seconds = (int64_t)(clock_realtime() / NS_PER_SECOND);
    if (argument[0] != 0 && user_write(task, argument[0], &seconds, sizeof(seconds)) != 0)
        return -E_FAULT;
    return seconds;
}

// ---- setting ----

int64_t linux_clock_settime(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    struct timespec_linux time;
    uint64_t ns;
    if ((int32_t)argument[0] != CLOCK_REALTIME)
        return -E_INVAL;
    if (user_read(task, &time, argument[1], sizeof(time)) != 0)
        return -E_FAULT;
    if (timespec_to_ns(&time, &ns) != 0)
        return -E_INVAL;
    if (!cred_capable(task->cred, CAP_SYS_TIME))
        return -E_PERM;
    clock_set_realtime(ns);
    return 0;
}

int64_t linux_settimeofday(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    struct timeval_linux time;
    uint64_t ns;
    if (!cred_capable(task->cred, CAP_SYS_TIME))
        return -E_PERM;
    if (argument[0] == 0)
        return 0; // only the kernel's time zone, which nothing here uses
    if (user_read(task, &time, argument[0], sizeof(time)) != 0)
        return -E_FAULT;
    if (timeval_to_ns(&time, &ns) != 0)
        return -E_INVAL;
    clock_set_realtime(ns);
    return 0;
}

// ---- sleeping ----

static int sleep_until(struct task *task, time_ns_t deadline)
{
    for (;;) {
        waiter_prepare(&task->waiter);
        int error = waiter_sleep(&task->waiter, deadline, WAIT_INTERRUPTIBLE);
        if (error != 0)
            return error;
    }
}

// What is left of an interrupted sleep, for the program.
static int write_remaining(struct task *task, uint64_t address, time_ns_t deadline)
{
    time_ns_t now = clock_monotonic();
    struct timespec_linux left = timespec_from_ns(deadline > now ? deadline - now : 0);
    return address != 0 ? user_write(task, address, &left, sizeof(left)) : 0;
}

static int64_t sleep_relative(struct task *task)
{
    time_ns_t deadline = task->restart.deadline;
    if (sleep_until(task, deadline) != -E_INTR)
        return 0;
    if (write_remaining(task, task->restart.argument[0], deadline) != 0)
        return -E_FAULT;
    return -RESTART_BLOCK;
}

static int64_t begin_sleep(struct task *task, uint64_t delay, uint64_t remaining_address)
{
    task->restart = (struct task_restart){
        .function = sleep_relative,
        .deadline = deadline_after(clock_monotonic(), delay),
        .argument = {remaining_address},
    };
    return sleep_relative(task);
}

int64_t linux_nanosleep(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    struct timespec_linux time;
    uint64_t delay;
    if (user_read(task, &time, argument[0], sizeof(time)) != 0)
        return -E_FAULT;
    if (timespec_to_ns(&time, &delay) != 0)
        return -E_INVAL;
    return begin_sleep(task, delay, argument[1]);
}

static bool is_wall_clock(int32_t clock)
{
    return clock == CLOCK_REALTIME || clock == CLOCK_TAI || clock == CLOCK_REALTIME_ALARM;
}

int64_t linux_clock_nanosleep(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    struct timespec_linux time;
    uint64_t ns;
    int32_t clock = (int32_t)argument[0];
    if (!is_wall_clock(clock) && clock != CLOCK_MONOTONIC && clock != CLOCK_BOOTTIME &&
        clock != CLOCK_BOOTTIME_ALARM)
        return clock == CLOCK_THREAD_CPUTIME_ID || clock < 0 || clock > CLOCK_TAI ? -E_INVAL
                                                                                  : -E_OPNOTSUPP;
    if (user_read(task, &time, argument[2], sizeof(time)) != 0)
        return -E_FAULT;
    if (timespec_to_ns(&time, &ns) != 0)
        return -E_INVAL;
    if (((uint32_t)argument[1] & TIMER_ABSTIME) == 0)
        return begin_sleep(task, ns, argument[3]);
    if (is_wall_clock(clock)) {
        uint64_t now = clock_realtime();
        ns = ns > now ? deadline_after(clock_monotonic(), ns - now) : DEADLINE_NOW;
    }
    return sleep_until(task, ns) == -E_INTR ? -RESTART_NO_HANDLER : 0;
}

int64_t linux_restart_syscall(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    (void)argument;
    return task->restart.function != NULL ? task->restart.function(task) : -E_INTR;
}

// ---- time used ----

int64_t linux_times(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    struct usage usage;
    const struct usage *children = &task->proc->children_usage;
    proc_usage(task->proc, &usage);
    struct tms_linux out = {
        (int64_t)(usage.user_ns / NS_PER_TICK),
        (int64_t)(usage.system_ns / NS_PER_TICK),
        (int64_t)(children->user_ns / NS_PER_TICK),
        (int64_t)(children->system_ns / NS_PER_TICK),
    };
    if (argument[0] != 0 && user_write(task, argument[0], &out, sizeof(out)) != 0)
        return -E_FAULT;
    return (int64_t)(clock_monotonic() / NS_PER_TICK);
}

int64_t linux_getrusage(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    struct usage usage;
    struct rusage_linux out;
    switch ((int32_t)argument[0]) {
    case RUSAGE_SELF:
        proc_usage(task->proc, &usage);
        break;
    case RUSAGE_CHILDREN:
        usage = task->proc->children_usage;
        break;
    case RUSAGE_THREAD:
        usage = task->usage;
        task_add_times(task, &usage);
        break;
    default:
        return -E_INVAL;
    }
    rusage_fill(&out, &usage);
    return user_write(task, argument[1], &out, sizeof(out));
}
