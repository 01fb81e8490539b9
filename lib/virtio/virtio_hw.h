// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Layouts and numbers of "Virtual I/O Device (VIRTIO) Version 1.2", OASIS CS01, 2022, in the
// specification's own words: device status (2.1), feature bits (6), split virtqueues (2.7), virtio
// over PCI (4.1).

#pragma once

#include <stddef.h>
#include <stdint.h>

// ---- 2.1 device status field ----

enum {
    VIRTIO_STATUS_ACKNOWLEDGE = 1,
    VIRTIO_STATUS_DRIVER = 2,
    VIRTIO_STATUS_DRIVER_OK = 4,
    VIRTIO_STATUS_FEATURES_OK = 8,
    VIRTIO_STATUS_DEVICE_NEEDS_RESET = 64,
    VIRTIO_STATUS_FAILED = 128,
};

// ---- 6 reserved feature bits ----

#define VIRTIO_F_INDIRECT_DESC     (1ull << 28)
#define VIRTIO_F_EVENT_IDX         (1ull << 29)
#define VIRTIO_F_VERSION_1         (1ull << 32)
#define VIRTIO_F_ACCESS_PLATFORM   (1ull << 33)
#define VIRTIO_F_RING_PACKED       (1ull << 34)
#define VIRTIO_F_IN_ORDER          (1ull << 35)
#define VIRTIO_F_ORDER_PLATFORM    (1ull << 36)
#define VIRTIO_F_SR_IOV            (1ull << 37)
#define VIRTIO_F_NOTIFICATION_DATA (1ull << 38)
#define VIRTIO_F_NOTIF_CONFIG_DATA (1ull << 39)
#define VIRTIO_F_RING_RESET        (1ull << 40)

// ---- 2.7 split virtqueues ----

enum {
    VIRTQ_DESC_ALIGN = 16,
    VIRTQ_AVAIL_ALIGN = 2,
    VIRTQ_USED_ALIGN = 4,
    VIRTQ_SIZE_MAX = 32768,
};

// 2.7.5 descriptor table
enum {
    VIRTQ_DESC_F_NEXT = 1,
    VIRTQ_DESC_F_WRITE = 2, // the device writes
    VIRTQ_DESC_F_INDIRECT = 4,
};

struct virtq_desc {
    uint64_t addr;
    uint32_t len;
    uint16_t flags;
    uint16_t next;
};
_Static_assert(sizeof(struct virtq_desc) == 16, "2.7.5");

// 2.7.6 available ring; ring[size] is used_event
enum { VIRTQ_AVAIL_F_NO_INTERRUPT = 1 };

struct virtq_avail {
    uint16_t flags;
    uint16_t idx;
    uint16_t ring[];
};
_Static_assert(sizeof(struct virtq_avail) == 4, "2.7.6");

// 2.7.8 used ring; a 16-bit avail_event follows ring[size - 1]
enum { VIRTQ_USED_F_NO_NOTIFY = 1 };

struct virtq_used_elem {
    uint32_t id;
    uint32_t len;
};
_Static_assert(sizeof(struct virtq_used_elem) == 8, "2.7.8");

struct virtq_used {
    uint16_t flags;
    uint16_t idx;
    struct virtq_used_elem ring[];
};
_Static_assert(sizeof(struct virtq_used) == 4, "2.7.8");

// ---- 4.1 virtio over PCI ----

enum {
    VIRTIO_PCI_VENDOR = 0x1af4,
    VIRTIO_PCI_DEVICE_BASE = 0x1040, // + device type; 4.1.2
    VIRTIO_MSI_NO_VECTOR = 0xffff,   // 4.1.4.3
};

// 4.1.4 cfg_type
enum {
    VIRTIO_PCI_CAP_COMMON_CFG = 1,
    VIRTIO_PCI_CAP_NOTIFY_CFG = 2,
    VIRTIO_PCI_CAP_ISR_CFG = 3,
    VIRTIO_PCI_CAP_DEVICE_CFG = 4,
    VIRTIO_PCI_CAP_PCI_CFG = 5,
    VIRTIO_PCI_CAP_SHARED_MEMORY_CFG = 8,
    VIRTIO_PCI_CAP_VENDOR_CFG = 9,
};

struct virtio_pci_cap {
    uint8_t cap_vndr; // 0x09
    uint8_t cap_next;
    uint8_t cap_len;
    uint8_t cfg_type;
    uint8_t bar;
    uint8_t id;
    uint8_t padding[2];
    uint32_t offset;
    uint32_t length;
};
_Static_assert(sizeof(struct virtio_pci_cap) == 16, "4.1.4");

struct virtio_pci_notify_cap {
    struct virtio_pci_cap cap;
    uint32_t notify_off_multiplier;
};
_Static_assert(sizeof(struct virtio_pci_notify_cap) == 20, "4.1.4.4");

// 4.1.4.3 common configuration structure
struct virtio_pci_common_cfg {
    uint32_t device_feature_select;
    uint32_t device_feature;
    uint32_t driver_feature_select;
    uint32_t driver_feature;
    uint16_t config_msix_vector;
    uint16_t num_queues;
    uint8_t device_status;
    uint8_t config_generation;
    uint16_t queue_select;
    uint16_t queue_size;
    uint16_t queue_msix_vector;
    uint16_t queue_enable;
    uint16_t queue_notify_off;
    uint32_t queue_desc_lo; // 64-bit fields are written as two 32-bit halves (4.1.3.1)
    uint32_t queue_desc_hi;
    uint32_t queue_driver_lo;
    uint32_t queue_driver_hi;
    uint32_t queue_device_lo;
    uint32_t queue_device_hi;
};
_Static_assert(sizeof(struct virtio_pci_common_cfg) == 56, "4.1.4.3");
_Static_assert(offsetof(struct virtio_pci_common_cfg, device_status) == 20, "4.1.4.3");
_Static_assert(offsetof(struct virtio_pci_common_cfg, queue_select) == 22, "4.1.4.3");
_Static_assert(offsetof(struct virtio_pci_common_cfg, queue_desc_lo) == 32, "4.1.4.3");

// 4.1.4.5 ISR status
enum { VIRTIO_ISR_QUEUE = 1, VIRTIO_ISR_CONFIG = 2 };

// PCI local bus 3.0: what of the configuration space header is needed to find the capabilities.
enum {
    PCI_CFG_VENDOR_ID = 0x00,
    PCI_CFG_DEVICE_ID = 0x02,
    PCI_CFG_STATUS = 0x06,
    PCI_CFG_CAPABILITIES_POINTER = 0x34,
    PCI_STATUS_CAPABILITIES_LIST = 1 << 4,
    PCI_CAPABILITY_VENDOR = 0x09,
    PCI_CAPABILITY_MSIX = 0x11,
    PCI_CAPABILITIES_FIRST = 0x40,
    PCI_CAPABILITIES_MAX = 48, // (256 - 64) / 4: more can only be a loop
    PCI_CONFIG_BYTES = 256,
    PCI_BARS = 6,
};
