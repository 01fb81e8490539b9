// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// A fuzzer of Linux's system calls, a Linux program: workers make random calls with random
// arguments, biased towards what is nearly right. A worker may die of anything, or block for ever:
// the supervisor starts the next. What must survive is the system. The same seed gives the same
// calls (not the same interleaving).

#pragma once

#include <stdint.h>
#include <sys/types.h>

enum {
    WORKERS = 4,
    STUCK_MS = 100,      // a worker that makes no call for so long is killed
    WORKER_CALLS = 4000, // calls of one worker; then a fresh process goes on
    SCRATCH_BYTES = 64 * 1024,
    USER_ID = 1000, // every second worker runs as this user
};

// In memory that supervisor and workers share, one for each worker.
struct progress {
    uint64_t calls;
    uint64_t last_number; // of the last call begun
};

struct random {
    uint64_t state;
};

// values.c
uint64_t random_next(struct random *random);
uint64_t random_below(struct random *random, uint64_t limit);

// Prepares the memory that arguments may point into; 0 or -1.
int values_prepare(void);

// One argument: a number, a descriptor, a flag word, a process id or a pointer, good or bad.
uint64_t values_argument(struct random *random);

// worker.c

// Makes `calls` random calls and exits.
void worker_run(uint64_t seed, uint64_t calls, int privileged, struct progress *progress)
    __attribute__((noreturn));
