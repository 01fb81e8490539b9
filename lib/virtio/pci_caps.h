// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Finds the structures of a modern virtio device in a copy of its PCI configuration space (virtio
// 1.2, section 4.1.4). Pure: no device is touched.

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// One structure: where in which BAR. bytes 0: the device has none.
struct virtio_pci_structure {
    uint8_t bar;
    uint32_t offset;
    uint32_t bytes;
};

struct virtio_pci_layout {
    uint16_t device_type; // virtio device id: 2 block ...
    struct virtio_pci_structure common;
    struct virtio_pci_structure notify;
    struct virtio_pci_structure isr;
    struct virtio_pci_structure device; // optional
    uint32_t notify_off_multiplier;
    bool has_msix;
};

// The first capability of each kind counts (4.1.4.1: the device's order of preference). Structures
// too small for what the specification puts there, in a BAR that does not exist, or misaligned are
// passed over. -E_NODEV no virtio device, -E_OPNOTSUPP no capability list or a structure is missing
// (a legacy device), -E_BADMSG the list runs in a circle or out of the space.
int virtio_pci_find_structures(const uint8_t *config, size_t bytes,
                               struct virtio_pci_layout *layout);
