// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Pools of pages: each one memory object that posix has mapped, committed and given back in chunks.
// Pages are handed out in ascending order where possible, so that neighbours in a file tend to be
// neighbours in memory. posix_lock held; nothing sleeps.

#pragma once

#include "servers/posix/pagecache.h"
#include "servers/posix/vfs/vfs_memory.h"

enum { CHUNK_PAGES = 64, CHUNK_BYTES = CHUNK_PAGES * PAGE_SIZE };

struct page_chunk {
    struct page_pool *pool;
    uint64_t offset; // in the pool's memory
    uint64_t used;   // bit a page
    struct page page[CHUNK_PAGES];
};

struct page_pool {
    handle_t memory;
    uint8_t *base;
    bool keep;          // committed chunks stay (a driver may have them mapped)
    uint32_t chunks;    // room for
    uint32_t committed; // of them
    uint32_t hint;      // every chunk below is committed and full
    uint32_t empty;     // committed chunks without a used page
    uint64_t used_pages;
    uint64_t limit_pages;
    struct page_chunk **chunk; // NULL: not committed
};

int page_pool_init(struct page_pool *pool, uint64_t bytes, bool keep);
// A page with stale contents, or NULL: the limit is reached or memory is out.
struct page *page_pool_take(struct page_pool *pool);
void page_pool_give(struct page *page);

static inline uint64_t page_pool_offset(const struct page *page)
{
    return (uint64_t)(page->data - page->chunk->pool->base);
}
