// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

#include "servers/posix/fs/xattr_list.h"

#include <stdlib.h>
#include <string.h>

#include "abi/error.h"

struct xattr {
    struct list node;
    size_t name_bytes; // with NUL
    size_t value_bytes;
    char data[]; // name, value
};

void xattr_list_init(struct xattr_list *list)
{
    list_init(&list->entries);
    list->bytes = 0;
}

static void xattr_free(struct xattr_list *list, struct xattr *xattr)
{
    list->bytes -= xattr->name_bytes + xattr->value_bytes;
    list_remove(&xattr->node);
    free(xattr);
}

void xattr_list_destroy(struct xattr_list *list)
{
    while (!list_empty(&list->entries))
        xattr_free(list, list_entry(list->entries.next, struct xattr, node));
}

static bool name_supported(const char *name)
{
    return strncmp(name, "trusted.", 8) == 0 || strncmp(name, "security.", 9) == 0;
}

static struct xattr *xattr_find(const struct xattr_list *list, const char *name)
{
    list_for_each(node, &list->entries)
    {
        struct xattr *xattr = list_entry(node, struct xattr, node);
        if (strcmp(xattr->data, name) == 0)
            return xattr;
    }
    return NULL;
}

int64_t xattr_list_get(const struct xattr_list *list, const char *name, void *value, size_t size)
{
    if (!name_supported(name))
        return -E_OPNOTSUPP;
    const struct xattr *xattr = xattr_find(list, name);
    if (xattr == NULL)
        return -E_NODATA;
    if (size != 0 && size < xattr->value_bytes)
        return -E_RANGE;
    if (size != 0)
        memcpy(value, xattr->data + xattr->name_bytes, xattr->value_bytes);
    return (int64_t)xattr->value_bytes;
}

int xattr_list_set(struct xattr_list *list, const char *name, const void *value, size_t size,
                   uint32_t flags)
{
    if (!name_supported(name))
        return -E_OPNOTSUPP;
    struct xattr *old = xattr_find(list, name);
    if ((flags & XATTR_CREATE) != 0 && old != NULL)
        return -E_EXIST;
    if ((flags & XATTR_REPLACE) != 0 && old == NULL)
        return -E_NODATA;
    size_t name_bytes = strlen(name) + 1;
    size_t freed = old != NULL ? old->name_bytes + old->value_bytes : 0;
    if (size > XATTR_TOTAL_MAX || list->bytes - freed > XATTR_TOTAL_MAX - size - name_bytes)
        return -E_NOSPC;
    struct xattr *xattr = malloc(sizeof(*xattr) + name_bytes + size);
    if (xattr == NULL)
        return -E_NOMEM;
    xattr->name_bytes = name_bytes;
    xattr->value_bytes = size;
    memcpy(xattr->data, name, name_bytes);
    memcpy(xattr->data + name_bytes, value, size);
    if (old != NULL)
        xattr_free(list, old);
    list_add_tail(&list->entries, &xattr->node);
    list->bytes += name_bytes + size;
    return 0;
}

int xattr_list_remove(struct xattr_list *list, const char *name)
{
    if (!name_supported(name))
        return -E_OPNOTSUPP;
    struct xattr *xattr = xattr_find(list, name);
    if (xattr == NULL)
        return -E_NODATA;
    xattr_free(list, xattr);
    return 0;
}

int64_t xattr_list_names(const struct xattr_list *list, char *names, size_t size)
{
    size_t total = 0;
    list_for_each(node, &list->entries)
    {
        const struct xattr *xattr = list_entry(node, struct xattr, node);
        if (size != 0) {
            if (xattr->name_bytes > size - total)
                return -E_RANGE;
            memcpy(names + total, xattr->data, xattr->name_bytes);
        }
        total += xattr->name_bytes;
    }
    return (int64_t)total;
}
