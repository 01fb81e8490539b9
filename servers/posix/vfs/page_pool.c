// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

#include "servers/posix/vfs/page_pool.h"

#include <stdlib.h>
#include <string.h>

#include "abi/error.h"

enum { EMPTY_CHUNKS_KEPT = 2 };

int page_pool_init(struct page_pool *pool, uint64_t bytes, bool keep)
{
    uint64_t chunks = bytes / CHUNK_BYTES;
    memset(pool, 0, sizeof(*pool));
    if (chunks == 0 || chunks > UINT32_MAX / CHUNK_PAGES)
        return -E_INVAL;
    pool->chunk = calloc(chunks, sizeof(struct page_chunk *));
    if (pool->chunk == NULL)
        return -E_NOMEM;
    int error = vfs_memory_create_pool(chunks * CHUNK_BYTES, keep, &pool->memory, &pool->base);
    if (error != 0) {
        free(pool->chunk);
        return error;
    }
    pool->chunks = (uint32_t)chunks;
    pool->limit_pages = chunks * CHUNK_PAGES;
    pool->keep = keep;
    return 0;
}

static struct page_chunk *chunk_create(struct page_pool *pool, uint32_t number)
{
    struct page_chunk *chunk = calloc(1, sizeof(*chunk));
    if (chunk == NULL)
        return NULL;
    chunk->pool = pool;
    chunk->offset = (uint64_t)number * CHUNK_BYTES;
    if (vfs_memory_commit(pool->memory, pool->base, chunk->offset, CHUNK_BYTES) != 0) {
        free(chunk);
        return NULL;
    }
    for (unsigned i = 0; i < CHUNK_PAGES; i++) {
        struct page *page = &chunk->page[i];
        page->chunk = chunk;
        page->data = pool->base + chunk->offset + (size_t)i * PAGE_SIZE;
        list_init(&page->lru_node);
    }
    pool->chunk[number] = chunk;
    pool->empty++;
    pool->committed++;
    return chunk;
}

static struct page *chunk_take(struct page_pool *pool, struct page_chunk *chunk)
{
    unsigned i = (unsigned)__builtin_ctzll(~chunk->used);
    if (chunk->used == 0)
        pool->empty--;
    chunk->used |= 1ull << i;
    pool->used_pages++;
    return &chunk->page[i];
}

struct page *page_pool_take(struct page_pool *pool)
{
    bool search = pool->used_pages < (uint64_t)pool->committed * CHUNK_PAGES;
    for (uint32_t number = pool->hint; number < pool->chunks; number++) {
        struct page_chunk *chunk = pool->chunk[number];
        if (chunk == NULL) {
            if (search)
                continue; // a committed one further up has room
            chunk = chunk_create(pool, number);
            if (chunk == NULL)
                return NULL;
        }
        if (chunk->used != ~0ull) {
            if (!search)
                pool->hint = number;
            return chunk_take(pool, chunk);
        }
        if (number == pool->hint)
            pool->hint++;
    }
    return NULL;
}

void page_pool_give(struct page *page)
{
    struct page_chunk *chunk = page->chunk;
    struct page_pool *pool = chunk->pool;
    uint32_t number = (uint32_t)(chunk->offset / CHUNK_BYTES);
    page->inode = NULL;
    page->flags = 0;
    chunk->used &= ~(1ull << (page - chunk->page));
    pool->used_pages--;
    if (number < pool->hint)
        pool->hint = number;
    if (chunk->used != 0)
        return;
    pool->empty++;
    if (pool->keep || pool->empty <= EMPTY_CHUNKS_KEPT)
        return;
    vfs_memory_decommit(pool->memory, chunk->offset, CHUNK_BYTES);
    pool->chunk[number] = NULL;
    pool->empty--;
    pool->committed--;
    free(chunk);
}
