// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Contents: sparse files, truncation, limits, a backing store behind a small cache; descriptor
// tables; record locks.

#include "servers/posix/vfs/test/fake.h"

#include <stdlib.h>
#include <string.h>

#include "servers/posix/pagecache.h"
#include "servers/posix/user.h"
#include "servers/posix/vfs/locks.h"
#include "servers/posix/vfs/pagecache_internal.h"

static struct fake_tree tree;

static int setup(void **state)
{
    (void)state;
    fake_tree_create(&tree, "size=256k,nr_inodes=50");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fake_tree_destroy(&tree);
    return 0;
}

static int64_t write_at(struct file *file, const void *data, size_t bytes, uint64_t position)
{
    struct user_buffer buffer;
    user_buffer_init_kernel(&buffer, (void *)(uintptr_t)data, bytes);
    return file_write(file, &buffer, &position);
}

// Random writes, truncations and holes against an array.
static void contents_match_a_model(void **state)
{
    enum { SIZE = 100000, ROUNDS = 3000 };
    static uint8_t model[SIZE], data[SIZE];
    uint64_t size = 0;
    struct file *file;
    (void)state;
    memset(model, 0, sizeof(model));
    assert_int_equal(t_open(&tree, "/f", LINUX_O_CREAT | LINUX_O_RDWR, 0600, &file), 0);
    struct inode *inode = file->inode;
    for (unsigned i = 0; i < ROUNDS; i++) {
        uint32_t from = random_below(SIZE), bytes = random_below(SIZE - from);
        if (random_below(3) != 0)
            bytes = bytes % 5000;
        switch (random_below(5)) {
        case 0:
        case 1:
            for (uint32_t j = 0; j < bytes; j++)
                data[j] = (uint8_t)random_below(256);
            memcpy(model + from, data, bytes);
            assert_int_equal(write_at(file, data, bytes, from), bytes);
            if (bytes != 0 && from + bytes > size)
                size = from + bytes;
            break;
        case 2:
            assert_int_equal(inode_truncate(inode, from), 0);
            if (from < size)
                memset(model + from, 0, size - from);
            size = from;
            break;
        case 3: // punch a hole, size kept
            if (bytes != 0) {
                assert_int_equal(inode->ops->allocate(inode, 3, from, bytes), 0);
                memset(model + from, 0, bytes);
            }
            break;
        default:
            break;
        }
        assert_int_equal(inode->size, size);
        memset(data, 0x5a, sizeof(data));
        uint64_t expected = from >= size ? 0 : size - from < bytes ? size - from : bytes;
        assert_int_equal(vfs_pread(file, data, bytes, from), expected);
        assert_memory_equal(data, model + from, expected);
    }
    assert_int_equal(inode->blocks, inode->pages.count * 8);
    file_put(file);
}

static void holes_are_found(void **state)
{
    struct file *file;
    (void)state;
    assert_int_equal(t_open(&tree, "/f", LINUX_O_CREAT | LINUX_O_RDWR, 0600, &file), 0);
    assert_int_equal(write_at(file, "x", 1, 5 * PAGE_SIZE + 7), 1);
    assert_int_equal(inode_truncate(file->inode, 9 * PAGE_SIZE), 0);
    assert_int_equal(file_seek(file, 0, LINUX_SEEK_DATA), 5 * PAGE_SIZE);
    assert_int_equal(file_seek(file, 5 * PAGE_SIZE + 9, LINUX_SEEK_DATA), 5 * PAGE_SIZE + 9);
    assert_int_equal(file_seek(file, 5 * PAGE_SIZE, LINUX_SEEK_HOLE), 6 * PAGE_SIZE);
    assert_int_equal(file_seek(file, 3, LINUX_SEEK_HOLE), 3);
    assert_int_equal(file_seek(file, 6 * PAGE_SIZE, LINUX_SEEK_DATA), -E_NXIO);
    assert_int_equal(file_seek(file, 9 * PAGE_SIZE, LINUX_SEEK_HOLE), -E_NXIO);
    assert_int_equal(file_seek(file, INT64_MAX, LINUX_SEEK_END), -E_OVERFLOW);
    assert_int_equal(file_seek(file, -1, LINUX_SEEK_SET), -E_INVAL);
    assert_int_equal(file->inode->blocks, 8);
    file_put(file);
}

