// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The cache of metadata blocks: as many as the memory given holds, found by hash, reused by age.

#include "fs/ext4/internal.h"

#include <string.h>

static uint32_t hash_index(const struct ext4_cache *cache, uint64_t block)
{
    uint64_t mixed = block * 0x9E3779B97F4A7C15ull;
    return (uint32_t)(mixed >> 32) & cache->hash_mask;
}

static struct ext4_buffer **hash_slot(struct ext4_cache *cache, uint64_t block)
{
    return &cache->hash[hash_index(cache, block)];
}

static void lru_remove(struct ext4_cache *cache, struct ext4_buffer *buffer)
{
    *(buffer->newer ? &buffer->newer->older : &cache->newest) = buffer->older;
    *(buffer->older ? &buffer->older->newer : &cache->oldest) = buffer->newer;
}

static void lru_add_newest(struct ext4_cache *cache, struct ext4_buffer *buffer)
{
    buffer->newer = NULL;
    buffer->older = cache->newest;
    *(cache->newest ? &cache->newest->newer : &cache->oldest) = buffer;
    cache->newest = buffer;
}

static void lru_add_oldest(struct ext4_cache *cache, struct ext4_buffer *buffer)
{
    buffer->older = NULL;
    buffer->newer = cache->oldest;
    *(cache->oldest ? &cache->oldest->older : &cache->newest) = buffer;
    cache->oldest = buffer;
}

// Layout: block data, staging, buffers, hash. The caller (ext4_open) made sure that enough fits.
void ext4_cache_init(struct ext4 *fs, uint8_t *memory, size_t bytes)
{
    struct ext4_cache *cache = &fs->cache;
    size_t each = fs->block_bytes + sizeof(struct ext4_buffer) + 2 * sizeof(struct ext4_buffer *);

    *cache = (struct ext4_cache){0};
    cache->staging_blocks = EXT4_STAGING_BYTES / fs->block_bytes;
    if (cache->staging_blocks == 0)
        cache->staging_blocks = 1;
    size_t staging_bytes = (size_t)cache->staging_blocks * fs->block_bytes;
    cache->count = (uint32_t)((bytes - staging_bytes) / each);
    uint32_t slots = 1;
    while (slots <= cache->count / 2)
        slots *= 2;
    cache->hash_mask = slots - 1;

    uint8_t *data = memory;
    cache->staging = data + (size_t)cache->count * fs->block_bytes;
    cache->buffers = (struct ext4_buffer *)(cache->staging + staging_bytes);
    cache->hash = (struct ext4_buffer **)(cache->buffers + cache->count);
    memset(cache->hash, 0, slots * sizeof(cache->hash[0]));
    for (uint32_t i = 0; i < cache->count; i++) {
        cache->buffers[i] = (struct ext4_buffer){.data = data + (size_t)i * fs->block_bytes};
        lru_add_oldest(cache, &cache->buffers[i]);
    }
}

static struct ext4_buffer *cache_find(const struct ext4_cache *cache, uint64_t block)
{
    struct ext4_buffer *buffer = cache->hash[hash_index(cache, block)];
    while (buffer && buffer->block != block)
        buffer = buffer->chain;
    return buffer;
}

static void cache_forget(struct ext4_cache *cache, struct ext4_buffer *buffer)
{
    struct ext4_buffer **link = hash_slot(cache, buffer->block);
    while (*link != buffer)
        link = &(*link)->chain;
    *link = buffer->chain;
    buffer->valid = false;
}

// Takes the buffer used longest ago out of the cache. It is on no list then. NULL: all are pinned.
static struct ext4_buffer *cache_take(struct ext4_cache *cache)
{
    struct ext4_buffer *buffer = cache->oldest;
    if (!buffer)
        return NULL;
    lru_remove(cache, buffer);
    if (buffer->valid)
        cache_forget(cache, buffer);
    return buffer;
}

static void cache_enter(struct ext4_cache *cache, struct ext4_buffer *buffer, uint64_t block)
{
    struct ext4_buffer **slot = hash_slot(cache, block);
    buffer->block = block;
    buffer->chain = *slot;
    buffer->valid = true;
    buffer->verified = EXT4_KIND_NONE;
    *slot = buffer;
}

// Reads blocks behind `block` too, into the staging area, and keeps those that are not cached yet.
// The block itself is left to the caller: its copy is the staging area's start.
static int read_several(struct ext4 *fs, uint64_t block, uint32_t count)
{
    struct ext4_cache *cache = &fs->cache;
    int error = fs->source.read(fs->source.context, block << fs->block_shift,
                                (size_t)count * fs->block_bytes, cache->staging);
    if (error)
        return error;
    for (uint32_t i = 1; i < count; i++) {
        if (cache_find(cache, block + i))
            continue;
        struct ext4_buffer *buffer = cache_take(cache);
        if (!buffer)
            break;
        memcpy(buffer->data, cache->staging + (size_t)i * fs->block_bytes, fs->block_bytes);
        cache_enter(cache, buffer, block + i);
        lru_add_newest(cache, buffer);
    }
    return 0;
}

