// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Deadlines of one CPU: an intrusive pairing heap (Fredman, Sedgewick, Sleator & Tarjan, "The
// pairing heap", 1986): insertion O(1), removal O(log n) amortised, no memory of its own.
// object_lock.

#pragma once

#include "abi/types.h"

struct timer_node {
    time_ns_t deadline;
    struct timer_node *child, *sibling,
        *previous; // previous: left sibling, or parent of a first child
    uint32_t cpu;  // heap it is in
    bool queued;
    bool is_thread; // embedded in a thread, else in a timer object
};

struct timer_heap {
    struct timer_node *root;
};

void timer_heap_insert(struct timer_heap *heap, struct timer_node *node);
void timer_heap_remove(struct timer_heap *heap, struct timer_node *node);
