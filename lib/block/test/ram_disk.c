// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

#include "lib/block/test/ram_disk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "abi/error.h"

struct ram_disk ram_disk;

void ram_disk_create(void)
{
    memset(&ram_disk, 0, sizeof(ram_disk));
    ram_disk.bytes = calloc(1, RAM_DISK_BYTES);
    ram_disk.bad_offset = UINT64_MAX;
    ram_disk.room = RAM_DISK_DEPTH;
    ram_disk.block_bytes = 512;
    ram_disk.features = BLOCK_CAN_FLUSH | BLOCK_CAN_DISCARD | BLOCK_CAN_WRITE_ZEROES;
}

void ram_disk_destroy(void)
{
    free(ram_disk.bytes);
}

static int disk_submit(struct block_unit *unit, struct block_command *command)
{
    assert_ptr_equal(unit, ram_disk.unit);
    if (ram_disk.refusals > 0) {
        ram_disk.refusals--;
        return -E_AGAIN;
    }
    if (ram_disk.holds == ram_disk.room)
        return -E_AGAIN;
    assert_true(command->bytes <= RAM_DISK_BYTES &&
                command->offset <= RAM_DISK_BYTES - command->bytes);
    assert_true(ram_disk.logged < RAM_DISK_LOG);
    ram_disk.log[ram_disk.logged++] =
        (struct ram_disk_entry){command->op, command->offset, command->bytes, command->requests};

    // The data moves now: what the pieces say is valid during submit only.
    uint8_t *at = ram_disk.bytes + command->offset;
    uint64_t moved = 0;
    for (unsigned i = 0; i < command->piece_count; i++) {
        void *memory = (void *)(uintptr_t)command->pieces[i].bus;
        uint32_t bytes = command->pieces[i].bytes;
        if (command->op == BLOCK_READ)
            memcpy(memory, at + moved, bytes);
        else if (command->op == BLOCK_WRITE)
            memcpy(at + moved, memory, bytes);
        else if (command->op == BLOCK_GET_ID)
            memset(memory, 'S', bytes);
        moved += bytes;
    }
    if (command->op == BLOCK_READ || command->op == BLOCK_WRITE)
        assert_int_equal(moved, command->bytes);
    if (command->op == BLOCK_WRITE_ZEROES)
        memset(at, 0, (size_t)command->bytes);
    ram_disk.held[ram_disk.holds++] = command;
    return 0;
}

static void disk_kick(struct block_unit *unit)
{
    assert_ptr_equal(unit, ram_disk.unit);
}

static void complete(unsigned index)
{
    struct block_command *command = ram_disk.held[index];
    ram_disk.holds--;
    memmove(&ram_disk.held[index], &ram_disk.held[index + 1],
            (ram_disk.holds - index) * sizeof(ram_disk.held[0]));
    bool bad = ram_disk.bad_offset >= command->offset &&
               ram_disk.bad_offset - command->offset < command->bytes;
    if (command->op == BLOCK_WRITE)
        ram_disk.unflushed++;
    if (command->op == BLOCK_FLUSH) {
        ram_disk.flushes++;
        ram_disk.unflushed = 0;
    }
    block_unit_complete(command, bad ? -E_IO : 0);
}

static void disk_poll(struct block_unit *unit)
{
    assert_ptr_equal(unit, ram_disk.unit);
    ram_disk_step();
}

static int disk_reset(struct block_unit *unit)
{
    assert_ptr_equal(unit, ram_disk.unit);
    ram_disk.holds = 0;
    ram_disk.resets++;
    return 0;
}

static const struct block_unit_ops disk_ops = {
    .submit = disk_submit,
    .kick = disk_kick,
    .poll = disk_poll,
    .reset = disk_reset,
};

void ram_disk_boot(void)
{
    struct block_unit_config config = {
        .ops = &disk_ops,
        .name = "vda",
        .serial = "RAM",
        .capacity = RAM_DISK_BYTES,
        .block_bytes = ram_disk.block_bytes,
        .physical_bytes = ram_disk.block_bytes,
        .features = ram_disk.features,
        .depth = RAM_DISK_DEPTH,
        .pieces_max = 76, // longest request: 64 pages
        .piece_bytes_max = 1 << 20,
        .buffer_align = 1,
        .discard_bytes_max = 1 << 20,
    };
    ram_disk.holds = 0;
    enum ram_disk_mode mode = ram_disk.mode;
    ram_disk.mode = RAM_DISK_ONE_A_STEP;
    assert_int_equal(block_server_add_unit(&config, &ram_disk.unit), 0);
    assert_int_equal(block_server_start(), 0);
    ram_disk.mode = mode;
    ram_disk.logged = 0;
}

bool ram_disk_step(void)
{
    if (ram_disk.holds == 0 || ram_disk.mode == RAM_DISK_HOLD)
        return false;
    complete(ram_disk.mode == RAM_DISK_BACKWARDS ? ram_disk.holds - 1 : 0);
    return true;
}
