// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

#include "tests/guest/rogue/canaries.h"

#include "abi/error.h"
#include "lib/sys/log.h"
#include "lib/sys/sys.h"
#include "tests/guest/rogue/memory.h"

#define SCRAMBLE 0x9e3779b97f4a7c15ull // makes all bytes of a word differ from those of the next

enum {
    BLOCKS_MAX = 256,
    BLOCK_MAX = 4 << 20, // of contiguous memory
    BLOCK_MIN = 64 << 10,
    SPARE = 4 << 20,
};

static struct pinned blocks[BLOCKS_MAX];
static unsigned block_count;
static uint64_t total;

static uint64_t pattern(uint64_t physical)
{
    return physical * SCRAMBLE;
}

static void fill(struct pinned *block)
{
    uint64_t *word = (uint64_t *)(void *)block->at;
    for (uint64_t at = 0; at < block->bytes; at += sizeof(*word))
        *word++ = pattern(block->physical + at);
}

static bool is_whole(const struct pinned *block)
{
    const volatile uint64_t *word = (const volatile uint64_t *)(const void *)block->at;
    uint64_t wanted = pattern(block->physical);
    for (uint64_t at = 0; at < block->bytes; at += sizeof(*word)) {
        uint64_t is = *word++;
        if (is != wanted) {
            log_warning("physical address 0x%llx: 0x%llx was written",
                        (unsigned long long)(block->physical + at), (unsigned long long)is);
            return false;
        }
        wanted += sizeof(*word) * SCRAMBLE;
    }
    return true;
}

static uint64_t free_bytes(void)
{
    struct info_memory memory = {0};
    (void)sys_info(INFO_MEMORY, 0, &memory, sizeof(memory));
    return memory.free_bytes;
}

int canaries_take(void)
{
    uint64_t bytes = BLOCK_MAX;
    while (bytes >= BLOCK_MIN && block_count < BLOCKS_MAX) {
        struct pinned *block = &blocks[block_count];
        int status = free_bytes() < SPARE + bytes ? -E_NOMEM : pinned_create(block, bytes);
        if (status == 0) {
            fill(block);
            block_count++;
            total += bytes;
        } else if (status == -E_NOMEM) {
            bytes /= 2;
        } else {
            return status;
        }
    }
    return block_count == 0 ? -E_NOMEM : 0;
}

uint64_t canaries_bytes(void)
{
    return total;
}

uint64_t canaries_page(unsigned number, unsigned count)
{
    uint64_t offset = total / count * number & ~(uint64_t)(PAGE_SIZE - 1);
    unsigned i = 0;
    while (offset >= blocks[i].bytes)
        offset -= blocks[i++].bytes;
    return blocks[i].physical + offset;
}

bool canaries_are_whole(void)
{
    bool whole = true;
    for (unsigned i = 0; i < block_count; i++) {
        if (!is_whole(&blocks[i])) {
            fill(&blocks[i]);
            whole = false;
        }
    }
    return whole;
}
