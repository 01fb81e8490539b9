// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The part of Linux's file ABI that differs on x86_64 (Linux 6.1 uapi: asm/fcntl.h, asm/stat.h,
// eventpoll.h).

#pragma once

#include <stdint.h>

enum {
    LINUX_O_DIRECT = 040000,
    LINUX_O_LARGEFILE = 0100000,
    LINUX_O_DIRECTORY = 0200000,
    LINUX_O_NOFOLLOW = 0400000,
};

struct linux_stat {
    uint64_t device, inode, links;
    uint32_t mode, uid, gid, padding;
    uint64_t special_device;
    int64_t size, block_size, blocks; // blocks of 512 bytes
    uint64_t accessed, accessed_ns, modified, modified_ns, changed, changed_ns;
    int64_t unused[3];
};

_Static_assert(sizeof(struct linux_stat) == 144, "Linux ABI");

struct linux_epoll_event {
    uint32_t events;
    uint64_t data;
} __attribute__((packed)); // x86_64 only

_Static_assert(sizeof(struct linux_epoll_event) == 12, "Linux ABI");
