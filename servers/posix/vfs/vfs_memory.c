// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

#include "servers/posix/vfs/vfs_memory.h"

#include "lib/sys/sys.h"

int vfs_memory_create_pool(uint64_t bytes, bool large, handle_t *memory, uint8_t **base)
{
    int64_t handle = sys_memory_create(bytes, large ? MEMORY_LARGE : 0, HANDLE_NONE);
    if (handle < 0)
        return (int)handle;
    struct aspace_map_args args = {
        .bytes = bytes, .memory = (handle_t)handle, .prot = PROT_READ | PROT_WRITE};
    int64_t address = sys_aspace_map(HANDLE_SELF, &args);
    if (address < 0) {
        (void)sys_handle_close((handle_t)handle);
        return (int)address;
    }
    *memory = (handle_t)handle;
    *base = (uint8_t *)(uintptr_t)address;
    return 0;
}

int vfs_memory_commit(handle_t memory, uint8_t *base, uint64_t offset, uint64_t bytes)
{
    struct aspace_map_args args = {
        .address = (uint64_t)(uintptr_t)(base + offset),
        .bytes = bytes,
        .memory = memory,
        .prot = PROT_READ | PROT_WRITE,
        .flags = MAP_FIXED | MAP_POPULATE,
        .offset = offset,
    };
    int64_t result = sys_aspace_map(HANDLE_SELF, &args);
    return result < 0 ? (int)result : 0;
}

void vfs_memory_decommit(handle_t memory, uint64_t offset, uint64_t bytes)
{
    (void)sys_memory_decommit(memory, offset, bytes);
}

int vfs_memory_create_shared(uint64_t bytes, handle_t *memory)
{
    int64_t handle = sys_memory_create(bytes, MEMORY_PAGED, HANDLE_NONE);
    if (handle < 0)
        return (int)handle;
    *memory = (handle_t)handle;
    return 0;
}

int vfs_memory_resize_shared(handle_t memory, uint64_t bytes)
{
    return (int)sys_memory_resize(memory, bytes);
}

int vfs_memory_share(handle_t memory, uint64_t offset, handle_t pool, uint64_t pool_offset,
                     uint64_t bytes)
{
    int64_t result = sys_memory_supply(memory, offset, pool, pool_offset, bytes);
    return result < 0 ? (int)result : 0;
}

void vfs_memory_unshare(handle_t memory, uint64_t offset, uint64_t bytes)
{
    (void)sys_memory_decommit(memory, offset, bytes);
}

void vfs_memory_close(handle_t memory)
{
    (void)sys_handle_close(memory);
}

void vfs_memory_totals(uint64_t *total, uint64_t *available)
{
    struct info_memory info = {0};
    (void)sys_info(INFO_MEMORY, 0, &info, sizeof(info));
    *total = info.total_bytes;
    *available = info.free_bytes;
}
