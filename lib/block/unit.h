// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// What a block driver and the block library in its process say to each other. The library keeps
// sessions, queues and partitions and decides what goes to the device next; the driver carries out
// one command at a time.
//
// The driver fills a struct block_unit_config for each disk, calls block_server_add_unit from init,
// then block_server_start, and forwards its callbacks:
//   handle_message -> block_server_handle_message      handle_signal -> block_server_handle_signal
//   handle_timer   -> block_server_handle_timer        before_wait   -> block_server_before_wait
// It calls block_unit_complete for each command the device has finished.
//
// One thread; nothing blocks except block_server_start, which reads the partition tables with
// polling (bounded).

#pragma once

#include "abi/block.h"
#include "abi/rs.h"
#include "abi/types.h"
#include "lib/driver/dma.h"

struct block_unit;
struct block_pending;
struct driver;
struct message;

// One operation for the device: one request, or several merged that are adjacent on the disk.
struct block_command {
    enum block_request_op op; // READ, WRITE, FLUSH, DISCARD, WRITE_ZEROES or GET_ID
    uint32_t flags;           // BLOCK_MAY_UNMAP
    uint64_t offset;          // into the unit; multiple of the block size
    uint64_t bytes;
    const struct dma_piece *pieces; // in order; valid during ops->submit only
    unsigned piece_count;
    unsigned index; // 0 .. config.depth - 1, unique among commands in flight

    // the library's
    struct block_unit *unit;
    struct block_pending *first, *last;
    unsigned requests;
    time_ns_t started;
    bool in_flight;
};

struct block_unit_ops {
    // Starts the command. 0; -E_AGAIN the device has no room (the library tries again after a
    // completion); any other error fails the command. Does not notify the device.
    int (*submit)(struct block_unit *unit, struct block_command *command);
    // Tells the device of what was submitted.
    void (*kick)(struct block_unit *unit);
    // Takes what the device has completed, without an interrupt.
    void (*poll)(struct block_unit *unit);
    // The device does not answer: reset it and bring it up again. Commands in flight are the
    // library's to start anew; the driver must have forgotten them. An error ends the driver.
    int (*reset)(struct block_unit *unit);
};

struct block_unit_config {
    const struct block_unit_ops *ops;
    void *context; // the driver's own, block_unit_context
    handle_t dma;
    char name[BLOCK_NAME_MAX]; // "vda"
    char serial[BLOCK_SERIAL_MAX];
    uint64_t capacity;    // bytes
    uint32_t block_bytes; // 512 .. 4096
    uint32_t physical_bytes;
    uint32_t optimal_bytes;   // 0: unknown
    uint32_t features;        // enum block_feature
    uint32_t depth;           // commands the device takes at once, at most BLOCK_UNIT_DEPTH_MAX
    uint32_t pieces_max;      // memory pieces of one command
    uint32_t piece_bytes_max; // longest piece, at least a page
    uint32_t buffer_align;    // of pieces, in address and length; 1: any
    uint64_t discard_bytes_max;
    uint32_t cylinders;
    uint16_t heads, sectors;
};

enum {
    BLOCK_UNIT_DEPTH_MAX = 256,
    BLOCK_UNIT_PIECES_MAX = 256,
    BLOCK_UNITS_MAX = 32,    // AHCI: 32 ports
    BLOCK_SESSIONS_MAX = 32, // one doorbell bit each
};

// All time-outs of a block driver.
#define BLOCK_COMMAND_TIMEOUT_NS 10000000000ull // a command without answer: reset the device
#define BLOCK_POLL_NS            100000000ull // likewise: look whether only the interrupt was lost
#define BLOCK_CHECK_PERIOD_NS    500000000ull // how often that is looked at

// ---- the driver calls ----

void block_server_init(struct driver *driver);

// Copies the config. -E_INVAL, -E_NOMEM.
int block_server_add_unit(const struct block_unit_config *config, struct block_unit **unit);

// Reads partition tables and logs one line for each unit; the device must be able to work. A disk
// whose table cannot be read is served without partitions.
int block_server_start(void);

int block_server_handle_message(struct driver *driver, struct message *request,
                                struct message *reply);
void block_server_handle_signal(struct driver *driver, uint64_t bits);
void block_server_handle_timer(struct driver *driver);
void block_server_before_wait(struct driver *driver);

// For tests of recovery (driver.h): completions that were never asked for and impossible ring
// indices for every client; a command whose data the device is told to write where nothing is
// mapped for it.
int block_server_inject(struct driver *driver, enum rs_fault fault);

// True while nothing is older than it may be.
bool block_server_is_healthy(struct driver *driver);

// The device has finished the command with 0 or an error of struct block_completion.
void block_unit_complete(struct block_command *command, int status);

// The device broke its protocol or asks for a reset: resets it (ops->reset) and starts again what
// was in flight.
void block_unit_restart(struct block_unit *unit, const char *reason);

// The disk changed its size (virtio-blk configuration change).
void block_unit_set_capacity(struct block_unit *unit, uint64_t capacity);

void *block_unit_context(const struct block_unit *unit);
