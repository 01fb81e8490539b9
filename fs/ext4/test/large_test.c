// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Structures that grow through all their levels: directories with hash trees of two and three
// levels, a file in pieces with an extent tree of three, and both taken apart again.

#include "fs/ext4/change.h"
#include "fs/ext4/test/image.h"
#include "fs/ext4/test/writable.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *scratch;
static uint64_t sequence;
static const struct fs_time now = {.seconds = 1800000000};

static void log_line(void *context, const char *format, va_list arguments)
{
    (void)context;
    vprintf(format, arguments);
    printf("\n");
}

static void open_again(struct image *image)
{
    enum { MEMORY = 8 << 20 };
    if (!image->memory)
        image->memory = aligned_alloc(4096, MEMORY);
    struct ext4_setup setup = {
        .source = image_writable(image),
        .memory = image->memory,
        .memory_bytes = MEMORY,
        .log = log_line,
        .writable = true,
        .client = 1,
        .now = now,
    };
    assert_int_equal(ext4_open(&setup, &image->fs), 0);
    assert_true(ext4_writable(image->fs));
}

static void begin(struct image *image, const char *options, const char *size)
{
    char path[300];
    snprintf(path, sizeof(path), "%s/large", scratch);
    run("rm -f %s && mke2fs -q -F -t ext4 %s %s %s >/dev/null 2>&1", path, options, path, size);
    image_load(image, path);
    open_again(image);
    sequence = 0;
}

// Writes everything home and lets e2fsck look at it.
static void check(struct image *image)
{
    char path[300];
    assert_int_equal(ext4_checkpoint(image->fs), 0);
    snprintf(path, sizeof(path), "%s/changed", scratch);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(image->bytes, 1, image->size, file), image->size);
    fclose(file);
    run("debugfs -w -R 'feature -needs_recovery' %s >/dev/null 2>&1; "
        "e2fsck -fn %s >%s/out 2>&1 || { cat %s/out; false; }",
        path, path, scratch, scratch);
}

static void end(struct image *image)
{
    char path[300];
    assert_int_equal(ext4_close(image->fs), 0);
    snprintf(path, sizeof(path), "%s/changed", scratch);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(image->bytes, 1, image->size, file), image->size);
    fclose(file);
    run("e2fsck -fn %s >%s/out 2>&1 || { cat %s/out; false; }", path, scratch, scratch);
    image_free(image);
}

// ---- directories ----

static struct ext4_name name_of(char *text, unsigned number, unsigned length)
{
    snprintf(text, FS_NAME_MAX + 1, "%0*u", (int)length, number * 2654435761u);
    return (struct ext4_name){text, (unsigned)strlen(text)};
}

static int finish(struct ext4 *fs, int result)
{
    if (result < 0)
        ext4_op_undo(fs);
    else
        ext4_op_end(fs);
    return result;
}

static void name_make(struct ext4 *fs, uint32_t directory, const struct ext4_inode *to,
                      const struct ext4_name *name)
{
    struct ext4_inode inode;
    assert_int_equal(ext4_op_begin(fs, ++sequence, &now), 0);
    assert_int_equal(ext4_inode_get(fs, directory, &inode), 0);
    int result = ext4_name_add(&inode, name, to);
    ext4_inode_put(&inode);
    assert_int_equal(finish(fs, result), 0);
}

static void name_drop(struct ext4 *fs, uint32_t directory, const struct ext4_name *name)
{
    struct ext4_inode inode;
    struct ext4_place place;
    assert_int_equal(ext4_op_begin(fs, ++sequence, &now), 0);
    assert_int_equal(ext4_inode_get(fs, directory, &inode), 0);
    assert_int_equal(ext4_place_find(&inode, name, &place), 0);
    int result = ext4_place_remove(&inode, &place);
    ext4_place_put(fs, &place);
    ext4_inode_put(&inode);
    assert_int_equal(finish(fs, result), 0);
}