static int buffer_fill(struct ext4 *fs, struct ext4_buffer *buffer, uint64_t block, uint32_t ahead)
{
    struct ext4_cache *cache = &fs->cache;
    uint64_t count = (uint64_t)ahead + 1;
    if (count > fs->blocks - block)
        count = fs->blocks - block;
    if (count > cache->staging_blocks)
        count = cache->staging_blocks;
    if (count > cache->count / 4)
        count = cache->count / 4;
    if (count > 1 && read_several(fs, block, (uint32_t)count) == 0) {
        memcpy(buffer->data, cache->staging, fs->block_bytes);
        return 0;
    }
    return fs->source.read(fs->source.context, block << fs->block_shift, fs->block_bytes,
                           buffer->data);
}

// The cached block, pinned, or NULL.
static struct ext4_buffer *cache_pin(struct ext4_cache *cache, uint64_t block)
{
    struct ext4_buffer *buffer = cache_find(cache, block);
    if (!buffer) {
        cache->misses++;
        return NULL;
    }
    cache->hits++;
    if (buffer->pins++ == 0)
        lru_remove(cache, buffer);
    return buffer;
}

int ext4_buffer_get(struct ext4 *fs, uint64_t block, uint32_t ahead, struct ext4_buffer **out)
{
    struct ext4_cache *cache = &fs->cache;
    if (block >= fs->blocks)
        return ext4_report(fs, -E_UCLEAN, "block number beyond the end", 0, block);
    *out = cache_pin(cache, block);
    if (*out)
        return 0;
    struct ext4_buffer *buffer = cache_take(cache);
    if (!buffer)
        return -E_NOMEM;
    int error = buffer_fill(fs, buffer, block, ahead);
    if (error) {
        lru_add_oldest(cache, buffer);
        return error;
    }
    cache_enter(cache, buffer, block);
    buffer->pins = 1;
    *out = buffer;
    return 0;
}

int ext4_buffer_enter(struct ext4 *fs, uint64_t block, bool *cached, struct ext4_buffer **out)
{
    struct ext4_cache *cache = &fs->cache;
    if (!ext4_blocks_valid(fs, block, 1))
        return ext4_report(fs, -E_UCLEAN, "block number outside", 0, block);
    *out = cache_pin(cache, block);
    *cached = *out != NULL;
    if (*cached)
        return 0;
    struct ext4_buffer *buffer = cache_take(cache);
    if (!buffer)
        return -E_NOMEM;
    cache_enter(cache, buffer, block);
    buffer->pins = 1;
    *out = buffer;
    return 0;
}

struct ext4_buffer *ext4_buffer_find(const struct ext4 *fs, uint64_t block)
{
    return cache_find(&fs->cache, block);
}

void ext4_buffer_drop(struct ext4 *fs, struct ext4_buffer *buffer)
{
    if (buffer->valid)
        cache_forget(&fs->cache, buffer);
}

struct ext4_buffer *ext4_buffer_spare(struct ext4 *fs)
{
    struct ext4_buffer *buffer = cache_take(&fs->cache);
    if (buffer)
        buffer->pins = 1;
    return buffer;
}

void ext4_buffer_spare_return(struct ext4 *fs, struct ext4_buffer *buffer)
{
    buffer->pins = 0;
    buffer->state = 0;
    buffer->valid = false;
    lru_add_oldest(&fs->cache, buffer);
}

void ext4_buffer_put(struct ext4 *fs, struct ext4_buffer *buffer)
{
    if (--buffer->pins == 0)
        lru_add_newest(&fs->cache, buffer);
}

uint32_t ext4_buffers_pinned(const struct ext4 *fs)
{
    uint32_t pinned = 0;
    for (uint32_t i = 0; i < fs->cache.count; i++) {
        const struct ext4_buffer *buffer = &fs->cache.buffers[i];
        uint32_t journal = (buffer->state != 0) + (buffer == fs->journal.super_buffer);
        pinned += buffer->pins > journal;
    }
    return pinned;
}

// ---- invariants (internal.h) ----

static const char *buffer_fault(const struct ext4 *fs, const struct ext4_buffer *buffer)
{
    const struct ext4_cache *cache = &fs->cache;
    uint32_t found = 0;
    if (!buffer->valid)
        return buffer->pins ? "a pinned buffer without content" : NULL;
    if (buffer->block >= fs->blocks)
        return "invariant 1: block outside the file system";
    const struct ext4_buffer *other = cache->hash[hash_index(cache, buffer->block)];
    for (; other; other = other->chain)
        found += other->block == buffer->block;
    return found == 1 ? NULL : "invariant 1: a block cached twice, or not to be found";
}

const char *ext4_cache_fault(const struct ext4 *fs)
{
    const struct ext4_cache *cache = &fs->cache;
    uint32_t pinned = 0, reusable = 0, held = 0, running = 0;
    for (uint32_t i = 0; i < cache->count; i++) {
        const struct ext4_buffer *buffer = &cache->buffers[i];
        const char *fault = buffer_fault(fs, buffer);
        if (fault)
            return fault;
        pinned += buffer->pins != 0;
        held += buffer->state != 0;
        running += (buffer->state & (EXT4_BUFFER_RUNNING | EXT4_BUFFER_FORGOTTEN)) != 0;
        if (buffer->state && !buffer->pins)
            return "a buffer that the journal has no pin of";
    }
    if (held != fs->journal.held || running != fs->journal.running)
        return "the journal's counts of its buffers";
    for (const struct ext4_buffer *at = cache->newest; at; at = at->older, reusable++)
        if (at->pins || (at->older && at->older->newer != at))
            return "invariant 2: a pinned buffer among the reusable ones, or a broken list";
    return pinned + reusable == cache->count ? NULL : "invariant 2: a buffer on no list";
}
