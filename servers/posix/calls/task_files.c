// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// A task's descriptors, directories and identity, as the VFS core sees them.

#include <stdlib.h>

#include "servers/posix/calls/call.h"
#include "servers/posix/clock.h"

struct file_time file_time_now(void)
{
    uint64_t now = clock_realtime();
    return (struct file_time){.seconds = (int64_t)(now / NS_PER_SECOND),
                              .nanoseconds = (uint32_t)(now % NS_PER_SECOND)};
}

void vfs_caller_of(struct task *task, struct vfs_caller *out)
{
    const struct cred *cred = task->cred;
    out->fs = task->fs;
    out->uid = cred->fsuid;
    out->gid = cred->fsgid;
    out->groups = cred->group;
    out->group_count = cred->groups;
    out->privileged = cred_capable(cred, CAP_DAC_OVERRIDE);
    out->task = task;
}

struct file *file_get(struct task *task, int fd)
{
    struct file *file = file_table_peek(task->files, fd);
    return file != NULL ? file_hold(file) : NULL;
}

int file_install(struct task *task, struct file *file, bool close_on_exec)
{
    uint64_t limit = task_rlimit(task, RLIMIT_NOFILE);
    return file_table_add(task->files, file, 0,
                          limit < FILE_TABLE_MAX ? (uint32_t)limit : FILE_TABLE_MAX, close_on_exec);
}

// ---- fs_context ----

struct fs_context *fs_context_create(const struct path *root)
{
    struct fs_context *fs = malloc(sizeof(*fs));
    if (fs == NULL)
        return NULL;
    fs->references = 1;
    fs->umask = 022;
    fs->root = fs->cwd = *root;
    vfs_path_get(root);
    vfs_path_get(root);
    return fs;
}

struct fs_context *fs_context_clone(const struct fs_context *from)
{
    struct fs_context *fs = malloc(sizeof(*fs));
    if (fs == NULL)
        return NULL;
    *fs = *from;
    fs->references = 1;
    vfs_path_get(&fs->root);
    vfs_path_get(&fs->cwd);
    return fs;
}

struct fs_context *fs_context_hold(struct fs_context *fs)
{
    fs->references++;
    return fs;
}

void fs_context_put(struct fs_context *fs)
{
    if (--fs->references != 0)
        return;
    vfs_path_put(&fs->root);
    vfs_path_put(&fs->cwd);
    free(fs);
}

// ---- paths relative to a descriptor ----

// Where a relative path starts. *directory is counted or NULL.
static int start_get(struct task *task, int dirfd, const char *text, struct file **directory)
{
    *directory = NULL;
    if (*text == '/' || dirfd == LINUX_AT_FDCWD)
        return 0;
    struct file *file = file_get(task, dirfd);
    if (file == NULL)
        return -E_BADF;
    *directory = file;
    // An empty path names the file itself, whatever it is; anything else starts at a directory.
    if (file->path.dentry == NULL || (*text != '\0' && !linux_s_isdir(file->inode->mode)))
        return -E_NOTDIR;
    return 0;
}

int call_path_get(struct task *task, struct call_path *path, uint64_t dirfd, uint64_t address)
{
    path->directory = NULL;
    path->argument = (struct path_argument){NULL, path->text};
    int64_t length = user_read_string(task, path->text, address, sizeof(path->text));
    if (length < 0)
        return (int)length;
    int error = start_get(task, (int)(uint32_t)dirfd, path->text, &path->directory);
    if (path->directory != NULL)
        path->argument.start = &path->directory->path;
    return error;
}

int call_lookup(struct task *task, const struct vfs_caller *who, uint64_t dirfd, uint64_t address,
                uint32_t lookup_flags, struct path *out)
{
    struct call_path path;
    int error = call_path_get(task, &path, dirfd, address);
    if (error == 0)
        error = vfs_lookup(who, path.argument.start, path.text, lookup_flags, out);
    call_path_put(&path);
    return error;
}

int vfs_lookup_at(struct task *task, int dirfd, const char *path, uint32_t flags, struct path *out)
{
    struct vfs_caller who;
    struct file *directory;
    vfs_caller_of(task, &who);
    int error = start_get(task, dirfd, path, &directory);
    if (error == 0)
        error = vfs_lookup(&who, directory != NULL ? &directory->path : NULL, path, flags, out);
    if (directory != NULL)
        file_put(directory);
    return error;
}

int vfs_open_at(struct task *task, int dirfd, const char *path, uint32_t flags, uint32_t mode,
                struct file **out)
{
    struct vfs_caller who;
    struct file *directory;
    vfs_caller_of(task, &who);
    int error = start_get(task, dirfd, path, &directory);
    if (error == 0)
        error = vfs_open(&who, directory != NULL ? &directory->path : NULL, path, flags, mode, out);
    if (directory != NULL)
        file_put(directory);
    return error;
}
