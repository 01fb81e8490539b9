// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The page cache: finding, filling, reading, writing and dropping pages. What guests map is in
// pagecache_map.c, what is dirty in writeback.c.
//
// Two pools. Pages of disk files lie in one that block drivers have attached, bounded; the least
// recently used clean ones make room (second chance; pages that guests map go last). Pages of file
// systems without backing store (tmpfs) lie in the other; they stay until their file drops them.
//
// A page enters its inode's tree either busy (a fill is under way, others wait on inode->wait) or
// complete: nobody ever sees stale contents. A page that was dropped while somebody had it pinned
// has inode NULL and goes with its last pin.

#include "servers/posix/vfs/pagecache_internal.h"

#include <string.h>

#include "servers/posix/user.h"
#include "servers/posix/vfs/writeback.h"

enum {
    READAHEAD_FIRST = 4, // pages read for a first access
    READAHEAD_MAX = 64,  // pages a sequential reader gets ahead
    RUN_MAX = 15, // neighbouring pages copied at once: below the size at which user_buffer_put
                  // drops posix_lock
};

struct page_pool pagecache_disk_pool, pagecache_memory_pool;
static struct list lru = LIST_INIT(lru); // least recently used first
static struct pagecache_stats stats;

int pagecache_init(uint64_t limit_bytes)
{
    uint64_t total, available;
    vfs_memory_totals(&total, &available);
    list_init(&lru);
    memset(&stats, 0, sizeof(stats));
    if (limit_bytes < CHUNK_BYTES)
        limit_bytes = CHUNK_BYTES;
    if (total < CHUNK_BYTES)
        total = CHUNK_BYTES;
    int error = page_pool_init(&pagecache_disk_pool, limit_bytes, true);
    return error != 0 ? error : page_pool_init(&pagecache_memory_pool, total, false);
}

void pagecache_get_stats(struct pagecache_stats *out)
{
    *out = stats;
    out->cached_bytes = pagecache_disk_pool.used_pages * PAGE_SIZE;
    out->shared_bytes = pagecache_memory_pool.used_pages * PAGE_SIZE;
    out->dirty_bytes = writeback_dirty_pages() * PAGE_SIZE;
}

static inline bool has_backing(const struct inode *inode)
{
    return inode->ops->read_pages != NULL;
}

static inline struct page *page_find(const struct inode *inode, uint64_t index)
{
    return page_tree_find(&inode->pages, index);
}

// ---- life of a page ----

static inline struct page *page_pin(struct page *page)
{
    page->pins++;
    return page;
}

static inline void page_unpin(struct page *page)
{
    if (--page->pins == 0 && page->inode == NULL)
        page_pool_give(page);
}

// Out of the tree and, as soon as nobody has it pinned, back to its pool.
void page_drop(struct page *page)
{
    struct inode *inode = page->inode;
    (void)page_tree_remove(&inode->pages, page->index);
    page_mark_clean(page);
    if (page->flags & PAGE_SHARED)
        vfs_memory_unshare(inode->memory, page->index * PAGE_SIZE, PAGE_SIZE);
    list_remove(&page->lru_node);
    page->inode = NULL;
    page->flags = 0;
    if (page->pins == 0)
        page_pool_give(page);
}

void pagecache_put(struct page *page)
{
    page_unpin(page);
}

static bool page_evictable(const struct page *page)
{
    return page->pins == 0 && (page->flags & (PAGE_BUSY | PAGE_DIRTY)) == 0;
}

// Frees up to `count` pages. First only such as nobody has used since the last look and no guest
// maps.
static uint64_t evict(uint64_t count)
{
    uint64_t freed = 0;
    for (int pass = 0; pass < 2 && freed < count; pass++) {
        uint64_t look = pagecache_disk_pool.used_pages;
        while (look-- > 0 && freed < count && !list_empty(&lru)) {
            struct page *page = list_entry(lru.next, struct page, lru_node);
            uint32_t spared = pass == 0 ? PAGE_REFERENCED | PAGE_SHARED : 0;
            if (!page_evictable(page) || (page->flags & spared) != 0) {
                page->flags &= ~(uint32_t)PAGE_REFERENCED;
                list_remove(&page->lru_node);
                list_add_tail(&lru, &page->lru_node);
                continue;
            }
            page_drop(page);
            freed++;
        }
    }
    stats.evictions += freed;
    return freed;
}

