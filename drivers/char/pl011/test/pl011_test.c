// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The chip's code against a made-up PL011 with FIFOs of 16, level interrupts and errors.

// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on

#include <string.h>

#include "abi/error.h"
#include "drivers/char/pl011/pl011.h"
#include "drivers/char/pl011/pl011_hw.h"

enum { FIFO = 16 };

static uint8_t registers[PL011_BYTES]; // only its addresses count

static struct {
    // chip
    uint32_t ibrd, fbrd, lcr_h, cr, imsc, ifls, part, lines;
    bool stuck_rx, stuck_busy, endless; // endless: the transmitter never fills, as QEMU's
    uint16_t rx_fifo[256];
    unsigned rx_count, rx_taken;
    char sent[8192];
    unsigned sent_count, fifo_used;
    time_ns_t now;
    // rings
    char tx[8192];
    unsigned tx_count, tx_done;
    char rx[4096];
    unsigned rx_put, rx_room, signals;
    struct pl011 uart;
    struct char_port port;
} t;

static uint32_t flags(void)
{
    return t.lines | (t.rx_taken == t.rx_count && !t.stuck_rx ? UARTFR_RXFE : 0) |
           (t.fifo_used == FIFO ? UARTFR_TXFF : 0) |
           (t.fifo_used != 0 || t.stuck_busy ? UARTFR_BUSY : 0);
}

uint32_t mmio_read32(const volatile void *address)
{
    switch ((uintptr_t)address - (uintptr_t)registers) {
    case UARTDR:
        return t.rx_taken < t.rx_count ? t.rx_fifo[t.rx_taken++] : 0;
    case UARTFR:
        return flags();
    case UARTLCR_H:
        return t.lcr_h;
    case UARTCR:
        return t.cr;
    case UARTPERIPHID0:
        return t.part & 0xff;
    case UARTPERIPHID1:
        return 0x10 | t.part >> 8;
    default:
        fail();
        return 0;
    }
}

void mmio_write32(volatile void *address, uint32_t value)
{
    switch ((uintptr_t)address - (uintptr_t)registers) {
    case UARTDR:
        assert_true(t.fifo_used < FIFO); // an overrun of the transmitter
        assert_true((t.cr & (UARTCR_UARTEN | UARTCR_TXE)) == (UARTCR_UARTEN | UARTCR_TXE));
        t.fifo_used += !t.endless;
        t.sent[t.sent_count++] = (char)value;
        break;
    case UARTIBRD:
        assert_true((t.cr & UARTCR_UARTEN) == 0);
        t.ibrd = value;
        break;
    case UARTFBRD:
        t.fbrd = value;
        break;
    case UARTLCR_H:
        t.lcr_h = value;
        break;
    case UARTCR:
        t.cr = value;
        break;
    case UARTIFLS:
        t.ifls = value;
        break;
    case UARTIMSC:
        t.imsc = value;
        break;
    case UARTICR:
        assert_int_equal(value & UART_RECEIVE, 0); // would lose a byte that comes meanwhile
        break;
    case UARTDMACR:
        assert_int_equal(value, 0);
        break;
    default:
        fail();
    }
}

static time_ns_t chip_now(void)
{
    return t.now;
}

static void transmit_all(void)
{
    t.fifo_used = 0;
}

static void receive(const char *bytes, uint16_t errors)
{
    for (; *bytes != '\0'; bytes++)
        t.rx_fifo[t.rx_count++] = (uint16_t)((uint8_t)*bytes | errors);
}

// ---- lib/char ----

uint32_t char_rx_room(struct char_port *port)
{
    (void)port;
    return t.rx_room;
}

void char_rx_put(struct char_port *port, const void *bytes, uint32_t count)
{
    (void)port;
    assert_true(count <= t.rx_room);
    memcpy(t.rx + t.rx_put, bytes, count);
    t.rx_put += count;
    t.rx_room -= count;
}

uint32_t char_tx_peek(struct char_port *port, uint32_t skip, void *bytes, uint32_t count)
{
    unsigned left = t.tx_count - t.tx_done;

    (void)port;
    if (skip >= left)
        return 0;
    if (count > left - skip)
        count = left - skip;
    memcpy(bytes, t.tx + t.tx_done + skip, count);
    return count;
}

void char_tx_done(struct char_port *port, uint32_t epoch, uint32_t count)
{
    (void)port;
    (void)epoch;
    t.tx_done += count;
    assert_true(t.tx_done <= t.sent_count); // only what the chip has taken leaves the ring
}

