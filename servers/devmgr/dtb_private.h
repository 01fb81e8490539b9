// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// What the files that read a board's device tree share.

#pragma once

#include "servers/devmgr/dtb.h"

struct dtb_reader {
    struct fdt fdt;
    struct dtb_board *board;
    const struct dtb_reporter *reporter;
    uint32_t address_cells, size_cells; // of the root
    fdt_node_t gic;
    uint32_t gic_phandle;
};

enum { DTB_GIC_CELLS = 3 };

// Reports "device tree: <node>: <text>".
void dtb_fault(const struct dtb_reader *reader, fdt_node_t node, const char *text);

// The interrupt that DTB_GIC_CELLS cells at `index` name. False: not one that a device may have.
bool dtb_interrupt(struct fdt_property property, uint32_t index, struct platform_irq *irq);

// The index-th range of `reg`. False: there is none, or it is empty or wraps.
bool dtb_reg(const struct dtb_reader *reader, fdt_node_t node, uint32_t index,
             struct platform_memory *memory);

// dtb_pci.c: reads a PCI host bridge.
void dtb_read_pci(struct dtb_reader *reader, fdt_node_t node);
