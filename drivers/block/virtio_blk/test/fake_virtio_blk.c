// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

#include "drivers/block/virtio_blk/test/fake_virtio_blk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "abi/error.h"
#include "lib/virtio/virtio_hw.h"

enum { CHAIN_MAX = 160 };

struct fake_blk fake_blk;

// ---- the transport ----

static uint8_t get_status(struct virtio_transport *transport)
{
    (void)transport;
    if (fake_blk.fault == FAKE_BLK_NEEDS_RESET && fake_blk.status != 0)
        return fake_blk.status | VIRTIO_STATUS_DEVICE_NEEDS_RESET;
    return fake_blk.status;
}

static void set_status(struct virtio_transport *transport, uint8_t status)
{
    (void)transport;
    if (status == 0) {
        if (fake_blk.fault == FAKE_BLK_NO_RESET)
            return;
        fake_blk.resets++;
        fake_blk.enabled = false;
        fake_blk.taken = fake_blk.used = 0;
        if (fake_blk.fault == FAKE_BLK_NEEDS_RESET)
            fake_blk.fault = FAKE_BLK_GOOD;
    }
    fake_blk.status = status;
}

static uint64_t get_features(struct virtio_transport *transport)
{
    (void)transport;
    return fake_blk.offered;
}

static void set_features(struct virtio_transport *transport, uint64_t features)
{
    (void)transport;
    assert_int_equal(features & ~fake_blk.offered, 0);
    fake_blk.accepted = features;
}

static uint32_t config_read(struct virtio_transport *transport, uint32_t offset, unsigned width)
{
    (void)transport;
    uint32_t value = 0;
    assert_true(offset % width == 0 && offset + width <= sizeof(fake_blk.config));
    memcpy(&value, (uint8_t *)&fake_blk.config + offset, width);
    return value;
}

static uint8_t config_generation(struct virtio_transport *transport)
{
    (void)transport;
    return 1;
}

static uint32_t config_bytes(struct virtio_transport *transport)
{
    (void)transport;
    return sizeof(fake_blk.config);
}

static int set_config_vector(struct virtio_transport *transport, uint16_t vector)
{
    (void)transport;
    return vector == VIRTIO_MSI_NO_VECTOR || vector < 4 ? 0 : -E_IO;
}

static uint16_t queue_size_max(struct virtio_transport *transport, uint16_t queue)
{
    (void)transport;
    return queue == 0 ? fake_blk.queue_size_max : 0;
}

static int queue_enable(struct virtio_transport *transport, uint16_t queue,
                        const struct virtio_queue_setup *setup)
{
    (void)transport;
    assert_int_equal(queue, 0);
    assert_true(setup->size <= fake_blk.queue_size_max);
    assert_true((fake_blk.status & VIRTIO_STATUS_FEATURES_OK) != 0);
    assert_int_equal(setup->descriptors % VIRTQ_DESC_ALIGN, 0);
    assert_int_equal(setup->used % VIRTQ_USED_ALIGN, 0);
    fake_blk.queue = *setup;
    fake_blk.enabled = true;
    return 0;
}

static void queue_notify(struct virtio_transport *transport, uint16_t queue)
{
    (void)transport;
    assert_int_equal(queue, 0);
    assert_true((fake_blk.status & VIRTIO_STATUS_DRIVER_OK) != 0);
    fake_blk.notifications++;
}

static uint8_t acknowledge(struct virtio_transport *transport)
{
    (void)transport;
    return VIRTIO_ISR_QUEUE;
}

static const struct virtio_transport_ops ops = {
    .get_status = get_status,
    .set_status = set_status,
    .get_device_features = get_features,
    .set_driver_features = set_features,
    .config_read = config_read,
    .config_generation = config_generation,
    .config_bytes = config_bytes,
    .set_config_vector = set_config_vector,
    .queue_size_max = queue_size_max,
    .queue_enable = queue_enable,
    .queue_notify = queue_notify,
    .acknowledge = acknowledge,
};

