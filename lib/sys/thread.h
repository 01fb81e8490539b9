// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Threads of a native process, and locks over the kernel's futexes.
//
// Memory order: taking a lock is an acquire, giving it back a release; semaphore_post releases to
// the semaphore_wait that it lets through; a condition orders nothing beyond the mutex it is used
// with. Locks are zero-initialised, not recursive, and work across processes only if both name them
// by the same address (they do not, so keep them inside).

#pragma once

#include "lib/sys/sys.h"

// Starts fn(argument) on a new stack of NATIVE_STACK_BYTES with a guard page. affinity 0: any CPU.
// If `thread` is not NULL it receives the thread's handle, owned by the caller. E_NOMEM: no stack
// slot or memory; E_PERM: priority.
int64_t thread_start(void (*fn)(void *), void *argument, uint32_t priority, uint32_t affinity,
                     handle_t *thread);

// Ends the calling thread and gives its stack back. A thread function that returns does this.
__attribute__((noreturn)) void thread_exit(void);

// Sleeps until the deadline.
void thread_sleep_until(time_ns_t deadline);

// ---- mutex ----

struct mutex {
    uint32_t state; // enum mutex_state in thread.c
};

void mutex_lock_slow(struct mutex *mutex);
void mutex_unlock_slow(struct mutex *mutex);

// Blocks until the mutex is the caller's.
static inline void mutex_lock(struct mutex *mutex)
{
    uint32_t free = 0;
    if (!__atomic_compare_exchange_n(&mutex->state, &free, 1, false, __ATOMIC_ACQUIRE,
                                     __ATOMIC_RELAXED))
        mutex_lock_slow(mutex);
}

static inline bool mutex_try_lock(struct mutex *mutex)
{
    uint32_t free = 0;
    return __atomic_compare_exchange_n(&mutex->state, &free, 1, false, __ATOMIC_ACQUIRE,
                                       __ATOMIC_RELAXED);
}

static inline void mutex_unlock(struct mutex *mutex)
{
    if (__atomic_exchange_n(&mutex->state, 0, __ATOMIC_RELEASE) != 1)
        mutex_unlock_slow(mutex);
}

// ---- condition ----

struct condition {
    uint32_t sequence;
    uint32_t waiters;
};

// Blocks until signalled; mutex is given back meanwhile and held again on return. May return
// without a signal, so loop over the predicate. E_TIMEDOUT: the deadline passed.
int64_t condition_wait(struct condition *condition, struct mutex *mutex, time_ns_t deadline);

// Wake one waiter, or all. The caller holds the mutex, or at least changed the predicate under it.
void condition_signal(struct condition *condition);
void condition_broadcast(struct condition *condition);

// ---- semaphore ----

struct semaphore {
    uint32_t count;
    uint32_t waiters;
};

// Blocks until the count is positive, then takes one. E_TIMEDOUT: the deadline passed.
int64_t semaphore_wait(struct semaphore *semaphore, time_ns_t deadline);

void semaphore_post(struct semaphore *semaphore);
