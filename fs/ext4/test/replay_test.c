// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Journals that somebody else wrote: debugfs fills a log with random transactions and replays it
// itself on a copy; the result is the same, byte for byte. And journals that are spoilt.
// REPLAY_SEED in the environment repeats a run.

#include "fs/ext4/test/image.h"
#include "fs/ext4/test/toy.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { RUNS = 3, TRANSACTIONS = 14, BLOCKS_MAX = 70, SPOILS = 200, NUMBERS = 200 };

static const char *scratch;
static char path[256];
static uint64_t random_state;

struct kind {
    const char *options; // of mke2fs
    const char *open;    // of debugfs's command journal_open
    uint32_t block_bytes;
    uint64_t first; // blocks from here on are free
};

static const struct kind kinds[] = {
    {"-t ext4 -b 1024 -J size=1 4M", "-c -v 3", 1024, 3000},
    {"-t ext4 -b 1024 -J size=1 4M", "-c -v 2", 1024, 3000},
    {"-t ext4 -b 1024 -O ^64bit -J size=1 4M", "-c -v 3", 1024, 3000},
    {"-t ext4 -b 1024 -O ^64bit -J size=1 4M", "-c -v 2", 1024, 3000},
    {"-t ext4 -b 1024 -O ^64bit,^metadata_csum -J size=1 4M", "", 1024, 3000},
    {"-t ext4 -b 1024 -O 64bit,^metadata_csum -J size=1 4M", "", 1024, 3000},
    {"-t ext4 -b 4096 -J size=4 16M", "-c -v 3", 4096, 3000},
    {"-t ext3 -b 1024 -J size=1 4M", "", 1024, 3000},
    {"-t ext3 -b 2048 -J size=2 8M", "", 2048, 3000},
};

// One list of different block numbers, from `*count` random ones.
static void numbers_print(FILE *file, const struct kind *kind, unsigned count)
{
    uint64_t start = random_next(&random_state, NUMBERS / 2);
    for (unsigned i = 0; i < count; i++)
        fprintf(file, "%s%llu", i ? "," : "", (unsigned long long)(kind->first + start + i));
}

// Content by transaction; every fifth block begins with the journal's magic number.
static void content_write(const struct kind *kind, unsigned transaction, unsigned count)
{
    static const uint8_t magic[4] = {0xC0, 0x3B, 0x39, 0x98};
    char name[300];
    uint8_t *block = malloc(kind->block_bytes);
    snprintf(name, sizeof(name), "%s/content%u", scratch, transaction);
    FILE *file = fopen(name, "w");
    assert_non_null(file);
    for (unsigned i = 0; i < count; i++) {
        memset(block, (int)(transaction * 16 + i), kind->block_bytes);
        if (i % 5 == 0)
            memcpy(block, magic, sizeof(magic));
        fwrite(block, 1, kind->block_bytes, file);
    }
    fclose(file);
    free(block);
}

static void journal_fill(const struct kind *kind)
{
    char name[300];
    snprintf(name, sizeof(name), "%s/commands", scratch);
    FILE *file = fopen(name, "w");
    assert_non_null(file);
    fprintf(file, "jo %s\n", kind->open);
    for (unsigned i = 0; i < TRANSACTIONS; i++) {
        unsigned count = 1 + random_next(&random_state, BLOCKS_MAX);
        bool last = i == TRANSACTIONS - 1, revokes = !last && random_next(&random_state, 3) == 0;
        fprintf(file, "jw %s%s ", last ? "-c " : "", revokes ? "-r" : "-b"); // not both at once
        numbers_print(file, kind, count);
        if (!revokes) {
            content_write(kind, i, count);
            fprintf(file, " %s/content%u", scratch, i);
        }
        fprintf(file, "\n");
    }
    fprintf(file, "jc\n");
    fclose(file);
    run("debugfs -w -f %s %s >%s/out 2>&1", name, path, scratch);
    run("! grep -v -E '^debugfs|csum' %s/out", scratch);
}

