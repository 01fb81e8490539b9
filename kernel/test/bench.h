// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// What the measuring files of kernel_test share.

#pragma once

#include "kernel/test/ktest.h"
#include "kernel/test/machine.h"

enum { ROUNDS_DEFAULT = 10000 };

extern unsigned rounds; // "ktest.bench=N" on the command line

// "bench NAME COUNT NANOSECONDS", each for one of the rounds since `start`. Not inlined:
// tools/profile.py stops there.
struct bench_start {
    uint64_t ticks;
    time_ns_t time;
};

struct bench_start bench_begin(void);
void bench_end(const char *name, struct bench_start start, uint64_t count);
void bench_report(const char *name, uint64_t ticks,
                  uint64_t count); // a count that was summed up otherwise

// A page that children see, too (shared memory survives the cloning of the address space).
volatile void *bench_shared_page(handle_t *memory);

void bench_dma(void);    // bench_dma.c
void bench_events(void); // bench_events.c
