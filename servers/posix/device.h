// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Device files: what terminals, memory devices and disks register to appear below /dev.
// All functions need posix_lock; none sleeps.

#pragma once

#include "servers/posix/file.h"
#include "servers/posix/list.h"

struct vfs_caller;

enum linux_major { // Linux's numbers
    MAJOR_MEMORY = 1,
    MAJOR_TTY = 4,     // tty0-63; ttyS0 is minor 64
    MAJOR_TTY_AUX = 5, // 0 tty, 1 console, 2 ptmx
    MAJOR_VIRTIO_PORT = 245,
    MAJOR_VIRTIO_BLOCK = 254,
    MAJOR_PTS = 136,
    MAJOR_SCSI_DISK = 8,
    MAJOR_SCSI_CDROM = 11,
};

// One device number. Opening a node with this number, on any file system, calls `open`.
struct device {
    const char *name; // below /dev ("ttyS0", "input/event0"); NULL: no node in devtmpfs. Outlives
                      // the device.
    const char
        *port_name; // of a virtio-serial port, as the other side gave it: also appears as the
                    // link /dev/virtio-ports/<port_name>; else NULL. Outlives the device.
    uint32_t major, minor;
    uint32_t mode;     // LINUX_S_IFCHR or LINUX_S_IFBLK with the node's permissions
    uint32_t uid, gid; // of the node
    // Make `file` an open file of the device: set ops, data, kind. path, inode and flags are set.
    // `open_flags` are those of open(2), with LINUX_O_NOCTTY. May sleep. 0 or an error (then
    // release is not called).
    int (*open)(struct device *device, struct file *file, const struct vfs_caller *who,
                uint32_t open_flags);
    void *data;
    struct list node; // device.c
};

// The structure stays the caller's and must live until device_unregister. E_EXIST: number or name
// taken; E_NOMEM.
int device_register(struct device *device);
// Open files stay open; their owner answers them with E_NXIO or E_IO.
void device_unregister(struct device *device);
void device_each(void (*visit)(const struct device *device, void *context), void *context);
// NULL: no such device.
struct device *device_find(uint32_t type, uint64_t number);

// /dev/pts: a node "<index>" with device number (MAJOR_PTS, index), and its removal. E_NOMEM.
int devpts_add(uint32_t index, uint32_t uid, uint32_t gid, uint32_t mode);
void devpts_remove(uint32_t index);
