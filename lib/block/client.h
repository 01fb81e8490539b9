// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Client side of the block class (abi/block.h): submit requests to a disk or partition, learn of
// their completion. Used by file-system servers and by posix (page cache, /dev/vdX).
//
// A driver that dies is no concern of the caller: the library notices (devmgr signals), attaches
// the same memory to the successor and submits again whatever has no completion, in the old order.
// Callers see a pause. Nor is one that lives but completes nothing: after some seconds the library
// has rs replace it (`uses = rs(complain)`). Only a device that devmgr has given up ends requests,
// with -E_NODEV, and a request that was with too many drivers when they died ends with -E_IO.
//
// Memory: the library owns the queue memory. Data memory is the caller's: it hands over memory
// objects (the library duplicates the handle), and requests name ranges in them. The caller must
// leave a range alone while a request uses it, and must have BLOCK_FORGET completed for pages
// before it decommits them.
//
// Threads: one client may be used by several threads. The library takes no lock of its own: if
// `options.lock` is given, the caller holds that lock around every call, and the functions marked
// (blocks) release it while they sleep or talk to the driver, and hold it again when they return.
// Callbacks run with the lock held, in whichever thread processes completions; they must not block
// and may submit. Without `options.lock` only one thread may use the client.
//
// Who waits for the driver's signal:
//   - default: the library. Waiting threads take turns: one sleeps on the notification and
//     processes completions for all, the others sleep on a futex.
//   - with BLOCK_CLIENT_EVENTS: the caller has an event loop. It calls
//     block_client_process_completions when its notification has options.completion_bit, and
//     block_client_device_changed when it has options.device_bit. block_client_wait_complete may
//     then be called only by threads other than the one that runs the loop.

#pragma once

#include "abi/block.h"
#include "abi/types.h"

struct block_client; // opaque

// Status as in struct block_completion. A request that was submitted with a callback is forgotten
// before the callback runs; its ticket is no longer valid there.
typedef void (*block_callback_t)(void *context, int status, uint64_t bytes);

// Names one request until its result has been taken; never 0 for a request that exists.
typedef uint64_t block_ticket_t;

struct block_client_lock {
    void (*acquire)(void *context);
    void (*release)(void *context);
    void *context;
};

enum block_client_flag {
    BLOCK_CLIENT_EVENTS = 1,
};

struct block_client_options {
    const char *name;        // "vda", "vda1", "sdb2"
    handle_t devmgr;         // HANDLE_NONE: the startup grant of that name
    handle_t rs;             // HANDLE_NONE: the startup grant of that name
    uint32_t depth;          // requests in flight, a power of two; 0: 128
    uint32_t flags;          // enum block_client_flag
    handle_t notification;   // BLOCK_CLIENT_EVENTS: the caller's, unbadged
    uint64_t completion_bit; // BLOCK_CLIENT_EVENTS: set in it for block_client_process_completions
    uint64_t device_bit;     // BLOCK_CLIENT_EVENTS: set in it for block_client_device_changed
    const struct block_client_lock *lock; // copied; NULL: single-threaded
    time_ns_t deadline; // of block_client_open's wait for the device; DEADLINE_NOW: no wait
};

// What to do. Segments name ranges of the memories added; block_io_range fills in the common case
// of one.
struct block_io {
    enum block_request_op op;
    uint32_t flags;  // enum block_request_flag
    uint64_t offset; // bytes into the disk or partition
    uint64_t bytes;
    uint32_t segments;
    struct block_segment segment[BLOCK_REQUEST_SEGMENTS];
};

static inline struct block_io block_io_range(enum block_request_op op, uint64_t offset,
                                             uint32_t memory, uint64_t memory_offset,
                                             uint32_t bytes)
{
    return (struct block_io){
        .op = op,
        .offset = offset,
        .bytes = bytes,
        .segments = 1,
        .segment = {{.offset = memory_offset, .bytes = bytes, .memory = memory}},
    };
}

