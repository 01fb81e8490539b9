// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Crashes: a run of operations is recorded, then cut at every moment, with any part of what was not
// flushed. What a mount finds is exactly the state after the operation that it says was the last
// one, no less than what was promised as stable. e2fsck judges a sample, and so does its own
// replay. CRASH_SEED and CRASH_OPERATIONS in the environment repeat or lengthen it.

#include "fs/ext4/test/image.h"
#include "fs/ext4/test/toy.h"
#include "fs/ext4/test/walk.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { OPERATIONS = 160, JUDGE_EACH = 97, CLIENT = 0x1234567 };

static const char *scratch;
static char path[256];
static struct toy_state *states; // after each operation, by sequence number
static uint64_t operations;
static unsigned judged, moments;

static unsigned long setting(const char *name, unsigned long otherwise)
{
    const char *text = getenv(name);
    return text ? strtoul(text, NULL, 0) : otherwise;
}

// ---- recording ----

// Mostly on the same file as before: so that its blocks are freed and used again in one
// transaction.
static int operation_random(struct toy *toy, uint64_t sequence, uint64_t *random)
{
    static unsigned file;
    if (sequence == 1 || random_next(random, 4) == 0)
        file = random_next(random, TOY_FILES);
    bool undo = random_next(random, 8) == 0;
    switch (sequence == 1 ? 0 : random_next(random, 5)) {
    case 0:
        return toy_stamp(toy, sequence, undo);
    case 1:
    case 2:
        return toy_note(toy, sequence, file, undo);
    default:
        return toy_content(toy, sequence, file, undo);
    }
}

static void record(struct recorder *recorder, uint64_t *random, bool close)
{
    struct ext4 *fs;
    struct toy toy;
    assert_int_equal(toy_mount(recorder, true, CLIENT, &fs), 0);
    assert_true(ext4_writable(fs));
    assert_int_equal(toy_open(&toy, fs), 0);
    states[0] = toy.state;
    for (uint64_t sequence = 1; sequence <= operations; sequence++) {
        recorder_note(recorder, ext4_stable(fs), sequence);
        assert_int_equal(operation_random(&toy, sequence, random), 0);
        assert_int_equal(ext4_applied(fs), sequence);
        states[sequence] = toy.state;
        if (random_next(random, 5) == 0)
            assert_int_equal(ext4_commit(fs), 0);
        if (random_next(random, 25) == 0)
            assert_int_equal(ext4_checkpoint(fs), 0);
        recorder_note(recorder, ext4_stable(fs), sequence);
        assert_null(ext4_cache_fault(fs));
    }
    if (close)
        assert_int_equal(ext4_close(fs), 0);
    assert_int_equal(ext4_buffers_pinned(fs), 0);
}

// ---- judging ----

static void image_write(const uint8_t *bytes, size_t size)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    fclose(file);
}

static void states_compare(const struct toy_state *found, uint64_t applied, const char *what)
{
    for (unsigned i = 0; i < TOY_FILES; i++) {
        const struct toy_file *is = &found->file[i], *should = &states[applied].file[i];
        if (is->stamp != should->stamp || is->note != should->note ||
            is->content != should->content)
            fail_msg("%s, after operation %u, file %u: stamp %u note %u content %u, should be %u "
                     "%u %u",
                     what, (unsigned)applied, i, is->stamp, is->note, is->content, should->stamp,
                     should->note, should->content);
    }
}

static uint64_t applied_on(const struct ext4 *fs)
{
    return fs->super.s_applied[0] | (uint64_t)fs->super.s_applied[1] << 32;
}

// e2fsck replays the same journal by itself and finds no fault; then the state is the same.
static void judge(const uint8_t *crashed, const struct recorder *replayed, uint64_t applied)
{
    struct image image;
    struct ext4 *fs;
    struct toy toy;
    struct recorder theirs;
    image_write(replayed->bytes, replayed->size);
    run("e2fsck -fn %s >%s/judge 2>&1 || { cat %s/judge; false; }", path, scratch, scratch);
    image_write(crashed, replayed->size);
    run("e2fsck -fy %s >%s/judge 2>&1 || [ $? -eq 1 ] || { cat %s/judge; false; }", path, scratch,
        scratch);
    run("! grep -E 'WARNING|Fix\\?|Clear\\?|Recreate|differ|wrong' %s/judge", scratch);
    image_load(&image, path);
    recorder_init(&theirs, image.bytes, image.size);
    assert_int_equal(toy_mount(&theirs, false, 0, &fs), 0);
    assert_int_equal(applied_on(fs), applied);
    assert_int_equal(toy_open(&toy, fs), 0);
    states_compare(&toy.state, applied, "e2fsck's replay");
    recorder_free(&theirs);
    image_free(&image);
    judged++;
}

