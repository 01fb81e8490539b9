// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The journal's single duties: undo, revoke, the ring's wrap, room, the client's progress, marks of
// mounting, refusals, and devices that fail at any write.

#include "fs/ext4/test/image.h"
#include "fs/ext4/test/toy.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { CLIENT = 77, FEATURE_ROWS_MAX = 16 };

static const char *scratch;
static char path[256];
static struct image image;
static struct recorder device;
static struct toy toy;

static void device_make(const char *options)
{
    toy_image_make(scratch, path, options);
    image_load(&image, path);
    recorder_init(&device, image.bytes, image.size);
}

static void device_free(void)
{
    recorder_free(&device);
    image_free(&image);
}

static const char *const usual = "-t ext4 -b 1024 -J size=1 3M";

static void mount_good(uint64_t client)
{
    struct ext4 *fs;
    assert_int_equal(toy_mount(&device, true, client, &fs), 0);
    assert_true(ext4_writable(fs));
    assert_int_equal(toy_open(&toy, fs), 0);
}

// The power fails; somebody mounts again for reading.
static struct toy_state remount(void)
{
    struct ext4 *fs;
    struct toy found;
    assert_int_equal(toy_mount(&device, false, 0, &fs), 0);
    assert_int_equal(toy_open(&found, fs), 0);
    return found.state;
}

static void e2fsck_good(void)
{
    FILE *file = fopen(path, "w");
    assert_int_equal(fwrite(device.bytes, 1, device.size, file), device.size);
    fclose(file);
    run("e2fsck -fn %s >%s/judge 2>&1 || { cat %s/judge; false; }", path, scratch, scratch);
}

// ---- undo ----

static bool in_journal(const struct ext4 *fs, uint64_t block)
{
    for (uint32_t i = 0; i < fs->journal.runs; i++)
        if (block - fs->journal.run[i].device < fs->journal.run[i].count)
            return true;
    return false;
}

// Operations undone leave every byte but the superblock's and the log's.
static void test_undo(void **state)
{
    (void)state;
    device_make(usual);
    mount_good(CLIENT);
    assert_int_equal(toy_stamp(&toy, 1, false), 0);
    assert_int_equal(toy_note(&toy, 2, 0, false), 0);
    assert_int_equal(toy_content(&toy, 3, 1, false), 0);
    assert_int_equal(ext4_checkpoint(toy.fs), 0);
    uint8_t *before = malloc(device.size);
    memcpy(before, device.bytes, device.size);
    struct ext4_super_block super = toy.fs->super;

    assert_int_equal(toy_stamp(&toy, 4, true), 0);
    assert_int_equal(toy_note(&toy, 5, 0, true), 0);
    assert_int_equal(toy_note(&toy, 6, 1, true), 0);
    assert_int_equal(toy_content(&toy, 7, 0, true), 0);
    assert_null(ext4_cache_fault(toy.fs));
    assert_int_equal(toy.fs->journal.running, 0);
    assert_false(ext4_freed_waiting(toy.fs));
    assert_memory_equal(&super, &toy.fs->super, sizeof(super));
    assert_int_equal(ext4_applied(toy.fs), 7);
    assert_int_equal(ext4_stable(toy.fs), 3);
    assert_int_equal(ext4_checkpoint(toy.fs), 0);
    assert_int_equal(ext4_stable(toy.fs), 7);
    for (uint64_t block = 2; block < toy.fs->blocks; block++)
        if (!in_journal(toy.fs, block))
            assert_memory_equal(before + block * 1024, device.bytes + block * 1024, 1024);
    free(before);
    device_free();
}

// ---- revoke ----

// A block in the log as metadata, freed, then file data: a replay leaves the data alone.
static void test_revoke(void **state)
{
    (void)state;
    device_make(usual);
    mount_good(CLIENT);
    assert_int_equal(toy_note(&toy, 2, 0, false), 0);
    assert_int_equal(ext4_commit(toy.fs), 0);
    assert_int_equal(toy_note(&toy, 3, 0, false), 0);
    assert_true(ext4_freed_waiting(toy.fs));
    assert_int_equal(ext4_commit(toy.fs), 0);
    assert_false(ext4_freed_waiting(toy.fs));
    assert_int_equal(toy_content(&toy, 4, 1, false), 0);
    assert_int_equal(toy_content(&toy, 5, 1, false), 0);
    assert_int_equal(ext4_commit(toy.fs), 0);
    assert_int_equal(remount().file[1].content, 5);

    // And metadata again, in a later transaction: that one is replayed.
    mount_good(CLIENT);
    assert_int_equal(toy_note(&toy, 6, 0, false), 0);
    assert_int_equal(ext4_commit(toy.fs), 0);
    assert_int_equal(toy_note(&toy, 7, 0, false), 0);
    assert_int_equal(ext4_commit(toy.fs), 0);
    assert_int_equal(toy_note(&toy, 8, 0, false), 0);
    assert_int_equal(ext4_commit(toy.fs), 0);
    assert_int_equal(remount().file[0].note, 8);
    e2fsck_good();
    device_free();
}

