// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Addresses for BARs and bridge windows that firmware left without; see pci.h.
//
// Bus by bus from the root: everything on a bus that needs an address (a BAR, or a bridge's window,
// as large as all that is behind it needs) is an item; items are placed in order of falling
// alignment, first fit, around what is there already. Sizes are multiples of alignments, so that
// order wastes nothing. Bridge windows: PCI-to-PCI Bridge Architecture 1.2, sections 3.2.5.6
// to 3.2.5.10.

#include "servers/devmgr/pci_access.h"
#include "servers/devmgr/pci_registers.h"

enum {
    BRIDGE_MEMORY_GRAIN = 1 << 20,
    BRIDGE_IO_GRAIN = 1 << 12,
    BAR_MEMORY_GRAIN = 1 << 12, // a page, so that two drivers never share one
    IO_TYPE_MASK = 15,
    IO_TYPE_32 = 1,
    PREFETCH_TYPE_64 = 1,
};

struct assignment {
    const struct pci_access *access;
    struct pci_tree *tree;
};

struct item {
    struct pci_function *function;
    bool window;    // of a bridge, else a BAR
    uint32_t index; // enum pci_space or BAR
    enum pci_space space;
    uint64_t size, alignment;
};

static uint64_t align_up(uint64_t value, uint64_t alignment)
{
    return (value + alignment - 1) & ~(alignment - 1);
}

// ---- bridge windows ----

void pci_bridge_read(const struct pci_access *access, struct pci_function *bridge)
{
    pci_address_t at = bridge->address;
    struct pci_window *window = bridge->forwards.space;
    uint64_t base = config_read16(access, at, PCI_MEMORY_BASE) & 0xfff0u;
    uint64_t limit = config_read16(access, at, PCI_MEMORY_LIMIT) & 0xfff0u;

    if (base != 0 && base <= limit)
        window[PCI_SPACE_MEMORY32] =
            (struct pci_window){.start = base << 16, .end = (limit << 16) + 0x100000};
    base = config_read16(access, at, PCI_PREFETCH_BASE) & 0xfff0u;
    limit = config_read16(access, at, PCI_PREFETCH_LIMIT) & 0xfff0u;
    base = (uint64_t)config_read32(access, at, PCI_PREFETCH_BASE_UPPER) << 32 | base << 16;
    limit = (uint64_t)config_read32(access, at, PCI_PREFETCH_LIMIT_UPPER) << 32 | limit << 16;
    if (base != 0 && base <= limit && limit <= UINT64_MAX - 0x100000)
        window[PCI_SPACE_MEMORY64] = (struct pci_window){.start = base, .end = limit + 0x100000};
    base = config_read8(access, at, PCI_IO_BASE) & 0xf0u;
    limit = config_read8(access, at, PCI_IO_LIMIT) & 0xf0u;
    if (base != 0 && base <= limit)
        window[PCI_SPACE_IO] =
            (struct pci_window){.start = base << 8, .end = (limit << 8) + 0x1000};
}

static void bridge_window_write(const struct pci_access *access, const struct pci_function *bridge,
                                enum pci_space space)
{
    pci_address_t at = bridge->address;
    uint64_t base = bridge->forwards.space[space].start;
    uint64_t last = bridge->forwards.space[space].end - 1;

    switch (space) {
    case PCI_SPACE_IO:
        config_write8(access, at, PCI_IO_BASE, (uint8_t)(base >> 8 & 0xf0));
        config_write8(access, at, PCI_IO_LIMIT, (uint8_t)(last >> 8 & 0xf0));
        config_write16(access, at, PCI_IO_BASE_UPPER, 0);
        config_write16(access, at, PCI_IO_LIMIT_UPPER, 0);
        break;
    case PCI_SPACE_MEMORY32:
        config_write16(access, at, PCI_MEMORY_BASE, (uint16_t)(base >> 16 & 0xfff0));
        config_write16(access, at, PCI_MEMORY_LIMIT, (uint16_t)(last >> 16 & 0xfff0));
        break;
    default:
        config_write32(access, at, PCI_PREFETCH_BASE_UPPER, (uint32_t)(base >> 32));
        config_write32(access, at, PCI_PREFETCH_LIMIT_UPPER, (uint32_t)(last >> 32));
        config_write16(access, at, PCI_PREFETCH_BASE, (uint16_t)(base >> 16 & 0xfff0));
        config_write16(access, at, PCI_PREFETCH_LIMIT, (uint16_t)(last >> 16 & 0xfff0));
        break;
    }
}

