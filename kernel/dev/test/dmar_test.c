// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The DMAR table: one as QEMU's q35 makes it, damaged ones, and random bytes.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "abi/error.h"
#include "kernel/arch/x86_64/dmar.h"

enum { HEADER = 48, UNIT = 48, SCOPE = 64, UNIT2 = 72, RESERVED = 88, END = 120 };

// One unit for an I/O APIC and all devices, one for 00:02.0 by itself, one region of 00:1d.0.
static const uint8_t good[END] = {
    [0] = 'D', 'M',  'A',  'R', [4] = END, [36] = 38, [37] = 1, [UNIT] = 0,
    0,         24,   0,    1,   0,         0,         0,        0,
    0,         0xd9, 0xfe, 0,   0,         0,         0,        [SCOPE] = 3,
    8,         0,    0,    0,   0xff,      0,         0,        [UNIT2] = 0,
    0,         16,   0,    0,   0,         0,         0,        0,
    0x10,      0xd9, 0xfe, 0,   0,         0,         0,        [RESERVED] = 1,
    0,         32,   0,    0,   0,         0,         0,        0,
    0,         0,    0x7f, 0,   0,         0,         0,        0xff,
    0xff,      0,    0x7f, 0,   0,         0,         0,        1,
    8,         0,    0,    0,   0,         0x1d,      0,
};

static int parse(const uint8_t *table, uint32_t length, struct dmar *dmar)
{
    uint8_t *copy = malloc(length); // so that the sanitizer sees one byte too far
    memcpy(copy, table, length);
    const char *why = NULL;
    int error = dmar_parse(copy, length, dmar, &why);
    assert_true(error == 0 || why != NULL);
    free(copy);
    return error;
}

static void test_good(void **state)
{
    (void)state;
    struct dmar dmar;
    assert_int_equal(parse(good, sizeof(good), &dmar), 0);
    assert_true(dmar.present);
    assert_true(dmar.interrupts);
    assert_int_equal(dmar.units, 2);
    assert_int_equal(dmar.unit[0].registers, 0xfed90000);
    assert_true(dmar.unit[0].all);
    assert_int_equal(dmar.unit[0].ioapics, 1);
    assert_int_equal(dmar.unit[0].ioapic[0].source, 0xff00);
    assert_int_equal(dmar.unit[1].registers, 0xfed91000);
    assert_false(dmar.unit[1].all);
    assert_int_equal(dmar.reserved, 1);
    assert_int_equal(dmar.reserved_device[0], 0x1d << 3);
}

static void expect(unsigned at, uint8_t value, int error)
{
    uint8_t table[sizeof(good)];
    struct dmar dmar;
    memcpy(table, good, sizeof(good));
    table[at] = value;
    assert_int_equal(parse(table, sizeof(table), &dmar), error);
    assert_true(error == 0 || !dmar.present);
}

static void test_damaged(void **state)
{
    (void)state;
    struct dmar dmar;
    expect(UNIT + 2, 0, -E_BADMSG); // an entry of no length
    expect(UNIT + 2, 3, -E_BADMSG);
    expect(UNIT + 2, 15, -E_BADMSG);   // too short for a unit
    expect(UNIT + 3, 1, -E_BADMSG);    // beyond the table
    expect(UNIT + 8, 1, -E_BADMSG);    // registers at no page
    expect(UNIT + 6, 1, -E_OPNOTSUPP); // another segment
    expect(SCOPE + 1, 0, -E_BADMSG);
    expect(SCOPE + 1, 7, -E_BADMSG);
    expect(SCOPE + 1, 10, -E_BADMSG);
    expect(SCOPE + 6, 32, -E_BADMSG);
    expect(RESERVED + 24, 2, -E_OPNOTSUPP);
    expect(RESERVED + 2, 23, -E_BADMSG);
    expect(RESERVED + 19, 0x7e, -E_BADMSG);                  // ends before it begins
    assert_int_equal(parse(good, HEADER, &dmar), -E_BADMSG); // no unit
    assert_int_equal(parse(good, HEADER - 1, &dmar), -E_BADMSG);
}

