// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Virtio block device: "Virtual I/O Device (VIRTIO) Version 1.2", sections 2 and 5.2.
//
// Not implemented: legacy devices, several queues (one thread serves the device, and one queue of
// 128 keeps it busy), cache mode changes (CONFIG_WCE), secure erase, lifetime information, zoned
// storage.
//
// States of a command: the library's until submit; the device's until its chain comes back used;
// then the status byte decides. A chain that never comes back is the library's to time out, which
// ends in a reset of the device here.
//
// Trust: chain ids and lengths are checked by lib/virtio; the status byte must be one of three, and
// a read must have delivered every byte, else the request fails with E_IO. A broken queue resets
// the device.

#include "drivers/block/virtio_blk/virtio_blk.h"

#include <string.h>

#include "abi/error.h"
#include "lib/driver/driver.h"
#include "lib/sys/log.h"

// What is accepted of what the device offers: nothing else, so a newer device switches nothing on
// by itself.
#define FEATURES_ALLOWED                                                                    \
    (VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX | VIRTIO_F_ACCESS_PLATFORM |               \
     VIRTIO_F_ORDER_PLATFORM | VIRTIO_BLK_F_SIZE_MAX | VIRTIO_BLK_F_SEG_MAX |               \
     VIRTIO_BLK_F_GEOMETRY | VIRTIO_BLK_F_RO | VIRTIO_BLK_F_BLK_SIZE | VIRTIO_BLK_F_FLUSH | \
     VIRTIO_BLK_F_TOPOLOGY | VIRTIO_BLK_F_DISCARD | VIRTIO_BLK_F_WRITE_ZEROES)

enum {
    QUEUE = 0,          // 5.2.2: requestq1
    FRAME_PIECES = 2,   // header and status around the data
    STATUS_NONE = 0xff, // no status of the specification: the device has not written it
};

// Memory of one command that the device reads (header, range) and writes (status).
struct virtio_blk_slot {
    struct virtio_blk_req_header header;
    struct virtio_blk_discard_write_zeroes range;
    uint8_t pad[16];
    uint8_t status;
    uint8_t pad_line[15]; // slots do not share a cache line
};
_Static_assert(sizeof(struct virtio_blk_slot) == 64, "one cache line");

static struct virtio_blk_slot *slot_of(const struct virtio_blk *blk, unsigned index)
{
    return (struct virtio_blk_slot *)blk->request_memory.memory + index;
}

static uint64_t slot_bus(const struct virtio_blk *blk, unsigned index)
{
    return blk->request_memory.bus + index * sizeof(struct virtio_blk_slot);
}

// ---- submit ----

static uint32_t request_type(const struct block_command *command)
{
    switch (command->op) {
    case BLOCK_READ:
        return VIRTIO_BLK_T_IN;
    case BLOCK_WRITE:
        return VIRTIO_BLK_T_OUT;
    case BLOCK_DISCARD:
        return VIRTIO_BLK_T_DISCARD;
    case BLOCK_WRITE_ZEROES:
        return VIRTIO_BLK_T_WRITE_ZEROES;
    case BLOCK_GET_ID:
        return VIRTIO_BLK_T_GET_ID;
    default:
        return VIRTIO_BLK_T_FLUSH;
    }
}

static bool has_range(const struct block_command *command)
{
    return command->op == BLOCK_DISCARD || command->op == BLOCK_WRITE_ZEROES;
}

static void write_slot(struct virtio_blk_slot *slot, const struct block_command *command)
{
    bool transfers = command->op == BLOCK_READ || command->op == BLOCK_WRITE;
    uint64_t sector = command->offset / VIRTIO_BLK_SECTOR_BYTES;
    slot->header = (struct virtio_blk_req_header){
        .type = request_type(command),
        .sector = transfers ? sector : 0, // 5.2.6.1: 0 for all other types
    };
    slot->range = (struct virtio_blk_discard_write_zeroes){
        .sector = sector,
        .num_sectors = (uint32_t)(command->bytes / VIRTIO_BLK_SECTOR_BYTES),
        // 5.2.6.1: UNMAP is for write-zeroes only
        .flags = command->op == BLOCK_WRITE_ZEROES && (command->flags & BLOCK_MAY_UNMAP) != 0
                     ? VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP
                     : 0,
    };
    slot->status = STATUS_NONE;
}

