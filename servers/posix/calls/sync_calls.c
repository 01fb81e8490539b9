// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Bringing what was written to the device, and hints about what will be read.

#include "servers/posix/calls/call.h"
#include "servers/posix/io/disk.h"
#include "servers/posix/pagecache.h"
#include "servers/posix/vfs/writeback.h"

int64_t linux_sync(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    (void)task;
    (void)argument;
    (void)writeback_all(NULL); // sync(2) reports nothing
    (void)superblock_sync_all();
    disk_flush_all();
    return 0;
}

static int64_t sync_file(struct task *task, uint64_t fd, bool data_only)
{
    struct file *file = file_get(task, (int)(uint32_t)fd);
    if (file == NULL)
        return -E_BADF;
    int64_t result = 0;
    if (file_is_path_only(file))
        result = -E_BADF;
    else if (file->inode == NULL || (!linux_s_isreg(file->inode->mode) &&
                                     !linux_s_isdir(file->inode->mode) && file->ops->fsync == NULL))
        result = -E_INVAL;
    else if (file->ops->fsync != NULL)
        result = file->ops->fsync(file, data_only);
    file_put(file);
    return result;
}

int64_t linux_fsync(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    return sync_file(task, argument[0], false);
}

int64_t linux_fdatasync(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    return sync_file(task, argument[0], true);
}

int64_t linux_syncfs(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    struct file *file = file_get(task, (int)(uint32_t)argument[0]);
    if (file == NULL)
        return -E_BADF;
    int64_t result = 0;
    struct superblock *superblock = file->inode != NULL ? file->inode->superblock : NULL;
    if (file_is_path_only(file))
        result = -E_BADF;
    else if (superblock != NULL && superblock->ops->sync != NULL)
        result = superblock->ops->sync(superblock);
    file_put(file);
    return result;
}

int64_t linux_sync_file_range(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    enum { KNOWN = 7 };
    int64_t offset = (int64_t)argument[1], bytes = (int64_t)argument[2], end;
    if ((argument[3] & ~(uint64_t)KNOWN) != 0 || offset < 0 || bytes < 0 ||
        __builtin_add_overflow(offset, bytes, &end))
        return -E_INVAL;
    struct file *file = file_get(task, (int)(uint32_t)argument[0]);
    if (file == NULL)
        return -E_BADF;
    int64_t result = 0;
    if (file_is_path_only(file))
        result = -E_BADF;
    else if (file->inode == NULL ||
             (!linux_s_isreg(file->inode->mode) && !linux_s_isdir(file->inode->mode)))
        result = -E_SPIPE;
    else
        result = pagecache_sync(file->inode);
    file_put(file);
    return result;
}

int64_t linux_fadvise64(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    enum {
        DONTNEED = 4,
        ADVICE_MAX = 5
    }; // NORMAL, RANDOM, SEQUENTIAL, WILLNEED, DONTNEED, NOREUSE
    const struct file *file = file_table_peek(task->files, (int)(uint32_t)argument[0]);
    uint64_t from = argument[1], bytes = argument[2];
    if (file == NULL || file_is_path_only(file))
        return -E_BADF;
    if (file->inode != NULL && (file->inode->mode & LINUX_S_IFMT) == LINUX_S_IFIFO)
        return -E_SPIPE;
    if ((int64_t)bytes < 0 || (uint32_t)argument[3] > ADVICE_MAX)
        return -E_INVAL;
    if ((uint32_t)argument[3] == DONTNEED && file->inode != NULL)
        pagecache_forget(file->inode, from,
                         bytes == 0 || from > UINT64_MAX - bytes ? UINT64_MAX : from + bytes);
    return 0; // read-ahead finds sequential readers by itself
}

int64_t linux_readahead(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    enum { PAGES_MAX = 512 };
    struct file *file = file_get(task, (int)(uint32_t)argument[0]);
    if (file == NULL)
        return -E_BADF;
    int64_t result = 0;
    uint64_t first = argument[1] / PAGE_SIZE, count = argument[2] / PAGE_SIZE + 1;
    if ((file->flags & LINUX_O_ACCMODE) == LINUX_O_WRONLY || file_is_path_only(file))
        result = -E_BADF;
    else if (file->inode == NULL || !linux_s_isreg(file->inode->mode) ||
             (file->inode->flags & INODE_CACHED_DATA) == 0)
        result = -E_INVAL;
    for (uint64_t i = 0; result == 0 && i < count && i < PAGES_MAX; i++) {
        struct page *page;
        if ((first + i) * PAGE_SIZE >= file->inode->size)
            break;
        result = pagecache_get(file->inode, first + i, &page);
        if (result == 0 && page != NULL)
            pagecache_put(page);
    }
    file_put(file);
    return result;
}
