// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Threads. All fields are object_lock's, except where noted.
//
// A blocked thread has no kernel stack: its state is here, and whoever wakes it writes the system
// call's result into its frame (or the call starts again: thread->resume). So a blocked thread can
// be killed by unlinking it.
//
//            create                      pick                       wait
//   NEW ---------------> READY <------------------------> RUNNING --------> BLOCKED_*
//                          ^            preempt                                |
//                          +---------------------------------------------------+  wake
//   any state --- kill ---> DEAD

#pragma once

#include "kernel/arch/frame_select.h"
#include "kernel/core/list.h"
#include "kernel/core/object.h"
#include "kernel/core/timer_heap.h"

struct aspace;
struct endpoint;
struct guest;
struct ipc_buffer;
struct notification;
struct page;
struct process;
struct reply;

enum thread_state {
    THREAD_READY,
    THREAD_RUNNING,
    THREAD_BLOCKED_SEND,    // in endpoint->senders: call, or a fault on its way to a pager
    THREAD_BLOCKED_RECEIVE, // in endpoint->receivers
    THREAD_BLOCKED_REPLY,   // received; thread->answerer or ->reply will answer
    THREAD_BLOCKED_WAIT,    // in notification->waiters, or only sleeping
    THREAD_BLOCKED_FUTEX,   // in a futex bucket
    THREAD_DEAD,
};

enum thread_special {
    THREAD_FAULTING =
        1, // BLOCKED_SEND / REPLY for a page: when answered, resume without writing a result
    THREAD_DEMOTED = 2, // its budget is used up: priority is below base_priority until it is woken
};

struct thread {
    struct object object;
    struct frame frame;           // user registers; written by entry code while it runs
    struct frame *active_frame;   // &frame, or its guest's registers while in the guest
    struct aspace *active_aspace; // not counted: the process, or the guest, holds it
    struct process *process;      // referenced
    struct guest *guest;          // entered by guest_run, NULL outside; referenced

    struct list in_process; // process->threads
    struct list in_queue;   // run queue, endpoint, notification or futex bucket
    uint8_t state;          // enum thread_state
    uint8_t priority; // where it is queued: base_priority, or lower when its budget is used up
    uint8_t base_priority;
    bool dying;          // to become DEAD as soon as its CPU is in the kernel
    bool kicked;         // THREAD_KICK not yet delivered
    bool leave_guest;    // kicked while inside its guest
    bool fetching_state; // READY: on its way to the CPU that holds a guest's extended state; nobody
                         // takes it from there
    bool interruptible;  // BLOCKED_FUTEX: a kick ends it
    uint8_t special;     // enum thread_special: IPC's short way is not for it
    uint32_t cpu;        // where it runs or last ran
    uint32_t affinity;   // bit mask of CPUs

    // IPC
    struct endpoint *endpoint;     // BLOCKED_SEND, BLOCKED_RECEIVE: where queued
    uint64_t badge;                // BLOCKED_SEND: of the handle it used
    struct thread *caller;         // whom this thread will answer
    struct thread *answerer;       // BLOCKED_REPLY: who will answer this thread, or
    struct reply *reply;           // BLOCKED_REPLY: the reply object that will
    struct notification *bound;    // referenced: what receive also waits for
    struct ipc_buffer *ipc_buffer; // direct-map address, in ipc_page
    struct page *ipc_page;         // referenced

    // Waiting
    struct timer_node timeout;
    struct notification *waiting_on; // BLOCKED_WAIT; NULL: sleeping
    const void *futex_object;        // BLOCKED_FUTEX: key
    uint64_t futex_offset;
    uint32_t futex_bitset;

    uint64_t fault_offset; // faulting: byte offset in the pager's object
    uint32_t fault_access;
    uint64_t cpu_ticks;   // counter ticks it has run
    uint64_t guest_ticks; // of these, in guests; while it is in one, less what it had run before
    uint64_t turn_ticks;  // of cpu_ticks: turns since it last waited, as far as schedule saw them;
                          // for the budget
};

// What a system-call handler returns when the frame is already as it must be (blocked, restarted,
// or switched).
#define SYSCALL_BLOCKED INT64_MIN

// Locks: called with object_lock held.
void thread_make_ready(struct thread *thread); // not running, in no queue
void thread_block(
    struct thread *thread,
    enum thread_state state); // the current thread, which is so no longer; caller queues it
void thread_wake(struct thread *thread,
                 int64_t result); // unlinks a blocked thread, sets its result, makes it ready
void thread_unlink(struct thread *thread); // takes it out of whatever it waits in; no result
void thread_set_priority(struct thread *thread, uint8_t priority);
void thread_set_affinity(struct thread *thread, uint32_t affinity);
void thread_set_timeout(struct thread *thread, time_ns_t deadline);
void thread_poke(const struct thread *thread); // RUNNING: its CPU is to look at what was changed
void thread_kill_locked(struct thread *thread);
void thread_end(struct thread *thread); // dying: DEAD now, or when the CPU that runs it has noticed

// Ends the current thread's wait-to-be: it must be answered by its pager before it can go on. Takes
// object_lock.
struct fault;
int64_t thread_block_on_pager(struct thread *thread, const struct fault *fault,
                              bool restart_syscall);

// No lock held. Returns 0 and a thread, not yet started, with a reference for the caller, or
// -E_NOMEM, -E_INVAL, -E_FAULT (IPC buffer not writable private memory), -E_DEAD (the process is
// dead).
int thread_create(struct process *process, const struct thread_args *args, struct thread **result);

// object_lock held. From now on it belongs to its process and runs. -E_DEAD.
int thread_start(struct thread *thread);
