// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The part of Linux's file ABI that differs on aarch64 (Linux 6.1 uapi: asm/fcntl.h,
// asm-generic/stat.h, eventpoll.h).

#pragma once

#include <stdint.h>

enum {
    LINUX_O_DIRECTORY = 040000,
    LINUX_O_NOFOLLOW = 0100000,
    LINUX_O_DIRECT = 0200000,
    LINUX_O_LARGEFILE = 0400000,
};

struct linux_stat {
    uint64_t device, inode;
    uint32_t mode, links, uid, gid;
    uint64_t special_device, padding;
    int64_t size;
    int32_t block_size, padding2;
    int64_t blocks; // of 512 bytes
    uint64_t accessed, accessed_ns, modified, modified_ns, changed, changed_ns;
    uint32_t unused[2];
};

_Static_assert(sizeof(struct linux_stat) == 128, "Linux ABI");

struct linux_epoll_event {
    uint32_t events;
    uint64_t data;
};

_Static_assert(sizeof(struct linux_epoll_event) == 16, "Linux ABI");