// Finds the device through devmgr and its driver through rs, waits for it until options->deadline,
// attaches. (blocks) -E_NODEV no such device or given up, -E_NOENT no such partition, -E_PERM not
// in the manifest's `uses` (class:block, devmgr), -E_TIMEDOUT, -E_NOMEM, -E_INVAL.
int block_client_open(const struct block_client_options *options, struct block_client **client);

// Waits until nothing is in flight, detaches, frees everything. No other thread may be using the
// client. (blocks)
void block_client_close(struct block_client *client);

// Capacity, block size and so on, as of the last attach.
const struct block_info *block_client_info(const struct block_client *client);

// Adds a data memory object of `bytes` bytes. Returns its number for block_segment.memory, or
// -E_NOMEM (more than BLOCK_SESSION_MEMORIES), -E_INVAL. It stays until the client is closed.
// (blocks)
int block_client_add_memory(struct block_client *client, handle_t memory, uint64_t bytes);

// ---- asynchronous ----

// Submits without waiting. With a callback, *ticket (may be NULL) is for is_complete only and the
// result goes to the callback. Without, the caller must take the result by get_result or
// wait_complete. -E_AGAIN `depth` requests are in flight: process completions and try again.
// -E_INVAL, -E_NXIO, -E_ROFS, -E_FAULT as in struct block_completion, found here already.
int block_client_submit(struct block_client *client, const struct block_io *io,
                        block_callback_t callback, void *context, block_ticket_t *ticket);

// Makes what was submitted visible to the driver. Needed after a batch of submits; every function
// that waits or processes completions does it too.
void block_client_kick(struct block_client *client);

// True if the request has completed, or is no longer known.
bool block_client_is_complete(struct block_client *client, block_ticket_t ticket);

// Takes the result of a completed request and forgets it. -E_INPROGRESS while it is under way,
// -E_INVAL unknown ticket, else the request's status. *bytes may be NULL.
int block_client_get_result(struct block_client *client, block_ticket_t ticket, uint64_t *bytes);

// Sleeps until the request has completed, then as get_result. -E_TIMEDOUT: the request is still
// under way and still the caller's. (blocks)
int block_client_wait_complete(struct block_client *client, block_ticket_t ticket,
                               time_ns_t deadline, uint64_t *bytes);

// Sleeps until something completes, or the deadline. For a caller that got -E_AGAIN. 0 or
// -E_TIMEDOUT. (blocks)
int block_client_wait_any(struct block_client *client, time_ns_t deadline);

// Takes all completions there are and runs their callbacks. Returns how many. Sleeps only if the
// driver broke its rings and has to be attached to anew (bounded).
int block_client_process_completions(struct block_client *client);

// Some device changed: looks whether it is ours and, if its driver was replaced, goes on with the
// successor. For BLOCK_CLIENT_EVENTS; otherwise the waiting functions do it. (blocks, bounded)
void block_client_device_changed(struct block_client *client);

// ---- synchronous ---- (all block; 0 or the request's status; a transfer is all or nothing)

int block_client_transfer(struct block_client *client, const struct block_io *io);
int block_client_read(struct block_client *client, uint64_t offset, uint32_t memory,
                      uint64_t memory_offset, uint32_t bytes);
int block_client_write(struct block_client *client, uint64_t offset, uint32_t memory,
                       uint64_t memory_offset, uint32_t bytes);
int block_client_flush(struct block_client *client);

// ---- statistics ----

struct block_client_stats {
    uint64_t submitted, completed, failed;
    uint64_t resubmitted; // to a successor
    uint64_t reattached;  // drivers replaced under us
    uint64_t poisoned;    // requests given up because too many drivers died of them
    uint64_t complaints;  // drivers that rs was asked to replace
    uint64_t stale;       // completions refused: wrong generation, unknown or repeated cookie
    uint64_t faults;      // the driver broke the ring protocol
    uint64_t doorbells;
};

void block_client_get_stats(const struct block_client *client, struct block_client_stats *stats);
