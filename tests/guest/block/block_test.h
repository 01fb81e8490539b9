// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Parts of the block test. The disk (tests/boot/test_block.py, test_ahci.py) is 64 MiB: 32-bit
// words that are their own byte offset, but for the GPT at both ends. Partition 1 is all for
// reading, partition 2 for writing.

#pragma once

#include "lib/block/client.h"

enum {
    DISK_BYTES = 64 << 20,
    READ_START = 1 << 20, // partition 1: 1 MiB to 33 MiB
    READ_BYTES = 32 << 20,
    WRITE_START = 33 << 20, // partition 2: 33 MiB to 49 MiB
    WRITE_BYTES = 16 << 20,
    MEMORY_BYTES = 4 << 20,
    DEPTH = 128,
};

// What the test drives: its manifest's arguments.
extern const char *test_disk_name;    // "vda"
extern const char *test_disk_service; // of its driver, "virtio_blk.0"

struct test_disk {
    struct block_client *client;
    handle_t memory;
    uint8_t *data; // MEMORY_BYTES
};

// Opens and maps memory number 0.
bool test_disk_open(struct test_disk *disk, const char *name, const struct block_client_lock *lock);
void test_disk_close(struct test_disk *disk);

// True if memory holds what the read-only partition has at `offset` of the disk.
bool test_pattern_is(const uint8_t *memory, uint64_t offset, uint32_t bytes);

uint32_t test_random(void);

void test_recovery(void);
void test_speed(void);
