// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Dates out of clock registers: both number forms, both hour forms, missing centuries, nonsense.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "abi/error.h"
#include "drivers/misc/rtc_cmos/rtc_cmos_hw.h"

static uint8_t bcd(int value)
{
    return (uint8_t)(value / 10 << 4 | value % 10);
}

// The same date in the clock's four forms, checked against the C library.
static void dates_agree_with_libc(void **state)
{
    (void)state;
    srand(3);
    for (int round = 0; round < 50000; round++) {
        time_t when =
            (time_t)(((int64_t)rand() << 3 ^ rand()) % 7258118400ll); // to the end of 2199
        struct tm tm;
        gmtime_r(&when, &tm);
        int year = tm.tm_year + 1900, hour12 = tm.tm_hour % 12 == 0 ? 12 : tm.tm_hour % 12;
        uint8_t pm = tm.tm_hour >= 12 ? HOURS_PM : 0;
        struct rtc_reading binary = {
            .seconds = (uint8_t)tm.tm_sec,
            .minutes = (uint8_t)tm.tm_min,
            .hours = (uint8_t)tm.tm_hour,
            .day = (uint8_t)tm.tm_mday,
            .month = (uint8_t)(tm.tm_mon + 1),
            .year = (uint8_t)(year % 100),
            .century = (uint8_t)(year / 100),
            .register_b = REGISTER_B_BINARY | REGISTER_B_24H,
        };
        assert_int_equal(rtc_reading_to_seconds(&binary), when);
        struct rtc_reading decimal = {
            .seconds = bcd(tm.tm_sec),
            .minutes = bcd(tm.tm_min),
            .hours = bcd(tm.tm_hour),
            .day = bcd(tm.tm_mday),
            .month = bcd(tm.tm_mon + 1),
            .year = bcd(year % 100),
            .century = bcd(year / 100),
            .register_b = REGISTER_B_24H,
        };
        assert_int_equal(rtc_reading_to_seconds(&decimal), when);
        decimal.hours = bcd(hour12) | pm;
        decimal.register_b = 0;
        assert_int_equal(rtc_reading_to_seconds(&decimal), when);
        binary.hours = (uint8_t)hour12 | pm;
        binary.register_b = REGISTER_B_BINARY;
        assert_int_equal(rtc_reading_to_seconds(&binary), when);
    }
}

static void missing_century_is_guessed(void **state)
{
    (void)state;
    struct rtc_reading reading = {
        .day = 1, .month = 1, .year = 0x70, .century = 0xff, .register_b = REGISTER_B_24H};
    assert_int_equal(rtc_reading_to_seconds(&reading), 0);
    reading.year = 0x00;
    assert_int_equal(rtc_reading_to_seconds(&reading), 946684800);
}

static void nonsense_is_refused(void **state)
{
    (void)state;
    const struct rtc_reading sound = {
        .day = 0x29, .month = 2, .year = 0x24, .century = 0x20, .register_b = REGISTER_B_24H};
    assert_true(rtc_reading_to_seconds(&sound) > 0);
    struct rtc_reading bad = sound;
    bad.year = 0x23; // no leap year
    assert_int_equal(rtc_reading_to_seconds(&bad), -E_IO);
    bad = sound, bad.month = 0x13;
    assert_int_equal(rtc_reading_to_seconds(&bad), -E_IO);
    bad = sound, bad.month = 0;
    assert_int_equal(rtc_reading_to_seconds(&bad), -E_IO);
    bad = sound, bad.day = 0;
    assert_int_equal(rtc_reading_to_seconds(&bad), -E_IO);
    bad = sound, bad.hours = 0x24;
    assert_int_equal(rtc_reading_to_seconds(&bad), -E_IO);
    bad = sound, bad.seconds = 0x1a;
    assert_int_equal(rtc_reading_to_seconds(&bad), -E_IO);
    bad = sound, bad.minutes = 0x60;
    assert_int_equal(rtc_reading_to_seconds(&bad), -E_IO);
}

static void every_byte_is_safe(void **state)
{
    struct rtc_reading reading;
    uint8_t *bytes = (uint8_t *)&reading;
    (void)state;
    srand(4);
    for (int round = 0; round < 500000; round++) {
        for (size_t i = 0; i < sizeof(reading); i++)
            bytes[i] = (uint8_t)rand();
        int64_t seconds = rtc_reading_to_seconds(&reading);
        assert_true(seconds == -E_IO || (seconds >= 0 && seconds <= 7258118400ll));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dates_agree_with_libc),
        cmocka_unit_test(missing_century_is_guessed),
        cmocka_unit_test(nonsense_is_refused),
        cmocka_unit_test(every_byte_is_safe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
