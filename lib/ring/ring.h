// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Producer and consumer side of the shared-memory ring whose layout and invariants abi/ring.h
// gives.
//
// Ownership: the caller owns the shared memory and the struct; nothing is allocated. No function
// blocks; "sleep" functions only arm the doorbell and say whether sleeping is right. One thread at
// a time may use a side: where a process has several, the caller's lock covers the struct.
//
// Typical producer:   while (more) ring_push(&p, &entry);      if (ring_publish(&p))
// signal(doorbell); Typical consumer:   do { while (ring_pop(&c, &entry) == 0) use(&entry);
//                          if (ring_release(&c)) signal(doorbell of the producer);
//                     } while (!ring_consumer_may_sleep(&c));   wait for the doorbell
//
// Errors: -E_AGAIN  push: full; pop: empty
//         -E_PROTO  the peer's index broke R1 or R2. Sticky: every later call fails until the side
//         is initialised anew. -E_INVAL  init: capacity no power of two or out of range, entry size
//         0, memory misaligned or too small
//
// Index trust: the side's own index lives in the struct; the peer's is loaded once a look, checked,
// and kept as `seen`, so a hostile peer can withhold entries or send rubbish ones, and nothing
// else.

#pragma once

#include <string.h>

#include "abi/error.h"
#include "abi/ring.h"

struct ring_side {
    struct ring_shared *shared;
    uint8_t *entries;
    uint32_t entry_bytes;
    uint32_t capacity;
    uint32_t own;       // next index of this side, published or not
    uint32_t published; // what the peer can see of it
    uint32_t seen;      // the peer's index, as last checked
    bool broken;        // the peer broke the protocol
};

struct ring_producer {
    struct ring_side side;
};

struct ring_consumer {
    struct ring_side side;
};

static inline int ring_side_init(struct ring_side *side, void *memory, size_t bytes,
                                 uint32_t capacity, uint32_t entry_bytes)
{
    if (capacity == 0 || capacity > RING_CAPACITY_MAX || (capacity & (capacity - 1)) != 0)
        return -E_INVAL;
    if (entry_bytes == 0 || entry_bytes > INT16_MAX || (uintptr_t)memory % RING_LINE_BYTES != 0)
        return -E_INVAL;
    if (bytes < RING_BYTES(capacity, entry_bytes))
        return -E_INVAL;
    *side = (struct ring_side){
        .shared = memory,
        .entries = (uint8_t *)memory + RING_ENTRIES_OFFSET,
        .entry_bytes = entry_bytes,
        .capacity = capacity,
    };
    return 0;
}

// Makes an empty ring. Only the owner of the memory calls it, before the peer is told of the
// memory. The wake words start at 0, so the very first entry rings the doorbell even if the peer
// never armed it.
static inline void ring_format(void *memory)
{
    memset(memory, 0, sizeof(struct ring_shared));
}

static inline int ring_producer_init(struct ring_producer *producer, void *memory, size_t bytes,
                                     uint32_t capacity, uint32_t entry_bytes)
{
    return ring_side_init(&producer->side, memory, bytes, capacity, entry_bytes);
}

static inline int ring_consumer_init(struct ring_consumer *consumer, void *memory, size_t bytes,
                                     uint32_t capacity, uint32_t entry_bytes)
{
    return ring_side_init(&consumer->side, memory, bytes, capacity, entry_bytes);
}

// For a ring whose contents outlive a side: after init, go on at the indices found in the memory
// instead of at 0. Nobody else may be using this side's index. -E_PROTO: the indices are
// impossible.
static inline int ring_producer_resume(struct ring_producer *producer)
{
    struct ring_side *side = &producer->side;
    side->own = side->published = __atomic_load_n(&side->shared->head, __ATOMIC_ACQUIRE);
    side->seen = __atomic_load_n(&side->shared->tail, __ATOMIC_ACQUIRE);
    side->broken = side->own - side->seen > side->capacity;
    return side->broken ? -E_PROTO : 0;
}

static inline int ring_consumer_resume(struct ring_consumer *consumer)
{
    struct ring_side *side = &consumer->side;
    uint32_t tail = __atomic_load_n(&side->shared->tail, __ATOMIC_ACQUIRE);
    uint32_t head = __atomic_load_n(&side->shared->head, __ATOMIC_ACQUIRE);
    side->own = side->published = tail;
    side->seen = head;
    side->broken = head - tail > side->capacity;
    return side->broken ? -E_PROTO : 0;
}

