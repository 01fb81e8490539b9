// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// 16550A UART: the chip. Specification: PC16550D data sheet (see uart16550_hw.h).
// Not implemented: DMA mode, 5-bit words with 1.5 stop bits, UARTs with larger FIFOs (they run as
// 16550A), registers in memory space.
//
// RX states: running -> stopped when the ring is full: the receive interrupt is off, RTS down if
// the line has flow control, bytes wait in the FIFO; the other end, or QEMU's character device,
// waits. -> running when the client has made room. What the FIFO loses meanwhile it reports by OE,
// counted in rx_overrun. TX: bytes leave the ring when they have been written to the FIFO; a FIFO
// is never cleared at start, so those a dead predecessor wrote go out.
//
// The interrupt is edge triggered on ISA: uart_handle_irq must see "none pending" before it
// returns, or ask for a timer (more_work), else no edge ever comes again.

#include "drivers/char/uart16550/uart16550.h"

#include "abi/error.h"
#include "drivers/char/uart16550/uart16550_hw.h"

enum {
    ROUNDS_MAX = 64, // of one interrupt, then others get their turn
    BURSTS_MAX = 32, // of one FIFO each, as long as the transmitter says it is empty again
    RX_BURST = 64,   // bytes read between two looks at the ring
};

// Time-outs.
#define TX_DRAIN_POLL_NS 1000000ull // TEMT has no interrupt
#define RETRY_NS         100000ull  // after ROUNDS_MAX

static uint8_t reg_read(const struct uart *uart, unsigned reg)
{
    return uart->io.read(uart->io.context, reg);
}

static void reg_write(const struct uart *uart, unsigned reg, uint8_t value)
{
    uart->io.write(uart->io.context, reg, value);
}

static void ier_set(struct uart *uart, uint8_t bits, bool on)
{
    uint8_t ier = (uint8_t)(on ? uart->ier | bits : uart->ier & ~bits);

    if (ier != uart->ier) {
        uart->ier = ier;
        reg_write(uart, UART_IER, ier);
    }
}

static void mcr_set(struct uart *uart, uint8_t bits, bool on)
{
    uint8_t mcr = (uint8_t)(on ? uart->mcr | bits : uart->mcr & ~bits);

    if (mcr != uart->mcr) {
        uart->mcr = mcr;
        reg_write(uart, UART_MCR, mcr);
    }
}

// ---- modem status ----

static uint32_t modem_lines(const struct uart *uart, uint8_t msr)
{
    return ((uart->mcr & UART_MCR_DTR) != 0 ? (uint32_t)CHAR_DTR : 0) |
           ((uart->mcr & UART_MCR_RTS) != 0 ? (uint32_t)CHAR_RTS : 0) |
           ((msr & UART_MSR_CTS) != 0 ? (uint32_t)CHAR_CTS : 0) |
           ((msr & UART_MSR_DSR) != 0 ? (uint32_t)CHAR_DSR : 0) |
           ((msr & UART_MSR_RI) != 0 ? (uint32_t)CHAR_RI : 0) |
           ((msr & UART_MSR_DCD) != 0 ? (uint32_t)CHAR_DCD : 0);
}

static void modem_update(struct uart *uart)
{
    struct char_status *status = &uart->port->status;
    uint32_t lines = modem_lines(uart, reg_read(uart, UART_MSR));

    if (lines == status->modem)
        return;
    status->modem = lines;
    status->changes++;
    char_status_changed(uart->port, true);
}

// ---- RX ----

static void count_errors(struct uart *uart, uint8_t lsr)
{
    struct char_status *status = &uart->port->status;

    if ((lsr & (UART_LSR_OE | UART_LSR_PE | UART_LSR_FE | UART_LSR_BI)) == 0)
        return;
    status->rx_overrun += (lsr & UART_LSR_OE) != 0;
    if ((lsr & UART_LSR_BI) != 0) { // a break also looks like a framing error
        status->breaks++;
    } else {
        status->rx_parity += (lsr & UART_LSR_PE) != 0;
        status->rx_framing += (lsr & UART_LSR_FE) != 0;
    }
    char_status_changed(uart->port, (lsr & UART_LSR_BI) != 0);
}

static void rx_stop(struct uart *uart, bool stop)
{
    uart->rx_stopped = stop;
    ier_set(uart, UART_IER_ERBFI | UART_IER_ELSI, !stop);
    if (uart->flow_rtscts)
        mcr_set(uart, UART_MCR_RTS, !stop);
}

// Reads up to `room` bytes. Returns how many.
static uint32_t rx_burst(struct uart *uart, uint8_t *bytes, uint32_t room)
{
    uint32_t count = 0;

    while (count < room) {
        uint8_t lsr = reg_read(uart, UART_LSR);
        uint8_t byte;

        count_errors(uart, lsr);
        if ((lsr & UART_LSR_DR) == 0)
            break;
        byte = reg_read(uart, UART_RBR);
        if ((lsr & UART_LSR_BI) == 0) // the zero byte that stands for the break is no data
            bytes[count++] = byte;
    }
    return count;
}

