// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Registers of the PrimeCell real-time clock: Arm DDI 0224C, "PrimeCell Real Time Clock (PL031)
// Technical Reference Manual", chapter 3; names are the manual's.

#pragma once

enum rtc_register {
    RTCDR = 0x000, // seconds; since 1970 by convention of boards and Linux
    RTCCR = 0x00c,
    RTCIMSC = 0x010,
    RTCPERIPHID0 = 0xfe0,
    RTCPERIPHID1 = 0xfe4,
    PL031_BYTES = 0x1000,
};

enum {
    RTCCR_START = 1 << 0,
    PL031_PART = 0x031, // PERIPHID0 and the low half of PERIPHID1
    PERIPHID1_PART_MASK = 0x0f,
};
