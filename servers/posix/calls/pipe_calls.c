// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Descriptors without a name in the tree: pipe, eventfd, memfd_create.

#include <string.h>

#include "servers/posix/calls/call.h"
#include "servers/posix/fs/tmpfs.h"
#include "servers/posix/io/anonymous.h"
#include "servers/posix/io/eventfd.h"
#include "servers/posix/io/pipe.h"

// Installs a fresh file, or drops it.
static int64_t install(struct task *task, struct file *file, bool cloexec)
{
    int64_t fd = file_install(task, file, cloexec);
    if (fd < 0)
        file_put(file);
    return fd;
}

static int64_t pipe_call(struct task *task, uint64_t address, uint32_t flags)
{
    struct file *file[2];
    int32_t fd[2];
    if ((flags & ~(uint32_t)(LINUX_O_CLOEXEC | LINUX_O_NONBLOCK)) != 0)
        return -E_INVAL; // O_DIRECT, packets, is not carried
    int64_t result = pipe_create(flags & LINUX_O_NONBLOCK, file);
    if (result != 0)
        return result;
    bool cloexec = (flags & LINUX_O_CLOEXEC) != 0;
    result = install(task, file[0], cloexec);
    if (result < 0) {
        file_put(file[1]);
        return result;
    }
    fd[0] = (int32_t)result;
    result = install(task, file[1], cloexec);
    if (result < 0) {
        (void)file_table_close(task->files, fd[0]);
        return result;
    }
    fd[1] = (int32_t)result;
    result = user_write(task, address, fd, sizeof(fd));
    if (result != 0) {
        (void)file_table_close(task->files, fd[0]);
        (void)file_table_close(task->files, fd[1]);
    }
    return result;
}

int64_t linux_pipe(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    return pipe_call(task, argument[0], 0);
}

int64_t linux_pipe2(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    return pipe_call(task, argument[0], (uint32_t)argument[1]);
}

static int64_t eventfd_call(struct task *task, uint64_t initial, uint32_t flags)
{
    struct file *file;
    if ((flags & ~(uint32_t)(LINUX_O_CLOEXEC | LINUX_O_NONBLOCK | EVENTFD_SEMAPHORE)) != 0)
        return -E_INVAL;
    int error = eventfd_create_file((uint32_t)initial, (flags & EVENTFD_SEMAPHORE) != 0,
                                    flags & LINUX_O_NONBLOCK, &file);
    return error != 0 ? error : install(task, file, (flags & LINUX_O_CLOEXEC) != 0);
}

int64_t linux_eventfd(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    return eventfd_call(task, argument[0], 0);
}

int64_t linux_eventfd2(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    return eventfd_call(task, argument[0], (uint32_t)argument[1]);
}

// ---- memfd ----

// The open file of a fresh memory file called "memfd:<name>".
static int memfd_open(struct task *task, const char *text, size_t length, struct file **out)
{
    struct mount *mount = anonymous_mount(ANONYMOUS_MEMORY);
    struct inode_make what = {
        .mode = LINUX_S_IFREG | 0777, .uid = task->cred->fsuid, .gid = task->cred->fsgid};
    struct inode *inode;
    int error = tmpfs_make_unnamed(mount->superblock, &what, &inode);
    if (error != 0)
        return error;
    struct name name = name_of(text, length);
    struct dentry *dentry = dentry_create(mount->root, &name);
    if (dentry == NULL) {
        inode_put(inode);
        return -E_NOMEM;
    }
    dentry_set_inode(dentry, inode);
    struct file *file = file_create(inode->file_ops, LINUX_O_RDWR | LINUX_O_LARGEFILE, NULL);
    if (file == NULL) {
        dentry_put(dentry);
        return -E_NOMEM;
    }
    file->kind = FILE_POSITION;
    file->inode = inode_hold(inode);
    file->path = (struct path){mount, dentry};
    mount->references++;
    *out = file;
    return 0;
}

int64_t linux_memfd_create(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    enum { MFD_CLOEXEC = 1, MFD_ALLOW_SEALING = 2, NAME_MAX = 249 };
    static const char prefix[] = "memfd:";
    char name[sizeof(prefix) + NAME_MAX + 1];
    if ((argument[1] & 0xffffffffu & ~(uint32_t)(MFD_CLOEXEC | MFD_ALLOW_SEALING)) != 0)
        return -E_INVAL;
    memcpy(name, prefix, sizeof(prefix) - 1);
    int64_t length = user_read_string(task, name + sizeof(prefix) - 1, argument[0], NAME_MAX + 1);
    if (length < 0)
        return length == -E_NAMETOOLONG ? -E_INVAL : length;
    struct file *file;
    int error = memfd_open(task, name, sizeof(prefix) - 1 + (size_t)length, &file);
    return error != 0 ? error : install(task, file, (argument[1] & MFD_CLOEXEC) != 0);
}
