// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// See compare.h.

#define _GNU_SOURCE

#include "fs/ext4/test/compare.h"

#include "fs/ext4/internal.h"
#include "fs/ext4/test/image.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include <cmocka.h>

enum { CHUNK = 1000 * 1000, WHOLE_MAX = 256 << 20, MARGIN = 100 * 1000 };

// ---- making ----

static void file_write(const char *path, uint64_t offset, const void *data, size_t bytes)
{
    int file = open(path, O_WRONLY | O_CREAT, 0640);
    assert_true(file >= 0);
    assert_int_equal(pwrite(file, data, bytes, (off_t)offset), (ssize_t)bytes);
    close(file);
}

static void fill(uint8_t *data, size_t bytes, uint32_t seed)
{
    for (size_t i = 0; i < bytes; i++) {
        seed = seed * 1664525 + 1013904223;
        data[i] = (uint8_t)(seed >> 24) | 1;
    }
}

static void make_small_files(const char *path)
{
    static const unsigned sizes[] = {0,   1,   59,   60,   61,   100,  140,  156,  160,   200,
                                     400, 511, 1023, 1024, 1025, 4095, 4096, 4097, 65536, 100001};
    uint8_t data[100001];
    char name[512];
    for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        fill(data, sizes[i], i + 1);
        snprintf(name, sizeof(name), "%s/size-%u", path, sizes[i]);
        file_write(name, 0, data, sizes[i]);
    }
}

static void make_sparse_files(const char *path)
{
    static const uint64_t offsets[] = {0, 5000, 300000, 70ull << 20, 5ull << 30};
    uint8_t data[4096];
    char name[512];
    snprintf(name, sizeof(name), "%s/sparse", path);
    for (unsigned i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
        fill(data, sizeof(data), i + 100);
        file_write(name, offsets[i], data, sizeof(data));
    }
    snprintf(name, sizeof(name), "%s/all-hole", path);
    file_write(name, 0, data, 0);
    assert_int_equal(truncate(name, 1 << 20), 0);
    snprintf(name, sizeof(name), "%s/fragmented", path);
    for (unsigned i = 0; i < FRAGMENTS; i++) {
        fill(data, sizeof(data), i + 1000);
        file_write(name, (uint64_t)i * FRAGMENT_STRIDE, data, sizeof(data));
    }
}

static void make_links(const char *path)
{
    static const unsigned lengths[] = {1, 10, 58, 59, 60, 61, 100, 500, 1000};
    char target[1024], name[512];
    memset(target, 'x', sizeof(target));
    for (unsigned i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        snprintf(name, sizeof(name), "%s/link-%u", path, lengths[i]);
        target[lengths[i]] = 0;
        assert_int_equal(symlink(target, name), 0);
        target[lengths[i]] = 'x';
    }
    char other[512];
    snprintf(name, sizeof(name), "%s/size-100", path);
    snprintf(other, sizeof(other), "%s/hard-link", path);
    assert_int_equal(link(name, other), 0);
    snprintf(name, sizeof(name), "%s/fifo", path);
    assert_int_equal(mkfifo(name, 0604), 0);
}

static void make_directories(const char *path)
{
    char name[768];
    snprintf(name, sizeof(name), "%s/many", path);
    assert_int_equal(mkdir(name, 0751), 0);
    for (unsigned i = 0; i < MANY_NAMES; i++) {
        snprintf(name, sizeof(name), "%s/many/%0*u", path, 200, i);
        if (i % 3 == 1) // bytes above 127: signed and unsigned hashes differ
            memcpy(name + strlen(path) + 10, "\xC3\xA4\xF0\x9F\x90\xA7", 6);
        file_write(name, 0, &i, i % 5);
    }
    snprintf(name, sizeof(name), "%s/empty", path);
    assert_int_equal(mkdir(name, 01777), 0);
    for (unsigned count = 1; count <= 12; count++) { // across the limits of inline directories
        snprintf(name, sizeof(name), "%s/with-%u", path, count);
        assert_int_equal(mkdir(name, 0755), 0);
        for (unsigned i = 0; i < count; i++) {
            snprintf(name, sizeof(name), "%s/with-%u/entry-%u", path, count, i);
            file_write(name, 0, name, 3);
        }
    }
    size_t length = strlen(path);
    snprintf(name, sizeof(name), "%s/%0*u", path, FS_NAME_MAX, 7u);
    file_write(name, 0, "long", 4);
    name[length] = 0;
    for (unsigned depth = 0; depth < 8; depth++) {
        strcat(name, "/deep");
        assert_int_equal(mkdir(name, 0755), 0);
    }
}

