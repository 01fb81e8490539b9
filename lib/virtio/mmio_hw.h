// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Registers of virtio over MMIO: "Virtual I/O Device (VIRTIO) Version 1.2", section 4.2.2 (version
// 2, modern) and 4.2.4 (version 1, legacy); names are the specification's.

#pragma once

enum virtio_mmio_register {
    VIRTIO_MMIO_MAGIC_VALUE = 0x000,
    VIRTIO_MMIO_VERSION = 0x004,
    VIRTIO_MMIO_DEVICE_ID = 0x008, // 0: the slot is empty
    VIRTIO_MMIO_DEVICE_FEATURES = 0x010,
    VIRTIO_MMIO_DEVICE_FEATURES_SEL = 0x014,
    VIRTIO_MMIO_DRIVER_FEATURES = 0x020,
    VIRTIO_MMIO_DRIVER_FEATURES_SEL = 0x024,
    VIRTIO_MMIO_GUEST_PAGE_SIZE = 0x028, // legacy only
    VIRTIO_MMIO_QUEUE_SEL = 0x030,
    VIRTIO_MMIO_QUEUE_NUM_MAX = 0x034,
    VIRTIO_MMIO_QUEUE_NUM = 0x038,
    VIRTIO_MMIO_QUEUE_ALIGN = 0x03c,      // legacy only
    VIRTIO_MMIO_QUEUE_PFN = 0x040,        // legacy only
    VIRTIO_MMIO_QUEUE_READY = 0x044,      // from here on modern only, unless marked
    VIRTIO_MMIO_QUEUE_NOTIFY = 0x050,     // both
    VIRTIO_MMIO_INTERRUPT_STATUS = 0x060, // both
    VIRTIO_MMIO_INTERRUPT_ACK = 0x064,    // both
    VIRTIO_MMIO_STATUS = 0x070,           // both
    VIRTIO_MMIO_QUEUE_DESC_LOW = 0x080,
    VIRTIO_MMIO_QUEUE_DESC_HIGH = 0x084,
    VIRTIO_MMIO_QUEUE_DRIVER_LOW = 0x090,
    VIRTIO_MMIO_QUEUE_DRIVER_HIGH = 0x094,
    VIRTIO_MMIO_QUEUE_DEVICE_LOW = 0x0a0,
    VIRTIO_MMIO_QUEUE_DEVICE_HIGH = 0x0a4,
    VIRTIO_MMIO_CONFIG_GENERATION = 0x0fc,
    VIRTIO_MMIO_CONFIG = 0x100, // both
};

#define VIRTIO_MMIO_MAGIC 0x74726976u // "virt"

enum {
    VIRTIO_MMIO_VERSION_LEGACY = 1,
    VIRTIO_MMIO_VERSION_MODERN = 2,
    VIRTIO_MMIO_INTERRUPTS = 3, // used buffer, configuration change: all that 4.2.2 defines
};
