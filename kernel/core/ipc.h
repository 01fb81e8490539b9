// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Endpoints, notifications, replies. object_lock.

#pragma once

#include "kernel/core/list.h"
#include "kernel/core/object.h"

struct cpu;
struct frame;
struct thread;

// An endpoint outlives the processes that receive on it: whoever holds its handle keeps it, and
// callers stay queued.
struct endpoint {
    struct object object;
    struct list senders;   // thread.in_queue, BLOCKED_SEND, first come first served
    struct list receivers; // thread.in_queue, BLOCKED_RECEIVE
};

struct notification {
    struct object object;
    uint64_t bits;
    struct list waiters;  // thread.in_queue, BLOCKED_WAIT
    struct thread *bound; // its receive is ended by these bits; not counted (the thread holds the
                          // notification)
};

// A caller set aside to be answered later (SYS_REPLY_DEFER).
struct reply {
    struct object object;
    struct thread *caller; // not counted; NULL once answered or dead
};

// Message calls; they return the frame to resume.
struct frame *ipc_call(struct cpu *cpu, struct thread *self);
struct frame *ipc_reply_receive(struct cpu *cpu, struct thread *self);

// Slow parts, result in the frame. SYSCALL_BLOCKED, 0 or an error.
int64_t ipc_receive(struct thread *self);
int64_t ipc_reply(struct thread *self);
int64_t ipc_reply_defer(struct thread *self);

// object_lock held.
void notification_signal(struct notification *notification, uint64_t bits);
// The current thread calls, or waits for a page: it is received, or queued until it is.
void endpoint_queue(struct endpoint *endpoint, struct thread *caller, uint64_t badge,
                    time_ns_t deadline);
void ipc_abandon_caller(struct thread *server,
                        int64_t error); // whoever awaits this thread's answer