void fake_blk_create(void)
{
    memset(&fake_blk, 0, sizeof(fake_blk));
    fake_blk.transport.ops = &ops;
    fake_blk.bytes = calloc(1, FAKE_BLK_BYTES);
    fake_blk.status = 0x8f; // as a dead driver left it
    fake_blk.queue_size_max = 256;
    fake_blk.offered = VIRTIO_F_VERSION_1 | VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX |
                       VIRTIO_F_RING_PACKED | VIRTIO_BLK_F_SEG_MAX | VIRTIO_BLK_F_BLK_SIZE |
                       VIRTIO_BLK_F_FLUSH | VIRTIO_BLK_F_TOPOLOGY | VIRTIO_BLK_F_GEOMETRY |
                       VIRTIO_BLK_F_CONFIG_WCE | VIRTIO_BLK_F_MQ | VIRTIO_BLK_F_DISCARD |
                       VIRTIO_BLK_F_WRITE_ZEROES;
    fake_blk.config = (struct virtio_blk_config){
        .capacity = FAKE_BLK_BYTES / VIRTIO_BLK_SECTOR_BYTES,
        .seg_max = 126,
        .blk_size = 512,
        .physical_block_exp = 3,
        .opt_io_size = 128,
        .cylinders = 10,
        .heads = 16,
        .sectors = 63,
        .num_queues = 4,
        .max_discard_sectors = 2048,
        .max_discard_seg = 1,
        .max_write_zeroes_sectors = 1024,
        .max_write_zeroes_seg = 1,
    };
}

void fake_blk_destroy(void)
{
    free(fake_blk.bytes);
}

// ---- the rings ----

struct chain {
    struct virtq_desc desc[CHAIN_MAX];
    unsigned count;
    uint64_t writable;
};

static void *at(uint64_t bus)
{
    return (void *)(uintptr_t)bus;
}

static void read_chain(uint16_t head, struct chain *chain)
{
    const struct virtq_desc *table = at(fake_blk.queue.descriptors);
    chain->count = 0;
    chain->writable = 0;
    uint16_t index = head;
    if ((table[head].flags & VIRTQ_DESC_F_INDIRECT) != 0) {
        assert_true((fake_blk.accepted & VIRTIO_F_INDIRECT_DESC) != 0);
        assert_int_equal(table[head].len % sizeof(struct virtq_desc), 0);
        table = at(table[head].addr);
        index = 0;
    }
    for (;;) {
        assert_true(chain->count < CHAIN_MAX);
        struct virtq_desc desc = table[index];
        bool writable = (desc.flags & VIRTQ_DESC_F_WRITE) != 0;
        assert_true(writable || chain->writable == 0); // 2.7.4.2: readable ones first
        chain->desc[chain->count++] = desc;
        chain->writable += writable ? desc.len : 0;
        if ((desc.flags & VIRTQ_DESC_F_NEXT) == 0)
            return;
        index = desc.next;
    }
}

static void use(uint32_t id, uint32_t length)
{
    struct virtq_used *used = at(fake_blk.queue.used);
    used->ring[fake_blk.used % fake_blk.queue.size] = (struct virtq_used_elem){id, length};
    used->idx = ++fake_blk.used;
    if ((fake_blk.accepted & VIRTIO_F_EVENT_IDX) != 0) // avail_event: notify me of the next one
        memcpy(&used->ring[fake_blk.queue.size], &fake_blk.taken, sizeof(fake_blk.taken));
}

