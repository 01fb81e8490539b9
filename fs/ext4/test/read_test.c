// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Reading good images: every combination of features against the tree that the image was made from,
// and against debugfs.

#include "fs/ext4/internal.h"
#include "fs/ext4/test/compare.h"
#include "fs/ext4/test/image.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *scratch;
static char tree[256], image_path[256];

struct combination {
    const char *name;
    const char *options; // of mke2fs
    const char *then;    // commands of debugfs, separated by ';'
    bool index;          // e2fsck -D builds hash trees
};

// Rows cover block sizes, both maps, each kind of checksum, each hash, inode sizes, layouts of
// groups.
static const struct combination combinations[] = {
    {"4k", "-t ext4 -b 4096", NULL, true},
    {"1k", "-t ext4 -b 1024", NULL, true},
    {"2k", "-t ext4 -b 2048", NULL, true},
    {"64k", "-t ext4 -b 65536", NULL, true},
    {"linear", "-t ext4 -b 1024 -O ^dir_index", NULL, false},
    {"uninit_bg", "-t ext4 -b 1024 -O ^metadata_csum,uninit_bg -g 8192", NULL, true},
    {"no checksums", "-t ext4 -b 1024 -O ^metadata_csum,^uninit_bg", NULL, true},
    {"no 64bit", "-t ext4 -b 4096 -O ^64bit", NULL, true},
    {"ext2", "-t ext2 -b 1024", NULL, true},
    {"ext2, 4k, old inodes", "-t ext2 -b 4096 -I 128", NULL, false},
    {"ext3", "-t ext3 -b 4096", NULL, true},
    {"ext3, 1k", "-t ext3 -b 1024 -I 128", NULL, true},
    {"revision 0", "-r 0 -b 1024", NULL, false},
    {"no filetype", "-t ext4 -b 1024 -O ^filetype", NULL, true},
    {"inline data", "-t ext4 -b 4096 -O inline_data -I 256", NULL, true},
    {"inline data, 512", "-t ext4 -b 1024 -O inline_data -I 512", NULL, true},
    {"inline data, 1k inodes", "-t ext4 -b 1024 -O inline_data -I 1024", NULL, true},
    {"checksum seed", "-t ext4 -b 1024 -O metadata_csum_seed", "ssv uuid random", true},
    {"meta_bg", "-t ext4 -b 1024 -O meta_bg,^resize_inode -g 1024", NULL, true},
    {"meta_bg, 32", "-t ext4 -b 1024 -O meta_bg,^resize_inode,^64bit -g 512", NULL, true},
    {"all superblocks", "-t ext4 -b 1024 -O meta_bg,^resize_inode,^sparse_super -g 1024", NULL,
     true},
    {"sparse_super2", "-t ext4 -b 1024 -O sparse_super2,meta_bg,^resize_inode -g 1024", NULL, true},
    {"no flex_bg", "-t ext4 -b 1024 -O ^flex_bg,^resize_inode -g 1024", NULL, true},
    {"bigalloc", "-t ext4 -b 4096 -O bigalloc -C 16384", NULL, true},
    {"bigalloc, 1k", "-t ext4 -b 1024 -O bigalloc -C 4096", NULL, true},
    {"ea_inode, large_dir", "-t ext4 -b 4096 -O ea_inode,large_dir", NULL, true},
    {"tea", "-t ext4 -b 1024", "ssv def_hash_version tea", true},
    {"legacy", "-t ext4 -b 1024", "ssv def_hash_version legacy", true},
    {"unsigned half_md4", "-t ext4 -b 1024", "ssv flags 2", true},
    {"unsigned tea", "-t ext4 -b 1024", "ssv def_hash_version tea;ssv flags 2", true},
    {"unsigned legacy", "-t ext4 -b 1024", "ssv def_hash_version legacy;ssv flags 2", true},
};

static void image_debugfs(const char *commands)
{
    char path[300];
    snprintf(path, sizeof(path), "%s/commands", scratch);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    for (const char *at = commands; *at; at++)
        fputc(*at == ';' ? '\n' : *at, file);
    fputc('\n', file);
    fclose(file);
    run("debugfs -w -f %s %s >%s/debugfs.out 2>&1", path, image_path, scratch);
}

