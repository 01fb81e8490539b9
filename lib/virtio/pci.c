// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Modern PCI transport (pci.h). Fields are accessed in their own width, 64-bit ones as two halves
// (4.1.3.1).

#include "lib/virtio/pci.h"

#include <string.h>

#include "abi/error.h"
#include "lib/driver/mmio.h"

static struct virtio_pci *pci_of(struct virtio_transport *transport)
{
    return (struct virtio_pci *)transport;
}

// ---- common configuration ----

static uint8_t pci_get_status(struct virtio_transport *transport)
{
    return mmio_read8(&pci_of(transport)->common->device_status);
}

static void pci_set_status(struct virtio_transport *transport, uint8_t status)
{
    mmio_write8(&pci_of(transport)->common->device_status, status);
}

static uint64_t pci_get_device_features(struct virtio_transport *transport)
{
    volatile struct virtio_pci_common_cfg *common = pci_of(transport)->common;
    mmio_write32(&common->device_feature_select, 0);
    uint64_t low = mmio_read32(&common->device_feature);
    mmio_write32(&common->device_feature_select, 1);
    return low | (uint64_t)mmio_read32(&common->device_feature) << 32;
}

static void pci_set_driver_features(struct virtio_transport *transport, uint64_t features)
{
    volatile struct virtio_pci_common_cfg *common = pci_of(transport)->common;
    mmio_write32(&common->driver_feature_select, 0);
    mmio_write32(&common->driver_feature, (uint32_t)features);
    mmio_write32(&common->driver_feature_select, 1);
    mmio_write32(&common->driver_feature, (uint32_t)(features >> 32));
}

static int pci_set_config_vector(struct virtio_transport *transport, uint16_t vector)
{
    volatile struct virtio_pci_common_cfg *common = pci_of(transport)->common;
    mmio_write16(&common->config_msix_vector, vector);
    // 4.1.5.1.2.1: a device that cannot take the vector reads back NO_VECTOR.
    return mmio_read16(&common->config_msix_vector) == vector ? 0 : -E_IO;
}

// ---- device configuration ----

static uint32_t pci_config_bytes(struct virtio_transport *transport)
{
    return pci_of(transport)->device_bytes;
}

static uint8_t pci_config_generation(struct virtio_transport *transport)
{
    return mmio_read8(&pci_of(transport)->common->config_generation);
}

static uint32_t pci_config_read(struct virtio_transport *transport, uint32_t offset, unsigned width)
{
    const uint8_t *field = pci_of(transport)->device + offset;
    if (width == 4)
        return mmio_read32(field);
    return width == 2 ? mmio_read16(field) : mmio_read8(field);
}

static void pci_config_write(struct virtio_transport *transport, uint32_t offset, unsigned width,
                             uint32_t value)
{
    uint8_t *field = pci_of(transport)->device + offset;
    if (width == 4)
        mmio_write32(field, value);
    else if (width == 2)
        mmio_write16(field, (uint16_t)value);
    else
        mmio_write8(field, (uint8_t)value);
}

// ---- queues ----

static uint16_t pci_queue_count(struct virtio_transport *transport)
{
    return mmio_read16(&pci_of(transport)->common->num_queues);
}

static uint16_t pci_queue_size_max(struct virtio_transport *transport, uint16_t queue)
{
    volatile struct virtio_pci_common_cfg *common = pci_of(transport)->common;
    if (queue >= VIRTIO_PCI_QUEUES_MAX || queue >= mmio_read16(&common->num_queues))
        return 0;
    mmio_write16(&common->queue_select, queue);
    return mmio_read16(&common->queue_size);
}

static void write_address(volatile uint32_t *low, volatile uint32_t *high, uint64_t address)
{
    mmio_write32(low, (uint32_t)address);
    mmio_write32(high, (uint32_t)(address >> 32));
}

// Where notifications of the selected queue go (4.1.4.4); NULL if that is outside the structure.
static uint16_t *find_notify_address(struct virtio_pci *pci)
{
    uint64_t offset =
        (uint64_t)mmio_read16(&pci->common->queue_notify_off) * pci->notify_off_multiplier;
    if (offset % sizeof(uint16_t) != 0 || offset > pci->notify_bytes - sizeof(uint16_t))
        return NULL;
    return (uint16_t *)(void *)(pci->notify + offset);
}

