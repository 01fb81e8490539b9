// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "tests/linux/disk_load/disk_load.h"

_Noreturn void progress_run(unsigned period_ms)
{
    while (!__atomic_load_n(&counts->stop, __ATOMIC_RELAXED)) {
        struct timespec time;
        clock_gettime(CLOCK_BOOTTIME, &time);
        printf("progress %ld.%02ld %lu %lu %lu\n", (long)time.tv_sec, time.tv_nsec / 10000000,
               (unsigned long)__atomic_load_n(&counts->written, __ATOMIC_RELAXED),
               (unsigned long)__atomic_load_n(&counts->verified, __ATOMIC_RELAXED),
               (unsigned long)__atomic_load_n(&counts->errors, __ATOMIC_RELAXED));
        fflush(stdout);
        usleep(period_ms * 1000);
    }
    _exit(0);
}