static void limits_hold(void **state)
{
    static uint8_t data[300 * 1024];
    struct file *file;
    char path[] = "/n00";
    (void)state;
    assert_int_equal(t_open(&tree, "/f", LINUX_O_CREAT | LINUX_O_RDWR, 0600, &file), 0);
    assert_int_equal(t_write(file, data, sizeof(data)), 256 * 1024);
    assert_int_equal(t_write(file, data, 1), -E_NOSPC);
    assert_int_equal(inode_truncate(file->inode, 0), 0);
    assert_int_equal(t_unlink(&tree, "/f"), 0);
    file->position = 0;
    assert_int_equal(t_write(file, data, 100), 100); // a file without a name still takes data
    file_put(file);
    int made = 0, error = 0;
    for (; made < 60 && error == 0; made++) {
        path[2] = (char)('0' + made / 10);
        path[3] = (char)('0' + made % 10);
        error = t_create(&tree, path);
    }
    assert_int_equal(error, -E_NOSPC);
    assert_int_equal(made - 1, 49); // the root is one too
}

// ---- a file with a backing store behind a cache of 64 pages ----

static unsigned pages_read;
static int read_error;

static int backing_read(struct inode *inode, struct page **pages, unsigned count)
{
    (void)inode;
    for (unsigned i = 0; i < count; i++) {
        assert_true((pages[i]->flags & PAGE_BUSY) != 0);
        memset(pages[i]->data, (int)(pages[i]->index * 7 + 1) & 0xff, PAGE_SIZE);
        pages_read++;
    }
    return read_error;
}

static const struct inode_operations backing_operations = {.read_pages = backing_read};

static void cache_is_bounded(void **state)
{
    enum { PAGES = 500 };
    static uint8_t data[8 * PAGE_SIZE];
    struct pagecache_stats stats;
    (void)state;
    struct superblock *superblock = tree.fs.root.mount->superblock;
    struct inode *inode = calloc(1, sizeof(*inode));
    struct file *file = file_create(&cached_file_operations, LINUX_O_RDONLY, NULL);
    inode->superblock = superblock;
    inode->ops = &backing_operations;
    inode->mode = LINUX_S_IFREG;
    inode->references = 1;
    inode->size = PAGES * PAGE_SIZE - 100;
    wait_queue_init(&inode->wait);
    file->inode = inode;
    file->kind = FILE_POSITION;
    for (unsigned round = 0; round < 2000; round++) {
        uint64_t index = round < PAGES ? round : random_below(PAGES);
        uint64_t bytes = 1 + random_below(sizeof(data));
        uint64_t from = index * PAGE_SIZE + random_below(PAGE_SIZE);
        uint64_t expected = from >= inode->size          ? 0
                            : inode->size - from < bytes ? inode->size - from
                                                         : bytes;
        assert_int_equal(vfs_pread(file, data, bytes, from), expected);
        for (uint64_t i = 0; i < expected; i += 511)
            assert_int_equal(data[i], ((from + i) / PAGE_SIZE * 7 + 1) & 0xff);
        pagecache_get_stats(&stats);
        assert_true(stats.cached_bytes <= 64 * PAGE_SIZE);
    }
    assert_true(stats.evictions > 400);
    // A read that fails leaves nothing behind, and the next one tries again.
    pagecache_truncate(inode, 0, UINT64_MAX);
    read_error = -E_IO;
    assert_int_equal(vfs_pread(file, data, 10, 0), -E_IO);
    assert_int_equal(inode->pages.count, 0);
    read_error = 0;
    assert_int_equal(vfs_pread(file, data, 10, 0), 10);
    pagecache_release(inode);
    file->inode = NULL;
    file_put(file);
    free(inode);
}

// ---- descriptors ----

