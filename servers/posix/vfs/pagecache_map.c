// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Mapped files: each inode that somebody maps has a memory object without a pager; its absent pages
// bring a guest's fault here, and the cached page is shared into the object, so that guests and
// read() see the same memory.

#include "servers/posix/vfs.h"
#include "servers/posix/vfs/pagecache_internal.h"
#include "servers/posix/vfs/writeback.h"

enum { AROUND = 16 }; // pages looked at around a fault, aligned

int pagecache_mmap(struct file *file, uint64_t offset, uint64_t bytes, struct file_mapping *out)
{
    struct inode *inode = file->inode;
    uint64_t needed = offset + bytes > inode->size ? offset + bytes : inode->size;
    needed = (needed + PAGE_SIZE - 1) & ~(uint64_t)(PAGE_SIZE - 1);
    if (needed > INT64_MAX || needed == 0)
        return needed == 0 ? -E_INVAL : -E_OVERFLOW;
    int error = 0;
    if (inode->memory == HANDLE_NONE) {
        error = vfs_memory_create_shared(needed, &inode->memory);
        if (error != 0)
            inode->memory = HANDLE_NONE;
    } else if (needed > inode->memory_bytes) {
        error = vfs_memory_resize_shared(inode->memory, needed);
    }
    if (error != 0)
        return error;
    if (needed > inode->memory_bytes)
        inode->memory_bytes = needed;
    *out = (struct file_mapping){.memory = inode->memory, .offset = offset, .paged = true};
    return 0;
}

// Shares the cached neighbours of `index` that are not shared yet, in as few calls as memory
// allows.
static void share_around(struct inode *inode, uint64_t index)
{
    uint64_t from = index & ~(uint64_t)(AROUND - 1), to = from + AROUND;
    uint64_t at = from;
    struct page *page = page_tree_next(&inode->pages, &at);
    while (page != NULL && at < to) {
        struct page *first = page;
        uint64_t first_index = at, count = 0;
        while (page != NULL && at == first_index + count && at < to &&
               (page->flags & (PAGE_BUSY | PAGE_SHARED | PAGE_VALID)) == PAGE_VALID &&
               page->chunk->pool == first->chunk->pool &&
               page_pool_offset(page) == page_pool_offset(first) + count * PAGE_SIZE) {
            count++;
            at++;
            page = page_tree_next(&inode->pages, &at);
        }
        if (count == 0) {
            at++;
            page = page_tree_next(&inode->pages, &at);
            continue;
        }
        if (vfs_memory_share(inode->memory, first_index * PAGE_SIZE, first->chunk->pool->memory,
                             page_pool_offset(first), count * PAGE_SIZE) != 0)
            continue; // the page that was asked for is shared by the caller, who sees the error
        for (uint64_t i = 0; i < count; i++) {
            struct page *shared = page_tree_find(&inode->pages, first_index + i);
            shared->flags |= PAGE_SHARED;
        }
    }
}

void pagecache_protect(struct inode *inode)
{
    uint64_t index = 0;
    for (struct page *page; inode->ops->write_pages != NULL && inode->memory != HANDLE_NONE &&
                            (page = page_tree_next(&inode->pages, &index)) != NULL;
         index++) {
        if ((page->flags & (PAGE_SHARED | PAGE_DIRTY)) != PAGE_SHARED)
            continue;
        vfs_memory_unshare(inode->memory, index * PAGE_SIZE, PAGE_SIZE);
        page->flags &= ~(uint32_t)PAGE_SHARED;
    }
}

// Shares one page. Where somebody may write to it through a mapping, nobody sees when: it is dirty
// as long as it is shared.
static int share_one(struct inode *inode, struct page *page)
{
    int error = vfs_memory_share(inode->memory, page->index * PAGE_SIZE, page->chunk->pool->memory,
                                 page_pool_offset(page), PAGE_SIZE);
    if (error != 0 && error != -E_EXIST)
        return error;
    page->flags |= PAGE_SHARED;
    if (inode->shared_writable != 0)
        page_mark_dirty(page);
    return 0;
}

static int prepare_page(struct inode *inode, uint64_t index)
{
    uint64_t from = index * PAGE_SIZE, left = inode->size - from;
    int error = inode->ops->prepare_write(inode, from, left < PAGE_SIZE ? left : PAGE_SIZE);
    if (error == 0)
        inode_mark_modified(inode);
    return error;
}

int pagecache_supply(struct inode *inode, uint64_t offset)
{
    uint64_t index = offset / PAGE_SIZE;
    bool becomes_dirty = inode->shared_writable != 0 && inode->ops->write_pages != NULL;
    if (index * PAGE_SIZE >= inode->size || inode->memory == HANDLE_NONE)
        return -E_FAULT;
    struct page *page;
    int error = becomes_dirty ? writeback_make_room(inode) : 0;
    if (error == 0 && becomes_dirty && inode->ops->prepare_write != NULL)
        error = prepare_page(inode, index);
    if (error == 0)
        error = page_get_or_zero(inode, index, AROUND, &page);
    if (error != 0)
        return error;
    if ((page->flags & PAGE_SHARED) == 0 && !becomes_dirty)
        share_around(inode, index);
    return page->flags & PAGE_SHARED ? 0 : share_one(inode, page);
}
