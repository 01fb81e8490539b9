// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on

#include "abi/error.h"
#include "servers/devmgr/unit_name.h"

static const char *made(const char *pattern, uint32_t number)
{
    static char name[32];

    assert_int_equal(unit_name_make(pattern, number, name, sizeof name), 0);
    return name;
}

static void test_numbers(void **state)
{
    (void)state;
    assert_string_equal(made("ttyS%", 0), "ttyS0");
    assert_string_equal(made("ttyS%", 10), "ttyS10");
    assert_string_equal(made("%", UINT32_MAX), "4294967295");
}

static void test_letters(void **state)
{
    (void)state;
    assert_string_equal(made("vd@", 0), "vda");
    assert_string_equal(made("vd@", 25), "vdz");
    assert_string_equal(made("vd@", 26), "vdaa");
    assert_string_equal(made("vd@", 701), "vdzz");
    assert_string_equal(made("vd@", 702), "vdaaa");
    made("@", UINT32_MAX);
}

static void test_plain_and_refused(void **state)
{
    char name[5];

    (void)state;
    assert_string_equal(made("rtc", 0), "rtc");
    assert_int_equal(unit_name_make("rtc", 1, name, sizeof name), -E_INVAL);
    assert_int_equal(unit_name_make("", 0, name, sizeof name), -E_INVAL);
    assert_int_equal(unit_name_make("ttyS%", 0, name, sizeof name), -E_NAMETOOLONG);
    assert_int_equal(unit_name_make("tty%", 0, name, sizeof name), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_letters),
        cmocka_unit_test(test_plain_and_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