static void uart_rx(struct uart *uart)
{
    uint8_t bytes[RX_BURST];

    for (uint32_t round = 0; round < ROUNDS_MAX; round++) {
        uint32_t room = char_rx_room(uart->port);
        uint32_t count;

        if (room < (uart->flow_rtscts ? (uint32_t)CHAR_RX_LOW : 1)) {
            rx_stop(uart, true);
            return;
        }
        count = rx_burst(uart, bytes, room < RX_BURST ? room : RX_BURST);
        if (count == 0)
            return;
        char_rx_put(uart->port, bytes, count);
    }
    uart->more_work = true;
}

static void uart_rx_provide(struct char_port *port)
{
    struct uart *uart = port->state;

    if (uart->rx_stopped)
        rx_stop(uart, false);
    uart_rx(uart);
}

// ---- TX ----

static void tx_idle_update(struct uart *uart, bool idle)
{
    if (uart->port->status.tx_idle == (uint32_t)idle)
        return;
    uart->port->status.tx_idle = idle;
    char_status_changed(uart->port, idle);
}

static bool tx_may_send(const struct uart *uart)
{
    return uart->break_until == 0 &&
           (!uart->flow_rtscts || (uart->port->status.modem & CHAR_CTS) != 0);
}

static void uart_tx_provide(struct char_port *port)
{
    struct uart *uart = port->state;
    uint8_t bytes[UART_FIFO_BYTES];
    bool more = false;

    for (uint32_t burst = 0; tx_may_send(uart) && burst < BURSTS_MAX; burst++) {
        uint32_t count;

        more = char_tx_peek(port, 0, bytes, 1) != 0;
        if (!more || (reg_read(uart, UART_LSR) & UART_LSR_THRE) == 0)
            break;
        tx_idle_update(uart, false);
        count = char_tx_peek(port, 0, bytes, uart->fifo);
        uart->io.write_bytes(uart->io.context, UART_THR, bytes, count);
        char_tx_done(port, port->tx_epoch, count);
    }
    ier_set(uart, UART_IER_ETBEI, more && tx_may_send(uart));
    if (!more && port->status.tx_idle == 0)
        tx_idle_update(uart, (reg_read(uart, UART_LSR) & UART_LSR_TEMT) != 0);
}

// ---- requests ----

static int uart_open(struct char_port *port, bool open)
{
    struct uart *uart = port->state;

    mcr_set(uart, UART_MCR_DTR, open);
    mcr_set(uart, UART_MCR_RTS, open && !(uart->flow_rtscts && uart->rx_stopped));
    modem_update(uart);
    return 0;
}

static uint8_t line_control(uint32_t format)
{
    uint32_t lcr = ((format & CHAR_BITS_MASK) - 5) & UART_LCR_WORD_MASK;

    if ((format & CHAR_STOP2) != 0)
        lcr |= UART_LCR_STB;
    if ((format & CHAR_PARITY) != 0)
        lcr |= UART_LCR_PEN | ((format & CHAR_PARITY_ODD) != 0 ? 0u : (uint32_t)UART_LCR_EPS);
    return (uint8_t)lcr;
}

static void divisor_write(struct uart *uart, uint32_t divisor)
{
    reg_write(uart, UART_LCR, uart->lcr | UART_LCR_DLAB);
    reg_write(uart, UART_DLL, (uint8_t)divisor);
    reg_write(uart, UART_DLM, (uint8_t)(divisor >> 8));
    reg_write(uart, UART_LCR, uart->lcr);
}

static int uart_set_line(struct char_port *port, uint32_t *baud, uint32_t format)
{
    struct uart *uart = port->state;
    uint32_t bits = format & CHAR_BITS_MASK;
    uint32_t divisor;

    if (bits < 5 || bits > 8 || *baud == 0)
        return -E_INVAL;
    if (*baud > UART_CLOCK_BAUD)
        *baud = UART_CLOCK_BAUD;
    divisor = (UART_CLOCK_BAUD + *baud / 2) / *baud;
    if (divisor > UART_DIVISOR_MAX)
        divisor = UART_DIVISOR_MAX;
    *baud = UART_CLOCK_BAUD / divisor;
    uart->lcr = (uint8_t)(line_control(format) | (uart->lcr & UART_LCR_SBRK));
    divisor_write(uart, divisor);
    uart->flow_rtscts = (format & CHAR_FLOW_RTSCTS) != 0;
    if (uart->flow_rtscts || (uart->mcr & UART_MCR_DTR) != 0)
        mcr_set(uart, UART_MCR_RTS, !(uart->flow_rtscts && uart->rx_stopped));
    modem_update(uart);
    uart_tx_provide(port);
    return 0;
}