static unsigned levels_of(struct ext4 *fs, uint32_t ino)
{
    struct ext4_inode inode;
    struct ext4_buffer *root;
    assert_int_equal(ext4_inode_get(fs, ino, &inode), 0);
    assert_int_equal(ext4_directory_block_get(&inode, 0, EXT4_KIND_HASH_ROOT, &root), 0);
    unsigned levels = ((const struct ext4_dx_root_info *)(root->data + EXT4_DX_ROOT_INFO_OFFSET))
                          ->indirect_levels;
    ext4_buffer_put(fs, root);
    ext4_inode_put(&inode);
    return levels + 1;
}

static uint32_t make(struct ext4 *fs, uint32_t mode, const char *name)
{
    struct ext4_inode root, inode;
    struct ext4_name text = {name, (unsigned)strlen(name)};
    struct ext4_make request = {.mode = mode};
    assert_int_equal(ext4_op_begin(fs, ++sequence, &now), 0);
    assert_int_equal(ext4_inode_get(fs, EXT4_ROOT, &root), 0);
    int result = ext4_make(&root, &text, &request, "", 0, &inode);
    ext4_inode_put(&root);
    assert_int_equal(finish(fs, result), 0);
    uint32_t ino = inode.ino;
    ext4_inode_put(&inode);
    return ino;
}

// `count` names of one file in one directory.
static void directory_run(const char *options, const char *size, unsigned count, unsigned length,
                          unsigned levels)
{
    struct image image;
    struct ext4_inode directory, file;
    char text[FS_NAME_MAX + 1];
    uint32_t found;
    begin(&image, options, size);
    struct ext4 *fs = image.fs;
    uint32_t ino = make(fs, 0040755, "directory"), file_ino = make(fs, 0100644, "file");
    for (unsigned i = 0; i < count; i++) {
        struct ext4_name name = name_of(text, i, length);
        assert_int_equal(ext4_inode_get(fs, file_ino, &file), 0);
        name_make(fs, ino, &file, &name);
        ext4_inode_put(&file);
    }
    assert_int_equal(levels_of(fs, ino), levels);
    for (unsigned i = 0; i < count; i += 2) {
        struct ext4_name name = name_of(text, i, length);
        name_drop(fs, ino, &name);
    }
    assert_int_equal(ext4_inode_get(fs, ino, &directory), 0);
    for (unsigned i = 0; i < count; i++) {
        struct ext4_name name = name_of(text, i, length);
        assert_int_equal(ext4_lookup(&directory, name.bytes, name.length, &found),
                         i % 2 ? 0 : -E_NOENT);
    }
    ext4_inode_put(&directory);
    // The counts that e2fsck checks.
    assert_int_equal(ext4_op_begin(fs, ++sequence, &now), 0);
    assert_int_equal(ext4_inode_get(fs, file_ino, &file), 0);
    assert_int_equal(finish(fs, ext4_inode_set_links(&file, (uint16_t)(1 + count / 2))), 0);
    ext4_inode_put(&file);
    end(&image);
}

static void test_two_levels(void **state)
{
    (void)state;
    directory_run("-b 1024 -N 100", "32M", 6000, 200, 2);
    directory_run("-b 4096 -N 100", "64M", 60000, 40, 2);
}

static void test_three_levels(void **state)
{
    (void)state;
    directory_run("-b 1024 -N 100 -O large_dir", "64M", 60000, 230, 3);
}

// ---- extents ----

enum { PIECES = 40000, STRIDE = 2 };

static unsigned depth_of(struct ext4 *fs, uint32_t ino)
{
    struct ext4_inode inode;
    assert_int_equal(ext4_inode_get_used(fs, ino, &inode), 0);
    unsigned depth =
        ((const struct ext4_extent_header *)ext4_disk_inode(&inode)->i_block)->eh_depth;
    ext4_inode_put(&inode);
    return depth;
}

