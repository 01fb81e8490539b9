// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// A block client without recoverability: it keeps no copy of a request, no order, no generation but
// the first, and looks after nobody. What the library costs more (speed.c) is the price of
// finishing requests with a driver's successor.

#pragma once

#include "lib/ring/ring.h"
#include "tests/guest/block/block_test.h"

struct bare_client {
    handle_t notification, signal, endpoint, doorbell, queue_memory;
    void *queue;
    uint64_t queue_bytes;
    uint64_t session;
    struct ring_producer requests;
    struct ring_consumer completions;
};

// Attaches to the disk; `memory` becomes number 0.
bool bare_open(struct bare_client *bare, const char *name, handle_t memory);
void bare_close(struct bare_client *bare);

// False: the ring is full.
bool bare_submit(struct bare_client *bare, const struct block_io *io);

// Waits for completions: how many came, with how many bytes, and how many of them failed.
unsigned bare_wait(struct bare_client *bare, uint64_t *bytes, unsigned *failed);
