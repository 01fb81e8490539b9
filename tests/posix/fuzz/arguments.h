// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Arguments for random system calls: each kind has its interesting values, and now and then gets
// another's.

#pragma once

#include <stdint.h>

// The kinds of servers/posix/syscalls.def.
enum argument_kind {
    ARG_NONE,
    ARG_FD,
    ARG_PATH,
    ARG_IN,
    ARG_OUT,
    ARG_INOUT,
    ARG_SIZE,
    ARG_ADDRESS,
    ARG_OFFSET,
    ARG_FLAGS,
    ARG_MODE,
    ARG_ID,
    ARG_PID,
    ARG_SIGNAL,
    ARG_INT,
    ARG_KINDS,
};

// xorshift64*: the same everywhere for the same seed (Vigna, "An experimental exploration of
// Marsaglia's xorshift generators, scrambled", 2016).
struct random {
    uint64_t state; // never 0
};

uint64_t random_next(struct random *random);
static inline uint64_t random_below(struct random *random, uint64_t limit)
{
    return random_next(random) % limit;
}

// Makes the memory that address arguments point at; once in each process that calls. 0, or -1: no
// memory.
int arguments_prepare(void);
// New contents for that memory, so that structures in it are now zero, now small numbers, now
// anything.
void arguments_shuffle(struct random *random);
uint64_t argument_value(struct random *random, enum argument_kind kind);
