// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Status machine, feature negotiation and configuration space of a virtio device (device.h).

#include "lib/virtio/device.h"

#include <string.h>

#include "abi/error.h"
#include "lib/driver/driver.h"

void virtio_device_init(struct virtio_device *device, struct virtio_transport *transport)
{
    *device = (struct virtio_device){.transport = transport, .state = VIRTIO_UNKNOWN};
}

static uint8_t get_status(struct virtio_device *device)
{
    return device->transport->ops->get_status(device->transport);
}

static void add_status(struct virtio_device *device, uint8_t bits)
{
    const struct virtio_transport_ops *ops = device->transport->ops;
    ops->set_status(device->transport, (uint8_t)(ops->get_status(device->transport) | bits));
}

static bool is_reset(void *context)
{
    return get_status(context) == 0;
}

int virtio_device_reset(struct virtio_device *device)
{
    device->transport->ops->set_status(device->transport, 0);
    device->features = 0;
    device->state = VIRTIO_UNKNOWN;
    // 4.1.4.3.2: the driver waits for a read of device_status to return 0 before it goes on.
    int status = driver_wait_until(is_reset, device, VIRTIO_RESET_TIMEOUT_NS, "virtio reset");
    if (status < 0)
        return status;
    device->state = VIRTIO_RESET;
    return 0;
}

static int give_up(struct virtio_device *device, int status)
{
    add_status(device, VIRTIO_STATUS_FAILED);
    device->state = VIRTIO_FAILED;
    return status;
}

int virtio_device_negotiate(struct virtio_device *device, uint64_t allowed, uint64_t required)
{
    const struct virtio_transport_ops *ops = device->transport->ops;
    if (device->state != VIRTIO_RESET)
        return -E_INVAL;
    add_status(device, VIRTIO_STATUS_ACKNOWLEDGE);
    add_status(device, VIRTIO_STATUS_DRIVER);

    bool legacy = device->transport->legacy;
    if (!legacy)
        required |= VIRTIO_F_VERSION_1;
    uint64_t offered = ops->get_device_features(device->transport);
    // Bus addresses come from a DMA window, and barriers are those of real devices: always so here.
    allowed |= VIRTIO_F_ACCESS_PLATFORM | VIRTIO_F_ORDER_PLATFORM;
    uint64_t chosen = offered & (allowed | required);
    if ((chosen & required) != required)
        return give_up(device, -E_OPNOTSUPP);
    ops->set_driver_features(device->transport, chosen);
    if (!legacy) {
        add_status(device, VIRTIO_STATUS_FEATURES_OK);
        // 3.1.1 step 6: a device that cannot work with this subset leaves the bit clear.
        uint8_t status = get_status(device);
        if ((status & VIRTIO_STATUS_FEATURES_OK) == 0 || (status & VIRTIO_STATUS_FAILED) != 0)
            return give_up(device, -E_PROTO);
    }
    device->features = chosen;
    device->state = VIRTIO_FEATURES_OK;
    return 0;
}

int virtio_device_start(struct virtio_device *device)
{
    if (device->state != VIRTIO_FEATURES_OK)
        return -E_INVAL;
    add_status(device, VIRTIO_STATUS_DRIVER_OK);
    uint8_t status = get_status(device);
    if ((status & VIRTIO_STATUS_DRIVER_OK) == 0 || (status & VIRTIO_STATUS_DEVICE_NEEDS_RESET) != 0)
        return give_up(device, -E_PROTO);
    device->state = VIRTIO_LIVE;
    return 0;
}

bool virtio_device_needs_reset(struct virtio_device *device)
{
    return (get_status(device) & VIRTIO_STATUS_DEVICE_NEEDS_RESET) != 0;
}

// ---- configuration space ----

static bool config_has(struct virtio_device *device, uint32_t offset, uint32_t bytes)
{
    uint32_t length = device->transport->ops->config_bytes(device->transport);
    return bytes <= length && offset <= length - bytes;
}

// 4.1.3.1: fields are read in their own width; a wider one as 32-bit halves.
static unsigned access_width(uint32_t offset, uint32_t bytes)
{
    if (offset % 4 == 0 && bytes >= 4)
        return 4;
    if (offset % 2 == 0 && bytes >= 2)
        return 2;
    return 1;
}

static void config_copy(struct virtio_device *device, uint32_t offset, uint8_t *to, uint32_t bytes)
{
    while (bytes > 0) {
        unsigned width = access_width(offset, bytes);
        uint32_t value = device->transport->ops->config_read(device->transport, offset, width);
        memcpy(to, &value, width); // little-endian, as the processor is
        to += width;
        offset += width;
        bytes -= width;
    }
}

// Whether the device still reads as what was copied.
static bool config_same(struct virtio_device *device, uint32_t offset, const uint8_t *copy,
                        uint32_t bytes)
{
    uint8_t again[4];
    for (uint32_t width; bytes > 0; offset += width, copy += width, bytes -= width) {
        width = access_width(offset, bytes);
        config_copy(device, offset, again, width);
        if (memcmp(copy, again, width) != 0)
            return false;
    }
    return true;
}

int virtio_config_read(struct virtio_device *device, uint32_t offset, void *to, uint32_t bytes)
{
    const struct virtio_transport_ops *ops = device->transport->ops;
    if (!config_has(device, offset, bytes))
        return -E_NXIO;
    for (unsigned i = 0; i < VIRTIO_CONFIG_TRIES; i++) {
        uint8_t before = ops->config_generation(device->transport);
        config_copy(device, offset, to, bytes);
        if (device->transport->legacy ? config_same(device, offset, to, bytes)
                                      : ops->config_generation(device->transport) == before)
            return 0;
    }
    memset(to, 0, bytes);
    return -E_IO;
}

int virtio_config_read8(struct virtio_device *device, uint32_t offset, uint8_t *value)
{
    return virtio_config_read(device, offset, value, sizeof(*value));
}

int virtio_config_read16(struct virtio_device *device, uint32_t offset, uint16_t *value)
{
    return virtio_config_read(device, offset, value, sizeof(*value));
}

int virtio_config_read32(struct virtio_device *device, uint32_t offset, uint32_t *value)
{
    return virtio_config_read(device, offset, value, sizeof(*value));
}

int virtio_config_read64(struct virtio_device *device, uint32_t offset, uint64_t *value)
{
    return virtio_config_read(device, offset, value, sizeof(*value));
}

int virtio_config_write(struct virtio_device *device, uint32_t offset, unsigned width,
                        uint32_t value)
{
    if (!config_has(device, offset, width))
        return -E_NXIO;
    device->transport->ops->config_write(device->transport, offset, width, value);
    return 0;
}
