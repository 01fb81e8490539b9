// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The cpio reader against a small archive, each truncation of it, and random damage.

#include "abi/error.h"
#include "lib/cpio/cpio.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char archive[4096];
static size_t archive_bytes;

static void append(const char *name, unsigned mode, const char *data, size_t bytes)
{
    archive_bytes += (size_t)sprintf(
        archive + archive_bytes, "070701%08x%08x%08x%08x%08x%08x%08X%08x%08x%08x%08x%08X%08x", 1,
        mode, 0, 0, 1, 0, (unsigned)bytes, 0, 0, 0, 0, (unsigned)strlen(name) + 1, 0);
    memcpy(archive + archive_bytes, name, strlen(name) + 1);
    archive_bytes = (archive_bytes + strlen(name) + 1 + 3) & ~(size_t)3;
    memcpy(archive + archive_bytes, data, bytes);
    archive_bytes = (archive_bytes + bytes + 3) & ~(size_t)3;
}

static int setup(void **state)
{
    (void)state;
    memset(archive, 0, sizeof(archive));
    archive_bytes = 0;
    append(".", 040755, "", 0);
    append("rs", 0100755, "binary", 6);
    append("./log.svc", 0100644, "name = log\n", 11);
    append("empty", 0100644, "", 0);
    append("TRAILER!!!", 0, "", 0);
    return 0;
}

static void test_reads(void **state)
{
    (void)state;
    struct cpio_reader reader;
    struct cpio_entry entry;
    cpio_open(&reader, archive, archive_bytes);
    assert_int_equal(cpio_next(&reader, &entry), 1);
    assert_string_equal(entry.name, ".");
    assert_int_equal(cpio_next(&reader, &entry), 1);
    assert_string_equal(entry.name, "rs");
    assert_int_equal(entry.mode, 0100755);
    assert_int_equal(entry.bytes, 6);
    assert_memory_equal(entry.data, "binary", 6);
    assert_int_equal(cpio_next(&reader, &entry), 1);
    assert_string_equal(entry.name, "log.svc");
    assert_int_equal(cpio_next(&reader, &entry), 1);
    assert_int_equal(entry.bytes, 0);
    assert_int_equal(cpio_next(&reader, &entry), 0);
    assert_int_equal(cpio_next(&reader, &entry), 0);

    assert_int_equal(cpio_find(archive, archive_bytes, "log.svc", &entry), 1);
    assert_memory_equal(entry.data, "name = log\n", 11);
    assert_int_equal(cpio_find(archive, archive_bytes, "lo", &entry), 0);
    assert_int_equal(cpio_find(archive, archive_bytes, ".", &entry), 0); // a folder
}

static void test_truncated(void **state)
{
    (void)state;
    size_t trailer = archive_bytes - 124;
    for (size_t bytes = 0; bytes < archive_bytes; bytes++) {
        char *copy = malloc(bytes ? bytes : 1);
        memcpy(copy, archive, bytes);
        struct cpio_reader reader;
        struct cpio_entry entry;
        cpio_open(&reader, copy, bytes);
        int status;
        while ((status = cpio_next(&reader, &entry)) > 0)
            assert_true((const char *)entry.data + entry.bytes <= copy + bytes);
        if (bytes < trailer + 110)
            assert_int_equal(status, -E_BADMSG);
        free(copy);
    }
}

static void test_hostile(void **state)
{
    (void)state;
    struct cpio_entry entry;
    char *second = archive + 112; // "rs"
    assert_memory_equal(second, "070701", 6);
    memcpy(second + 6 + 6 * 8, "FFFFFFFF", 8);
    assert_int_equal(cpio_find(archive, archive_bytes, "log.svc", &entry), -E_BADMSG);
    setup(state);
    memcpy(second + 6 + 11 * 8, "FFFFFFFF", 8);
    assert_int_equal(cpio_find(archive, archive_bytes, "log.svc", &entry), -E_BADMSG);
    setup(state);
    memcpy(second + 6 + 11 * 8, "00000000", 8);
    assert_int_equal(cpio_find(archive, archive_bytes, "log.svc", &entry), -E_BADMSG);
    setup(state);
    memcpy(second + 6 + 11 * 8, "00000002", 8); // cuts the name before its NUL
    assert_int_equal(cpio_find(archive, archive_bytes, "log.svc", &entry), -E_BADMSG);
    setup(state);
    second[6 + 8] = 'g';
    assert_int_equal(cpio_find(archive, archive_bytes, "log.svc", &entry), -E_BADMSG);
    setup(state);
    second[5] = '2';
    assert_int_equal(cpio_find(archive, archive_bytes, "log.svc", &entry), -E_BADMSG);
}

static void test_damage(void **state)
{
    uint64_t seed = 1;
    for (int round = 0; round < 50000; round++) {
        setup(state);
        for (int i = 0; i <= round % 3; i++) {
            seed = seed * 6364136223846793005ull + 1442695040888963407ull;
            archive[(seed >> 33) % archive_bytes] = "0123456789abcdefF\0/"[(seed >> 20) % 19];
        }
        char *copy = malloc(archive_bytes);
        memcpy(copy, archive, archive_bytes);
        struct cpio_reader reader;
        struct cpio_entry entry;
        cpio_open(&reader, copy, archive_bytes);
        size_t last = 0;
        while (cpio_next(&reader, &entry) > 0) {
            assert_true(reader.position > last); // ends
            last = reader.position;
            assert_true((const char *)entry.data >= copy);
            assert_true((const char *)entry.data + entry.bytes <= copy + archive_bytes);
            assert_true(strlen(entry.name) < archive_bytes);
        }
        free(copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_reads, setup),
        cmocka_unit_test_setup(test_truncated, setup),
        cmocka_unit_test_setup(test_hostile, setup),
        cmocka_unit_test_setup(test_damage, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