static void device_load(struct recorder *device)
{
    struct image image;
    image_load(&image, path);
    recorder_init(device, image.bytes, image.size);
    image_free(&image);
}

static void device_make(const struct kind *kind, struct recorder *device)
{
    run("rm -f %s && mke2fs -q -F %s %s >/dev/null 2>&1", path, path, kind->options);
    journal_fill(kind);
    device_load(device);
}

static void check_against_debugfs(const struct kind *kind)
{
    struct recorder ours, theirs;
    struct ext4 *fs;
    unsigned changed = 0;
    device_make(kind, &ours);
    run("debugfs -w -R jr %s >%s/out 2>&1", path, scratch);
    device_load(&theirs);
    assert_int_equal(toy_mount(&ours, false, 0, &fs), 0);
    assert_int_equal(ext4_close(fs), 0);
    for (uint64_t block = kind->first; block < kind->first + NUMBERS; block++) {
        uint64_t at = block * kind->block_bytes;
        if (memcmp(ours.bytes + at, theirs.bytes + at, kind->block_bytes) != 0)
            fail_msg("%s, jo %s: block %u differs", kind->options, kind->open, (unsigned)block);
        changed += memcmp(ours.bytes + at, ours.start + at, kind->block_bytes) != 0;
    }
    if (changed == 0)
        fail_msg("%s, jo %s: nothing was replayed", kind->options, kind->open);
    FILE *file = fopen(path, "w");
    assert_int_equal(fwrite(ours.bytes, 1, ours.size, file), ours.size);
    fclose(file);
    run("e2fsck -fn %s >%s/out 2>&1 || { cat %s/out; false; }", path, scratch, scratch);
    recorder_free(&ours);
    recorder_free(&theirs);
}

static void test_against_debugfs(void **state)
{
    (void)state;
    for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        for (unsigned run_number = 0; run_number < RUNS; run_number++)
            check_against_debugfs(&kinds[i]);
}

// ---- replays that do not end ----

enum {
    // Changes of the device that one attempt gets to do: enough for a transaction and what may be
    // left before it.
    PATIENCE = BLOCKS_MAX + 40,
    ATTEMPTS_MAX = 8,
    // Each block once; the log's beginning moves some times, and it is made empty at the end.
    CHANGES_MAX = NUMBERS + 20,
};

static void check_same(const struct kind *kind, const uint8_t *is, const uint8_t *wanted)
{
    size_t first = kind->first * kind->block_bytes;
    assert_memory_equal(is + first, wanted + first, NUMBERS * kind->block_bytes);
}

// Each attempt dies early, and yet it comes to an end.
static void die_soon(const struct kind *kind, const struct recorder *whole)
{
    struct recorder device;
    struct ext4 *fs;
    unsigned attempts = 0;
    recorder_init(&device, whole->start, whole->size);
    do {
        assert_in_range(++attempts, 1, ATTEMPTS_MAX);
        device.changes = 0;
        device.fail_at = PATIENCE;
    } while (toy_mount(&device, false, 0, &fs) != 0);
    assert_true(attempts > 1 || whole->changes < PATIENCE);
    check_same(kind, device.bytes, whole->bytes);
    recorder_free(&device);
}

// Whatever a crash in a replay leaves, the next one brings home the same.
static void crash_anywhere(const struct kind *kind, const struct recorder *whole)
{
    struct crash crash;
    struct recorder device;
    struct ext4 *fs;
    crash_init(&crash, whole);
    recorder_init(&device, whole->start, whole->size);
    while (crash_next(&crash)) {
        if (random_next(&random_state, 5) != 0)
            continue;
        crash_image(&crash, (enum crash_kind)random_next(&random_state, CRASH_KINDS), &random_state,
                    device.bytes);
        assert_int_equal(toy_mount(&device, false, 0, &fs), 0);
        check_same(kind, device.bytes, whole->bytes);
    }
    recorder_free(&device);
    crash_free(&crash);
}

