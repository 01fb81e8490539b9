// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The seam between a format library and what holds the bytes: a block driver's session in a server,
// an image file in a test or a tool.

#pragma once

#include <stddef.h>
#include <stdint.h>

struct block_source {
    void *context;  // the provider's own, handed to its functions
    uint64_t bytes; // size of the device; nothing behind it is asked for
    // Fills `buffer` with `bytes` bytes from byte `offset`; both are multiples of 512. 0, or -E_IO
    // and whatever else the device says; then the buffer's contents mean nothing. May block.
    int (*read)(void *context, uint64_t offset, size_t bytes, void *buffer);
    // Writes likewise; it lasts only from the next flush on. NULL: the device cannot be written.
    int (*write)(void *context, uint64_t offset, size_t bytes, const void *buffer);
    // Everything written before stays, whatever happens. NULL exactly where `write` is.
    int (*flush)(void *context);
};