static void image_make(const struct combination *row)
{
    run("rm -f %s && mke2fs -q -F -d %s %s %s 250M >%s/mke2fs.out 2>&1", image_path, tree,
        row->options, image_path, scratch);
    if (row->then)
        image_debugfs(row->then);
    if (row->index)
        run("e2fsck -fyD %s >%s/e2fsck.out 2>&1 || [ $? -eq 1 ]", image_path, scratch);
}

// The map of a file, block by block, is what debugfs says. Every `step`-th block.
static void compare_map(struct ext4 *fs, const char *path, unsigned step)
{
    struct ext4_inode inode;
    char line[512], commands[300];
    snprintf(commands, sizeof(commands), "%s/bmap", scratch);
    assert_int_equal(ext4_inode_get(fs, path_lookup(fs, path), &inode), 0);
    uint64_t blocks = (inode.size + fs->block_bytes - 1) >> fs->block_shift;
    FILE *file = fopen(commands, "w");
    for (uint64_t block = 0; block < blocks; block += step)
        fprintf(file, "bmap /%s %llu\n", path, (unsigned long long)block);
    fclose(file);
    snprintf(line, sizeof(line), "debugfs -f %s %s 2>/dev/null", commands, image_path);
    FILE *pipe = popen(line, "r");
    uint64_t block = 0;
    while (fgets(line, sizeof(line), pipe)) {
        if (strncmp(line, "debugfs:", 8) == 0)
            continue;
        struct fs_extent extent;
        uint64_t end;
        uint64_t offset = block << fs->block_shift;
        assert_int_equal(ext4_map(&inode, offset, 1, &extent, 1, &end), 1);
        assert_int_equal(extent.device_offset >> fs->block_shift, strtoull(line, NULL, 10));
        assert_int_equal(end, offset + fs->block_bytes);
        block += step;
    }
    pclose(pipe);
    assert_true(block >= blocks);
    ext4_inode_put(&inode);
}

static unsigned tree_levels(struct ext4 *fs, const char *path)
{
    struct ext4_inode inode;
    struct ext4_buffer *root;
    assert_int_equal(ext4_inode_get(fs, path_lookup(fs, path), &inode), 0);
    assert_true(ext4_is_indexed(&inode));
    assert_int_equal(ext4_directory_block_get(&inode, 0, EXT4_KIND_HASH_ROOT, &root), 0);
    const struct ext4_dx_root_info *info = (const void *)(root->data + EXT4_DX_ROOT_INFO_OFFSET);
    unsigned levels = info->indirect_levels + 1u;
    ext4_buffer_put(fs, root);
    ext4_inode_put(&inode);
    return levels;
}

static unsigned extent_depth(struct ext4 *fs, const char *path)
{
    struct ext4_inode inode;
    assert_int_equal(ext4_inode_get(fs, path_lookup(fs, path), &inode), 0);
    const struct ext4_extent_header *header = (const void *)ext4_disk_inode(&inode)->i_block;
    unsigned depth = inode.flags & EXT4_EXTENTS_FL ? header->eh_depth : 0;
    ext4_inode_put(&inode);
    return depth;
}

// The rows' special shapes are really there.
static void check_shapes(struct ext4 *fs, const struct combination *row)
{
    bool extents = ext4_has_incompat(fs, INCOMPAT_EXTENTS);
    if (row->index)
        assert_int_equal(tree_levels(fs, "many"), fs->block_bytes == 1024 ? 2 : 1);
    if (extents && fs->block_bytes <= 4096)
        assert_true(extent_depth(fs, "fragmented") >= 2);
    if (strncmp(row->name, "inline", 6) == 0) {
        struct ext4_inode inode;
        assert_int_equal(ext4_inode_get(fs, path_lookup(fs, "with-3"), &inode), 0);
        assert_true(inode.flags & EXT4_INLINE_DATA_FL);
        ext4_inode_put(&inode);
    }
}

