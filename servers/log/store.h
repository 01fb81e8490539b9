// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Bounded stores of log text: the newest lines of one service, or of all. Positions are running
// byte counts. Pure.

#pragma once

#include <stddef.h>
#include <stdint.h>

struct store {
    char *text; // `room` bytes, the owner's
    size_t room;
    uint64_t written; // bytes ever appended
    uint64_t first;   // of what readers may see: the start of a line
    uint64_t lines;
};

void store_open(struct store *store, char *text, size_t room);

// One whole line with its newline, at most a quarter of the room; the oldest lines make place.
void store_append(struct store *store, const char *line, size_t bytes);

// Copies up to `bytes` from `position` on, or from the oldest kept line if that is later; *begin
// receives where the copy begins. Returns the bytes copied; 0: nothing newer.
size_t store_read(const struct store *store, uint64_t position, char *to, size_t bytes,
                  uint64_t *begin);

// Readers start behind what is there now.
void store_clear(struct store *store);
