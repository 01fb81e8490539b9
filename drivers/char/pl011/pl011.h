// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The PL011 UART above its registers, which lib/driver/mmio.h reaches.

#pragma once

#include "lib/char/char.h"

struct pl011 {
    volatile uint8_t *registers;
    struct char_port *port;
    time_ns_t (*now)(void);
    uint32_t imsc, lcr_h, cr; // as written
    bool flow_rtscts;
    bool rx_stopped;       // no room in the ring: the FIFO fills, the hardware drops RTS
    time_ns_t break_until; // 0: no break under way
    bool more_work;        // a round bound was hit: look again soon
};

// Brings the chip up, keeping what is in its FIFOs and its line speed: a predecessor, or the
// kernel's console, may have left bytes there. E_NODEV: it is not a PL011.
int pl011_init(struct pl011 *uart, struct char_port *port, volatile void *registers,
               time_ns_t (*now)(void));

void pl011_handle_irq(struct pl011 *uart);

// Call at or after pl011_deadline: ends breaks, looks for the transmitter's end, goes on with what
// was put off.
void pl011_handle_timer(struct pl011 *uart, time_ns_t now);

// When pl011_handle_timer wants to be called; DEADLINE_NEVER: not.
time_ns_t pl011_deadline(const struct pl011 *uart, time_ns_t now);

// All interrupts off; what is in the FIFO goes out by itself.
void pl011_quiesce(struct pl011 *uart);

extern const struct char_ops pl011_char_ops;
