// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// What the file system calls share: arguments that are descriptors and paths.

#pragma once

#include "servers/posix/dispatch.h"
#include "servers/posix/task.h"
#include "servers/posix/user.h"
#include "servers/posix/vfs/operations.h"

// A path argument, copied in, and where a relative one starts. Always call_path_put, also after an
// error.
struct call_path {
    struct path_argument argument;
    struct file *directory; // counted; NULL: the working directory
    char text[LINUX_PATH_MAX];
};

// E_FAULT, E_NAMETOOLONG, E_BADF, E_NOTDIR.
int call_path_get(struct task *task, struct call_path *path, uint64_t dirfd, uint64_t address);

static inline void call_path_put(struct call_path *path)
{
    if (path->directory != NULL)
        file_put(path->directory);
}

// call_path_get and vfs_lookup: *out is counted.
int call_lookup(struct task *task, const struct vfs_caller *who, uint64_t dirfd, uint64_t address,
                uint32_t lookup_flags, struct path *out);

#define CALL_CWD ((uint64_t)(int64_t)LINUX_AT_FDCWD)