static void test_truncated(void **state)
{
    (void)state;
    for (uint32_t length = 1; length < sizeof(good); length++) {
        struct dmar dmar;
        int error = parse(good, length, &dmar);
        bool whole = length == UNIT2 || length == RESERVED;
        assert_int_equal(error, whole ? 0 : -E_BADMSG);
    }
}

static void test_random(void **state)
{
    (void)state;
    srand(20261121);
    for (unsigned n = 0; n < 200000; n++) {
        uint8_t table[sizeof(good)];
        struct dmar dmar;
        memcpy(table, good, sizeof(good));
        for (unsigned i = 0; i < 1 + (unsigned)rand() % 6; i++) {
            table[HEADER + (unsigned)rand() % (sizeof(good) - HEADER)] = (uint8_t)rand();
        }
        (void)parse(table, 1 + (uint32_t)rand() % sizeof(good), &dmar);
        assert_true(dmar.units <= DMAR_UNITS_MAX && dmar.reserved <= DMAR_RESERVED_MAX);
    }
}

// More of everything than there is room for.
static void test_too_many(void **state)
{
    (void)state;
    uint8_t table[HEADER + 9 * 16] = {[37] = 1};
    struct dmar dmar;
    for (unsigned i = 0; i < 9; i++) {
        uint8_t *unit = &table[HEADER + i * 16];
        unit[2] = 16;
        unit[9] = 0x10;
    }
    assert_int_equal(parse(table, sizeof(table), &dmar), -E_OPNOTSUPP);
    assert_int_equal(parse(table, sizeof(table) - 16, &dmar), 0);
    enum { SCOPES = 257, BYTES = 16 + SCOPES * 8 };
    uint8_t scopes[HEADER + BYTES] = {
        [HEADER + 2] = BYTES & 0xff, [HEADER + 3] = BYTES >> 8, [HEADER + 9] = 0x10};
    for (unsigned i = 0; i < SCOPES; i++) {
        scopes[HEADER + 16 + i * 8] = 1;
        scopes[HEADER + 16 + i * 8 + 1] = 8;
    }
    assert_int_equal(parse(scopes, sizeof(scopes), &dmar), -E_OPNOTSUPP);
    scopes[HEADER + 4] = 1; // of a unit for all: they say nothing new
    assert_int_equal(parse(scopes, sizeof(scopes), &dmar), 0);
    assert_int_equal(dmar.unit[0].devices, 0);
    scopes[HEADER + 4] = 0;
    for (unsigned i = 0; i < SCOPES; i++) {
        scopes[HEADER + 16 + i * 8] = 2;
    }
    assert_int_equal(parse(scopes, sizeof(scopes), &dmar), -E_OPNOTSUPP); // bridges
}

// A unit for what is behind a bridge, as QEMU has it, and one for a device two hops away.
static void test_behind_bridges(void **state)
{
    (void)state;
    struct dmar dmar;
    uint8_t bridge[HEADER + 16 + 8] = {
        [HEADER + 2] = 24, [HEADER + 9] = 0x10, [HEADER + 16] = 2, 8, [HEADER + 22] = 3};
    assert_int_equal(parse(bridge, sizeof(bridge), &dmar), 0);
    assert_int_equal(dmar.unit[0].bridges, 1);
    assert_int_equal(dmar.unit[0].bridge[0], 3 << 3);
    uint8_t hops[HEADER + 16 + 10] = {
        [HEADER + 2] = 26, [HEADER + 9] = 0x10, [HEADER + 16] = 1, 10};
    assert_int_equal(parse(hops, sizeof(hops), &dmar), -E_OPNOTSUPP);
    hops[HEADER + 4] = 1;
    assert_int_equal(parse(hops, sizeof(hops), &dmar), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),      cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_truncated), cmocka_unit_test(test_random),
        cmocka_unit_test(test_too_many),  cmocka_unit_test(test_behind_bridges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
