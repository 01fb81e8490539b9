// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Changing attributes: mode, owner, size, times.

#include "servers/posix/calls/call.h"
#include "servers/posix/clock.h"

// The object of a *at call, counted: by path, or the descriptor's own for an empty path with
// AT_EMPTY_PATH.
static int object_at(struct task *task, const struct vfs_caller *who, uint64_t dirfd,
                     uint64_t address, uint32_t flags, struct path *out)
{
    uint32_t lookup = (flags & LINUX_AT_SYMLINK_NOFOLLOW) ? 0 : LOOKUP_FOLLOW;
    if (flags & LINUX_AT_EMPTY_PATH)
        lookup |= LOOKUP_EMPTY;
    return call_lookup(task, who, dirfd, address, lookup, out);
}

// The path of a descriptor, counted. E_BADF; E_INVAL: it has none (pipe, epoll ...).
static int object_of_descriptor(struct task *task, uint64_t fd, struct path *out)
{
    struct file *file = file_table_peek(task->files, (int)(uint32_t)fd);
    if (file == NULL || file_is_path_only(file))
        return -E_BADF;
    if (file->path.dentry == NULL)
        return -E_INVAL;
    *out = file->path;
    vfs_path_get(out);
    return 0;
}

// ---- chmod ----

static int64_t chmod_path(struct task *task, int error, const struct path *path, uint64_t mode)
{
    struct vfs_caller who;
    if (error != 0)
        return error;
    vfs_caller_of(task, &who);
    error = vfs_chmod(&who, path, (uint32_t)mode & 07777);
    vfs_path_put(path);
    return error;
}

static int64_t chmod_at(struct task *task, uint64_t dirfd, uint64_t address, uint64_t mode)
{
    struct vfs_caller who;
    struct path path;
    vfs_caller_of(task, &who);
    return chmod_path(task, object_at(task, &who, dirfd, address, 0, &path), &path, mode);
}

int64_t linux_chmod(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    return chmod_at(task, CALL_CWD, argument[0], argument[1]);
}

int64_t linux_fchmodat(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    return chmod_at(task, argument[0], argument[1], argument[2]);
}

int64_t linux_fchmod(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    struct path path;
    return chmod_path(task, object_of_descriptor(task, argument[0], &path), &path, argument[1]);
}

// ---- chown ----

static int64_t chown_path(struct task *task, int error, const struct path *path, uint64_t uid,
                          uint64_t gid)
{
    struct vfs_caller who;
    if (error != 0)
        return error;
    vfs_caller_of(task, &who);
    error = vfs_chown(&who, path, (uint32_t)uid, (uint32_t)gid);
    vfs_path_put(path);
    return error;
}

static int64_t chown_at(struct task *task, uint64_t dirfd, uint64_t address, uint64_t uid,
                        uint64_t gid, uint32_t flags)
{
    struct vfs_caller who;
    struct path path;
    if ((flags & ~(uint32_t)(LINUX_AT_SYMLINK_NOFOLLOW | LINUX_AT_EMPTY_PATH)) != 0)
        return -E_INVAL;
    vfs_caller_of(task, &who);
    return chown_path(task, object_at(task, &who, dirfd, address, flags, &path), &path, uid, gid);
}

int64_t linux_chown(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    return chown_at(task, CALL_CWD, argument[0], argument[1], argument[2], 0);
}

int64_t linux_lchown(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    return chown_at(task, CALL_CWD, argument[0], argument[1], argument[2],
                    LINUX_AT_SYMLINK_NOFOLLOW);
}

int64_t linux_fchownat(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    return chown_at(task, argument[0], argument[1], argument[2], argument[3],
                    (uint32_t)argument[4]);
}

int64_t linux_fchown(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    struct path path;
    return chown_path(task, object_of_descriptor(task, argument[0], &path), &path, argument[1],
                      argument[2]);
}

// ---- size ----

int64_t linux_truncate(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    struct vfs_caller who;
    struct path path;
    if ((int64_t)argument[1] < 0)
        return -E_INVAL;
    vfs_caller_of(task, &who);
    int error = call_lookup(task, &who, CALL_CWD, argument[0], LOOKUP_FOLLOW, &path);
    if (error != 0)
        return error;
    error = vfs_truncate(&who, &path, argument[1]);
    vfs_path_put(&path);
    return error;
}

// The file of a call that changes contents: open for writing, regular.
static int writable_file(struct task *task, uint64_t fd, struct file **out)
{
    struct file *file = file_get(task, (int)(uint32_t)fd);
    if (file == NULL)
        return -E_BADF;
    int error = 0;
    if (file_is_path_only(file))
        error = -E_BADF;
    else if (file->inode == NULL || !linux_s_isreg(file->inode->mode) ||
             (file->flags & LINUX_O_ACCMODE) == LINUX_O_RDONLY)
        error = -E_INVAL;
    if (error != 0)
        file_put(file);
    *out = file;
    return error;
}

static int check_size_limit(struct task *task, uint64_t size)
{
    if (size <= task_rlimit(task, RLIMIT_FSIZE))
        return 0;
    signal_send_task(task, SIGXFSZ, NULL);
    return -E_FBIG;
}

int64_t linux_ftruncate(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    struct file *file;
    if ((int64_t)argument[1] < 0)
        return -E_INVAL;
    int error = writable_file(task, argument[0], &file);
    if (error != 0)
        return error;
    if (argument[1] > file->inode->size)
        error = check_size_limit(task, argument[1]);
    if (error == 0) {
        struct vfs_caller who;
        vfs_caller_of(task, &who);
        inode_drop_privilege_bits(&who, file->inode);
        error = inode_truncate(file->inode, argument[1]);
    }
    file_put(file);
    return error;
}

