// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Advisory locks. Records of one owner never overlap and touching ones of the same type are joined;
// a list an inode.

#include <stdlib.h>

#include "servers/posix/signal.h"
#include "servers/posix/vfs/locks.h"

struct file_lock {
    struct list node;
    const void *owner;
    enum lock_type type;
    uint64_t first, last;
    int32_t pid;
};

// Who sleeps for whom, to see cycles before they close.
struct lock_wait {
    struct list node;
    const void *owner, *blocker;
};

static struct list waiting = LIST_INIT(waiting);

static struct file_lock *record_conflict(struct inode *inode, const struct lock_request *request)
{
    list_for_each(node, &inode->posix_locks)
    {
        struct file_lock *lock = list_entry(node, struct file_lock, node);
        if (lock->owner != request->owner && lock->first <= request->last &&
            request->first <= lock->last &&
            (lock->type == LOCK_WRITE || request->type == LOCK_WRITE))
            return lock;
    }
    return NULL;
}

// Would `owner` waiting for `blocker` wait for itself?
static bool would_deadlock(const void *owner, const void *blocker)
{
    enum { STEPS_MAX = 64 };
    for (unsigned steps = 0; steps < STEPS_MAX; steps++) {
        if (blocker == owner)
            return true;
        const void *next = NULL;
        list_for_each(node, &waiting)
        {
            struct lock_wait *wait = list_entry(node, struct lock_wait, node);
            if (wait->owner == blocker) {
                next = wait->blocker;
                break;
            }
        }
        if (next == NULL)
            return false;
        blocker = next;
    }
    return false;
}

static struct file_lock *lock_create(const struct lock_request *request)
{
    struct file_lock *lock = malloc(sizeof(*lock));
    if (lock == NULL)
        return NULL;
    *lock = (struct file_lock){
        .owner = request->owner,
        .type = request->type,
        .first = request->first,
        .last = request->last,
        .pid = request->pid,
    };
    list_init(&lock->node);
    return lock;
}

static void lock_free(struct file_lock *lock)
{
    list_remove(&lock->node);
    free(lock);
}

// Makes room for `request` among its owner's records: cuts what overlaps, joins what touches into
// *request's range. `spare` becomes the second half of a record that is cut in the middle; true if
// it was used.
static bool records_cut(struct inode *inode, struct lock_request *request, struct file_lock *spare)
{
    bool used = false;
    list_for_each_safe(node, &inode->posix_locks)
    {
        struct file_lock *lock = list_entry(node, struct file_lock, node);
        if (lock->owner != request->owner)
            continue;
        if (lock->type == request->type) {
            bool apart = (request->last != UINT64_MAX && lock->first > request->last + 1) ||
                         (lock->last != UINT64_MAX && request->first > lock->last + 1);
            if (apart)
                continue;
            if (lock->first < request->first)
                request->first = lock->first;
            if (lock->last > request->last)
                request->last = lock->last;
            lock_free(lock);
            continue;
        }
        if (lock->first > request->last || request->first > lock->last)
            continue;
        bool head = lock->first<request->first, tail = lock->last> request->last;
        if (head && tail) {
            *spare = *lock;
            list_init(&spare->node);
            spare->first = request->last + 1;
            lock->last = request->first - 1;
            list_add_tail(&inode->posix_locks, &spare->node);
            used = true;
        } else if (head) {
            lock->last = request->first - 1;
        } else if (tail) {
            lock->first = request->last + 1;
        } else {
            lock_free(lock);
        }
    }
    return used;
}

static int record_wait(struct inode *inode, const struct lock_request *request,
                       const struct file_lock *blocker)
{
    if (request->pid >= 0 && would_deadlock(request->owner, blocker->owner))
        return -E_DEADLK;
    struct lock_wait wait = {.owner = request->owner, .blocker = blocker->owner};
    list_add_tail(&waiting, &wait.node);
    int error = wait_sleep(&inode->lock_wait, DEADLINE_NEVER, WAIT_INTERRUPTIBLE);
    list_remove(&wait.node);
    return error == -E_INTR ? -RESTART_SYS : error;
}

