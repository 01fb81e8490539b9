// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The chip's code of the 16550 driver, behind a seam for register access so that it also runs
// against a made-up chip.

#pragma once

#include "lib/char/char.h"

// Register access; errors end the driver (its grant is wrong), so these return none.
struct uart_io {
    uint8_t (*read)(void *context, unsigned reg);
    void (*write)(void *context, unsigned reg, uint8_t value);
    void (*write_bytes)(void *context, unsigned reg, const uint8_t *bytes, uint32_t count);
    time_ns_t (*now)(void *context);
    void *context;
};

struct uart {
    struct uart_io io;
    struct char_port *port;
    uint32_t fifo;         // bytes the transmitter takes when it says it is empty
    uint8_t ier, lcr, mcr; // as written; LCR without DLAB
    bool flow_rtscts;
    bool rx_stopped;       // no room in the ring: the FIFO fills, RTS is down
    time_ns_t break_until; // 0: no break under way
    bool more_work;        // the round bound was hit: look again soon
};

// Brings the chip up, keeping what is in its FIFOs and its line speed: a predecessor may have left
// bytes there. E_NODEV: nothing that behaves like a 16450 or later is there.
int uart_init(struct uart *uart, struct char_port *port, const struct uart_io *io);

void uart_handle_irq(struct uart *uart);

// Call at or after uart_deadline: ends breaks, looks for the transmitter's end, goes on with what
// was put off.
void uart_handle_timer(struct uart *uart, time_ns_t now);

// When uart_handle_timer wants to be called; DEADLINE_NEVER: not.
time_ns_t uart_deadline(const struct uart *uart, time_ns_t now);

// All interrupts off; what is in the FIFO goes out by itself.
void uart_quiesce(struct uart *uart);

extern const struct char_ops uart_char_ops;
