// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Base address registers (PCI 3.0, section 6.2.5.1): reading, sizing by writing all ones, writing.

#include "servers/devmgr/pci_access.h"
#include "servers/devmgr/pci_registers.h"

static uint32_t bar_offset(uint32_t index)
{
    return PCI_BASE_ADDRESS + 4 * index;
}

// What the register reads back after all ones were written; its content is put back.
static uint32_t bar_probe(const struct pci_access *access, pci_address_t at, uint32_t index)
{
    uint32_t saved = config_read32(access, at, bar_offset(index));
    uint32_t mask;

    config_write32(access, at, bar_offset(index), UINT32_MAX);
    mask = config_read32(access, at, bar_offset(index));
    config_write32(access, at, bar_offset(index), saved);
    return mask;
}

// A size is the lowest bit that can be set; a mask with a hole in it is a broken device, whose BAR
// is not used.
static uint64_t mask_size(uint64_t mask, uint64_t all)
{
    uint64_t size = mask & (~mask + 1);

    return size != 0 && mask == (all & ~(size - 1)) ? size : 0;
}

static void read_io(struct pci_bar *bar, uint32_t value, uint32_t mask)
{
    // The upper half may be hard-wired to zero: ports are 16 bits wide on every processor with
    // ports.
    bar->size = mask_size(mask & PCI_BAR_IO_MASK & 0xffff, 0xffff);
    bar->base = value & PCI_BAR_IO_MASK;
    if (bar->size != 0)
        bar->kind = PCI_BAR_IO;
}

static void read_memory32(struct pci_bar *bar, uint32_t value, uint32_t mask)
{
    bar->size = mask_size(mask & PCI_BAR_MEM_MASK, UINT32_MAX);
    bar->base = value & PCI_BAR_MEM_MASK;
    if (bar->size != 0)
        bar->kind = PCI_BAR_MEMORY32;
}

static void read_memory64(struct pci_bar *bar, uint64_t value, uint64_t mask)
{
    bar[0].size = mask_size(mask & ~0xfull, UINT64_MAX);
    bar[0].base = value & ~0xfull;
    if (bar[0].size != 0)
        bar[0].kind = PCI_BAR_MEMORY64;
    bar[1].kind = PCI_BAR_UPPER;
}

// Returns how many registers the BAR takes.
static uint32_t read_one(const struct pci_access *access, struct pci_function *function,
                         uint32_t index, uint32_t bars)
{
    struct pci_bar *bar = &function->bar[index];
    uint32_t value = config_read32(access, function->address, bar_offset(index));
    uint32_t mask = bar_probe(access, function->address, index);

    if (mask == 0 || mask == UINT32_MAX)
        return 1;
    if ((mask & PCI_BAR_SPACE_IO) != 0) {
        read_io(bar, value, mask);
        return 1;
    }
    bar->prefetchable = (mask & PCI_BAR_PREFETCHABLE) != 0;
    if ((mask & PCI_BAR_TYPE_MASK) == PCI_BAR_TYPE_64) {
        uint64_t upper, upper_mask;

        if (index + 1 >= bars)
            return 1; // no room for its other half: broken
        upper = config_read32(access, function->address, bar_offset(index + 1));
        upper_mask = bar_probe(access, function->address, index + 1);
        read_memory64(bar, upper << 32 | value, upper_mask << 32 | mask);
        return 2;
    }
    read_memory32(bar, value, mask);
    return 1;
}

// An address that would wrap is as good as none.
static void check_base(struct pci_bar *bar)
{
    uint64_t last = bar->kind == PCI_BAR_IO         ? 0xffff
                    : bar->kind == PCI_BAR_MEMORY32 ? UINT32_MAX
                                                    : UINT64_MAX;

    if (bar->size == 0 || bar->base > last || bar->size - 1 > last - bar->base)
        bar->base = 0;
}

void pci_bars_read(const struct pci_access *access, struct pci_function *function)
{
    uint32_t bars = function->bridge ? 2 : PCI_BARS;
    uint16_t command = config_read16(access, function->address, PCI_COMMAND);

    config_write16(access, function->address, PCI_COMMAND,
                   (uint16_t)(command & ~(PCI_COMMAND_IO_SPACE | PCI_COMMAND_MEMORY_SPACE)));
    for (uint32_t i = 0; i < bars;) {
        uint32_t used = read_one(access, function, i, bars);

        check_base(&function->bar[i]);
        i += used;
    }
    config_write16(access, function->address, PCI_COMMAND, command);
}

void pci_bar_write(const struct pci_access *access, const struct pci_function *function,
                   uint32_t index)
{
    const struct pci_bar *bar = &function->bar[index];

    config_write32(access, function->address, bar_offset(index), (uint32_t)bar->base);
    if (bar->kind == PCI_BAR_MEMORY64)
        config_write32(access, function->address, bar_offset(index + 1),
                       (uint32_t)(bar->base >> 32));
}
