// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Write-back: dirty pages reach their device when somebody asks for it (fsync, sync), when they
// have been dirty for a while, and when there are too many of them: then those who write wait.
//
// An inode with dirty pages is in a list here, which holds a reference to it. At most one thread
// writes an inode back at a time (INODE_SYNCING).

#include "servers/posix/vfs/writeback.h"

#include "servers/posix/vfs/pagecache_internal.h"
#include "servers/posix/vfs/vfs_memory.h"

enum {
    BATCH = 128,         // pages handed to write_pages at once
    BACKGROUND_PART = 8, // of the pool dirty: the thread writes all that is
    HARD_PART = 2,       // likewise: writers wait
};

static struct list dirty_inodes = LIST_INIT(dirty_inodes); // longest dirty first
static uint64_t dirty_inode_count;
static uint64_t dirty_pages;
struct wait_queue writeback_wanted = WAIT_QUEUE_INIT(writeback_wanted);

static uint64_t background_limit(void)
{
    return pagecache_disk_pool.limit_pages / BACKGROUND_PART;
}

static uint64_t hard_limit(void)
{
    return pagecache_disk_pool.limit_pages / HARD_PART;
}

uint64_t writeback_dirty_pages(void)
{
    return dirty_pages;
}

// ---- what is dirty ----

static void enter_list(struct inode *inode)
{
    inode->flags |= INODE_DIRTY;
    list_add_tail(&dirty_inodes, &inode_hold(inode)->dirty_node);
    dirty_inode_count++;
}

void page_mark_dirty(struct page *page)
{
    struct inode *inode = page->inode;
    if ((page->flags & PAGE_DIRTY) != 0 || inode == NULL || inode->ops->write_pages == NULL)
        return;
    page->flags |= PAGE_DIRTY;
    dirty_pages++;
    inode->dirty_pages++;
    if ((inode->flags & INODE_DIRTY) == 0)
        enter_list(inode);
    if (dirty_inode_count == 1 || dirty_pages == background_limit())
        wait_wake_all(&writeback_wanted);
}

void page_mark_clean(struct page *page)
{
    if ((page->flags & PAGE_DIRTY) == 0)
        return;
    page->flags &= ~(uint32_t)PAGE_DIRTY;
    dirty_pages--;
    page->inode->dirty_pages--;
}

// The list's reference is the caller's now.
static void leave_list(struct inode *inode)
{
    inode->flags &= ~(uint32_t)(INODE_DIRTY | INODE_DIRTY_LONG);
    list_remove(&inode->dirty_node);
    dirty_inode_count--;
}

bool writeback_abandon(struct inode *inode)
{
    if ((inode->flags & INODE_DIRTY) == 0)
        return false;
    pagecache_truncate(inode, 0, UINT64_MAX);
    leave_list(inode);
    return true;
}

// ---- writing an inode ----

// Clean from here on: what is written meanwhile makes the page dirty again, by a guest's mapping
// too, which has to fault for it.
static void begin_clean(struct inode *inode, struct page *page)
{
    if ((page->flags & PAGE_SHARED) != 0 && inode->shared_writable != 0) {
        vfs_memory_unshare(inode->memory, page->index * PAGE_SIZE, PAGE_SIZE);
        page->flags &= ~(uint32_t)PAGE_SHARED;
    }
    page_mark_clean(page);
}

// The next run of dirty pages at or above *index, pinned, and clean now.
static unsigned collect(struct inode *inode, uint64_t *index, struct page *page[BATCH])
{
    unsigned count = 0;
    uint64_t at = *index;
    struct page *next;
    while (count < BATCH && (next = page_tree_next(&inode->pages, &at)) != NULL) {
        bool dirty = (next->flags & PAGE_DIRTY) != 0;
        if (count > 0 && (!dirty || at != page[count - 1]->index + 1))
            break;
        if (dirty) {
            begin_clean(inode, next);
            next->pins++;
            page[count++] = next;
        }
        at++;
    }
    *index = at;
    return count;
}

