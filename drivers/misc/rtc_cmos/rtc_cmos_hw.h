// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Registers of the Motorola MC146818A real-time clock as PCs have it, and the date in them (pure).
// Document: MC146818A data sheet (1984), tables 3 and 4; the century byte is the PC's own
// (ACPI 6.4, 5.2.9).

#pragma once

#include <stdint.h>

enum rtc_port { RTC_INDEX = 0, RTC_DATA = 1 }; // from port 0x70

enum rtc_register {
    RTC_SECONDS = 0x00,
    RTC_MINUTES = 0x02,
    RTC_HOURS = 0x04,
    RTC_DAY = 0x07,
    RTC_MONTH = 0x08,
    RTC_YEAR = 0x09,
    RTC_REGISTER_A = 0x0a,
    RTC_REGISTER_B = 0x0b,
    RTC_REGISTER_D = 0x0d,
    RTC_CENTURY = 0x32,
};

enum {
    REGISTER_A_UIP = 0x80, // update in progress: the date may change under the reader
    REGISTER_B_24H = 0x02,
    REGISTER_B_BINARY = 0x04, // else BCD
    REGISTER_D_VRT = 0x80,    // the battery held
    HOURS_PM = 0x80,          // in 12-hour form
};

// What one reading gives.
struct rtc_reading {
    uint8_t seconds, minutes, hours, day, month, year, century;
    uint8_t register_b;
};

// Seconds since 1970-01-01 UTC, or -E_IO if the values are no date.
int64_t rtc_reading_to_seconds(const struct rtc_reading *reading);
