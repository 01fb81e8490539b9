// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The capability list (PCI 3.0, section 6.7) and what devmgr wants from it. Steps are bounded by
// PCI_CAPS_MAX, so a list that runs in a circle ends.

#include "servers/devmgr/pci_access.h"
#include "servers/devmgr/pci_registers.h"

static bool bar_holds(const struct pci_function *function, uint8_t bar, uint32_t offset,
                      uint64_t bytes)
{
    uint64_t size;

    if (bar >= PCI_BARS)
        return false;
    if (function->bar[bar].kind != PCI_BAR_MEMORY32 && function->bar[bar].kind != PCI_BAR_MEMORY64)
        return false;
    size = function->bar[bar].size;
    return bytes <= size && offset <= size - bytes;
}

// A table that does not lie within its BAR is not used: the function counts as one without MSI-X.
static void read_msix(const struct pci_access *access, struct pci_function *function, uint16_t at)
{
    uint16_t control = config_read16(access, function->address, (uint32_t)at + PCI_MSIX_CONTROL);
    uint32_t table = config_read32(access, function->address, (uint32_t)at + PCI_MSIX_TABLE);
    uint32_t pending = config_read32(access, function->address, (uint32_t)at + PCI_MSIX_PENDING);
    struct pci_msix msix = {
        .entries = (uint16_t)((control & PCI_MSIX_SIZE_MASK) + 1),
        .table_bar = table & PCI_MSIX_BAR_MASK,
        .table_offset = table & ~(uint32_t)PCI_MSIX_BAR_MASK,
        .pending_bar = pending & PCI_MSIX_BAR_MASK,
        .pending_offset = pending & ~(uint32_t)PCI_MSIX_BAR_MASK,
    };
    uint64_t pending_bytes = ((uint64_t)msix.entries + 63) / 64 * 8;

    if (!bar_holds(function, msix.table_bar, msix.table_offset,
                   (uint64_t)msix.entries * MSIX_ENTRY_BYTES) ||
        !bar_holds(function, msix.pending_bar, msix.pending_offset, pending_bytes))
        return;
    function->capability.msix = at;
    function->msix = msix;
}

static void read_express(const struct pci_access *access, struct pci_function *function,
                         uint16_t at)
{
    uint32_t what =
        config_read32(access, function->address, (uint32_t)at + PCI_EXP_DEVICE_CAPABILITIES);
    uint16_t flags = config_read16(access, function->address, (uint32_t)at + PCI_EXP_FLAGS);

    function->capability.express = at;
    function->capability.express_type = flags >> PCI_EXP_TYPE_SHIFT & PCI_EXP_TYPE_MASK;
    function->capability.function_reset = (what & PCI_EXP_FLR_CAPABLE) != 0;
}

static void read_one(const struct pci_access *access, struct pci_function *function, uint8_t id,
                     uint8_t at)
{
    struct pci_capabilities *capability = &function->capability;

    switch (id) {
    case PCI_CAP_POWER:
        capability->power = at;
        break;
    case PCI_CAP_MSI:
        capability->msi = at;
        break;
    case PCI_CAP_MSIX:
        if (capability->msix == 0)
            read_msix(access, function, at);
        break;
    case PCI_CAP_EXPRESS:
        read_express(access, function, at);
        break;
    default:
        break;
    }
}

void pci_capabilities_read(const struct pci_access *access, struct pci_function *function)
{
    uint8_t at;

    if ((config_read16(access, function->address, PCI_STATUS) & PCI_STATUS_CAPABILITIES_LIST) == 0)
        return;
    at = config_read8(access, function->address, PCI_CAPABILITIES_POINTER) & PCI_CAP_LAST;
    for (uint32_t steps = 0; at >= PCI_CAP_FIRST && steps < PCI_CAPS_MAX; steps++) {
        uint16_t head = config_read16(access, function->address, at);

        if (head == 0xffff)
            return; // the device went away
        read_one(access, function, (uint8_t)head, at);
        at = (uint8_t)(head >> 8) & PCI_CAP_LAST;
    }
}