static int write_batch(struct inode *inode, struct page *page[BATCH], unsigned count)
{
    int error = inode->ops->write_pages(inode, page, count);
    for (unsigned i = 0; i < count; i++) {
        // A device that is gone for good never takes them.
        if (error != 0 && error != -E_NODEV)
            page_mark_dirty(page[i]);
        pagecache_put(page[i]);
    }
    return error;
}

static int write_pages(struct inode *inode)
{
    uint64_t index = 0;
    struct page *page[BATCH];
    unsigned count;
    int error = 0;
    while (inode->dirty_pages != 0 && (count = collect(inode, &index, page)) > 0 &&
           (error == 0 || error == -E_NODEV)) {
        int result = write_batch(inode, page, count);
        error = result != 0 ? result : error;
    }
    return error;
}

void writeback_exclude(struct inode *inode)
{
    while (inode->flags & INODE_SYNCING)
        (void)wait_sleep(&inode->wait, DEADLINE_NEVER, WAIT_UNINTERRUPTIBLE);
    inode->flags |= INODE_SYNCING;
}

void writeback_include(struct inode *inode)
{
    inode->flags &= ~(uint32_t)INODE_SYNCING;
    wait_wake_all(&inode->wait);
}

// The first error stays with the inode for whoever asks next.
static int write_inode(struct inode *inode)
{
    writeback_exclude(inode);
    int error = write_pages(inode);
    writeback_include(inode);
    if (error != 0 && inode->write_error == 0)
        inode->write_error = error;
    if (inode->dirty_pages == 0 && (inode->flags & INODE_DIRTY) != 0) {
        leave_list(inode);
        inode_put(inode);
    }
    return error;
}

int pagecache_sync(struct inode *inode)
{
    if (inode->ops->write_pages == NULL)
        return 0;
    (void)inode_hold(inode);
    (void)write_inode(inode);
    int error = inode->write_error;
    inode->write_error = 0;
    inode_put(inode);
    return error;
}

// ---- writing many ----

// Each inode that is dirty now once, or with `all` false those that were so at the last look.
static int write_some(bool all, const struct superblock *superblock)
{
    int result = 0;
    for (uint64_t left = dirty_inode_count; left > 0 && !list_empty(&dirty_inodes); left--) {
        struct inode *inode = list_entry(dirty_inodes.next, struct inode, dirty_node);
        list_remove(&inode->dirty_node);
        list_add_tail(&dirty_inodes, &inode->dirty_node);
        if (superblock != NULL && inode->superblock != superblock)
            continue;
        if (!all && (inode->flags & INODE_DIRTY_LONG) == 0) {
            inode->flags |= INODE_DIRTY_LONG;
            continue;
        }
        (void)inode_hold(inode);
        int error = write_inode(inode);
        inode_put(inode);
        if (error != 0 && result == 0)
            result = error;
    }
    return result;
}

int writeback_all(const struct superblock *superblock)
{
    return write_some(true, superblock);
}

static struct inode *first_dirty(const struct superblock *superblock)
{
    list_for_each(node, &dirty_inodes)
    {
        struct inode *inode = list_entry(node, struct inode, dirty_node);
        if (inode->superblock == superblock)
            return inode;
    }
    return NULL;
}

uint64_t writeback_drop(const struct superblock *superblock)
{
    uint64_t dropped = 0;
    struct inode *inode;
    while ((inode = first_dirty(superblock)) != NULL) { // the list may be another each time
        (void)inode_hold(inode);
        writeback_exclude(inode);
        dropped += inode->dirty_pages;
        if (writeback_abandon(inode))
            inode_put(inode);
        writeback_include(inode);
        inode_put(inode);
    }
    return dropped;
}

int writeback_make_room(struct inode *inode)
{
    while (dirty_pages > hard_limit()) {
        int error = inode->dirty_pages != 0 ? write_inode(inode) : write_some(true, NULL);
        if (error != 0)
            return error;
    }
    return 0;
}

// ---- for the thread ----

bool writeback_idle(void)
{
    return dirty_inode_count == 0;
}

bool writeback_urgent(void)
{
    return dirty_pages >= background_limit();
}

int writeback_look(void)
{
    return write_some(writeback_urgent(), NULL);
}
