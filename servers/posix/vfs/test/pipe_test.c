// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Pipes, FIFOs, eventfd and epoll.

#include "servers/posix/vfs/test/fake.h"

#include <string.h>

#include "servers/posix/io/epoll.h"
#include "servers/posix/io/eventfd.h"
#include "servers/posix/io/pipe.h"
#include "servers/posix/signal.h"

static struct fake_tree tree;
static int setup(void **state)
{
    (void)state;
    fake_tree_create(&tree, "");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fake_sleep_hook = NULL;
    fake_tree_destroy(&tree);
    return 0;
}

// What goes in comes out, in order, whatever the pieces, across growth and the ring's end.
static void bytes_keep_their_order(void **state)
{
    static uint8_t data[100000];
    struct file *end[2];
    uint64_t written = 0, taken = 0;
    (void)state;
    assert_int_equal(pipe_create(LINUX_O_NONBLOCK, end), 0);
    for (unsigned round = 0; round < 5000; round++) {
        uint32_t bytes = random_below(4) == 0 ? random_below(sizeof(data)) : random_below(6000);
        uint64_t used = written - taken;
        if (random_below(2) == 0) {
            for (uint32_t i = 0; i < bytes; i++)
                data[i] = (uint8_t)((written + i) * 31 % 251);
            int64_t moved = t_write(end[1], data, bytes);
            uint64_t room = PIPE_CAPACITY - used;
            if (bytes == 0)
                assert_int_equal(moved, 0);
            else if (room == 0 || (bytes <= LINUX_PIPE_BUF && room < bytes))
                assert_int_equal(moved, -E_AGAIN); // short writes go in whole or not at all
            else
                assert_int_equal(moved, bytes < room ? bytes : room);
            if (moved > 0)
                written += (uint64_t)moved;
        } else {
            int64_t moved = t_read(end[0], data, bytes);
            assert_int_equal(moved, bytes == 0  ? 0
                                    : used == 0 ? -E_AGAIN
                                                : (int64_t)(bytes < used ? bytes : used));
            for (int64_t i = 0; i < moved; i++)
                assert_int_equal(data[i], (taken + (uint64_t)i) * 31 % 251);
            if (moved > 0)
                taken += (uint64_t)moved;
        }
        uint32_t events = file_poll(end[1], NULL);
        assert_int_equal((events & LINUX_POLLOUT) != 0,
                         PIPE_CAPACITY - (written - taken) >= LINUX_PIPE_BUF);
    }
    file_put(end[0]);
    file_put(end[1]);
}

static void ends_tell_each_other(void **state)
{
    struct file *end[2];
    uint8_t byte;
    (void)state;
    assert_int_equal(pipe_create(0, end), 0);
    assert_int_equal(t_read(end[1], &byte, 1), -E_BADF);
    assert_int_equal(t_write(end[0], "x", 1), -E_BADF);
    assert_int_equal(t_read(end[0], &byte, 1),
                     -RESTART_SYS); // nothing there: a sleep, and a signal
    assert_int_equal(file_poll(end[0], NULL), 0);
    assert_int_equal(t_write(end[1], "x", 1), 1);
    file_put(end[1]);
    assert_int_equal(file_poll(end[0], NULL), LINUX_POLLIN | LINUX_POLLRDNORM | LINUX_POLLHUP);
    assert_int_equal(t_read(end[0], &byte, 1), 1);
    assert_int_equal(t_read(end[0], &byte, 1), 0);
    file_put(end[0]);

    assert_int_equal(pipe_create(0, end), 0);
    file_put(end[0]);
    assert_int_equal(t_write(end[1], "x", 1), -E_PIPE);
    assert_true((file_poll(end[1], NULL) & LINUX_POLLERR) != 0);
    file_put(end[1]);
}

