// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Timer objects: signal a notification at a time, once or periodically, or, as watchdogs, end a
// process that has not set them anew for WATCHDOG_TURNS turns. object_lock.

#pragma once

#include "kernel/core/object.h"
#include "kernel/core/timer_heap.h"

struct timer {
    struct object object;
    struct timer_node node;
    struct object *target; // referenced: notification, or the process that it watches
    uint64_t badge;
    uint64_t period;
    uint32_t turns; // since it was set
};

// object_lock held: a node left its heap because its time has come.
void timer_expired(struct timer_node *node, time_ns_t now);
