// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Dirty pages: a file whose contents lie in an array, behind a cache of 64 pages.

#include "servers/posix/vfs/test/fake.h"

#include <string.h>

#include "servers/posix/user.h"
#include "servers/posix/vfs/pagecache_internal.h"
#include "servers/posix/vfs/writeback.h"

enum { PAGES = 300, BYTES = PAGES * PAGE_SIZE, CACHE_PAGES = 64 };

static struct fake_tree tree;
static struct file *file;
static uint8_t device[BYTES], model[BYTES];
static uint64_t bad_page = UINT64_MAX; // cannot be read
static unsigned writes;
static int write_result;
static void (*during_write)(void);

static int read_pages(struct inode *inode, struct page **pages, unsigned count)
{
    (void)inode;
    for (unsigned i = 0; i < count; i++) {
        if (pages[i]->index == bad_page)
            return -E_IO;
        memcpy(pages[i]->data, device + pages[i]->index * PAGE_SIZE, PAGE_SIZE);
    }
    return 0;
}

static int write_pages(struct inode *inode, struct page **pages, unsigned count)
{
    writes++;
    for (unsigned i = 0; i < count; i++) {
        assert_ptr_equal(pages[i]->inode, inode);
        assert_int_equal(pages[i]->index, pages[0]->index + i);
        assert_true(pages[i]->pins > 0);
        assert_int_equal(pages[i]->flags & PAGE_DIRTY, 0);
        if (write_result == 0)
            memcpy(device + pages[i]->index * PAGE_SIZE, pages[i]->data, PAGE_SIZE);
    }
    if (during_write != NULL) {
        void (*once)(void) = during_write;
        during_write = NULL;
        once();
    }
    return write_result;
}

static const struct inode_operations operations = {
    .read_pages = read_pages,
    .write_pages = write_pages,
};

static const struct superblock_operations no_operations;
static struct superblock superblock = {.ops = &no_operations, .max_bytes = INT64_MAX};

static int setup(void **state)
{
    (void)state;
    fake_tree_create(&tree, "");
    memset(device, 0, sizeof(device));
    memset(model, 0, sizeof(model));
    writes = 0;
    write_result = 0;
    during_write = NULL;
    struct inode *inode = inode_create(&superblock, 1000, LINUX_S_IFREG | 0600);
    inode->ops = &operations;
    inode->size = BYTES;
    file = file_create(&cached_file_operations, LINUX_O_RDWR, NULL);
    file->inode = inode;
    file->kind = FILE_POSITION;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    file_put(file);
    assert_int_equal(writeback_dirty_pages(), 0);
    assert_true(writeback_idle());
    fake_tree_destroy(&tree);
    return 0;
}

static void put(uint64_t offset, uint64_t bytes, uint8_t value)
{
    memset(model + offset, value, bytes);
    file->position = offset;
    assert_int_equal(t_write(file, model + offset, bytes), bytes);
}

static void look(bool urgent)
{
    assert_int_equal(writeback_urgent(), urgent);
    assert_int_equal(writeback_look(), 0);
}

static void random_writes_all_arrive(void **state)
{
    static uint8_t data[BYTES];
    (void)state;
    for (unsigned round = 0; round < 5000; round++) {
        uint64_t offset = random_below(BYTES), bytes = 1 + random_below(5 * PAGE_SIZE);
        if (bytes > BYTES - offset)
            bytes = BYTES - offset;
        put(offset, bytes, (uint8_t)round);
        assert_true(writeback_dirty_pages() <= CACHE_PAGES / 2 + 1);
    }
    assert_int_equal(vfs_pread(file, data, BYTES, 0), BYTES);
    assert_memory_equal(data, model, BYTES);
    assert_int_equal(writeback_all(NULL), 0);
    assert_memory_equal(device, model, BYTES);
}

static void what_is_read_ahead_fails_alone(void **state)
{
    static uint8_t data[BYTES];
    (void)state;
    for (unsigned i = 0; i < BYTES; i++)
        device[i] = (uint8_t)(i / 1000);
    bad_page = 20;
    uint64_t before = bad_page * PAGE_SIZE;
    for (uint64_t at = 0; at < before; at += PAGE_SIZE)
        assert_int_equal(vfs_pread(file, data + at, PAGE_SIZE, at), PAGE_SIZE);
    assert_memory_equal(data, device, before);
    assert_int_equal(vfs_pread(file, data, PAGE_SIZE, before), -E_IO);
    assert_int_equal(vfs_pread(file, data, 2 * PAGE_SIZE, before - PAGE_SIZE), PAGE_SIZE);
    bad_page = UINT64_MAX; // a device may recover
    assert_int_equal(vfs_pread(file, data, BYTES, 0), BYTES);
    assert_memory_equal(data, device, BYTES);
}

