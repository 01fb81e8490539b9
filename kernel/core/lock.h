// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Spin locks with ranks.
//
// The kernel runs with interrupts disabled, so a lock is never taken twice on one CPU by nesting of
// interrupts. A CPU may take a lock only while all locks it holds have a lower rank; debug builds
// check it. Two address spaces are never locked at once. While it spins, a CPU answers TLB
// shootdowns (cpu_relax_in_kernel), because the holder may be waiting for its answer.
//
// docs/locking.md lists what each lock protects.

#pragma once

#include "abi/types.h"

enum lock_rank {
    LOCK_NONE,
    LOCK_ASPACE, // struct aspace: regions, page tables
    LOCK_MEMORY, // struct memory: pages, list of regions that map it
    LOCK_DMA,    // struct dma: its mappings, the tables of its domain
    LOCK_OBJECT, // handle tables, threads' states, run queues, endpoints, notifications, timers,
                 // futexes: one lock
    LOCK_IOMMU, // units between devices and memory: their queues, entries of devices and interrupts
    LOCK_HEAP,  // kernel heap
    LOCK_PAGE,  // page allocator
    LOCK_CONSOLE, // log ring and early console
    LOCK_RANKS,
};

struct spinlock {
    uint32_t locked;
    uint32_t rank;
};

#define SPINLOCK(lock_rank)              \
    {                                    \
        .locked = 0, .rank = (lock_rank) \
    }

void cpu_relax_in_kernel(void);

#ifdef XINIM_CHECKS
void lock_check_acquire(const struct spinlock *lock);
void lock_check_release(const struct spinlock *lock);
void lock_assert_held(const struct spinlock *lock);
#else
static inline void lock_check_acquire(const struct spinlock *lock)
{
    (void)lock;
}
static inline void lock_check_release(const struct spinlock *lock)
{
    (void)lock;
}
static inline void lock_assert_held(const struct spinlock *lock)
{
    (void)lock;
}
#endif

static inline void spin_lock(struct spinlock *lock)
{
    lock_check_acquire(lock);
    while (__builtin_expect(__atomic_exchange_n(&lock->locked, 1, __ATOMIC_ACQUIRE) != 0, 0)) {
        while (__atomic_load_n(&lock->locked, __ATOMIC_RELAXED) != 0) {
            cpu_relax_in_kernel();
        }
    }
}

// For a path that must not call anything: takes the lock if it is free; else spin_await, from
// another function, and again.
static inline bool spin_try_lock(struct spinlock *lock)
{
    if (__builtin_expect(__atomic_exchange_n(&lock->locked, 1, __ATOMIC_ACQUIRE) != 0, 0)) {
        return false;
    }
    lock_check_acquire(lock);
    return true;
}

static inline void spin_await(const struct spinlock *lock)
{
    while (__atomic_load_n(&lock->locked, __ATOMIC_RELAXED) != 0) {
        cpu_relax_in_kernel();
    }
}

static inline void spin_unlock(struct spinlock *lock)
{
    lock_check_release(lock);
    __atomic_store_n(&lock->locked, 0, __ATOMIC_RELEASE);
}

// The one lock of rank LOCK_OBJECT ("For a Microkernel, a Big Lock Is Fine", Peters et al., APSys
// 2015): its holders run for a few hundred instructions at most; memory work has locks of its own.
extern struct spinlock object_lock;