static void test_combinations(void **state)
{
    (void)state;
    for (unsigned i = 0; i < sizeof(combinations) / sizeof(combinations[0]); i++) {
        const struct combination *row = &combinations[i];
        struct image image;
        image_make(row);
        image_load(&image, image_path);
        image.memory_bytes = EXT4_MEMORY_MIN_LARGE;
        printf("# %s\n", row->name);
        assert_int_equal(image_open(&image), 0);
        check_shapes(image.fs, row);
        assert_true(tree_compare(image.fs, EXT4_ROOT, tree) > MANY_NAMES);
        compare_map(image.fs, "fragmented", 13);
        compare_map(image.fs, "size-100001", 1);
        compare_map(image.fs, "sparse", 70001);
        assert_int_equal(ext4_buffers_pinned(image.fs), 0);
        image_free(&image);
    }
}

// A cache with hardly any room serves as well: all buffers but a few are held.
static void test_small_cache(void **state)
{
    (void)state;
    enum { FREE = 16 };
    struct image image;
    struct ext4_buffer *held[1024];
    image_make(&combinations[1]);
    image_load(&image, image_path);
    assert_int_equal(image_open(&image), 0);
    uint32_t count = image.fs->cache.count - FREE;
    assert_in_range(count, 1, 1024);
    for (uint32_t i = 0; i < count; i++)
        assert_int_equal(ext4_buffer_get(image.fs, image.fs->blocks - 1 - i, 0, &held[i]), 0);
    tree_compare(image.fs, EXT4_ROOT, tree);
    assert_null(ext4_cache_fault(image.fs));
    for (uint32_t i = 0; i < count; i++)
        ext4_buffer_put(image.fs, held[i]);
    assert_int_equal(ext4_buffers_pinned(image.fs), 0);
    image_free(&image);
}

// ---- attributes and the like, set by debugfs ----

static void make_plain(const char *options, const char *commands)
{
    run("rm -f %s && mke2fs -q -F -t ext4 -b 1024 %s %s 4M >%s/mke2fs.out 2>&1", image_path,
        options, image_path, scratch);
    image_debugfs(commands);
}

static void plain_open(struct image *image)
{
    image_load(image, image_path);
    assert_int_equal(image_open(image), 0);
}

static void attributes_of(struct ext4 *fs, const char *path, struct fs_attributes *out)
{
    struct ext4_inode inode;
    assert_int_equal(ext4_inode_get(fs, path_lookup(fs, path), &inode), 0);
    ext4_inode_attributes(&inode, out);
    ext4_inode_put(&inode);
}

static void test_attributes(void **state)
{
    (void)state;
    struct image image;
    struct fs_attributes found;
    make_plain("", "mknod c c 5 1;mknod b b 259 60000;mkdir d;"
                   "sif d mtime 0x80000000;sif d mtime_extra 1;"
                   "sif d atime 0xffffffff;sif d atime_extra 0;"
                   "sif d ctime 7;sif d ctime_extra 0xee6b27ff;"
                   "sif d crtime 1000000000;sif d crtime_extra 4000;"
                   "sif d uid 100000;sif d gid 70001;sif d generation 77;sif d flags 0x800b8");
    plain_open(&image);
    attributes_of(image.fs, "c", &found);
    assert_int_equal(found.mode & 0170000, 0020000);
    assert_int_equal(found.rdev, 5ull << 32 | 1);
    attributes_of(image.fs, "b", &found);
    assert_int_equal(found.mode & 0170000, 0060000);
    assert_int_equal(found.rdev, 259ull << 32 | 60000);
    attributes_of(image.fs, "d", &found);
    assert_int_equal(found.mtime.seconds, 0x80000000ll);
    assert_int_equal(found.atime.seconds, -1);
    assert_int_equal(found.ctime.seconds, 7 + (3ll << 32));
    assert_int_equal(found.ctime.nanoseconds, 999999999);
    assert_int_equal(found.btime.seconds, 1000000000);
    assert_int_equal(found.btime.nanoseconds, 1000);
    assert_int_equal(found.uid, 100000);
    assert_int_equal(found.gid, 70001);
    assert_int_equal(found.generation, 77);
    assert_int_equal(found.flags,
                     FS_INODE_IMMUTABLE | FS_INODE_APPEND_ONLY | FS_INODE_NO_ATIME | FS_INODE_SYNC);
    image_free(&image);
}

