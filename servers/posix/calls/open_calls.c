// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// open, close and what makes more descriptors of one: dup, fcntl, flock.

#include "servers/posix/calls/call.h"
#include "servers/posix/io/pipe.h"
#include "servers/posix/vfs/locks.h"

// ---- open ----

enum {
    OPEN_FLAGS_KNOWN = LINUX_O_ACCMODE | LINUX_O_CREAT | LINUX_O_EXCL | LINUX_O_NOCTTY |
                       LINUX_O_TRUNC | LINUX_O_APPEND | LINUX_O_NONBLOCK | LINUX_O_SYNC |
                       LINUX_O_ASYNC | LINUX_O_DIRECT | LINUX_O_LARGEFILE | LINUX_O_TMPFILE |
                       LINUX_O_NOFOLLOW | LINUX_O_NOATIME | LINUX_O_CLOEXEC | LINUX_O_PATH,
    TMPFILE_BIT = LINUX_O_TMPFILE & ~LINUX_O_DIRECTORY,
};

static int64_t open_at(struct task *task, uint64_t dirfd, uint64_t address, uint32_t flags,
                       uint32_t mode, uint32_t lookup_flags)
{
    struct call_path path;
    struct vfs_caller who;
    struct file *file;
    flags &= OPEN_FLAGS_KNOWN; // open and openat ignore what they do not know
    if ((flags & TMPFILE_BIT) != 0 && (flags & LINUX_O_TMPFILE) != LINUX_O_TMPFILE)
        return -E_INVAL;
    vfs_caller_of(task, &who);
    int64_t result = call_path_get(task, &path, dirfd, address);
    if (result == 0)
        result =
            vfs_open_lookup(&who, path.argument.start, path.text, flags, mode, lookup_flags, &file);
    if (result == 0) {
        result = file_install(task, file, (flags & LINUX_O_CLOEXEC) != 0);
        if (result < 0)
            file_put(file);
    }
    call_path_put(&path);
    return result;
}

int64_t linux_open(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    return open_at(task, CALL_CWD, argument[0], (uint32_t)argument[1], (uint32_t)argument[2], 0);
}

int64_t linux_openat(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    return open_at(task, argument[0], argument[1], (uint32_t)argument[2], (uint32_t)argument[3], 0);
}

int64_t linux_creat(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    return open_at(task, CALL_CWD, argument[0], LINUX_O_CREAT | LINUX_O_WRONLY | LINUX_O_TRUNC,
                   (uint32_t)argument[1], 0);
}

struct open_how {
    uint64_t flags, mode, resolve;
};

// A structure that later versions of a program's headers may have made longer: what is behind ours
// must be zero.
static int read_open_how(struct task *task, uint64_t address, uint64_t size, struct open_how *how)
{
    if (size < sizeof(*how) || size > PAGE_SIZE)
        return size < sizeof(*how) ? -E_INVAL : -E_2BIG;
    int error = user_read(task, how, address, sizeof(*how));
    for (uint64_t at = sizeof(*how); error == 0 && at < size; at++) {
        uint8_t byte;
        error = user_read(task, &byte, address + at, 1);
        if (error == 0 && byte != 0)
            error = -E_2BIG;
    }
    return error;
}

int64_t linux_openat2(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    static const uint32_t lookup[] = {
        LOOKUP_NO_XDEV, LOOKUP_NO_MAGICLINKS, LOOKUP_NO_SYMLINKS | LOOKUP_NO_MAGICLINKS,
        LOOKUP_BENEATH, LOOKUP_IN_ROOT,       LOOKUP_CACHED};
    enum { RESOLVES = sizeof(lookup) / sizeof(lookup[0]), BENEATH = 8, IN_ROOT = 16 };
    struct open_how how;
    int error = read_open_how(task, argument[2], argument[3], &how);
    if (error != 0)
        return error;
    bool makes = (how.flags & (LINUX_O_CREAT | TMPFILE_BIT)) != 0;
    if ((how.flags & ~(uint64_t)OPEN_FLAGS_KNOWN) != 0 || how.resolve >> RESOLVES != 0 ||
        (how.mode & ~07777ull) != 0 || (how.mode != 0 && !makes) ||
        (how.resolve & (BENEATH | IN_ROOT)) == (BENEATH | IN_ROOT))
        return -E_INVAL;
    uint32_t flags = 0;
    for (unsigned i = 0; i < RESOLVES; i++) {
        if (how.resolve >> i & 1)
            flags |= lookup[i];
    }
    return open_at(task, argument[0], argument[1], (uint32_t)how.flags, (uint32_t)how.mode, flags);
}

// ---- close ----

int64_t linux_close(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    return file_table_close(task->files, (int)(uint32_t)argument[0]);
}

