// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Single-producer single-consumer ring in memory that two processes share: the layout.
// lib/ring/ring.h is the code.
//
// A ring is a struct ring_shared followed at RING_ENTRIES_OFFSET by `capacity` entries of a size
// fixed by the class protocol. Capacity (a power of two, at most RING_CAPACITY_MAX) and entry size
// are agreed when the session is made and kept by each side in private memory: nothing here
// describes the ring, so nothing here can lie about its shape.
//
// Indices run freely modulo 2^32: entry i is at slot i & (capacity - 1), `used` is head - tail.
// Each word has one writer, on a cache line of its own, and its writer keeps a private copy that it
// never reads back.
//
// Invariants (R1-R3 are checked by each side each time it looks at the other's index):
//   R1  head - tail <= capacity; anything else is a fault of the peer: E_PROTO, the session is
//       reset, nobody asserts.
//   R2  an index never moves back: the peer's new value minus its old one is at most what R1 leaves
//       room for.
//   R3  entries are copied out of shared memory before they are checked.
//
// Sleep and doorbell. A side that finds nothing to do writes the index it has seen into its own
// wake word, issues a sequentially consistent fence, and looks once more before it sleeps. The
// other side publishes its index, issues a sequentially consistent fence, and reads the wake word:
// it owes a doorbell if the word lies in [old, new) of what it just published. Both fences are
// needed (store, then load, on both sides: Dekker's pattern); with release and acquire alone,
// wake-ups are lost on every processor with a store buffer. A wake word that was passed is stale
// and asks for nothing, so a busy peer costs no doorbells and a sleeping one exactly one. (After
// the event index of virtio 1.2, section 2.7.10; a word that is 2^32 entries stale gives one
// spurious doorbell, which every sleeper must bear.)

#pragma once

#include "abi/types.h"

enum {
    RING_LINE_BYTES = 64,
    RING_ENTRIES_OFFSET = 4 * RING_LINE_BYTES,
    RING_CAPACITY_MAX = 1 << 16,
};

struct ring_shared {
    uint32_t head; // entries ever published; written by the producer
    uint8_t pad0[RING_LINE_BYTES - sizeof(uint32_t)];
    uint32_t tail; // entries ever released; written by the consumer
    uint8_t pad1[RING_LINE_BYTES - sizeof(uint32_t)];
    uint32_t wake_consumer; // doorbell when head passes this value; written by the consumer
    uint8_t pad2[RING_LINE_BYTES - sizeof(uint32_t)];
    uint32_t wake_producer; // doorbell when tail passes this value; written by the producer
    uint8_t pad3[RING_LINE_BYTES - sizeof(uint32_t)];
};

_Static_assert(offsetof(struct ring_shared, head) == 0, "line 0");
_Static_assert(offsetof(struct ring_shared, tail) == RING_LINE_BYTES, "line 1");
_Static_assert(offsetof(struct ring_shared, wake_consumer) == 2 * RING_LINE_BYTES, "line 2");
_Static_assert(offsetof(struct ring_shared, wake_producer) == 3 * RING_LINE_BYTES, "line 3");
_Static_assert(sizeof(struct ring_shared) == RING_ENTRIES_OFFSET, "entries follow");

// Bytes of shared memory that a ring takes, a multiple of the line size. Cannot overflow for
// entries below 32 KiB.
#define RING_BYTES(capacity, entry_bytes)                                      \
    (RING_ENTRIES_OFFSET +                                                     \
     (((uint32_t)(capacity) * (uint32_t)(entry_bytes) + RING_LINE_BYTES - 1) & \
      ~(uint32_t)(RING_LINE_BYTES - 1)))
