// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// bench FOLDER [NAME[=ROUNDS] ...]: measures all rows, or the named ones; one line each, per
// operation: "NAME TICKS NANOSECONDS". FOLDER: of one component, on tmpfs, and holds the program
// `tiny`.

#include "tests/bench/program/bench.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { BATCHES = 6 };

char deep_path[PATH_BYTES];
char tiny_path[PATH_BYTES];

struct measure {
    uint64_t ticks, nanoseconds;
};

static struct measure started;
static struct measure total;

// The processor's counter, so scaled that it counts instructions under QEMU's -icount shift=0,
// where each takes 1 ns. aarch64's counter runs slower than that.
static uint64_t processor_ticks(void)
{
#if defined(__x86_64__)
    uint32_t low;
    uint32_t high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high)::"memory");
    return (uint64_t)high << 32 | low;
#else
    const uint64_t ns_per_second = 1000000000;
    uint64_t count, hz;
    __asm__ volatile("isb; mrs %0, cntvct_el0; mrs %1, cntfrq_el0"
                     : "=r"(count), "=r"(hz)::"memory");
    return count * (ns_per_second / hz);
#endif
}

static struct measure sample(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (struct measure){processor_ticks(),
                            (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec};
}

__attribute__((noinline)) void watch_start(void)
{
    started = sample();
}

__attribute__((noinline)) void watch_stop(void)
{
    struct measure now = sample();

    total.ticks += now.ticks - started.ticks;
    total.nanoseconds += now.nanoseconds - started.nanoseconds;
}

static struct measure smaller(struct measure a, struct measure b)
{
    return (struct measure){a.ticks < b.ticks ? a.ticks : b.ticks,
                            a.nanoseconds < b.nanoseconds ? a.nanoseconds : b.nanoseconds};
}

static void run_row(const struct row *row, unsigned rounds)
{
    struct measure best = {UINT64_MAX, UINT64_MAX};

    if (row->prepare != NULL)
        row->prepare();
    for (unsigned i = 0; i < BATCHES; i++) {
        total = (struct measure){0, 0};
        row->run(rounds);
        best = smaller(best, total);
    }
    if (row->finish != NULL)
        row->finish();
    printf("%s %.1f %.1f\n", row->name, (double)best.ticks / rounds,
           (double)best.nanoseconds / rounds);
    fflush(stdout);
}

// 0: the row is not wanted.
static unsigned wanted_rounds(const struct row *row, char **names)
{
    size_t length = strlen(row->name);

    if (*names == NULL)
        return row->rounds;
    for (; *names != NULL; names++) {
        if (strncmp(*names, row->name, length) != 0)
            continue;
        if ((*names)[length] == '\0')
            return row->rounds;
        if ((*names)[length] == '=')
            return (unsigned)strtoul(*names + length + 1, NULL, 10);
    }
    return 0;
}

static void make_files(const char *folder)
{
    char path[PATH_BYTES];

    snprintf(path, sizeof path, "%s/tree", folder);
    if (mkdir(path, 0755) < 0 && errno != EEXIST)
        must(-1, path);
    snprintf(path, sizeof path, "%s/tree/deep", folder);
    if (mkdir(path, 0755) < 0 && errno != EEXIST)
        must(-1, path);
    snprintf(deep_path, sizeof deep_path, "%s/tree/deep/file", folder);
    snprintf(tiny_path, sizeof tiny_path, "%s/tiny", folder);
}

int main(int argc, char **argv)
{
    static const struct row *const groups[] = {call_rows, file_rows, memory_rows, process_rows};

    if (argc < 2) {
        fprintf(stderr, "usage: bench FOLDER [NAME ...]\n");
        return 2;
    }
    make_files(argv[1]);
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++) {
        for (const struct row *row = groups[i]; row->name != NULL; row++) {
            unsigned rounds = wanted_rounds(row, argv + 2);
            if (rounds != 0)
                run_row(row, rounds);
        }
    }
    return 0;
}
