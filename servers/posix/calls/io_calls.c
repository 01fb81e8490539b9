// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Moving bytes between programs and files: the read and write families, lseek, ioctl. Copies
// between files are in transfer_calls.c.

#include "servers/posix/calls/call.h"

// ---- checks that go with writing ----

// RLIMIT_FSIZE for regular files: cuts the buffer, or SIGXFSZ and E_FBIG.
static int limit_size(struct task *task, const struct file *file, struct user_buffer *buffer,
                      const uint64_t *position)
{
    uint64_t limit = task_rlimit(task, RLIMIT_FSIZE);
    if (limit == RLIMIT_INFINITY || file->inode == NULL || !linux_s_isreg(file->inode->mode))
        return 0;
    uint64_t at = position != NULL ? *position : file->position;
    if (file->flags & LINUX_O_APPEND)
        at = file->inode->size;
    if (at >= limit) {
        if (user_buffer_left(buffer) == 0)
            return 0;
        signal_send_task(task, SIGXFSZ, NULL);
        return -E_FBIG;
    }
    if (buffer->left > limit - at)
        buffer->left = limit - at;
    return 0;
}

static int64_t write_file(struct task *task, struct file *file, struct user_buffer *buffer,
                          uint64_t *position)
{
    int64_t result = limit_size(task, file, buffer, position);
    if (result == 0) {
        if (file->inode != NULL && (file->inode->mode & (LINUX_S_ISUID | LINUX_S_ISGID)) != 0 &&
            linux_s_isreg(file->inode->mode)) {
            struct vfs_caller who;
            vfs_caller_of(task, &who);
            inode_drop_privilege_bits(&who, file->inode);
        }
        result = file_write(file, buffer, position);
    }
    if (result == -E_PIPE)
        signal_send_task(task, SIGPIPE, NULL);
    if (result > 0 && (file->flags & LINUX_O_DSYNC) != 0 && file->ops->fsync != NULL) {
        int error = file->ops->fsync(file, (file->flags & LINUX_O_SYNC) != LINUX_O_SYNC);
        if (error != 0)
            return error;
    }
    return result;
}

// ---- read, write and their relatives ----

// file_get without a call.
static inline struct file *file_of(const struct task *task, uint64_t fd)
{
    struct file *file = file_table_peek(task->files, (int)(uint32_t)fd);
    return file != NULL ? file_hold(file) : NULL;
}

int64_t linux_read(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    struct file *file = file_of(task, argument[0]);
    if (file == NULL)
        return -E_BADF;
    struct user_buffer buffer;
    user_buffer_init(&buffer, task, argument[1], argument[2]);
    int64_t result = (int64_t)argument[2] < 0 ? -E_INVAL : file_read(file, &buffer, NULL);
    file_put(file);
    return result;
}

int64_t linux_write(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    struct file *file = file_of(task, argument[0]);
    if (file == NULL)
        return -E_BADF;
    struct user_buffer buffer;
    user_buffer_init(&buffer, task, argument[1], argument[2]);
    int64_t result = (int64_t)argument[2] < 0 ? -E_INVAL : write_file(task, file, &buffer, NULL);
    file_put(file);
    return result;
}

int64_t linux_pread64(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    uint64_t position = argument[3];
    if ((int64_t)position < 0)
        return -E_INVAL;
    struct file *file = file_of(task, argument[0]);
    if (file == NULL)
        return -E_BADF;
    struct user_buffer buffer;
    user_buffer_init(&buffer, task, argument[1], argument[2]);
    int64_t result = (int64_t)argument[2] < 0 ? -E_INVAL : file_read(file, &buffer, &position);
    file_put(file);
    return result;
}

int64_t linux_pwrite64(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    uint64_t position = argument[3];
    if ((int64_t)position < 0)
        return -E_INVAL;
    struct file *file = file_of(task, argument[0]);
    if (file == NULL)
        return -E_BADF;
    struct user_buffer buffer;
    user_buffer_init(&buffer, task, argument[1], argument[2]);
    int64_t result =
        (int64_t)argument[2] < 0 ? -E_INVAL : write_file(task, file, &buffer, &position);
    file_put(file);
    return result;
}

