// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// From the clock's registers to seconds since 1970.

#include <stdbool.h>

#include "abi/error.h"
#include "drivers/misc/rtc_cmos/rtc_cmos_hw.h"

enum { INVALID = -1, YEAR_FIRST = 1970, YEAR_LAST = 2199 };

// A register's value, or INVALID if it is no number of two decimal digits.
static int value_of(uint8_t raw, bool binary)
{
    if (binary)
        return raw <= 99 ? raw : INVALID;
    if ((raw & 0x0f) > 9 || raw >> 4 > 9)
        return INVALID;
    return (raw >> 4) * 10 + (raw & 0x0f);
}

static int hours_of(const struct rtc_reading *reading, bool binary)
{
    if ((reading->register_b & REGISTER_B_24H) != 0)
        return value_of(reading->hours, binary);
    int hours = value_of((uint8_t)(reading->hours & ~HOURS_PM), binary);
    if (hours < 1 || hours > 12)
        return INVALID;
    return hours % 12 + ((reading->hours & HOURS_PM) != 0 ? 12 : 0);
}

// The century byte is missing on some machines: then years below 70 are of this one.
static int year_of(const struct rtc_reading *reading, bool binary)
{
    int year = value_of(reading->year, binary), century = value_of(reading->century, binary);
    if (year == INVALID)
        return INVALID;
    if (century >= 19 && century <= 21)
        return century * 100 + year;
    return year + (year < 70 ? 2000 : 1900);
}

static bool is_leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int days_in(int month, int year)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month - 1] + (month == 2 && is_leap(year));
}

int64_t rtc_reading_to_seconds(const struct rtc_reading *reading)
{
    bool binary = (reading->register_b & REGISTER_B_BINARY) != 0;
    int seconds = value_of(reading->seconds, binary), minutes = value_of(reading->minutes, binary);
    int hours = hours_of(reading, binary), day = value_of(reading->day, binary);
    int month = value_of(reading->month, binary), year = year_of(reading, binary);
    if (seconds < 0 || seconds > 60 || minutes < 0 || minutes > 59 || hours < 0 || hours > 23)
        return -E_IO;
    if (year < YEAR_FIRST || year > YEAR_LAST || month < 1 || month > 12 || day < 1 ||
        day > days_in(month, year))
        return -E_IO;
    int64_t days = day - 1;
    for (int m = 1; m < month; m++)
        days += days_in(m, year);
    for (int y = YEAR_FIRST; y < year; y++)
        days += is_leap(y) ? 366 : 365;
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds;
}
