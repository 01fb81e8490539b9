// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The chip's code against a made-up 16550A with FIFOs, interrupt identification, modem lines and
// errors.

// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on

#include <string.h>

#include "abi/error.h"
#include "drivers/char/uart16550/uart16550.h"
#include "drivers/char/uart16550/uart16550_hw.h"

static struct {
    // chip
    uint8_t reg[UART_REGISTERS];
    uint8_t dll, dlm, msr;
    bool absent, stuck;
    char rx_fifo[64];
    uint8_t rx_error[64];
    unsigned rx_count, rx_taken;
    char sent[4096];
    unsigned sent_count, fifo_left; // how many more the transmitter takes now
    bool fifo_cleared, thr_pending;
    time_ns_t now;
    // rings
    char tx[4096];
    unsigned tx_count, tx_done;
    char rx[4096];
    unsigned rx_put, rx_room;
    unsigned signals;
    struct uart uart;
    struct char_port port;
} t;

// ---- the chip ----

static uint8_t iir(void)
{
    uint8_t fifos = (t.reg[UART_FCR] & UART_FCR_ENABLE) != 0 ? UART_IIR_FIFOS : 0;
    uint8_t ier = t.reg[UART_IER];

    if (t.stuck)
        return fifos;
    if ((ier & UART_IER_ERBFI) != 0 && t.rx_taken < t.rx_count)
        return fifos | 4;
    if ((ier & UART_IER_ETBEI) != 0 && t.thr_pending) {
        t.thr_pending = false;
        return fifos | 2;
    }
    return fifos | UART_IIR_NONE;
}

static uint8_t chip_read(void *context, unsigned reg)
{
    bool dlab = (t.reg[UART_LCR] & UART_LCR_DLAB) != 0;

    (void)context;
    if (t.absent)
        return 0xff;
    switch (reg) {
    case UART_RBR:
        return dlab ? t.dll : t.rx_taken < t.rx_count ? (uint8_t)t.rx_fifo[t.rx_taken++] : 0;
    case UART_IIR:
        return iir();
    case UART_LSR:
        return (uint8_t)((t.rx_taken < t.rx_count ? UART_LSR_DR | t.rx_error[t.rx_taken] : 0) |
                         (t.fifo_left >= UART_FIFO_BYTES ? UART_LSR_THRE | UART_LSR_TEMT : 0));
    case UART_MSR:
        return t.msr;
    default:
        return t.reg[reg];
    }
}

static void chip_write(void *context, unsigned reg, uint8_t value)
{
    bool dlab = (t.reg[UART_LCR] & UART_LCR_DLAB) != 0;

    (void)context;
    if (dlab && reg == UART_DLL) {
        t.dll = value;
    } else if (dlab && reg == UART_DLM) {
        t.dlm = value;
    } else if (reg == UART_THR) {
        assert_true(t.fifo_left > 0); // an overrun of the transmitter
        t.fifo_left--;
        t.sent[t.sent_count++] = (char)value;
    } else {
        if (reg == UART_IER && (value & ~t.reg[UART_IER] & UART_IER_ETBEI) != 0 &&
            t.fifo_left >= UART_FIFO_BYTES)
            t.thr_pending = true;
        if (reg == UART_FCR && (value & (UART_FCR_CLEAR_RX | UART_FCR_CLEAR_TX)) != 0)
            t.fifo_cleared = true;
        t.reg[reg] = value;
    }
}

static void chip_write_bytes(void *context, unsigned reg, const uint8_t *bytes, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        chip_write(context, reg, bytes[i]);
}

static time_ns_t chip_now(void *context)
{
    (void)context;
    return t.now;
}

static void transmitter_ready(void)
{
    t.fifo_left = UART_FIFO_BYTES;
    t.thr_pending = true;
}

