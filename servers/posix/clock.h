// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Clocks, and Linux's time structures. The conversions are pure.

#pragma once

#include "abi/error.h"
#include "abi/types.h"

#define NS_PER_SECOND 1000000000ull
#define NS_PER_US     1000ull
#define NS_PER_TICK   10000000ull // of times() and /proc/<pid>/stat: 100 a second

enum clock_id {
    CLOCK_REALTIME = 0,
    CLOCK_MONOTONIC = 1,
    CLOCK_PROCESS_CPUTIME_ID = 2,
    CLOCK_THREAD_CPUTIME_ID = 3,
    CLOCK_MONOTONIC_RAW = 4,
    CLOCK_REALTIME_COARSE = 5,
    CLOCK_MONOTONIC_COARSE = 6,
    CLOCK_BOOTTIME = 7,
    CLOCK_REALTIME_ALARM = 8,
    CLOCK_BOOTTIME_ALARM = 9,
    CLOCK_TAI = 11,
};

struct timespec_linux {
    int64_t seconds;
    int64_t nanoseconds;
};

struct timeval_linux {
    int64_t seconds;
    int64_t microseconds;
};

// Nanoseconds, cut to the largest time_ns_t below DEADLINE_NEVER. E_INVAL: negative seconds, or a
// fraction that is none.
static inline int timespec_to_ns(const struct timespec_linux *time, uint64_t *ns)
{
    if (time->seconds < 0 || time->nanoseconds < 0 || time->nanoseconds >= (int64_t)NS_PER_SECOND)
        return -E_INVAL;
    const uint64_t most = (~0ull >> 1) / NS_PER_SECOND;
    uint64_t seconds = (uint64_t)time->seconds;
    *ns = seconds >= most ? ~0ull >> 1 : seconds * NS_PER_SECOND + (uint64_t)time->nanoseconds;
    return 0;
}

static inline int timeval_to_ns(const struct timeval_linux *time, uint64_t *ns)
{
    if (time->microseconds < 0 || time->microseconds >= 1000000)
        return -E_INVAL;
    struct timespec_linux precise = {time->seconds, time->microseconds * (int64_t)NS_PER_US};
    return timespec_to_ns(&precise, ns);
}

static inline struct timespec_linux timespec_from_ns(uint64_t ns)
{
    return (struct timespec_linux){(int64_t)(ns / NS_PER_SECOND), (int64_t)(ns % NS_PER_SECOND)};
}

// Rounded up, so that a timer that has not run out never reads 0.
static inline struct timeval_linux timeval_from_ns(uint64_t ns)
{
    uint64_t us = ns / NS_PER_US + (ns % NS_PER_US != 0);
    return (struct timeval_linux){(int64_t)(us / 1000000), (int64_t)(us % 1000000)};
}

// `now` + `delay`, DEADLINE_NEVER if that is beyond time.
static inline time_ns_t deadline_after(time_ns_t now, uint64_t delay)
{
    return delay >= DEADLINE_NEVER - now ? DEADLINE_NEVER : now + delay;
}

// ---- the clocks (clock.c); any thread, no lock ----

// Monotonic time, from the processor's counter without a kernel call.
time_ns_t clock_monotonic(void);
// Nanoseconds since 1970.
uint64_t clock_realtime(void);
// Sets the wall clock (settimeofday, or the RTC driver's reading at start).
void clock_set_realtime(uint64_t ns);
// Reads INFO_CLOCK. Errors of sys_info.
int clock_init(void);
struct vvar;
// From now on the clocks' parameters live in this page, which programs can read.
void clock_move_vvar(struct vvar *page);
