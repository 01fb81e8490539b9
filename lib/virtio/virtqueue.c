// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Split virtqueue, driver side (virtqueue.h). Section numbers are those of virtio 1.2.

#include "lib/virtio/virtqueue.h"

#include <assert.h>
#include <string.h>

#include "abi/error.h"
#include "lib/driver/mmio.h"

enum {
    NO_DESCRIPTOR = 0xffff,
    DIRECT_MOST = 3, // pieces: what a block request has whose data is contiguous
};

// Words shared with the device: each access happens once and exactly as written.
static uint16_t load16(const uint16_t *word)
{
    return *(const volatile uint16_t *)word;
}

static void store16(uint16_t *word, uint16_t value)
{
    *(volatile uint16_t *)word = value;
}

// 2.7.6: used_event follows the available ring. 2.7.8: avail_event follows the used ring.
static uint16_t *used_event(struct virtqueue *queue)
{
    return &queue->avail->ring[queue->size];
}

static uint16_t *avail_event(struct virtqueue *queue)
{
    return (uint16_t *)&queue->used->ring[queue->size];
}

// ---- shape ----

static size_t align_up(size_t value, size_t alignment)
{
    return (value + alignment - 1) & ~(alignment - 1);
}

struct virtqueue_layout virtqueue_layout(uint16_t size, uint16_t indirect_entries)
{
    struct virtqueue_layout layout;
    layout.available = sizeof(struct virtq_desc) * size;
    size_t available_bytes = sizeof(struct virtq_avail) + sizeof(uint16_t) * (size + 1u);
    layout.used = align_up(layout.available + available_bytes, VIRTQUEUE_USED_ALIGN);
    size_t used_bytes =
        sizeof(struct virtq_used) + sizeof(struct virtq_used_elem) * size + sizeof(uint16_t);
    layout.indirect = align_up(layout.used + used_bytes, VIRTQUEUE_USED_ALIGN);
    layout.bytes = layout.indirect + sizeof(struct virtq_desc) * size * indirect_entries;
    return layout;
}

int virtqueue_init(struct virtqueue *queue, const struct virtqueue_config *config)
{
    uint16_t size = config->size;
    if (size == 0 || size > VIRTQUEUE_SIZE_MAX || (size & (size - 1)) != 0)
        return -E_INVAL;
    if (config->indirect_entries > size) // 2.7.5.3.1: no chain is longer than the queue
        return -E_INVAL;
    struct virtqueue_layout layout = virtqueue_layout(size, config->indirect_entries);
    uint8_t *memory = config->memory;
    memset(memory, 0, layout.bytes);
    memset(queue, 0, sizeof(*queue));
    queue->desc = (struct virtq_desc *)memory;
    queue->avail = (struct virtq_avail *)(memory + layout.available);
    queue->used = (struct virtq_used *)(memory + layout.used);
    if (config->indirect_entries > 0)
        queue->indirect = (struct virtq_desc *)(memory + layout.indirect);
    queue->indirect_bus = config->bus + layout.indirect;
    queue->indirect_entries = config->indirect_entries;
    queue->index = config->index;
    queue->size = size;
    queue->event_idx = config->event_idx;
    for (uint16_t i = 0; i < size; i++)
        queue->slot[i].next = (uint16_t)(i + 1);
    queue->slot[size - 1].next = NO_DESCRIPTOR;
    queue->free_count = size;
    return 0;
}

// ---- to the device ----

static void write_indirect(struct virtq_desc *table, const struct virtqueue_piece *pieces,
                           unsigned readable, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        uint16_t flags = i >= readable ? VIRTQ_DESC_F_WRITE : 0;
        if (i + 1 < count)
            flags |= VIRTQ_DESC_F_NEXT;
        table[i] = (struct virtq_desc){
            .addr = pieces[i].bus,
            .len = pieces[i].bytes,
            .flags = flags,
            .next = (uint16_t)(i + 1 < count ? i + 1 : 0),
        };
    }
}

