// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Checks of the lock order (kernel/core/lock.h), in builds with XINIM_CHECKS. A CPU holds at most
// one lock of a rank.

#include "kernel/core/lock.h"

#ifdef XINIM_CHECKS

#include "kernel/core/cpu.h"
#include "kernel/core/panic.h"

void lock_check_acquire(const struct spinlock *lock)
{
    struct cpu *cpu = this_cpu();
    if (cpu->lock_ranks >> lock->rank != 0) {
        panic("lock of rank %u taken with ranks %lx held", lock->rank, cpu->lock_ranks);
    }
    cpu->lock_ranks |= 1ull << lock->rank;
}

void lock_check_release(const struct spinlock *lock)
{
    lock_assert_held(lock);
    this_cpu()->lock_ranks &= ~(1ull << lock->rank);
}

void lock_assert_held(const struct spinlock *lock)
{
    if ((this_cpu()->lock_ranks >> lock->rank & 1) == 0 || lock->locked == 0) {
        panic("lock of rank %u is not held", lock->rank);
    }
}

#endif
