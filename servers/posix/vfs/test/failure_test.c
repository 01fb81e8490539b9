// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Every N-th allocation made to fail, for all N: each operation fails with E_NOMEM (or does
// without), nothing leaks, and what the tree says afterwards is whole. And the radix tree of pages
// against an array, with and without failures.

#include "servers/posix/vfs/test/fake.h"

#include <stdlib.h>
#include <string.h>

#include "servers/posix/io/epoll.h"
#include "servers/posix/io/eventfd.h"
#include "servers/posix/io/pipe.h"

static struct fake_tree tree;

// Either it worked or memory was out.
static bool worked(int64_t result)
{
    if (result < 0)
        assert_true(result == -E_NOMEM);
    return result >= 0;
}

static void use_files(void)
{
    static const char long_name[] = "/d/a-name-that-does-not-fit-into-a-dentry-itself";
    static uint8_t data[3 * PAGE_SIZE];
    struct file *file = NULL;
    (void)worked(t_mkdir(&tree, "/d", 0755));
    if (t_lookup(&tree, "/d", 0) != 0)
        return;
    if (worked(t_open(&tree, long_name, LINUX_O_CREAT | LINUX_O_RDWR, 0644, &file))) {
        (void)worked(t_write(file, data, sizeof(data)));
        file->position = 90 * PAGE_SIZE;
        (void)worked(t_write(file, "far", 3));
        file_put(file);
        (void)worked(t_link(&tree, long_name, "/d/second"));
        (void)worked(
            t_rename(&tree, long_name, "/d/third-name-that-does-not-fit-into-a-dentry", 0));
    }
    if (worked(t_symlink(&tree, "/d/second", "/s")) && t_lookup(&tree, "/d/second", 0) == 0)
        (void)worked(t_lookup(&tree, "/s", LOOKUP_FOLLOW));
    if (worked(t_create(&tree, "/x")) && worked(t_create(&tree, "/y")))
        (void)worked(t_rename(&tree, "/x", "/y", VFS_RENAME_EXCHANGE));
    if (worked(t_mkdir(&tree, "/m", 0755)) &&
        worked(vfs_mount(&tree.who, "none", "/m", "tmpfs", 0, "")))
        (void)worked(t_create(&tree, "/m/inside"));
}

static void use_pipes(void)
{
    struct file *end[2], *epoll, *event;
    struct linux_epoll_event wanted = {.events = LINUX_POLLIN};
    uint8_t data[6000] = {0};
    if (worked(pipe_create(LINUX_O_NONBLOCK, end))) {
        int64_t moved = t_write(end[1], data, sizeof(data));
        assert_true(moved > 0 || moved == -E_AGAIN); // no memory for the ring is a full pipe
        if (worked(epoll_create_file(&epoll))) {
            (void)worked(epoll_control(epoll, EPOLL_CTL_ADD, end[0], 0, &wanted));
            file_put(epoll);
        }
        file_put(end[0]);
        file_put(end[1]);
    }
    if (worked(eventfd_create_file(0, false, 0, &event)))
        file_put(event);
    struct file_table *table = file_table_create();
    if (table != NULL) {
        struct file_table *copy = file_table_clone(table);
        if (copy != NULL)
            file_table_put(copy);
        file_table_put(table);
    }
}

static void every_allocation_fails_once(void **state)
{
    (void)state;
    for (unsigned n = 1;; n++) {
        fake_tree_create(&tree, "");
        fake_fail_allocation = n;
        use_files();
        use_pipes();
        bool reached = fake_fail_allocation == 0;
        fake_fail_allocation = 0;
        // The tree still works: names agree with what is under them.
        assert_int_equal(t_mkdir(&tree, "/after", 0755), 0);
        assert_int_equal(t_create(&tree, "/after/f"), 0);
        assert_int_equal(t_unlink(&tree, "/after/f"), 0);
        assert_int_equal(t_rmdir(&tree, "/after"), 0);
        fake_tree_destroy(&tree);
        if (!reached) {
            assert_true(n > 40);
            break;
        }
    }
}

// A tree of directories deeper than any recursion would like, freed at once.
static void deep_trees_are_freed(void **state)
{
    enum { DEPTH = 20000 };
    (void)state;
    fake_tree_create(&tree, "nr_inodes=30000");
    for (int i = 0; i < DEPTH; i++) {
        assert_int_equal(t_mkdir(&tree, "d", 0755), 0);
        assert_int_equal(t_chdir(&tree, "d"), 0);
    }
    fake_tree_destroy(&tree);
}

static void page_trees_match_an_array(void **state)
{
    enum { ITEMS = 400, ROUNDS = 30000 };
    static uint64_t index_of[ITEMS];
    static bool in[ITEMS];
    static char item[ITEMS];
    uint64_t seed = 0xa4093822299f31d0ull;
    struct page_tree pages = {.root = NULL};
    (void)state;
    for (unsigned i = 0; i < ITEMS; i++)
        index_of[i] = i < 200 ? i : i < 300 ? i * 977ull : (uint64_t)i << (i - 300) % 56;
    index_of[ITEMS - 1] = UINT64_MAX;
    for (unsigned round = 0; round < ROUNDS; round++) {
        seed = seed * 6364136223846793005ull + 1442695040888963407ull;
        unsigned i = (unsigned)(seed >> 33) % ITEMS;
        assert_ptr_equal(page_tree_find(&pages, index_of[i]), in[i] ? &item[i] : NULL);
        if (in[i]) {
            assert_int_equal(page_tree_insert(&pages, index_of[i], &item[i]), -E_EXIST);
            assert_ptr_equal(page_tree_remove(&pages, index_of[i]), &item[i]);
            in[i] = false;
        } else {
            assert_null(page_tree_remove(&pages, index_of[i]));
            fake_fail_allocation = (unsigned)(seed >> 20) % 4;
            int error = page_tree_insert(&pages, index_of[i], &item[i]);
            fake_fail_allocation = 0;
            in[i] = error == 0;
            assert_true(error == 0 || error == -E_NOMEM);
        }
    }
    uint64_t seen = 0, at = 0;
    while (page_tree_next(&pages, &at) != NULL) {
        seen++;
        if (at++ == UINT64_MAX)
            break;
    }
    assert_int_equal(seen, pages.count);
    for (unsigned i = 0; i < ITEMS; i++) {
        if (in[i])
            assert_non_null(page_tree_remove(&pages, index_of[i]));
    }
    assert_null(pages.root);
    assert_int_equal(pages.levels, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation_fails_once),
        cmocka_unit_test(deep_trees_are_freed),
        cmocka_unit_test(page_trees_match_an_array),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
