// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The block class: what a client (ext4, posix's page cache) and a driver (virtio-blk, AHCI) say to
// each other.
//
// A client attaches to one unit of a driver, or to one partition of it, and thereby makes a
// session. All memory of a session belongs to the client: a queue memory object with two rings
// (requests, completions; abi/ring.h), and up to BLOCK_SESSION_MEMORIES data memory objects that
// requests read from and write into. Small control messages go to the driver's endpoint; everything
// else goes through the rings, with a doorbell each way.
//
// After a driver died its successor knows no sessions. The client formats its rings anew, attaches
// the same memory with the next generation, and submits again, in the old order, what has no
// completion: every operation is idempotent. A completion carries the generation of its session, so
// a late one of an earlier session is refused. A driver releases a request's entry in the ring
// before it does anything with it: so the client sees what a driver had when it died, and ends a
// request that drivers keep dying of (docs/recovery.md, retry budget).
//
// Queue memory, at offset 0 the request ring (`depth` entries of struct block_request), directly
// after it, at RING_BYTES(depth, sizeof(struct block_request)), the completion ring (`depth`
// entries of struct block_completion). The client never has more than `depth` requests without a
// completion, so the completion ring cannot overflow.

#pragma once

#include "abi/ring.h"
#include "abi/types.h"

enum {
    BLOCK_SESSION_MEMORIES = 64, // data memory objects of one session
    BLOCK_REQUEST_SEGMENTS = 6,  // pieces of memory in one request
    BLOCK_DEPTH_MIN = 4,
    BLOCK_DEPTH_MAX = 1024,
    BLOCK_SECTOR_BYTES = 512,          // smallest logical block
    BLOCK_REQUEST_BYTES_MAX = 1 << 20, // block_info.request_bytes_max may be lower
    BLOCK_ID_BYTES = 20,               // what BLOCK_GET_ID delivers
    BLOCK_NAME_MAX = 16,
    BLOCK_SERIAL_MAX = 32,
    BLOCK_LABEL_MAX = 40,
};

#define BLOCK_QUEUE_BYTES(depth)                       \
    (RING_BYTES(depth, sizeof(struct block_request)) + \
     RING_BYTES(depth, sizeof(struct block_completion)))

// ---- control messages on the driver's endpoint; a reply's label is 0 or a negative error ----

enum block_op {
    // () -> 0: number of units. A unit is one disk; virtio-blk has one, AHCI one a port with a
    // disk.
    BLOCK_UNITS = 0x600,
    // (unit, partition or BLOCK_WHOLE) -> words: struct block_info. E_NODEV no such unit, E_NOENT
    // no such partition.
    BLOCK_INFO,
    // (unit, partition, depth, generation; handles: queue memory, client's notification) -> 0:
    // session, 1: incarnation of the driver (abi/rs.h), words from 2: struct block_info; handle:
    // the
    // driver's doorbell. The driver signals
    // the client's notification when a completion is owed a doorbell. A client (badge) that
    // attaches to a unit and partition it is attached to replaces that session. E_NODEV, E_NOENT as
    // above; E_INVAL depth or memory size; E_NOMEM too many sessions.
    BLOCK_ATTACH,
    // (session, generation; handle: data memory) -> 0: its number, counted from 0, for
    // block_segment.memory. E_NOMEM more than BLOCK_SESSION_MEMORIES.
    BLOCK_ADD_MEMORY,
    // (session, generation): the driver finishes what is under way, then lets go of all memory.
    // E_BADF no such session.
    BLOCK_DETACH,
    // (session, generation): is the session alive here? E_BADF: attach again. -> 0: how many of its
    // requests the driver has taken and not completed yet
    BLOCK_CHECK,
    // (unit, offset, bytes; handle: memory object, writable): statistics as text -> 0: bytes
    // written
    BLOCK_STATISTICS,
    // (unit): read the partition tables again, for clients to come; E_BUSY while a session uses a
    // partition
    BLOCK_RESCAN,
};

// Partition 0 is the whole unit, 1 .. its partitions as Linux counts them: GPT entries from 1, MBR
// primary 1-4, logical from 5. "vda2" is partition 2 of the unit named "vda".
enum { BLOCK_WHOLE = 0, BLOCK_PARTITIONS_MAX = 128 };

