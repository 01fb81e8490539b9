// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// /proc/<pid>/fd and fdinfo.

#include "servers/posix/fs/proc/proc.h"
#include "servers/posix/io/anonymous.h"
#include "servers/posix/vfs/tree.h"

#include <string.h>

static struct file *subject_file(const struct proc_subject *subject)
{
    return subject->task != NULL ? file_table_peek(subject->task->files, subject->fd) : NULL;
}

int64_t proc_fd_readlink(const struct proc_subject *subject, const struct vfs_caller *who,
                         char *buffer, size_t size)
{
    struct file *file = subject_file(subject);
    if (file == NULL)
        return -E_NOENT;
    if (file->path.dentry == NULL)
        return file->ops->describe != NULL ? (int64_t)file->ops->describe(file, buffer, size)
                                           : -E_NOENT;
    char text[LINUX_PATH_MAX];
    const char *path = vfs_path_text(&file->path, &who->fs->root, text, sizeof(text));
    if (path == NULL)
        return -E_NAMETOOLONG;
    size_t length = strlen(path);
    if (length > size)
        length = size;
    memcpy(buffer, path, length);
    return (int64_t)length;
}

int proc_fd_follow(const struct proc_subject *subject, struct path *out)
{
    struct file *file = subject_file(subject);
    if (file == NULL)
        return -E_NOENT;
    if (file->path.dentry != NULL) {
        *out = file->path;
        vfs_path_get(out);
        return 0;
    }
    return file->inode != NULL ? anonymous_path(file->inode, out) : -E_NXIO;
}

int proc_show_fdinfo(struct proc_text *text, const struct proc_subject *subject,
                     const struct vfs_caller *who)
{
    const struct file *file = subject_file(subject);
    (void)who;
    if (file == NULL)
        return -E_NOENT;
    uint32_t flags = file->flags;
    if (file_table_get_cloexec(subject->task->files, subject->fd))
        flags |= LINUX_O_CLOEXEC;
    proc_printf(text, "pos:\t%lu\nflags:\t0%o\nmnt_id:\t%u\nino:\t%lu\n",
                (unsigned long)file->position, flags,
                file->path.mount != NULL ? file->path.mount->id : 0,
                file->inode != NULL ? (unsigned long)file->inode->number : 0ul);
    return 0;
}
