// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Properties of a device tree's nodes as numbers and lists (dtb_private.h), over libfdt. Pure code.

#include "servers/devmgr/dtb_private.h"

#include <libfdt.h>

enum { CELL_BYTES = 4 };

struct dtb_property dtb_property(const struct dtb_reader *reader, int node, const char *name)
{
    int bytes;
    const void *value = fdt_getprop(reader->blob, node, name, &bytes);

    if (value == NULL || bytes < 0)
        return (struct dtb_property){.value = NULL};
    return (struct dtb_property){.value = value, .bytes = (uint32_t)bytes};
}

uint32_t dtb_cell(struct dtb_property property, uint32_t index)
{
    if (index >= property.bytes / CELL_BYTES)
        return 0;
    return fdt32_ld((const fdt32_t *)(const void *)property.value + index);
}

uint64_t dtb_cells(struct dtb_property property, uint32_t index, uint32_t count)
{
    uint32_t cells = property.bytes / CELL_BYTES;
    uint64_t value = 0;

    if (count > 2 || index > cells || count > cells - index)
        return 0;
    for (uint32_t i = 0; i < count; i++)
        value = value << 32 | dtb_cell(property, index + i);
    return value;
}

uint32_t dtb_number(const struct dtb_reader *reader, int node, const char *name, uint32_t otherwise)
{
    struct dtb_property property = dtb_property(reader, node, name);

    return property.bytes == CELL_BYTES ? dtb_cell(property, 0) : otherwise;
}

bool dtb_is(const struct dtb_reader *reader, int node, const char *compatible)
{
    return fdt_node_check_compatible(reader->blob, node, compatible) == 0;
}

bool dtb_says(const struct dtb_reader *reader, int node, const char *name, const char *text)
{
    return fdt_stringlist_search(reader->blob, node, name, text) >= 0;
}
