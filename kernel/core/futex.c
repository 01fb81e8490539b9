// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Futexes: waiting for a 32-bit word in memory to change. (Franke, Russell & Kirkwood, "Fuss,
// futexes and furwocks", OLS 2002.)
//
// No wake-up is lost: the waiter compares and queues itself under object_lock with the word's page
// held in place (aspace_futex_hold keeps the space's lock); a waker stores first and then scans the
// bucket under object_lock. If the scan comes before the waiter's, the store was before its
// comparison, which then fails.

#include "kernel/core/futex.h"

#include "abi/error.h"
#include "kernel/core/handle.h"
#include "kernel/core/lock.h"
#include "kernel/core/syscall.h"
#include "kernel/core/thread.h"
#include "kernel/mm/aspace.h"

enum { FUTEX_BUCKETS = 256 };

static struct list buckets[FUTEX_BUCKETS];

void futex_init(void)
{
    for (unsigned i = 0; i < FUTEX_BUCKETS; i++) {
        list_init(&buckets[i]);
    }
}

static struct list *bucket_of(const struct futex_key *key)
{
    uint64_t hash = ((uint64_t)key->object >> 4) + (key->offset >> 2) * 0x9e3779b97f4a7c15ull;
    return &buckets[(hash >> 32 ^ hash) % FUTEX_BUCKETS];
}

static int64_t futex_wait(struct thread *thread, struct aspace *aspace,
                          const struct futex_wait_args *args)
{
    struct futex_key key;
    struct futex_hold hold;
    struct fault fault;
    int error = aspace_futex_hold(aspace, args->address, &hold, &key, &fault);
    if (error != 0) {
        return error == -E_AGAIN ? user_await_page(thread, &fault) : error;
    }
    int64_t result = SYSCALL_BLOCKED;
    spin_lock(&object_lock);
    if (__atomic_load_n(hold.word, __ATOMIC_SEQ_CST) != args->expected) {
        result = -E_AGAIN;
    } else if (args->deadline == DEADLINE_NOW) {
        result = -E_TIMEDOUT;
    } else if ((args->flags & FUTEX_INTERRUPTIBLE) != 0 && thread->kicked) {
        thread->kicked = false;
        result = -E_INTR;
    } else {
        thread->futex_object = key.object;
        thread->futex_offset = key.offset;
        thread->futex_bitset = args->bitset;
        thread->interruptible = (args->flags & FUTEX_INTERRUPTIBLE) != 0;
        thread_block(thread, THREAD_BLOCKED_FUTEX);
        list_append(bucket_of(&key), &thread->in_queue);
        thread_set_timeout(thread, args->deadline);
    }
    spin_unlock(&object_lock);
    aspace_futex_release(&hold);
    return result;
}

// object_lock held. Wakes waiters on `key`, or moves them to another key.
static uint32_t wake_matching(const struct futex_key *key, uint32_t count, uint32_t bitset,
                              const struct futex_key *move_to)
{
    struct list *bucket = bucket_of(key);
    uint32_t done = 0;
    for (struct list *entry = bucket->next, *next; entry != bucket && done < count; entry = next) {
        next = entry->next;
        struct thread *thread = CONTAINER_OF(entry, struct thread, in_queue);
        if (thread->futex_object != key->object || thread->futex_offset != key->offset ||
            (thread->futex_bitset & bitset) == 0) {
            continue;
        }
        done++;
        if (move_to == NULL) {
            thread_wake(thread, 0);
        } else if (move_to->object != key->object ||
                   move_to->offset != key->offset) { // else it would be found again
            list_remove(entry);
            thread->futex_object = move_to->object;
            thread->futex_offset = move_to->offset;
            list_append(bucket_of(move_to), entry);
        }
    }
    return done;
}

int64_t sys_futex_wait(struct thread *thread, const uint64_t *arg)
{
    struct futex_wait_args args;
    int64_t error = user_get(thread, &args, arg[0], sizeof(args));
    if (error != 0) {
        return error;
    }
    if (args.bitset == 0 || (args.flags & ~(uint32_t)FUTEX_INTERRUPTIBLE) != 0) {
        return -E_INVAL;
    }
    struct aspace *aspace;
    error = handle_get_aspace(thread, args.aspace, RIGHT_READ, &aspace);
    if (error != 0) {
        return error;
    }
    error = futex_wait(thread, aspace, &args);
    object_put(&aspace->object);
    return error;
}

static int64_t futex_key(struct thread *thread, struct aspace *aspace, uint64_t address,
                         uint32_t *value, struct futex_key *key)
{
    struct fault fault;
    int error = aspace_futex_load(aspace, address, value, key, &fault);
    return error == -E_AGAIN ? user_await_page(thread, &fault) : error;
}

int64_t sys_futex_wake(struct thread *thread, const uint64_t *arg)
{
    struct aspace *aspace;
    int64_t result = handle_get_aspace(thread, arg[0], RIGHT_READ, &aspace);
    if (result != 0) {
        return result;
    }
    struct futex_key key;
    uint32_t value;
    result = futex_key(thread, aspace, arg[1], &value, &key);
    if (result == 0) {
        spin_lock(&object_lock);
        result = wake_matching(&key, (uint32_t)arg[2], (uint32_t)arg[3], NULL);
        spin_unlock(&object_lock);
    }
    object_put(&aspace->object);
    return result;
}

int64_t sys_futex_requeue(struct thread *thread, const uint64_t *arg)
{
    struct aspace *aspace;
    int64_t result = handle_get_aspace(thread, arg[0], RIGHT_READ, &aspace);
    if (result != 0) {
        return result;
    }
    struct futex_key from;
    struct futex_key to;
    uint32_t value;
    uint32_t unused;
    result = futex_key(thread, aspace, arg[2], &unused, &to);
    if (result == 0) {
        result = futex_key(thread, aspace, arg[1], &value, &from);
    }
    if (result == 0 && value != (uint32_t)arg[5]) {
        result = -E_AGAIN;
    }
    if (result == 0) {
        spin_lock(&object_lock);
        result = wake_matching(&from, (uint32_t)arg[3], ~0u, NULL);
        result += wake_matching(&from, (uint32_t)arg[4], ~0u, &to);
        spin_unlock(&object_lock);
    }
    object_put(&aspace->object);
    return result;
}
