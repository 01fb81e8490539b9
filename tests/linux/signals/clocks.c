// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The vDSO's clocks lie between two readings by system call.

#include <stdint.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "tests/linux/signals/check.h"

enum { ROUNDS = 500 };

static int64_t by_call(clockid_t clock)
{
    struct timespec time;

    syscall(SYS_clock_gettime, clock, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static int64_t by_library(clockid_t clock)
{
    struct timespec time;

    clock_gettime(clock, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static bool between(clockid_t clock)
{
    for (unsigned i = 0; i < ROUNDS; i++) {
        int64_t before = by_call(clock);
        int64_t now = by_library(clock);
        int64_t after = by_call(clock);

        if (now < before || after < now)
            return false;
    }
    return true;
}

void test_clocks(void)
{
    struct timeval day;

    check(getauxval(AT_SYSINFO_EHDR) != 0, "there is a vDSO");
    check(between(CLOCK_REALTIME), "CLOCK_REALTIME");
    check(between(CLOCK_MONOTONIC), "CLOCK_MONOTONIC");
    check(between(CLOCK_BOOTTIME), "CLOCK_BOOTTIME");
    check(between(CLOCK_PROCESS_CPUTIME_ID), "CLOCK_PROCESS_CPUTIME_ID");
    int64_t before = by_call(CLOCK_REALTIME) / 1000;
    gettimeofday(&day, NULL);
    int64_t now = (int64_t)day.tv_sec * 1000000 + day.tv_usec;
    check(before <= now && now <= by_call(CLOCK_REALTIME) / 1000, "gettimeofday");
}
