// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Reads a flattened device tree (Devicetree Specification 0.4, chapter 5) in one pass. A node's
// properties all come before its children, so they are collected first, then judged. Nothing in the
// tree is trusted: offsets and lengths are checked in subtraction form before they are used.
//
// Not implemented: buses with address translation (`ranges` is taken to be empty), as virt has none
// on the way to what the kernel drives.

#include "kernel/arch/aarch64/board.h"

#include "kernel/core/string.h"

enum {
    MAGIC = (int)0xd00dfeed,
    VERSION = 17, // readable by who knows 16 or 17
    BEGIN_NODE = 1,
    END_NODE = 2,
    PROPERTY = 3,
    NOP = 4,
    END = 9,
    DEPTH_MAX = 8,
    CELLS_MAX = 2,
    INTERRUPT_CELLS = 3, // GIC: kind, number, flags
    INTERRUPT_PPI = 1,
    INTERRUPT_PPI_FIRST = 16,
    INTERRUPT_SPI = 0,
    INTERRUPT_SPI_FIRST = 32,
    TIMER_VIRTUAL = 2, // arm,armv8-timer: secure, non-secure, virtual, hypervisor
};

struct value {
    const uint8_t *bytes; // NULL: the node has no such property
    uint32_t length;
};

struct node {
    const char *name;
    uint32_t address_cells, size_cells; // of its children
    bool judged;
    struct value compatible, reg, device_type, method, interrupts, bootargs;
    struct value interrupt_names, phandle, iommu_map, initrd_start, initrd_end, status;
};

struct reader {
    const uint8_t *tree;
    uint32_t at, end; // of the structure block
    uint32_t strings, strings_end;
    struct node nodes[DEPTH_MAX];
    unsigned depth; // nodes open
    struct board *board;
};

