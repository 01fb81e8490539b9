// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Virtio over MMIO as a transport (virtio 1.2, section 4.2): modern devices (version 2) and legacy
// ones (version 1, 4.2.4). One level-triggered interrupt serves queues and configuration;
// ops->acknowledge tells which.
//
// Legacy: only 32 feature bits, no FEATURES_OK, no configuration generation (virtio_config_read
// compares two readings), and one address for all three parts of a queue, which the device finds by
// the alignment it was told. That alignment is the driver's choice (QueueAlign), so the layout of
// lib/virtio/virtqueue.h serves both versions; queue_enable checks that it does (-E_INVAL).
//
// Not implemented: shared memory regions, queue reset.

#pragma once

#include "lib/virtio/transport.h"

enum {
    VIRTIO_MMIO_QUEUES_MAX = 64, // there is no register that says; queue_size_max is 0 past the end
    VIRTIO_MMIO_BYTES_MIN = 0x104,
    // Legacy queues start at a multiple of this. Small, since queues may lie within a page; a queue
    // page number of 32 bits then reaches 1 TiB.
    VIRTIO_MMIO_LEGACY_PAGE = 256,
};

// What the identification registers of a slot say.
struct virtio_mmio_identity {
    uint32_t version;
    uint32_t device_type; // virtio device id: 2 block ...
};

// Looks at the registers, writes none. -E_BADMSG: the magic value is wrong; -E_OPNOTSUPP: neither
// version 1 nor 2 (identity is filled in); -E_NODEV: a sound slot without a device.
int virtio_mmio_identify(const volatile void *registers, struct virtio_mmio_identity *identity);

struct virtio_mmio {
    struct virtio_transport transport; // first
    volatile uint8_t *registers;
    uint32_t config_bytes;
    uint16_t device_type;
};

// `registers`, `bytes` long, stay mapped. Errors of virtio_mmio_identify; -E_INVAL: less than
// VIRTIO_MMIO_BYTES_MIN.
int virtio_mmio_init(struct virtio_mmio *mmio, volatile void *registers, uint64_t bytes);