void tree_make(const char *path)
{
    umask(0);
    assert_int_equal(mkdir(path, 0755), 0);
    make_small_files(path);
    make_sparse_files(path);
    make_links(path);
    make_directories(path);
}

// ---- comparing ----

static void compare_range(const struct ext4_inode *inode, int file, uint64_t from, uint64_t to)
{
    static uint8_t expected[CHUNK], found[CHUNK];
    while (from < to) {
        uint32_t bytes = to - from < CHUNK ? (uint32_t)(to - from) : (uint32_t)CHUNK;
        assert_int_equal(pread(file, expected, bytes, (off_t)from), bytes);
        assert_int_equal(ext4_read(inode, from, found, bytes), bytes);
        if (memcmp(expected, found, bytes) != 0)
            assert_memory_equal(expected, found, bytes);
        from += bytes;
    }
}

// Files too large to be read as a whole: what is around their data.
static void compare_sparse(const struct ext4_inode *inode, int file)
{
    off_t at = 0;
    while ((at = lseek(file, at, SEEK_DATA)) >= 0) {
        off_t end = lseek(file, at, SEEK_HOLE);
        uint64_t from = at > MARGIN ? (uint64_t)at - MARGIN : 0;
        uint64_t to = (uint64_t)end + MARGIN;
        compare_range(inode, file, from, to < inode->size ? to : inode->size);
        at = end;
    }
}

static void compare_content(const struct ext4_inode *inode, const char *path)
{
    uint8_t data[8192];
    int file = open(path, O_RDONLY);
    assert_true(file >= 0);
    if (inode->size > WHOLE_MAX)
        compare_sparse(inode, file);
    else
        compare_range(inode, file, 0, inode->size);
    assert_int_equal(ext4_read(inode, inode->size, data, 1), 0);
    if (inode->flags & EXT4_INLINE_DATA_FL) {
        uint8_t expected[sizeof(data)];
        int length = ext4_read_inline(inode, data, sizeof(data));
        assert_true(length >= 0 && (uint64_t)length <= inode->size);
        assert_int_equal(pread(file, expected, (size_t)length, 0), length);
        assert_memory_equal(data, expected, (size_t)length);
        if (length)
            assert_int_equal(ext4_read_inline(inode, data, (size_t)length - 1), -E_OVERFLOW);
    } else {
        assert_int_equal(ext4_read_inline(inode, data, sizeof(data)), -E_INVAL);
    }
    close(file);
}

static void compare_attributes(const struct ext4_inode *inode, const struct stat *expected)
{
    struct fs_attributes found;
    ext4_inode_attributes(inode, &found);
    assert_int_equal(found.mode, expected->st_mode);
    assert_int_equal(found.uid, expected->st_uid);
    assert_int_equal(found.gid, expected->st_gid);
    assert_int_equal(found.links, expected->st_nlink);
    assert_int_equal(found.mtime.seconds, expected->st_mtim.tv_sec);
    if (!S_ISDIR(expected->st_mode))
        assert_int_equal(found.size, expected->st_size);
}

static void compare_link(const struct ext4_inode *inode, const char *path)
{
    char expected[FS_LINK_MAX], found[FS_LINK_MAX];
    ssize_t length = readlink(path, expected, sizeof(expected));
    assert_true(length > 0);
    assert_int_equal(ext4_readlink(inode, found, sizeof(found)), length);
    assert_memory_equal(expected, found, length);
    assert_int_equal(ext4_readlink(inode, found, (size_t)length - 1), -E_OVERFLOW);
}

struct listing {
    unsigned count, stop_after, taken;
    char last[FS_NAME_MAX + 1];
    uint8_t last_type;
};

