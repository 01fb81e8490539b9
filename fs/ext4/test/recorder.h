// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// A device in memory that remembers every write and flush, and makes from them what a crash at any
// moment may leave: all that was flushed, and any part of what was written since, in units of
// CRASH_UNIT bytes (a device writes that much or nothing).

#pragma once

#include "lib/fs/block_source.h"

#include <stdbool.h>

enum { CRASH_UNIT = 1024 };

enum recorder_kind { RECORDER_WRITE, RECORDER_FLUSH, RECORDER_NOTE };

struct recorder_event {
    enum recorder_kind kind;
    uint64_t offset;
    size_t bytes;
    uint8_t *data;
    uint64_t note[2];
};

struct recorder {
    uint8_t *bytes; // what reads see
    uint8_t *start; // what was there at first
    size_t size;
    struct recorder_event *event;
    size_t count, room;
    uint64_t changes;      // writes and flushes so far
    uint64_t fail_at;      // this one fails, counted from 1, and all behind; 0: none
    uint64_t forbidden[2]; // no write may touch [first, end); both 0: none
};

void recorder_init(struct recorder *recorder, const uint8_t *bytes, size_t size);
// Another content of the same size, nothing recorded: cheaper than a new one.
void recorder_reset(struct recorder *recorder, const uint8_t *bytes);
void recorder_free(struct recorder *recorder);
struct block_source recorder_source(struct recorder *recorder);

// Something that the test wants to know about this moment.
void recorder_note(struct recorder *recorder, uint64_t first, uint64_t second);

enum crash_kind { CRASH_ALL, CRASH_NONE, CRASH_RANDOM, CRASH_KINDS };

// Goes through the moments of a recording.
struct crash {
    const struct recorder *recorder;
    uint8_t *flushed; // the device as its last flush left it
    size_t at;        // events before the moment
    size_t since;     // first event behind the flush
    uint64_t note[2]; // the last before the moment
};

void crash_init(struct crash *crash, const struct recorder *recorder);
void crash_free(struct crash *crash);
// To the next moment (behind the next event). False: there is none.
bool crash_next(struct crash *crash);
// What the device holds after a crash at this moment; `random` is a state of random_next.
void crash_image(const struct crash *crash, enum crash_kind kind, uint64_t *random, uint8_t *to);

// xorshift64* (Vigna, 2016); the state is not 0.
uint32_t random_next(uint64_t *random, uint32_t limit);
