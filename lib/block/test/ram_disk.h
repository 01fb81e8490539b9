// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// A disk in memory behind struct block_unit_ops that does what tests tell it: completes at once,
// one a step, backwards, with errors, never.

#pragma once

#include "lib/block/unit.h"

enum { RAM_DISK_BYTES = 4 << 20, RAM_DISK_LOG = 8192, RAM_DISK_DEPTH = 16 };

enum ram_disk_mode { RAM_DISK_ONE_A_STEP, RAM_DISK_BACKWARDS, RAM_DISK_HOLD };

struct ram_disk_entry {
    enum block_request_op op;
    uint64_t offset, bytes;
    unsigned requests;
};

struct ram_disk {
    uint8_t *bytes;
    struct block_unit *unit;
    enum ram_disk_mode mode;
    uint32_t features;
    uint32_t block_bytes;
    struct block_command *held[RAM_DISK_DEPTH];
    unsigned holds;
    uint64_t bad_offset; // a command that touches this byte fails
    unsigned refusals;   // submits that end in -E_AGAIN
    unsigned room;       // commands the device takes at once
    unsigned resets;
    unsigned flushes;
    uint64_t unflushed;                      // writes since the last flush
    struct ram_disk_entry log[RAM_DISK_LOG]; // what was submitted
    unsigned logged;
};

extern struct ram_disk ram_disk;

void ram_disk_create(void);
void ram_disk_destroy(void);
// For fake_hooks.
void ram_disk_boot(void);
bool ram_disk_step(void);
