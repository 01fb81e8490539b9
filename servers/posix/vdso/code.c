// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The vDSO: runs inside programs, on their stacks, without relocations or data of its own. Whatever
// it cannot answer from the vvar page goes to the system call.

#include <stddef.h>

#include "servers/posix/vdso/arch.h"
#include "servers/posix/vdso/vvar.h"

#define EXPORT __attribute__((visibility("default"), used))

struct timespec {
    int64_t seconds, nanoseconds;
};

struct timeval {
    int64_t seconds, microseconds;
};

struct timezone {
    int32_t minutes_west, dst;
};

enum {
    REALTIME = 0,
    MONOTONIC = 1,
    MONOTONIC_RAW = 4,
    REALTIME_COARSE = 5,
    MONOTONIC_COARSE = 6,
    BOOTTIME = 7,
    TAI = 11
};
#define NS_PER_SECOND 1000000000ull

extern const struct vvar vvar_page __attribute__((visibility("hidden")));

static inline uint64_t monotonic(void)
{
    return vvar_monotonic(&vvar_page, vdso_counter());
}

static inline uint64_t realtime(void)
{
    return monotonic() + __atomic_load_n(&vvar_page.realtime_offset, __ATOMIC_RELAXED);
}

EXPORT int VDSO_NAME(clock_gettime)(int32_t clock, struct timespec *time)
{
    uint64_t ns;
    switch (clock) {
    case REALTIME:
    case REALTIME_COARSE:
    case TAI:
        ns = realtime();
        break;
    case MONOTONIC:
    case MONOTONIC_RAW:
    case MONOTONIC_COARSE:
    case BOOTTIME:
        ns = monotonic();
        break;
    default:
        return (int)vdso_syscall(VDSO_NR_CLOCK_GETTIME, (uint64_t)clock, (uint64_t)time);
    }
    time->seconds = (int64_t)(ns / NS_PER_SECOND);
    time->nanoseconds = (int64_t)(ns % NS_PER_SECOND);
    return 0;
}

EXPORT int VDSO_NAME(clock_getres)(int32_t clock, struct timespec *resolution)
{
    return (int)vdso_syscall(VDSO_NR_CLOCK_GETRES, (uint64_t)clock, (uint64_t)resolution);
}

EXPORT int VDSO_NAME(gettimeofday)(struct timeval *time, struct timezone *zone)
{
    if (time != NULL) {
        uint64_t us = realtime() / 1000;
        time->seconds = (int64_t)(us / 1000000);
        time->microseconds = (int64_t)(us % 1000000);
    }
    if (zone != NULL) {
        zone->minutes_west = 0;
        zone->dst = 0;
    }
    return 0;
}

#if defined(VDSO_HAS_GETCPU)
EXPORT int64_t VDSO_NAME(time)(int64_t *where)
{
    int64_t seconds = (int64_t)(realtime() / NS_PER_SECOND);
    if (where != NULL)
        *where = seconds;
    return seconds;
}

EXPORT int VDSO_NAME(getcpu)(uint32_t *cpu, uint32_t *node, void *unused)
{
    (void)unused;
    return (int)vdso_syscall(VDSO_NR_GETCPU, (uint64_t)cpu, (uint64_t)node);
}
#endif
