// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// A bounded run of the fuzz target: images of several kinds, spoilt at random. FUZZ_SEED and
// FUZZ_RUNS in the environment repeat or lengthen it.

#include "fs/ext4/test/small.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { RUNS = 1500, SPOILS_MAX = 24, METADATA_BYTES = 160 * 1024 };

static uint64_t random_state;

// xorshift64* (Vigna, 2016).
static uint32_t random_below(uint32_t limit)
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
    return values[random_below(sizeof(values) / sizeof(values[0]))];
}

// Most of what matters lies at the image's start: descriptors, inodes, directories.
static size_t anywhere(size_t size)
{
    size_t limit = random_below(4) ? METADATA_BYTES : size;
    return random_below((uint32_t)(limit < size ? limit : size) - 1024);
}

static void spoil(uint8_t *data, size_t size)
{
    size_t at = anywhere(size), from = anywhere(size);
    uint32_t value = interesting();
    switch (random_below(6)) {
    case 0:
        data[at] = (uint8_t)random_below(256);
        break;
    case 1:
        data[at] ^= (uint8_t)(1u << random_below(8));
        break;
    case 2:
        memcpy(data + (at & ~(size_t)1), &value, 2);
        break;
    case 3:
        memcpy(data + (at & ~(size_t)3), &value, 4);
        break;
    case 4:
        value = random_below(4096);
        memcpy(data + (at & ~(size_t)3), &value, 4);
        break;
    default:
        memmove(data + (at & ~(size_t)1023), data + (from & ~(size_t)1023), 1024);
        break;
    }
}

static unsigned long setting(const char *name, unsigned long otherwise)
{
    const char *text = getenv(name);
    return text ? strtoul(text, NULL, 0) : otherwise;
}

static const char *const kinds[] = {
    "-t ext4 -b 1024 -O ^metadata_csum,^uninit_bg",
    "-t ext4 -b 1024 -O ^metadata_csum,^uninit_bg,inline_data -I 256",
    "-t ext2 -b 1024",
    "-t ext4 -b 1024 -O ^metadata_csum,^uninit_bg,meta_bg,^resize_inode -g 256",
    "-t ext4 -b 1024",
    "-t ext4 -b 4096 -O ^metadata_csum,^uninit_bg,large_dir,ea_inode",
};

static void test_spoilt_images(void **state)
{
    (void)state;
    const char *scratch = scratch_make();
    char path[256];
    unsigned long seed = setting("FUZZ_SEED", 20260101), runs = setting("FUZZ_RUNS", RUNS);
    printf("# FUZZ_SEED=%lu FUZZ_RUNS=%lu\n", seed, runs);
    fflush(stdout);
    snprintf(path, sizeof(path), "%s/image", scratch);
    unsigned count = sizeof(kinds) / sizeof(kinds[0]);
    for (unsigned kind = 0; kind < count; kind++) {
        struct image good, spoilt;
        small_image_make(scratch, path, kinds[kind]);
        image_load(&good, path);
        image_copy(&spoilt, &good);
        for (unsigned long i = 0; i < runs / count; i++) {
            random_state = (seed * 1000 + kind) * 1000003 + i + 1;
            memcpy(spoilt.bytes, good.bytes, good.size);
            for (uint32_t left = 1 + random_below(SPOILS_MAX); left > 0; left--)
                spoil(spoilt.bytes, spoilt.size);
            LLVMFuzzerTestOneInput(spoilt.bytes, spoilt.size);
        }
        image_free(&good);
        image_free(&spoilt);
    }
    scratch_remove();
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_spoilt_images),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