void char_status_changed(struct char_port *port, bool signal)
{
    (void)port;
    t.signals += signal;
}

// ---- tests ----

static void program_writes(const char *text)
{
    memcpy(t.tx + t.tx_count, text, strlen(text));
    t.tx_count += (unsigned)strlen(text);
    pl011_char_ops.tx_provide(&t.port);
}

static int setup(void **state)
{
    (void)state;
    memset(&t, 0, sizeof t);
    t.part = PL011_PART;
    t.rx_room = 1000;
    t.port.status.tx_idle = 1;
    assert_int_equal(pl011_init(&t.uart, &t.port, registers, chip_now), 0);
    pl011_char_ops.rx_provide(&t.port); // a client has attached
    return 0;
}

static void test_absent(void **state)
{
    (void)state;
    t.part = 0x010;
    assert_int_equal(pl011_init(&t.uart, &t.port, registers, chip_now), -E_NODEV);
}

static void test_start(void **state)
{
    (void)state;
    assert_int_equal(t.lcr_h, UARTLCR_H_FEN | UARTLCR_H_WLEN_8);
    assert_int_equal(t.cr & UARTCR_UARTEN, UARTCR_UARTEN);
    assert_int_equal(t.imsc, UART_MODEM | UART_RECEIVE);
    t.lcr_h = UARTLCR_H_FEN | UARTLCR_H_STP2; // a predecessor's line is kept
    assert_int_equal(pl011_init(&t.uart, &t.port, registers, chip_now), 0);
    assert_int_equal(t.lcr_h, UARTLCR_H_FEN | UARTLCR_H_STP2);
}

static void test_receive(void **state)
{
    (void)state;
    receive("hello", 0);
    pl011_handle_irq(&t.uart);
    assert_int_equal(t.rx_put, 5);
    assert_memory_equal(t.rx, "hello", 5);
}

static void test_receive_stops_when_full(void **state)
{
    (void)state;
    t.rx_room = 3;
    receive("abcdefgh", 0);
    pl011_handle_irq(&t.uart);
    assert_int_equal(t.rx_put, 3);
    assert_int_equal(t.imsc & UART_RECEIVE, 0); // else the level interrupt would never end
    pl011_handle_irq(&t.uart);
    assert_int_equal(t.rx_put, 3);
    t.rx_room = 100;
    pl011_char_ops.rx_provide(&t.port);
    assert_memory_equal(t.rx, "abcdefgh", 8);
    assert_int_equal(t.imsc & UART_RECEIVE, UART_RECEIVE);
}

static void test_errors(void **state)
{
    (void)state;
    receive("a", UARTDR_PE);
    receive("b", UARTDR_FE);
    receive("c", UARTDR_OE);
    receive("x", UARTDR_BE | UARTDR_FE);
    receive("d", 0);
    pl011_handle_irq(&t.uart);
    assert_int_equal(t.rx_put, 4);
    assert_memory_equal(t.rx, "abcd", 4);
    assert_int_equal(t.port.status.rx_parity, 1);
    assert_int_equal(t.port.status.rx_framing, 1);
    assert_int_equal(t.port.status.rx_overrun, 1);
    assert_int_equal(t.port.status.breaks, 1);
    assert_int_equal(t.signals, 1);
}

static void test_endless_receiver_is_bounded(void **state)
{
    (void)state;
    t.rx_room = sizeof t.rx;
    t.stuck_rx = true; // RXFE never comes
    pl011_handle_irq(&t.uart);
    assert_true(t.uart.more_work || t.uart.rx_stopped);
}

static void test_transmit(void **state)
{
    (void)state;
    program_writes("0123456789abcdefghij"); // more than the FIFO holds
    assert_int_equal(t.sent_count, FIFO);
    assert_int_equal(t.imsc & UART_TXI, UART_TXI);
    assert_int_equal(t.port.status.tx_idle, 0);
    transmit_all();
    pl011_handle_irq(&t.uart);
    assert_int_equal(t.sent_count, 20);
    assert_memory_equal(t.sent, "0123456789abcdefghij", 20);
    assert_int_equal(t.imsc & UART_TXI, 0);
    assert_int_equal(t.port.status.tx_idle, 0); // BUSY
    assert_true(pl011_deadline(&t.uart, 5) < DEADLINE_NEVER);
    transmit_all();
    pl011_handle_timer(&t.uart, 10);
    assert_int_equal(t.port.status.tx_idle, 1);
    assert_true(pl011_deadline(&t.uart, 10) == DEADLINE_NEVER);
}