static int uart_set_modem(struct char_port *port, uint32_t raise, uint32_t lower)
{
    struct uart *uart = port->state;

    if (((raise | lower) & ~(uint32_t)(CHAR_DTR | CHAR_RTS)) != 0)
        return -E_INVAL;
    if (((raise | lower) & CHAR_DTR) != 0)
        mcr_set(uart, UART_MCR_DTR, (raise & CHAR_DTR) != 0);
    if (((raise | lower) & CHAR_RTS) != 0)
        mcr_set(uart, UART_MCR_RTS, (raise & CHAR_RTS) != 0);
    modem_update(uart);
    return 0;
}

static int uart_send_break(struct char_port *port, uint32_t ms)
{
    enum { BREAK_MS_MAX = 10000 };
    struct uart *uart = port->state;

    if (ms > BREAK_MS_MAX)
        ms = BREAK_MS_MAX;
    uart->break_until = uart->io.now(uart->io.context) + (uint64_t)ms * 1000000;
    uart->lcr |= UART_LCR_SBRK;
    reg_write(uart, UART_LCR, uart->lcr);
    ier_set(uart, UART_IER_ETBEI, false);
    return 0;
}

static int uart_flush_tx(struct char_port *port)
{
    struct uart *uart = port->state;

    if (uart->fifo > 1)
        reg_write(uart, UART_FCR, UART_FCR_ENABLE | UART_FCR_CLEAR_TX | UART_FCR_TRIGGER_8);
    return 0;
}

const struct char_ops uart_char_ops = {
    .open = uart_open,
    .set_line = uart_set_line,
    .set_modem = uart_set_modem,
    .send_break = uart_send_break,
    .flush_tx = uart_flush_tx,
    .tx_provide = uart_tx_provide,
    .rx_provide = uart_rx_provide,
};

// ---- events ----

void uart_handle_irq(struct uart *uart)
{
    for (uint32_t round = 0; round < ROUNDS_MAX; round++) {
        if ((reg_read(uart, UART_IIR) & UART_IIR_NONE) != 0)
            return;
        modem_update(uart);
        if (!uart->rx_stopped)
            uart_rx(uart);
        uart_tx_provide(uart->port);
    }
    uart->more_work = true;
}

static void break_end(struct uart *uart)
{
    uart->break_until = 0;
    uart->lcr &= (uint8_t)~UART_LCR_SBRK;
    reg_write(uart, UART_LCR, uart->lcr);
}

void uart_handle_timer(struct uart *uart, time_ns_t now)
{
    if (uart->break_until != 0 && now >= uart->break_until)
        break_end(uart);
    if (uart->more_work) {
        uart->more_work = false;
        uart_handle_irq(uart);
    }
    uart_tx_provide(uart->port);
}

time_ns_t uart_deadline(const struct uart *uart, time_ns_t now)
{
    time_ns_t deadline = DEADLINE_NEVER;

    if (uart->break_until != 0)
        deadline = uart->break_until;
    if (uart->port->status.tx_idle == 0 && (uart->ier & UART_IER_ETBEI) == 0 && tx_may_send(uart) &&
        now + TX_DRAIN_POLL_NS < deadline)
        deadline = now + TX_DRAIN_POLL_NS;
    if (uart->more_work && now + RETRY_NS < deadline)
        deadline = now + RETRY_NS;
    return deadline;
}

static bool scratch_works(const struct uart *uart)
{
    reg_write(uart, UART_SCR, 0x5a);
    if (reg_read(uart, UART_SCR) != 0x5a)
        return false;
    reg_write(uart, UART_SCR, 0xa5);
    return reg_read(uart, UART_SCR) == 0xa5;
}

int uart_init(struct uart *uart, struct char_port *port, const struct uart_io *io)
{
    *uart = (struct uart){.io = *io, .port = port, .rx_stopped = true, .fifo = 1};
    if (!scratch_works(uart))
        return -E_NODEV;
    uart->lcr = reg_read(uart, UART_LCR) & (uint8_t) ~(UART_LCR_DLAB | UART_LCR_SBRK);
    reg_write(uart, UART_LCR, uart->lcr);
    reg_write(uart, UART_IER, 0);
    reg_write(uart, UART_FCR, UART_FCR_ENABLE | UART_FCR_TRIGGER_8);
    if ((reg_read(uart, UART_IIR) & UART_IIR_FIFOS) == UART_IIR_FIFOS)
        uart->fifo = UART_FIFO_BYTES;
    uart->mcr = (reg_read(uart, UART_MCR) & (UART_MCR_DTR | UART_MCR_RTS)) | UART_MCR_OUT2;
    reg_write(uart, UART_MCR, uart->mcr);
    port->state = uart;
    port->flags = CHAR_PORT_PRESENT | CHAR_PORT_CONSOLE | CHAR_PORT_LINE;
    port->status.modem = modem_lines(uart, reg_read(uart, UART_MSR));
    ier_set(uart, UART_IER_EDSSI, true);
    return 0;
}

void uart_quiesce(struct uart *uart)
{
    ier_set(uart, 0xff, false);
}
