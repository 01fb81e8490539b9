// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The log server's stores, limits and lines.

#include "servers/log/limit.h"
#include "servers/log/line.h"
#include "servers/log/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_store(void **state)
{
    (void)state;
    enum { ROOM = 1000 };
    struct store store;
    char *text = malloc(ROOM);
    store_open(&store, text, ROOM);
    char line[64], got[ROOM + 1];
    uint64_t begin;
    assert_int_equal(store_read(&store, 0, got, ROOM, &begin), 0);
    for (unsigned i = 0; i < 3000; i++) {
        int bytes = snprintf(line, sizeof(line), "%u %.*s\n", i, (int)(i % 40),
                             "abcdefghijklmnopqrstuvwxyz0123456789ABCD");
        store_append(&store, line, (size_t)bytes);
        size_t length = store_read(&store, 0, got, ROOM, &begin);
        got[length] = 0;
        assert_int_equal(begin + length, store.written);
        // whole lines, the newest is there, and nothing is thrown away early
        assert_string_equal(got + length - bytes, line);
        unsigned number = (unsigned)strtoul(got, NULL, 10);
        for (char *at = got; *at; at = strchr(at, '\n') + 1)
            assert_int_equal(strtoul(at, NULL, 10), number++);
        assert_int_equal(number, i + 1);
        assert_true(i < 100 || length > ROOM - 64);
    }
    // read on in small pieces
    uint64_t position = 0;
    size_t total = 0, piece;
    while ((piece = store_read(&store, position, got, 7, &begin)) > 0) {
        position = begin + piece;
        total += piece;
    }
    assert_int_equal(position, store.written);
    assert_true(total > ROOM - 64);
    store_clear(&store);
    assert_int_equal(store_read(&store, 0, got, ROOM, &begin), 0);
    assert_int_equal(begin, store.written);
    store_append(&store, "x\n", 2);
    assert_int_equal(store_read(&store, 0, got, ROOM, &begin), 2);
    free(text);
}

static void test_limit(void **state)
{
    (void)state;
    struct limit limit;
    limit_open(&limit, 0);
    uint64_t taken = 0;
    while (limit_allows(&limit, 0)) {
        limit_take(&limit, 100);
        taken += 100;
    }
    assert_in_range(taken, LIMIT_BURST_BYTES, LIMIT_BURST_BYTES + 100);
    taken = 0; // over ten seconds, asked every millisecond
    for (time_ns_t now = 0; now < 10000000000ull; now += 1000000)
        while (limit_allows(&limit, now)) {
            limit_take(&limit, 50);
            taken += 50;
        }
    assert_in_range(taken, 9 * LIMIT_BYTES_PER_SECOND, 11 * LIMIT_BYTES_PER_SECOND);
    assert_true(limit_allows(&limit, ~0ull)); // a long sleep does not overflow
    assert_int_equal(limit.left, LIMIT_BURST_BYTES);
}

static void test_line(void **state)
{
    (void)state;
    char line[LINE_MAX + 1], name[LINE_NAME_MAX];
    size_t bytes = line_format(line, LOG_ERROR, 12345678900, "ext4", "bad block\0", 9);
    line[bytes] = 0;
    assert_string_equal(line, "<3>[   12.345678] ext4: bad block\n");

    char again[LINE_MAX + 1];
    size_t same = line_from_kernel(again, 0, line, bytes - 1, name);
    again[same] = 0;
    assert_string_equal(again, line);
    assert_string_equal(name, "ext4");

    bytes = line_from_kernel(again, 1000000, "XINIM: 2 CPUs", 13, name);
    again[bytes] = 0;
    assert_string_equal(again, "<6>[    0.001000] kernel: XINIM: 2 CPUs\n");
    assert_string_equal(name, "kernel");
}

static void test_hostile_lines(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "",        "<",       "<6>",
        "<6>[",    "<6>[]",   "<6>[] ",
        "<6>[] x", "<6>[] :", "<6>[1] a name that is much too long for its field: x",
        "]]::"};
    char out[LINE_MAX], name[LINE_NAME_MAX], text[2 * LINE_MAX];
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        size_t length = strlen(lines[i]);
        char *copy = malloc(length ? length : 1);
        memcpy(copy, lines[i], length);
        assert_true(line_from_kernel(out, 0, copy, length, name) <= LINE_MAX);
        assert_non_null(memchr(name, 0, LINE_NAME_MAX));
        free(copy);
    }
    memset(text, 'x', sizeof(text));
    assert_true(line_from_kernel(out, ~0ull, text, sizeof(text), name) < LINE_MAX);
    memcpy(text, "<6>[1] a: ", 10);
    assert_int_equal(line_from_kernel(out, 0, text, sizeof(text), name), LINE_MAX);
    memset(text, 'n', LINE_NAME_MAX);
    text[LINE_NAME_MAX] = 0;
    assert_true(line_format(out, LOG_DEBUG, ~0ull, text, text, sizeof(text)) < LINE_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_store),
        cmocka_unit_test(test_limit),
        cmocka_unit_test(test_line),
        cmocka_unit_test(test_hostile_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