// A revoke record of a transaction that was never committed has no say.
static void test_revoke_uncommitted(void **state)
{
    (void)state;
    device_make(usual);
    mount_good(CLIENT);
    assert_int_equal(toy_note(&toy, 2, 0, false), 0);
    assert_int_equal(ext4_commit(toy.fs), 0);
    assert_int_equal(toy_note(&toy, 3, 0, false), 0);
    // The log's blocks reach the device, the commit block does not.
    device.fail_at = device.changes + 3;
    assert_int_equal(ext4_commit(toy.fs), -E_IO);
    device.fail_at = 0;
    assert_int_equal(remount().file[0].note, 2);
    e2fsck_good();
    device_free();
}

// A block that begins as one of the log does.
static void test_escape(void **state)
{
    (void)state;
    struct ext4_buffer *buffer;
    struct fs_time now = {.seconds = TOY_TIME};
    uint32_t magic = big32((uint32_t)JBD2_MAGIC_NUMBER);
    device_make(usual);
    mount_good(CLIENT);
    uint64_t block = toy.fs->blocks - 1;
    assert_int_equal(ext4_op_begin(toy.fs, 1, &now), 0);
    assert_int_equal(ext4_buffer_fresh(toy.fs, block, &buffer), 0);
    memcpy(buffer->data, &magic, sizeof(magic));
    buffer->data[5] = 5;
    ext4_buffer_put(toy.fs, buffer);
    ext4_op_end(toy.fs);
    assert_int_equal(ext4_commit(toy.fs), 0);
    assert_true(device.bytes[block * 1024 + 5] != 5);
    remount();
    assert_memory_equal(device.bytes + block * 1024, &magic, sizeof(magic));
    assert_int_equal(device.bytes[block * 1024 + 5], 5);
    device_free();
}

// ---- the ring ----

static void test_wrap(void **state)
{
    (void)state;
    device_make(usual);
    mount_good(CLIENT);
    uint32_t wraps = 0, last = 0;
    for (uint64_t sequence = 1; sequence <= 900; sequence++) {
        assert_int_equal(sequence % 3 ? toy_note(&toy, sequence, sequence % TOY_FILES, false)
                                      : toy_stamp(&toy, sequence, false),
                         0);
        assert_int_equal(ext4_commit(toy.fs), 0);
        wraps += toy.fs->journal.head < last;
        last = toy.fs->journal.head;
    }
    assert_true(wraps > 3);
    struct toy_state found = remount();
    assert_memory_equal(&found, &toy.state, sizeof(found));
    e2fsck_good();
    device_free();
}

// ---- room ----

static void test_room(void **state)
{
    (void)state;
    struct ext4_buffer *buffer;
    struct fs_time now = {.seconds = TOY_TIME};
    device_make(usual);
    mount_good(CLIENT);
    for (uint64_t sequence = 1; sequence < 60; sequence++) {
        uint64_t block = 2000;
        assert_int_equal(ext4_op_begin(toy.fs, sequence, &now), 0);
        assert_true(ext4_op_room(toy.fs) >= EXT4_OPERATION_BLOCKS_MIN);
        for (unsigned room = ext4_op_room(toy.fs); room > 0; room--, block++) {
            assert_int_equal(ext4_op_room(toy.fs), room);
            assert_int_equal(ext4_buffer_fresh(toy.fs, block, &buffer), 0);
            ext4_buffer_put(toy.fs, buffer);
        }
        assert_int_equal(ext4_buffer_fresh(toy.fs, block, &buffer), -E_NOMEM);
        assert_int_equal(ext4_buffer_get(toy.fs, block, 0, &buffer), 0);
        assert_int_equal(ext4_buffer_modify(toy.fs, buffer), -E_NOMEM);
        ext4_buffer_put(toy.fs, buffer);
        for (unsigned room = ext4_op_freed_room(toy.fs); room > 0; room--) {
            assert_int_equal(ext4_freed(toy.fs, 100 + 2 * room, 1), 0);
            assert_int_equal(ext4_freed_end(toy.fs, 100 + 2 * room), 101 + 2 * room);
        }
        assert_int_equal(ext4_freed(toy.fs, 1000, 1), -E_NOMEM);
        if (sequence % 2)
            ext4_op_undo(toy.fs);
        else
            ext4_op_end(toy.fs);
        assert_null(ext4_cache_fault(toy.fs));
    }
    assert_int_equal(ext4_op_begin(toy.fs, 100, &now), 0);
    assert_int_equal(ext4_buffer_fresh(toy.fs, toy.fs->blocks, &buffer), -E_UCLEAN);
    ext4_op_undo(toy.fs);
    device_free();
}

