// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Linux's file ABI: numbers and structures that programs and the posix server share (Linux 6.1
// uapi: fcntl.h, stat.h, poll.h, statfs.h, dirent). Names carry LINUX_ because abi/memory.h uses
// some of the short ones for the kernel's own.

#pragma once

#include <stdint.h>

#if defined(__x86_64__)
#include "abi/arch/x86_64/linux_file.h"
#elif defined(__aarch64__)
#include "abi/arch/aarch64/linux_file.h"
#endif

enum linux_open_flag {
    LINUX_O_RDONLY = 0,
    LINUX_O_WRONLY = 1,
    LINUX_O_RDWR = 2,
    LINUX_O_ACCMODE = 3,
    LINUX_O_CREAT = 0100,
    LINUX_O_EXCL = 0200,
    LINUX_O_NOCTTY = 0400,
    LINUX_O_TRUNC = 01000,
    LINUX_O_APPEND = 02000,
    LINUX_O_NONBLOCK = 04000,
    LINUX_O_DSYNC = 010000,
    LINUX_O_ASYNC = 020000,
    LINUX_O_NOATIME = 01000000,
    LINUX_O_CLOEXEC = 02000000,
    LINUX_O_SYNC = 04010000,
    LINUX_O_PATH = 010000000,
    LINUX_O_TMPFILE = 020000000 | LINUX_O_DIRECTORY,
};

enum linux_at {
    LINUX_AT_FDCWD = -100,
    LINUX_AT_SYMLINK_NOFOLLOW = 0x100,
    LINUX_AT_REMOVEDIR = 0x200,
    LINUX_AT_EACCESS = 0x200,
    LINUX_AT_SYMLINK_FOLLOW = 0x400,
    LINUX_AT_NO_AUTOMOUNT = 0x800,
    LINUX_AT_EMPTY_PATH = 0x1000,
    LINUX_AT_STATX_FORCE_SYNC = 0x2000,
    LINUX_AT_STATX_DONT_SYNC = 0x4000,
};

enum linux_mode {
    LINUX_S_IFMT = 0170000,
    LINUX_S_IFSOCK = 0140000,
    LINUX_S_IFLNK = 0120000,
    LINUX_S_IFREG = 0100000,
    LINUX_S_IFBLK = 0060000,
    LINUX_S_IFDIR = 0040000,
    LINUX_S_IFCHR = 0020000,
    LINUX_S_IFIFO = 0010000,
    LINUX_S_ISUID = 04000,
    LINUX_S_ISGID = 02000,
    LINUX_S_ISVTX = 01000,
};

static inline int linux_s_isdir(uint32_t mode)
{
    return (mode & LINUX_S_IFMT) == LINUX_S_IFDIR;
}

static inline int linux_s_isreg(uint32_t mode)
{
    return (mode & LINUX_S_IFMT) == LINUX_S_IFREG;
}

static inline int linux_s_islnk(uint32_t mode)
{
    return (mode & LINUX_S_IFMT) == LINUX_S_IFLNK;
}

enum linux_seek {
    LINUX_SEEK_SET,
    LINUX_SEEK_CUR,
    LINUX_SEEK_END,
    LINUX_SEEK_DATA,
    LINUX_SEEK_HOLE
};

enum linux_access { LINUX_X_OK = 1, LINUX_W_OK = 2, LINUX_R_OK = 4 };

enum linux_limit {
    LINUX_NAME_MAX = 255,
    LINUX_PATH_MAX = 4096,
    LINUX_IOV_MAX = 1024,
    LINUX_PIPE_BUF = 4096
};

// d_type is the file type of a mode, shifted.
#define LINUX_DT_OF_MODE(mode) ((uint8_t)(((mode)&LINUX_S_IFMT) >> 12))

enum linux_poll_event {
    LINUX_POLLIN = 0x001,
    LINUX_POLLPRI = 0x002,
    LINUX_POLLOUT = 0x004,
    LINUX_POLLERR = 0x008,
    LINUX_POLLHUP = 0x010,
    LINUX_POLLNVAL = 0x020,
    LINUX_POLLRDNORM = 0x040,
    LINUX_POLLRDBAND = 0x080,
    LINUX_POLLWRNORM = 0x100,
    LINUX_POLLWRBAND = 0x200,
    LINUX_POLLRDHUP = 0x2000,
};

struct linux_statfs {
    int64_t type, block_size;
    uint64_t blocks, free_blocks, available_blocks, files, free_files;
    uint32_t fsid[2];
    int64_t name_length, fragment_size, flags, spare[4];
};

_Static_assert(sizeof(struct linux_statfs) == 120, "Linux ABI");

static inline uint64_t linux_dev(uint32_t major, uint32_t minor)
{
    return (uint64_t)(major & 0xfffff000u) << 32 | (uint64_t)(major & 0xfffu) << 8 |
           (uint64_t)(minor & 0xffffff00u) << 12 | (minor & 0xffu);
}

static inline uint32_t linux_dev_major(uint64_t device)
{
    return (uint32_t)(device >> 32 & 0xfffff000u) | (uint32_t)(device >> 8 & 0xfffu);
}

static inline uint32_t linux_dev_minor(uint64_t device)
{
    return (uint32_t)(device >> 12 & 0xffffff00u) | (uint32_t)(device & 0xffu);
}
