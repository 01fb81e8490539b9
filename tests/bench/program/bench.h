// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// What the Linux system calls cost: one static program, the very same bytes on XINIM and on Linux.
//
// A row runs in batches; the cheapest batch counts, so a timer tick or a cold cache in another does
// not. Each batch is measured twice over: in ticks of the time-stamp counter, which are
// instructions under QEMU's -icount shift=0, and in nanoseconds of CLOCK_MONOTONIC, which are wall
// time without it.

#pragma once

#include <stddef.h>

enum { PATH_BYTES = 256 };

struct row {
    const char *name;
    void (*prepare)(void);        // may be NULL
    void (*run)(unsigned rounds); // calls watch_start and watch_stop around what is measured, as
                                  // often as it likes
    void (*finish)(void);         // may be NULL
    unsigned rounds;              // operations in one batch
};

void watch_start(void);
void watch_stop(void);

// Ends the program with a message if `result` is negative; returns it.
long must(long result, const char *what);

// Files of this run: <folder>/tree/deep/file is four components below a folder of one.
extern char deep_path[PATH_BYTES];
extern char tiny_path[PATH_BYTES];

extern const struct row call_rows[];
extern const struct row file_rows[];
extern const struct row memory_rows[];
extern const struct row process_rows[];
