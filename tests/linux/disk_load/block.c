// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Blocks that say what they are: a block that was lost, is old, lies at another's place or is torn
// is told apart from every right one.

#include <string.h>

#include "tests/linux/disk_load/disk_load.h"

#define MAGIC 0x64616f6c6b736964ull // "diskload"

struct block {
    uint64_t magic, device, number, sequence;
    uint64_t checksum; // of everything else
    uint64_t body[BLOCK_BYTES / 8 - 5];
};
_Static_assert(sizeof(struct block) == BLOCK_BYTES, "a block");

uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static uint64_t checksum(const struct block *block)
{
    uint64_t sum = block->magic ^ block->device;
    sum = (sum ^ block->number) * 0x9e3779b97f4a7c15ull;
    sum = (sum ^ block->sequence) * 0x9e3779b97f4a7c15ull;
    for (size_t i = 0; i < sizeof(block->body) / 8; i++)
        sum = (sum << 7 | sum >> 57) ^ block->body[i];
    return sum;
}

void block_make(void *memory, uint64_t device, uint64_t number, uint64_t sequence)
{
    struct block *block = memory;
    uint64_t random = sequence * 0xd1342543de82ef95ull + number + 1;
    *block =
        (struct block){.magic = MAGIC, .device = device, .number = number, .sequence = sequence};
    for (size_t i = 0; i < sizeof(block->body) / 8; i++)
        block->body[i] = next_random(&random);
    block->checksum = checksum(block);
}

void block_check(const void *memory, uint64_t device, uint64_t number, uint64_t sequence)
{
    struct block block;
    memcpy(&block, memory, sizeof(block));
    if (block.magic != MAGIC || block.checksum != checksum(&block))
        report("device %lu, block %lu: damaged (magic %lx)", (unsigned long)device,
               (unsigned long)number, (unsigned long)block.magic);
    else if (block.device != device || block.number != number)
        report("device %lu, block %lu: that is block %lu of device %lu", (unsigned long)device,
               (unsigned long)number, (unsigned long)block.number, (unsigned long)block.device);
    else if (block.sequence != sequence)
        report("device %lu, block %lu: write %lu where write %lu was synced", (unsigned long)device,
               (unsigned long)number, (unsigned long)block.sequence, (unsigned long)sequence);
}
