// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// See dtb.h.

#include "servers/devmgr/dtb.h"

#include <libfdt.h>
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

enum { DTB_BYTES_MAX = 2 << 20 }; // Linux's limit too

void dtb_fault(const struct dtb_reader *reader, int node, const char *text)
{
    char line[160];

    if (node < 0)
        snprintf(line, sizeof line, "device tree: %s", text);
    else
        snprintf(line, sizeof line, "device tree: %.40s: %s",
                 fdt_get_name(reader->blob, node, NULL), text);
    reader->reporter->report(reader->reporter->context, line);
}

bool dtb_interrupt(struct dtb_property property, uint32_t index, struct platform_irq *irq)
{
    uint32_t number = dtb_cell(property, index + 1);
    uint32_t flags = dtb_cell(property, index + 2) & GIC_FLAGS_MASK;

    if (index + DTB_GIC_CELLS > property.bytes / 4 || dtb_cell(property, index) != GIC_SPI ||
        number >= GIC_SPIS || (flags != GIC_EDGE_RISING && flags != GIC_LEVEL_HIGH))
        return false; // an SPI is one of these two
    *irq = (struct platform_irq){.line = GIC_SPI_FIRST + number, .level = flags == GIC_LEVEL_HIGH};
    return true;
}

bool dtb_reg(const struct dtb_reader *reader, int node, uint32_t index,
             struct platform_memory *memory)
{
    struct dtb_property reg = dtb_property(reader, node, "reg");
    uint32_t cells = reader->address_cells + reader->size_cells;

    if (cells == 0 || index >= reg.bytes / 4 / cells)
        return false;
    memory->base = dtb_cells(reg, index * cells, reader->address_cells);
    memory->bytes = dtb_cells(reg, index * cells + reader->address_cells, reader->size_cells);
    return memory->bytes != 0 && memory->base <= UINT64_MAX - memory->bytes;
}

// ---- memory and interrupt controller ----

static void read_memory(struct dtb_reader *reader, int node)
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

static void read_gic(struct dtb_reader *reader, int node)
{
    static const struct {
        const char *compatible;
        uint32_t version;
    } known[] = {{"arm,gic-v3", 3}, {"arm,cortex-a15-gic", 2}, {"arm,gic-400", 2}};

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (reader->board->gic_version != 0 || !dtb_is(reader, node, known[i].compatible))
            continue;
        if (dtb_number(reader, node, "#interrupt-cells", 0) != DTB_GIC_CELLS) {
            dtb_fault(reader, node, "its interrupts are not of three cells");
            return;
        }
        reader->board->gic_version = known[i].version;
        reader->gic = node;
        reader->gic_phandle = dtb_number(reader, node, "phandle", 0);
    }
}

// ---- devices ----

static bool at_gic(const struct dtb_reader *reader, int node)
{
    uint32_t inherited = dtb_number(reader, DTB_ROOT, "interrupt-parent", reader->gic_phandle);

    return dtb_number(reader, node, "interrupt-parent", inherited) == reader->gic_phandle;
}