static void old_dirt_goes_at_the_second_look(void **state)
{
    (void)state;
    put(100, 1, 7);
    look(false);
    assert_int_equal(writes, 0);
    look(false);
    assert_int_equal(writes, 1);
    assert_int_equal(device[100], 7);
    assert_true(writeback_idle());
    for (unsigned page = 0; page < CACHE_PAGES / 8; page++)
        put(2 * page * PAGE_SIZE, 1, 8);
    look(true);
    assert_true(writeback_idle());
    assert_memory_equal(device, model, BYTES);
}

static void write_same_page(void)
{
    put(PAGE_SIZE, 10, 2);
}

static void what_comes_meanwhile_is_dirty_again(void **state)
{
    (void)state;
    put(PAGE_SIZE, 10, 1);
    during_write = write_same_page;
    assert_int_equal(pagecache_sync(file->inode), 0);
    assert_int_equal(device[PAGE_SIZE], 1);
    assert_int_equal(writeback_dirty_pages(), 1);
    assert_int_equal(pagecache_sync(file->inode), 0);
    assert_int_equal(device[PAGE_SIZE], 2);
}

static void errors_are_told_once_and_nothing_is_lost(void **state)
{
    (void)state;
    put(0, 3, 1);
    write_result = -E_IO;
    assert_int_equal(writeback_all(NULL), -E_IO);
    assert_int_equal(writeback_dirty_pages(), 1);
    write_result = 0;
    assert_int_equal(pagecache_sync(file->inode), -E_IO);
    assert_int_equal(device[0], 1);
    assert_int_equal(pagecache_sync(file->inode), 0);
    // Nothing can be written: writers are told, when there is too much.
    write_result = -E_IO;
    int64_t moved = 1;
    unsigned page = 0;
    for (; moved == 1 && page < PAGES; page++) {
        file->position = page * PAGE_SIZE;
        moved = t_write(file, model, 1);
    }
    assert_int_equal(moved, -E_IO);
    assert_int_equal(page - 1, CACHE_PAGES / 2 + 1);
    // A device that is gone for good.
    write_result = -E_NODEV;
    assert_int_equal(writeback_all(NULL), -E_NODEV);
    assert_true(writeback_idle());
    (void)pagecache_sync(file->inode);
}

static void a_file_without_a_name_is_not_written(void **state)
{
    (void)state;
    put(0, PAGE_SIZE, 1);
    file->inode->links = 0;
    struct inode *inode = file->inode;
    assert_int_equal(inode->references, 2);
}

static void a_closed_file_stays_until_it_is_written(void **state)
{
    (void)state;
    struct inode *inode = file->inode;
    put(0, PAGE_SIZE, 1);
    file_put(file);
    assert_int_equal(inode->references, 1);
    assert_int_equal(writeback_all(NULL), 0);
    assert_int_equal(writes, 1);
    file = file_create(&cached_file_operations, LINUX_O_RDWR, NULL);
}

static void mapped_pages_are_protected(void **state)
{
    struct file_mapping mapping;
    struct page *page;
    (void)state;
    struct inode *inode = file->inode;
    assert_int_equal(pagecache_mmap(file, 0, BYTES, &mapping), 0);
    assert_int_equal(pagecache_supply(inode, 0), 0);
    page = page_tree_find(&inode->pages, 0);
    assert_int_equal(page->flags & (PAGE_SHARED | PAGE_DIRTY), PAGE_SHARED);
    vfs_mmap_writable(file, 1);
    assert_int_equal(page->flags & PAGE_SHARED, 0);
    assert_int_equal(pagecache_supply(inode, 0), 0);
    assert_int_equal(page->flags & (PAGE_SHARED | PAGE_DIRTY), PAGE_SHARED | PAGE_DIRTY);
    assert_int_equal(pagecache_sync(inode), 0);
    assert_int_equal(page->flags & (PAGE_SHARED | PAGE_DIRTY), 0);
    // More than may be dirty.
    for (uint64_t index = 0; index < PAGES; index++) {
        assert_int_equal(pagecache_supply(inode, index * PAGE_SIZE), 0);
        assert_true(writeback_dirty_pages() <= CACHE_PAGES / 2 + 1);
    }
    vfs_mmap_writable(file, -1);
    assert_int_equal(writeback_all(NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(random_writes_all_arrive, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_read_ahead_fails_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(old_dirt_goes_at_the_second_look, setup, teardown),
        cmocka_unit_test_setup_teardown(what_comes_meanwhile_is_dirty_again, setup, teardown),
        cmocka_unit_test_setup_teardown(errors_are_told_once_and_nothing_is_lost, setup, teardown),
        cmocka_unit_test_setup_teardown(a_file_without_a_name_is_not_written, setup, teardown),
        cmocka_unit_test_setup_teardown(a_closed_file_stays_until_it_is_written, setup, teardown),
        cmocka_unit_test_setup_teardown(mapped_pages_are_protected, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