static void piece_allocate(struct ext4 *fs, uint32_t ino, uint64_t number, bool written)
{
    struct ext4_inode inode;
    struct fs_extent extent;
    struct ext4_allocation allocation = {
        .offset = number * STRIDE * 1024, .bytes = 1024, .extents = &extent, .room = 1};
    assert_int_equal(ext4_op_begin(fs, ++sequence, &now), 0);
    assert_int_equal(ext4_inode_get_used(fs, ino, &inode), 0);
    int result = ext4_allocate(&inode, &allocation);
    if (result == 1 && written)
        result = ext4_commit_written(&inode, allocation.offset, 1024, allocation.offset + 1024);
    ext4_inode_put(&inode);
    assert_true(finish(fs, result) >= 0);
}

static void test_extents(void **state)
{
    (void)state;
    struct image image;
    begin(&image, "-b 1024 -N 100", "64M");
    struct ext4 *fs = image.fs;
    uint32_t ino = make(fs, 0100644, "pieces");
    uint64_t free = ext4_free_blocks(fs);
    for (unsigned i = 0; i < PIECES; i++) // every number once, in an order that jumps
        piece_allocate(fs, ino, (uint64_t)i * 16807 % PIECES, i % 3 != 0);
    assert_int_equal(depth_of(fs, ino), 3);
    check(&image);
    for (uint64_t pieces = PIECES / 2; pieces > 0; pieces /= 7) {
        struct ext4_inode inode;
        assert_int_equal(ext4_op_begin(fs, ++sequence, &now), 0);
        assert_int_equal(ext4_inode_get_used(fs, ino, &inode), 0);
        int result = ext4_truncate(&inode, pieces * STRIDE * 1024);
        ext4_inode_put(&inode);
        finish(fs, result);
        assert_true(result == 0 || result == EXT4_UNFINISHED);
        if (result == EXT4_UNFINISHED)
            assert_int_equal(ext4_truncate_finish(fs, ino, &now), 0);
        assert_int_equal(fs->super.s_last_orphan, 0);
        check(&image);
    }
    struct ext4_inode inode;
    assert_int_equal(ext4_op_begin(fs, ++sequence, &now), 0);
    assert_int_equal(ext4_inode_get_used(fs, ino, &inode), 0);
    assert_int_equal(finish(fs, ext4_truncate(&inode, 0)), 0);
    ext4_inode_put(&inode);
    assert_int_equal(depth_of(fs, ino), 0);
    assert_int_equal(ext4_free_blocks(fs), free);
    end(&image);
}

// The server dies while a truncation is under way; the client mounts again.
static void test_cut_short(void **state)
{
    (void)state;
    struct image image;
    struct ext4_inode inode;
    begin(&image, "-b 1024 -N 100", "64M");
    uint32_t ino = make(image.fs, 0100644, "pieces");
    for (unsigned i = 0; i < 8000; i++)
        piece_allocate(image.fs, ino, i, true);
    assert_int_equal(ext4_op_begin(image.fs, ++sequence, &now), 0);
    assert_int_equal(ext4_inode_get(image.fs, ino, &inode), 0);
    assert_int_equal(finish(image.fs, ext4_truncate(&inode, 5000)), EXT4_UNFINISHED);
    ext4_inode_put(&inode);
    assert_int_equal(image.fs->super.s_last_orphan, ino);
    assert_int_equal(ext4_commit(image.fs), 0);
    open_again(&image);
    assert_int_equal(ext4_applied(image.fs), sequence);
    assert_int_equal(image.fs->super.s_last_orphan, 0);
    assert_int_equal(ext4_inode_get(image.fs, ino, &inode), 0);
    assert_int_equal(inode.size, 5000);
    assert_int_equal(depth_of(image.fs, ino), 0);
    ext4_inode_put(&inode);
    end(&image);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_extents),
        cmocka_unit_test(test_cut_short),
        cmocka_unit_test(test_two_levels),
        cmocka_unit_test(test_three_levels),
    };
    scratch = scratch_make();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    scratch_remove();
    return failed;
}
