// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// What the parts of disk_load share.

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    BLOCK_BYTES = 4096,
    DEVICES_MAX = 4,
    FAULTS_MAX = 16,
    KILLS_MAX = 20000,
};

// Counts of all processes, in memory that they share.
struct counts {
    uint64_t written, verified, errors;
    bool stop;        // asks the writers to end
    unsigned batches; // of each writer; 0: until `stop`
};

extern struct counts *counts;

// Says what went wrong, and counts it.
void report(const char *format, ...) __attribute__((format(printf, 1, 2)));

// ---- block.c: blocks that say what they are ----

// `block`: BLOCK_BYTES. The device's number, the block's own and the sequence number of the write.
void block_make(void *block, uint64_t device, uint64_t number, uint64_t sequence);

// Reports what is not as block_make made it.
void block_check(const void *block, uint64_t device, uint64_t number, uint64_t sequence);

uint64_t next_random(uint64_t *state); // *state not 0

// ---- writer.c ----

// Writes, syncs, reads back and verifies until counts->stop. Does not return.
_Noreturn void writer_run(const char *path, uint64_t device);

// ---- killer.c ----

struct killing {
    const char *service;           // NULL: nobody is killed
    const char *device;            // on which the next request is watched
    const char *fault[FAULTS_MAX]; // what is written to its `ctl`, in turn
    unsigned faults;
    unsigned kills;     // 0: until the time is over
    unsigned period_ms; // between the end of one recovery and the next kill
    unsigned seconds;
    unsigned progress_ms; // 0: no lines of progress
};

void killer_run(const struct killing *killing);

// ---- progress.c: a line "progress SECONDS_SINCE_BOOT WRITTEN VERIFIED ERRORS" each period ----

_Noreturn void progress_run(unsigned period_ms);
