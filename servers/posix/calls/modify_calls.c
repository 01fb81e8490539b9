// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Making, removing and renaming names.

#include "servers/posix/calls/call.h"

// ---- one path ----

static int64_t make_at(struct task *task, uint64_t dirfd, uint64_t address, uint32_t mode,
                       uint64_t special_device, const char *target)
{
    struct vfs_caller who;
    struct call_path path;
    vfs_caller_of(task, &who);
    int error = call_path_get(task, &path, dirfd, address);
    if (error == 0)
        error = vfs_make(&who, path.argument, mode, special_device, target);
    call_path_put(&path);
    return error;
}

int64_t linux_mkdir(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    return make_at(task, CALL_CWD, argument[0], LINUX_S_IFDIR | (argument[1] & 01777), 0, NULL);
}

int64_t linux_mkdirat(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    return make_at(task, argument[0], argument[1], LINUX_S_IFDIR | (argument[2] & 01777), 0, NULL);
}

static int64_t mknod_at(struct task *task, uint64_t dirfd, uint64_t address, uint64_t mode,
                        uint64_t device)
{
    uint32_t type = (uint32_t)mode & LINUX_S_IFMT;
    uint64_t number = 0;
    switch (type) {
    case 0:
        type = LINUX_S_IFREG;
        break;
    case LINUX_S_IFREG:
    case LINUX_S_IFIFO:
    case LINUX_S_IFSOCK:
        break;
    case LINUX_S_IFCHR:
    case LINUX_S_IFBLK:
        if (!cred_capable(task->cred, CAP_MKNOD))
            return -E_PERM;
        number = (uint32_t)device; // 12 bits of major and 20 of minor, as linux_dev lays them out
        break;
    default:
        return type == LINUX_S_IFDIR ? -E_PERM : -E_INVAL;
    }
    return make_at(task, dirfd, address, type | ((uint32_t)mode & 07777), number, NULL);
}

int64_t linux_mknod(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    return mknod_at(task, CALL_CWD, argument[0], argument[1], argument[2]);
}

int64_t linux_mknodat(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    return mknod_at(task, argument[0], argument[1], argument[2], argument[3]);
}

static int64_t symlink_at(struct task *task, uint64_t target_address, uint64_t dirfd,
                          uint64_t address)
{
    char target[LINUX_PATH_MAX];
    int64_t length = user_read_string(task, target, target_address, sizeof(target));
    if (length < 0)
        return length;
    if (length == 0)
        return -E_NOENT;
    return make_at(task, dirfd, address, LINUX_S_IFLNK | 0777, 0, target);
}

int64_t linux_symlink(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    return symlink_at(task, argument[0], CALL_CWD, argument[1]);
}

int64_t linux_symlinkat(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    return symlink_at(task, argument[0], argument[1], argument[2]);
}

static int64_t remove_at(struct task *task, uint64_t dirfd, uint64_t address, bool directory)
{
    struct vfs_caller who;
    struct call_path path;
    vfs_caller_of(task, &who);
    int error = call_path_get(task, &path, dirfd, address);
    if (error == 0)
        error = directory ? vfs_rmdir(&who, path.argument) : vfs_unlink(&who, path.argument);
    call_path_put(&path);
    return error;
}

int64_t linux_unlink(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    return remove_at(task, CALL_CWD, argument[0], false);
}

int64_t linux_rmdir(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    return remove_at(task, CALL_CWD, argument[0], true);
}

int64_t linux_unlinkat(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    if ((argument[2] & 0xffffffffu & ~(uint32_t)LINUX_AT_REMOVEDIR) != 0)
        return -E_INVAL;
    return remove_at(task, argument[0], argument[1], (argument[2] & LINUX_AT_REMOVEDIR) != 0);
}

// ---- two paths ----

struct call_paths {
    struct call_path from, to;
};

static int call_paths_get(struct task *task, struct call_paths *paths, uint64_t from_fd,
                          uint64_t from, uint64_t to_fd, uint64_t to)
{
    paths->to.directory = NULL;
    int error = call_path_get(task, &paths->from, from_fd, from);
    return error != 0 ? error : call_path_get(task, &paths->to, to_fd, to);
}

static void call_paths_put(struct call_paths *paths)
{
    call_path_put(&paths->from);
    call_path_put(&paths->to);
}

static int64_t link_at(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    uint32_t flags = (uint32_t)argument[4];
    if ((flags & ~(uint32_t)(LINUX_AT_SYMLINK_FOLLOW | LINUX_AT_EMPTY_PATH)) != 0)
        return -E_INVAL;
    uint32_t lookup = (flags & LINUX_AT_SYMLINK_FOLLOW) ? LOOKUP_FOLLOW : 0;
    if (flags & LINUX_AT_EMPTY_PATH) {
        if (!cred_capable(task->cred, CAP_DAC_READ_SEARCH))
            return -E_NOENT;
        lookup |= LOOKUP_EMPTY;
    }
    struct vfs_caller who;
    struct call_paths paths;
    vfs_caller_of(task, &who);
    int error = call_paths_get(task, &paths, argument[0], argument[1], argument[2], argument[3]);
    if (error == 0)
        error = vfs_link(&who, paths.from.argument, paths.to.argument, lookup);
    call_paths_put(&paths);
    return error;
}

int64_t linux_link(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    return link_at(task, (const uint64_t[]){CALL_CWD, argument[0], CALL_CWD, argument[1], 0, 0});
}

int64_t linux_linkat(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    return link_at(task, argument);
}

static int64_t rename_at(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS],
                         uint32_t flags)
{
    struct vfs_caller who;
    struct call_paths paths;
    vfs_caller_of(task, &who);
    int error = call_paths_get(task, &paths, argument[0], argument[1], argument[2], argument[3]);
    if (error == 0)
        error = vfs_rename(&who, paths.from.argument, paths.to.argument, flags);
    call_paths_put(&paths);
    return error;
}

int64_t linux_rename(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    return rename_at(task, (const uint64_t[]){CALL_CWD, argument[0], CALL_CWD, argument[1], 0, 0},
                     0);
}

int64_t linux_renameat(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    return rename_at(task, argument, 0);
}

int64_t linux_renameat2(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    return rename_at(task, argument, (uint32_t)argument[4]);
}