// Mounts what a crash has left. Returns the operation that it was applied up to.
static uint64_t recover(struct recorder *recorder, const uint64_t promise[2])
{
    struct ext4 *fs;
    struct toy toy;
    struct walk walk = {.inodes_max = 100, .read_max = 4096};
    int error = toy_mount(recorder, false, 0, &fs);
    if (error)
        fail_msg("mounting after a crash: error %d", error);
    uint64_t applied = applied_on(fs);
    if (applied < promise[0] || applied > promise[1])
        fail_msg("operation %u is the last one found, stable was %u, begun %u", (unsigned)applied,
                 (unsigned)promise[0], (unsigned)promise[1]);
    assert_false(ext4_has_incompat(fs, INCOMPAT_RECOVER));
    assert_int_equal(toy_open(&toy, fs), 0);
    states_compare(&toy.state, applied, "replay");
    walk_all(fs, &walk);
    assert_int_equal(walk.errors, 0);
    return applied;
}

// The recovery itself is cut at every moment, too.
static void recover_twice(const struct recorder *recovery, uint64_t applied, uint64_t *random)
{
    struct crash crash;
    uint8_t *bytes = malloc(recovery->size);
    struct recorder again;
    crash_init(&crash, recovery);
    recorder_init(&again, recovery->bytes, recovery->size);
    while (crash_next(&crash)) {
        crash_image(&crash, random_next(random, CRASH_KINDS), random, bytes);
        recorder_reset(&again, bytes);
        assert_int_equal(recover(&again, (uint64_t[2]){applied, applied}), applied);
    }
    recorder_free(&again);
    crash_free(&crash);
    free(bytes);
}

static void crash_at(const struct crash *crash, enum crash_kind kind, uint64_t *random,
                     uint8_t *bytes, struct recorder *recovery)
{
    crash_image(crash, kind, random, bytes);
    recorder_reset(recovery, bytes);
    uint64_t applied = recover(recovery, crash->note);
    if (++moments % JUDGE_EACH == 0) {
        judge(bytes, recovery, applied);
        recover_twice(recovery, applied, random);
    }
}

static void crash_everywhere(const char *options)
{
    struct image image;
    struct recorder recorder, recovery;
    struct crash crash;
    uint64_t random = setting("CRASH_SEED", 20260101);
    operations = setting("CRASH_OPERATIONS", OPERATIONS);
    states = calloc(operations + 1, sizeof(*states));
    judged = moments = 0;
    toy_image_make(scratch, path, options);
    image_load(&image, path);
    recorder_init(&recorder, image.bytes, image.size);
    record(&recorder, &random, true);
    image_write(recorder.bytes, recorder.size);
    run("e2fsck -fn %s >%s/judge 2>&1 || { cat %s/judge; false; }", path, scratch, scratch);

    uint8_t *bytes = malloc(recorder.size);
    recorder_init(&recovery, recorder.bytes, recorder.size);
    crash_init(&crash, &recorder);
    while (crash_next(&crash)) {
        if (recorder.event[crash.at - 1].kind == RECORDER_NOTE)
            continue;
        for (unsigned kind = 0; kind < CRASH_KINDS; kind++)
            crash_at(&crash, (enum crash_kind)kind, &random, bytes, &recovery);
    }
    recorder_free(&recovery);
    printf("# %s: %u crashes, %u judged by e2fsck\n", options, moments, judged);
    assert_true(judged > 3);
    free(bytes);
    crash_free(&crash);
    recorder_free(&recorder);
    image_free(&image);
    free(states);
}

static void test_checksums_1k(void **state)
{
    (void)state;
    crash_everywhere("-t ext4 -b 1024 -J size=1 3M");
}

static void test_plain_1k(void **state)
{
    (void)state;
    crash_everywhere("-t ext4 -b 1024 -O ^metadata_csum,^64bit,^uninit_bg -J size=1 3M");
}

static void test_plain_2k_64bit(void **state)
{
    (void)state;
    crash_everywhere("-t ext4 -b 2048 -O ^metadata_csum,64bit,^uninit_bg -J size=2 8M");
}

static int group_begin(void **state)
{
    (void)state;
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
        cmocka_unit_test(test_checksums_1k),
        cmocka_unit_test(test_plain_1k),
        cmocka_unit_test(test_plain_2k_64bit),
    };
    return cmocka_run_group_tests(tests, group_begin, group_end);
}
