// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Pure half of virtio_common.h.

#include "abi/error.h"
#include "servers/devmgr/pci_access.h"
#include "servers/devmgr/pci_registers.h"
#include "servers/devmgr/virtio_common.h"

enum { // VIRTIO 1.2, 4.1.2, 4.1.4: struct virtio_pci_cap, 4.1.4.3: struct virtio_pci_common_cfg
    VIRTIO_VENDOR = 0x1af4,
    VIRTIO_TRANSITIONAL_FIRST = 0x1000,
    VIRTIO_MODERN_FIRST = 0x1040,
    VIRTIO_LAST = 0x107f,
    CAP_CFG_TYPE = 3,
    CAP_BAR = 4,
    CAP_OFFSET = 8,
    CAP_LENGTH = 12,
    CFG_TYPE_COMMON = 1,
    COMMON_BYTES_MIN = 56,
};

uint32_t virtio_id(const struct pci_function *function)
{
    if (function->vendor != VIRTIO_VENDOR || function->device < VIRTIO_TRANSITIONAL_FIRST ||
        function->device > VIRTIO_LAST)
        return 0;
    if (function->device < VIRTIO_MODERN_FIRST)
        return function->subsystem;
    return (uint32_t)function->device - VIRTIO_MODERN_FIRST;
}

static int check_common(const struct pci_access *access, const struct pci_function *function,
                        uint8_t at, uint32_t *bar, uint64_t *offset)
{
    uint8_t index = config_read8(access, function->address, (uint32_t)at + CAP_BAR);
    uint64_t start = config_read32(access, function->address, (uint32_t)at + CAP_OFFSET);
    uint64_t length = config_read32(access, function->address, (uint32_t)at + CAP_LENGTH);
    const struct pci_bar *region;

    if (index >= PCI_BARS || length < COMMON_BYTES_MIN)
        return -E_NODEV;
    region = &function->bar[index];
    if ((region->kind != PCI_BAR_MEMORY32 && region->kind != PCI_BAR_MEMORY64) ||
        region->base == 0 || length > region->size || start > region->size - length)
        return -E_NODEV;
    *bar = index;
    *offset = start;
    return 0;
}

int virtio_find_common(const struct pci_access *access, const struct pci_function *function,
                       uint32_t *bar, uint64_t *offset)
{
    uint8_t at;

    if (function->vendor != VIRTIO_VENDOR ||
        (config_read16(access, function->address, PCI_STATUS) & PCI_STATUS_CAPABILITIES_LIST) == 0)
        return -E_NODEV;
    at = config_read8(access, function->address, PCI_CAPABILITIES_POINTER) & PCI_CAP_LAST;
    for (uint32_t steps = 0; at >= PCI_CAP_FIRST && at <= 0x100 - 16 && steps < PCI_CAPS_MAX;
         steps++) {
        uint16_t head = config_read16(access, function->address, at);
        uint8_t type = config_read8(access, function->address, (uint32_t)at + CAP_CFG_TYPE);

        if ((uint8_t)head == PCI_CAP_VENDOR && type == CFG_TYPE_COMMON)
            return check_common(access, function, at, bar, offset);
        at = (uint8_t)(head >> 8) & PCI_CAP_LAST;
    }
    return -E_NODEV;
}