// A base above its limit: nothing is forwarded. After a reset base and limit are 0, which is a
// window.
static void bridge_window_close(const struct pci_access *access, pci_address_t at,
                                enum pci_space space)
{
    switch (space) {
    case PCI_SPACE_IO:
        config_write8(access, at, PCI_IO_LIMIT, 0);
        config_write8(access, at, PCI_IO_BASE, 0xf0);
        break;
    case PCI_SPACE_MEMORY32:
        config_write16(access, at, PCI_MEMORY_LIMIT, 0);
        config_write16(access, at, PCI_MEMORY_BASE, 0xfff0);
        break;
    default:
        config_write32(access, at, PCI_PREFETCH_LIMIT_UPPER, 0);
        config_write16(access, at, PCI_PREFETCH_LIMIT, 0);
        config_write16(access, at, PCI_PREFETCH_BASE, 0xfff0);
        config_write32(access, at, PCI_PREFETCH_BASE_UPPER, ~0u);
        break;
    }
}

// Forwards its windows, and what the functions behind it read and write; each of those still has a
// switch of its own.
static void bridge_enable(const struct pci_access *access, const struct pci_function *bridge)
{
    uint16_t command = config_read16(access, bridge->address, PCI_COMMAND);

    for (uint32_t s = 0; s < PCI_SPACES; s++) {
        if (bridge->forwards.space[s].start == bridge->forwards.space[s].end)
            bridge_window_close(access, bridge->address, (enum pci_space)s);
    }
    command |= PCI_COMMAND_IO_SPACE | PCI_COMMAND_MEMORY_SPACE | PCI_COMMAND_BUS_MASTER;
    config_write16(access, bridge->address, PCI_COMMAND, command);
}

// ---- what needs an address ----

// Behind a bridge only prefetchable 64-bit BARs may lie above 4 GiB; the root bus follows the same
// rule.
static enum pci_space bar_space(const struct pci_bar *bar)
{
    if (bar->kind == PCI_BAR_IO)
        return PCI_SPACE_IO;
    if (bar->kind == PCI_BAR_MEMORY64 && bar->prefetchable)
        return PCI_SPACE_MEMORY64;
    return PCI_SPACE_MEMORY32;
}

static bool bar_wants(const struct pci_bar *bar)
{
    return bar->size != 0 && bar->base == 0 && !bar->no_room;
}

static struct item bar_item(struct pci_function *function, uint32_t index)
{
    const struct pci_bar *bar = &function->bar[index];
    uint64_t size = bar->size;

    if (bar->kind != PCI_BAR_IO && size < BAR_MEMORY_GRAIN)
        size = BAR_MEMORY_GRAIN;
    return (struct item){.function = function,
                         .index = index,
                         .space = bar_space(bar),
                         .size = size,
                         .alignment = size};
}

static struct item window_item(const struct assignment *assignment, uint32_t bridge,
                               enum pci_space space, uint32_t depth);

// Adds `part` to what a bridge's window must hold.
static void item_add(struct item *sum, const struct item *part)
{
    if (part->size > UINT64_MAX / 2 - sum->size)
        return; // a size nobody can place; the BAR itself will be counted as failed
    sum->size += part->size;
    if (part->alignment > sum->alignment)
        sum->alignment = part->alignment;
}

static struct item window_item(const struct assignment *assignment, uint32_t bridge,
                               enum pci_space space, uint32_t depth)
{
    struct pci_tree *tree = assignment->tree;
    uint64_t grain = space == PCI_SPACE_IO ? BRIDGE_IO_GRAIN : BRIDGE_MEMORY_GRAIN;
    struct item sum = {.function = &tree->function[bridge],
                       .window = true,
                       .index = space,
                       .space = space,
                       .alignment = grain};

    for (uint32_t i = bridge + 1; i < tree->functions && depth <= PCI_BRIDGE_DEPTH_MAX; i++) {
        struct pci_function *child = &tree->function[i];

        if (child->parent != (int16_t)bridge)
            continue;
        for (uint32_t b = 0; b < PCI_BARS; b++) {
            struct item item = bar_item(child, b);

            if (bar_wants(&child->bar[b]) && item.space == space)
                item_add(&sum, &item);
        }
        if (child->bridge) {
            struct item item = window_item(assignment, i, space, depth + 1);

            item_add(&sum, &item);
        }
    }
    sum.size = align_up(sum.size, sum.alignment);
    return sum;
}

// ---- placing ----

static bool overlaps(uint64_t start, uint64_t size, uint64_t other_start, uint64_t other_end)
{
    return start < other_end && other_start < start + size;
}