static uint16_t add_indirect(struct virtqueue *queue, const struct virtqueue_piece *pieces,
                             unsigned readable, unsigned count)
{
    uint16_t head = queue->free_head;
    size_t first = (size_t)head * queue->indirect_entries;
    write_indirect(queue->indirect + first, pieces, readable, count);
    queue->desc[head] = (struct virtq_desc){
        .addr = queue->indirect_bus + first * sizeof(struct virtq_desc),
        .len = (uint32_t)(count * sizeof(struct virtq_desc)),
        .flags = VIRTQ_DESC_F_INDIRECT, // 2.7.5.3.1: never together with WRITE or NEXT
    };
    queue->slot[head].descriptors = 1;
    queue->free_head = queue->slot[head].next;
    queue->free_count--;
    return head;
}

static uint16_t add_direct(struct virtqueue *queue, const struct virtqueue_piece *pieces,
                           unsigned readable, unsigned count)
{
    uint16_t head = queue->free_head;
    uint16_t at = head;
    for (unsigned i = 0; i < count; i++) {
        uint16_t next = queue->slot[at].next;
        bool last = i + 1 == count;
        uint16_t flags = i >= readable ? VIRTQ_DESC_F_WRITE : 0;
        queue->desc[at] = (struct virtq_desc){
            .addr = pieces[i].bus,
            .len = pieces[i].bytes,
            .flags = (uint16_t)(flags | (last ? 0 : VIRTQ_DESC_F_NEXT)),
            .next = last ? 0 : next,
        };
        at = next;
    }
    queue->slot[head].descriptors = (uint16_t)count;
    queue->free_head = at;
    queue->free_count = (uint16_t)(queue->free_count - count);
    return head;
}

// A device behind an IOMMU looks a table's address up beside those of the pieces. So short chains
// do without, as long as half of the queue is there for others.
static bool takes_table(const struct virtqueue *queue, unsigned count)
{
    if (count == 1 || count > queue->indirect_entries)
        return false;
    return count > DIRECT_MOST || queue->free_count < queue->size / 2 + count;
}

int virtqueue_add(struct virtqueue *queue, const struct virtqueue_piece *pieces, unsigned readable,
                  unsigned writable, void *token)
{
    if (queue->broken)
        return -E_PROTO;
    unsigned count = readable + writable;
    if (count == 0 || readable > VIRTQ_SIZE_MAX || writable > VIRTQ_SIZE_MAX)
        return -E_INVAL;
    uint64_t bytes_writable = 0;
    for (unsigned i = 0; i < count; i++) {
        if (pieces[i].bytes == 0)
            return -E_INVAL;
        if (i >= readable)
            bytes_writable += pieces[i].bytes;
    }
    if (bytes_writable > UINT32_MAX) // 2.7.5.2: a chain is at most 2^32 bytes
        return -E_2BIG;
    bool indirect = takes_table(queue, count);
    if (!indirect && count > queue->size)
        return -E_2BIG;
    if (queue->free_count < (indirect ? 1 : count))
        return -E_AGAIN;

    uint16_t head = indirect ? add_indirect(queue, pieces, readable, count)
                             : add_direct(queue, pieces, readable, count);
    struct virtqueue_slot *slot = &queue->slot[head];
    slot->token = token;
    slot->writable = (uint32_t)bytes_writable;
    slot->in_flight = true;
    store16(&queue->avail->ring[queue->avail_next & (queue->size - 1)], head);
    queue->avail_next++;
    queue->chains++;
    assert_virtqueue_state(queue);
    return 0;
}

// 2.7.10: true if `event` lies in [before, after), all modulo 2^16.
static bool event_was_passed(uint16_t event, uint16_t before, uint16_t after)
{
    return (uint16_t)(event - before) < (uint16_t)(after - before);
}