static void test_interrupted(void **state)
{
    static const unsigned chosen[] = {0, 3, 4, 6};
    (void)state;
    for (unsigned i = 0; i < sizeof(chosen) / sizeof(chosen[0]); i++) {
        const struct kind *kind = &kinds[chosen[i]];
        struct recorder whole;
        struct ext4 *fs;
        device_make(kind, &whole);
        assert_int_equal(toy_mount(&whole, false, 0, &fs), 0);
        assert_in_range(whole.changes, 1, CHANGES_MAX);
        die_soon(kind, &whole);
        crash_anywhere(kind, &whole);
        recorder_free(&whole);
    }
}

// ---- spoilt logs ----

// Any byte of the log and of its superblock wrong: an error that has changed nothing, or an earlier
// end; with checksums never content that was not written.
static void spoil(const struct kind *kind)
{
    struct recorder good;
    struct ext4 *fs;
    device_make(kind, &good);
    struct recorder spoilt;
    recorder_init(&spoilt, good.bytes, good.size);
    assert_int_equal(toy_mount(&spoilt, false, 0, &fs), 0);
    uint64_t log = ext4_journal_place(fs, 0) * kind->block_bytes;
    uint32_t log_bytes = 700 * kind->block_bytes;
    unsigned errors = 0;
    for (unsigned i = 0; i < SPOILS; i++) {
        recorder_reset(&spoilt, good.bytes);
        uint32_t at = random_next(&random_state, 4) ? random_next(&random_state, log_bytes)
                                                    : random_next(&random_state, 80);
        if (random_next(&random_state, 3) == 0)
            at = (at & ~(kind->block_bytes - 1)) | random_next(&random_state, 64);
        spoilt.bytes[log + at] ^= (uint8_t)(1 + random_next(&random_state, 255));
        int error = toy_mount(&spoilt, false, 0, &fs);
        errors += error != 0;
        if (error && spoilt.changes)
            fail_msg("%s: byte %u of the log: error %d, but something was written", kind->options,
                     at, error);
    }
    assert_true(errors > 5);
    recorder_free(&spoilt);
    recorder_free(&good);
}

// A count of revoke records beyond all bounds, in a block whose checksum says so, if there are any.
static void spoil_revoke_blocks(const struct kind *kind)
{
    static const uint8_t header[] = {0xC0, 0x3B, 0x39, 0x98, 0, 0, 0, 5};
    enum { COUNT_AT = 12 };
    struct recorder good, spoilt;
    struct ext4 *fs;
    unsigned found = 0;
    device_make(kind, &good);
    recorder_init(&spoilt, good.bytes, good.size);
    for (size_t at = 0; at < good.size; at += kind->block_bytes) {
        if (memcmp(good.bytes + at, header, sizeof(header)) != 0)
            continue;
        found++;
        recorder_reset(&spoilt, good.bytes);
        memset(spoilt.bytes + at + COUNT_AT, 0xFF, sizeof(uint32_t));
        int error = toy_mount(&spoilt, false, 0, &fs);
        if (error == 0 || spoilt.changes)
            fail_msg("%s: block %u of revoke records: error %d", kind->options,
                     (unsigned)(at / kind->block_bytes), error);
    }
    assert_true(found > 0);
    recorder_free(&spoilt);
    recorder_free(&good);
}

static void test_spoilt(void **state)
{
    (void)state;
    spoil(&kinds[0]);
    spoil(&kinds[3]);
    spoil(&kinds[4]);
    spoil_revoke_blocks(&kinds[0]);
    spoil_revoke_blocks(&kinds[4]);
}

static int group_begin(void **state)
{
    (void)state;
    const char *seed = getenv("REPLAY_SEED");
    random_state = seed ? strtoull(seed, NULL, 0) : 20260101;
    scratch = scratch_make();
    snprintf(path, sizeof(path), "%s/image", scratch);
    return 0;
}

static int group_end(void **state)
{
    (void)state;
    scratch_remove();
    return 0;
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_debugfs),
        cmocka_unit_test(test_interrupted),
        cmocka_unit_test(test_spoilt),
    };
    return cmocka_run_group_tests(tests, group_begin, group_end);
}
