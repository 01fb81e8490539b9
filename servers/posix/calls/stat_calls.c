// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Asking about files: stat, statx, access, readlink, statfs.

#include <string.h>

#include "servers/posix/calls/call.h"

// ---- stat ----

static void stat_convert(const struct stat_data *data, struct linux_stat *out)
{
    memset(out, 0, sizeof(*out));
    out->device = data->device;
    out->inode = data->inode;
    out->links = data->links;
    out->mode = data->mode;
    out->uid = data->uid;
    out->gid = data->gid;
    out->special_device = data->special_device;
    out->size = (int64_t)data->size;
    out->block_size = (int32_t)data->block_bytes;
    out->blocks = (int64_t)data->blocks;
    out->accessed = (uint64_t)data->accessed.seconds;
    out->accessed_ns = data->accessed.nanoseconds;
    out->modified = (uint64_t)data->modified.seconds;
    out->modified_ns = data->modified.nanoseconds;
    out->changed = (uint64_t)data->changed.seconds;
    out->changed_ns = data->changed.nanoseconds;
}

static int64_t stat_answer(struct task *task, uint64_t address, const struct stat_data *data)
{
    struct linux_stat stat;
    stat_convert(data, &stat);
    return user_write(task, address, &stat, sizeof(stat));
}

static int64_t stat_descriptor(struct task *task, uint64_t fd, struct stat_data *data)
{
    struct vfs_caller who;
    struct file *file = file_get(task, (int)(uint32_t)fd);
    if (file == NULL)
        return -E_BADF;
    vfs_caller_of(task, &who);
    int error = file_stat(&who, file, data);
    file_put(file);
    return error;
}

// The object at (dirfd, path) for the AT_* flags; an empty path may name the descriptor itself.
static int64_t stat_at(struct task *task, uint64_t dirfd, uint64_t address, uint32_t flags,
                       struct stat_data *data)
{
    struct vfs_caller who;
    struct call_path call;
    vfs_caller_of(task, &who);
    if ((flags & LINUX_AT_EMPTY_PATH) != 0 && (int32_t)dirfd != LINUX_AT_FDCWD) {
        char first;
        int error = user_read(task, &first, address, 1);
        if (error != 0)
            return error;
        if (first == '\0')
            return stat_descriptor(task, dirfd, data);
    }
    int error = call_path_get(task, &call, dirfd, address);
    if (error == 0) {
        struct path path;
        uint32_t lookup = (flags & LINUX_AT_SYMLINK_NOFOLLOW) ? 0 : LOOKUP_FOLLOW;
        if (flags & LINUX_AT_EMPTY_PATH)
            lookup |= LOOKUP_EMPTY;
        error = vfs_lookup(&who, call.argument.start, call.text, lookup, &path);
        if (error == 0) {
            error = vfs_stat(&who, &path, data);
            vfs_path_put(&path);
        }
    }
    call_path_put(&call);
    return error;
}

int64_t linux_stat(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    struct stat_data data;
    int64_t result = stat_at(task, CALL_CWD, argument[0], 0, &data);
    return result != 0 ? result : stat_answer(task, argument[1], &data);
}

int64_t linux_lstat(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    struct stat_data data;
    int64_t result = stat_at(task, CALL_CWD, argument[0], LINUX_AT_SYMLINK_NOFOLLOW, &data);
    return result != 0 ? result : stat_answer(task, argument[1], &data);
}

int64_t linux_fstat(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    struct stat_data data;
    int64_t result = stat_descriptor(task, argument[0], &data);
    return result != 0 ? result : stat_answer(task, argument[1], &data);
}

int64_t linux_newfstatat(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    enum { KNOWN = LINUX_AT_SYMLINK_NOFOLLOW | LINUX_AT_NO_AUTOMOUNT | LINUX_AT_EMPTY_PATH };
    struct stat_data data;
    uint32_t flags = (uint32_t)argument[3];
    if ((flags & ~(uint32_t)KNOWN) != 0)
        return -E_INVAL;
    int64_t result = stat_at(task, argument[0], argument[1], flags, &data);
    return result != 0 ? result : stat_answer(task, argument[2], &data);
}