int64_t linux_close_range(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    enum { UNSHARE = 2, CLOEXEC = 4 };
    uint32_t first = (uint32_t)argument[0], last = (uint32_t)argument[1];
    uint32_t flags = (uint32_t)argument[2];
    if ((flags & ~(uint32_t)(UNSHARE | CLOEXEC)) != 0 || first > last)
        return -E_INVAL;
    if ((flags & UNSHARE) != 0 && file_table_shared(task->files)) {
        struct file_table *own = file_table_clone(task->files);
        if (own == NULL)
            return -E_NOMEM;
        struct file_table *shared = task->files;
        task->files = own;
        file_table_put(shared);
    }
    if (first >= FILE_TABLE_MAX)
        return 0;
    int fd = (int)first;
    while ((fd = file_table_next(task->files, fd)) >= 0 && (uint32_t)fd <= last) {
        if (flags & CLOEXEC)
            file_table_set_cloexec(task->files, fd, true);
        else
            (void)file_table_close(task->files, fd);
        fd++;
    }
    return 0;
}

// ---- dup ----

static uint32_t descriptor_limit(const struct task *task)
{
    uint64_t limit = task_rlimit(task, RLIMIT_NOFILE);
    return limit < FILE_TABLE_MAX ? (uint32_t)limit : FILE_TABLE_MAX;
}

static int64_t duplicate(struct task *task, struct file *file, uint64_t from, bool cloexec)
{
    if (from >= descriptor_limit(task))
        return -E_INVAL;
    int64_t fd =
        file_table_add(task->files, file_hold(file), (int)from, descriptor_limit(task), cloexec);
    if (fd < 0)
        file_put(file);
    return fd;
}

int64_t linux_dup(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    struct file *file = file_table_peek(task->files, (int)(uint32_t)argument[0]);
    if (file == NULL)
        return -E_BADF;
    int64_t fd = file_install(task, file_hold(file), false);
    if (fd < 0)
        file_put(file);
    return fd;
}

static int64_t duplicate_to(struct task *task, uint64_t from, uint64_t to, bool cloexec)
{
    struct file *file = file_table_peek(task->files, (int)(uint32_t)from);
    if (file == NULL || (uint32_t)to >= descriptor_limit(task))
        return -E_BADF;
    int64_t fd = file_table_set(task->files, (int)(uint32_t)to, file_hold(file), cloexec);
    if (fd < 0)
        file_put(file);
    return fd;
}

int64_t linux_dup2(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    if ((uint32_t)argument[0] == (uint32_t)argument[1])
        return file_table_peek(task->files, (int)(uint32_t)argument[0]) != NULL
                   ? (int64_t)(uint32_t)argument[0]
                   : -E_BADF;
    return duplicate_to(task, argument[0], argument[1], false);
}

int64_t linux_dup3(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    if ((argument[2] & ~(uint64_t)LINUX_O_CLOEXEC) != 0 ||
        (uint32_t)argument[0] == (uint32_t)argument[1])
        return -E_INVAL;
    return duplicate_to(task, argument[0], argument[1], (argument[2] & LINUX_O_CLOEXEC) != 0);
}

// ---- fcntl ----

enum fcntl_command {
    F_DUPFD = 0,
    F_GETFD = 1,
    F_SETFD = 2,
    F_GETFL = 3,
    F_SETFL = 4,
    F_GETLK = 5,
    F_SETLK = 6,
    F_SETLKW = 7,
    F_SETOWN = 8,
    F_GETOWN = 9,
    F_SETSIG = 10,
    F_GETSIG = 11,
    F_OFD_GETLK = 36,
    F_OFD_SETLK = 37,
    F_OFD_SETLKW = 38,
    F_GETLEASE = 1025,
    F_DUPFD_CLOEXEC = 1030,
    F_SETPIPE_SZ = 1031,
    F_GETPIPE_SZ = 1032,
    F_GET_SEALS = 1034,
};

struct linux_flock {
    int16_t type, whence;
    int32_t pad;
    int64_t start, length;
    int32_t pid, pad2;
};
_Static_assert(sizeof(struct linux_flock) == 32, "Linux ABI");

// The range that a struct flock names.
static int flock_range(const struct file *file, const struct linux_flock *lock,
                       struct lock_request *request)
{
    int64_t base = 0, first, last;
    if (lock->whence == LINUX_SEEK_CUR)
        base = (int64_t)file->position;
    else if (lock->whence == LINUX_SEEK_END)
        base = (int64_t)file->inode->size;
    else if (lock->whence != LINUX_SEEK_SET)
        return -E_INVAL;
    if (__builtin_add_overflow(base, lock->start, &first))
        return -E_OVERFLOW;
    if (lock->length > 0) {
        if (__builtin_add_overflow(first, lock->length - 1, &last))
            return -E_OVERFLOW;
    } else if (lock->length < 0) {
        last = first - 1;
        if (__builtin_add_overflow(first, lock->length, &first))
            return -E_INVAL;
    } else {
        last = -1; // as UINT64_MAX: to the end
    }
    if (first < 0)
        return -E_INVAL;
    request->first = (uint64_t)first;
    request->last = (uint64_t)last;
    return 0;
}

