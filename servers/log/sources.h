// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The processes that log: their rings, their newest lines, their limits; and the kernel's log,
// through which the whole log gets its one order: each process's line is written there, too, and
// what comes back is the global store.

#pragma once

#include "lib/log_ring/log_ring.h"
#include "servers/log/limit.h"
#include "servers/log/line.h"
#include "servers/log/store.h"

enum {
    SOURCES_MAX = 512,
    SOURCE_TAIL_BYTES = 8 * 1024,
    GLOBAL_BYTES = 128 * 1024,
    TURN_LINES = 32, // of one ring, until the others and rs's heartbeat get their turn
};

struct source {
    char name[LINE_NAME_MAX];
    struct log_reader reader;
    bool has_ring; // "rs" and "kernel" write to the kernel's log only
    struct limit limit;
    struct store tail;
    uint64_t withheld;
};

// The kernel's log resource.
void sources_open(handle_t kernel_log);

// Fetches from rs the rings that are new.
void sources_fetch(handle_t rs);

enum drained {
    DRAIN_DONE,
    DRAIN_LIMITED, // a process was limited: look at its ring again after LIMIT_PAUSE_NS
    DRAIN_MORE,    // there is more, but others get their turn first
};

// Takes out what the rings and the kernel's log hold, a bounded part of it at a time, and asks for
// signals.
enum drained sources_drain(void);

// The store and counts of a service; of everything for an empty name. NULL: no such service.
struct store *sources_store(const char *name);
void sources_stats(const char *name, struct log_stats *stats);
