// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Broken images: whatever byte of whatever structure is wrong, a checksum tells; and what no
// checksum covers leads to an error or to other data, never further. Also devices that fail.

#include "fs/ext4/internal.h"
#include "fs/ext4/test/small.h"
#include "fs/ext4/test/walk.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { EXTENTS = 128 };

static const char *scratch;
static char path[256];
static struct image image; // with checksums

// What a structure lies under: a step to it fails if the structure is wrong.
struct place {
    uint64_t offset; // in the image
    size_t bytes;
};

static int inode_of(const char *name, struct ext4_inode *inode)
{
    struct ext4_inode root;
    uint32_t ino;
    int error = ext4_inode_get(image.fs, EXT4_ROOT, &root);
    if (error)
        return error;
    error = ext4_lookup(&root, name, (unsigned)strlen(name), &ino);
    ext4_inode_put(&root);
    return error ? error : ext4_inode_get(image.fs, ino, inode);
}

static bool accept(void *context, const struct ext4_entry *entry)
{
    (void)context;
    (void)entry;
    return true;
}

// Opens the image anew and uses everything of the inode with this name. First error.
static int use(const char *name)
{
    struct ext4_inode inode;
    struct fs_extent extents[EXTENTS];
    uint64_t end, position = 0;
    char value[1024];
    int error = image_open(&image);
    if (error)
        return error;
    error = inode_of(name, &inode);
    if (error)
        return error;
    if (ext4_inode_type(&inode) == EXT4_S_IFDIR) {
        error = ext4_readdir(&inode, &position, accept, NULL);
    } else {
        error = ext4_map(&inode, 0, inode.size ? inode.size : 1, extents, EXTENTS, &end);
        if (error >= 0 && end < inode.size)
            error = -E_UCLEAN;
    }
    if (error >= 0)
        error = ext4_xattr_list(&inode, value, sizeof(value));
    ext4_inode_put(&inode);
    assert_int_equal(ext4_buffers_pinned(image.fs), 0);
    return error < 0 ? error : 0;
}

// Every byte of the place, spoilt in two ways, makes using `name` fail, with a line in the log.
static void spoil(const char *what, const char *name, struct place place)
{
    assert_int_equal(use(name), 0);
    image.quiet = true;
    for (size_t i = 0; i < place.bytes; i++) {
        uint8_t *byte = &image.bytes[place.offset + i];
        uint8_t good = *byte;
        for (unsigned way = 0; way < 2; way++) {
            *byte = (uint8_t)(good ^ (way ? 0xFF : 1u << i % 8));
            int error = use(name);
            if (error >= 0 || (error != -E_SRCH && image.lines == 0))
                fail_msg("%s: byte %zu, %u: %d, %u lines", what, i, way, error, image.lines);
        }
        *byte = good;
    }
    image.quiet = false;
    assert_int_equal(use(name), 0);
}

static uint64_t block_offset(const char *name, uint64_t logical)
{
    struct ext4_inode inode;
    struct ext4_run run_found;
    assert_int_equal(image_open(&image), 0);
    assert_int_equal(inode_of(name, &inode), 0);
    assert_int_equal(ext4_run_find(&inode, logical, &run_found), 0);
    assert_true(run_found.device != 0);
    ext4_inode_put(&inode);
    return (run_found.device + logical - run_found.first) << image.fs->block_shift;
}

static uint64_t inode_offset(const char *name)
{
    struct ext4_inode inode;
    assert_int_equal(image_open(&image), 0);
    assert_int_equal(inode_of(name, &inode), 0);
    uint64_t offset = inode.buffer->block << image.fs->block_shift;
    offset += (uint64_t)(inode.raw - inode.buffer->data);
    ext4_inode_put(&inode);
    return offset;
}

// The one bit whose loss no checksum can tell: that there are checksums.
static void test_superblock(void **state)
{
    (void)state;
    size_t feature = EXT4_SUPER_OFFSET + offsetof(struct ext4_super_block, s_feature_ro_compat) + 1;
    size_t before = feature - EXT4_SUPER_OFFSET;
    spoil("superblock", ".", (struct place){EXT4_SUPER_OFFSET, before});
    spoil("superblock", ".", (struct place){feature + 1, EXT4_SUPER_BYTES - before - 1});
}

static void test_group_descriptor(void **state)
{
    (void)state;
    assert_int_equal(image_open(&image), 0);
    spoil("group descriptor", "plain", (struct place){2 * 1024, image.fs->desc_bytes});
}

static void test_inodes(void **state)
{
    (void)state;
    static const char *const names[] = {".", "plain", "hashed", "link", "fragmented"};
    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        spoil("inode", names[i], (struct place){inode_offset(names[i]), 256});
}

