// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// malloc and friends: one heap a process behind one mutex, memory from anonymous mappings.

#include "lib/c/heap.h"
#include "lib/sys/layout.h"
#include "lib/sys/log.h"
#include "lib/sys/thread.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static struct mutex malloc_mutex; // rank: innermost, but for the log's
static struct heap malloc_heap = {.base = NATIVE_HEAP_AREA};

bool heap_map(uintptr_t address, size_t bytes)
{
    struct aspace_map_args args = {
        .address = address,
        .bytes = (bytes + PAGE_SIZE - 1) & ~(uint64_t)(PAGE_SIZE - 1),
        .memory = HANDLE_NONE,
        .prot = PROT_READ | PROT_WRITE,
        .flags = MAP_FIXED | MAP_NOREPLACE | MAP_PRIVATE,
    };
    return sys_aspace_map(HANDLE_SELF, &args) >= 0;
}

void heap_unmap(uintptr_t address, size_t bytes)
{
    uint64_t whole = (bytes + PAGE_SIZE - 1) & ~(uint64_t)(PAGE_SIZE - 1);
    if (sys_aspace_unmap(HANDLE_SELF, address, whole) < 0)
        heap_broken((void *)address, "cannot be unmapped");
}

void heap_broken(const void *block, const char *what)
{
    sys_panic("heap: block %p: %s (called from %p)", block, what, __builtin_return_address(0));
}

void *malloc(size_t bytes)
{
    mutex_lock(&malloc_mutex);
    void *block = heap_allocate(&malloc_heap, bytes);
    mutex_unlock(&malloc_mutex);
    return block;
}

void *aligned_alloc(size_t alignment, size_t bytes)
{
    mutex_lock(&malloc_mutex);
    void *block = heap_allocate_aligned(&malloc_heap, alignment, bytes);
    mutex_unlock(&malloc_mutex);
    return block;
}

void *calloc(size_t count, size_t bytes)
{
    size_t total;
    if (__builtin_mul_overflow(count, bytes, &total))
        return NULL;
    void *block = malloc(total);
    if (block && !heap_is_fresh(block))
        memset(block, 0, total);
    return block;
}

static size_t block_bytes(const void *block)
{
    mutex_lock(&malloc_mutex);
    size_t bytes = heap_block_bytes(&malloc_heap, block);
    mutex_unlock(&malloc_mutex);
    return bytes;
}

void *realloc(void *block, size_t bytes)
{
    if (!block)
        return malloc(bytes);
    size_t old = block_bytes(block);
    if (bytes <= old && bytes >= old / 2)
        return block;
    void *moved = malloc(bytes);
    if (!moved)
        return NULL;
    memcpy(moved, block, old < bytes ? old : bytes);
    free(block);
    return moved;
}

void free(void *block)
{
    if (!block)
        return;
    mutex_lock(&malloc_mutex);
    heap_free(&malloc_heap, block);
    mutex_unlock(&malloc_mutex);
}
