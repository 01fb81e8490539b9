// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// A PCI host bridge with ECAM in a device tree: IEEE 1275's PCI binding, revision 2.1
// (ranges: 2.2.1, phys.hi; interrupt-map: 4), pci-host-ecam-generic.

#include <libfdt.h>
#include <stddef.h>

#include "servers/devmgr/dtb_private.h"

enum {
    CHILD_ADDRESS_CELLS = 3, // phys.hi, phys.mid, phys.lo
    CHILD_SIZE_CELLS = 2,
    SPACE_SHIFT = 24, // of phys.hi: 1 I/O, 2 32-bit memory, 3 64-bit memory
    SPACE_MASK = 3,
    ECAM_BUS_BYTES = 1 << 20,
    BUSES = 256,
    PIN_CELLS = 1,
    ADDRESS_SHIFT = 8, // of phys.hi: bus, device, function as PCI_ADDRESS has them
};

static bool read_ecam(struct dtb_reader *reader, int node, struct acpi_segment *ecam)
{
    struct dtb_property range = dtb_property(reader, node, "bus-range");
    uint32_t first = range.bytes == 8 ? dtb_cell(range, 0) : 0;
    uint32_t last = range.bytes == 8 ? dtb_cell(range, 1) : BUSES - 1;
    struct platform_memory memory;
    uint64_t buses;

    if (!dtb_reg(reader, node, 0, &memory) || first > last || last >= BUSES)
        return false;
    buses = memory.bytes / ECAM_BUS_BYTES; // `reg` begins at the first bus
    if (buses == 0 || memory.base < (uint64_t)first * ECAM_BUS_BYTES)
        return false;
    if (last - first >= buses)
        last = first + (uint32_t)buses - 1;
    *ecam = (struct acpi_segment){.base = memory.base - (uint64_t)first * ECAM_BUS_BYTES,
                                  .bus_start = (uint8_t)first,
                                  .bus_end = (uint8_t)last};
    return true;
}

static void add_window(struct dtb_reader *reader, int node, uint32_t space, uint64_t pci,
                       uint64_t processor, uint64_t bytes)
{
    static const enum pci_space spaces[] = {PCI_SPACES, PCI_SPACE_IO, PCI_SPACE_MEMORY32,
                                            PCI_SPACE_MEMORY64};
    struct dtb_pci *host = &reader->board->pci;
    struct pci_window *window;

    if (space == 0 || bytes == 0 || pci > UINT64_MAX - bytes || processor > UINT64_MAX - bytes) {
        dtb_fault(reader, node, "an impossible window");
        return;
    }
    if (space == 1)
        host->io_base = processor - pci;
    else if (pci != processor) {
        dtb_fault(reader, node, "a window that the processor sees elsewhere, it is not used");
        return;
    }
    window = &host->windows.space[spaces[space]];
    if (window->start == window->end)
        *window = (struct pci_window){.start = pci, .end = pci + bytes};
}

static void read_ranges(struct dtb_reader *reader, int node)
{
    struct dtb_property ranges = dtb_property(reader, node, "ranges");
    uint32_t parent = reader->address_cells;
    uint32_t cells = CHILD_ADDRESS_CELLS + parent + CHILD_SIZE_CELLS;

    for (uint32_t at = 0; at + cells <= ranges.bytes / 4; at += cells)
        add_window(reader, node, dtb_cell(ranges, at) >> SPACE_SHIFT & SPACE_MASK,
                   dtb_cells(ranges, at + 1, 2),
                   dtb_cells(ranges, at + CHILD_ADDRESS_CELLS, parent),
                   dtb_cells(ranges, at + CHILD_ADDRESS_CELLS + parent, CHILD_SIZE_CELLS));
}

static void read_interrupt_map(struct dtb_reader *reader, int node)
{
    struct dtb_pci *host = &reader->board->pci;
    struct dtb_property map = dtb_property(reader, node, "interrupt-map");
    struct dtb_property mask = dtb_property(reader, node, "interrupt-map-mask");
    uint32_t gic_address = dtb_number(reader, reader->gic, "#address-cells", 0);
    uint32_t parent_at = CHILD_ADDRESS_CELLS + PIN_CELLS;
    uint32_t irq_at, cells;

    if (gic_address > 2)
        return;
    irq_at = parent_at + 1 + gic_address;
    cells = irq_at + DTB_GIC_CELLS;
    host->address_mask = mask.bytes == 16 ? dtb_cell(mask, 0) : ~0u;
    host->pin_mask = mask.bytes == 16 ? dtb_cell(mask, CHILD_ADDRESS_CELLS) : ~0u;
    for (uint32_t at = 0; at + cells <= map.bytes / 4; at += cells) {
        struct dtb_route route = {.address = dtb_cell(map, at),
                                  .pin = dtb_cell(map, at + CHILD_ADDRESS_CELLS)};

        if (dtb_cell(map, at + parent_at) != reader->gic_phandle ||
            !dtb_interrupt(map, at + irq_at, &route.irq) || host->routes == DTB_ROUTES_MAX) {
            dtb_fault(reader, node, "a line interrupt is wired in no known way");
            return;
        }
        host->route[host->routes++] = route;
    }
}

// msi-map: (requester, controller, message device, count); msi-parent: the controller.
static enum dtb_msi read_msi(const struct dtb_reader *reader, int node)
{
    struct dtb_property map = dtb_property(reader, node, "msi-map");
    uint32_t phandle =
        map.bytes >= 16 ? dtb_cell(map, 1) : dtb_number(reader, node, "msi-parent", 0);
    int controller = fdt_node_offset_by_phandle(reader->blob, phandle);

    if (controller < 0)
        return DTB_MSI_NONE;
    if (dtb_is(reader, controller, "arm,gic-v2m-frame"))
        return DTB_MSI_V2M;
    return dtb_is(reader, controller, "arm,gic-v3-its") ? DTB_MSI_ITS : DTB_MSI_NONE;
}

void dtb_read_pci(struct dtb_reader *reader, int node)
{
    struct dtb_pci *host = &reader->board->pci;

    if (host->present) {
        dtb_fault(reader, node, "a second PCI host bridge, only the first is used");
        return;
    }
    if (dtb_number(reader, node, "#address-cells", 0) != CHILD_ADDRESS_CELLS ||
        dtb_number(reader, node, "#size-cells", 0) != CHILD_SIZE_CELLS ||
        !read_ecam(reader, node, &host->ecam)) {
        dtb_fault(reader, node, "a PCI host bridge whose configuration space cannot be found");
        return;
    }
    host->present = true;
    host->msi = read_msi(reader, node);
    read_ranges(reader, node);
    read_interrupt_map(reader, node);
}

const struct platform_irq *dtb_pci_route(const struct dtb_pci *pci, pci_address_t address,
                                         uint32_t pin)
{
    uint32_t unit = (uint32_t)address << ADDRESS_SHIFT & pci->address_mask;

    for (uint32_t i = 0; i < pci->routes; i++) {
        const struct dtb_route *route = &pci->route[i];

        if ((route->address & pci->address_mask) == unit &&
            (route->pin & pci->pin_mask) == (pin & pci->pin_mask))
            return &route->irq;
    }
    return NULL;
}