static uint32_t read32(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

// ---- values ----

static uint64_t cells(struct value value, uint32_t index, uint32_t count)
{
    uint64_t number = 0;
    for (uint32_t i = index; i < index + count; i++) {
        if (i >= value.length / 4) {
            return 0;
        }
        number = number << 32 | read32(value.bytes + 4 * i);
    }
    return number;
}

// Which of a list's strings, each ended by NUL, is `text`; -1: none.
static int64_t place_in(struct value list, const char *text)
{
    size_t length = strlen(text) + 1;
    int64_t place = 0;
    for (uint32_t at = 0; at < list.length; place++) {
        if (list.length - at >= length && memcmp(list.bytes + at, text, length) == 0) {
            return place;
        }
        while (at < list.length && list.bytes[at] != '\0') {
            at++;
        }
        at++;
    }
    return -1;
}

static bool has(struct value list, const char *text)
{
    return place_in(list, text) >= 0;
}

static bool range(const struct node *node, const struct node *parent, uint32_t index,
                  struct boot_memory_range *result)
{
    uint32_t stride = parent->address_cells + parent->size_cells;
    if (stride == 0 || index >= node->reg.length / 4 / stride) {
        return false;
    }
    result->base = cells(node->reg, index * stride, parent->address_cells);
    result->bytes = cells(node->reg, index * stride + parent->address_cells, parent->size_cells);
    return result->bytes <= ~result->base; // the end does not wrap
}

static bool same(const char *a, const char *b)
{
    return strncmp(a, b, strlen(b) + 1) == 0;
}

// ---- nodes ----

static const char *add_memory(struct board *board, const struct node *node,
                              const struct node *parent)
{
    struct boot_memory_range found;
    for (uint32_t i = 0; range(node, parent, i, &found); i++) {
        if (found.bytes == 0) {
            continue;
        }
        if (board->memory_count == BOARD_MEMORY_MAX) {
            return "it has too many memory ranges";
        }
        unsigned place = board->memory_count++;
        for (; place > 0 && board->memory[place - 1].base > found.base; place--) {
            board->memory[place] = board->memory[place - 1];
        }
        board->memory[place] = found;
    }
    return NULL;
}

static const char *add_reserved(struct board *board, struct boot_memory_range found)
{
    if (found.bytes == 0) {
        return NULL;
    }
    if (board->reserved_count == BOARD_RESERVED_MAX) {
        return "it reserves too many ranges of memory";
    }
    board->reserved[board->reserved_count++] = found;
    return NULL;
}

static void read_chosen(struct board *board, const struct node *node)
{
    if (node->bootargs.length != 0 && node->bootargs.bytes[node->bootargs.length - 1] == '\0') {
        board->command_line = (const char *)node->bootargs.bytes;
    }
    uint64_t start = cells(node->initrd_start, 0, node->initrd_start.length / 4);
    uint64_t end = cells(node->initrd_end, 0, node->initrd_end.length / 4);
    if (node->initrd_start.length <= 8 && node->initrd_end.length <= 8 && end > start) {
        board->initrd = start;
        board->initrd_bytes = end - start;
    }
}

static void read_gic(struct board *board, const struct node *node, const struct node *parent)
{
    struct boot_memory_range found;
    if (range(node, parent, 0, &found)) {
        board->gic_distributor = found;
    }
    if (has(node->compatible, "arm,gic-v3")) {
        board->gic_version = 3;
        board->gic_redistributor_count = 0;
        for (uint32_t i = 0; i < BOARD_REGION_MAX && range(node, parent, i + 1, &found); i++) {
            // virt names the redistributors first, then (GICC, GICH, GICV) nothing.
            board->gic_redistributor[board->gic_redistributor_count++] = found;
        }
    } else {
        board->gic_version = 2;
        if (range(node, parent, 1, &found)) {
            board->gic_cpu = found;
        }
    }
}

static void read_cpu(struct board *board, const struct node *node, const struct node *parent)
{
    if (board->cpu_count < CPU_MAX && parent->address_cells != 0 &&
        node->reg.length / 4 >= parent->address_cells && !has(node->status, "disabled")) {
        board->cpu_id[board->cpu_count++] = cells(node->reg, 0, parent->address_cells);
    }
}

static void read_timer(struct board *board, const struct node *node)
{
    if (cells(node->interrupts, TIMER_VIRTUAL * INTERRUPT_CELLS, 1) == INTERRUPT_PPI) {
        uint64_t number = cells(node->interrupts, TIMER_VIRTUAL * INTERRUPT_CELLS + 1, 1);
        board->timer = number < 16 ? INTERRUPT_PPI_FIRST + (uint32_t)number : 0;
    }
}

// The shared interrupt of that name; 0: none.
static uint32_t named_interrupt(const struct node *node, const char *name)
{
    int64_t place = place_in(node->interrupt_names, name);
    uint32_t cell = (uint32_t)place * INTERRUPT_CELLS;
    if (place < 0 || cell + 1 >= node->interrupts.length / 4 ||
        cells(node->interrupts, cell, 1) != INTERRUPT_SPI) {
        return 0;
    }
    uint64_t number = cells(node->interrupts, cell + 1, 1);
    return number < 988 ? INTERRUPT_SPI_FIRST + (uint32_t)number : 0;
}

static const char *read_smmu(struct board *board, const struct node *node,
                             const struct node *parent)
{
    struct boot_memory_range found;
    if (board->smmu != 0 || !range(node, parent, 0, &found) || found.base % PAGE_SIZE != 0) {
        return "it has two SMMUs, or one without registers";
    }
    board->smmu = found.base;
    board->smmu_phandle = (uint32_t)cells(node->phandle, 0, 1);
    board->smmu_events = named_interrupt(node, "eventq");
    board->smmu_errors = named_interrupt(node, "gerror");
    return NULL;
}

// Requester ids and stream ids have to be the same: a base, the unit, the same base, how many.
static const char *read_pci(struct board *board, const struct node *node)
{
    struct value map = node->iommu_map;
    if (map.bytes != NULL && (map.length != 16 || cells(map, 0, 1) != 0 || cells(map, 2, 1) != 0 ||
                              cells(map, 3, 1) != 0x10000)) {
        return "its iommu-map does not name all PCI functions by their own ids";
    }
    board->pci_iommu = (uint32_t)cells(map, 1, 1);
    return NULL;
}

// The node's properties are complete.
static const char *judge(struct reader *reader)
{
    struct board *board = reader->board;
    struct node *node = &reader->nodes[reader->depth - 1];
    if (node->judged || reader->depth < 2) {
        return NULL;
    }
    node->judged = true;
    const struct node *parent = &reader->nodes[reader->depth - 2];
    struct boot_memory_range found = {0, 0};
    bool top = reader->depth == 2;
    if (top && has(node->device_type, "memory")) {
        return add_memory(board, node, parent);
    }
    if (reader->depth == 3 && same(parent->name, "reserved-memory")) {
        return range(node, parent, 0, &found) ? add_reserved(board, found) : NULL;
    }
    if (top && same(node->name, "chosen")) {
        read_chosen(board, node);
    } else if (has(node->device_type, "cpu")) {
        read_cpu(board, node, parent);
    } else if (has(node->compatible, "arm,psci-0.2") || has(node->compatible, "arm,psci-1.0")) {
        board->psci = has(node->method, "hvc")   ? PSCI_HVC
                      : has(node->method, "smc") ? PSCI_SMC
                                                 : PSCI_NONE;
    } else if (has(node->compatible, "arm,gic-v3") || has(node->compatible, "arm,gic-400") ||
               has(node->compatible, "arm,cortex-a15-gic")) {
        read_gic(board, node, parent);
    } else if (has(node->compatible, "arm,gic-v2m-frame")) {
        board->gic_v2m = range(node, parent, 0, &found) ? found.base : 0;
    } else if (has(node->compatible, "arm,gic-v3-its")) {
        board->gic_its = range(node, parent, 0, &found) ? found.base : 0;
    } else if (has(node->compatible, "arm,smmu-v3")) {
        return read_smmu(board, node, parent);
    } else if (has(node->compatible, "pci-host-ecam-generic")) {
        return read_pci(board, node);
    } else if (has(node->compatible, "arm,armv8-timer")) {
        read_timer(board, node);
    } else if (has(node->compatible, "arm,pl011") && board->uart == 0 &&
               !has(node->status, "disabled")) {
        board->uart = range(node, parent, 0, &found) ? found.base : 0;
    }
    return NULL;
}

// ---- the structure block ----

static bool take32(struct reader *reader, uint32_t *value)
{
    if (reader->end - reader->at < 4) {
        return false;
    }
    *value = read32(reader->tree + reader->at);
    reader->at += 4;
    return true;
}

static bool skip(struct reader *reader, uint32_t bytes)
{
    if (reader->end - reader->at < bytes) {
        return false;
    }
    reader->at += bytes;
    uint32_t padding = -reader->at & 3;
    if (reader->end - reader->at < padding) {
        return false;
    }
    reader->at += padding;
    return true;
}

static const char *begin_node(struct reader *reader)
{
    const char *name = (const char *)reader->tree + reader->at;
    uint32_t length = 0;
    while (length < reader->end - reader->at && name[length] != '\0') {
        length++;
    }
    if (!skip(reader, length + 1)) {
        return "it is cut off";
    }
    if (reader->depth == DEPTH_MAX) {
        return "its nodes are nested too deeply";
    }
    const char *error = reader->depth != 0 ? judge(reader) : NULL;
    reader->nodes[reader->depth++] =
        (struct node){.name = name, .address_cells = 2, .size_cells = 1};
    return error;
}

static void keep(struct node *node, const char *name, struct value value)
{
    const struct {
        const char *name;
        struct value *value;
    } known[] = {
        {"compatible", &node->compatible},
        {"reg", &node->reg},
        {"device_type", &node->device_type},
        {"method", &node->method},
        {"interrupts", &node->interrupts},
        {"interrupt-names", &node->interrupt_names},
        {"phandle", &node->phandle},
        {"iommu-map", &node->iommu_map},
        {"bootargs", &node->bootargs},
        {"linux,initrd-start", &node->initrd_start},
        {"linux,initrd-end", &node->initrd_end},
        {"status", &node->status},
    };
    for (unsigned i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (same(name, known[i].name)) {
            *known[i].value = value;
            return;
        }
    }
    uint32_t number = (uint32_t)cells(value, 0, 1);
    if (same(name, "#address-cells")) {
        node->address_cells = number;
    } else if (same(name, "#size-cells")) {
        node->size_cells = number;
    }
}

static const char *property(struct reader *reader)
{
    uint32_t length;
    uint32_t name;
    if (!take32(reader, &length) || !take32(reader, &name)) {
        return "it is cut off";
    }
    struct value value = {reader->tree + reader->at, length};
    if (!skip(reader, length)) {
        return "a property leaves it";
    }
    if (reader->depth == 0 || name >= reader->strings_end - reader->strings) {
        return "a property has no place or name";
    }
    struct node *node = &reader->nodes[reader->depth - 1];
    keep(node, (const char *)reader->tree + reader->strings + name, value);
    if (node->address_cells > CELLS_MAX || node->size_cells > CELLS_MAX) {
        // PCI's three cells: nothing below is the kernel's, and `range` must not try.
        node->address_cells = 0;
        node->size_cells = 0;
    }
    return NULL;
}

static const char *walk(struct reader *reader)
{
    uint32_t token;
    while (take32(reader, &token)) {
        const char *error = NULL;
        if (token == BEGIN_NODE) {
            error = begin_node(reader);
        } else if (token == PROPERTY) {
            error = property(reader);
        } else if (token == END_NODE && reader->depth != 0) {
            error = judge(reader);
            reader->depth--;
        } else if (token == END && reader->depth == 0) {
            return NULL;
        } else if (token != NOP) {
            error = "its structure is damaged";
        }
        if (error != NULL) {
            return error;
        }
    }
    return "it is cut off";
}

// ---- the header ----

size_t board_tree_bytes(const void *tree)
{
    uint32_t total = read32((const uint8_t *)tree + 4);
    return read32(tree) == (uint32_t)MAGIC && total >= BOARD_HEADER_BYTES &&
                   total <= BOARD_TREE_BYTES_MAX
               ? total
               : 0;
}

// A block of the tree: offset and length as the header tells them.
static bool block(const uint8_t *header, size_t bytes, unsigned offset_at, unsigned length_at,
                  uint32_t *start, uint32_t *end)
{
    uint32_t offset = read32(header + offset_at);
    uint32_t length = read32(header + length_at);
    *start = offset;
    *end = offset + length;
    return offset <= bytes && length <= bytes - offset;
}

static const char *read_reservations(struct board *board, const uint8_t *tree, size_t bytes)
{
    uint32_t at = read32(tree + 16);
    const char *error = NULL;
    for (; error == NULL; at += 16) {
        if (at > bytes || bytes - at < 16) {
            return "its list of reservations is cut off";
        }
        struct value entry = {tree + at, 16};
        struct boot_memory_range found = {cells(entry, 0, 2), cells(entry, 2, 2)};
        if (found.base == 0 && found.bytes == 0) {
            return NULL;
        }
        error = found.bytes > ~found.base ? "a reservation wraps" : add_reserved(board, found);
    }
    return error;
}

static const char *check(const struct board *board)
{
    if (board->memory_count == 0) {
        return "it names no memory";
    }
    for (unsigned i = 1; i < board->memory_count; i++) {
        const struct boot_memory_range *before = &board->memory[i - 1];
        if (before->bytes > board->memory[i].base - before->base) {
            return "its memory ranges overlap";
        }
    }
    if (board->gic_version == 0 || board->gic_distributor.bytes == 0) {
        return "it names no GIC (interrupt controller) of version 2 or 3";
    }
    if (board->gic_version == 2 ? board->gic_cpu.bytes == 0 : board->gic_redistributor_count == 0) {
        return "its GIC has no registers for the CPUs";
    }
    if (board->cpu_count == 0) {
        return "it names no CPU";
    }
    if (board->timer == 0) {
        return "it names no virtual timer";
    }
    if (board->smmu_phandle != board->pci_iommu) {
        return "its iommu-map does not name its SMMUv3";
    }
    return NULL;
}

const char *board_read(struct board *result, const void *tree, size_t bytes)
{
    const uint8_t *header = tree;
    *result = (struct board){0};
    if (bytes < BOARD_HEADER_BYTES || board_tree_bytes(tree) == 0) {
        return "it has no header";
    }
    if (board_tree_bytes(tree) > bytes) {
        return "it is cut off";
    }
    bytes = board_tree_bytes(tree);
    if (read32(header + 20) < VERSION || read32(header + 24) > VERSION) {
        return "its version is not 17";
    }
    struct reader reader = {.tree = header, .board = result};
    if (!block(header, bytes, 8, 36, &reader.at, &reader.end) || reader.at % 4 != 0 ||
        !block(header, bytes, 12, 32, &reader.strings, &reader.strings_end)) {
        return "its blocks lie outside it";
    }
    if (reader.strings == reader.strings_end || header[reader.strings_end - 1] != '\0') {
        return "its names have no end";
    }
    const char *error = read_reservations(result, header, bytes);
    error = error == NULL ? walk(&reader) : error;
    return error == NULL ? check(result) : error;
}
