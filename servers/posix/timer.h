// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Things that happen at a time: one thread of the server sleeps until the earliest event and calls
// its function with posix_lock held. Interval timers and POSIX timers of processes are made of
// them, and so is timerfd.

#pragma once

#include "abi/types.h"

struct proc;

struct timer_event {
    time_ns_t deadline;
    uint32_t place;                              // in the heap, from 1; 0: not set
    void (*function)(struct timer_event *event); // must not sleep; may set the event again
};

// Calls `function` at or soon after `deadline`, instead of at what was set before. E_NOMEM (nothing
// is set then).
int timer_event_set(struct timer_event *event, time_ns_t deadline);
// Takes the event back; afterwards its function does not run.
void timer_event_clear(struct timer_event *event);
int timer_thread_start(void);

// ---- of a process ----

struct timer_set;
// Ends every timer of a process (its last thread ends, or exec).
void timer_set_destroy(struct proc *proc);
// exec: POSIX timers go, interval timers stay.
void timer_set_exec(struct proc *proc);