static void capacity_changes(void **state)
{
    static uint8_t data[PIPE_CAPACITY];
    struct file *end[2];
    (void)state;
    assert_int_equal(pipe_create(LINUX_O_NONBLOCK, end), 0);
    assert_int_equal(pipe_set_capacity(end[0], 1), PAGE_SIZE);
    assert_int_equal(t_write(end[1], data, sizeof(data)), PAGE_SIZE);
    assert_int_equal(pipe_set_capacity(end[0], 5000), 8192);
    assert_int_equal(t_write(end[1], data, sizeof(data)), 4096);
    assert_int_equal(pipe_set_capacity(end[0], 4096), -E_BUSY);
    assert_int_equal(pipe_set_capacity(end[0], PIPE_CAPACITY_MAX + 1ull), -E_PERM);
    assert_int_equal(pipe_set_capacity(end[0], UINT64_MAX), -E_PERM);
    file_put(end[0]);
    file_put(end[1]);
}

static struct file *hook_opened;

static void open_writer(void *context)
{
    (void)context;
    if (hook_opened == NULL)
        assert_int_equal(t_open(&tree, "/p", LINUX_O_WRONLY | LINUX_O_NONBLOCK, 0, &hook_opened),
                         0);
}

static void fifos_wait_for_the_other_end(void **state)
{
    struct file *reader, *writer;
    uint8_t byte;
    (void)state;
    struct path_argument where = {NULL, "/p"};
    assert_int_equal(vfs_make(&tree.who, where, LINUX_S_IFIFO | 0600, 0, NULL), 0);
    assert_int_equal(t_open(&tree, "/p", LINUX_O_WRONLY | LINUX_O_NONBLOCK, 0, &writer), -E_NXIO);
    assert_int_equal(t_open(&tree, "/p", LINUX_O_WRONLY, 0, &writer), -RESTART_SYS);
    assert_int_equal(t_open(&tree, "/p", LINUX_O_RDONLY | LINUX_O_NONBLOCK, 0, &reader), 0);
    assert_int_equal(file_poll(reader, NULL), 0); // no hang-up before there was a writer
    assert_int_equal(t_read(reader, &byte, 1), 0);
    file_put(reader);
    hook_opened = NULL;
    fake_sleep_hook = open_writer;
    assert_int_equal(t_open(&tree, "/p", LINUX_O_RDONLY, 0, &reader), 0);
    assert_non_null(hook_opened);
    fake_sleep_hook = NULL;
    assert_int_equal(t_write(hook_opened, "y", 1), 1);
    file_put(hook_opened);
    assert_int_equal(t_read(reader, &byte, 1), 1);
    assert_true((file_poll(reader, NULL) & LINUX_POLLHUP) != 0);
    file_put(reader);
}

static void eventfds_count(void **state)
{
    struct file *file;
    uint64_t value = 3, none = UINT64_MAX;
    (void)state;
    assert_int_equal(eventfd_create_file(2, false, LINUX_O_NONBLOCK, &file), 0);
    assert_int_equal(t_write(file, &value, 8), 8);
    assert_int_equal(t_write(file, &none, 8), -E_INVAL);
    assert_int_equal(t_read(file, &value, 7), -E_INVAL);
    assert_int_equal(t_read(file, &value, 8), 8);
    assert_int_equal(value, 5);
    assert_int_equal(t_read(file, &value, 8), -E_AGAIN);
    value = UINT64_MAX - 1;
    assert_int_equal(t_write(file, &value, 8), 8);
    value = 1;
    assert_int_equal(t_write(file, &value, 8), -E_AGAIN);
    assert_int_equal(file_poll(file, NULL) & (LINUX_POLLIN | LINUX_POLLOUT), LINUX_POLLIN);
    file_put(file);
    assert_int_equal(eventfd_create_file(2, true, LINUX_O_NONBLOCK, &file), 0);
    assert_int_equal(t_read(file, &value, 8), 8);
    assert_int_equal(value, 1);
    file_put(file);
}

