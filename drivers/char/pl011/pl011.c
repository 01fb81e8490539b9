// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// PL011 UART: the chip. Specification: Arm DDI 0183G (see pl011_hw.h).
// Not implemented: DMA, IrDA, loop back, stick parity.
//
// RX states: running -> stopped when the ring is full: the receive interrupts are off, bytes wait
// in the FIFO, and with flow control the chip itself drops RTS. -> running when the client has made
// room. Receive interrupts are never cleared by hand: reading the FIFO empty does that, so none is
// lost. TX: bytes leave the ring when they have been written to the FIFO, which takes them until it
// says it is full; the transmit interrupt, which comes when the FIFO falls through half, is on only
// while bytes wait.

#include "drivers/char/pl011/pl011.h"

#include "abi/error.h"
#include "drivers/char/pl011/pl011_hw.h"

enum {
    ROUNDS_MAX = 64,      // of one interrupt, then others get their turn
    TX_BURST = 16,        // bytes between two looks at the ring
    TX_BURSTS = 256,      // of one call: a transmitter that is never full must not hold the thread
    RX_BURST = 64,        // bytes read between two looks at the ring
    DRAIN_POLLS = 100000, // of BUSY before the line is changed
};

// The clock that virt's device tree names: 24 MHz.
#define UARTCLK_HZ 24000000u

// Time-outs.
#define TX_DRAIN_POLL_NS 1000000ull // BUSY has no interrupt
#define RETRY_NS         100000ull  // after ROUNDS_MAX or TX_BURSTS
#define BREAK_MS_MAX     10000u

static uint32_t reg_read(const struct pl011 *uart, enum pl011_register reg)
{
    return mmio_read32(uart->registers + reg);
}

static void reg_write(const struct pl011 *uart, enum pl011_register reg, uint32_t value)
{
    mmio_write32(uart->registers + reg, value);
}

// Sets or clears bits of a register whose value is remembered, if that changes any.
static void update(const struct pl011 *uart, enum pl011_register reg, uint32_t *kept, uint32_t bits,
                   bool on)
{
    uint32_t value = on ? *kept | bits : *kept & ~bits;

    if (value != *kept) {
        *kept = value;
        reg_write(uart, reg, value);
    }
}

static void interrupts_set(struct pl011 *uart, uint32_t bits, bool on)
{
    update(uart, UARTIMSC, &uart->imsc, bits, on);
}

// ---- modem status ----

static uint32_t modem_lines(const struct pl011 *uart)
{
    uint32_t flags = reg_read(uart, UARTFR);

    return ((uart->cr & UARTCR_DTR) != 0 ? (uint32_t)CHAR_DTR : 0) |
           ((uart->cr & UARTCR_RTS) != 0 ? (uint32_t)CHAR_RTS : 0) |
           ((flags & UARTFR_CTS) != 0 ? (uint32_t)CHAR_CTS : 0) |
           ((flags & UARTFR_DSR) != 0 ? (uint32_t)CHAR_DSR : 0) |
           ((flags & UARTFR_RI) != 0 ? (uint32_t)CHAR_RI : 0) |
           ((flags & UARTFR_DCD) != 0 ? (uint32_t)CHAR_DCD : 0);
}

static void modem_update(struct pl011 *uart)
{
    struct char_status *status = &uart->port->status;
    uint32_t lines = modem_lines(uart);

    if (lines == status->modem)
        return;
    status->modem = lines;
    status->changes++;
    char_status_changed(uart->port, true);
}

// ---- RX ----

// Each character of the FIFO carries its own errors; true: it is data.
static bool count_errors(struct pl011 *uart, uint32_t data)
{
    struct char_status *status = &uart->port->status;
    bool is_break = (data & UARTDR_BE) != 0;

    if ((data & (UARTDR_FE | UARTDR_PE | UARTDR_BE | UARTDR_OE)) == 0)
        return true;
    status->rx_overrun += (data & UARTDR_OE) != 0;
    status->breaks += is_break;
    if (!is_break) { // a break also looks like a framing error
        status->rx_parity += (data & UARTDR_PE) != 0;
        status->rx_framing += (data & UARTDR_FE) != 0;
    }
    char_status_changed(uart->port, is_break);
    return !is_break; // the zero byte that stands for a break is no data
}

static void rx_stop(struct pl011 *uart, bool stop)
{
    uart->rx_stopped = stop;
    interrupts_set(uart, UART_RECEIVE, !stop);
}

// Reads up to `room` bytes; *empty tells whether the FIFO held no more. Returns how many.
static uint32_t rx_burst(struct pl011 *uart, uint8_t *bytes, uint32_t room, bool *empty)
{
    uint32_t count = 0;

    *empty = false;
    for (uint32_t i = 0; count < room && i < 2 * RX_BURST; i++) {
        uint32_t data;

        *empty = (reg_read(uart, UARTFR) & UARTFR_RXFE) != 0;
        if (*empty)
            break;
        data = reg_read(uart, UARTDR);
        if (count_errors(uart, data))
            bytes[count++] = (uint8_t)(data & UARTDR_DATA);
    }
    return count;
}

