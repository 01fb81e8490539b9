// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Mutex, condition and semaphore over futexes.
//
// Mutex states after Drepper, "Futexes Are Tricky" (2011), third mutex: who may have to wake
// somebody writes CONTENDED, so an uncontended lock and unlock make no system call.

#include "lib/sys/thread.h"

enum mutex_state { MUTEX_FREE, MUTEX_HELD, MUTEX_CONTENDED };

// Looks at the lock this often before sleeping: about the length of a short critical section.
enum { MUTEX_SPINS = 40 };

static int64_t futex_sleep(uint32_t *word, uint32_t expected, time_ns_t deadline)
{
    struct futex_wait_args args = {
        .aspace = HANDLE_SELF,
        .address = (uint64_t)word,
        .expected = expected,
        .bitset = ~0u,
        .deadline = deadline,
    };
    return sys_futex_wait(&args);
}

static void futex_wake(uint32_t *word, uint32_t count)
{
    (void)sys_futex_wake(HANDLE_SELF, (uint64_t)word, count, ~0u); // how many is of no interest
}

void mutex_lock_slow(struct mutex *mutex)
{
    for (int i = 0; i < MUTEX_SPINS; i++) {
        if (__atomic_load_n(&mutex->state, __ATOMIC_RELAXED) == MUTEX_FREE && mutex_try_lock(mutex))
            return;
        arch_pause();
    }
    while (__atomic_exchange_n(&mutex->state, MUTEX_CONTENDED, __ATOMIC_ACQUIRE) != MUTEX_FREE)
        (void)futex_sleep(&mutex->state, MUTEX_CONTENDED, DEADLINE_NEVER); // any result: look again
}

void mutex_unlock_slow(struct mutex *mutex)
{
    futex_wake(&mutex->state, 1);
}

int64_t condition_wait(struct condition *condition, struct mutex *mutex, time_ns_t deadline)
{
    // Under the mutex: a signal for what the caller found missing changes `sequence` after this.
    uint32_t sequence = __atomic_load_n(&condition->sequence, __ATOMIC_RELAXED);
    __atomic_fetch_add(&condition->waiters, 1, __ATOMIC_RELAXED);
    mutex_unlock(mutex);
    int64_t status = futex_sleep(&condition->sequence, sequence, deadline);
    mutex_lock(mutex);
    __atomic_fetch_sub(&condition->waiters, 1, __ATOMIC_RELAXED);
    return status == -E_TIMEDOUT ? status : 0;
}

static void condition_wake(struct condition *condition, uint32_t count)
{
    // Whoever waits for our change took the mutex before we changed it, so its count is seen here.
    if (!__atomic_load_n(&condition->waiters, __ATOMIC_RELAXED))
        return;
    __atomic_fetch_add(&condition->sequence, 1, __ATOMIC_RELAXED);
    futex_wake(&condition->sequence, count);
}

void condition_signal(struct condition *condition)
{
    condition_wake(condition, 1);
}

void condition_broadcast(struct condition *condition)
{
    condition_wake(condition, UINT32_MAX);
}

static bool semaphore_take(struct semaphore *semaphore)
{
    uint32_t count = __atomic_load_n(&semaphore->count, __ATOMIC_RELAXED);
    while (count)
        if (__atomic_compare_exchange_n(&semaphore->count, &count, count - 1, false,
                                        __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
            return true;
    return false;
}

int64_t semaphore_wait(struct semaphore *semaphore, time_ns_t deadline)
{
    while (!semaphore_take(semaphore)) {
        // Announce, then look (in the kernel, at count == 0); semaphore_post adds, then looks for
        // waiters.
        __atomic_fetch_add(&semaphore->waiters, 1, __ATOMIC_SEQ_CST);
        int64_t status = futex_sleep(&semaphore->count, 0, deadline);
        __atomic_fetch_sub(&semaphore->waiters, 1, __ATOMIC_RELAXED);
        if (status == -E_TIMEDOUT)
            return semaphore_take(semaphore) ? 0 : status;
    }
    return 0;
}

void semaphore_post(struct semaphore *semaphore)
{
    __atomic_fetch_add(&semaphore->count, 1, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&semaphore->waiters, __ATOMIC_SEQ_CST))
        futex_wake(&semaphore->count, 1);
}