static int blk_submit(struct block_unit *unit, struct block_command *command)
{
    struct virtio_blk *blk = block_unit_context(unit);
    struct virtqueue_piece pieces[VIRTIO_BLK_QUEUE_SIZE];
    uint64_t bus = slot_bus(blk, command->index);
    write_slot(slot_of(blk, command->index), command);

    unsigned count = 0;
    pieces[count++] =
        (struct virtqueue_piece){.bus = bus, .bytes = sizeof(struct virtio_blk_req_header)};
    if (has_range(command))
        pieces[count++] =
            (struct virtqueue_piece){.bus = bus + offsetof(struct virtio_blk_slot, range),
                                     .bytes = sizeof(struct virtio_blk_discard_write_zeroes)};
    for (unsigned i = 0; i < command->piece_count; i++)
        pieces[count++] = (struct virtqueue_piece){.bus = command->pieces[i].bus,
                                                   .bytes = command->pieces[i].bytes};
    pieces[count++] =
        (struct virtqueue_piece){.bus = bus + offsetof(struct virtio_blk_slot, status), .bytes = 1};

    bool device_writes = command->op == BLOCK_READ || command->op == BLOCK_GET_ID;
    unsigned writable = device_writes ? command->piece_count + 1 : 1;
    return virtqueue_add(&blk->queue, pieces, count - writable, writable, command);
}

static void blk_kick(struct block_unit *unit)
{
    struct virtio_blk *blk = block_unit_context(unit);
    if (virtqueue_publish(&blk->queue))
        blk->device.transport->ops->queue_notify(blk->device.transport, QUEUE);
}

// ---- complete ----

static int completion_status(const struct virtio_blk *blk, const struct block_command *command,
                             uint32_t written)
{
    uint8_t status = *(volatile uint8_t *)&slot_of(blk, command->index)->status;
    if (status == VIRTIO_BLK_S_UNSUPP)
        return -E_OPNOTSUPP;
    if (status != VIRTIO_BLK_S_OK)
        return -E_IO;
    // The length covers data and status byte; a short read would hand out old memory as data.
    if (command->op == BLOCK_READ && written != command->bytes + 1)
        return -E_IO;
    return 0;
}

// Completes what came back. -E_PROTO: the queue is broken.
static int take_used(struct virtio_blk *blk)
{
    void *token;
    uint32_t written;
    int status;
    while ((status = virtqueue_get(&blk->queue, &token, &written)) == 0) {
        struct block_command *command = token;
        block_unit_complete(command, completion_status(blk, command, written));
    }
    return status == -E_AGAIN ? 0 : status;
}

void virtio_blk_handle_queue(struct virtio_blk *blk)
{
    int status;
    do {
        virtqueue_disable_interrupts(&blk->queue);
        status = take_used(blk);
    } while (status == 0 && !virtqueue_enable_interrupts(&blk->queue));
    if (status < 0)
        block_unit_restart(blk->unit, "the device broke its queue");
}

static void blk_poll(struct block_unit *unit)
{
    virtio_blk_handle_queue(block_unit_context(unit));
}

void virtio_blk_handle_config(struct virtio_blk *blk)
{
    if (virtio_device_needs_reset(&blk->device)) {
        block_unit_restart(blk->unit, "the device asks for a reset");
        return;
    }
    uint64_t capacity;
    int status =
        virtio_config_read64(&blk->device, offsetof(struct virtio_blk_config, capacity), &capacity);
    if (status < 0 || capacity > UINT64_MAX / VIRTIO_BLK_SECTOR_BYTES) {
        log_warning("virtio_blk: capacity cannot be read: error %d", status);
        return;
    }
    if (capacity == blk->config.capacity)
        return;
    blk->config.capacity = capacity;
    block_unit_set_capacity(blk->unit, capacity * VIRTIO_BLK_SECTOR_BYTES);
}

// ---- up and down ----

