// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The seam between virtio devices and the bus they sit on: PCI (pci.h) and MMIO (mmio.h) implement
// the same table. Everything above it is bus-blind, and unit tests put a fake device below it.
//
// No function blocks or logs. Values come from the device and are not to be trusted.

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct virtio_transport;

// Where a queue's three parts are, as bus addresses, and which interrupt it shall raise.
struct virtio_queue_setup {
    uint16_t size;
    uint16_t vector; // MSI-X table entry; VIRTIO_MSI_NO_VECTOR where interrupts are shared
    uint64_t descriptors;
    uint64_t available;
    uint64_t used;
};

struct virtio_transport_ops {
    uint8_t (*get_status)(struct virtio_transport *transport);
    void (*set_status)(struct virtio_transport *transport, uint8_t status);
    uint64_t (*get_device_features)(struct virtio_transport *transport);
    void (*set_driver_features)(struct virtio_transport *transport, uint64_t features);
    // Raw access to the device-specific configuration; width 1, 2 or 4 and offset aligned to it.
    uint32_t (*config_read)(struct virtio_transport *transport, uint32_t offset, unsigned width);
    void (*config_write)(struct virtio_transport *transport, uint32_t offset, unsigned width,
                         uint32_t value);
    uint8_t (*config_generation)(struct virtio_transport *transport);
    uint32_t (*config_bytes)(struct virtio_transport *transport); // length of that structure
    // 0 or -E_IO if the device did not take the vector.
    int (*set_config_vector)(struct virtio_transport *transport, uint16_t vector);
    uint16_t (*queue_count)(struct virtio_transport *transport);
    uint16_t (*queue_size_max)(struct virtio_transport *transport,
                               uint16_t queue); // 0: no such queue
    // -E_NOENT no such queue, -E_IO the device did not take size, vector or enable, -E_INVAL the
    // transport cannot tell the device of parts that lie so.
    int (*queue_enable)(struct virtio_transport *transport, uint16_t queue,
                        const struct virtio_queue_setup *setup);
    void (*queue_notify)(struct virtio_transport *transport, uint16_t queue);
    // Reads and clears the interrupt cause (VIRTIO_ISR_*); for shared interrupts only.
    uint8_t (*acknowledge)(struct virtio_transport *transport);
};

// First member of each transport's own struct.
struct virtio_transport {
    const struct virtio_transport_ops *ops;
    bool legacy; // a device of before virtio 1.0: no VERSION_1, no FEATURES_OK, no generation
};
