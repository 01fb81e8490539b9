// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// See virtio_rng.h.

#include "drivers/misc/virtio_rng/virtio_rng.h"

#include <string.h>

#include "abi/error.h"
#include "lib/driver/driver.h"
#include "lib/sys/log.h"

#define FEATURES_ALLOWED (VIRTIO_F_EVENT_IDX | VIRTIO_F_ACCESS_PLATFORM | VIRTIO_F_ORDER_PLATFORM)

// Gives the whole buffer to the device, if it has not got it.
static int ask(struct virtio_rng *rng)
{
    struct virtqueue_piece piece = {.bus = rng->buffer.bus, .bytes = VIRTIO_RNG_BATCH};
    int status;

    if (rng->asked)
        return 0;
    status = virtqueue_add(&rng->queue, &piece, 0, 1, rng);
    if (status < 0)
        return status;
    rng->asked = true;
    rng->have = rng->taken = 0;
    if (virtqueue_publish(&rng->queue))
        rng->device.transport->ops->queue_notify(rng->device.transport, VIRTIO_RNG_QUEUE);
    return 0;
}

static int collect(struct virtio_rng *rng)
{
    void *token;
    uint32_t written;
    int status = virtqueue_get(&rng->queue, &token, &written);

    if (status < 0)
        return status == -E_AGAIN ? 0 : status;
    rng->asked = false;
    rng->have = written;
    rng->taken = 0;
    return 0;
}

int virtio_rng_handle_queue(struct virtio_rng *rng)
{
    int status;

    if (virtio_device_needs_reset(&rng->device))
        return -E_PROTO;
    do
        status = collect(rng);
    while (status == 0 && !virtqueue_enable_interrupts(&rng->queue));
    return status;
}

int virtio_rng_take(struct virtio_rng *rng, void *to, uint32_t bytes)
{
    uint8_t *from = (uint8_t *)rng->buffer.memory + rng->taken;
    uint32_t left = rng->have - rng->taken;

    if (bytes > left)
        bytes = left;
    if (bytes > 0) {
        memcpy(to, from, bytes);
        memset(from, 0, bytes);
        rng->taken += bytes;
    }
    if (rng->taken == rng->have) {
        int status = ask(rng);

        if (status < 0)
            return status;
    }
    return (int)bytes;
}

static int start_queue(struct virtio_rng *rng, uint16_t vector, handle_t dma)
{
    const struct virtio_transport_ops *ops = rng->device.transport->ops;
    uint16_t offered = ops->queue_size_max(rng->device.transport, VIRTIO_RNG_QUEUE);
    struct virtqueue_config config = {
        .index = VIRTIO_RNG_QUEUE,
        .size = VIRTIO_RNG_QUEUE_SIZE,
        .event_idx = virtio_device_has(&rng->device, VIRTIO_F_EVENT_IDX),
    };
    struct virtqueue_layout layout;
    struct virtio_queue_setup setup;
    int status;

    while (config.size > offered) // 2.7: a power of two
        config.size /= 2;
    if (config.size == 0)
        return -E_OPNOTSUPP;
    layout = virtqueue_layout(config.size, 0);
    status = dma_buffer_create(dma, layout.bytes, DMA_ANYWHERE, &rng->queue_memory);
    if (status == 0)
        status = dma_buffer_create(dma, VIRTIO_RNG_BATCH, DMA_ANYWHERE, &rng->buffer);
    if (status < 0)
        return status; // the process ends, and its memory with it
    config.memory = rng->queue_memory.memory;
    config.bus = rng->queue_memory.bus;
    status = virtqueue_init(&rng->queue, &config);
    if (status < 0)
        return status;
    setup = (struct virtio_queue_setup){.size = config.size,
                                        .vector = vector,
                                        .descriptors = config.bus,
                                        .available = config.bus + layout.available,
                                        .used = config.bus + layout.used};
    return ops->queue_enable(rng->device.transport, VIRTIO_RNG_QUEUE, &setup);
}

int virtio_rng_init(struct virtio_rng *rng, struct virtio_transport *transport, uint16_t vector,
                    handle_t dma)
{
    int status;

    memset(rng, 0, sizeof *rng);
    virtio_device_init(&rng->device, transport);
    status = virtio_device_reset(&rng->device);
    if (status == 0)
        status = virtio_device_negotiate(&rng->device, FEATURES_ALLOWED, 0);
    if (status == 0)
        status = start_queue(rng, vector, dma);
    if (status == 0)
        status = virtio_device_start(&rng->device);
    if (status < 0)
        return status;
    virtqueue_enable_interrupts(&rng->queue);
    return ask(rng); // the first client need not wait
}

void virtio_rng_quiesce(struct virtio_rng *rng)
{
    int status = virtio_device_reset(&rng->device);

    if (status < 0)
        log_warning("virtio_rng: no reset at the end: error %d", status);
}