static void test_extent_block(void **state)
{
    (void)state;
    struct ext4_inode inode;
    assert_int_equal(image_open(&image), 0);
    assert_int_equal(inode_of("fragmented", &inode), 0);
    const struct ext4_extent_header *header = (const void *)ext4_disk_inode(&inode)->i_block;
    const struct ext4_extent_idx *index = (const void *)(header + 1);
    assert_int_equal(header->eh_depth, 1);
    uint64_t offset = (uint64_t)index->ei_leaf_lo * 1024;
    ext4_inode_put(&inode);
    spoil("extent block", "fragmented", (struct place){offset, 12 + 84 * 12 + 4});
}

static void test_directory_blocks(void **state)
{
    (void)state;
    spoil("directory block", "below", (struct place){block_offset("below", 0), 1024});
    spoil("leaf of a hash tree", "hashed", (struct place){block_offset("hashed", 3), 1024});
}

static void test_hash_root(void **state)
{
    (void)state;
    uint64_t offset = block_offset("hashed", 0);
    struct ext4_dx_countlimit limits;
    memcpy(&limits, image.bytes + offset + EXT4_DX_ROOT_ENTRIES_OFFSET, sizeof(limits));
    assert_true(limits.count > 5);
    size_t covered = EXT4_DX_ROOT_ENTRIES_OFFSET + 8u * limits.count;
    spoil("hash tree", "hashed", (struct place){offset, covered});
    spoil("tail of the hash tree", "hashed", (struct place){offset + 1024 - 8, 8});
}

static void test_attribute_block(void **state)
{
    (void)state;
    struct ext4_inode inode;
    assert_int_equal(image_open(&image), 0);
    assert_int_equal(inode_of("note", &inode), 0);
    uint64_t offset = (uint64_t)ext4_disk_inode(&inode)->i_file_acl_lo * 1024;
    assert_true(offset != 0);
    ext4_inode_put(&inode);
    spoil("attribute block", "note", (struct place){offset, 1024});
}

// ---- structures without checksums, spoilt with intent ----

struct wrong {
    const char *name;
    size_t at; // in i_block of the inode, or in the first block of a directory
    uint32_t value;
    unsigned width;
};

static void check_wrong(const struct wrong *row, uint64_t base)
{
    uint8_t good[4];
    uint8_t *at = image.bytes + base + row->at;
    memcpy(good, at, sizeof(good));
    memcpy(at, &row->value, row->width);
    int error = use(row->name);
    memcpy(at, good, sizeof(good));
    if (error != -E_UCLEAN)
        fail_msg("%s at %zu = %x: %d", row->name, row->at, row->value, error);
    assert_true(image.lines > 0);
    assert_int_equal(use(row->name), 0);
}

static void test_wrong_values(void **state)
{
    (void)state;
    static const struct wrong in_inode[] = {
        {"fragmented", 0, 0xF30B, 2},      // magic
        {"fragmented", 2, 5, 2},           // entries above max
        {"fragmented", 4, 5, 2},           // max above the room
        {"fragmented", 6, 6, 2},           // too deep
        {"fragmented", 6, 2, 2},           // child not one level lower
        {"fragmented", 16, 0, 4},          // child is block 0
        {"fragmented", 16, 0x7FFFFFFF, 4}, // child outside
        {"fragmented", 20, 1, 2},          // child outside, high half
        {"fragmented", 12, 100, 4},        // child begins before its parent says
        {"plain", 16, 0, 2},               // empty extent
        {"plain", 12, 0xFFFFFFFF, 4},      // extent behind the largest file
        {"plain", 20, 1, 4},               // extent over the superblock
        {"plain", 20, 0x7FFFFFFF, 4},      // extent outside
        {"hashed", 12, 1, 4},              // hole at the directory's start
    };
    static const struct wrong in_block[] = {
        {"below", 4, 11, 2},    // not aligned
        {"below", 4, 4, 2},     // too short
        {"below", 4, 0, 2},     // endless
        {"below", 4, 1028, 2},  // behind the end
        {"below", 0, 99999, 4}, // no such inode
        {"below", 6, 0, 1},     // no name
        {"below", 6, 5, 1},     // name longer than its entry
        {"below", 8, '/', 1},   // what no name can be
        {"hashed", 24, 1, 4},   // reserved
        {"hashed", 28, 3, 1},   // hash version
        {"hashed", 29, 7, 1},   // length of the information
        {"hashed", 30, 2, 1},   // levels
        {"hashed", 32, 125, 2}, // limit
        {"hashed", 34, 0, 2},   // count
        {"hashed", 34, 125, 2}, // count above limit
        {"hashed", 44, 999, 4}, // block behind the end
        {"hashed", 48, 1, 4},   // out of order
    };
    struct image checked = image;
    char plain[300];
    snprintf(plain, sizeof(plain), "%s/plain.image", scratch);
    small_image_make(scratch, plain, "-t ext4 -b 1024 -O ^metadata_csum,^uninit_bg");
    image_load(&image, plain);
    image.quiet = true;
    size_t i_block = offsetof(struct ext4_disk_inode, i_block);
    for (unsigned i = 0; i < sizeof(in_inode) / sizeof(in_inode[0]); i++)
        check_wrong(&in_inode[i], inode_offset(in_inode[i].name) + i_block);
    for (unsigned i = 0; i < sizeof(in_block) / sizeof(in_block[0]); i++)
        check_wrong(&in_block[i], block_offset(in_block[i].name, 0));
    image_free(&image);
    image = checked;
}

