// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Memory that a successor finds as it was at the last commit, whatever its user was doing when it
// died. Pure: no system calls, no allocation, one thread.
//
// The memory holds areas, each an array of pieces of one size. A piece has two places. commit_put
// writes the one that does not count; commit_end makes all that were put since count at once, with
// one store. A place is numbered with the commit from which it counts, and has a checksum. What is
// numbered beyond the last commit never came about. A place that should count and does not fit its
// checksum makes all the memory worthless: the other place of the piece is of another time.

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct commit_area {
    size_t pieces, bytes; // bytes of each, a multiple of 8
};

struct commit {
    uint64_t *memory;
    const struct commit_area *area;
    unsigned areas;
    bool changed; // something was put since the last commit
};

// Bytes of memory that the areas take.
size_t commit_bytes(const struct commit_area *area, unsigned areas);

// Takes the memory as it is (8-byte aligned, commit_bytes long). 1: there is a commit; 0: it is
// new, all zero, or nothing was ever committed; -E_IO: it is damaged, or of other areas.
int commit_open(struct commit *commit, void *memory, const struct commit_area *area,
                unsigned areas);

// Is it this what was put last, as far as its first `bytes` go?
bool commit_has(const struct commit *commit, unsigned area, size_t index, const void *data,
                size_t bytes);

// The piece is to be this from the next commit on. What it is already costs a comparison.
void commit_put(struct commit *commit, unsigned area, size_t index, const void *data);

void commit_end(struct commit *commit);

// The piece as it was put last; after commit_open that is the last commit. -E_NOENT: it was never
// put. -E_IO: it is damaged.
int commit_get(const struct commit *commit, unsigned area, size_t index, void *data);