uint64_t pagecache_shrink(uint64_t bytes)
{
    return evict((bytes + PAGE_SIZE - 1) / PAGE_SIZE) * PAGE_SIZE;
}

// A page with stale contents, in nobody's tree, pinned once.
static struct page *page_take(const struct inode *inode)
{
    enum { EVICT_BATCH = 16 };
    struct page_pool *pool = has_backing(inode) ? &pagecache_disk_pool : &pagecache_memory_pool;
    struct page *page = page_pool_take(pool);
    if (page == NULL && has_backing(inode) && evict(EVICT_BATCH) > 0)
        page = page_pool_take(pool);
    if (page != NULL) {
        page->inode = NULL;
        page->flags = 0;
        page->pins = 1;
    }
    return page;
}

static int page_enter(struct inode *inode, uint64_t index, struct page *page, uint32_t flags)
{
    int error = page_tree_insert(&inode->pages, index, page);
    if (error != 0)
        return error;
    page->inode = inode;
    page->index = index;
    page->flags = flags;
    if (has_backing(inode))
        list_add_tail(&lru, &page->lru_node);
    return 0;
}

// ---- filling ----

// Reads up to `count` absent pages from `index` on, as far as neighbours are absent and the file
// goes.
static int fill(struct inode *inode, uint64_t index, unsigned count)
{
    struct page *page[READAHEAD_MAX];
    unsigned taken = 0;
    int error = -E_NOMEM;
    uint64_t end = (inode->size + PAGE_SIZE - 1) / PAGE_SIZE;
    if (count > READAHEAD_MAX)
        count = READAHEAD_MAX;
    while (taken < count && (taken == 0 || index + taken < end)) {
        if (taken > 0 && page_find(inode, index + taken) != NULL)
            break;
        struct page *next = page_take(inode);
        if (next == NULL)
            break;
        error = page_enter(inode, index + taken, next, PAGE_BUSY);
        if (error != 0) {
            pagecache_put(next);
            break;
        }
        page[taken++] = next;
    }
    if (taken == 0)
        return error;
    stats.misses += taken;
    error = inode->ops->read_pages(inode, page, taken);
    for (unsigned i = 0; i < taken; i++) {
        if (page[i]->inode != NULL) {
            page[i]->flags &= ~(uint32_t)PAGE_BUSY;
            if (error == 0)
                page[i]->flags |= PAGE_VALID;
            else
                page_drop(page[i]);
        }
        pagecache_put(page[i]);
    }
    wait_wake_all(&inode->wait);
    return error;
}

// The page at `index`, valid; NULL in *out: a hole. Not pinned. May sleep, reading `ahead` pages.
static int page_get(struct inode *inode, uint64_t index, unsigned ahead, struct page **out)
{
    for (;;) {
        struct page *page = page_find(inode, index);
        if (page == NULL) {
            *out = NULL;
            if (!has_backing(inode))
                return 0;
            int error = fill(inode, index, ahead);
            if (error == -E_IO && ahead > 1) // perhaps only what was to be read ahead
                error = fill(inode, index, 1);
            if (error != 0 && error != -E_EXIST)
                return error;
            if (inode->size <= index * PAGE_SIZE)
                return 0; // cut meanwhile
        } else if (page->flags & PAGE_BUSY) {
            (void)wait_sleep(&inode->wait, DEADLINE_NEVER, WAIT_UNINTERRUPTIBLE);
        } else {
            page->flags |= PAGE_REFERENCED;
            *out = page;
            return 0;
        }
    }
}

int pagecache_get(struct inode *inode, uint64_t index, struct page **out)
{
    int error = page_get(inode, index, READAHEAD_FIRST, out);
    if (error == 0 && *out != NULL)
        page_pin(*out);
    return error;
}