static void test_unwritten(void **state)
{
    (void)state;
    struct image image;
    struct ext4_inode inode;
    struct fs_extent extents[8];
    uint64_t end;
    uint8_t data[3000];
    make_plain("", "write /dev/null f;fallocate f 2 9;sif f size 20000");
    plain_open(&image);
    assert_int_equal(ext4_inode_get(image.fs, path_lookup(image.fs, "f"), &inode), 0);
    assert_int_equal(ext4_map(&inode, 0, 20000, extents, 8, &end), 3);
    assert_int_equal(extents[0].flags, FS_EXTENT_HOLE);
    assert_int_equal(extents[0].bytes, 2048);
    assert_int_equal(extents[1].flags, FS_EXTENT_UNWRITTEN);
    assert_int_equal(extents[1].bytes, 8192);
    assert_int_equal(extents[2].flags, FS_EXTENT_HOLE);
    assert_int_equal(end, 20480);
    assert_int_equal(ext4_map(&inode, 0, 20000, extents, 1, &end), 1);
    assert_int_equal(end, 2048);
    assert_int_equal(ext4_map(&inode, 0, 0, extents, 8, &end), -E_INVAL);
    assert_int_equal(ext4_map(&inode, 0, 1, extents, 0, &end), -E_INVAL);
    assert_int_equal(ext4_map(&inode, ~0ull, 1, extents, 8, &end), -E_FBIG);
    assert_int_equal(ext4_map(&inode, 4096, ~0ull, extents, 8, &end), -E_FBIG);
    memset(data, 1, sizeof(data));
    assert_int_equal(ext4_read(&inode, 1500, data, sizeof(data)), sizeof(data));
    for (unsigned i = 0; i < sizeof(data); i++)
        assert_int_equal(data[i], 0);
    ext4_inode_put(&inode);
    image_free(&image);
}

static void check_attribute(const struct ext4_inode *inode, const char *name, const char *value)
{
    char found[4096];
    int length = (int)strlen(value);
    assert_int_equal(ext4_xattr_get(inode, name, strlen(name), found, sizeof(found)), length);
    assert_memory_equal(found, value, (size_t)length);
    assert_int_equal(ext4_xattr_get(inode, name, strlen(name), NULL, 0), length);
    if (length > 1)
        assert_int_equal(ext4_xattr_get(inode, name, strlen(name), found, (size_t)length - 1),
                         -E_RANGE);
}

static void test_extended_attributes(void **state)
{
    (void)state;
    struct image image;
    struct ext4_inode inode;
    char value[701], commands[1200], names[512];
    memset(value, 'v', 700);
    value[700] = 0;
    snprintf(commands, sizeof(commands),
             "write /dev/null f;ea_set f user.small tiny;ea_set f user.large %s;"
             "ea_set f security.label x;ea_set f trusted.t 12345",
             value);
    static const char *const options[] = {"", "-I 128", "-O ^metadata_csum -I 512"};
    for (unsigned i = 0; i < 3; i++) {
        make_plain(options[i], commands);
        plain_open(&image);
        assert_int_equal(ext4_inode_get(image.fs, path_lookup(image.fs, "f"), &inode), 0);
        check_attribute(&inode, "user.small", "tiny");
        check_attribute(&inode, "user.large", value);
        check_attribute(&inode, "security.label", "x");
        check_attribute(&inode, "trusted.t", "12345");
        assert_int_equal(ext4_xattr_get(&inode, "user.none", 9, names, 10), -E_NODATA);
        assert_int_equal(ext4_xattr_get(&inode, "user.", 5, names, 10), -E_OPNOTSUPP);
        assert_int_equal(ext4_xattr_get(&inode, "other.x", 7, names, 10), -E_OPNOTSUPP);
        int bytes = ext4_xattr_list(&inode, NULL, 0);
        assert_int_equal(bytes, 11 + 11 + 15 + 10);
        assert_int_equal(ext4_xattr_list(&inode, names, sizeof(names)), bytes);
        assert_int_equal(ext4_xattr_list(&inode, names, (size_t)bytes - 1), -E_RANGE);
        unsigned found = 0;
        for (int at = 0; at < bytes; at += (int)strlen(names + at) + 1)
            found += !strcmp(names + at, "user.small") || !strcmp(names + at, "user.large") ||
                     !strcmp(names + at, "security.label") || !strcmp(names + at, "trusted.t");
        assert_int_equal(found, 4);
        ext4_inode_put(&inode);
        image_free(&image);
    }
}

