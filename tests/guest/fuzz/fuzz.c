// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The supervisor: fuzz CALLS SEED

#include "tests/guest/fuzz/fuzz.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { TICK_MS = 10 };

struct slot {
    pid_t worker;
    uint64_t seen_calls;
    int still_ms;
};

struct totals {
    uint64_t started;
    uint64_t died; // by a signal of their own making
    uint64_t stuck;
};

static void start_worker(struct slot *slot, int index, uint64_t seed, struct progress *progress)
{
    slot->worker = fork();
    if (slot->worker == 0)
        worker_run(seed, WORKER_CALLS, index % 2, progress);
    slot->seen_calls = __atomic_load_n(&progress->calls, __ATOMIC_RELAXED);
    slot->still_ms = 0;
}

// Kills the worker, with what it forked, when it makes no call.
static void watch_worker(struct slot *slot, struct progress *progress, struct totals *totals)
{
    uint64_t calls = __atomic_load_n(&progress->calls, __ATOMIC_RELAXED);

    if (calls != slot->seen_calls) {
        slot->seen_calls = calls;
        slot->still_ms = 0;
        return;
    }
    slot->still_ms += TICK_MS;
    if (slot->still_ms == STUCK_MS) {
        kill(-slot->worker, SIGKILL);
        kill(slot->worker, SIGKILL);
        totals->stuck++;
    }
}

static void take_dead(struct slot *slots, struct totals *totals)
{
    int status;
    pid_t dead;

    while ((dead = waitpid(-1, &status, WNOHANG)) > 0) {
        for (int i = 0; i < WORKERS; i++) {
            if (slots[i].worker != dead)
                continue;
            totals->died += WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL;
            kill(-dead, SIGKILL);
            slots[i].worker = 0;
        }
    }
}

static uint64_t sum_calls(const struct progress *progress)
{
    uint64_t sum = 0;

    for (int i = 0; i < WORKERS; i++)
        sum += __atomic_load_n(&progress[i].calls, __ATOMIC_RELAXED);
    return sum;
}

static int supervise(uint64_t wanted, uint64_t seed, struct progress *progress,
                     struct totals *totals)
{
    struct timespec tick = {.tv_nsec = TICK_MS * 1000000L};
    struct slot slots[WORKERS] = {0};

    while (sum_calls(progress) < wanted) {
        for (int i = 0; i < WORKERS; i++) {
            if (slots[i].worker <= 0) {
                start_worker(&slots[i], i, seed + totals->started, &progress[i]);
                totals->started++;
            } else {
                watch_worker(&slots[i], &progress[i], totals);
            }
        }
        nanosleep(&tick, NULL);
        take_dead(slots, totals);
    }
    for (int i = 0; i < WORKERS; i++) {
        if (slots[i].worker > 0) {
            kill(-slots[i].worker, SIGKILL);
            kill(slots[i].worker, SIGKILL);
            waitpid(slots[i].worker, NULL, 0);
        }
    }
    return 0;
}

int main(int count, char **words)
{
    struct totals totals = {0};
    struct progress *progress;
    uint64_t calls;
    uint64_t seed;

    if (count != 3) {
        fprintf(stderr, "usage: fuzz CALLS SEED\n");
        return 2;
    }
    calls = strtoull(words[1], NULL, 0);
    seed = strtoull(words[2], NULL, 0);
    progress = mmap(NULL, WORKERS * sizeof *progress, PROT_READ | PROT_WRITE,
                    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (progress == MAP_FAILED) {
        fprintf(stderr, "fuzz: shared memory: %s\n", strerror(errno));
        return 1;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("fuzz: seed %llu, %llu calls\n", (unsigned long long)seed, (unsigned long long)calls);
    supervise(calls, seed, progress, &totals);
    printf("fuzz: %llu calls, %llu workers, %llu died, %llu stuck\n",
           (unsigned long long)sum_calls(progress), (unsigned long long)totals.started,
           (unsigned long long)totals.died, (unsigned long long)totals.stuck);
    return 0;
}