// The page at `index`, made of zeros if it is a hole of a file without backing store. Not pinned.
int page_get_or_zero(struct inode *inode, uint64_t index, unsigned ahead, struct page **out)
{
    int error = page_get(inode, index, ahead, out);
    if (error != 0 || *out != NULL)
        return error;
    if (has_backing(inode))
        return -E_FAULT;
    if (inode->ops->reserve_pages != NULL && (error = inode->ops->reserve_pages(inode, 1)) != 0)
        return error;
    struct page *page = page_take(inode);
    error = -E_NOMEM;
    if (page != NULL) {
        memset(page->data, 0, PAGE_SIZE);
        error = page_enter(inode, index, page, PAGE_VALID);
        pagecache_put(page);
    }
    if (error != 0) {
        if (inode->ops->release_pages != NULL)
            inode->ops->release_pages(inode, 1);
        return error;
    }
    *out = page;
    return 0;
}

int pagecache_make_zero(struct inode *inode, uint64_t index)
{
    struct page *page;
    return page_get_or_zero(inode, index, 1, &page);
}

// ---- reading ----

static unsigned readahead_window(struct file *file, uint64_t index, uint64_t left)
{
    uint64_t wanted = (left + PAGE_SIZE - 1) / PAGE_SIZE;
    if (index != file->readahead_next || index == 0)
        file->readahead = READAHEAD_FIRST;
    else if (file->readahead < READAHEAD_MAX)
        file->readahead = file->readahead == 0 ? READAHEAD_FIRST : file->readahead * 2;
    unsigned window = file->readahead;
    if (wanted > window)
        window = wanted < READAHEAD_MAX ? (unsigned)wanted : READAHEAD_MAX;
    file->readahead_next = index + window;
    return window;
}

// Pins `first` and the valid pages that follow it in the file and in memory, as far as `bytes` from
// `offset` in it reach.
static unsigned pin_run(struct inode *inode, struct page *first, uint64_t bytes,
                        struct page *run[RUN_MAX])
{
    unsigned count = 1;
    run[0] = page_pin(first);
    while (count < RUN_MAX && (uint64_t)count * PAGE_SIZE < bytes) {
        struct page *next = page_find(inode, first->index + count);
        if (next == NULL || (next->flags & PAGE_BUSY) != 0 ||
            next->data != first->data + (size_t)count * PAGE_SIZE)
            break;
        next->flags |= PAGE_REFERENCED;
        run[count++] = page_pin(next);
    }
    return count;
}

// Copies from the page (or a hole: NULL) and the neighbours that follow; bytes moved or an error.
static int64_t read_run(struct inode *inode, struct page *page, uint32_t offset, uint64_t left,
                        struct user_buffer *out)
{
    uint64_t room = PAGE_SIZE - offset;
    if (page == NULL)
        return user_buffer_clear(out, left < room ? left : room);
    struct page *run[RUN_MAX];
    unsigned count = pin_run(inode, page, offset + left, run);
    uint64_t bytes = (uint64_t)count * PAGE_SIZE - offset;
    int64_t moved = user_buffer_put(out, page->data + offset, left < bytes ? left : bytes);
    while (count > 0)
        pagecache_put(run[--count]);
    return moved;
}

// The usual read: within one page, which is there. False: not so.
static inline bool read_at_once(struct inode *inode, struct user_buffer *out, uint64_t *position,
                                int64_t *moved)
{
    uint64_t at = *position;
    if (at >= inode->size)
        return false;
    uint64_t left = inode->size - at;
    if (left > user_buffer_left(out))
        left = user_buffer_left(out);
    struct page *page = page_find(inode, at / PAGE_SIZE);
    if (page == NULL || (page->flags & PAGE_BUSY) != 0 || left > PAGE_SIZE - at % PAGE_SIZE)
        return false;
    page->flags |= PAGE_REFERENCED;
    stats.hits++;
    page_pin(page);
    *moved = user_buffer_put(out, page->data + at % PAGE_SIZE, left);
    page_unpin(page);
    if (*moved > 0)
        *position = at + (uint64_t)*moved;
    return true;
}

