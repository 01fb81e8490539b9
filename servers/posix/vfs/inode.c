// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Inodes: life, the table of those with outside numbers, the sleeping lock, time stamps.

#include <stdlib.h>
#include <string.h>

#include "servers/posix/pagecache.h"
#include "servers/posix/vfs/tree.h"
#include "servers/posix/vfs/writeback.h"

enum { INODE_HASH_BITS = 10, INODE_HASH_SIZE = 1 << INODE_HASH_BITS };

static struct list inode_hash[INODE_HASH_SIZE];

void inode_table_init(void)
{
    for (unsigned i = 0; i < INODE_HASH_SIZE; i++)
        list_init(&inode_hash[i]);
}

static struct list *inode_bucket(const struct superblock *superblock, uint64_t number)
{
    uint64_t mixed = (number ^ ((uint64_t)(uintptr_t)superblock >> 6)) * 0x9e3779b97f4a7c15ull;
    return &inode_hash[mixed >> (64 - INODE_HASH_BITS)];
}

struct inode *inode_create(struct superblock *superblock, uint64_t number, uint32_t mode)
{
    struct inode *inode = calloc(1, sizeof(*inode));
    if (inode == NULL)
        return NULL;
    inode->superblock = superblock;
    inode->number = number;
    inode->mode = mode;
    inode->references = 1;
    inode->links = 1;
    inode->flags = INODE_ACCESS_DUE;
    inode->modified = inode->accessed = inode->changed = inode->created = file_time_now();
    wait_queue_init(&inode->wait);
    wait_queue_init(&inode->lock_wait);
    list_init(&inode->hash_node);
    list_init(&inode->dirty_node);
    list_init(&inode->posix_locks);
    list_init(&inode->flocks);
    superblock->inodes++;
    return inode;
}

void inode_put(struct inode *inode)
{
    if (--inode->references == 1 && inode->links == 0 && writeback_abandon(inode))
        inode->references = 0;
    if (inode->references != 0)
        return;
    struct superblock *superblock = inode->superblock;
    list_remove(&inode->hash_node);
    // The file system may sleep in evict; nobody finds the inode any more.
    inode->references = 1;
    pagecache_release(inode);
    if (superblock->ops->evict != NULL)
        superblock->ops->evict(inode);
    superblock->inodes--;
    free(inode);
}

struct inode *inode_find(struct superblock *superblock, uint64_t number)
{
    list_for_each(node, inode_bucket(superblock, number))
    {
        struct inode *inode = list_entry(node, struct inode, hash_node);
        if (inode->number == number && inode->superblock == superblock)
            return inode_hold(inode);
    }
    return NULL;
}

void inode_publish(struct inode *inode)
{
    list_add_head(inode_bucket(inode->superblock, inode->number), &inode->hash_node);
}

void inode_lock(struct inode *inode)
{
    while (inode->flags & INODE_LOCKED)
        (void)wait_sleep(&inode->wait, DEADLINE_NEVER, WAIT_UNINTERRUPTIBLE);
    inode->flags |= INODE_LOCKED;
}

void inode_unlock(struct inode *inode)
{
    inode->flags &= ~(uint32_t)INODE_LOCKED;
    if (!wait_queue_empty(&inode->wait))
        wait_wake_all(&inode->wait);
}

void inode_note_accessed(struct inode *inode)
{
    enum { DAY_SECONDS = 24 * 60 * 60 };
    inode->flags &= ~(uint32_t)INODE_ACCESS_DUE;
    if (inode->superblock->flags & SUPERBLOCK_READ_ONLY)
        return;
    struct file_time now = file_time_now();
    if (file_time_before(inode->modified, inode->accessed) &&
        file_time_before(inode->changed, inode->accessed) &&
        now.seconds - inode->accessed.seconds < DAY_SECONDS)
        return;
    inode->accessed = now;
}

void inode_mark_modified(struct inode *inode)
{
    inode->modified = inode->changed = file_time_now();
    inode->flags |= INODE_ACCESS_DUE;
}

void inode_mark_changed(struct inode *inode)
{
    inode->changed = file_time_now();
    inode->flags |= INODE_ACCESS_DUE;
}
