// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Reads a flattened device tree (Devicetree Specification 0.4, chapter 5) in place. Pure code.
//
// fdt_open walks the whole tree once and refuses what is damaged, so the functions below it cannot
// leave the blob. A node is the offset of its FDT_BEGIN_NODE token.

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FDT_DEPTH_MAX = 16, FDT_BYTES_MAX = 2 << 20 };

typedef uint32_t fdt_node_t;
#define FDT_NONE (~(fdt_node_t)0)

struct fdt {
    const uint8_t *blob;
    uint32_t structure, structure_end; // offsets of the structure block
    uint32_t strings, strings_end;
    fdt_node_t root;
};

// What is wrong with it, for people; NULL: nothing, and *fdt may be used while the blob stays.
const char *fdt_open(struct fdt *fdt, const void *blob, size_t bytes);

fdt_node_t fdt_first_child(const struct fdt *fdt, fdt_node_t node);
fdt_node_t fdt_next_sibling(const struct fdt *fdt, fdt_node_t node);
const char *fdt_name(const struct fdt *fdt, fdt_node_t node);
// The node with this phandle, or FDT_NONE.
fdt_node_t fdt_by_phandle(const struct fdt *fdt, uint32_t phandle);

struct fdt_property {
    const uint8_t *value; // NULL: the node has no such property
    uint32_t bytes;
};
struct fdt_property fdt_property(const struct fdt *fdt, fdt_node_t node, const char *name);

// The big-endian cell of this index; 0 behind the end.
uint32_t fdt_cell(struct fdt_property property, uint32_t index);
// `count` cells, 0 to 2, as one number; 0 where they do not lie in the property.
uint64_t fdt_cells(struct fdt_property property, uint32_t index, uint32_t count);
// A property of one cell, or what counts if it misses.
uint32_t fdt_number(const struct fdt *fdt, fdt_node_t node, const char *name, uint32_t otherwise);
// Whether a list of strings holds this one.
bool fdt_has_string(struct fdt_property list, const char *text);
static inline bool fdt_is(const struct fdt *fdt, fdt_node_t node, const char *compatible)
{
    return fdt_has_string(fdt_property(fdt, node, "compatible"), compatible);
}
