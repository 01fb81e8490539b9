// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Registers of the PrimeCell UART: Arm DDI 0183G, "PrimeCell UART (PL011) Technical Reference
// Manual", chapter 3; names are the manual's.

#pragma once

enum pl011_register {
    UARTDR = 0x000,
    UARTFR = 0x018,
    UARTIBRD = 0x024,
    UARTFBRD = 0x028,
    UARTLCR_H = 0x02c,
    UARTCR = 0x030,
    UARTIFLS = 0x034,
    UARTIMSC = 0x038,
    UARTMIS = 0x040,
    UARTICR = 0x044,
    UARTDMACR = 0x048,
    UARTPERIPHID0 = 0xfe0,
    UARTPERIPHID1 = 0xfe4,
    PL011_BYTES = 0x1000,
};

enum { // UARTDR, table 3-2
    UARTDR_DATA = 0xff,
    UARTDR_FE = 1 << 8,
    UARTDR_PE = 1 << 9,
    UARTDR_BE = 1 << 10,
    UARTDR_OE = 1 << 11,
};

enum { // UARTFR, table 3-4
    UARTFR_CTS = 1 << 0,
    UARTFR_DSR = 1 << 1,
    UARTFR_DCD = 1 << 2,
    UARTFR_BUSY = 1 << 3,
    UARTFR_RXFE = 1 << 4,
    UARTFR_TXFF = 1 << 5,
    UARTFR_RI = 1 << 8,
};

enum { // UARTLCR_H, table 3-8
    UARTLCR_H_BRK = 1 << 0,
    UARTLCR_H_PEN = 1 << 1,
    UARTLCR_H_EPS = 1 << 2,
    UARTLCR_H_STP2 = 1 << 3,
    UARTLCR_H_FEN = 1 << 4,
    UARTLCR_H_WLEN_SHIFT = 5, // 0: five bits .. 3: eight
    UARTLCR_H_WLEN_8 = 3 << 5,
};

enum { // UARTCR, table 3-12
    UARTCR_UARTEN = 1 << 0,
    UARTCR_TXE = 1 << 8,
    UARTCR_RXE = 1 << 9,
    UARTCR_DTR = 1 << 10,
    UARTCR_RTS = 1 << 11,
    UARTCR_RTSEN = 1 << 14,
    UARTCR_CTSEN = 1 << 15,
};

enum { // UARTIFLS, table 3-13
    UARTIFLS_TX_HALF = 2 << 0,
    UARTIFLS_RX_HALF = 2 << 3,
};

enum { // UARTIMSC, UARTMIS, UARTICR: table 3-14
    UART_RIMI = 1 << 0,
    UART_CTSMI = 1 << 1,
    UART_DCDMI = 1 << 2,
    UART_DSRMI = 1 << 3,
    UART_RXI = 1 << 4,
    UART_TXI = 1 << 5,
    UART_RTI = 1 << 6, // receive time-out: less than the level waits
    UART_FEI = 1 << 7,
    UART_PEI = 1 << 8,
    UART_BEI = 1 << 9,
    UART_OEI = 1 << 10,
    UART_MODEM = UART_RIMI | UART_CTSMI | UART_DCDMI | UART_DSRMI,
    UART_RECEIVE = UART_RXI | UART_RTI | UART_FEI | UART_PEI | UART_BEI | UART_OEI,
};

enum {                  // identification, 3.3.13 and on
    PL011_PART = 0x011, // PERIPHID0 and the low half of PERIPHID1
    PERIPHID1_PART_MASK = 0x0f,
};

enum { // 3.3.6: the divisor is 16 bits and a fraction in 64ths
    PL011_FRACTION = 64,
    PL011_SAMPLES = 16,
    PL011_DIVISOR_MAX = 0xffff,
};
