// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Crashes under the real operations: the model's random ones are recorded, with a hash over all
// that a walk sees after each. What a mount finds after a crash at any moment has the hash of the
// operation that it says was the last; e2fsck finds no fault in a sample, orphans freed or not.
// CRASH_SEED and CRASH_STEPS in the environment repeat or lengthen it.

#include "fs/ext4/test/image.h"
#include "fs/ext4/test/model.h"
#include "fs/ext4/test/recorder.h"
#include "fs/ext4/test/walk.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum {
    STEPS = 160,
    JUDGE_EACH = 61,
    CLIENT = 5,
    STRANGER = 6,
    MEMORY_BYTES = EXT4_MEMORY_MIN_LARGE,
    SEQUENCES_MAX = 10000,
    NOW = 1700000000, // not in the future, where e2fsck would object
};

static const char *scratch;
static char path[256];
static uint64_t hashes[SEQUENCES_MAX]; // by sequence number
static struct recorder *recorded;

static unsigned long setting(const char *name, unsigned long otherwise)
{
    const char *text = getenv(name);
    return text ? strtoul(text, NULL, 0) : otherwise;
}

static void log_line(void *context, const char *format, va_list arguments)
{
    (void)context;
    if (!getenv("EXT4_LOG"))
        return;
    printf("# ");
    vprintf(format, arguments);
    printf("\n");
}

static int mount(struct recorder *device, uint64_t client, struct ext4 **fs)
{
    static void *memory;
    if (!memory)
        memory = aligned_alloc(4096, MEMORY_BYTES);
    struct ext4_setup setup = {
        .source = recorder_source(device),
        .memory = memory,
        .memory_bytes = MEMORY_BYTES,
        .log = log_line,
        .writable = client != 0,
        .client = client,
        .now = {.seconds = NOW},
    };
    return ext4_open(&setup, fs);
}

// All but the files' data, which is no part of a transaction.
static uint64_t hash_of(struct ext4 *fs)
{
    struct walk walk = {.inodes_max = 100000};
    walk_all(fs, &walk);
    assert_int_equal(walk.errors, 0);
    return walk.content;
}

static void remember(struct model *model)
{
    assert_true(model->sequence < SEQUENCES_MAX);
    assert_int_equal(ext4_applied(model->fs), model->sequence);
    hashes[model->sequence] = hash_of(model->fs);
    recorder_note(recorded, ext4_stable(model->fs), model->sequence);
}

static void record(struct recorder *device, uint64_t seed)
{
    struct model model;
    struct ext4 *fs;
    recorded = device;
    assert_int_equal(mount(device, CLIENT, &fs), 0);
    assert_true(ext4_writable(fs));
    hashes[0] = hash_of(fs);
    model_begin(&model, fs, device->bytes, seed);
    model.long_names = 30;
    model.grow = 40;
    model.after = remember;
    model.now = NOW;
    unsigned long steps = setting("CRASH_STEPS", STEPS);
    for (unsigned long i = 0; i < steps; i++)
        model_step(&model);
    assert_int_equal(ext4_close(fs), 0);
    model_end(&model);
}

static void e2fsck(const char *options, const uint8_t *bytes, size_t size)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    fclose(file);
    run("e2fsck %s %s >%s/judge 2>&1 || [ $? -eq 1 ] || { cat %s/judge; false; }", options, path,
        scratch, scratch);
    run("! grep -v -E 'Optimize|lost.found not' %s/judge | grep -E 'WARNING|\\?|differ|wrong' || "
        "{ cat %s/judge; false; }",
        scratch, scratch);
}

// Once more for a client that knows nothing of before: its mount frees the orphans. e2fsck's own
// freeing is not called on: it forgets the attribute blocks of orphans that have no content.
static void judge(const struct crash *crash, const uint8_t *crashed, struct recorder *device)
{
    struct ext4 *fs;
    const struct ext4_super_block *super = (const void *)(device->bytes + EXT4_SUPER_OFFSET);
    if (super->s_last_orphan == 0) {
        e2fsck("-fy", crashed, crash->recorder->size);
        e2fsck("-fn", device->bytes, device->size);
    }
    recorder_reset(device, crashed);
    assert_int_equal(mount(device, STRANGER, &fs), 0);
    assert_int_equal(fs->super.s_last_orphan, 0);
    assert_int_equal(ext4_close(fs), 0);
    e2fsck("-fn", device->bytes, device->size);
}

static void recover(const struct crash *crash, struct recorder *device)
{
    struct ext4 *fs;
    assert_int_equal(mount(device, 0, &fs), 0);
    uint64_t applied = fs->super.s_applied[0];
    if (applied < crash->note[0] || applied > crash->note[1] + 1)
        fail_msg("event %zu: operation %u is the last one found, stable was %u, done %u", crash->at,
                 (unsigned)applied, (unsigned)crash->note[0], (unsigned)crash->note[1]);
    if (hash_of(fs) != hashes[applied])
        fail_msg("event %zu: not the state after operation %u", crash->at, (unsigned)applied);
}

static void crash_everywhere(const char *options, uint64_t seed)
{
    struct image image;
    struct recorder recorder, device;
    struct crash crash;
    uint64_t random = seed + 1;
    unsigned moments = 0;
    run("rm -f %s && mke2fs -q -F -E lazy_itable_init=1 %s %s >/dev/null 2>&1", path, path,
        options);
    image_load(&image, path);
    recorder_init(&recorder, image.bytes, image.size);
    record(&recorder, seed);
    uint8_t *bytes = malloc(recorder.size);
    recorder_init(&device, image.bytes, image.size);
    crash_init(&crash, &recorder);
    while (crash_next(&crash)) {
        if (recorder.event[crash.at - 1].kind == RECORDER_NOTE)
            continue;
        for (unsigned kind = 0; kind < CRASH_KINDS; kind++) {
            crash_image(&crash, (enum crash_kind)kind, &random, bytes);
            recorder_reset(&device, bytes);
            recover(&crash, &device);
            if (++moments % JUDGE_EACH == 0)
                judge(&crash, bytes, &device);
        }
    }
    printf("# %s: %u operations, %u crashes\n", options, (unsigned)crash.note[1], moments);
    free(bytes);
    crash_free(&crash);
    recorder_free(&recorder);
    recorder_free(&device);
    image_free(&image);
}

static void test_crashes(void **state)
{
    (void)state;
    static const char *const kinds[] = {
        "-t ext4 -b 1024 -g 2048 -N 400 -J size=1 5M",
        "-t ext4 -b 1024 -g 2048 -N 400 -O ^metadata_csum,^64bit,^uninit_bg -J size=1 5M",
        "-t ext4 -b 2048 -N 400 -J size=2 8M",
    };
    uint64_t seed = setting("CRASH_SEED", 1);
    for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        crash_everywhere(kinds[i], seed);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_crashes),
    };
    scratch = scratch_make();
    snprintf(path, sizeof(path), "%s/image", scratch);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    scratch_remove();
    return failed;
}
