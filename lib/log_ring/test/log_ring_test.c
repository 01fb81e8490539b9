// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Log rings: wrap-around, overflow, a writer in another thread, a writer that lies.

#include "lib/log_ring/log_ring.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct log_ring *ring;
static struct log_writer writer;
static struct log_reader reader;

static int setup(void **state)
{
    (void)state;
    // exactly as large as what may be touched: the sanitizer sees any access beyond
    ring = calloc(1, sizeof(*ring) + LOG_RING_DATA);
    log_writer_open(&writer, ring);
    log_reader_open(&reader, ring);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    free(ring);
    return 0;
}

static void test_round_trip(void **state)
{
    (void)state;
    char text[LOG_LINE_MAX + 10], got[LOG_LINE_MAX];
    struct log_record record;
    for (unsigned i = 0; i < 5000; i++) { // many times round
        size_t bytes = i % sizeof(text);
        memset(text, 'a' + (int)(i % 26), bytes);
        assert_false(log_writer_put(&writer, i, LOG_INFO, text, bytes));
        assert_true(log_reader_take(&reader, &record, got));
        assert_int_equal(record.bytes, bytes < LOG_LINE_MAX ? bytes : LOG_LINE_MAX);
        assert_memory_equal(got, text, record.bytes);
        assert_int_equal(record.time, i);
        assert_int_equal(record.level, LOG_INFO);
        assert_false(log_reader_take(&reader, &record, got));
    }
    assert_int_equal(reader.faults, 0);
    log_writer_put(&writer, 0, LOG_ERROR, "a\nb\033[1m\177", 8);
    assert_true(log_reader_take(&reader, &record, got));
    assert_memory_equal(got, "a b [1m ", 8);
}

static void test_overflow(void **state)
{
    (void)state;
    char got[LOG_LINE_MAX];
    struct log_record record;
    unsigned put = 0;
    while (!log_reader_dropped(&reader)) {
        log_writer_put(&writer, put, LOG_INFO, "0123456789", 10);
        put++;
    }
    assert_int_equal(put - 1, LOG_RING_DATA / 32);
    for (unsigned i = 0; i < put - 1; i++) {
        assert_true(log_reader_take(&reader, &record, got));
        assert_int_equal(record.time, i);
    }
    assert_false(log_reader_take(&reader, &record, got));
    log_writer_put(&writer, 77, LOG_INFO, "x", 1);
    assert_true(log_reader_take(&reader, &record, got));
}

static void test_signal(void **state)
{
    (void)state;
    char got[LOG_LINE_MAX];
    struct log_record record;
    assert_false(log_reader_sleep(&reader));
    assert_true(log_writer_put(&writer, 0, LOG_INFO, "x", 1));
    assert_false(log_writer_put(&writer, 0, LOG_INFO, "x", 1)); // asked for once
    assert_true(log_reader_sleep(&reader));
    while (log_reader_take(&reader, &record, got))
        ;
    assert_false(log_reader_sleep(&reader));
}

// A successor goes on behind the lines of the one that died; a successor of the reader where that
// stopped.
static void test_successors(void **state)
{
    (void)state;
    char got[LOG_LINE_MAX];
    struct log_record record;
    log_writer_put(&writer, 1, LOG_INFO, "last words", 10);
    log_writer_open(&writer, ring);
    log_writer_put(&writer, 2, LOG_INFO, "back", 4);
    assert_true(log_reader_take(&reader, &record, got));
    assert_memory_equal(got, "last words", 10);
    log_reader_open(&reader, ring);
    assert_true(log_reader_take(&reader, &record, got));
    assert_int_equal(record.time, 2);
}

static void test_lies(void **state)
{
    (void)state;
    char got[LOG_LINE_MAX];
    struct log_record record;
    uint64_t seed = 3;
    for (int round = 0; round < 200000; round++) {
        seed = seed * 6364136223846793005ull + 1442695040888963407ull;
        uint64_t r = seed >> 16;
        switch (r % 6) {
        case 0:
            ring->head = reader.tail + (r >> 8) % 600;
            break;
        case 1:
            ring->head = r << 30;
            break;
        case 2:
            ring->data[(r >> 8) % LOG_RING_DATA] = (uint8_t)(r >> 3);
            break;
        case 3:
            ring->data_bytes = (uint32_t)r;
            ring->tail = r;
            break;
        default:
            ring->head = reader.tail + (r >> 8) % LOG_RING_DATA / 8 * 8;
            break;
        }
        if (log_reader_take(&reader, &record, got))
            assert_true(record.bytes <= LOG_LINE_MAX);
    }
    assert_true(reader.faults > 100);
    // A reader that lies costs the writer its lines, nothing else.
    log_writer_open(&writer, ring);
    for (int round = 0; round < 100000; round++) {
        seed = seed * 6364136223846793005ull + 1442695040888963407ull;
        ring->tail = round % 3 ? writer.head - (seed >> 40) % 9000 : seed;
        log_writer_put(&writer, 0, LOG_INFO, "some line of text", 17);
    }
}

enum { STRESS = 300000 };

static void *write_many(void *argument)
{
    (void)argument;
    char text[64];
    for (unsigned i = 0; i < STRESS; i++) {
        int bytes = snprintf(text, sizeof(text), "%u %.*s", i, (int)(i % 31),
                             "abcdefghijklmnopqrstuvwxyz01234");
        log_writer_put(&writer, i, LOG_INFO, text, (size_t)bytes);
    }
    return NULL;
}

static void test_threads(void **state)
{
    (void)state;
    pthread_t thread;
    pthread_create(&thread, NULL, write_many, NULL);
    char got[LOG_LINE_MAX], expected[64];
    struct log_record record;
    uint64_t last = 0, taken = 0;
    bool joined = false;
    for (;;) {
        if (!log_reader_take(&reader, &record, got)) {
            if (joined)
                break;
            if (taken + log_reader_dropped(&reader) >= STRESS) {
                pthread_join(thread, NULL);
                joined = true;
            }
            continue;
        }
        assert_true(!taken || record.time > last);
        last = record.time;
        taken++;
        int bytes = snprintf(expected, sizeof(expected), "%u %.*s", (unsigned)last,
                             (int)(last % 31), "abcdefghijklmnopqrstuvwxyz01234");
        assert_int_equal(record.bytes, bytes);
        assert_memory_equal(got, expected, record.bytes);
    }
    assert_int_equal(taken + log_reader_dropped(&reader), STRESS);
    assert_int_equal(reader.faults, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_round_trip, setup, teardown),
        cmocka_unit_test_setup_teardown(test_overflow, setup, teardown),
        cmocka_unit_test_setup_teardown(test_signal, setup, teardown),
        cmocka_unit_test_setup_teardown(test_successors, setup, teardown),
        cmocka_unit_test_setup_teardown(test_lies, setup, teardown),
        cmocka_unit_test_setup_teardown(test_threads, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
