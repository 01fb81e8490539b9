// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Timer objects: signal a notification at a time, once or periodically. object_lock.

#pragma once

#include "kernel/core/object.h"
#include "kernel/core/timer_heap.h"

struct notification;

struct timer {
    struct object object;
    struct timer_node node;
    struct notification *notification; // referenced
    uint64_t badge;
    uint64_t period;
};

// object_lock held: a node left its heap because its time has come.
void timer_expired(struct timer_node *node, time_ns_t now);
