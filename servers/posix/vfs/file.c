// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Open files: life, checked reading and writing, positions; and what the server itself does with
// files.

#include <stdlib.h>

#include "servers/posix/io/epoll.h"
#include "servers/posix/pagecache.h"
#include "servers/posix/user.h"
#include "servers/posix/vfs/locks.h"
#include "servers/posix/vfs/operations.h"

struct file *file_create(const struct file_operations *ops, uint32_t flags, void *data)
{
    struct file *file = calloc(1, sizeof(*file));
    if (file == NULL)
        return NULL;
    file->references = 1;
    file->flags = flags;
    file->ops = ops;
    file->data = data;
    return file;
}

void file_release(struct file *file)
{
    // Still one reference, so that release operations may use the file.
    if (file->watchers != NULL)
        epoll_forget_file(file);
    if (file->locks != NULL)
        locks_release_file(file);
    if (file->ops->release != NULL)
        file->ops->release(file);
    if (file->kind & FILE_WRITING)
        file->inode->writers--;
    struct inode *inode = file->inode;
    struct path path = file->path;
    free(file);
    if (inode != NULL)
        inode_put(inode);
    vfs_path_put(&path);
}

int64_t file_read(struct file *file, struct user_buffer *out, uint64_t *position)
{
    if (!file_readable(file) || (file->flags & LINUX_O_PATH) != 0)
        return -E_BADF;
    if (file->ops->read == NULL)
        return file->inode != NULL && linux_s_isdir(file->inode->mode) ? -E_ISDIR : -E_INVAL;
    if (file->kind & FILE_POSITION)
        return file->ops->read(file, out, position != NULL ? position : &file->position);
    return position == NULL ? file->ops->read(file, out, NULL) : -E_SPIPE;
}

int64_t file_write(struct file *file, struct user_buffer *in, uint64_t *position)
{
    if (!file_writable(file) || (file->flags & LINUX_O_PATH) != 0)
        return -E_BADF;
    if (file->ops->write == NULL)
        return -E_INVAL;
    if (file->kind & FILE_POSITION)
        return file->ops->write(file, in, position != NULL ? position : &file->position);
    return position == NULL ? file->ops->write(file, in, NULL) : -E_SPIPE;
}

int64_t vfs_pread(struct file *file, void *to, size_t bytes, uint64_t offset)
{
    struct user_buffer buffer;
    user_buffer_init_kernel(&buffer, to, bytes);
    if (file->ops->read == NULL || (file->kind & FILE_POSITION) == 0)
        return -E_INVAL;
    int64_t total = 0;
    while (user_buffer_left(&buffer) != 0) {
        int64_t moved = file->ops->read(file, &buffer, &offset);
        if (moved < 0)
            return total > 0 ? total : moved;
        if (moved == 0)
            break;
        total += moved;
    }
    return total;
}

// lseek of something that has a size.
int64_t file_seek(struct file *file, int64_t offset, int whence)
{
    struct inode *inode = file->inode;
    int64_t base = 0;
    switch (whence) {
    case LINUX_SEEK_SET:
        break;
    case LINUX_SEEK_CUR:
        base = (int64_t)file->position;
        break;
    case LINUX_SEEK_END:
        base = (int64_t)inode->size;
        break;
    case LINUX_SEEK_DATA:
    case LINUX_SEEK_HOLE:
        if (offset < 0 || (uint64_t)offset >= inode->size)
            return -E_NXIO;
        if (inode->ops->seek_data != NULL)
            offset = inode->ops->seek_data(inode, (uint64_t)offset, whence == LINUX_SEEK_HOLE);
        else if (whence == LINUX_SEEK_HOLE)
            offset = (int64_t)inode->size;
        if (offset < 0)
            return offset;
        break;
    default:
        return -E_INVAL;
    }
    int64_t result;
    if (__builtin_add_overflow(base, offset, &result))
        return -E_OVERFLOW;
    if (result < 0)
        return -E_INVAL;
    file->position = (uint64_t)result;
    return result;
}

bool readdir_dots(struct file *file, struct readdir_sink *sink)
{
    const struct dentry *dentry = file->path.dentry;
    if (file->position == 0) {
        if (!readdir_emit(sink, ".", 1, file->inode->number, LINUX_S_IFDIR, 1))
            return false;
        file->position = 1;
    }
    if (file->position == 1) {
        const struct inode *parent = dentry->parent->inode;
        if (dentry == file->path.mount->root && file->path.mount->parent != NULL &&
            file->path.mount->mountpoint != NULL)
            parent = file->path.mount->mountpoint->parent->inode;
        if (!readdir_emit(sink, "..", 2, parent->number, LINUX_S_IFDIR, 2))
            return false;
        file->position = 2;
    }
    return true;
}

int vfs_mmap(struct file *file, uint64_t offset, uint64_t bytes, uint32_t prot, bool shared,
             struct file_mapping *out)
{
    enum { EXECUTE = 4, WRITE = 2 }; // PROT_*: abi/memory.h
    if (!file_readable(file) || (file->flags & LINUX_O_PATH) != 0)
        return (file->flags & LINUX_O_PATH) ? -E_BADF : -E_ACCES;
    if (shared && (prot & WRITE) != 0 && !file_writable(file))
        return -E_ACCES;
    if ((prot & EXECUTE) != 0 && file->path.mount != NULL &&
        (file->path.mount->flags & MOUNT_NO_EXECUTE) != 0)
        return -E_PERM;
    uint64_t end;
    if (__builtin_add_overflow(offset, bytes, &end) || end > INT64_MAX)
        return -E_OVERFLOW;
    if (file->ops->mmap == NULL)
        return -E_NODEV;
    return file->ops->mmap(file, offset, bytes, out);
}

void vfs_mmap_writable(struct file *file, int change)
{
    struct inode *inode = file->inode;
    if (inode == NULL)
        return;
    if (inode->shared_writable == 0 && change > 0)
        pagecache_protect(inode);
    inode->shared_writable += (uint32_t)change;
}

// ---- operations of regular files in the page cache ----

static int64_t cached_read(struct file *file, struct user_buffer *out, uint64_t *position)
{
    int64_t moved = pagecache_read(file, out, position);
    if (moved >= 0 && (file->flags & LINUX_O_NOATIME) == 0 &&
        (file->path.mount == NULL ||
         (file->path.mount->flags & (MOUNT_NO_ATIME | MOUNT_READ_ONLY)) == 0))
        inode_mark_accessed(file->inode);
    return moved;
}

static int64_t cached_write(struct file *file, struct user_buffer *in, uint64_t *position)
{
    if (file->flags & LINUX_O_APPEND)
        *position = file->inode->size;
    return pagecache_write(file, in, position);
}

static int cached_fsync(struct file *file, bool data_only)
{
    struct inode *inode = file->inode;
    int error = pagecache_sync(inode);
    return error == 0 && inode->ops->sync != NULL ? inode->ops->sync(inode, data_only) : error;
}

const struct file_operations cached_file_operations = {
    .read = cached_read,
    .write = cached_write,
    .seek = file_seek,
    .mmap = pagecache_mmap,
    .fsync = cached_fsync,
};