static bool list(void *context, const struct ext4_entry *entry)
{
    struct listing *listing = context;
    if (listing->taken == listing->stop_after)
        return false;
    listing->taken++;
    listing->count++;
    memcpy(listing->last, entry->name, entry->name_bytes);
    listing->last[entry->name_bytes] = 0;
    listing->last_type = entry->type;
    return true;
}

static unsigned count_entries(const struct ext4_inode *directory, unsigned at_once)
{
    struct listing listing = {.stop_after = at_once};
    uint64_t position = 0;
    do {
        listing.taken = 0;
        assert_int_equal(ext4_readdir(directory, &position, list, &listing), 0);
    } while (listing.taken);
    return listing.count;
}

// Each type told by readdir is that of the inode, or unknown.
static void compare_types(struct ext4 *fs, const struct ext4_inode *directory)
{
    struct listing listing = {.stop_after = 1};
    uint64_t position = 0;
    for (;;) {
        listing.taken = 0;
        assert_int_equal(ext4_readdir(directory, &position, list, &listing), 0);
        if (listing.taken == 0)
            break;
        uint32_t ino;
        struct ext4_inode inode;
        assert_int_equal(ext4_lookup(directory, listing.last, (unsigned)strlen(listing.last), &ino),
                         0);
        assert_int_equal(ext4_inode_get(fs, ino, &inode), 0);
        if (ext4_has_incompat(fs, INCOMPAT_FILETYPE))
            assert_int_equal(listing.last_type, inode.mode >> 12);
        else
            assert_int_equal(listing.last_type, FS_TYPE_UNKNOWN);
        ext4_inode_put(&inode);
    }
}

static unsigned compare_node(struct ext4 *fs, const struct ext4_inode *parent, const char *name,
                             const char *path)
{
    struct ext4_inode inode;
    struct stat expected;
    uint32_t ino;
    unsigned compared = 1;
    assert_int_equal(ext4_lookup(parent, name, (unsigned)strlen(name), &ino), 0);
    assert_int_equal(ext4_inode_get(fs, ino, &inode), 0);
    assert_int_equal(lstat(path, &expected), 0);
    compare_attributes(&inode, &expected);
    if (S_ISREG(expected.st_mode))
        compare_content(&inode, path);
    if (S_ISLNK(expected.st_mode))
        compare_link(&inode, path);
    if (S_ISDIR(expected.st_mode))
        compared += tree_compare(fs, ino, path);
    ext4_inode_put(&inode);
    return compared;
}

unsigned tree_compare(struct ext4 *fs, uint32_t ino, const char *path)
{
    struct ext4_inode directory;
    unsigned entries = 2, compared = 0;
    char below[1024];
    uint32_t found;

    assert_int_equal(ext4_inode_get(fs, ino, &directory), 0);
    DIR *host = opendir(path);
    assert_non_null(host);
    for (struct dirent *entry; (entry = readdir(host));) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        entries++;
        snprintf(below, sizeof(below), "%s/%s", path, entry->d_name);
        compared += compare_node(fs, &directory, entry->d_name, below);
    }
    closedir(host);
    if (ino == EXT4_ROOT)
        entries++; // lost+found
    assert_int_equal(count_entries(&directory, ~0u), entries);
    assert_int_equal(count_entries(&directory, 7), entries);
    compare_types(fs, &directory);
    assert_int_equal(ext4_lookup(&directory, ".", 1, &found), 0);
    assert_int_equal(found, ino);
    assert_int_equal(ext4_lookup(&directory, "not there", 9, &found), -E_NOENT);
    ext4_inode_put(&directory);
    return compared;
}

uint32_t path_lookup(struct ext4 *fs, const char *path)
{
    uint32_t ino = EXT4_ROOT;
    while (*path) {
        struct ext4_inode inode;
        unsigned length = (unsigned)strcspn(path, "/");
        assert_int_equal(ext4_inode_get(fs, ino, &inode), 0);
        assert_int_equal(ext4_lookup(&inode, path, length, &ino), 0);
        ext4_inode_put(&inode);
        path += length + (path[length] == '/');
    }
    return ino;
}
