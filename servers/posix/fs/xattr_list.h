// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Extended attributes kept in memory: trusted.* and security.* (user.* is refused, as by Linux's
// tmpfs).

#pragma once

#include "servers/posix/list.h"

#include <stdint.h>

enum { XATTR_CREATE = 1, XATTR_REPLACE = 2, XATTR_TOTAL_MAX = 65536 };

struct xattr_list {
    struct list entries;
    size_t bytes; // of all, bounded by XATTR_TOTAL_MAX
};

void xattr_list_init(struct xattr_list *list);
void xattr_list_destroy(struct xattr_list *list);
// The value's size; with size 0 nothing is copied. E_NODATA, E_RANGE, E_OPNOTSUPP (name space).
int64_t xattr_list_get(const struct xattr_list *list, const char *name, void *value, size_t size);
// E_EXIST, E_NODATA (flags), E_NOSPC, E_NOMEM, E_OPNOTSUPP.
int xattr_list_set(struct xattr_list *list, const char *name, const void *value, size_t size,
                   uint32_t flags);
int xattr_list_remove(struct xattr_list *list, const char *name);
int64_t xattr_list_names(const struct xattr_list *list, char *names, size_t size);