static inline uint8_t *ring_slot(const struct ring_side *side, uint32_t index)
{
    return side->entries + (size_t)(index & (side->capacity - 1)) * side->entry_bytes;
}

// True if `wake` lies in [before, after), all modulo 2^32.
static inline bool ring_passed(uint32_t wake, uint32_t before, uint32_t after)
{
    return (uint32_t)(wake - before) < (uint32_t)(after - before);
}

// Makes `own` visible in `index`; true if the peer asked in `wake` for a doorbell.
static inline bool ring_side_publish(struct ring_side *side, uint32_t *index, const uint32_t *wake)
{
    uint32_t before = side->published;
    if (before == side->own)
        return false;
    __atomic_store_n(index, side->own, __ATOMIC_RELEASE);
    side->published = side->own;
    __atomic_thread_fence(__ATOMIC_SEQ_CST); // pairs with the fence in ring_side_arm
    return ring_passed(__atomic_load_n(wake, __ATOMIC_RELAXED), before, side->own);
}

// Asks for a doorbell at the first change of the peer's index after `seen`.
static inline void ring_side_arm(const struct ring_side *side, uint32_t *wake)
{
    __atomic_store_n(wake, side->seen, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_SEQ_CST); // pairs with the fence in ring_side_publish
}

// ---- producer ----

// Loads and checks the consumer's index. R1 with R2: what is released now was published and not
// released before.
static inline int ring_producer_look(struct ring_producer *producer)
{
    struct ring_side *side = &producer->side;
    if (side->broken)
        return -E_PROTO;
    uint32_t tail = __atomic_load_n(&side->shared->tail, __ATOMIC_ACQUIRE);
    if ((uint32_t)(tail - side->seen) > (uint32_t)(side->published - side->seen)) {
        side->broken = true;
        return -E_PROTO;
    }
    side->seen = tail;
    return 0;
}

// Free slots now, or -E_PROTO.
static inline int ring_producer_room(struct ring_producer *producer)
{
    int status = ring_producer_look(producer);
    if (status < 0)
        return status;
    return (int)(producer->side.capacity - (producer->side.own - producer->side.seen));
}

// Copies one entry in; the consumer sees it after ring_publish.
static inline int ring_push(struct ring_producer *producer, const void *entry)
{
    struct ring_side *side = &producer->side;
    if (side->broken)
        return -E_PROTO;
    if (side->own - side->seen == side->capacity) {
        int status = ring_producer_look(producer);
        if (status < 0)
            return status;
        if (side->own - side->seen == side->capacity)
            return -E_AGAIN;
    }
    memcpy(ring_slot(side, side->own), entry, side->entry_bytes);
    side->own++;
    return 0;
}

// Makes all pushed entries visible. True: the consumer sleeps, ring its doorbell.
static inline bool ring_publish(struct ring_producer *producer)
{
    struct ring_shared *shared = producer->side.shared;
    return ring_side_publish(&producer->side, &shared->head, &shared->wake_consumer);
}

// Where the next entry goes, for ring_producer_was_taken.
static inline uint32_t ring_producer_position(const struct ring_producer *producer)
{
    return producer->side.own;
}

// Has the consumer released the entry that was pushed at this position? Also true if its index is
// impossible: nothing is known then. For the time after the consumer's end.
static inline bool ring_producer_was_taken(const struct ring_producer *producer, uint32_t position)
{
    const struct ring_side *side = &producer->side;
    uint32_t left = side->own - __atomic_load_n(&side->shared->tail, __ATOMIC_ACQUIRE);
    return left > side->capacity || side->own - position > left;
}

// For a producer that found the ring full: asks for a doorbell at the next release. True: still
// full, sleep.
static inline bool ring_producer_may_sleep(struct ring_producer *producer)
{
    ring_side_arm(&producer->side, &producer->side.shared->wake_producer);
    return ring_producer_room(producer) == 0;
}

// ---- consumer ----

static inline int ring_consumer_look(struct ring_consumer *consumer)
{
    struct ring_side *side = &consumer->side;
    if (side->broken)
        return -E_PROTO;
    uint32_t head = __atomic_load_n(&side->shared->head, __ATOMIC_ACQUIRE);
    uint32_t known = side->seen - side->published; // not released yet, as last seen
    if ((uint32_t)(head - side->seen) > side->capacity - known) {
        side->broken = true;
        return -E_PROTO;
    }
    side->seen = head;
    return 0;
}

