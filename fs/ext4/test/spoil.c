// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// See spoil.h.

#include "fs/ext4/test/spoil.h"

#include <string.h>

enum { METADATA_BYTES = 160 * 1024 };

static uint64_t random_state;

void spoil_seed(uint64_t seed)
{
    random_state = seed;
}

// xorshift64* (Vigna, 2016).
uint32_t spoil_below(uint32_t limit)
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return (uint32_t)(random_state * 0x2545F4914F6CDD1Dull >> 32) % limit;
}

static uint32_t interesting(void)
{
    static const uint32_t values[] = {
        0,          1,          2,      3,          12,         255,        256,    1023,
        1024,       4095,       4096,   0x7FFF,     0x8000,     0x8001,     0xFFFF, 0x10000,
        0x7FFFFFFF, 0x80000000, 0xF30A, 0xFFFFFFFF, 0xEA020000, 0x10000000, 2048,   2047};
    return values[spoil_below(sizeof(values) / sizeof(values[0]))];
}

// Most of what matters lies at the image's start: descriptors, inodes, directories.
static size_t anywhere(size_t size)
{
    size_t limit = spoil_below(4) ? METADATA_BYTES : size;
    return spoil_below((uint32_t)(limit < size ? limit : size) - 1024);
}

void spoil_image(uint8_t *data, size_t size)
{
    size_t at = anywhere(size), from = anywhere(size);
    uint32_t value = interesting();
    switch (spoil_below(6)) {
    case 0:
        data[at] = (uint8_t)spoil_below(256);
        break;
    case 1:
        data[at] ^= (uint8_t)(1u << spoil_below(8));
        break;
    case 2:
        memcpy(data + (at & ~(size_t)1), &value, 2);
        break;
    case 3:
        memcpy(data + (at & ~(size_t)3), &value, 4);
        break;
    case 4:
        value = spoil_below(4096);
        memcpy(data + (at & ~(size_t)3), &value, 4);
        break;
    default:
        memmove(data + (at & ~(size_t)1023), data + (from & ~(size_t)1023), 1024);
        break;
    }
}