static void read_interrupts(const struct dtb_reader *reader, int node,
                            struct platform_device *device)
{
    struct dtb_property interrupts = dtb_property(reader, node, "interrupts");
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

static void add_slot(struct dtb_reader *reader, int node, const struct platform_device *device)
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

static void read_device(struct dtb_reader *reader, int node)
{
    struct dtb_property names = dtb_property(reader, node, "compatible");
    struct platform_device device = {.memories = 0};

    while (device.memories < PLATFORM_MEMORY_MAX &&
           dtb_reg(reader, node, device.memories, &device.memory[device.memories]))
        device.memories++;
    if (device.memories == 0 || names.bytes < 2 || names.value[names.bytes - 1] != 0)
        return; // a switch of the processor, a clock: nothing a driver could be given
    read_interrupts(reader, node, &device);
    if (dtb_is(reader, node, "virtio,mmio")) {
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

static void read_keys(struct dtb_reader *reader, int node)
{
    int key;

    fdt_for_each_subnode(key, reader->blob, node)
    {
        struct dtb_property gpios = dtb_property(reader, key, "gpios");
        int controller = fdt_node_offset_by_phandle(reader->blob, dtb_cell(gpios, 0));
        struct platform_memory registers;

        if (dtb_number(reader, key, "linux,code", 0) != DTB_KEY_POWER)
            continue;
        if (gpios.bytes < 12 || controller < 0 || !dtb_reg(reader, controller, 0, &registers)) {
            dtb_fault(reader, key, "is at no GPIO controller");
            continue;
        }
        reader->board->power_key = (struct dtb_power_key){.present = true,
                                                          .gpio = registers.base,
                                                          .line = dtb_cell(gpios, 1),
                                                          .active_low = dtb_cell(gpios, 2) & 1};
    }
}

static bool is_enabled(const struct dtb_reader *reader, int node)
{
    return dtb_property(reader, node, "status").value == NULL ||
           dtb_says(reader, node, "status", "okay") || dtb_says(reader, node, "status", "ok");
}

static void read_node(struct dtb_reader *reader, int node)
{
    if (!is_enabled(reader, node) || node == reader->gic)
        return;
    if (dtb_says(reader, node, "device_type", "memory"))
        read_memory(reader, node);
    else if (dtb_is(reader, node, "pci-host-ecam-generic"))
        dtb_read_pci(reader, node);
    else if (dtb_is(reader, node, "gpio-keys"))
        read_keys(reader, node);
    else
        read_device(reader, node);
}

// NULL: the whole tree is sound, so libfdt's functions cannot leave the blob.
static const char *find_damage(const void *blob, size_t bytes)
{
    int error = fdt_check_full(blob, bytes);

    switch (error) {
    case 0:
        if (fdt_totalsize(blob) > DTB_BYTES_MAX)
            return "it is larger than 2 MiB";
        return fdt_off_dt_struct(blob) % 4 == 0 ? NULL : "its header is damaged";
    case -FDT_ERR_BADMAGIC:
        return "there is none (wrong magic number)";
    case -FDT_ERR_TRUNCATED:
        return "it is cut off";
    case -FDT_ERR_BADVERSION:
        return "its version is unknown";
    default:
        return fdt_strerror(error);
    }
}

// The root's numbers that all addresses below it depend on.
static int read_root(struct dtb_reader *reader)
{
    reader->address_cells = dtb_number(reader, DTB_ROOT, "#address-cells", 2);
    reader->size_cells = dtb_number(reader, DTB_ROOT, "#size-cells", 1);
    if (reader->address_cells <= 2 && reader->size_cells <= 2)
        return 0;
    dtb_fault(reader, DTB_NO_NODE, "addresses of more than 64 bits");
    return -E_BADMSG;
}

int dtb_read(const void *blob, size_t bytes, struct dtb_board *board,
             const struct dtb_reporter *reporter)
{
    struct dtb_reader reader = {
        .blob = blob, .board = board, .reporter = reporter, .gic = DTB_NO_NODE};
    const char *damage = find_damage(blob, bytes);
    int node;

    memset(board, 0, sizeof *board);
    if (damage != NULL) {
        dtb_fault(&reader, DTB_NO_NODE, damage);
        return -E_BADMSG;
    }
    if (read_root(&reader) < 0)
        return -E_BADMSG;
    fdt_for_each_subnode(node, blob, DTB_ROOT) read_gic(&reader, node);
    if (board->gic_version == 0) {
        dtb_fault(&reader, DTB_NO_NODE, "no interrupt controller that is known (GICv2 or GICv3)");
        return -E_NODEV;
    }
    fdt_for_each_subnode(node, blob, DTB_ROOT) read_node(&reader, node);
    return 0;
}
