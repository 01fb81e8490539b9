// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// A bounded run of the fuzz target: images of several kinds, spoilt at random. FUZZ_SEED and
// FUZZ_RUNS in the environment repeat or lengthen it.

#include "fs/ext4/test/small.h"
#include "fs/ext4/test/spoil.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { RUNS = 1500, SPOILS_MAX = 24, METADATA_BYTES = 160 * 1024 };

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
            spoil_seed((seed * 1000 + kind) * 1000003 + i + 1);
            memcpy(spoilt.bytes, good.bytes, good.size);
            for (uint32_t left = 1 + spoil_below(SPOILS_MAX); left > 0; left--)
                spoil_image(spoilt.bytes, spoilt.size);
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