// The vector forms; `position` NULL: the file's own.
static int64_t vector_io(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS],
                         bool writing, uint64_t *position)
{
    struct file *file = file_of(task, argument[0]);
    if (file == NULL)
        return -E_BADF;
    struct user_buffer buffer;
    int64_t result = user_buffer_init_vector(&buffer, task, argument[1], argument[2]);
    if (result == 0) {
        result = writing ? write_file(task, file, &buffer, position)
                         : file_read(file, &buffer, position);
        user_buffer_release(&buffer);
    }
    file_put(file);
    return result;
}

int64_t linux_readv(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    return vector_io(task, argument, false, NULL);
}

int64_t linux_writev(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    return vector_io(task, argument, true, NULL);
}

int64_t linux_preadv(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    uint64_t position = argument[3]; // on 64-bit processors its high half is not looked at
    return (int64_t)position < 0 ? -E_INVAL : vector_io(task, argument, false, &position);
}

int64_t linux_pwritev(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    uint64_t position = argument[3];
    return (int64_t)position < 0 ? -E_INVAL : vector_io(task, argument, true, &position);
}

// RWF_HIPRI, DSYNC and SYNC may be given and change nothing that a program could see; NOWAIT and
// APPEND are not carried.
static int64_t vector_io_flags(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS],
                               bool writing)
{
    enum { RWF_HIPRI = 1, RWF_DSYNC = 2, RWF_SYNC = 4 };
    uint64_t position = argument[3];
    if ((argument[5] & ~(uint64_t)(RWF_HIPRI | RWF_DSYNC | RWF_SYNC)) != 0)
        return -E_OPNOTSUPP;
    if (position == UINT64_MAX)
        return vector_io(task, argument, writing, NULL);
    return (int64_t)position < 0 ? -E_INVAL : vector_io(task, argument, writing, &position);
}

int64_t linux_preadv2(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    return vector_io_flags(task, argument, false);
}

int64_t linux_pwritev2(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    return vector_io_flags(task, argument, true);
}

int64_t linux_lseek(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    struct file *file = file_of(task, argument[0]);
    if (file == NULL)
        return -E_BADF;
    int64_t result = -E_SPIPE;
    if (file_is_path_only(file))
        result = -E_BADF;
    else if (file->ops->seek != NULL)
        result = file->ops->seek(file, (int64_t)argument[1], (int)(uint32_t)argument[2]);
    file_put(file);
    return result;
}

// ---- ioctl ----

enum ioctl_command {
    IOCTL_FIONREAD = 0x541b,
    IOCTL_FIONBIO = 0x5421,
    IOCTL_FIONCLEX = 0x5450,
    IOCTL_FIOCLEX = 0x5451,
    IOCTL_FIOASYNC = 0x5452,
    IOCTL_FIGETBSZ = 2,
};

static int64_t ioctl_switch_flag(struct task *task, struct file *file, uint64_t address,
                                 uint32_t flag)
{
    uint32_t on;
    int error = user_read_u32(task, &on, address);
    if (error != 0)
        return error;
    file->flags = on != 0 ? file->flags | flag : file->flags & ~flag;
    return 0;
}

static int64_t ioctl_file(struct task *task, struct file *file, int fd, uint32_t command,
                          uint64_t address)
{
    const struct inode *inode = file->inode;
    switch (command) {
    case IOCTL_FIOCLEX:
    case IOCTL_FIONCLEX:
        file_table_set_cloexec(task->files, fd, command == IOCTL_FIOCLEX);
        return 0;
    case IOCTL_FIONBIO:
        return ioctl_switch_flag(task, file, address, LINUX_O_NONBLOCK);
    case IOCTL_FIOASYNC:
        return ioctl_switch_flag(task, file, address, LINUX_O_ASYNC);
    case IOCTL_FIONREAD:
        if (inode != NULL && linux_s_isreg(inode->mode))
            return user_write_u32(task, address, (uint32_t)(inode->size - file->position));
        break;
    case IOCTL_FIGETBSZ:
        if (inode != NULL && (linux_s_isreg(inode->mode) || linux_s_isdir(inode->mode)))
            return user_write_u32(task, address, inode->superblock->block_bytes);
        break;
    default:
        break;
    }
    return file->ops->ioctl != NULL ? file->ops->ioctl(task, file, command, address) : -E_NOTTY;
}

int64_t linux_ioctl(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    int fd = (int)(uint32_t)argument[0];
    struct file *file = file_get(task, fd);
    if (file == NULL)
        return -E_BADF;
    int64_t result = -E_BADF;
    if (!file_is_path_only(file))
        result = ioctl_file(task, file, fd, (uint32_t)argument[1], argument[2]);
    file_put(file);
    return result;
}