// Moves data between disk and chain; returns bytes written to memory.
static uint32_t transfer(const struct chain *chain, uint64_t sector, bool to_memory)
{
    uint64_t offset = sector * VIRTIO_BLK_SECTOR_BYTES;
    uint32_t moved = 0;
    for (unsigned i = 1; i + 1 < chain->count; i++) {
        uint32_t bytes = chain->desc[i].len;
        assert_true(bytes <= FAKE_BLK_BYTES && offset + moved <= FAKE_BLK_BYTES - bytes);
        if (to_memory)
            memcpy(at(chain->desc[i].addr), fake_blk.bytes + offset + moved, bytes);
        else
            memcpy(fake_blk.bytes + offset + moved, at(chain->desc[i].addr), bytes);
        moved += bytes;
    }
    return to_memory ? moved : 0;
}

static uint32_t erase(const struct chain *chain, uint32_t type)
{
    const struct virtio_blk_discard_write_zeroes *range = at(chain->desc[1].addr);
    assert_int_equal(chain->count, 3);
    assert_int_equal(chain->desc[1].len, sizeof(*range));
    fake_blk.last_flags = range->flags;
    fake_blk.last_sector = range->sector;
    fake_blk.last_sectors = range->num_sectors;
    if (type == VIRTIO_BLK_T_WRITE_ZEROES)
        memset(fake_blk.bytes + range->sector * VIRTIO_BLK_SECTOR_BYTES, 0,
               (size_t)range->num_sectors * VIRTIO_BLK_SECTOR_BYTES);
    return 0;
}

static uint32_t carry_out(const struct chain *chain)
{
    const struct virtio_blk_req_header *header = at(chain->desc[0].addr);
    assert_int_equal(chain->desc[0].len, sizeof(*header));
    assert_int_equal(chain->desc[chain->count - 1].len, 1);
    assert_true(header->type < 16);
    fake_blk.types[header->type]++;
    switch (header->type) {
    case VIRTIO_BLK_T_IN:
        return transfer(chain, header->sector, true);
    case VIRTIO_BLK_T_OUT:
        return transfer(chain, header->sector, false);
    case VIRTIO_BLK_T_GET_ID:
        memcpy(at(chain->desc[1].addr), "fake disk number 1\0", VIRTIO_BLK_ID_BYTES);
        return VIRTIO_BLK_ID_BYTES;
    case VIRTIO_BLK_T_FLUSH:
        assert_int_equal(chain->count, 2);
        assert_int_equal(header->sector, 0);
        return 0;
    default:
        return erase(chain, header->type);
    }
}

static uint8_t final_status(void)
{
    if (fake_blk.fault == FAKE_BLK_ERROR)
        return VIRTIO_BLK_S_IOERR;
    return fake_blk.fault == FAKE_BLK_UNSUPPORTED ? VIRTIO_BLK_S_UNSUPP : VIRTIO_BLK_S_OK;
}

bool fake_blk_step(void)
{
    if (!fake_blk.enabled || (fake_blk.status & VIRTIO_STATUS_DRIVER_OK) == 0)
        return false;
    const struct virtq_avail *avail = at(fake_blk.queue.available);
    if (fake_blk.taken == avail->idx || fake_blk.fault == FAKE_BLK_SILENT)
        return false;
    uint16_t head = avail->ring[fake_blk.taken++ % fake_blk.queue.size];
    struct chain chain;
    read_chain(head, &chain);
    fake_blk.requests++;
    uint32_t written = carry_out(&chain);
    if (fake_blk.fault != FAKE_BLK_NO_STATUS)
        *(uint8_t *)at(chain.desc[chain.count - 1].addr) = final_status();
    if (fake_blk.fault == FAKE_BLK_TOO_LONG)
        written = (uint32_t)chain.writable;
    if (fake_blk.fault == FAKE_BLK_SHORT && written > 0)
        written--;
    use(fake_blk.fault == FAKE_BLK_BAD_ID ? 0x10000u + head : head, written + 1);
    if (fake_blk.fault == FAKE_BLK_TWICE)
        use(head, written + 1);
    if (fake_blk.fault == FAKE_BLK_JUMP)
        ((struct virtq_used *)at(fake_blk.queue.used))->idx = (uint16_t)(fake_blk.used += 300);
    return true;
}