bool virtqueue_publish(struct virtqueue *queue)
{
    uint16_t before = queue->avail_published;
    if (queue->broken || before == queue->avail_next)
        return false;
    dma_write_barrier(); // 2.7.13.3.1: descriptors and ring entries before idx
    store16(&queue->avail->idx, queue->avail_next);
    queue->avail_published = queue->avail_next;
    dma_barrier(); // 2.7.13.4.1: idx before reading flags or avail_event
    bool wanted = queue->event_idx
                      ? event_was_passed(load16(avail_event(queue)), before, queue->avail_next)
                      : (load16(&queue->used->flags) & VIRTQ_USED_F_NO_NOTIFY) == 0;
    queue->notifications += wanted;
    return wanted;
}

// ---- back from the device ----

static void free_chain(struct virtqueue *queue, uint16_t head)
{
    struct virtqueue_slot *slot = &queue->slot[head];
    uint16_t tail = head;
    for (uint16_t i = 1; i < slot->descriptors; i++)
        tail = queue->slot[tail].next;
    queue->slot[tail].next = queue->free_head;
    queue->free_head = head;
    queue->free_count = (uint16_t)(queue->free_count + slot->descriptors);
    slot->in_flight = false;
    slot->token = NULL;
}

static int break_queue(struct virtqueue *queue)
{
    queue->broken = true;
    return -E_PROTO;
}

// How many used entries there are; -E_PROTO for more than the device can have.
static int count_used(struct virtqueue *queue)
{
    if (queue->broken)
        return -E_PROTO;
    uint16_t ready = (uint16_t)(load16(&queue->used->idx) - queue->used_next);
    uint16_t held = (uint16_t)(queue->avail_published - queue->used_next);
    if (ready > held)
        return break_queue(queue);
    return ready;
}

int virtqueue_get(struct virtqueue *queue, void **token, uint32_t *written)
{
    int ready = count_used(queue);
    if (ready <= 0)
        return ready < 0 ? ready : -E_AGAIN;
    dma_read_barrier(); // 2.7.14: idx before the entry it covers
    const volatile struct virtq_used_elem *entry =
        &queue->used->ring[queue->used_next & (queue->size - 1)];
    uint32_t id = entry->id;
    uint32_t length = entry->len;
    if (id >= queue->size || !queue->slot[id].in_flight || length > queue->slot[id].writable)
        return break_queue(queue);
    *token = queue->slot[id].token;
    *written = length;
    queue->used_next++;
    free_chain(queue, (uint16_t)id);
    assert_virtqueue_state(queue);
    return 0;
}

bool virtqueue_enable_interrupts(struct virtqueue *queue)
{
    if (queue->event_idx)
        store16(used_event(queue), queue->used_next);
    else
        store16(&queue->avail->flags, 0);
    dma_barrier(); // 2.7.7: the request before the last look, else an entry between both is lost
    return count_used(queue) == 0;
}

void virtqueue_disable_interrupts(struct virtqueue *queue)
{
    if (queue->event_idx)
        store16(used_event(queue), (uint16_t)(queue->used_next - 1)); // a value already passed
    else
        store16(&queue->avail->flags, VIRTQ_AVAIL_F_NO_INTERRUPT);
}

bool virtqueue_reclaim(struct virtqueue *queue, void **token)
{
    for (uint16_t i = 0; i < queue->size; i++) {
        if (!queue->slot[i].in_flight)
            continue;
        *token = queue->slot[i].token;
        queue->used_next++;
        free_chain(queue, i);
        return true;
    }
    return false;
}

#ifdef XINIM_CHECKS
void assert_virtqueue_state(const struct virtqueue *queue)
{
    unsigned held = 0, chains = 0, available = 0;
    for (uint16_t i = 0; i < queue->size; i++) {
        if (!queue->slot[i].in_flight)
            continue;
        chains++;
        held += queue->slot[i].descriptors;
    }
    for (uint16_t at = queue->free_head; at != NO_DESCRIPTOR && available <= queue->size;
         at = queue->slot[at].next) {
        assert(at < queue->size && !queue->slot[at].in_flight);
        available++;
    }
    assert(available == queue->free_count);
    assert(available + held == queue->size);           // Q1
    assert(virtqueue_in_flight(queue) <= queue->size); // Q2
    assert(chains == virtqueue_in_flight(queue));      // Q3
}
#endif