static int pci_queue_enable(struct virtio_transport *transport, uint16_t queue,
                            const struct virtio_queue_setup *setup)
{
    struct virtio_pci *pci = pci_of(transport);
    volatile struct virtio_pci_common_cfg *common = pci->common;
    uint16_t size_max = pci_queue_size_max(transport, queue);
    if (size_max == 0)
        return -E_NOENT;
    if (setup->size > size_max)
        return -E_IO;
    uint16_t *notify_address = find_notify_address(pci);
    if (notify_address == NULL)
        return -E_IO;
    mmio_write16(&common->queue_size, setup->size);
    mmio_write16(&common->queue_msix_vector, setup->vector);
    if (mmio_read16(&common->queue_size) != setup->size ||
        mmio_read16(&common->queue_msix_vector) != setup->vector)
        return -E_IO;
    write_address(&common->queue_desc_lo, &common->queue_desc_hi, setup->descriptors);
    write_address(&common->queue_driver_lo, &common->queue_driver_hi, setup->available);
    write_address(&common->queue_device_lo, &common->queue_device_hi, setup->used);
    mmio_write16(&common->queue_enable, 1);
    if (mmio_read16(&common->queue_enable) != 1)
        return -E_IO;
    pci->notify_address[queue] = notify_address;
    return 0;
}

static void pci_queue_notify(struct virtio_transport *transport, uint16_t queue)
{
    mmio_write16(pci_of(transport)->notify_address[queue], queue);
}

static uint8_t pci_acknowledge(struct virtio_transport *transport)
{
    return mmio_read8(pci_of(transport)->isr);
}

static const struct virtio_transport_ops pci_ops = {
    .get_status = pci_get_status,
    .set_status = pci_set_status,
    .get_device_features = pci_get_device_features,
    .set_driver_features = pci_set_driver_features,
    .config_read = pci_config_read,
    .config_write = pci_config_write,
    .config_generation = pci_config_generation,
    .config_bytes = pci_config_bytes,
    .set_config_vector = pci_set_config_vector,
    .queue_count = pci_queue_count,
    .queue_size_max = pci_queue_size_max,
    .queue_enable = pci_queue_enable,
    .queue_notify = pci_queue_notify,
    .acknowledge = pci_acknowledge,
};

// ---- set-up ----

struct bar {
    uint8_t *address;
    uint64_t bytes;
};

// Each BAR is mapped once, though several structures lie in it.
static int map_structure(struct bar bars[PCI_BARS], const struct virtio_pci_structure *structure,
                         virtio_pci_map_t map, void *context, uint8_t **address)
{
    struct bar *bar = &bars[structure->bar];
    if (bar->address == NULL) {
        void *mapped;
        int status = map(context, structure->bar, &mapped, &bar->bytes);
        if (status < 0)
            return status;
        bar->address = mapped;
    }
    if (structure->bytes > bar->bytes || structure->offset > bar->bytes - structure->bytes)
        return -E_BADMSG;
    *address = bar->address + structure->offset;
    return 0;
}

int virtio_pci_init(struct virtio_pci *pci, const uint8_t *config, size_t bytes,
                    virtio_pci_map_t map, void *context)
{
    memset(pci, 0, sizeof(*pci));
    pci->transport.ops = &pci_ops;
    struct virtio_pci_layout layout;
    int status = virtio_pci_find_structures(config, bytes, &layout);
    if (status < 0)
        return status;

    struct bar bars[PCI_BARS] = {{.address = NULL}};
    uint8_t *common, *isr;
    status = map_structure(bars, &layout.common, map, context, &common);
    if (status == 0)
        status = map_structure(bars, &layout.notify, map, context, &pci->notify);
    if (status == 0)
        status = map_structure(bars, &layout.isr, map, context, &isr);
    if (status == 0 && layout.device.bytes != 0)
        status = map_structure(bars, &layout.device, map, context, &pci->device);
    if (status < 0)
        return status;
    pci->common = (volatile struct virtio_pci_common_cfg *)(void *)common;
    pci->isr = isr;
    pci->notify_bytes = layout.notify.bytes;
    pci->notify_off_multiplier = layout.notify_off_multiplier;
    pci->device_bytes = layout.device.bytes;
    pci->device_type = layout.device_type;
    pci->has_msix = layout.has_msix;
    return 0;
}
