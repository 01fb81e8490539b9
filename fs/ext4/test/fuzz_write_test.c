// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Changing spoilt images: every operation may fail, none may crash, hang, leave a pin, or write
// outside the device. Environment: FUZZ_SEED, FUZZ_RUNS.

#include "fs/ext4/change.h"
#include "fs/ext4/test/image.h"
#include "fs/ext4/test/small.h"
#include "fs/ext4/test/spoil.h"
#include "fs/ext4/test/writable.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { RUNS = 1200, SPOILS_MAX = 12, STEPS = 120, MEMORY = 2 << 20 };

static const char *const kinds[] = {
    "-t ext4 -b 1024 -J size=1 -O ^metadata_csum,^uninit_bg",
    "-t ext4 -b 1024 -J size=1 -O ^metadata_csum,uninit_bg -g 1024",
    "-t ext4 -b 1024 -J size=1 -O ^metadata_csum,^uninit_bg,^64bit,large_dir -I 128",
    "-t ext4 -b 1024 -J size=1",
};

static unsigned writable, succeeded;

static void no_log(void *context, const char *format, va_list arguments)
{
    (void)context;
    (void)format;
    (void)arguments;
}

static int inode_any(struct ext4 *fs, struct ext4_inode *inode)
{
    return ext4_inode_get_used(fs, spoil_below(3) ? 11 + spoil_below(30) : 2, inode);
}

static int names_step(struct ext4_inode *directory, const struct ext4_name *name)
{
    struct ext4_inode inode, other;
    struct ext4_make make = {.mode = spoil_below(2) ? 0100644 : 0040755};
    struct ext4_name second = {"b-name-of-some-length", 1 + spoil_below(20)};
    struct ext4_rename rename = {directory, directory, *name, second, spoil_below(3)};
    struct fs_inode_id expected;
    struct ext4_place place;
    int error;
    switch (spoil_below(4)) {
    case 0:
        error = ext4_make(directory, name, &make, "", 0, &inode);
        break;
    case 1:
        error = ext4_place_find(directory, name, &place);
        if (error)
            return error;
        expected.ino = place.ino;
        ext4_place_put(directory->fs, &place);
        error = ext4_inode_get(directory->fs, expected.ino, &inode);
        if (error)
            return error;
        expected.generation = inode.generation;
        bool rmdir = ext4_inode_type(&inode) == EXT4_S_IFDIR;
        ext4_inode_put(&inode);
        error = ext4_remove(directory, name, rmdir, &expected, &inode);
        break;
    case 2:
        error = ext4_rename(&rename, &inode, &other);
        if (!error && other.buffer)
            ext4_inode_put(&other);
        break;
    default:
        error = inode_any(directory->fs, &inode);
        if (error)
            return error;
        if (inode.ino != directory->ino)
            error = ext4_link(&inode, directory, name);
        ext4_inode_put(&inode);
        return error;
    }
    if (!error)
        ext4_inode_put(&inode);
    return error;
}

static int content_step(struct ext4_inode *inode)
{
    static const uint8_t bytes[900];
    struct fs_extent extents[8];
    uint64_t offset = spoil_below(4) ? spoil_below(300) * 1024ull : 1ull << spoil_below(41);
    struct ext4_allocation allocation = {
        .offset = offset, .bytes = 1 + spoil_below(30000), .extents = extents, .room = 8};
    struct ext4_xattr_value value = {bytes, spoil_below(900)};
    switch (spoil_below(5)) {
    case 0:
        return ext4_allocate(inode, &allocation);
    case 1:
        return ext4_commit_written(inode, offset, 1 + spoil_below(30000), spoil_below(1 << 20));
    case 2:
        return ext4_truncate(inode, spoil_below(1 << 19));
    case 3:
        return ext4_xattr_set(inode, "user.small", 10, &value,
                              spoil_below(2) ? FS_XATTR_REMOVE : 0);
    default:
        return ext4_release(inode);
    }
}

static void step(struct ext4 *fs, uint64_t sequence)
{
    static const struct fs_time now = {.seconds = 1800000000};
    static const char text[] = "a-name-of-some-length";
    struct ext4_name name = {text, 1 + spoil_below(sizeof(text) - 1)};
    struct ext4_inode inode;
    if (spoil_below(3) == 0)
        name = (struct ext4_name){spoil_below(2) ? "plain" : "fragmented", 5};
    if (ext4_op_begin(fs, sequence, &now))
        return;
    int result = inode_any(fs, &inode);
    uint32_t ino = inode.ino;
    if (!result) {
        bool directory = ext4_inode_type(&inode) == EXT4_S_IFDIR;
        result = directory ? names_step(&inode, &name) : content_step(&inode);
        ext4_inode_put(&inode);
    }
    if (result < 0)
        ext4_op_undo(fs);
    else
        ext4_op_end(fs);
    succeeded += result >= 0;
    assert_int_equal(ext4_buffers_pinned(fs), 0);
    if (result == EXT4_UNFINISHED)
        (void)ext4_orphan_finish(fs, ino, &now);
    if (spoil_below(20) == 0)
        (void)ext4_commit(fs);
}

static void image_change(struct image *image)
{
    struct ext4 *fs;
    struct ext4_setup setup = {
        .source = image_writable(image),
        .memory = image->memory,
        .memory_bytes = MEMORY,
        .log = no_log,
        .writable = true,
        .client = 1,
        .now = {.seconds = 1800000000},
    };
    if (ext4_open(&setup, &fs))
        return;
    writable += ext4_writable(fs);
    for (uint64_t i = 1; i <= STEPS && ext4_writable(fs); i++)
        step(fs, i);
    assert_null(ext4_cache_fault(fs));
    (void)ext4_close(fs);
}

static unsigned long setting(const char *name, unsigned long otherwise)
{
    const char *text = getenv(name);
    return text ? strtoul(text, NULL, 0) : otherwise;
}

static void test_changes(void **state)
{
    (void)state;
    const char *scratch = scratch_make();
    char path[256];
    unsigned long seed = setting("FUZZ_SEED", 20260102), runs = setting("FUZZ_RUNS", RUNS);
    unsigned count = sizeof(kinds) / sizeof(kinds[0]);
    printf("# FUZZ_SEED=%lu FUZZ_RUNS=%lu\n", seed, runs);
    fflush(stdout);
    snprintf(path, sizeof(path), "%s/image", scratch);
    for (unsigned kind = 0; kind < count; kind++) {
        struct image good, spoilt;
        small_image_make_sized(scratch, path, kinds[kind], "4M");
        image_load(&good, path);
        image_copy(&spoilt, &good);
        spoilt.memory = aligned_alloc(4096, MEMORY);
        for (unsigned long i = 0; i < runs / count; i++) {
            spoil_seed((seed * 1000 + kind) * 1000003 + i + 1);
            memcpy(spoilt.bytes, good.bytes, good.size);
            for (uint32_t left = 1 + spoil_below(SPOILS_MAX); left > 0; left--)
                spoil_image(spoilt.bytes, spoilt.size);
            image_change(&spoilt);
        }
        image_free(&good);
        image_free(&spoilt);
    }
    printf("# %u mounts could be written, %u operations succeeded\n", writable, succeeded);
    assert_true(writable > runs / 4 && succeeded > 5 * runs);
    scratch_remove();
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