__attribute__((noinline)) static int64_t read_piecewise(struct file *file, struct user_buffer *out,
                                                        uint64_t *position)
{
    struct inode *inode = file->inode;
    uint64_t at = *position;
    int64_t total = 0;
    while (at < inode->size) {
        uint64_t left = inode->size - at;
        if (left > user_buffer_left(out))
            left = user_buffer_left(out);
        if (left == 0)
            break;
        uint64_t index = at / PAGE_SIZE;
        struct page *page = page_find(inode, index);
        if (page != NULL && (page->flags & PAGE_BUSY) == 0) {
            page->flags |= PAGE_REFERENCED;
            stats.hits++;
        } else {
            unsigned ahead =
                has_backing(inode) ? readahead_window(file, index, at % PAGE_SIZE + left) : 1;
            int error = page_get(inode, index, ahead, &page);
            if (error != 0)
                return total > 0 ? total : error;
            if (at >= inode->size)
                break;
            if (left > inode->size - at)
                left = inode->size - at;
        }
        int64_t moved = read_run(inode, page, at % PAGE_SIZE, left, out);
        if (moved < 0)
            return total > 0 ? total : moved;
        at += (uint64_t)moved;
        *position = at;
        total += moved;
        if (moved == 0)
            break;
    }
    return total;
}

int64_t pagecache_read(struct file *file, struct user_buffer *out, uint64_t *position)
{
    int64_t moved;
    return read_at_once(file->inode, out, position, &moved) ? moved
                                                            : read_piecewise(file, out, position);
}

// ---- writing ----

// Writes into a page that is there.
static int64_t write_present(struct page *page, uint32_t offset, uint32_t bytes,
                             struct user_buffer *in)
{
    page_pin(page);
    int64_t moved = user_buffer_get(in, page->data + offset, bytes);
    if (moved > 0)
        page_mark_dirty(page);
    pagecache_put(page);
    return moved;
}

// Writes a page that the file has not: made aside, so that nobody sees it half done.
static int64_t write_absent(struct inode *inode, uint64_t index, uint32_t offset, uint32_t bytes,
                            struct user_buffer *in)
{
    int error;
    if (inode->ops->reserve_pages != NULL && (error = inode->ops->reserve_pages(inode, 1)) != 0)
        return error;
    struct page *page = page_take(inode);
    int64_t moved = -E_NOMEM;
    bool entered = false;
    if (page != NULL) {
        if (bytes < PAGE_SIZE)
            memset(page->data, 0, PAGE_SIZE);
        moved = user_buffer_get(in, page->data + offset, bytes);
        if (moved > 0 && moved < bytes)
            memset(page->data + offset + moved, 0, PAGE_SIZE - offset - (uint64_t)moved);
        if (moved > 0) {
            error = page_enter(inode, index, page, PAGE_VALID);
            entered = error == 0;
            if (entered) {
                page_mark_dirty(page);
            } else if (error == -E_EXIST) { // somebody made it while the copy slept
                struct page *there = page_find(inode, index);
                memcpy(there->data + offset, page->data + offset, (size_t)moved);
                page_mark_dirty(there);
            } else {
                moved = error;
            }
        }
        pagecache_put(page);
    }
    if (!entered && inode->ops->release_pages != NULL)
        inode->ops->release_pages(inode, 1);
    return moved;
}

static int64_t write_piece(struct inode *inode, uint64_t at, uint64_t left, struct user_buffer *in)
{
    uint64_t index = at / PAGE_SIZE;
    uint32_t offset = (uint32_t)(at % PAGE_SIZE);
    uint32_t room = PAGE_SIZE - offset;
    uint32_t bytes = left < room ? (uint32_t)left : room;
    struct page *page = page_find(inode, index);
    if (page == NULL || (page->flags & PAGE_BUSY) != 0) {
        // What is there already has to be read first, unless all of it is overwritten.
        bool behind = inode->size <= index * PAGE_SIZE;
        page = NULL;
        if (has_backing(inode) && !behind && bytes < PAGE_SIZE) {
            int error = page_get(inode, index, 1, &page);
            if (error != 0)
                return error;
        } else {
            while ((page = page_find(inode, index)) != NULL && (page->flags & PAGE_BUSY) != 0)
                (void)wait_sleep(&inode->wait, DEADLINE_NEVER, WAIT_UNINTERRUPTIBLE);
        }
    }
    return page != NULL ? write_present(page, offset, bytes, in)
                        : write_absent(inode, index, offset, bytes, in);
}

