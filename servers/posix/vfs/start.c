// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Start-up of the VFS: caches, file-system types, devices.

#include "servers/posix/fs/types.h"
#include "servers/posix/io/anonymous.h"
#include "servers/posix/io/disk.h"
#include "servers/posix/io/memory_devices.h"
#include "servers/posix/pagecache.h"
#include "servers/posix/vfs/tree.h"
#include "servers/posix/vfs/vfs_memory.h"
#include "servers/posix/vfs/writeback.h"

enum { DISK_CACHE_SHARE = 3 }; // pages of disk files: at most this part of the memory there is

int vfs_init(void)
{
    static struct filesystem *const types[] = {
        &tmpfs_type, &proc_type, &devtmpfs_type, &devpts_type, &sysfs_type, &ext4_type,
    };
    uint64_t total, available;
    int error = dentry_cache_init();
    if (error != 0)
        return error;
    inode_table_init();
    mount_table_init();
    vfs_memory_totals(&total, &available);
    error = pagecache_init(total / DISK_CACHE_SHARE);
    if (error != 0)
        return error;
    for (unsigned i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        filesystem_register(types[i]);
    error = anonymous_init();
    if (error == 0)
        error = memory_devices_init();
    if (error == 0)
        error = writeback_start();
    if (error == 0)
        error = disk_init();
    return error;
}