// ---- statx ----

struct statx_time {
    int64_t seconds;
    uint32_t nanoseconds;
    int32_t pad;
};

struct linux_statx {
    uint32_t mask, block_size;
    uint64_t attributes;
    uint32_t links, uid, gid;
    uint16_t mode, pad;
    uint64_t inode, size, blocks, attributes_mask;
    struct statx_time accessed, created, changed, modified;
    uint32_t special_major, special_minor, device_major, device_minor;
    uint64_t mount_id;
    uint32_t direct_memory_align, direct_offset_align;
    uint64_t spare[12];
};
_Static_assert(sizeof(struct linux_statx) == 256, "Linux ABI");

static struct statx_time statx_time(struct file_time time)
{
    return (struct statx_time){.seconds = time.seconds, .nanoseconds = time.nanoseconds};
}

static void statx_convert(const struct stat_data *data, struct linux_statx *out)
{
    enum { BASIC = 0x7ff, BTIME = 0x800, MOUNT_ID = 0x1000 };
    enum { ATTRIBUTE_MOUNT_ROOT = 0x2000 };
    memset(out, 0, sizeof(*out));
    out->mask = BASIC | MOUNT_ID;
    if (data->created.seconds != 0 || data->created.nanoseconds != 0)
        out->mask |= BTIME;
    out->block_size = data->block_bytes;
    out->attributes_mask = ATTRIBUTE_MOUNT_ROOT;
    out->attributes = data->mount_point ? ATTRIBUTE_MOUNT_ROOT : 0;
    out->links = data->links;
    out->uid = data->uid;
    out->gid = data->gid;
    out->mode = (uint16_t)data->mode;
    out->inode = data->inode;
    out->size = data->size;
    out->blocks = data->blocks;
    out->accessed = statx_time(data->accessed);
    out->created = statx_time(data->created);
    out->changed = statx_time(data->changed);
    out->modified = statx_time(data->modified);
    out->special_major = linux_dev_major(data->special_device);
    out->special_minor = linux_dev_minor(data->special_device);
    out->device_major = linux_dev_major(data->device);
    out->device_minor = linux_dev_minor(data->device);
    out->mount_id = data->mount_id;
}

int64_t linux_statx(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    enum {
        SYNC_TYPES = LINUX_AT_STATX_FORCE_SYNC | LINUX_AT_STATX_DONT_SYNC,
        KNOWN =
            LINUX_AT_SYMLINK_NOFOLLOW | LINUX_AT_NO_AUTOMOUNT | LINUX_AT_EMPTY_PATH | SYNC_TYPES,
    };
    const uint32_t reserved_mask = 0x80000000u;
    uint32_t flags = (uint32_t)argument[2];
    if ((flags & ~(uint32_t)KNOWN) != 0 || (flags & SYNC_TYPES) == SYNC_TYPES ||
        (argument[3] & reserved_mask) != 0)
        return -E_INVAL;
    struct stat_data data;
    int64_t result = stat_at(task, argument[0], argument[1], flags, &data);
    if (result != 0)
        return result;
    struct linux_statx statx;
    statx_convert(&data, &statx);
    return user_write(task, argument[4], &statx, sizeof(statx));
}

// ---- access ----