static void epoll_reports(void **state)
{
    const uint32_t edge = 1u << 31, once = 1u << 30;
    struct linux_epoll_event event = {.events = LINUX_POLLIN, .data = 7}, got[4];
    struct file *epoll, *end[2], *regular;
    uint8_t byte;
    (void)state;
    assert_int_equal(epoll_create_file(&epoll), 0);
    assert_int_equal(pipe_create(0, end), 0);
    assert_int_equal(t_open(&tree, "/f", LINUX_O_CREAT | LINUX_O_RDWR, 0600, &regular), 0);
    assert_int_equal(epoll_control(epoll, EPOLL_CTL_ADD, regular, 9, &event), -E_PERM);
    assert_int_equal(epoll_control(epoll, EPOLL_CTL_ADD, epoll, 9, &event), -E_INVAL);
    assert_int_equal(epoll_control(epoll, EPOLL_CTL_MOD, end[0], 3, &event), -E_NOENT);
    assert_int_equal(epoll_control(epoll, EPOLL_CTL_ADD, end[0], 3, &event), 0);
    assert_int_equal(epoll_control(epoll, EPOLL_CTL_ADD, end[0], 3, &event), -E_EXIST);
    assert_int_equal(epoll_wait_events(epoll, got, 4, DEADLINE_NOW), 0);
    assert_int_equal(t_write(end[1], "ab", 2), 2);
    for (int i = 0; i < 3; i++) { // level: as long as it is so
        assert_int_equal(epoll_wait_events(epoll, got, 4, DEADLINE_NOW), 1);
        assert_int_equal(got[0].events, LINUX_POLLIN);
        assert_int_equal(got[0].data, 7);
    }
    event.events = LINUX_POLLIN | edge;
    assert_int_equal(epoll_control(epoll, EPOLL_CTL_MOD, end[0], 3, &event), 0);
    assert_int_equal(epoll_wait_events(epoll, got, 4, DEADLINE_NOW), 1);
    assert_int_equal(epoll_wait_events(epoll, got, 4, DEADLINE_NOW), 0);
    assert_int_equal(t_write(end[1], "c", 1), 1);
    assert_int_equal(epoll_wait_events(epoll, got, 4, DEADLINE_NOW), 1);
    event.events = LINUX_POLLIN | once;
    assert_int_equal(epoll_control(epoll, EPOLL_CTL_MOD, end[0], 3, &event), 0);
    assert_int_equal(epoll_wait_events(epoll, got, 4, DEADLINE_NOW), 1);
    assert_int_equal(t_write(end[1], "d", 1), 1);
    assert_int_equal(epoll_wait_events(epoll, got, 4, DEADLINE_NOW), 0);

    // An epoll in an epoll; no circles.
    struct file *outer;
    assert_int_equal(epoll_create_file(&outer), 0);
    event.events = LINUX_POLLIN;
    assert_int_equal(epoll_control(epoll, EPOLL_CTL_MOD, end[0], 3, &event), 0);
    assert_int_equal(epoll_control(outer, EPOLL_CTL_ADD, epoll, 4, &event), 0);
    assert_int_equal(epoll_control(epoll, EPOLL_CTL_ADD, outer, 5, &event), -E_LOOP);
    assert_int_equal(epoll_wait_events(outer, got, 4, DEADLINE_NOW), 1);
    while (file_poll(end[0], NULL) & LINUX_POLLIN)
        assert_int_equal(t_read(end[0], &byte, 1), 1);
    assert_int_equal(epoll_wait_events(outer, got, 4, DEADLINE_NOW), 0);
    file_put(end[0]); // leaves the epoll by itself
    assert_int_equal(epoll_wait_events(epoll, got, 4, DEADLINE_NOW), 0);
    file_put(epoll);
    file_put(outer);
    file_put(end[1]);
    file_put(regular);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(bytes_keep_their_order, setup, teardown),
        cmocka_unit_test_setup_teardown(ends_tell_each_other, setup, teardown),
        cmocka_unit_test_setup_teardown(capacity_changes, setup, teardown),
        cmocka_unit_test_setup_teardown(fifos_wait_for_the_other_end, setup, teardown),
        cmocka_unit_test_setup_teardown(eventfds_count, setup, teardown),
        cmocka_unit_test_setup_teardown(epoll_reports, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
