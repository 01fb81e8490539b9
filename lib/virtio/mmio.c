// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// MMIO transport (mmio.h). Registers are 32 bits wide and accessed as such (4.2.2.2); only the
// device's configuration has narrower fields.

#include "lib/virtio/mmio.h"

#include <string.h>

#include "abi/error.h"
#include "lib/driver/mmio.h"
#include "lib/virtio/mmio_hw.h"
#include "lib/virtio/virtio_hw.h"
#include "lib/virtio/virtqueue.h"

static struct virtio_mmio *mmio_of(struct virtio_transport *transport)
{
    return (struct virtio_mmio *)transport;
}

static uint32_t reg_read(struct virtio_transport *transport, enum virtio_mmio_register reg)
{
    return mmio_read32(mmio_of(transport)->registers + reg);
}

static void reg_write(struct virtio_transport *transport, enum virtio_mmio_register reg,
                      uint32_t value)
{
    mmio_write32(mmio_of(transport)->registers + reg, value);
}

// ---- status and features ----

static uint8_t mmio_get_status(struct virtio_transport *transport)
{
    return (uint8_t)reg_read(transport, VIRTIO_MMIO_STATUS);
}

static void mmio_set_status(struct virtio_transport *transport, uint8_t status)
{
    reg_write(transport, VIRTIO_MMIO_STATUS, status);
    if (transport->legacy && status == 0) // 4.2.4: before any queue is used; a reset forgets it
        reg_write(transport, VIRTIO_MMIO_GUEST_PAGE_SIZE, VIRTIO_MMIO_LEGACY_PAGE);
}

static uint32_t features_half(struct virtio_transport *transport, uint32_t half)
{
    reg_write(transport, VIRTIO_MMIO_DEVICE_FEATURES_SEL, half);
    return reg_read(transport, VIRTIO_MMIO_DEVICE_FEATURES);
}

static uint64_t mmio_get_device_features(struct virtio_transport *transport)
{
    uint64_t low = features_half(transport, 0);
    return transport->legacy ? low : low | (uint64_t)features_half(transport, 1) << 32;
}

static void mmio_set_driver_features(struct virtio_transport *transport, uint64_t features)
{
    reg_write(transport, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 0);
    reg_write(transport, VIRTIO_MMIO_DRIVER_FEATURES, (uint32_t)features);
    if (transport->legacy)
        return;
    reg_write(transport, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1);
    reg_write(transport, VIRTIO_MMIO_DRIVER_FEATURES, (uint32_t)(features >> 32));
}

// ---- device configuration ----

static uint32_t mmio_config_bytes(struct virtio_transport *transport)
{
    return mmio_of(transport)->config_bytes;
}

static uint8_t mmio_config_generation(struct virtio_transport *transport)
{
    return transport->legacy ? 0 : (uint8_t)reg_read(transport, VIRTIO_MMIO_CONFIG_GENERATION);
}

static uint32_t mmio_config_read(struct virtio_transport *transport, uint32_t offset,
                                 unsigned width)
{
    const volatile uint8_t *field = mmio_of(transport)->registers + VIRTIO_MMIO_CONFIG + offset;
    if (width == 4)
        return mmio_read32(field);
    return width == 2 ? mmio_read16(field) : mmio_read8(field);
}

static void mmio_config_write(struct virtio_transport *transport, uint32_t offset, unsigned width,
                              uint32_t value)
{
    volatile uint8_t *field = mmio_of(transport)->registers + VIRTIO_MMIO_CONFIG + offset;
    if (width == 4)
        mmio_write32(field, value);
    else if (width == 2)
        mmio_write16(field, (uint16_t)value);
    else
        mmio_write8(field, (uint8_t)value);
}

// ---- queues ----

static int mmio_set_config_vector(struct virtio_transport *transport, uint16_t vector)
{
    (void)transport;
    return vector == VIRTIO_MSI_NO_VECTOR ? 0 : -E_IO;
}

static uint16_t mmio_queue_count(struct virtio_transport *transport)
{
    (void)transport;
    return VIRTIO_MMIO_QUEUES_MAX;
}

static uint16_t mmio_queue_size_max(struct virtio_transport *transport, uint16_t queue)
{
    if (queue >= VIRTIO_MMIO_QUEUES_MAX)
        return 0;
    reg_write(transport, VIRTIO_MMIO_QUEUE_SEL, queue);
    uint32_t size = reg_read(transport, VIRTIO_MMIO_QUEUE_NUM_MAX);
    return size > VIRTQ_SIZE_MAX ? 0 : (uint16_t)size; // 2.7: no queue is larger
}

static void write_address(struct virtio_transport *transport, enum virtio_mmio_register low,
                          uint64_t address)
{
    reg_write(transport, low, (uint32_t)address);
    reg_write(transport, low + 4, (uint32_t)(address >> 32));
}

// Where a legacy device will look for the rings, given the start and VIRTQUEUE_USED_ALIGN.
static bool is_contiguous(const struct virtio_queue_setup *setup)
{
    struct virtqueue_layout layout = virtqueue_layout(setup->size, 0);
    return setup->available - setup->descriptors == layout.available &&
           setup->used - setup->descriptors == layout.used;
}

