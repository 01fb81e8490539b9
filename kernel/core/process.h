// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Processes: an address space, a handle table and threads. object_lock.
//
// Death: the last thread gone (or process_kill) puts the process on its CPU's list of the finished;
// on the way out of the kernel, with no lock held, its handles are closed and its memory is
// released, and then its watchers are signalled. The first process keeps its handles and starts
// again (kernel/core/first_process.c).

#pragma once

#include "kernel/core/handle.h"
#include "kernel/core/list.h"
#include "kernel/core/object.h"

struct aspace;
struct notification;
struct thread;

enum { PROCESS_WATCHERS = 4 };

struct process_watcher {
    struct notification *notification; // referenced; NULL: free
    uint64_t badge;
};

struct process {
    struct object object;
    struct process *next_finished;
    struct list in_all; // process_all
    struct list threads;
    struct aspace *aspace; // referenced until death
    struct handle_table handles;
    struct process_watcher watchers[PROCESS_WATCHERS];
    bool finishing;               // death has begun; no new threads or handles
    struct process_status status; // name, id, and once dead why
    uint64_t frame_pointer;       // of the thread whose registers stand there
    uint64_t cpu_ticks;           // of threads that are gone
};

extern struct list process_all;

// A process without threads, with a reference for the caller; takes its own reference to the space.
int process_create(const char *name, size_t length, struct aspace *aspace, struct process **result);

// object_lock held. Marks every thread dying; the cause is recorded if none is yet.
void process_kill_locked(struct process *process, enum death_cause cause, int32_t code);

// object_lock held: the process's last words are where this thread stands.
void process_note_place(struct thread *thread);

// No lock held: takes down the processes that this CPU found finished.
void process_finish_pending(void);

// object_lock held: the process's last thread is gone.
void process_threads_gone(struct process *process);
