// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// See dtb.h.

#include "servers/devmgr/dtb.h"

#include <stdio.h>
#include <string.h>

#include "abi/error.h"
#include "servers/devmgr/dtb_private.h"

enum { // arm,gic binding: type, number, flags
    GIC_SPI = 0,
    GIC_SPI_FIRST = 32,
    GIC_SPIS = 988,
    GIC_EDGE_RISING = 1,
    GIC_LEVEL_HIGH = 4,
    GIC_FLAGS_MASK = 0xf,
};

void dtb_fault(const struct dtb_reader *reader, fdt_node_t node, const char *text)
{
    char line[160];

    if (node == FDT_NONE)
        snprintf(line, sizeof line, "device tree: %s", text);
    else
        snprintf(line, sizeof line, "device tree: %.40s: %s", fdt_name(&reader->fdt, node), text);
    reader->reporter->report(reader->reporter->context, line);
}

bool dtb_interrupt(struct fdt_property property, uint32_t index, struct platform_irq *irq)
{
    uint32_t number = fdt_cell(property, index + 1);
    uint32_t flags = fdt_cell(property, index + 2) & GIC_FLAGS_MASK;

    if (index + DTB_GIC_CELLS > property.bytes / 4 || fdt_cell(property, index) != GIC_SPI ||
        number >= GIC_SPIS || (flags != GIC_EDGE_RISING && flags != GIC_LEVEL_HIGH))
        return false; // an SPI is one of these two
    *irq = (struct platform_irq){.line = GIC_SPI_FIRST + number, .level = flags == GIC_LEVEL_HIGH};
    return true;
}

bool dtb_reg(const struct dtb_reader *reader, fdt_node_t node, uint32_t index,
             struct platform_memory *memory)
{
    struct fdt_property reg = fdt_property(&reader->fdt, node, "reg");
    uint32_t cells = reader->address_cells + reader->size_cells;

    if (cells == 0 || index >= reg.bytes / 4 / cells)
        return false;
    memory->base = fdt_cells(reg, index * cells, reader->address_cells);
    memory->bytes = fdt_cells(reg, index * cells + reader->address_cells, reader->size_cells);
    return memory->bytes != 0 && memory->base <= UINT64_MAX - memory->bytes;
}

// ---- memory and interrupt controller ----

static void read_memory(struct dtb_reader *reader, fdt_node_t node)
{
    struct dtb_board *board = reader->board;
    struct platform_memory found;

    for (uint32_t i = 0; dtb_reg(reader, node, i, &found); i++) {
        for (uint32_t j = 0; j < board->memories; j++) {
            const struct platform_memory *other = &board->memory[j];

            if (found.base - other->base < other->bytes || other->base - found.base < found.bytes) {
                dtb_fault(reader, node, "overlaps other memory");
                return;
            }
        }
        if (board->memories < DTB_MEMORIES_MAX)
            board->memory[board->memories++] = found;
    }
}

static void read_gic(struct dtb_reader *reader, fdt_node_t node)
{
    static const struct {
        const char *compatible;
        uint32_t version;
    } known[] = {{"arm,gic-v3", 3}, {"arm,cortex-a15-gic", 2}, {"arm,gic-400", 2}};

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (reader->board->gic_version != 0 || !fdt_is(&reader->fdt, node, known[i].compatible))
            continue;
        if (fdt_number(&reader->fdt, node, "#interrupt-cells", 0) != DTB_GIC_CELLS) {
            dtb_fault(reader, node, "its interrupts are not of three cells");
            return;
        }
        reader->board->gic_version = known[i].version;
        reader->gic = node;
        reader->gic_phandle = fdt_number(&reader->fdt, node, "phandle", 0);
    }
}

// ---- devices ----

static bool at_gic(const struct dtb_reader *reader, fdt_node_t node)
{
    uint32_t inherited =
        fdt_number(&reader->fdt, reader->fdt.root, "interrupt-parent", reader->gic_phandle);

    return fdt_number(&reader->fdt, node, "interrupt-parent", inherited) == reader->gic_phandle;
}

static void read_interrupts(const struct dtb_reader *reader, fdt_node_t node,
                            struct platform_device *device)
{
    struct fdt_property interrupts = fdt_property(&reader->fdt, node, "interrupts");
    uint32_t count = interrupts.bytes / 4 / DTB_GIC_CELLS;

    if (count != 0 && !at_gic(reader, node)) {
        dtb_fault(reader, node, "interrupts at no known controller, it gets none");
        return;
    }
    for (uint32_t i = 0; i < count && device->irqs < PLATFORM_IRQS_MAX; i++) {
        if (dtb_interrupt(interrupts, i * DTB_GIC_CELLS, &device->irq[device->irqs]))
            device->irqs++;
        else
            dtb_fault(reader, node, "an interrupt of no known kind");
    }
}