// Entries ready to pop now, or -E_PROTO.
static inline int ring_consumer_ready(struct ring_consumer *consumer)
{
    int status = ring_consumer_look(consumer);
    if (status < 0)
        return status;
    return (int)(consumer->side.seen - consumer->side.own);
}

// Copies one entry out; its slot is free for the producer after ring_release.
static inline int ring_pop(struct ring_consumer *consumer, void *entry)
{
    struct ring_side *side = &consumer->side;
    if (side->broken)
        return -E_PROTO;
    if (side->own == side->seen) {
        int status = ring_consumer_look(consumer);
        if (status < 0)
            return status;
        if (side->own == side->seen)
            return -E_AGAIN;
    }
    memcpy(entry, ring_slot(side, side->own), side->entry_bytes);
    __atomic_signal_fence(__ATOMIC_SEQ_CST); // R3: the compiler must not fetch from the slot again
    side->own++;
    return 0;
}

// Gives all popped slots back. True: the producer waits for room, ring its doorbell.
static inline bool ring_release(struct ring_consumer *consumer)
{
    struct ring_shared *shared = consumer->side.shared;
    return ring_side_publish(&consumer->side, &shared->tail, &shared->wake_producer);
}

// Asks for a doorbell at the next entry. True: nothing came meanwhile, sleep. A broken ring also
// says true; the next ring_pop reports it.
static inline bool ring_consumer_may_sleep(struct ring_consumer *consumer)
{
    ring_side_arm(&consumer->side, &consumer->side.shared->wake_consumer);
    return ring_consumer_ready(consumer) <= 0;
}

// True once the peer broke the protocol.
static inline bool ring_side_is_broken(const struct ring_side *side)
{
    return side->broken;
}

// ---- after a peer's end ----

// For the owner of the memory, while no peer uses it: what a peer at fault wrote where the indices
// are must not hold up its successor. Own index: as it was published; the peer's: as it is, or if
// that is impossible, as it was seen last. The side is usable again.
static inline void ring_producer_repair(struct ring_producer *producer)
{
    struct ring_side *side = &producer->side;
    side->broken = false;
    __atomic_store_n(&side->shared->head, side->published, __ATOMIC_RELEASE);
    if (ring_producer_look(producer) < 0) {
        side->broken = false;
        __atomic_store_n(&side->shared->tail, side->seen, __ATOMIC_RELEASE);
    }
}

static inline void ring_consumer_repair(struct ring_consumer *consumer)
{
    struct ring_side *side = &consumer->side;
    side->broken = false;
    __atomic_store_n(&side->shared->tail, side->published, __ATOMIC_RELEASE);
    if (ring_consumer_look(consumer) < 0) {
        side->broken = false;
        __atomic_store_n(&side->shared->head, side->seen, __ATOMIC_RELEASE);
    }
}

// ---- streams: rings whose entries are single bytes ----

// Pushes up to `count` bytes, as many as there is room for; the consumer sees them after
// ring_publish. Returns how many, 0 if full, or -E_PROTO.
static inline int ring_write(struct ring_producer *producer, const void *bytes, uint32_t count)
{
    struct ring_side *side = &producer->side;
    int room = ring_producer_room(producer);
    if (room < 0)
        return room;
    if (count > (uint32_t)room)
        count = (uint32_t)room;
    uint32_t to_end = side->capacity - (side->own & (side->capacity - 1));
    uint32_t first = count < to_end ? count : to_end;
    memcpy(ring_slot(side, side->own), bytes, first);
    memcpy(side->entries, (const uint8_t *)bytes + first, count - first);
    side->own += count;
    return (int)count;
}

// Pops up to `count` bytes. Returns how many, 0 if empty, or -E_PROTO.
static inline int ring_read(struct ring_consumer *consumer, void *bytes, uint32_t count)
{
    struct ring_side *side = &consumer->side;
    int ready = ring_consumer_ready(consumer);
    if (ready < 0)
        return ready;
    if (count > (uint32_t)ready)
        count = (uint32_t)ready;
    uint32_t to_end = side->capacity - (side->own & (side->capacity - 1));
    uint32_t first = count < to_end ? count : to_end;
    memcpy(bytes, ring_slot(side, side->own), first);
    memcpy((uint8_t *)bytes + first, side->entries, count - first);
    __atomic_signal_fence(__ATOMIC_SEQ_CST); // R3
    side->own += count;
    return (int)count;
}