// Room for one more dirty page, and a place on the device for it.
static int prepare_piece(struct inode *inode, uint64_t at, uint64_t left)
{
    uint64_t room = PAGE_SIZE - at % PAGE_SIZE;
    int error = writeback_make_room(inode);
    if (error == 0 && inode->ops->prepare_write != NULL)
        error = inode->ops->prepare_write(inode, at, left < room ? left : room);
    return error;
}

int64_t pagecache_write(struct file *file, struct user_buffer *in, uint64_t *position)
{
    struct inode *inode = file->inode;
    int64_t total = 0;
    uint64_t maximum = inode->superblock->max_bytes;
    while (user_buffer_left(in) != 0) {
        uint64_t at = *position;
        if (at >= maximum)
            return total > 0 ? total : -E_FBIG;
        uint64_t left = user_buffer_left(in);
        if (left > maximum - at)
            left = maximum - at;
        int64_t moved = has_backing(inode) ? prepare_piece(inode, at, left) : 0;
        if (moved == 0)
            moved = write_piece(inode, at, left, in);
        if (moved <= 0)
            return total > 0 ? total : moved;
        total += moved;
        *position = at + (uint64_t)moved;
        if (*position > inode->size)
            inode->size = *position;
    }
    if (total > 0)
        inode_mark_modified(inode);
    return total;
}

// ---- dropping, zeroing ----

static void zero_part(struct inode *inode, uint64_t index, uint32_t from, uint32_t to)
{
    struct page *page = page_find(inode, index);
    if (page == NULL || from == to)
        return;
    memset(page->data + from, 0, to - from);
    page_mark_dirty(page);
}

void pagecache_truncate(struct inode *inode, uint64_t from, uint64_t to)
{
    uint64_t first = from / PAGE_SIZE + (from % PAGE_SIZE != 0);
    uint64_t end =
        to == UINT64_MAX ? UINT64_MAX : to / PAGE_SIZE; // pages first .. end - 1 go wholly
    if (from % PAGE_SIZE != 0) {
        bool same = to != UINT64_MAX && to / PAGE_SIZE == from / PAGE_SIZE;
        zero_part(inode, from / PAGE_SIZE, from % PAGE_SIZE, same ? to % PAGE_SIZE : PAGE_SIZE);
        if (same)
            return;
    }
    if (to != UINT64_MAX && to % PAGE_SIZE != 0 && end >= first)
        zero_part(inode, end, 0, to % PAGE_SIZE);
    uint64_t dropped = 0;
    uint64_t index = first;
    struct page *page;
    while (index < end && (page = page_tree_next(&inode->pages, &index)) != NULL && index < end) {
        page_drop(page);
        dropped++;
        index++;
    }
    if (dropped > 0 && inode->ops->release_pages != NULL)
        inode->ops->release_pages(inode, dropped);
}

void pagecache_forget(struct inode *inode, uint64_t from, uint64_t to)
{
    if (!has_backing(inode))
        return;
    uint64_t index = from / PAGE_SIZE + (from % PAGE_SIZE != 0);
    struct page *page;
    while (index < to / PAGE_SIZE && (page = page_tree_next(&inode->pages, &index)) != NULL &&
           index < to / PAGE_SIZE) {
        if (page_evictable(page) && (page->flags & PAGE_SHARED) == 0)
            page_drop(page);
        index++;
    }
}

void pagecache_release(struct inode *inode)
{
    if (inode->memory != HANDLE_NONE) {
        // All mappings are gone (they hold the file), so pages need not be taken out one by one.
        vfs_memory_close(inode->memory);
        inode->memory = HANDLE_NONE;
        uint64_t index = 0;
        for (struct page *page; (page = page_tree_next(&inode->pages, &index)) != NULL; index++)
            page->flags &= ~(uint32_t)PAGE_SHARED;
    }
    if (inode->pages.count != 0)
        pagecache_truncate(inode, 0, UINT64_MAX);
}
