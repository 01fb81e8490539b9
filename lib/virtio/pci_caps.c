// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Capability walk of virtio over PCI (pci_caps.h).

#include "lib/virtio/pci_caps.h"

#include <stdbool.h>
#include <string.h>

#include "abi/error.h"
#include "lib/virtio/virtio_hw.h"

enum {
    PCI_DEVICE_TRANSITIONAL_FIRST = 0x1000, // 4.1.2.1
    PCI_DEVICE_TRANSITIONAL_LAST = 0x103f,
    PCI_DEVICE_MODERN_LAST = 0x107f,
    PCI_CFG_SUBSYSTEM_ID = 0x2e, // transitional devices: the virtio device id
};

static uint16_t read16(const uint8_t *config, unsigned offset)
{
    uint16_t value;
    memcpy(&value, config + offset, sizeof(value));
    return value;
}

static int find_type(const uint8_t *config, uint16_t *type)
{
    uint16_t device = read16(config, PCI_CFG_DEVICE_ID);
    if (read16(config, PCI_CFG_VENDOR_ID) != VIRTIO_PCI_VENDOR)
        return -E_NODEV;
    if (device > VIRTIO_PCI_DEVICE_BASE && device <= PCI_DEVICE_MODERN_LAST) {
        *type = (uint16_t)(device - VIRTIO_PCI_DEVICE_BASE);
        return 0;
    }
    if (device >= PCI_DEVICE_TRANSITIONAL_FIRST && device <= PCI_DEVICE_TRANSITIONAL_LAST) {
        *type = read16(config, PCI_CFG_SUBSYSTEM_ID);
        return 0;
    }
    return -E_NODEV;
}

// Takes the structure unless one was found already or this one cannot be what it says.
static void take(struct virtio_pci_structure *to, const struct virtio_pci_cap *cap,
                 uint32_t bytes_min, uint32_t alignment)
{
    if (to->bytes != 0 || cap->bar >= PCI_BARS || cap->length < bytes_min)
        return;
    if (cap->offset % alignment != 0 || cap->length > UINT32_MAX - cap->offset)
        return;
    *to =
        (struct virtio_pci_structure){.bar = cap->bar, .offset = cap->offset, .bytes = cap->length};
}

static void take_capability(struct virtio_pci_layout *layout, const uint8_t *config, unsigned at)
{
    struct virtio_pci_notify_cap notify = {.notify_off_multiplier = 0};
    memcpy(&notify.cap, config + at, sizeof(notify.cap));
    switch (notify.cap.cfg_type) {
    case VIRTIO_PCI_CAP_COMMON_CFG:
        take(&layout->common, &notify.cap, sizeof(struct virtio_pci_common_cfg), 4);
        break;
    case VIRTIO_PCI_CAP_NOTIFY_CFG:
        if (layout->notify.bytes != 0 || notify.cap.cap_len < sizeof(notify) ||
            at + sizeof(notify) > PCI_CONFIG_BYTES)
            break;
        memcpy(&notify, config + at, sizeof(notify));
        take(&layout->notify, &notify.cap, sizeof(uint16_t), 2);
        layout->notify_off_multiplier = notify.notify_off_multiplier;
        break;
    case VIRTIO_PCI_CAP_ISR_CFG:
        take(&layout->isr, &notify.cap, sizeof(uint8_t), 1);
        break;
    case VIRTIO_PCI_CAP_DEVICE_CFG:
        take(&layout->device, &notify.cap, 1, 4);
        break;
    default:
        break; // PCI_CFG and shared memory are not used; unknown ones are to be ignored (4.1.4.1)
    }
}

int virtio_pci_find_structures(const uint8_t *config, size_t bytes,
                               struct virtio_pci_layout *layout)
{
    memset(layout, 0, sizeof(*layout));
    if (bytes < PCI_CONFIG_BYTES)
        return -E_BADMSG;
    int status = find_type(config, &layout->device_type);
    if (status < 0)
        return status;
    if ((read16(config, PCI_CFG_STATUS) & PCI_STATUS_CAPABILITIES_LIST) == 0)
        return -E_OPNOTSUPP;

    unsigned at = config[PCI_CFG_CAPABILITIES_POINTER] & ~3u;
    for (unsigned seen = 0; at != 0; seen++) {
        if (seen == PCI_CAPABILITIES_MAX || at < PCI_CAPABILITIES_FIRST)
            return -E_BADMSG;
        bool fits = at + sizeof(struct virtio_pci_cap) <= PCI_CONFIG_BYTES;
        if (config[at] == PCI_CAPABILITY_VENDOR && fits &&
            config[at + 2] >= sizeof(struct virtio_pci_cap))
            take_capability(layout, config, at);
        if (config[at] == PCI_CAPABILITY_MSIX)
            layout->has_msix = true;
        at = config[at + 1] & ~3u; // at is at most 252, so at + 1 is inside
    }
    bool complete =
        layout->common.bytes != 0 && layout->notify.bytes != 0 && layout->isr.bytes != 0;
    return complete ? 0 : -E_OPNOTSUPP;
}