static int64_t get_lock(struct task *task, struct file *file, const struct lock_request *request,
                        struct linux_flock *lock, uint64_t address)
{
    struct lock_request found;
    if (request->type == LOCK_UNLOCK)
        return -E_INVAL;
    if (locks_test_record(file->inode, request, &found)) {
        lock->type = (int16_t)found.type;
        lock->whence = LINUX_SEEK_SET;
        lock->start = (int64_t)found.first;
        lock->length = found.last == UINT64_MAX ? 0 : (int64_t)(found.last - found.first + 1);
        lock->pid = found.pid;
    } else {
        lock->type = LOCK_UNLOCK;
    }
    return user_write(task, address, lock, sizeof(*lock));
}

static int64_t fcntl_lock(struct task *task, struct file *file, uint32_t command, uint64_t address)
{
    bool ofd = command >= F_OFD_GETLK;
    struct linux_flock lock;
    struct lock_request request = {
        .owner = ofd ? (const void *)file : (const void *)task->files,
        .pid = ofd ? -1 : task->proc->pid,
        .wait = command == F_SETLKW || command == F_OFD_SETLKW,
    };
    if (file->inode == NULL)
        return -E_BADF;
    int error = user_read(task, &lock, address, sizeof(lock));
    if (error != 0)
        return error;
    if (lock.type < LOCK_READ || lock.type > LOCK_UNLOCK || (ofd && lock.pid != 0))
        return -E_INVAL;
    request.type = (enum lock_type)lock.type;
    error = flock_range(file, &lock, &request);
    if (error != 0)
        return error;
    if (command == F_GETLK || command == F_OFD_GETLK)
        return get_lock(task, file, &request, &lock, address);
    uint32_t mode = file->flags & LINUX_O_ACCMODE;
    if ((request.type == LOCK_READ && mode == LINUX_O_WRONLY) ||
        (request.type == LOCK_WRITE && mode == LINUX_O_RDONLY))
        return -E_BADF;
    error = locks_set_record(file->inode, &request);
    if (error == 0 && ofd)
        file->locks = file->inode;
    return error;
}

static int64_t set_flags(struct file *file, uint32_t flags)
{
    enum {
        CHANGEABLE =
            LINUX_O_APPEND | LINUX_O_NONBLOCK | LINUX_O_ASYNC | LINUX_O_DIRECT | LINUX_O_NOATIME
    };
    file->flags = (file->flags & ~(uint32_t)CHANGEABLE) | (flags & CHANGEABLE);
    return 0;
}

static int64_t fcntl_file(struct task *task, struct file *file, int fd, uint32_t command,
                          uint64_t value)
{
    switch (command) {
    case F_DUPFD:
    case F_DUPFD_CLOEXEC:
        return duplicate(task, file, value, command == F_DUPFD_CLOEXEC);
    case F_GETFD:
        return file_table_get_cloexec(task->files, fd);
    case F_SETFD:
        file_table_set_cloexec(task->files, fd, (value & 1) != 0);
        return 0;
    case F_GETFL:
        return file->flags;
    default:
        break;
    }
    if (file_is_path_only(file))
        return -E_BADF;
    switch (command) {
    case F_SETFL:
        return set_flags(file, (uint32_t)value);
    case F_GETLK:
    case F_SETLK:
    case F_SETLKW:
    case F_OFD_GETLK:
    case F_OFD_SETLK:
    case F_OFD_SETLKW:
        return fcntl_lock(task, file, command, value);
    case F_SETOWN:
        file->owner_pid = (uint32_t)value;
        return 0;
    case F_GETOWN:
        return (int32_t)file->owner_pid;
    case F_SETSIG:
        if (value > SIGNAL_MAX)
            return -E_INVAL;
        file->owner_signal = (uint32_t)value;
        return 0;
    case F_GETSIG:
        return file->owner_signal;
    case F_GETLEASE:
        return LOCK_UNLOCK;
    case F_SETPIPE_SZ:
        return file_is_pipe(file) ? pipe_set_capacity(file, value) : -E_BADF;
    case F_GETPIPE_SZ:
        return file_is_pipe(file) ? (int64_t)pipe_capacity(file) : -E_BADF;
    default:
        return -E_INVAL;
    }
}

int64_t linux_fcntl(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    int fd = (int)(uint32_t)argument[0];
    struct file *file = file_get(task, fd);
    if (file == NULL)
        return -E_BADF;
    int64_t result = fcntl_file(task, file, fd, (uint32_t)argument[1], argument[2]);
    file_put(file);
    return result;
}

int64_t linux_flock(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS])
{
    enum { SHARED = 1, EXCLUSIVE = 2, NONBLOCKING = 4, UNLOCK = 8 };
    uint32_t operation = (uint32_t)argument[1] & ~(uint32_t)NONBLOCKING;
    if (operation != SHARED && operation != EXCLUSIVE && operation != UNLOCK)
        return -E_INVAL;
    struct file *file = file_get(task, (int)(uint32_t)argument[0]);
    if (file == NULL)
        return -E_BADF;
    int64_t result = -E_BADF;
    if (file->inode != NULL && !file_is_path_only(file))
        result = locks_set_flock(file,
                                 operation == SHARED      ? LOCK_READ
                                 : operation == EXCLUSIVE ? LOCK_WRITE
                                                          : LOCK_UNLOCK,
                                 (argument[1] & NONBLOCKING) == 0);
    file_put(file);
    return result;
}
