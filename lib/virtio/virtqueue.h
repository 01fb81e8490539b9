// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Driver side of a split virtqueue (virtio 1.2, section 2.7): chains of buffers go to the device
// and come back used.
//
// Pure code over memory that the caller provides; it touches no register. The caller notifies the
// device when virtqueue_publish says so. One thread. Nothing blocks.
//
// Trust: the device may write anything into the used ring, and without an IOMMU into the other
// parts too. So every id and length it gives is copied out and checked against private state; free
// list and chain lengths live in private memory; what it broke is reported once as -E_PROTO and the
// queue stays broken until virtqueue_init.
//
// Invariants (assert_virtqueue_state in debug builds):
//   Q1  free descriptors + descriptors of chains in flight == size
//   Q2  0 <= (uint16_t)(avail_next - used_next) <= size: chains handed over and not yet back
//   Q3  slot[head].in_flight exactly for the heads of chains that the device holds

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/virtio/virtio_hw.h"

enum { VIRTQUEUE_SIZE_MAX = 256 }; // private state is sized for it; clamp larger offers

// A contiguous piece of memory as the device sees it.
struct virtqueue_piece {
    uint64_t bus;
    uint32_t bytes;
};

struct virtqueue_slot {
    void *token;
    uint32_t writable;    // bytes the device may write in this chain
    uint16_t descriptors; // of the table that this chain takes
    uint16_t next;        // free list, or next descriptor of the chain
    bool in_flight;
};

struct virtqueue {
    struct virtq_desc *desc;
    struct virtq_avail *avail;
    struct virtq_used *used;
    struct virtq_desc *indirect; // `indirect_entries` for each descriptor, or NULL
    uint64_t indirect_bus;
    uint16_t indirect_entries;
    uint16_t index; // the device's number of the queue
    uint16_t size;
    bool event_idx;
    bool broken;
    uint16_t free_head;
    uint16_t free_count;
    uint16_t avail_next;      // next value of avail->idx
    uint16_t avail_published; // what the device sees of it
    uint16_t used_next;       // next used entry to take
    uint64_t notifications;   // statistics
    uint64_t chains;
    struct virtqueue_slot slot[VIRTQUEUE_SIZE_MAX];
};

struct virtqueue_config {
    uint16_t index;
    uint16_t size; // a power of two, at most VIRTQUEUE_SIZE_MAX and what the device offers
    uint16_t indirect_entries; // longest indirect chain, at most size; 0: not negotiated
    bool event_idx;            // VIRTIO_F_EVENT_IDX was negotiated
    void *memory;              // virtqueue_bytes() of zeroed DMA memory, page-aligned
    uint64_t bus;
};

// The used ring starts at the next multiple: the device's writes share no cache line with ours.
enum { VIRTQUEUE_USED_ALIGN = 64 };

// Where the parts are in the queue's memory. Descriptors, available and used ring follow each other
// as legacy devices want them (virtio 1.2, 2.7.2), the alignment being VIRTQUEUE_USED_ALIGN.
struct virtqueue_layout {
    size_t available, used, indirect, bytes;
};
struct virtqueue_layout virtqueue_layout(uint16_t size, uint16_t indirect_entries);

static inline size_t virtqueue_bytes(uint16_t size, uint16_t indirect_entries)
{
    return virtqueue_layout(size, indirect_entries).bytes;
}

// -E_INVAL: a size that is no power of two or too large.
int virtqueue_init(struct virtqueue *queue, const struct virtqueue_config *config);

// Queues a chain: `readable` pieces the device reads, then `writable` ones it writes. It sees them
// after virtqueue_publish. The token comes back from virtqueue_get. Many pieces take an
// indirect table where there is one, so do few when the queue is half full. -E_AGAIN no descriptors
// free now, -E_2BIG never fits, -E_INVAL no piece or an empty one, -E_PROTO broken.
int virtqueue_add(struct virtqueue *queue, const struct virtqueue_piece *pieces, unsigned readable,
                  unsigned writable, void *token);

// Makes added chains visible. True: the device wants to be notified.
bool virtqueue_publish(struct virtqueue *queue);

// Takes one chain back: its token, and how many bytes the device says it wrote, at most what it was
// given. -E_AGAIN nothing used, -E_PROTO the device wrote impossible values.
int virtqueue_get(struct virtqueue *queue, void **token, uint32_t *written);

// Asks for an interrupt at the next used chain. False: there is one already, take it first.
bool virtqueue_enable_interrupts(struct virtqueue *queue);

// Interrupts are not needed while the caller polls; only a hint.
void virtqueue_disable_interrupts(struct virtqueue *queue);

// After the device was reset: hands the tokens of chains that never came back, one a call, in no
// order. False: no more.
bool virtqueue_reclaim(struct virtqueue *queue, void **token);

// Chains that could be added now if each takes one descriptor (indirect).
static inline uint16_t virtqueue_free(const struct virtqueue *queue)
{
    return queue->free_count;
}

static inline uint16_t virtqueue_in_flight(const struct virtqueue *queue)
{
    return (uint16_t)(queue->avail_next - queue->used_next);
}

#ifdef XINIM_CHECKS
void assert_virtqueue_state(const struct virtqueue *queue);
#else
static inline void assert_virtqueue_state(const struct virtqueue *queue)
{
    (void)queue;
}
#endif