static void pl011_rx(struct pl011 *uart)
{
    uint8_t bytes[RX_BURST];

    for (uint32_t round = 0; round < ROUNDS_MAX; round++) {
        uint32_t room = char_rx_room(uart->port);
        uint32_t count;
        bool empty;

        if (room == 0) {
            rx_stop(uart, true);
            return;
        }
        count = rx_burst(uart, bytes, room < RX_BURST ? room : RX_BURST, &empty);
        if (count != 0)
            char_rx_put(uart->port, bytes, count);
        if (empty)
            return;
    }
    uart->more_work = true;
}

static void pl011_rx_provide(struct char_port *port)
{
    struct pl011 *uart = port->state;

    if (uart->rx_stopped)
        rx_stop(uart, false);
    pl011_rx(uart);
}

// ---- TX ----

static void tx_idle_update(struct pl011 *uart, bool idle)
{
    if (uart->port->status.tx_idle == (uint32_t)idle)
        return;
    uart->port->status.tx_idle = idle;
    char_status_changed(uart->port, idle);
}

// Writes until the FIFO is full. Returns how many it took.
static uint32_t tx_write(const struct pl011 *uart, const uint8_t *bytes, uint32_t count)
{
    uint32_t done = 0;

    while (done < count && (reg_read(uart, UARTFR) & UARTFR_TXFF) == 0)
        reg_write(uart, UARTDR, bytes[done++]);
    return done;
}

static void pl011_tx_provide(struct char_port *port)
{
    struct pl011 *uart = port->state;
    uint8_t bytes[TX_BURST];
    uint32_t count = 0, done = 0, burst;

    for (burst = 0; burst < TX_BURSTS && uart->break_until == 0; burst++) {
        count = char_tx_peek(port, 0, bytes, TX_BURST);
        if (count == 0)
            break;
        tx_idle_update(uart, false);
        done = tx_write(uart, bytes, count);
        if (done != 0)
            char_tx_done(port, port->tx_epoch, done);
        if (done < count)
            break;
    }
    uart->more_work |= burst == TX_BURSTS;
    // Full: the interrupt comes when it has fallen through half.
    interrupts_set(uart, UART_TXI, done < count && uart->break_until == 0);
    if (count == 0 && port->status.tx_idle == 0)
        tx_idle_update(uart, (reg_read(uart, UARTFR) & UARTFR_BUSY) == 0);
}

// ---- requests ----

static int pl011_open(struct char_port *port, bool open)
{
    struct pl011 *uart = port->state;

    update(uart, UARTCR, &uart->cr, UARTCR_DTR | UARTCR_RTS, open);
    modem_update(uart);
    return 0;
}

static uint32_t line_control(uint32_t format)
{
    uint32_t lcr = ((format & CHAR_BITS_MASK) - 5) << UARTLCR_H_WLEN_SHIFT | UARTLCR_H_FEN;

    if ((format & CHAR_STOP2) != 0)
        lcr |= UARTLCR_H_STP2;
    if ((format & CHAR_PARITY) != 0)
        lcr |= UARTLCR_H_PEN | ((format & CHAR_PARITY_ODD) != 0 ? 0u : (uint32_t)UARTLCR_H_EPS);
    return lcr;
}

// 3.3.6: in 64ths, rounded to the nearest.
static uint32_t divisor_of(uint32_t baud)
{
    const uint64_t most = (uint64_t)PL011_DIVISOR_MAX * PL011_FRACTION;
    uint64_t samples = (uint64_t)baud * PL011_SAMPLES;
    uint64_t divisor = ((uint64_t)UARTCLK_HZ * PL011_FRACTION + samples / 2) / samples;

    if (divisor < PL011_FRACTION)
        return PL011_FRACTION;
    return (uint32_t)(divisor < most ? divisor : most);
}

// 3.3.8: the line is changed while the UART is off, and it goes off after the character under way;
// what stands in the FIFO behind it is lost when FEN is written, so it is let go first.
static void line_write(struct pl011 *uart, uint32_t divisor)
{
    for (uint32_t i = 0; i < DRAIN_POLLS && (reg_read(uart, UARTFR) & UARTFR_BUSY) != 0; i++)
        ;
    reg_write(uart, UARTCR, uart->cr & ~(uint32_t)UARTCR_UARTEN);
    reg_write(uart, UARTIBRD, divisor / PL011_FRACTION);
    reg_write(uart, UARTFBRD, divisor % PL011_FRACTION);
    reg_write(uart, UARTLCR_H, uart->lcr_h); // takes the divisor over
    reg_write(uart, UARTCR, uart->cr);
}

static int pl011_set_line(struct char_port *port, uint32_t *baud, uint32_t format)
{
    struct pl011 *uart = port->state;
    uint32_t bits = format & CHAR_BITS_MASK;
    uint32_t divisor;

    if (bits < 5 || bits > 8 || *baud == 0)
        return -E_INVAL;
    divisor = divisor_of(*baud);
    *baud = (uint32_t)((uint64_t)UARTCLK_HZ * PL011_FRACTION / PL011_SAMPLES / divisor);
    uart->lcr_h = line_control(format) | (uart->lcr_h & UARTLCR_H_BRK);
    uart->flow_rtscts = (format & CHAR_FLOW_RTSCTS) != 0;
    uart->cr &= ~(uint32_t)(UARTCR_RTSEN | UARTCR_CTSEN);
    if (uart->flow_rtscts)
        uart->cr |= UARTCR_RTSEN | UARTCR_CTSEN;
    line_write(uart, divisor);
    modem_update(uart);
    pl011_tx_provide(port);
    return 0;
}

