// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The virtio entropy device above its transport; main.c puts it on a bus and answers clients.
//
// "Virtual I/O Device (VIRTIO) Version 1.2", section 5.4: one queue, which the device fills buffers
// of; no feature bits, no configuration.
//
// Trust: the length is checked by lib/virtio; bytes beyond it are never given out. An answer of no
// bytes counts as none, so a device that sends only those times out as a silent one does.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/driver/dma.h"
#include "lib/virtio/device.h"
#include "lib/virtio/virtqueue.h"

enum {
    VIRTIO_ID_RNG = 4,
    VIRTIO_RNG_QUEUE = 0,
    VIRTIO_RNG_QUEUE_SIZE = 8,
    // One request of the device serves many clients; more than a few hundred bytes would drain what
    // feeds it.
    VIRTIO_RNG_BATCH = 512,
};

struct virtio_rng {
    struct virtio_device device;
    struct virtqueue queue;
    struct dma_buffer queue_memory;
    struct dma_buffer buffer; // VIRTIO_RNG_BATCH bytes, the device's while asked
    bool asked;
    uint32_t have, taken; // of the buffer
};

// Resets the device, whatever state it is in, and brings it up; `vector` is its interrupt. Errors
// of lib/virtio; -E_NOMEM.
int virtio_rng_init(struct virtio_rng *rng, struct virtio_transport *transport, uint16_t vector,
                    handle_t dma);

// Copies up to `bytes` of what there is and forgets it here; asks the device for more when nothing
// is left. Returns how many, maybe 0. -E_PROTO: the device broke its queue, or asks for a reset.
int virtio_rng_take(struct virtio_rng *rng, void *to, uint32_t bytes);

// The device has answered, perhaps. -E_PROTO as above.
int virtio_rng_handle_queue(struct virtio_rng *rng);

// The device stops touching memory.
void virtio_rng_quiesce(struct virtio_rng *rng);
