// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Changing file systems of many kinds by random operations, against a model and e2fsck.
// Environment: WRITE_SEED, WRITE_RUNS (seeds for each kind), WRITE_STEPS.

#include "fs/ext4/test/image.h"
#include "fs/ext4/test/model.h"
#include "fs/ext4/test/writable.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *scratch;

struct kind {
    const char *name;
    const char *options; // of mke2fs
    const char *size;
    unsigned long_names, grow;
    bool faults;
};

static const struct kind kinds[] = {
    {"1k", "-t ext4 -b 1024 -g 1024 -N 1500", "16M", 5, 30, false},
    {"1k, faults", "-t ext4 -b 1024 -g 1024 -N 1500", "16M", 5, 30, true},
    {"2k", "-t ext4 -b 2048 -g 2048 -N 1500", "24M", 5, 30, false},
    {"4k", "-t ext4 -b 4096 -N 1500", "48M", 5, 30, false},
    {"4k, faults", "-t ext4 -b 4096 -g 1024 -N 1500", "48M", 20, 30, true},
    {"no checksums", "-t ext4 -b 1024 -g 1024 -O ^metadata_csum,^uninit_bg -N 1500", "16M", 5, 30,
     false},
    {"uninit_bg", "-t ext4 -b 1024 -g 1024 -O ^metadata_csum,uninit_bg -N 1500", "16M", 5, 30,
     false},
    {"no 64bit", "-t ext4 -b 1024 -g 2048 -O ^64bit -N 1500", "16M", 5, 30, false},
    {"no flex_bg", "-t ext4 -b 1024 -g 1024 -O ^flex_bg,^resize_inode -N 1500", "16M", 5, 30,
     false},
    {"meta_bg", "-t ext4 -b 1024 -g 1024 -O meta_bg,^resize_inode -N 1500", "16M", 5, 30, false},
    {"small inodes", "-t ext4 -b 1024 -I 128 -N 1500", "16M", 5, 30, false},
    {"large inodes", "-t ext4 -b 4096 -I 1024 -N 1500", "32M", 5, 30, false},
    {"no filetype, linear", "-t ext4 -b 1024 -O ^filetype,^dir_index -N 1500", "16M", 5, 30, false},
    {"long names", "-t ext4 -b 1024 -N 4000", "16M", 90, 90, false},
    {"full", "-t ext4 -b 1024 -g 1024 -N 300", "4M", 20, 60, true},
};

enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

static unsigned setting(const char *name, unsigned standard)
{
    const char *value = getenv(name);
    return value ? (unsigned)strtoul(value, NULL, 10) : standard;
}

static void log_line(void *context, const char *format, va_list arguments)
{
    struct image *image = context;
    image->lines++;
    vsnprintf(image->last_line, sizeof(image->last_line), format, arguments);
    printf("# %s\n", image->last_line);
}

static void open_image(struct image *image)
{
    enum { MEMORY = 4 << 20 };
    if (!image->memory)
        image->memory = aligned_alloc(4096, MEMORY);
    struct ext4_setup setup = {
        .source = image_writable(image),
        .memory = image->memory,
        .memory_bytes = MEMORY,
        .log = log_line,
        .log_context = image,
        .writable = true,
        .client = 7,
        .now = {.seconds = 1800000000},
    };
    assert_int_equal(ext4_open(&setup, &image->fs), 0);
}

static void open_writable(struct image *image)
{
    open_image(image);
    assert_true(ext4_writable(image->fs));
}

static void check(const struct image *image, const char *name, unsigned seed)
{
    char path[300], line[300];
    snprintf(path, sizeof(path), "%s/changed", scratch);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(image->bytes, 1, image->size, file), image->size);
    fclose(file);
    if (!run_line(line, sizeof(line), "e2fsck -fn %s >%s/e2fsck.out 2>&1 && echo clean", path,
                  scratch)) {
        run("cat %s/e2fsck.out; cp %s /tmp/ext4-write-failed", scratch, path);
        fail_msg("%s, seed %u: e2fsck finds faults", name, seed);
    }
}

