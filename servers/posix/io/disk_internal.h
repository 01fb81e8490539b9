// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// What disk.c and block_device.c share.

#pragma once

#include "lib/block/client.h"
#include "servers/posix/device.h"
#include "servers/posix/filesystem.h"
#include "servers/posix/io/disk.h"

struct disk {
    struct list node;
    struct device device;
    struct block_client *client;
    struct inode *inode; // contents in the page cache; NULL until first opened
    uint32_t opens;
    uint32_t memory; // number of the page cache's pool in the session
    char name[BLOCK_NAME_MAX];
};

// The disk's device file.
int block_device_publish(struct disk *disk, uint32_t major, uint32_t minor);