enum block_feature {
    BLOCK_READ_ONLY = 1 << 0,
    BLOCK_CAN_FLUSH = 1 << 1, // has a volatile write cache
    BLOCK_CAN_DISCARD = 1 << 2,
    BLOCK_CAN_WRITE_ZEROES = 1 << 3,
    BLOCK_REMOVABLE = 1 << 4,
};

// All offsets and sizes in bytes.
struct block_info {
    uint64_t capacity;    // of the unit or partition
    uint64_t start;       // of the partition within the unit; 0 for the whole
    uint32_t block_bytes; // logical block: offset and length of every request are multiples of it
    uint32_t physical_bytes;    // physical block: smaller writes cost a read
    uint32_t optimal_bytes;     // preferred length of a request, 0 if not known
    uint32_t request_bytes_max; // longest read or write
    uint32_t buffer_align;      // of each segment's offset and length, at least 1
    uint32_t features;          // enum block_feature
    uint64_t discard_bytes_max; // longest discard or write-zeroes request
    uint32_t cylinders;         // geometry, 0 if the device tells none
    uint16_t heads;
    uint16_t sectors;
    uint32_t partitions;           // highest partition number of the unit, 0 if it has none
    uint32_t type;                 // of the partition: MBR type byte; 0xee for one in a GPT
    uint8_t type_guid[16];         // of the partition in a GPT, as on the disk, else zero
    char name[BLOCK_NAME_MAX];     // "vda1"
    char serial[BLOCK_SERIAL_MAX]; // of the device, may be empty
    char label[BLOCK_LABEL_MAX];   // partition name in a GPT, UTF-8, cut off where too long
};

_Static_assert(sizeof(struct block_info) == 168, "21 message words");
_Static_assert(offsetof(struct block_info, block_bytes) == 16, "contract");
_Static_assert(offsetof(struct block_info, discard_bytes_max) == 40, "contract");
_Static_assert(offsetof(struct block_info, type_guid) == 64, "contract");
_Static_assert(offsetof(struct block_info, name) == 80, "contract");

// ---- requests ----

enum block_request_op {
    BLOCK_READ,
    BLOCK_WRITE,
    BLOCK_FLUSH,   // writes completed before this was submitted are on the medium when it completes
    BLOCK_DISCARD, // no segments; contents are undefined afterwards
    BLOCK_WRITE_ZEROES, // no segments
    BLOCK_GET_ID,       // into one segment of 20 bytes or more: the serial, NUL-padded
    BLOCK_FORGET,       // drops the DMA mappings of the segments, which may then be decommitted
    BLOCK_REQUEST_OPS,
};

enum block_request_flag {
    BLOCK_BARRIER = 1 << 0,   // earlier requests complete before it starts, later start after it
    BLOCK_FUA = 1 << 1,       // write, write-zeroes: on the medium before it completes
    BLOCK_MAY_UNMAP = 1 << 2, // write-zeroes: the device may deallocate
    BLOCK_REQUEST_FLAGS = BLOCK_BARRIER | BLOCK_FUA | BLOCK_MAY_UNMAP,
};

struct block_segment {
    uint64_t offset; // into the data memory
    uint32_t bytes;
    uint32_t memory; // number of the data memory
};

struct block_request {
    uint64_t cookie; // the client's own, returned in the completion
    uint64_t offset; // into the unit or partition, multiple of block_bytes
    uint64_t
        bytes;   // read, write: the sum of the segments; discard, write-zeroes: the range; else 0
    uint16_t op; // enum block_request_op
    uint16_t flags;    // enum block_request_flag
    uint32_t segments; // used ones, from 0 up
    struct block_segment segment[BLOCK_REQUEST_SEGMENTS];
};

// Status: 0 or a negative enum error:
//   -E_IO         the device failed it               -E_OPNOTSUPP  the device cannot do the
//   operation -E_INVAL      misaligned, segments do not add up, unknown operation or flag
//   -E_NXIO       beyond the end                     -E_ROFS       write to a read-only unit
//   -E_FAULT      a segment lies outside its memory, or its pages cannot be had -E_TIMEDOUT   the
//   device did not answer, nor after a reset
struct block_completion {
    uint64_t cookie;
    uint64_t bytes; // moved; 0 with an error
    int32_t status;
    uint32_t generation; // of the session
};

_Static_assert(sizeof(struct block_segment) == 16, "shared layout");
_Static_assert(sizeof(struct block_request) == 128, "two cache lines");
_Static_assert(offsetof(struct block_request, segment) == 32, "shared layout");
_Static_assert(sizeof(struct block_completion) == 24, "shared layout");
