// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Registers of the PrimeCell general purpose I/O: Arm DDI 0190B, "PrimeCell General Purpose
// Input/Output (PL061) Technical Reference Manual", chapter 3; names are the manual's. A bit of
// each is one of the eight lines.

#pragma once

enum gpio_register {
    GPIODIR = 0x400,   // 1: an output
    GPIOIS = 0x404,    // 1: level, 0: edge
    GPIOIBE = 0x408,   // 1: both edges
    GPIOIEV = 0x40c,   // 1: rising edge, 0: falling
    GPIOIE = 0x410,    // 1: interrupts
    GPIOMIS = 0x418,   // 1: it did
    GPIOIC = 0x41c,    // 1: clears that
    GPIOAFSEL = 0x420, // 1: the line is not under software's control
    GPIOPERIPHID0 = 0xfe0,
    GPIOPERIPHID1 = 0xfe4,
    PL061_BYTES = 0x1000,
};

enum {
    PL061_LINES = 8,
    PL061_PART = 0x061, // PERIPHID0 and the low half of PERIPHID1
    PERIPHID1_PART_MASK = 0x0f,
};
