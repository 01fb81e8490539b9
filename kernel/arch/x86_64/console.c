// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Early console: the first 16550 UART (PC16550D data sheet), polled, for boot and panic only. A
// transmitter that never empties is given up after CONSOLE_SPINS reads, so a machine without a UART
// still boots.

#include "kernel/arch/arch.h"
#include "kernel/arch/x86_64/io.h"

enum {
    COM1 = 0x3f8,
    UART_DATA = 0,
    UART_INTERRUPT_ENABLE = 1,
    UART_FIFO_CONTROL = 2,
    UART_LINE_CONTROL = 3,
    UART_LINE_STATUS = 5,
    LINE_CONTROL_8N1 = 0x03,
    LINE_CONTROL_DLAB = 0x80,
    FIFO_ENABLE_CLEAR = 0x07,
    LINE_STATUS_THRE = 0x20,
    CONSOLE_SPINS = 100000,
};

void early_console_init(void)
{
    port_write8(COM1 + UART_INTERRUPT_ENABLE, 0);
    port_write8(COM1 + UART_LINE_CONTROL, LINE_CONTROL_DLAB);
    port_write8(COM1 + UART_DATA, 1); // divisor 1: 115200 baud
    port_write8(COM1 + UART_INTERRUPT_ENABLE, 0);
    port_write8(COM1 + UART_LINE_CONTROL, LINE_CONTROL_8N1);
    port_write8(COM1 + UART_FIFO_CONTROL, FIFO_ENABLE_CLEAR);
}

static void put(char c)
{
    for (unsigned i = 0; i < CONSOLE_SPINS; i++) {
        if ((port_read8(COM1 + UART_LINE_STATUS) & LINE_STATUS_THRE) != 0) {
            break;
        }
    }
    port_write8(COM1 + UART_DATA, (uint8_t)c);
}

void early_console_write(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\n') {
            put('\r');
        }
        put(text[i]);
    }
}