static void entry_write(FILE *file, uint32_t ino, uint16_t rec_len, const char *name)
{
    uint8_t bytes[64] = {0};
    struct ext4_dir_entry entry = {ino, rec_len, (uint8_t)strlen(name), EXT4_FT_REG_FILE};
    memcpy(bytes, &entry, sizeof(entry));
    memcpy(bytes + sizeof(entry), name, strlen(name));
    fwrite(bytes, 1, rec_len, file);
}

static bool count_names(void *context, const struct ext4_entry *entry)
{
    (void)entry;
    ++*(unsigned *)context;
    return true;
}

// A directory that goes on in the attribute "system.data", which the tools do not make by
// themselves: a file with the right bytes, turned into a directory. e2fsck finds nothing wrong with
// it.
static void test_long_inline_directory(void **state)
{
    (void)state;
    struct image image;
    struct ext4_inode inode;
    char path[300], commands[700];
    uint32_t parent = EXT4_ROOT, ino;
    snprintf(path, sizeof(path), "%s/directory", scratch);
    FILE *file = fopen(path, "w");
    fwrite(&parent, 4, 1, file);
    entry_write(file, 13, 28, "first");
    entry_write(file, 14, 28, "second");
    entry_write(file, 15, 20, "third");
    entry_write(file, 16, 32, "fourth");
    fclose(file);
    snprintf(commands, sizeof(commands),
             "write %s d;write /dev/null 3;write /dev/null 4;write /dev/null 5;write /dev/null 6;"
             "unlink 3;unlink 4;unlink 5;unlink 6;sif d mode 040755;"
             "sif d links_count 2;sif / links_count 4",
             path);
    make_plain("-O inline_data -I 256", commands);
    // Two things only: the type in the name's entry, and the count of directories.
    run("[ $(e2fsck -fn %s 2>&1 | grep -c 'Fix?') = 2 ]", image_path);
    plain_open(&image);
    assert_int_equal(ext4_inode_get(image.fs, path_lookup(image.fs, "d"), &inode), 0);
    static const char *const names[] = {"first", "second", "third", "fourth"};
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(ext4_lookup(&inode, names[i], (unsigned)strlen(names[i]), &ino), 0);
        assert_int_equal(ino, 13 + i);
    }
    assert_int_equal(ext4_lookup(&inode, "fifth", 5, &ino), -E_NOENT);
    assert_int_equal(ext4_lookup(&inode, "..", 2, &ino), 0);
    assert_int_equal(ino, EXT4_ROOT);
    unsigned count = 0;
    uint64_t position = 0;
    assert_int_equal(ext4_readdir(&inode, &position, count_names, &count), 0);
    assert_int_equal(count, 6);
    assert_int_equal(position, inode.size);
    ext4_inode_put(&inode);
    image_free(&image);
}

static void test_statistics(void **state)
{
    (void)state;
    struct image image;
    struct fs_statfs_reply found;
    char line[128];
    make_plain("-m 10", "stats");
    plain_open(&image);
    ext4_statistics(image.fs, &found);
    assert_int_equal(found.magic, 0xEF53);
    assert_int_equal(found.block_bytes, 1024);
    assert_int_equal(found.blocks, 4096);
    assert_true(run_line(line, sizeof(line),
                         "dumpe2fs -h %s 2>/dev/null | sed -n 's/^Free blocks: *//p'", image_path));
    assert_int_equal(found.free_blocks, strtoull(line, NULL, 10));
    assert_int_equal(found.available_blocks, found.free_blocks - 409);
    assert_true(run_line(line, sizeof(line),
                         "dumpe2fs -h %s 2>/dev/null | sed -n 's/^Free inodes: *//p'", image_path));
    assert_int_equal(found.free_inodes, strtoull(line, NULL, 10));
    image_free(&image);
}