// An old transaction is committed by the next operation.
static void test_age(void **state)
{
    (void)state;
    device_make(usual);
    mount_good(CLIENT);
    assert_int_equal(toy_stamp(&toy, 1, false), 0);
    assert_int_equal(toy_stamp(&toy, 2, false), 0);
    assert_int_equal(ext4_stable(toy.fs), 0);
    struct fs_time now = {.seconds = TOY_TIME + EXT4_JOURNAL_RUNNING_MAX_S};
    assert_true(ext4_commit_due(toy.fs, &now));
    assert_int_equal(ext4_op_begin(toy.fs, 3, &now), 0);
    assert_int_equal(ext4_stable(toy.fs), 2);
    ext4_op_undo(toy.fs);
    device_free();
}

static void test_sync(void **state)
{
    (void)state;
    device_make(usual);
    mount_good(CLIENT);
    for (unsigned whole = 0; whole < 2; whole++) {
        assert_int_equal(toy_stamp(&toy, 1 + whole, false), 0);
        assert_int_equal(ext4_sync(toy.fs, whole), 0);
        assert_int_equal(ext4_stable(toy.fs), 1 + whole);
        assert_int_equal(toy.fs->journal.used == 0, whole);
        uint64_t changes = device.changes;
        assert_int_equal(ext4_sync(toy.fs, whole), 0); // nothing but a flush
        assert_int_equal(device.changes, changes + 1);
    }
    assert_int_equal(toy_stamp(&toy, 3, false), 0);
    device.fail_at = device.changes + 1;
    assert_int_equal(ext4_sync(toy.fs, false), -E_IO);
    assert_int_equal(ext4_sync(toy.fs, false), -E_IO);
    device_free();
}

// ---- mounting ----

static void test_client(void **state)
{
    (void)state;
    device_make(usual);
    mount_good(CLIENT);
    assert_int_equal(ext4_applied(toy.fs), 0);
    assert_int_equal(toy_stamp(&toy, 1, false), 0);
    assert_int_equal(toy_stamp(&toy, 2, false), 0);
    assert_int_equal(ext4_commit(toy.fs), 0);
    assert_int_equal(toy_stamp(&toy, 3, false), 0);
    mount_good(CLIENT); // the server died
    assert_int_equal(ext4_applied(toy.fs), 2);
    assert_int_equal(toy.state.file[0].stamp, 2);
    assert_int_equal(toy_stamp(&toy, 3, true), 0);
    assert_int_equal(ext4_close(toy.fs), 0);
    e2fsck_good();
    mount_good(CLIENT);
    assert_int_equal(ext4_applied(toy.fs), 3);
    mount_good(CLIENT + 1);
    assert_int_equal(ext4_applied(toy.fs), 0);
    mount_good(CLIENT);
    assert_int_equal(ext4_applied(toy.fs), 0);
    device_free();
}

static const struct ext4_super_block *super_on_device(void)
{
    return (const void *)(device.bytes + EXT4_SUPER_OFFSET);
}

static void test_marks(void **state)
{
    (void)state;
    device_make(usual);
    uint16_t mounts = super_on_device()->s_mnt_count;
    mount_good(CLIENT);
    assert_true((super_on_device()->s_feature_incompat & INCOMPAT_RECOVER) != 0);
    assert_int_equal(super_on_device()->s_mnt_count, mounts + 1);
    assert_int_equal(super_on_device()->s_mtime, TOY_TIME);
    assert_int_equal(toy_stamp(&toy, 80, false), 0);
    assert_int_equal(ext4_close(toy.fs), 0);
    assert_false(super_on_device()->s_feature_incompat & INCOMPAT_RECOVER);
    assert_int_equal(super_on_device()->s_wtime, TOY_TIME + 10);
    assert_true((super_on_device()->s_state & EXT4_VALID_FS) != 0);
    assert_int_equal(ext4_buffers_pinned(toy.fs), 0);
    struct fs_time now = {.seconds = TOY_TIME};
    assert_int_equal(ext4_op_begin(toy.fs, 81, &now), -E_ROFS);
    e2fsck_good();
    device_free();
}