static void run_one(const struct kind *kind, const struct image *made, unsigned seed)
{
    if (getenv("WRITE_VERBOSE"))
        fprintf(stderr, "%s, seed %u\n", kind->name, seed);
    struct image image;
    struct model model;
    unsigned steps = setting("WRITE_STEPS", 600);
    image_copy(&image, made);
    open_writable(&image);
    model_begin(&model, image.fs, image.bytes, seed);
    model.long_names = kind->long_names;
    model.grow = kind->grow;
    model.faults = kind->faults;
    for (unsigned i = 0; i < steps; i++)
        model_step(&model);
    model_compare(&model);
    assert_int_equal(ext4_close(image.fs), 0);
    open_writable(&image); // what the device holds, without what the cache knows
    model.fs = image.fs;
    model_compare(&model);
    model_release_orphans(&model);
    assert_int_equal(ext4_close(image.fs), 0);
    check(&image, kind->name, seed);
    assert_int_equal(image.lines, 0);
    if (seed == 0)
        printf("# %s: %u nodes, %u failed; done:", kind->name, model.count, model.failed);
    for (unsigned i = 0; i < 9 && seed == 0; i++)
        printf(" %u%s", model.done[i], i == 8 ? "\n" : "");
    model_end(&model);
    image_free(&image);
}

static void test_random_operations(void **state)
{
    (void)state;
    unsigned runs = setting("WRITE_RUNS", 6), first = setting("WRITE_SEED", 0);
    const char *only = getenv("WRITE_KIND");
    for (unsigned k = 0; k < KINDS; k++) {
        struct image made;
        if (only && strcmp(only, kinds[k].name) != 0)
            continue;
        run("rm -f %s/made && mke2fs -q -F -E lazy_itable_init=1 %s %s/made %s >/dev/null 2>&1",
            scratch, kinds[k].options, scratch, kinds[k].size);
        char path[300];
        snprintf(path, sizeof(path), "%s/made", scratch);
        image_load(&made, path);
        for (unsigned seed = first; seed < first + runs; seed++)
            run_one(&kinds[k], &made, seed);
        image_free(&made);
    }
}

// What cannot be written is mounted read-only, for a reason that the log names.
static void test_read_only(void **state)
{
    (void)state;
    static const char *const options[][2] = {
        {"-t ext4 -b 8192", "blocks of 8192"},
        {"-t ext3 -b 1024", "no extents"},
        {"-t ext4 -b 4096 -O bigalloc", "bigalloc"},
        {"-t ext4 -b 1024 -O inline_data", "inline_data"},
        {"-t ext4 -b 1024 -O quota", "quota"},
        {"-t ext4 -b 1024 -O ea_inode", "ea_inode"},
    };
    for (unsigned i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
        struct image image;
        char path[300];
        snprintf(path, sizeof(path), "%s/made", scratch);
        run("rm -f %s && mke2fs -q -F %s %s 64M >/dev/null 2>&1", path, options[i][0], path);
        image_load(&image, path);
        open_image(&image);
        assert_false(ext4_writable(image.fs));
        assert_non_null(strstr(image.last_line, options[i][1]));
        image_free(&image);
    }
}

// A file with an old block map in a file system with extents: read, renamed, but not freed.
static void test_old_map(void **state)
{
    (void)state;
    struct image image;
    struct ext4_inode root, inode;
    const struct fs_time now = {.seconds = 1800000000};
    const struct ext4_name name = {"old", 3};
    char path[300];
    uint32_t ino;
    snprintf(path, sizeof(path), "%s/made", scratch);
    run("rm -rf %s/tree && mkdir %s/tree && echo text >%s/tree/old && rm -f %s && "
        "mke2fs -q -F -t ext3 -b 1024 -d %s/tree %s 16M >/dev/null 2>&1 && "
        "tune2fs -O extents %s >/dev/null",
        scratch, scratch, scratch, path, scratch, path, path);
    image_load(&image, path);
    open_writable(&image);
    assert_int_equal(ext4_inode_get(image.fs, EXT4_ROOT, &root), 0);
    assert_int_equal(ext4_lookup(&root, "old", 3, &ino), 0);
    assert_int_equal(ext4_op_begin(image.fs, 1, &now), 0);
    assert_int_equal(ext4_inode_get(image.fs, ino, &inode), 0);
    struct fs_inode_id id = {ino, inode.generation};
    assert_int_equal(ext4_truncate(&inode, 0), -E_OPNOTSUPP);
    ext4_inode_put(&inode);
    assert_int_equal(ext4_remove(&root, &name, false, &id, &inode), -E_OPNOTSUPP);
    ext4_inode_put(&root);
    ext4_op_undo(image.fs);
    assert_int_equal(ext4_close(image.fs), 0);
    check(&image, "old map", 0);
    image_free(&image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read_only),
        cmocka_unit_test(test_old_map),
        cmocka_unit_test(test_random_operations),
    };
    scratch = scratch_make();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    scratch_remove();
    return failed;
}
