// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The server's operations over the library, and the seam to the device under a mount: main.c
// provides it with a block driver's session, tests with an image.

#pragma once

#include "lib/fs/block_source.h"
#include "lib/fs/server.h"

#include <stdarg.h>

struct ext4_device {
    struct block_source source;
    void *memory; // for the library, zero or not
    size_t memory_bytes;
    void *provider; // the provider's own
};

struct ext4_provider {
    // Waits for the device, a bounded time. -E_NODEV: it does not come; -E_NOMEM; -E_IO.
    int (*open)(const char *name, struct ext4_device *out);
    void (*close)(struct ext4_device *device);
    void (*log)(void *context, const char *format, va_list arguments);
};

// The format table for fs_server_run or fs_server_dispatch, on devices of this provider.
const struct fs_format *ext4_format(const struct ext4_provider *provider);