static int64_t access_at(struct task *task, uint64_t dirfd, uint64_t address, uint64_t mode,
                         uint32_t flags)
{
    enum { KNOWN = LINUX_AT_EACCESS | LINUX_AT_SYMLINK_NOFOLLOW | LINUX_AT_EMPTY_PATH };
    if ((mode & ~7ull) != 0 || (flags & ~(uint32_t)KNOWN) != 0)
        return -E_INVAL;
    struct vfs_caller who;
    vfs_caller_of(task, &who);
    if ((flags & LINUX_AT_EACCESS) == 0) {
        // The real ids; capabilities follow the real user.
        who.uid = task->cred->uid;
        who.gid = task->cred->gid;
        who.privileged =
            task->cred->uid == 0 && (task->cred->cap_permitted >> CAP_DAC_OVERRIDE & 1);
    }
    uint32_t lookup = (flags & LINUX_AT_SYMLINK_NOFOLLOW) ? 0 : LOOKUP_FOLLOW;
    if (flags & LINUX_AT_EMPTY_PATH)
        lookup |= LOOKUP_EMPTY;
    struct path path;
    int error = call_lookup(task, &who, dirfd, address, lookup, &path);
    if (error != 0)
        return error;
    error = mode == 0 ? 0 : vfs_permission(&who, &path, (uint32_t)mode);
    vfs_path_put(&path);
    return error;
}

int64_t linux_access(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    return access_at(task, CALL_CWD, argument[0], argument[1], 0);
}

int64_t linux_faccessat(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    return access_at(task, argument[0], argument[1], argument[2], 0);
}

int64_t linux_faccessat2(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    return access_at(task, argument[0], argument[1], argument[2], (uint32_t)argument[3]);
}

// ---- readlink ----

static int64_t readlink_path(struct task *task, const struct vfs_caller *who,
                             const struct path *path, uint64_t address, uint64_t size)
{
    struct inode *inode = path->dentry->inode;
    if (inode->ops->readlink == NULL)
        return -E_INVAL;
    char text[LINUX_PATH_MAX];
    int64_t length = inode->ops->readlink(inode, who, text, sizeof(text));
    if (length < 0)
        return length;
    inode_mark_accessed(inode);
    if ((uint64_t)length > size)
        length = (int64_t)size;
    int error = user_write(task, address, text, (size_t)length);
    return error != 0 ? error : length;
}

static int64_t readlink_at(struct task *task, uint64_t dirfd, uint64_t address, uint64_t buffer,
                           uint64_t size)
{
    struct vfs_caller who;
    struct path path;
    if ((int32_t)size <= 0)
        return -E_INVAL;
    vfs_caller_of(task, &who);
    uint32_t lookup = (int32_t)dirfd == LINUX_AT_FDCWD ? 0 : LOOKUP_EMPTY;
    int64_t result = call_lookup(task, &who, dirfd, address, lookup, &path);
    if (result != 0)
        return result;
    result = readlink_path(task, &who, &path, buffer, size);
    vfs_path_put(&path);
    return result;
}

int64_t linux_readlink(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    return readlink_at(task, CALL_CWD, argument[0], argument[1], argument[2]);
}

int64_t linux_readlinkat(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    return readlink_at(task, argument[0], argument[1], argument[2], argument[3]);
}

// ---- statfs ----

int64_t linux_statfs(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    struct vfs_caller who;
    struct path path;
    struct linux_statfs statfs;
    vfs_caller_of(task, &who);
    int error = call_lookup(task, &who, CALL_CWD, argument[0], LOOKUP_FOLLOW, &path);
    if (error != 0)
        return error;
    error = vfs_statfs(&path, &statfs);
    vfs_path_put(&path);
    return error != 0 ? error : user_write(task, argument[1], &statfs, sizeof(statfs));
}

int64_t linux_fstatfs(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    struct linux_statfs statfs;
    struct file *file = file_get(task, (int)(uint32_t)argument[0]);
    if (file == NULL)
        return -E_BADF;
    struct path path = file->path;
    int error = 0;
    if (path.mount == NULL && file->inode != NULL) {
        memset(&statfs, 0, sizeof(statfs));
        statfs.type = (int64_t)file->inode->superblock->magic;
        statfs.block_size = statfs.fragment_size = PAGE_SIZE;
        statfs.name_length = LINUX_NAME_MAX;
    } else {
        error = path.mount == NULL ? -E_NOSYS : vfs_statfs(&path, &statfs);
    }
    file_put(file);
    return error != 0 ? error : user_write(task, argument[1], &statfs, sizeof(statfs));
}