// Another system's crash left the superblock's counts behind those of the groups.
static void test_counts(void **state)
{
    (void)state;
    toy_image_make(scratch, path, usual);
    run("debugfs -w -R 'ssv free_blocks_count 5' %s 2>/dev/null", path);
    run("debugfs -w -R 'ssv free_inodes_count 7' %s 2>/dev/null", path);
    image_load(&image, path);
    recorder_init(&device, image.bytes, image.size);
    assert_int_equal(super_on_device()->s_free_blocks_count_lo, 5);
    mount_good(CLIENT);
    assert_int_equal(ext4_close(toy.fs), 0);
    e2fsck_good();
    device_free();
}

// What is not carried for writing is mounted read-only, and not a byte changes.
static void test_refusals(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "-t ext2 -b 1024 3M",
        "-t ext4 -b 1024 -O ^has_journal 3M",
        "-t ext4 -b 1024 -O ^extent,^64bit -J size=1 4M",
        "-t ext4 -b 1024 -O quota -J size=1 4M",
        "-t ext4 -b 1024 -O inline_data -I 256 -J size=1 4M",
        "-t ext4 -b 1024 -O bigalloc -C 4096 -J size=1 4M",
        "-t ext4 -b 1024 -O ea_inode -J size=1 4M",
    };
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ext4 *fs;
        device_make(rows[i]);
        assert_int_equal(toy_mount(&device, true, CLIENT, &fs), 0);
        assert_false(ext4_writable(fs));
        assert_int_equal(ext4_close(fs), 0);
        assert_int_equal(device.changes, 0);
        device_free();
    }
}

// ---- devices that fail ----

// Runs until an error; then nothing more is written, and the device has what was promised.
static void fail_at(uint64_t change)
{
    struct ext4 *fs;
    struct toy_state states[30];
    uint64_t sequence = 0, stable = 0;
    device_make(usual);
    device.fail_at = change;
    int error = toy_mount(&device, true, CLIENT, &fs);
    if (!error) {
        assert_int_equal(toy_open(&toy, fs), 0);
        states[0] = toy.state;
        while (!error && sequence < 29) {
            sequence++;
            error = toy_note(&toy, sequence, sequence % 3, false);
            states[sequence] = toy.state;
            if (!error)
                error = sequence % 9 ? ext4_commit(fs) : ext4_checkpoint(fs);
        }
        assert_int_equal(error, -E_IO);
        assert_false(ext4_writable(fs));
        stable = ext4_stable(fs);
        uint64_t changes = device.changes;
        struct fs_time now = {.seconds = TOY_TIME + 100};
        assert_int_equal(ext4_op_begin(fs, sequence + 1, &now), -E_ROFS);
        assert_int_equal(ext4_commit(fs), -E_ROFS);
        assert_int_equal(ext4_close(fs), -E_ROFS);
        assert_int_equal(device.changes, changes);
        assert_null(ext4_cache_fault(fs));
    }
    device.fail_at = 0;
    struct toy_state found = remount();
    if (sequence) {
        uint32_t words[2];
        memcpy(words, super_on_device()->s_applied, sizeof(words));
        assert_in_range(words[0], stable, sequence);
        assert_memory_equal(&found, &states[words[0]], sizeof(found));
    }
    e2fsck_good();
    device_free();
}

static void test_device_fails(void **state)
{
    (void)state;
    for (uint64_t change = 1; change < 90; change++)
        fail_at(change);
}

// The next mount learns of it.
static void test_error_is_recorded(void **state)
{
    (void)state;
    device_make(usual);
    mount_good(CLIENT);
    assert_int_equal(toy_stamp(&toy, 1, false), 0);
    ext4_journal_abort(toy.fs, -E_IO, "test");
    mount_good(CLIENT);
    assert_true((super_on_device()->s_state & EXT4_ERROR_FS) != 0);
    device_free();
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
        cmocka_unit_test(test_undo),
        cmocka_unit_test(test_revoke),
        cmocka_unit_test(test_revoke_uncommitted),
        cmocka_unit_test(test_escape),
        cmocka_unit_test(test_wrap),
        cmocka_unit_test(test_room),
        cmocka_unit_test(test_age),
        cmocka_unit_test(test_sync),
        cmocka_unit_test(test_client),
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_marks),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_device_fails),
        cmocka_unit_test(test_error_is_recorded),
    };
    return cmocka_run_group_tests(tests, group_begin, group_end);
}
