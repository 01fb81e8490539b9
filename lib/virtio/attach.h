// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// From what the device manager granted to a transport: a PCI function ("config" and BARs) or an
// MMIO slot ("mmio0"). A driver that starts here is bus-blind.

#pragma once

#include "lib/virtio/mmio.h"
#include "lib/virtio/pci.h"

struct driver;

struct virtio_attachment {
    struct virtio_transport *transport;
    // Interrupts are MSI-X table entries, by number. False: one for all, whose cause
    // ops->acknowledge tells, and queues take VIRTIO_MSI_NO_VECTOR.
    bool vectors;
    struct virtio_pci pci;
    struct virtio_mmio mmio;
};

// Finds the device, which must be of this type (virtio device id). Touches nothing but what
// identifies it. -E_NODEV: another one, or none; errors of virtio_pci_init, virtio_mmio_init and
// of mapping.
int virtio_attach(struct driver *driver, uint16_t device_type,
                  struct virtio_attachment *attachment);
