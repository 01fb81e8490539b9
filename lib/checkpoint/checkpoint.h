// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// State that outlives a service: named pieces in the memory object that rs grants as "checkpoint"
// (the manifest's `checkpoint = SIZE`), which the next process finds as the last one left it.
//
// A piece is saved whole. It has two places; saving writes the one that is older, then its
// description with number and checksum, so a process that dies half-way leaves the piece as it was
// before. Whatever does not fit its checksum, or a binary of another version, is not there: state
// is discarded, never trusted because it lies at the right place.
//
// Layout: struct checkpoint_header, CHECKPOINT_PIECES struct checkpoint_piece, the pieces' places.
// A directory that is damaged is formatted anew: then nothing is there.
//
// Pure (but for checkpoint_open_granted): no system calls, no allocation, one thread. The contents
// must still be checked by the reader as far as they name things outside (sessions, handles,
// positions).

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CHECKPOINT_NAME_MAX = 24, CHECKPOINT_PIECES = 14 };

struct checkpoint_copy {
    uint64_t number; // of the saving; the higher one counts; 0: never written
    uint32_t version;
    uint32_t bytes;
    uint64_t sum; // of the three above and the contents
};

struct checkpoint_piece {
    char name[CHECKPOINT_NAME_MAX]; // empty: free, as are all after it
    uint32_t offset, room;          // of both places, each `room` bytes
    uint64_t sum;                   // of the above
    struct checkpoint_copy copy[2];
};
_Static_assert(sizeof(struct checkpoint_piece) == 88, "read by the next incarnation");

struct checkpoint_header {
    uint64_t magic;
    uint64_t bytes; // of the memory
};
_Static_assert(sizeof(struct checkpoint_header) == 16, "read by the next incarnation");

// Smallest memory that holds one piece of `bytes` bytes.
#define CHECKPOINT_BYTES(bytes)                                                               \
    (sizeof(struct checkpoint_header) + CHECKPOINT_PIECES * sizeof(struct checkpoint_piece) + \
     2 * (((size_t)(bytes) + 7) & ~(size_t)7))

struct checkpoint {
    uint8_t *memory; // 8-byte aligned
    size_t bytes;
};

// Takes the memory as it is, or formats it if it is new or damaged. -E_INVAL: it is too small.
int checkpoint_open(struct checkpoint *checkpoint, void *memory, size_t bytes);

// Maps the memory that rs granted, for as long as the process lives, and takes it (grant.c).
// -E_NOENT: the manifest has no `checkpoint`.
int checkpoint_open_granted(struct checkpoint *checkpoint);

// Saves a piece. Its first saving decides how long it may ever be (`bytes` rounded up to 8).
// -E_NOMEM: no room for another piece, or it has become longer. -E_INVAL: no name, or too long.
int checkpoint_save(struct checkpoint *checkpoint, const char *name, uint32_t version,
                    const void *data, size_t bytes);

// Copies what was saved last to `to` and returns its length. -E_NOENT: there is none, or none of
// this version that is whole. -E_2BIG: more than `room`.
int64_t checkpoint_load(const struct checkpoint *checkpoint, const char *name, uint32_t version,
                        void *to, size_t room);

// Checksum of what its user lays out himself (FNV-1a, 64 bits). `sum`: CHECKPOINT_SUM, or the
// result of the part before.
#define CHECKPOINT_SUM 0xcbf29ce484222325ull
uint64_t checkpoint_sum(uint64_t sum, const void *data, size_t bytes);