static void descriptors_are_lowest_first(void **state)
{
    enum { COUNT = 1000 };
    static bool used[COUNT];
    static const struct file_operations none;
    struct file_table *table = file_table_create();
    (void)state;
    memset(used, 0, sizeof(used));
    for (unsigned round = 0; round < 20000; round++) {
        int from = random_below(4) == 0 ? (int)random_below(COUNT) : 0;
        if (random_below(5) < 3) {
            int expected = from;
            while (expected < COUNT && used[expected])
                expected++;
            struct file *file = file_create(&none, 0, NULL);
            int fd = file_table_add(table, file, from, COUNT, (round & 1) != 0);
            if (expected == COUNT) {
                assert_int_equal(fd, -E_MFILE);
                file_put(file);
            } else {
                assert_int_equal(fd, expected);
                assert_int_equal(file_table_get_cloexec(table, fd), round & 1);
                used[fd] = true;
            }
        } else {
            int fd = (int)random_below(COUNT);
            assert_int_equal(file_table_close(table, fd), used[fd] ? 0 : -E_BADF);
            used[fd] = false;
        }
    }
    struct file_table *copy = file_table_clone(table);
    file_table_close_on_exec(copy);
    for (int fd = 0; fd < COUNT; fd++) {
        bool kept = used[fd] && !file_table_get_cloexec(table, fd);
        assert_int_equal(file_table_peek(copy, fd) != NULL, kept);
        assert_int_equal(file_table_peek(table, fd) != NULL, used[fd]);
    }
    assert_null(file_table_peek(table, -1));
    assert_null(file_table_peek(table, INT32_MAX));
    assert_int_equal(file_table_close(table, INT32_MIN), -E_BADF);
    assert_int_equal(file_table_next(table, -1), -1);
    file_table_put(copy);
    file_table_put(table);
}

// ---- record locks against an array of owners ----

static void records_match_a_model(void **state)
{
    enum { BYTES = 24, OWNERS = 3, ROUNDS = 20000 };
    static int held[OWNERS][BYTES]; // 0 none, 1 read, 2 write
    static const char owner[OWNERS];
    struct file *file;
    (void)state;
    memset(held, 0, sizeof(held));
    assert_int_equal(t_open(&tree, "/f", LINUX_O_CREAT | LINUX_O_RDWR, 0600, &file), 0);
    for (unsigned round = 0; round < ROUNDS; round++) {
        unsigned who = random_below(OWNERS), first = random_below(BYTES),
                 last = first + random_below(BYTES - first);
        struct lock_request request = {.owner = &owner[who],
                                       .type = (enum lock_type)random_below(3),
                                       .first = first,
                                       .last = last};
        bool conflict = false;
        for (unsigned other = 0; other < OWNERS; other++) {
            for (unsigned at = first; at <= last && other != who; at++)
                conflict |=
                    held[other][at] == 2 || (held[other][at] == 1 && request.type == LOCK_WRITE);
        }
        if (request.type == LOCK_UNLOCK)
            conflict = false;
        assert_int_equal(locks_set_record(file->inode, &request), conflict ? -E_AGAIN : 0);
        for (unsigned at = first; at <= last && !conflict; at++)
            held[who][at] = request.type == LOCK_UNLOCK ? 0 : (int)request.type + 1;
        if (random_below(200) == 0) {
            locks_release_owner(file->inode, &owner[who]);
            memset(held[who], 0, sizeof(held[who]));
        }
    }
    for (unsigned who = 0; who < OWNERS; who++)
        locks_release_owner(file->inode, &owner[who]);
    assert_true(list_empty(&file->inode->posix_locks));
    file_put(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(contents_match_a_model, setup, teardown),
        cmocka_unit_test_setup_teardown(holes_are_found, setup, teardown),
        cmocka_unit_test_setup_teardown(limits_hold, setup, teardown),
        cmocka_unit_test_setup_teardown(cache_is_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(descriptors_are_lowest_first, setup, teardown),
        cmocka_unit_test_setup_teardown(records_match_a_model, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