int64_t linux_fallocate(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    enum { KEEP_SIZE = 1 };
    int64_t offset = (int64_t)argument[2], bytes = (int64_t)argument[3], end;
    struct file *file = file_get(task, (int)(uint32_t)argument[0]);
    if (file == NULL)
        return -E_BADF;
    int error = 0;
    struct inode *inode = file->inode;
    if (file_is_path_only(file) || (file->flags & LINUX_O_ACCMODE) == LINUX_O_RDONLY)
        error = -E_BADF;
    else if (offset < 0 || bytes <= 0)
        error = -E_INVAL;
    else if (file->path.dentry == NULL && file->inode == NULL)
        error = -E_NODEV;
    else if (!linux_s_isreg(inode->mode))
        error = (inode->mode & LINUX_S_IFMT) == LINUX_S_IFIFO ? -E_SPIPE
                : linux_s_isdir(inode->mode)                  ? -E_ISDIR
                                                              : -E_NODEV;
    else if (__builtin_add_overflow(offset, bytes, &end) ||
             (uint64_t)end > inode->superblock->max_bytes)
        error = -E_FBIG;
    else if (inode->ops->allocate == NULL)
        error = -E_OPNOTSUPP;
    else if ((argument[1] & KEEP_SIZE) == 0)
        error = check_size_limit(task, (uint64_t)end);
    if (error == 0)
        error =
            inode->ops->allocate(inode, (uint32_t)argument[1], (uint64_t)offset, (uint64_t)bytes);
    file_put(file);
    return error;
}

// ---- times ----

#define UTIME_NOW  ((1l << 30) - 1l)
#define UTIME_OMIT ((1l << 30) - 2l)

static int time_change_of(const struct timespec_linux *time, struct time_change *out)
{
    if (time->nanoseconds == UTIME_NOW) {
        out->choice = TIME_NOW;
    } else if (time->nanoseconds == UTIME_OMIT) {
        out->choice = TIME_LEAVE;
    } else {
        if (time->nanoseconds < 0 || time->nanoseconds >= (int64_t)NS_PER_SECOND)
            return -E_INVAL;
        out->choice = TIME_SET;
        out->time = (struct file_time){.seconds = time->seconds,
                                       .nanoseconds = (uint32_t)time->nanoseconds};
    }
    return 0;
}

// `times` NULL: both now.
static int64_t set_times(struct task *task, uint64_t dirfd, uint64_t address, uint32_t flags,
                         const struct timespec_linux times[2])
{
    struct time_change change[2] = {{.choice = TIME_NOW}, {.choice = TIME_NOW}};
    struct vfs_caller who;
    struct path path;
    int error = 0;
    if (times != NULL) {
        error = time_change_of(&times[0], &change[0]);
        if (error == 0)
            error = time_change_of(&times[1], &change[1]);
    }
    vfs_caller_of(task, &who);
    if (error == 0 && address == 0)
        error =
            (int32_t)dirfd == LINUX_AT_FDCWD ? -E_FAULT : object_of_descriptor(task, dirfd, &path);
    else if (error == 0)
        error = object_at(task, &who, dirfd, address, flags, &path);
    if (error != 0)
        return error;
    error = vfs_set_times(&who, &path, &change[0], &change[1]);
    vfs_path_put(&path);
    return error;
}

int64_t linux_utimensat(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    struct timespec_linux times[2];
    uint32_t flags = (uint32_t)argument[3];
    if ((flags & ~(uint32_t)(LINUX_AT_SYMLINK_NOFOLLOW | LINUX_AT_EMPTY_PATH)) != 0)
        return -E_INVAL;
    if (argument[2] != 0) {
        int error = user_read(task, times, argument[2], sizeof(times));
        if (error != 0)
            return error;
    }
    return set_times(task, argument[0], argument[1], flags, argument[2] != 0 ? times : NULL);
}

static int64_t set_times_microseconds(struct task *task, uint64_t dirfd, uint64_t path,
                                      uint64_t address)
{
    struct timeval_linux values[2];
    struct timespec_linux times[2];
    if (address == 0)
        return set_times(task, dirfd, path, 0, NULL);
    int error = user_read(task, values, address, sizeof(values));
    if (error != 0)
        return error;
    for (unsigned i = 0; i < 2; i++) {
        if (values[i].microseconds < 0 || values[i].microseconds >= 1000000)
            return -E_INVAL;
        times[i] =
            (struct timespec_linux){values[i].seconds, values[i].microseconds * (int64_t)NS_PER_US};
    }
    return set_times(task, dirfd, path, 0, times);
}

int64_t linux_utimes(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    return set_times_microseconds(task, CALL_CWD, argument[0], argument[1]);
}

int64_t linux_futimesat(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    return set_times_microseconds(task, argument[0], argument[1], argument[2]);
}

int64_t linux_utime(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    int64_t seconds[2];
    if (argument[1] == 0)
        return set_times(task, CALL_CWD, argument[0], 0, NULL);
    int error = user_read(task, seconds, argument[1], sizeof(seconds));
    if (error != 0)
        return error;
    struct timespec_linux times[2] = {{seconds[0], 0}, {seconds[1], 0}};
    return set_times(task, CALL_CWD, argument[0], 0, times);
}