// A node of the hash tree that points to itself, or to one leaf from everywhere, ends the search.
static void test_hash_cycle(void **state)
{
    (void)state;
    struct image checked = image;
    char plain[300];
    snprintf(plain, sizeof(plain), "%s/plain.image", scratch);
    image_load(&image, plain);
    image.quiet = true;
    uint64_t root = block_offset("hashed", 0);
    struct ext4_dx_entry *entry =
        (struct ext4_dx_entry *)(void *)(image.bytes + root + EXT4_DX_ROOT_ENTRIES_OFFSET);
    unsigned count = entry[0].hash >> 16;
    struct ext4_inode inode;
    uint32_t ino;
    for (unsigned i = 1; i < count; i++)
        entry[i].hash = 1; // all names hash to 0 and go on in the next block
    for (unsigned i = 0; i < count; i++)
        entry[i].block = 1;
    image.bytes[root + EXT4_DX_ROOT_INFO_OFFSET + 6] = 1; // block 1 is a node
    assert_int_equal(image_open(&image), 0);
    assert_int_equal(inode_of("hashed", &inode), 0);
    assert_int_equal(ext4_lookup(&inode, "whatever", 8, &ino), -E_UCLEAN);
    ext4_inode_put(&inode);
    image.bytes[root + EXT4_DX_ROOT_INFO_OFFSET + 6] = 0; // block 1 is a leaf, for all
    assert_int_equal(image_open(&image), 0);
    assert_int_equal(inode_of("hashed", &inode), 0);
    assert_int_equal(ext4_lookup(&inode, "whatever", 8, &ino), -E_NOENT);
    ext4_inode_put(&inode);
    image_free(&image);
    image = checked;
}

static void test_short_device(void **state)
{
    (void)state;
    size_t whole = image.size;
    static const size_t sizes[] = {0, 512, 2047, 2048, 100000, (2 << 20) - 1024};
    for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        image.size = sizes[i] & ~(size_t)511;
        assert_int_equal(image_open(&image), -E_INVAL);
        assert_int_equal(image.lines, 1);
    }
    image.size = whole;
}

static void test_logged_once(void **state)
{
    (void)state;
    uint8_t *byte = &image.bytes[inode_offset("plain")];
    struct ext4_inode inode;
    image_open(&image);
    *byte ^= 0x10;
    for (unsigned i = 0; i < 100; i++)
        assert_int_equal(inode_of("plain", &inode), -E_BADMSG);
    assert_int_equal(image.lines, 1);
    *byte ^= 0x10;
}

// Each read of a whole walk fails once. Either an error comes out, or (a read ahead) everything is
// as ever.
static void test_failing_reads(void **state)
{
    (void)state;
    struct walk good = {.inodes_max = 10000, .read_max = 4096}, walk = good;
    assert_int_equal(image_open(&image), 0);
    walk_all(image.fs, &good);
    assert_int_equal(good.errors, 0);
    assert_true(good.inodes > 90);
    uint64_t reads = image.reads;
    for (uint64_t n = 1; n <= reads; n++) {
        image.fail_at = n;
        int error = image_open(&image);
        if (n == 1) {
            assert_int_equal(error, -E_IO);
            continue;
        }
        walk_all(image.fs, &walk);
        if (walk.errors == 0)
            assert_int_equal(walk.content, good.content);
        else
            assert_int_equal(walk.first_error, -E_IO);
    }
    image.fail_at = 0;
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_superblock),       cmocka_unit_test(test_group_descriptor),
        cmocka_unit_test(test_inodes),           cmocka_unit_test(test_extent_block),
        cmocka_unit_test(test_directory_blocks), cmocka_unit_test(test_hash_root),
        cmocka_unit_test(test_attribute_block),  cmocka_unit_test(test_wrong_values),
        cmocka_unit_test(test_hash_cycle),       cmocka_unit_test(test_short_device),
        cmocka_unit_test(test_logged_once),      cmocka_unit_test(test_failing_reads),
    };
    scratch = scratch_make();
    snprintf(path, sizeof(path), "%s/image", scratch);
    small_image_make(scratch, path, "-t ext4 -b 1024");
    image_load(&image, path);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    image_free(&image);
    scratch_remove();
    return failed;
}
