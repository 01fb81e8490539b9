// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The one lock of the posix server, and sleeping.
//
// posix_lock protects every structure of the server. It is held while a system call marked LOCKED
// runs; it is not held in guest_run, while a thread sleeps here, around IPC to another process, and
// around bulk copies (user.h). Whoever drops it must afterwards look again at everything it had
// looked at before.
//
// Sleeping: put the calling thread on a queue, sleep, look at the condition again:
//     while (!ready(object)) {
//         int error = wait_sleep(&object->readers, deadline, WAIT_INTERRUPTIBLE);
//         if (error) return error == -E_INTR ? -RESTART_SYS : error;
//     }
// The object must stay alive meanwhile: the sleeper holds a reference to it.

#pragma once

#include "abi/error.h"
#include "abi/types.h"
#include "servers/posix/list.h"

void posix_lock(void);
void posix_unlock(void);
// True if the calling thread holds the lock (for assertions).
bool posix_lock_held(void);

struct wait_queue {
    struct list entries; // struct wait_entry.node
};

enum wait_kind {
    WAIT_UNINTERRUPTIBLE, // only a wake or the deadline ends it: for waits that end soon by
                          // themselves
    WAIT_INTERRUPTIBLE,   // so does a signal that the calling task has to handle
    WAIT_KILLABLE,        // so does a signal that ends the calling process
};

// One thread's sleep. Every native thread that sleeps here has exactly one.
struct waiter {
    uint32_t word;     // 0 asleep or about to be; 1 woken
    handle_t thread;   // for kicks
    struct task *task; // NULL for a thread of the server itself
};

// A waiter's place in one queue. `wake` runs with posix_lock held and must not sleep; it may remove
// the entry.
struct wait_entry {
    struct list node;
    struct waiter *waiter;
    void (*wake)(struct wait_entry *entry);
    void *context; // for a `wake` that is somebody's own
};

void wait_queue_init(struct wait_queue *queue);
#define WAIT_QUEUE_INIT(name)     \
    {                             \
        LIST_INIT((name).entries) \
    }

// True if nobody waits: the usual case, worth a look before working out what to wake.
static inline bool wait_queue_empty(const struct wait_queue *queue)
{
    return list_empty(&queue->entries);
}

// Sleeps until the queue is woken. posix_lock is held at entry and at return, and released
// meanwhile. 0: woken (perhaps for somebody else: look at the condition again); -E_TIMEDOUT: the
// deadline (absolute monotonic time) passed; -E_INTR: a signal is pending (never for
// WAIT_UNINTERRUPTIBLE).
int wait_sleep(struct wait_queue *queue, time_ns_t deadline, enum wait_kind kind);

// Wakes all, or the one that waits longest. posix_lock held; never sleeps.
void wait_wake_all(struct wait_queue *queue);
void wait_wake_one(struct wait_queue *queue);

// Before a queue's memory goes away: wakes and detaches whoever is still on it.
void wait_queue_destroy(struct wait_queue *queue);

// The parts, for those who wait on several queues or want a callback (epoll).
void wait_entry_init(struct wait_entry *entry); // wakes the calling thread
void wait_add(struct wait_queue *queue, struct wait_entry *entry);
void wait_remove(struct wait_entry *entry); // on no queue: does nothing
struct waiter *waiter_self(void);
void waiter_wake(struct waiter *waiter);
// Sleeps until waiter_wake; a wake since waiter_prepare is not lost. Results as wait_sleep.
void waiter_prepare(struct waiter *waiter);
int waiter_sleep(struct waiter *waiter, time_ns_t deadline, enum wait_kind kind);

// ---- poll ----

enum { POLL_TABLE_INLINE = 8 };

struct poll_block;

// What one poll() collects: an entry in every queue that a file's poll operation names.
struct poll_table {
    struct wait_entry entry[POLL_TABLE_INLINE];
    unsigned used;
    struct poll_block *more; // further entries
    int error;               // -E_NOMEM: an entry found no memory
    void (*wake)(
        struct wait_entry *entry); // epoll: called in place of waking the thread; NULL otherwise
    void *context;                 // of `wake`
};

void poll_table_init(struct poll_table *table); // also prepares the calling thread's waiter
// Called by a file's poll operation for each queue that is woken when the answer may change. NULL
// table: does nothing.
void poll_wait(struct poll_table *table, struct wait_queue *queue);
// Sleeps until one of the queues is woken. Results as wait_sleep, interruptible. The caller then
// asks all files again with a NULL table and sleeps again, the entries stay.
int poll_table_sleep(struct poll_table *table, time_ns_t deadline);
void poll_table_release(struct poll_table *table);
