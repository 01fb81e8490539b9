// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The 16550 (National Semiconductor PC16550D, section 8.4): in loop-back a byte sent is a byte
// received, and in FIFO mode one byte alone interrupts four character times later.

#include "kernel/test/bench_device.h"

enum {
    COM1 = 0x3f8,
    COM1_LINE = 4,
    UART_REGISTERS = 8,
    UART_DATA = 0,
    UART_INTERRUPT_ENABLE = 1,
    UART_FIFO_CONTROL = 2,
    UART_MODEM_CONTROL = 4,
    INTERRUPT_RECEIVED = 1,
    FIFO_CLEAR_TRIGGER_8 = 0x87,
    MODEM_LOOP = 0x10,
};

handle_t bench_device_handles[BENCH_DEVICE_HANDLES];
static handle_t ports;
static handle_t interrupt;

bool bench_device_open(handle_t notification)
{
    struct irq_args args = {.line = COM1_LINE};
    int64_t made = sys_resource_create(root, RESOURCE_PORT, COM1, UART_REGISTERS);
    if (made < 0) {
        return false;
    }
    ports = (handle_t)made;
    made = sys_irq_create(root, &args);
    if (made < 0) {
        sys_handle_close(ports);
        return false;
    }
    interrupt = (handle_t)made;
    bench_device_handles[0] = ports;
    bench_device_handles[1] = interrupt;
    CHECK_EQUAL(sys_irq_bind(interrupt, notification), 0);
    CHECK_EQUAL(sys_port_write(ports, UART_FIFO_CONTROL, 1, FIFO_CLEAR_TRIGGER_8), 0);
    CHECK_EQUAL(sys_port_write(ports, UART_MODEM_CONTROL, 1, MODEM_LOOP), 0);
    CHECK_EQUAL(sys_port_write(ports, UART_INTERRUPT_ENABLE, 1, INTERRUPT_RECEIVED), 0);
    return true;
}

void bench_device_raise(void)
{
    sys_port_write(ports, UART_DATA, 1, 0);
}

void bench_device_quiet(void)
{
    sys_port_read(ports, UART_DATA, 1);
    sys_irq_ack(interrupt);
}

void bench_device_close(void)
{
    CHECK_EQUAL(sys_port_write(ports, UART_INTERRUPT_ENABLE, 1, 0), 0);
    CHECK_EQUAL(sys_port_write(ports, UART_MODEM_CONTROL, 1, 0), 0);
    sys_handle_close(interrupt);
    sys_handle_close(ports);
}
