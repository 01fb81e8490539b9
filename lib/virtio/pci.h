// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Modern virtio over PCI (virtio 1.2, section 4.1) as a transport. The device manager has enabled
// memory access and bus mastering and programmed the MSI-X table; a driver names table entries by
// number only.

#pragma once

#include "lib/virtio/pci_caps.h"
#include "lib/virtio/transport.h"
#include "lib/virtio/virtio_hw.h"

enum { VIRTIO_PCI_QUEUES_MAX = 64 };

struct virtio_pci {
    struct virtio_transport transport; // first
    volatile struct virtio_pci_common_cfg *common;
    uint8_t *notify;
    uint32_t notify_bytes;
    uint32_t notify_off_multiplier;
    volatile uint8_t *isr;
    uint8_t *device; // NULL: none
    uint32_t device_bytes;
    uint16_t *notify_address[VIRTIO_PCI_QUEUES_MAX]; // of each enabled queue
    uint16_t device_type;
    bool has_msix; // else one interrupt for all, whose cause ops->acknowledge tells
};

// Maps BAR `bar`: its address and length, which stay valid. 0 or a negative error.
typedef int (*virtio_pci_map_t)(void *context, unsigned bar, void **address, uint64_t *bytes);

// Finds and maps the structures. `config` is a copy of the configuration space. Errors of
// virtio_pci_find_structures, of `map`, and -E_BADMSG for a structure that lies beyond its BAR.
int virtio_pci_init(struct virtio_pci *pci, const uint8_t *config, size_t bytes,
                    virtio_pci_map_t map, void *context);
