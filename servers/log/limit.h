// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// How much a process may log: a token bucket in bytes of text. Pure.

#pragma once

#include "abi/types.h"

enum {
    LIMIT_BURST_BYTES = 64 * 1024,
    LIMIT_BYTES_PER_SECOND = 32 * 1024,
};
#define LIMIT_PAUSE_NS 100000000ull // a ring left alone is looked at again after this

struct limit {
    int64_t left; // bytes; below 0 after a line longer than what was left
    time_ns_t since;
};

void limit_open(struct limit *limit, time_ns_t now);

// May the process have another line taken? Refills by the time that has passed.
bool limit_allows(struct limit *limit, time_ns_t now);

// Accounts for a line taken.
void limit_take(struct limit *limit, size_t bytes);
