// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Holds a pattern in all of SVE's registers for a while.

#pragma once

#include <stdint.h>

enum { VECTORS = 32, PREDICATES = 17, VECTOR_BYTES_MOST = 256 };

// Z0 - Z31, then P0 - P15 and FFR, as long as the CPU has them.
struct scalable {
    uint8_t bytes[VECTOR_BYTES_MOST * VECTORS + VECTOR_BYTES_MOST / 8 * PREDICATES];
};

struct hold {
    const struct scalable *in; // loaded first
    struct scalable *out;      // stored at last
    long spins;                // between the two, unless...
    volatile int *stop;        // ...this becomes other than 0
    long number, argument[3];  // then a system call; number -1: none
};

// Returns the system call's result.
long hold(const struct hold *what);
extern const char hold_spin[], hold_spun[]; // from here to there it spins
void sve_store(struct scalable *out);
long sve_vector_bytes(void);