static int read_config(struct virtio_blk *blk)
{
    // What the device does not have stays 0; which fields count, the feature bits say.
    uint32_t bytes = blk->device.transport->ops->config_bytes(blk->device.transport);
    if (bytes > sizeof(blk->config))
        bytes = sizeof(blk->config);
    memset(&blk->config, 0, sizeof(blk->config));
    int status = virtio_config_read(&blk->device, 0, &blk->config, bytes);
    if (status < 0)
        return status;
    if (blk->config.capacity > UINT64_MAX / VIRTIO_BLK_SECTOR_BYTES)
        return -E_PROTO;
    return 0;
}

static uint16_t choose_queue_size(struct virtio_blk *blk)
{
    uint16_t offered = blk->device.transport->ops->queue_size_max(blk->device.transport, QUEUE);
    uint16_t size = VIRTIO_BLK_QUEUE_SIZE;
    while (size > offered) // 2.7: a power of two
        size /= 2;
    return size;
}

static int start_queue(struct virtio_blk *blk)
{
    struct virtqueue_config config = {
        .index = QUEUE,
        .size = blk->queue_size,
        .indirect_entries = blk->indirect_entries,
        .event_idx = virtio_device_has(&blk->device, VIRTIO_F_EVENT_IDX),
        .memory = blk->queue_memory.memory,
        .bus = blk->queue_memory.bus,
    };
    int status = virtqueue_init(&blk->queue, &config);
    if (status < 0)
        return status;
    struct virtqueue_layout layout = virtqueue_layout(blk->queue_size, blk->indirect_entries);
    struct virtio_queue_setup setup = {
        .size = blk->queue_size,
        .vector = blk->vectors.queue,
        .descriptors = config.bus,
        .available = config.bus + layout.available,
        .used = config.bus + layout.used,
    };
    const struct virtio_transport_ops *ops = blk->device.transport->ops;
    status = ops->set_config_vector(blk->device.transport, blk->vectors.config);
    if (status == 0)
        status = ops->queue_enable(blk->device.transport, QUEUE, &setup);
    return status;
}

// Reset to FEATURES_OK: what comes before memory can be sized.
static int negotiate(struct virtio_blk *blk)
{
    int status = virtio_device_reset(&blk->device);
    if (status == 0)
        status = virtio_device_negotiate(&blk->device, FEATURES_ALLOWED, 0);
    if (status == 0)
        status = read_config(blk);
    return status;
}

static int go_live(struct virtio_blk *blk)
{
    int status = start_queue(blk);
    if (status == 0)
        status = virtio_device_start(&blk->device);
    if (status == 0)
        virtqueue_enable_interrupts(&blk->queue);
    return status;
}

static int blk_reset(struct block_unit *unit)
{
    struct virtio_blk *blk = block_unit_context(unit);
    uint64_t features = blk->device.features;
    int status = negotiate(blk);
    if (status == 0 && blk->device.features != features)
        status = -E_PROTO; // another device: everything that was told to clients is void
    return status < 0 ? status : go_live(blk);
}

void virtio_blk_quiesce(struct virtio_blk *blk)
{
    int status = virtio_device_reset(&blk->device);
    if (status < 0)
        log_warning("virtio_blk: no reset at the end: error %d", status);
}

static int allocate(struct virtio_blk *blk, handle_t dma)
{
    blk->queue_size = choose_queue_size(blk);
    if (blk->queue_size == 0)
        return -E_OPNOTSUPP;
    bool indirect = virtio_device_has(&blk->device, VIRTIO_F_INDIRECT_DESC);
    blk->indirect_entries = indirect ? blk->queue_size : 0;
    int status = dma_buffer_create(dma, virtqueue_bytes(blk->queue_size, blk->indirect_entries),
                                   DMA_ANYWHERE, &blk->queue_memory);
    if (status < 0)
        return status;
    status = dma_buffer_create(dma, sizeof(struct virtio_blk_slot) * blk->queue_size, DMA_ANYWHERE,
                               &blk->request_memory);
    if (status < 0)
        dma_buffer_destroy(dma, &blk->queue_memory);
    return status;
}

static const struct block_unit_ops unit_ops = {
    .submit = blk_submit,
    .kick = blk_kick,
    .poll = blk_poll,
    .reset = blk_reset,
};