static void add_slot(struct dtb_reader *reader, fdt_node_t node,
                     const struct platform_device *device)
{
    struct dtb_board *board = reader->board;

    if (device->memories == 0 || device->irqs == 0)
        dtb_fault(reader, node, "a virtio slot without registers or interrupt");
    else if (device->memory[0].bytes > VIRTIO_SLOT_BYTES_MAX || board->slots == DTB_SLOTS_MAX)
        dtb_fault(reader, node, "a virtio slot too large or too many");
    else
        board->slot[board->slots++] = (struct virtio_slot){.base = device->memory[0].base,
                                                           .bytes = device->memory[0].bytes,
                                                           .line = device->irq[0].line,
                                                           .level = device->irq[0].level};
}

static void read_device(struct dtb_reader *reader, fdt_node_t node)
{
    struct fdt_property names = fdt_property(&reader->fdt, node, "compatible");
    struct platform_device device = {.memories = 0};

    while (device.memories < PLATFORM_MEMORY_MAX &&
           dtb_reg(reader, node, device.memories, &device.memory[device.memories]))
        device.memories++;
    if (device.memories == 0 || names.bytes < 2 || names.value[names.bytes - 1] != 0)
        return; // a switch of the processor, a clock: nothing a driver could be given
    read_interrupts(reader, node, &device);
    if (fdt_is(&reader->fdt, node, "virtio,mmio")) {
        add_slot(reader, node, &device);
        return;
    }
    memcpy(device.names, names.value,
           names.bytes < PLATFORM_NAMES_MAX - 1 ? names.bytes : PLATFORM_NAMES_MAX - 2);
    snprintf(device.where, sizeof device.where, "mmio %08llx",
             (unsigned long long)device.memory[0].base);
    if (platform_add(&reader->board->platform, &device) < 0)
        dtb_fault(reader, node, "its registers overlap another device's, or too many devices");
}

static void read_keys(struct dtb_reader *reader, fdt_node_t node)
{
    for (fdt_node_t key = fdt_first_child(&reader->fdt, node); key != FDT_NONE;
         key = fdt_next_sibling(&reader->fdt, key)) {
        struct fdt_property gpios = fdt_property(&reader->fdt, key, "gpios");
        fdt_node_t controller = fdt_by_phandle(&reader->fdt, fdt_cell(gpios, 0));
        struct platform_memory registers;

        if (fdt_number(&reader->fdt, key, "linux,code", 0) != DTB_KEY_POWER)
            continue;
        if (gpios.bytes < 12 || controller == FDT_NONE ||
            !dtb_reg(reader, controller, 0, &registers)) {
            dtb_fault(reader, key, "is at no GPIO controller");
            continue;
        }
        reader->board->power_key = (struct dtb_power_key){.present = true,
                                                          .gpio = registers.base,
                                                          .line = fdt_cell(gpios, 1),
                                                          .active_low = fdt_cell(gpios, 2) & 1};
    }
}

static bool is_enabled(const struct dtb_reader *reader, fdt_node_t node)
{
    struct fdt_property status = fdt_property(&reader->fdt, node, "status");

    return status.value == NULL || fdt_has_string(status, "okay") || fdt_has_string(status, "ok");
}

static void read_node(struct dtb_reader *reader, fdt_node_t node)
{
    if (!is_enabled(reader, node) || node == reader->gic)
        return;
    if (fdt_has_string(fdt_property(&reader->fdt, node, "device_type"), "memory"))
        read_memory(reader, node);
    else if (fdt_is(&reader->fdt, node, "pci-host-ecam-generic"))
        dtb_read_pci(reader, node);
    else if (fdt_is(&reader->fdt, node, "gpio-keys"))
        read_keys(reader, node);
    else
        read_device(reader, node);
}

int dtb_read(const void *blob, size_t bytes, struct dtb_board *board,
             const struct dtb_reporter *reporter)
{
    struct dtb_reader reader = {.board = board, .reporter = reporter, .gic = FDT_NONE};
    const char *fault = fdt_open(&reader.fdt, blob, bytes);
    fdt_node_t first;

    memset(board, 0, sizeof *board);
    if (fault != NULL) {
        dtb_fault(&reader, FDT_NONE, fault);
        return -E_BADMSG;
    }
    reader.address_cells = fdt_number(&reader.fdt, reader.fdt.root, "#address-cells", 2);
    reader.size_cells = fdt_number(&reader.fdt, reader.fdt.root, "#size-cells", 1);
    if (reader.address_cells > 2 || reader.size_cells > 2) {
        dtb_fault(&reader, reader.fdt.root, "addresses of more than 64 bits");
        return -E_BADMSG;
    }
    first = fdt_first_child(&reader.fdt, reader.fdt.root);
    for (fdt_node_t node = first; node != FDT_NONE; node = fdt_next_sibling(&reader.fdt, node))
        read_gic(&reader, node);
    if (board->gic_version == 0) {
        dtb_fault(&reader, FDT_NONE, "no interrupt controller that is known (GICv2 or GICv3)");
        return -E_NODEV;
    }
    for (fdt_node_t node = first; node != FDT_NONE; node = fdt_next_sibling(&reader.fdt, node))
        read_node(&reader, node);
    return 0;
}