// The end of something on the same bus that lies in the way, or 0.
static uint64_t obstacle(const struct assignment *assignment, const struct item *item,
                         uint64_t start)
{
    const struct pci_tree *tree = assignment->tree;
    bool io = item->space == PCI_SPACE_IO;

    for (uint32_t i = 0; i < tree->functions; i++) {
        const struct pci_function *other = &tree->function[i];

        if (other->parent != item->function->parent)
            continue;
        for (uint32_t b = 0; b < PCI_BARS; b++) {
            const struct pci_bar *bar = &other->bar[b];

            if (bar->base != 0 && (bar->kind == PCI_BAR_IO) == io &&
                overlaps(start, item->size, bar->base, bar->base + bar->size))
                return bar->base + bar->size;
        }
        for (uint32_t s = 0; other->bridge && s < PCI_SPACES; s++) {
            const struct pci_window *window = &other->forwards.space[s];

            if ((s == PCI_SPACE_IO) == io && window->start < window->end &&
                overlaps(start, item->size, window->start, window->end))
                return window->end;
        }
    }
    return 0;
}

static bool find_gap(const struct assignment *assignment, const struct item *item,
                     const struct pci_window *window, uint64_t *found)
{
    uint64_t start = window->start != 0 ? window->start : 1; // a base of 0 means: no address

    for (;;) {
        uint64_t past;

        if (start > UINT64_MAX - item->alignment)
            return false;
        start = align_up(start, item->alignment);
        if (start >= window->end || item->size > window->end - start)
            return false;
        past = obstacle(assignment, item, start);
        if (past == 0) {
            *found = start;
            return true;
        }
        start = past;
    }
}

static bool place(const struct assignment *assignment, const struct item *item,
                  const struct pci_windows *windows)
{
    uint64_t base;

    if (!find_gap(assignment, item, &windows->space[item->space], &base) &&
        (item->space != PCI_SPACE_MEMORY64 ||
         !find_gap(assignment, item, &windows->space[PCI_SPACE_MEMORY32], &base)))
        return false;
    if (item->window) {
        item->function->forwards.space[item->index] =
            (struct pci_window){.start = base, .end = base + item->size};
        bridge_window_write(assignment->access, item->function, item->space);
    } else {
        item->function->bar[item->index].base = base;
        pci_bar_write(assignment->access, item->function, item->index);
    }
    return true;
}

// The item of this bus with the largest alignment that has no address yet.
static bool next_item(const struct assignment *assignment, int16_t parent, struct item *best)
{
    struct pci_tree *tree = assignment->tree;

    best->alignment = 0;
    for (uint32_t i = 0; i < tree->functions; i++) {
        struct pci_function *function = &tree->function[i];

        if (function->parent != parent)
            continue;
        for (uint32_t b = 0; b < PCI_BARS; b++) {
            struct item item = bar_item(function, b);

            if (bar_wants(&function->bar[b]) && item.alignment > best->alignment)
                *best = item;
        }
        for (uint32_t s = 0; function->bridge && s < PCI_SPACES; s++) {
            const struct pci_window *window = &function->forwards.space[s];
            struct item item = window_item(assignment, i, (enum pci_space)s, 0);

            if (window->start == window->end && !window->no_room && item.size != 0 &&
                item.alignment > best->alignment)
                *best = item;
        }
    }
    return best->alignment != 0;
}

static void assign_bus(const struct assignment *assignment, int16_t parent,
                       const struct pci_windows *windows)
{
    struct item item;

    while (next_item(assignment, parent, &item)) {
        if (place(assignment, &item, windows))
            continue;
        if (item.window)
            item.function->forwards.space[item.index].no_room = true;
        else
            item.function->bar[item.index].no_room = true;
    }
}

uint32_t pci_assign(const struct pci_access *access, struct pci_tree *tree,
                    const struct pci_windows *windows)
{
    const struct assignment assignment = {.access = access, .tree = tree};
    uint32_t failed = 0;

    assign_bus(&assignment, -1, windows);
    for (uint32_t i = 0; i < tree->functions; i++) {
        if (tree->function[i].bridge)
            assign_bus(&assignment, (int16_t)i, &tree->function[i].forwards);
    }
    for (uint32_t i = 0; i < tree->functions; i++) {
        if (tree->function[i].bridge)
            bridge_enable(access, &tree->function[i]);
        for (uint32_t b = 0; b < PCI_BARS; b++)
            failed += tree->function[i].bar[b].no_room ? 1 : 0;
    }
    return failed;
}