// With every block pinned there is an error, not a wait; unpinned, the cache is as good as before.
static void test_all_pinned(void **state)
{
    (void)state;
    struct image image;
    struct ext4_buffer *buffers[1024], *one_more;
    make_plain("", "stats");
    plain_open(&image);
    uint32_t count = image.fs->cache.count;
    assert_in_range(count, 16, 1023);
    for (uint32_t i = 0; i < count; i++)
        assert_int_equal(ext4_buffer_get(image.fs, i, 3, &buffers[i]), 0);
    assert_int_equal(ext4_buffer_get(image.fs, count, 3, &one_more), -E_NOMEM);
    assert_null(ext4_cache_fault(image.fs));
    ext4_buffer_put(image.fs, buffers[5]);
    assert_int_equal(ext4_buffer_get(image.fs, count, 3, &buffers[5]), 0);
    assert_int_equal(ext4_buffer_get(image.fs, count, 3, &one_more), 0);
    assert_ptr_equal(one_more, buffers[5]);
    ext4_buffer_put(image.fs, one_more);
    for (uint32_t i = 0; i < count; i++)
        ext4_buffer_put(image.fs, buffers[i]);
    assert_null(ext4_cache_fault(image.fs));
    assert_int_equal(ext4_buffers_pinned(image.fs), 0);
    image_free(&image);
}

static void test_stale_numbers(void **state)
{
    (void)state;
    struct image image;
    struct ext4_inode inode;
    static const uint64_t numbers[] = {0, 1, 3, 8, 10, 13, 1 << 20, 1ull << 32, ~0ull};
    make_plain("", "write /dev/null f");
    plain_open(&image);
    for (unsigned i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        assert_int_equal(ext4_inode_get(image.fs, numbers[i], &inode), -E_SRCH);
    assert_int_equal(ext4_inode_get(image.fs, 12, &inode), 0);
    uint32_t ino;
    uint64_t position = 0;
    assert_int_equal(ext4_lookup(&inode, "x", 1, &ino), -E_NOTDIR);
    assert_int_equal(ext4_readdir(&inode, &position, NULL, NULL), -E_NOTDIR);
    assert_int_equal(ext4_readlink(&inode, NULL, 0), -E_INVAL);
    ext4_inode_put(&inode);
    assert_int_equal(image.lines, 0);
    image_free(&image);
}

// ---- what is refused ----

static void check_refused(const char *options, const char *commands, int error, const char *word)
{
    struct image image;
    make_plain(options, commands ? commands : "stats");
    image_load(&image, image_path);
    assert_int_equal(image_open(&image), error);
    if (!strstr(image.last_line, word))
        fail_msg("no \"%s\" in \"%s\"", word, image.last_line);
    image_free(&image);
}

static void test_refused(void **state)
{
    (void)state;
    check_refused("", "feature needs_recovery", -E_OPNOTSUPP, "journal needs replay");
    check_refused("-O encrypt", NULL, -E_OPNOTSUPP, "encrypt");
    check_refused("-O casefold", NULL, -E_OPNOTSUPP, "casefold");
    check_refused("-O mmp", NULL, -E_OPNOTSUPP, "mmp");
    check_refused("", "feature FEATURE_I31", -E_OPNOTSUPP, "0x80000000");
    check_refused("-O journal_dev", NULL, -E_OPNOTSUPP, "journal_dev");
}

static void test_unknown_ro_compat(void **state)
{
    (void)state;
    struct image image;
    make_plain("", "feature FEATURE_R30");
    plain_open(&image);
    assert_non_null(strstr(image.last_line, "read-only because of features: 0x40000000"));
    image_free(&image);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_attributes),          cmocka_unit_test(test_unwritten),
        cmocka_unit_test(test_extended_attributes), cmocka_unit_test(test_long_inline_directory),
        cmocka_unit_test(test_statistics),          cmocka_unit_test(test_all_pinned),
        cmocka_unit_test(test_stale_numbers),       cmocka_unit_test(test_refused),
        cmocka_unit_test(test_unknown_ro_compat),   cmocka_unit_test(test_small_cache),
        cmocka_unit_test(test_combinations),
    };
    scratch = scratch_make();
    snprintf(tree, sizeof(tree), "%s/tree", scratch);
    snprintf(image_path, sizeof(image_path), "%s/image", scratch);
    tree_make(tree);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    scratch_remove();
    return failed;
}
