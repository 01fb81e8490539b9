// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// What the two halves of the dispatch (dispatch.c: reading, dispatch_write.c: writing) share.

#pragma once

#include "lib/fs/server.h"

enum { FS_EXTENTS_AT_ONCE = 64 };

// One request under way. `words` is the request's struct, complete; `reply_bytes` is set with the
// reply.
struct fs_request {
    struct fs_server *server;
    struct fs_mount *mount;
    int32_t label;
    const void *words;
    void *reply;
    size_t reply_bytes;
};

// The part of the session memory that a request names, or NULL.
uint8_t *fs_buffer_find(const struct fs_mount *mount, struct fs_buffer buffer);

// Copies `length` bytes from byte `skip` of the buffer; NUL is added. -E_PROTO: outside;
// -E_NAMETOOLONG: above `max`; -E_INVAL: NUL in it.
int fs_text_copy(const struct fs_mount *mount, struct fs_buffer buffer, uint32_t skip,
                 uint32_t length, char *to, size_t max);

// The same for one name, which is not empty and without '/'.
int fs_name_copy(const struct fs_mount *mount, struct fs_buffer buffer, uint32_t skip,
                 uint32_t length, char name[FS_NAME_MAX + 1]);

// A writing operation: `bytes` of it have come, at least a header's.
int fs_dispatch_write(struct fs_request *request, size_t bytes);