static uint32_t unit_features(const struct virtio_device *device)
{
    static const struct {
        uint64_t device;
        uint32_t unit;
    } table[] = {
        {VIRTIO_BLK_F_RO, BLOCK_READ_ONLY},
        {VIRTIO_BLK_F_FLUSH, BLOCK_CAN_FLUSH},
        {VIRTIO_BLK_F_DISCARD, BLOCK_CAN_DISCARD},
        {VIRTIO_BLK_F_WRITE_ZEROES, BLOCK_CAN_WRITE_ZEROES},
    };
    uint32_t features = 0;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        if (virtio_device_has(device, table[i].device))
            features |= table[i].unit;
    return features;
}

// Pieces of data in one command: what device, chain and queue allow.
static uint32_t choose_pieces(const struct virtio_blk *blk)
{
    uint32_t pieces = blk->queue_size - FRAME_PIECES;
    if (virtio_device_has(&blk->device, VIRTIO_BLK_F_SEG_MAX) && blk->config.seg_max < pieces)
        pieces = blk->config.seg_max;
    return pieces;
}

static void describe_blocks(const struct virtio_blk *blk, struct block_unit_config *unit)
{
    const struct virtio_blk_config *config = &blk->config;
    unit->block_bytes = virtio_device_has(&blk->device, VIRTIO_BLK_F_BLK_SIZE) ? config->blk_size
                                                                               : BLOCK_SECTOR_BYTES;
    unit->physical_bytes = unit->block_bytes;
    if (virtio_device_has(&blk->device, VIRTIO_BLK_F_TOPOLOGY)) {
        if (config->physical_block_exp < 16)
            unit->physical_bytes = unit->block_bytes << config->physical_block_exp;
        if (config->opt_io_size <= UINT32_MAX / unit->block_bytes)
            unit->optimal_bytes = config->opt_io_size * unit->block_bytes;
    }
    if (virtio_device_has(&blk->device, VIRTIO_BLK_F_GEOMETRY)) {
        unit->cylinders = config->cylinders;
        unit->heads = config->heads;
        unit->sectors = config->sectors;
    }
}

// The smaller of the two limits serves both operations.
static uint64_t erase_limit(const struct virtio_blk *blk)
{
    uint32_t sectors = UINT32_MAX;
    if (virtio_device_has(&blk->device, VIRTIO_BLK_F_DISCARD))
        sectors = blk->config.max_discard_sectors;
    if (virtio_device_has(&blk->device, VIRTIO_BLK_F_WRITE_ZEROES) &&
        blk->config.max_write_zeroes_sectors < sectors)
        sectors = blk->config.max_write_zeroes_sectors;
    return (uint64_t)sectors * VIRTIO_BLK_SECTOR_BYTES;
}

static int add_unit(struct virtio_blk *blk, handle_t dma, const char *name)
{
    struct block_unit_config unit = {
        .ops = &unit_ops,
        .context = blk,
        .dma = dma,
        .capacity = blk->config.capacity * VIRTIO_BLK_SECTOR_BYTES,
        .features = unit_features(&blk->device),
        // Without indirect tables a chain takes many descriptors, and submit says -E_AGAIN when
        // they run out.
        .depth = blk->queue_size,
        .pieces_max = choose_pieces(blk),
        .piece_bytes_max = UINT32_MAX,
        .buffer_align = 1,
        .discard_bytes_max = erase_limit(blk),
    };
    if (virtio_device_has(&blk->device, VIRTIO_BLK_F_SIZE_MAX))
        unit.piece_bytes_max = blk->config.size_max;
    describe_blocks(blk, &unit);
    strncpy(unit.name, name, sizeof(unit.name) - 1);
    return block_server_add_unit(&unit, &blk->unit);
}

int virtio_blk_init(struct virtio_blk *blk, struct virtio_transport *transport,
                    struct virtio_blk_vectors vectors, handle_t dma, const char *name)
{
    memset(blk, 0, sizeof(*blk));
    blk->vectors = vectors;
    virtio_device_init(&blk->device, transport);
    int status = negotiate(blk);
    if (status == 0)
        status = allocate(blk, dma);
    if (status < 0)
        return status;
    status = add_unit(blk, dma, name);
    if (status == 0)
        status = go_live(blk);
    return status; // after an error the process ends, and its memory with it
}