static int pl011_set_modem(struct char_port *port, uint32_t raise, uint32_t lower)
{
    struct pl011 *uart = port->state;
    uint32_t change = raise | lower;

    if ((change & ~(uint32_t)(CHAR_DTR | CHAR_RTS)) != 0)
        return -E_INVAL;
    if ((change & CHAR_DTR) != 0)
        update(uart, UARTCR, &uart->cr, UARTCR_DTR, (raise & CHAR_DTR) != 0);
    if ((change & CHAR_RTS) != 0)
        update(uart, UARTCR, &uart->cr, UARTCR_RTS, (raise & CHAR_RTS) != 0);
    modem_update(uart);
    return 0;
}

static int pl011_send_break(struct char_port *port, uint32_t ms)
{
    struct pl011 *uart = port->state;

    if (ms > BREAK_MS_MAX)
        ms = BREAK_MS_MAX;
    uart->break_until = uart->now() + (uint64_t)ms * 1000000;
    update(uart, UARTLCR_H, &uart->lcr_h, UARTLCR_H_BRK, true);
    interrupts_set(uart, UART_TXI, false);
    return 0;
}

const struct char_ops pl011_char_ops = {
    .open = pl011_open,
    .set_line = pl011_set_line,
    .set_modem = pl011_set_modem,
    .send_break = pl011_send_break,
    .tx_provide = pl011_tx_provide,
    .rx_provide = pl011_rx_provide,
};

// ---- events ----

void pl011_handle_irq(struct pl011 *uart)
{
    reg_write(uart, UARTICR, UART_MODEM | UART_TXI);
    modem_update(uart);
    if (!uart->rx_stopped)
        pl011_rx(uart);
    pl011_tx_provide(uart->port);
}

void pl011_handle_timer(struct pl011 *uart, time_ns_t now)
{
    if (uart->break_until != 0 && now >= uart->break_until) {
        uart->break_until = 0;
        update(uart, UARTLCR_H, &uart->lcr_h, UARTLCR_H_BRK, false);
    }
    if (uart->more_work) {
        uart->more_work = false;
        pl011_handle_irq(uart);
    }
    pl011_tx_provide(uart->port);
}

time_ns_t pl011_deadline(const struct pl011 *uart, time_ns_t now)
{
    time_ns_t deadline = uart->break_until != 0 ? uart->break_until : DEADLINE_NEVER;

    if (uart->port->status.tx_idle == 0 && (uart->imsc & UART_TXI) == 0 && uart->break_until == 0)
        deadline = now + TX_DRAIN_POLL_NS;
    if (uart->more_work && now + RETRY_NS < deadline)
        deadline = now + RETRY_NS;
    return deadline;
}

static bool is_pl011(const struct pl011 *uart)
{
    uint32_t low = reg_read(uart, UARTPERIPHID0) & 0xff;
    uint32_t high = reg_read(uart, UARTPERIPHID1) & PERIPHID1_PART_MASK;

    return (high << 8 | low) == PL011_PART;
}

int pl011_init(struct pl011 *uart, struct char_port *port, volatile void *registers,
               time_ns_t (*now)(void))
{
    *uart = (struct pl011){.registers = registers, .port = port, .now = now, .rx_stopped = true};
    if (!is_pl011(uart))
        return -E_NODEV;
    reg_write(uart, UARTIMSC, 0);
    reg_write(uart, UARTDMACR, 0);
    // Nobody may have set the line up: then 8 bits at whatever divisor there is.
    uart->lcr_h = reg_read(uart, UARTLCR_H) & ~(uint32_t)UARTLCR_H_BRK;
    if ((uart->lcr_h & UARTLCR_H_FEN) == 0) {
        uart->lcr_h |= UARTLCR_H_FEN | UARTLCR_H_WLEN_8;
        reg_write(uart, UARTLCR_H, uart->lcr_h);
    }
    reg_write(uart, UARTIFLS, UARTIFLS_TX_HALF | UARTIFLS_RX_HALF);
    uart->cr = (reg_read(uart, UARTCR) & (UARTCR_DTR | UARTCR_RTS)) | UARTCR_UARTEN | UARTCR_TXE |
               UARTCR_RXE;
    reg_write(uart, UARTCR, uart->cr);
    port->state = uart;
    port->flags = CHAR_PORT_PRESENT | CHAR_PORT_CONSOLE | CHAR_PORT_LINE;
    port->status.modem = modem_lines(uart);
    interrupts_set(uart, UART_MODEM, true);
    return 0;
}

void pl011_quiesce(struct pl011 *uart)
{
    interrupts_set(uart, ~0u, false);
}
