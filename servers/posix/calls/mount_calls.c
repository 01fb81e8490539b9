// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// mount and umount2.

#include <stdlib.h>

#include "servers/posix/calls/call.h"

enum { MOUNT_TEXT = 4096 };

struct mount_arguments {
    char source[MOUNT_TEXT];
    char type[64];
    char options[MOUNT_TEXT];
};

// Optional strings: address 0 is an empty one. Options are a page that need not be terminated.
static int mount_arguments_get(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS],
                               struct mount_arguments *out)
{
    out->source[0] = out->type[0] = out->options[0] = '\0';
    int64_t result = 0;
    if (argument[0] != 0)
        result = user_read_string(task, out->source, argument[0], sizeof(out->source));
    if (result >= 0 && argument[2] != 0) {
        result = user_read_string(task, out->type, argument[2], sizeof(out->type));
        if (result == -E_NAMETOOLONG)
            return -E_NODEV;
    }
    if (result >= 0 && argument[4] != 0)
        result = user_read_string(task, out->options, argument[4], sizeof(out->options));
    return result < 0 ? (int)result : 0;
}

int64_t linux_mount(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    const uint64_t magic = 0xc0ed0000, magic_mask = 0xffff0000;
    uint64_t flags = argument[3];
    if ((flags & magic_mask) == magic)
        flags &= ~magic_mask;
    if (!cred_capable(task->cred, CAP_SYS_ADMIN))
        return -E_PERM;
    struct mount_arguments *arguments = malloc(sizeof(*arguments));
    if (arguments == NULL)
        return -E_NOMEM;
    struct vfs_caller who;
    struct path target;
    vfs_caller_of(task, &who);
    int error = mount_arguments_get(task, argument, arguments);
    if (error == 0)
        error = call_lookup(task, &who, CALL_CWD, argument[1], LOOKUP_FOLLOW, &target);
    if (error == 0) {
        error = vfs_mount_at(&who, arguments->source, &target, arguments->type, flags,
                             arguments->options);
        vfs_path_put(&target);
    }
    free(arguments);
    return error;
}

int64_t linux_umount2(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    enum { UMOUNT_NOFOLLOW = 8 };
    struct vfs_caller who;
    struct path target;
    if (!cred_capable(task->cred, CAP_SYS_ADMIN))
        return -E_PERM;
    vfs_caller_of(task, &who);
    uint32_t lookup = (argument[1] & UMOUNT_NOFOLLOW) ? 0 : LOOKUP_FOLLOW;
    int error = call_lookup(task, &who, CALL_CWD, argument[0], lookup, &target);
    if (error != 0)
        return error;
    error = vfs_unmount(&who, &target, (uint32_t)argument[1]);
    vfs_path_put(&target);
    return error;
}