static void receive(const char *bytes)
{
    t.rx_taken = 0;
    t.rx_count = (unsigned)strlen(bytes);
    memcpy(t.rx_fifo, bytes, t.rx_count);
    memset(t.rx_error, 0, sizeof t.rx_error);
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

static void program_writes(const char *text)
{
    memcpy(t.tx + t.tx_count, text, strlen(text));
    t.tx_count += (unsigned)strlen(text);
    uart_char_ops.tx_provide(&t.port);
}

static int bring_up(void)
{
    static const struct uart_io io = {
        .read = chip_read, .write = chip_write, .write_bytes = chip_write_bytes, .now = chip_now};

    return uart_init(&t.uart, &t.port, &io);
}

static int setup(void **state)
{
    (void)state;
    memset(&t, 0, sizeof t);
    t.fifo_left = UART_FIFO_BYTES;
    t.rx_room = 1000;
    t.msr = UART_MSR_CTS | UART_MSR_DSR;
    assert_int_equal(bring_up(), 0);
    uart_char_ops.rx_provide(&t.port); // a client has attached
    return 0;
}

static void test_absent(void **state)
{
    (void)state;
    t.absent = true;
    assert_int_equal(bring_up(), -E_NODEV);
}

static void test_start_keeps_bytes(void **state)
{
    (void)state;
    assert_false(t.fifo_cleared);
    assert_int_equal(t.uart.fifo, UART_FIFO_BYTES);
    assert_true((t.reg[UART_MCR] & UART_MCR_OUT2) != 0);
    assert_int_equal(t.reg[UART_IER] & UART_IER_ETBEI, 0);
}

static void test_receive(void **state)
{
    (void)state;
    receive("hello");
    uart_handle_irq(&t.uart);
    assert_int_equal(t.rx_put, 5);
    assert_memory_equal(t.rx, "hello", 5);
}

static void test_receive_stops_when_full(void **state)
{
    (void)state;
    t.rx_room = 3;
    receive("hello");
    uart_handle_irq(&t.uart);
    assert_int_equal(t.rx_put, 3);
    assert_int_equal(t.reg[UART_IER] & UART_IER_ERBFI, 0); // the rest waits in the FIFO
    t.rx_room = 100;
    uart_char_ops.rx_provide(&t.port);
    assert_int_equal(t.rx_put, 5);
    assert_memory_equal(t.rx, "hello", 5);
    assert_true((t.reg[UART_IER] & UART_IER_ERBFI) != 0);
}

static void test_rts_follows_room(void **state)
{
    uint32_t baud = 9600;

    (void)state;
    assert_int_equal(uart_char_ops.open(&t.port, true), 0);
    assert_int_equal(uart_char_ops.set_line(&t.port, &baud, 8 | CHAR_FLOW_RTSCTS), 0);
    assert_true((t.reg[UART_MCR] & UART_MCR_RTS) != 0);
    t.rx_room = 10;
    receive("x");
    uart_handle_irq(&t.uart);
    assert_int_equal(t.reg[UART_MCR] & UART_MCR_RTS, 0);
    t.rx_room = 1000;
    uart_char_ops.rx_provide(&t.port);
    assert_true((t.reg[UART_MCR] & UART_MCR_RTS) != 0);
    assert_int_equal(t.rx_put, 1);
}

static void test_errors_are_counted(void **state)
{
    (void)state;
    receive("abcd");
    t.rx_error[0] = UART_LSR_OE;
    t.rx_error[1] = UART_LSR_PE;
    t.rx_error[2] = UART_LSR_FE | UART_LSR_BI; // a break
    t.rx_error[3] = UART_LSR_FE;
    uart_handle_irq(&t.uart);
    assert_int_equal(t.port.status.rx_overrun, 1);
    assert_int_equal(t.port.status.rx_parity, 1);
    assert_int_equal(t.port.status.rx_framing, 1);
    assert_int_equal(t.port.status.breaks, 1);
    assert_int_equal(t.rx_put, 3);
    assert_memory_equal(t.rx, "abd", 3);
    assert_true(t.signals > 0);
}

static void test_transmit_in_bursts(void **state)
{
    const char *text = "The quick brown fox jumps over the lazy dog.";

    (void)state;
    program_writes(text);
    assert_int_equal(t.sent_count, 16);
    assert_int_equal(t.tx_done, 16);
    assert_true((t.reg[UART_IER] & UART_IER_ETBEI) != 0);
    uart_handle_irq(&t.uart); // spurious: the transmitter is still busy
    assert_int_equal(t.sent_count, 16);
    transmitter_ready();
    uart_handle_irq(&t.uart);
    assert_int_equal(t.sent_count, 32);
    transmitter_ready();
    uart_handle_irq(&t.uart);
    assert_int_equal(t.sent_count, strlen(text));
    assert_memory_equal(t.sent, text, strlen(text));
    assert_int_equal(t.reg[UART_IER] & UART_IER_ETBEI, 0);
    assert_int_equal(t.port.status.tx_idle, 0);
    assert_true(uart_deadline(&t.uart, 5) < DEADLINE_NEVER); // TEMT has no interrupt
    transmitter_ready();
    uart_handle_timer(&t.uart, 10);
    assert_int_equal(t.port.status.tx_idle, 1);
    assert_true(uart_deadline(&t.uart, 10) == DEADLINE_NEVER);
}

static void test_cts_holds_output(void **state)
{
    uint32_t baud = 9600;

    (void)state;
    assert_int_equal(uart_char_ops.set_line(&t.port, &baud, 8 | CHAR_FLOW_RTSCTS), 0);
    t.msr = 0;
    uart_handle_irq(&t.uart);
    t.stuck = true; // any interrupt makes the driver look at the modem lines
    uart_handle_irq(&t.uart);
    t.stuck = false;
    program_writes("abc");
    assert_int_equal(t.sent_count, 0);
    t.msr = UART_MSR_CTS;
    t.stuck = true;
    uart_handle_irq(&t.uart);
    assert_int_equal(t.sent_count, 3);
}

static void test_interrupt_that_never_ends(void **state)
{
    (void)state;
    t.stuck = true;
    uart_handle_irq(&t.uart);                                // returns
    assert_true(uart_deadline(&t.uart, 0) < DEADLINE_NEVER); // and comes back
}

static void test_line_speed(void **state)
{
    uint32_t baud = 9600;

    (void)state;
    assert_int_equal(uart_char_ops.set_line(&t.port, &baud, 8), 0);
    assert_int_equal(baud, 9600);
    assert_int_equal(t.dll, 12);
    assert_int_equal(t.reg[UART_LCR], 3);
    baud = 1000000;
    assert_int_equal(
        uart_char_ops.set_line(&t.port, &baud, 7 | CHAR_STOP2 | CHAR_PARITY | CHAR_PARITY_ODD), 0);
    assert_int_equal(baud, 115200);
    assert_int_equal(t.dll, 1);
    assert_int_equal(t.reg[UART_LCR], 2 | UART_LCR_STB | UART_LCR_PEN);
    baud = 1;
    assert_int_equal(uart_char_ops.set_line(&t.port, &baud, 8), 0);
    assert_int_equal(t.dll | t.dlm << 8, 0xffff);
    baud = 0;
    assert_int_equal(uart_char_ops.set_line(&t.port, &baud, 8), -E_INVAL);
    baud = 9600;
    assert_int_equal(uart_char_ops.set_line(&t.port, &baud, 9), -E_INVAL);
}

static void test_break(void **state)
{
    (void)state;
    t.now = 1000;
    assert_int_equal(uart_char_ops.send_break(&t.port, 250), 0);
    assert_true((t.reg[UART_LCR] & UART_LCR_SBRK) != 0);
    program_writes("later");
    assert_int_equal(t.sent_count, 0);
    assert_true(uart_deadline(&t.uart, 1000) == 1000 + 250000000ull);
    uart_handle_timer(&t.uart, 1000 + 250000000ull);
    assert_int_equal(t.reg[UART_LCR] & UART_LCR_SBRK, 0);
    assert_int_equal(t.sent_count, 5);
}

static void test_flush(void **state)
{
    (void)state;
    assert_int_equal(uart_char_ops.flush_tx(&t.port), 0);
    assert_true(t.fifo_cleared);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, setup)
    const struct CMUnitTest tests[] = {
        TEST(test_absent),
        TEST(test_start_keeps_bytes),
        TEST(test_receive),
        TEST(test_receive_stops_when_full),
        TEST(test_rts_follows_room),
        TEST(test_errors_are_counted),
        TEST(test_transmit_in_bursts),
        TEST(test_cts_holds_output),
        TEST(test_interrupt_that_never_ends),
        TEST(test_line_speed),
        TEST(test_break),
        TEST(test_flush),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
