// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The virtio block device above its transport; main.c puts it on PCI, tests on a fake.

#pragma once

#include "drivers/block/virtio_blk/virtio_blk_hw.h"
#include "lib/block/unit.h"
#include "lib/driver/dma.h"
#include "lib/virtio/device.h"
#include "lib/virtio/virtqueue.h"

struct driver;

enum {
    // Requests in flight, and longest chain: 126 pieces of data, header and status. 128 slots with
    // an indirect table each take 256 KiB; more depth gained nothing on QEMU.
    VIRTIO_BLK_QUEUE_SIZE = 128,
};

// Which MSI-X table entries the device raises; VIRTIO_MSI_NO_VECTOR for both where it has one
// shared interrupt.
struct virtio_blk_vectors {
    uint16_t config;
    uint16_t queue;
};

struct virtio_blk {
    struct virtio_device device;
    struct virtio_blk_vectors vectors;
    struct virtqueue queue;
    struct dma_buffer queue_memory;
    struct dma_buffer request_memory; // a struct virtio_blk_slot for each command
    uint16_t queue_size;
    uint16_t indirect_entries;
    struct virtio_blk_config config;
    struct block_unit *unit;
};

// Resets the device, whatever state it is in, brings it up and offers it to the block library under
// `name`. -E_OPNOTSUPP the device lacks what is needed; -E_TIMEDOUT, -E_PROTO, -E_IO it misbehaves;
// -E_NOMEM.
int virtio_blk_init(struct virtio_blk *blk, struct virtio_transport *transport,
                    struct virtio_blk_vectors vectors, handle_t dma, const char *name);

// Takes completed requests.
void virtio_blk_handle_queue(struct virtio_blk *blk);

// The device changed its configuration, or asks for a reset.
void virtio_blk_handle_config(struct virtio_blk *blk);

// The device stops touching memory.
void virtio_blk_quiesce(struct virtio_blk *blk);
