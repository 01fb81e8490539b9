// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// What the files that read a board's device tree share.

#pragma once

#include "servers/devmgr/dtb.h"

// A node is libfdt's offset of it; negative: none.
enum { DTB_ROOT = 0, DTB_NO_NODE = -1 };

struct dtb_reader {
    const void *blob; // passed fdt_check_full
    struct dtb_board *board;
    const struct dtb_reporter *reporter;
    uint32_t address_cells, size_cells; // of the root
    int gic;
    uint32_t gic_phandle;
};

enum { DTB_GIC_CELLS = 3 };

// Reports "device tree: <node>: <text>".
void dtb_fault(const struct dtb_reader *reader, int node, const char *text);

// ---- dtb_property.c ----

struct dtb_property {
    const uint8_t *value; // NULL: the node has no such property
    uint32_t bytes;
};
struct dtb_property dtb_property(const struct dtb_reader *reader, int node, const char *name);

// The cell of this index; 0 behind the end.
uint32_t dtb_cell(struct dtb_property property, uint32_t index);
// `count` cells, 0 to 2, as one number; 0 where they do not lie in the property.
uint64_t dtb_cells(struct dtb_property property, uint32_t index, uint32_t count);
// A property of one cell, or what counts if it misses.
uint32_t dtb_number(const struct dtb_reader *reader, int node, const char *name,
                    uint32_t otherwise);
// Whether the node's "compatible" holds this name.
bool dtb_is(const struct dtb_reader *reader, int node, const char *compatible);
// Whether the list of strings `name` holds this text.
bool dtb_says(const struct dtb_reader *reader, int node, const char *name, const char *text);

// ---- dtb.c ----

// The interrupt that DTB_GIC_CELLS cells at `index` name. False: not one that a device may have.
bool dtb_interrupt(struct dtb_property property, uint32_t index, struct platform_irq *irq);

// The index-th range of `reg`. False: there is none, or it is empty or wraps.
bool dtb_reg(const struct dtb_reader *reader, int node, uint32_t index,
             struct platform_memory *memory);

// dtb_pci.c: reads a PCI host bridge.
void dtb_read_pci(struct dtb_reader *reader, int node);