static int legacy_queue_enable(struct virtio_transport *transport,
                               const struct virtio_queue_setup *setup)
{
    uint64_t page = setup->descriptors / VIRTIO_MMIO_LEGACY_PAGE;
    if (setup->descriptors % VIRTIO_MMIO_LEGACY_PAGE != 0 || page == 0 || page > UINT32_MAX ||
        !is_contiguous(setup))
        return -E_INVAL;
    if (reg_read(transport, VIRTIO_MMIO_QUEUE_PFN) != 0)
        return -E_IO; // 4.2.4: in use; it was not reset
    reg_write(transport, VIRTIO_MMIO_QUEUE_NUM, setup->size);
    reg_write(transport, VIRTIO_MMIO_QUEUE_ALIGN, VIRTQUEUE_USED_ALIGN);
    reg_write(transport, VIRTIO_MMIO_QUEUE_PFN, (uint32_t)page);
    return reg_read(transport, VIRTIO_MMIO_QUEUE_PFN) == (uint32_t)page ? 0 : -E_IO;
}

static int modern_queue_enable(struct virtio_transport *transport,
                               const struct virtio_queue_setup *setup)
{
    if (reg_read(transport, VIRTIO_MMIO_QUEUE_READY) != 0)
        return -E_IO; // 4.2.3.2: in use; it was not reset
    reg_write(transport, VIRTIO_MMIO_QUEUE_NUM, setup->size);
    write_address(transport, VIRTIO_MMIO_QUEUE_DESC_LOW, setup->descriptors);
    write_address(transport, VIRTIO_MMIO_QUEUE_DRIVER_LOW, setup->available);
    write_address(transport, VIRTIO_MMIO_QUEUE_DEVICE_LOW, setup->used);
    reg_write(transport, VIRTIO_MMIO_QUEUE_READY, 1);
    return reg_read(transport, VIRTIO_MMIO_QUEUE_READY) == 1 ? 0 : -E_IO;
}

static int mmio_queue_enable(struct virtio_transport *transport, uint16_t queue,
                             const struct virtio_queue_setup *setup)
{
    uint16_t size_max = mmio_queue_size_max(transport, queue); // selects it
    if (size_max == 0)
        return -E_NOENT;
    if (setup->size > size_max || setup->vector != VIRTIO_MSI_NO_VECTOR)
        return -E_IO;
    return transport->legacy ? legacy_queue_enable(transport, setup)
                             : modern_queue_enable(transport, setup);
}

static void mmio_queue_notify(struct virtio_transport *transport, uint16_t queue)
{
    reg_write(transport, VIRTIO_MMIO_QUEUE_NOTIFY, queue);
}

static uint8_t mmio_acknowledge(struct virtio_transport *transport)
{
    uint32_t cause = reg_read(transport, VIRTIO_MMIO_INTERRUPT_STATUS) & VIRTIO_MMIO_INTERRUPTS;
    if (cause != 0)
        reg_write(transport, VIRTIO_MMIO_INTERRUPT_ACK, cause);
    return (uint8_t)cause;
}

static const struct virtio_transport_ops mmio_ops = {
    .get_status = mmio_get_status,
    .set_status = mmio_set_status,
    .get_device_features = mmio_get_device_features,
    .set_driver_features = mmio_set_driver_features,
    .config_read = mmio_config_read,
    .config_write = mmio_config_write,
    .config_generation = mmio_config_generation,
    .config_bytes = mmio_config_bytes,
    .set_config_vector = mmio_set_config_vector,
    .queue_count = mmio_queue_count,
    .queue_size_max = mmio_queue_size_max,
    .queue_enable = mmio_queue_enable,
    .queue_notify = mmio_queue_notify,
    .acknowledge = mmio_acknowledge,
};

// ---- set-up ----

int virtio_mmio_identify(const volatile void *registers, struct virtio_mmio_identity *identity)
{
    const volatile uint8_t *at = registers;
    *identity = (struct virtio_mmio_identity){.version = 0};
    if (mmio_read32(at + VIRTIO_MMIO_MAGIC_VALUE) != VIRTIO_MMIO_MAGIC)
        return -E_BADMSG;
    identity->version = mmio_read32(at + VIRTIO_MMIO_VERSION);
    identity->device_type = mmio_read32(at + VIRTIO_MMIO_DEVICE_ID);
    if (identity->version != VIRTIO_MMIO_VERSION_LEGACY &&
        identity->version != VIRTIO_MMIO_VERSION_MODERN)
        return -E_OPNOTSUPP;
    return identity->device_type == 0 ? -E_NODEV : 0;
}

int virtio_mmio_init(struct virtio_mmio *mmio, volatile void *registers, uint64_t bytes)
{
    struct virtio_mmio_identity identity;
    memset(mmio, 0, sizeof(*mmio));
    if (bytes < VIRTIO_MMIO_BYTES_MIN || bytes > UINT32_MAX)
        return -E_INVAL;
    int status = virtio_mmio_identify(registers, &identity);
    if (status < 0)
        return status;
    mmio->transport.ops = &mmio_ops;
    mmio->transport.legacy = identity.version == VIRTIO_MMIO_VERSION_LEGACY;
    mmio->registers = registers;
    mmio->config_bytes = (uint32_t)bytes - VIRTIO_MMIO_CONFIG;
    mmio->device_type = (uint16_t)identity.device_type;
    return 0;
}
