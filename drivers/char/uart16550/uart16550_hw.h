// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Registers of the 16550A UART. National Semiconductor PC16550D data sheet (June 1995), section 8
// and table II; names are the data sheet's.

#pragma once

enum uart_register { // offset from the base; DLAB is bit 7 of LCR
    UART_RBR = 0,    // read, DLAB 0: receiver buffer
    UART_THR = 0,    // write, DLAB 0: transmitter holding
    UART_DLL = 0,    // DLAB 1: divisor latch, low
    UART_IER = 1,    // DLAB 0: interrupt enable
    UART_DLM = 1,    // DLAB 1: divisor latch, high
    UART_IIR = 2,    // read: interrupt identification
    UART_FCR = 2,    // write: FIFO control
    UART_LCR = 3,    // line control
    UART_MCR = 4,    // modem control
    UART_LSR = 5,    // line status; reading clears the error bits
    UART_MSR = 6,    // modem status; reading clears the delta bits
    UART_SCR = 7,    // scratch
    UART_REGISTERS = 8,
};

enum {
    UART_IER_ERBFI = 1 << 0, // received data available
    UART_IER_ETBEI = 1 << 1, // transmitter holding register empty
    UART_IER_ELSI = 1 << 2,  // receiver line status
    UART_IER_EDSSI = 1 << 3, // modem status

    UART_IIR_NONE = 1 << 0,  // no interrupt pending
    UART_IIR_FIFOS = 3 << 6, // both set: FIFOs enabled and working (16550A)

    UART_FCR_ENABLE = 1 << 0,
    UART_FCR_CLEAR_RX = 1 << 1,
    UART_FCR_CLEAR_TX = 1 << 2,
    UART_FCR_TRIGGER_8 = 2 << 6,

    UART_LCR_WORD_MASK = 3, // data bits - 5
    UART_LCR_STB = 1 << 2,  // two stop bits
    UART_LCR_PEN = 1 << 3,  // parity
    UART_LCR_EPS = 1 << 4,  // even
    UART_LCR_SBRK = 1 << 6, // send break
    UART_LCR_DLAB = 1 << 7,

    UART_MCR_DTR = 1 << 0,
    UART_MCR_RTS = 1 << 1,
    UART_MCR_OUT2 = 1 << 3, // on PCs: the interrupt line is connected
    UART_MCR_LOOP = 1 << 4,

    UART_LSR_DR = 1 << 0,
    UART_LSR_OE = 1 << 1,
    UART_LSR_PE = 1 << 2,
    UART_LSR_FE = 1 << 3,
    UART_LSR_BI = 1 << 4,
    UART_LSR_THRE = 1 << 5,
    UART_LSR_TEMT = 1 << 6,

    UART_MSR_CTS = 1 << 4,
    UART_MSR_DSR = 1 << 5,
    UART_MSR_RI = 1 << 6,
    UART_MSR_DCD = 1 << 7,
};

enum {
    UART_CLOCK_BAUD = 115200, // baud rate of divisor 1 with the PC's 1.8432 MHz crystal
    UART_DIVISOR_MAX = 0xffff,
    UART_FIFO_BYTES = 16,
};