int locks_set_record(struct inode *inode, const struct lock_request *request)
{
    struct file_lock *blocker;
    while (request->type != LOCK_UNLOCK && (blocker = record_conflict(inode, request)) != NULL) {
        int error = request->wait ? record_wait(inode, request, blocker) : -E_AGAIN;
        if (error != 0)
            return error;
    }
    struct file_lock *lock = lock_create(request), *spare = lock_create(request);
    if (lock == NULL || spare == NULL) {
        free(lock);
        free(spare);
        return -E_NOMEM;
    }
    struct lock_request joined = *request;
    if (!records_cut(inode, &joined, spare))
        free(spare);
    if (request->type == LOCK_UNLOCK) {
        free(lock);
    } else {
        lock->first = joined.first;
        lock->last = joined.last;
        list_add_tail(&inode->posix_locks, &lock->node);
    }
    wait_wake_all(&inode->lock_wait);
    return 0;
}

bool locks_test_record(struct inode *inode, const struct lock_request *request,
                       struct lock_request *found)
{
    const struct file_lock *lock = record_conflict(inode, request);
    if (lock == NULL)
        return false;
    *found = (struct lock_request){
        .owner = lock->owner,
        .type = lock->type,
        .first = lock->first,
        .last = lock->last,
        .pid = lock->pid,
    };
    return true;
}

static bool flock_drop(struct inode *inode, const void *owner)
{
    list_for_each(node, &inode->flocks)
    {
        struct file_lock *lock = list_entry(node, struct file_lock, node);
        if (lock->owner == owner) {
            lock_free(lock);
            return true;
        }
    }
    return false;
}

static bool flock_conflict(const struct inode *inode, const void *owner, enum lock_type type)
{
    list_for_each(node, &inode->flocks)
    {
        const struct file_lock *lock = list_entry(node, struct file_lock, node);
        if (lock->owner != owner && (type == LOCK_WRITE || lock->type == LOCK_WRITE))
            return true;
    }
    return false;
}

int locks_set_flock(struct file *file, enum lock_type type, bool wait)
{
    struct inode *inode = file->inode;
    // Changing the type gives the old lock up first, as Linux does.
    if (flock_drop(inode, file))
        wait_wake_all(&inode->lock_wait);
    if (type == LOCK_UNLOCK)
        return 0;
    while (flock_conflict(inode, file, type)) {
        if (!wait)
            return -E_AGAIN;
        int error = wait_sleep(&inode->lock_wait, DEADLINE_NEVER, WAIT_INTERRUPTIBLE);
        if (error != 0)
            return error == -E_INTR ? -RESTART_SYS : error;
    }
    struct lock_request request = {.owner = file, .type = type, .last = UINT64_MAX};
    struct file_lock *lock = lock_create(&request);
    if (lock == NULL)
        return -E_NOMEM;
    (void)flock_drop(inode, file); // another thread's, through the same open file, while we slept
    list_add_tail(&inode->flocks, &lock->node);
    file->locks = inode;
    return 0;
}

void locks_release_owner(struct inode *inode, const void *owner)
{
    bool any = false;
    list_for_each_safe(node, &inode->posix_locks)
    {
        struct file_lock *lock = list_entry(node, struct file_lock, node);
        if (lock->owner == owner) {
            lock_free(lock);
            any = true;
        }
    }
    if (any)
        wait_wake_all(&inode->lock_wait);
}

void locks_release_file(struct file *file)
{
    locks_release_owner(file->inode, file);
    if (flock_drop(file->inode, file))
        wait_wake_all(&file->inode->lock_wait);
}

void locks_each(struct inode *inode,
                void (*visit)(const struct lock_request *lock, bool flock, void *context),
                void *context)
{
    struct list *lists[] = {&inode->posix_locks, &inode->flocks};
    for (unsigned i = 0; i < 2; i++) {
        list_for_each(node, lists[i])
        {
            const struct file_lock *lock = list_entry(node, struct file_lock, node);
            struct lock_request view = {.owner = lock->owner,
                                        .type = lock->type,
                                        .first = lock->first,
                                        .last = lock->last,
                                        .pid = lock->pid};
            visit(&view, i == 1, context);
        }
    }
}
