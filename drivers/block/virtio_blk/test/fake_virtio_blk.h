// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// A virtio block device behind struct virtio_transport: reads the driver's rings as hardware would,
// moves data, and misbehaves on demand. Bus addresses are host addresses.

#pragma once

#include "drivers/block/virtio_blk/virtio_blk_hw.h"
#include "lib/virtio/transport.h"

enum { FAKE_BLK_BYTES = 1 << 20 };

enum fake_blk_fault {
    FAKE_BLK_GOOD,
    FAKE_BLK_BAD_ID,      // a used id out of range
    FAKE_BLK_TWICE,       // every chain comes back twice
    FAKE_BLK_JUMP,        // the used index jumps
    FAKE_BLK_TOO_LONG,    // more written than there was room
    FAKE_BLK_SHORT,       // a read that says OK but delivered less
    FAKE_BLK_NO_STATUS,   // the status byte is not written
    FAKE_BLK_ERROR,       // S_IOERR
    FAKE_BLK_UNSUPPORTED, // S_UNSUPP
    FAKE_BLK_SILENT,      // nothing comes back
    FAKE_BLK_NO_RESET,    // never resets
    FAKE_BLK_NEEDS_RESET, // DEVICE_NEEDS_RESET is set
};

struct fake_blk {
    struct virtio_transport transport;
    uint8_t *bytes;
    enum fake_blk_fault fault;
    uint64_t offered, accepted;
    uint8_t status;
    struct virtio_blk_config config;
    uint16_t queue_size_max;
    bool enabled;
    struct virtio_queue_setup queue;
    uint16_t taken; // available entries
    uint16_t used;
    unsigned resets, notifications, requests;
    uint32_t types[16]; // how many of each request type
    uint32_t last_flags;
    uint64_t last_sector;
    uint32_t last_sectors;
};

extern struct fake_blk fake_blk;

void fake_blk_create(void);
void fake_blk_destroy(void);

// Carries out one request. False: none is there.
bool fake_blk_step(void);