static void test_transmitter_without_end_is_bounded(void **state)
{
    (void)state;
    t.endless = true;
    memset(t.tx, 'x', sizeof t.tx);
    t.tx_count = sizeof t.tx;
    pl011_char_ops.tx_provide(&t.port);
    assert_true(t.sent_count < t.tx_count && t.uart.more_work);
    for (unsigned i = 0; i < 10; i++)
        pl011_handle_timer(&t.uart, 10);
    assert_int_equal(t.sent_count, t.tx_count);
}

static void test_line(void **state)
{
    (void)state;
    uint32_t baud = 115200;
    assert_int_equal(pl011_char_ops.set_line(&t.port, &baud, 7 | CHAR_PARITY | CHAR_STOP2), 0);
    assert_int_equal(t.ibrd, 13); // 24 MHz / (16 * 115200) = 13 1/48
    assert_int_equal(t.fbrd, 1);
    assert_int_equal(t.lcr_h, UARTLCR_H_FEN | UARTLCR_H_PEN | UARTLCR_H_EPS | UARTLCR_H_STP2 |
                                  2 << UARTLCR_H_WLEN_SHIFT);
    assert_in_range(baud, 115000, 115400);
    assert_int_equal(t.cr & UARTCR_UARTEN, UARTCR_UARTEN);
    baud = 1;
    assert_int_equal(pl011_char_ops.set_line(&t.port, &baud, 8 | CHAR_FLOW_RTSCTS), 0);
    assert_int_equal(t.ibrd, PL011_DIVISOR_MAX);
    assert_int_equal(t.cr & (UARTCR_RTSEN | UARTCR_CTSEN), UARTCR_RTSEN | UARTCR_CTSEN);
    baud = ~0u;
    assert_int_equal(pl011_char_ops.set_line(&t.port, &baud, 8), 0);
    assert_int_equal(baud, 1500000);
    baud = 0;
    assert_int_equal(pl011_char_ops.set_line(&t.port, &baud, 8), -E_INVAL);
    baud = 9600;
    assert_int_equal(pl011_char_ops.set_line(&t.port, &baud, 4), -E_INVAL);
    t.stuck_busy = true; // bounded
    assert_int_equal(pl011_char_ops.set_line(&t.port, &baud, 8), 0);
}

static void test_break(void **state)
{
    (void)state;
    t.now = 1000;
    assert_int_equal(pl011_char_ops.send_break(&t.port, 250), 0);
    assert_int_equal(t.lcr_h & UARTLCR_H_BRK, UARTLCR_H_BRK);
    program_writes("later");
    assert_int_equal(t.sent_count, 0);
    assert_true(pl011_deadline(&t.uart, t.now) == 1000 + 250000000ull);
    pl011_handle_timer(&t.uart, 1000 + 250000000ull);
    assert_int_equal(t.lcr_h & UARTLCR_H_BRK, 0);
    assert_memory_equal(t.sent, "later", 5);
}

static void test_modem(void **state)
{
    (void)state;
    t.lines = UARTFR_CTS | UARTFR_DCD;
    pl011_handle_irq(&t.uart);
    assert_int_equal(t.port.status.modem, CHAR_CTS | CHAR_DCD);
    assert_int_equal(pl011_char_ops.open(&t.port, true), 0);
    assert_int_equal(t.cr & (UARTCR_DTR | UARTCR_RTS), UARTCR_DTR | UARTCR_RTS);
    assert_int_equal(pl011_char_ops.set_modem(&t.port, 0, CHAR_DTR), 0);
    assert_int_equal(t.port.status.modem, CHAR_CTS | CHAR_DCD | CHAR_RTS);
    assert_int_equal(pl011_char_ops.set_modem(&t.port, CHAR_CTS, 0), -E_INVAL);
    pl011_quiesce(&t.uart);
    assert_int_equal(t.imsc, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_absent, setup),
        cmocka_unit_test_setup(test_start, setup),
        cmocka_unit_test_setup(test_receive, setup),
        cmocka_unit_test_setup(test_receive_stops_when_full, setup),
        cmocka_unit_test_setup(test_errors, setup),
        cmocka_unit_test_setup(test_endless_receiver_is_bounded, setup),
        cmocka_unit_test_setup(test_transmit, setup),
        cmocka_unit_test_setup(test_transmitter_without_end_is_bounded, setup),
        cmocka_unit_test_setup(test_line, setup),
        cmocka_unit_test_setup(test_break, setup),
        cmocka_unit_test_setup(test_modem, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
