// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// 16550 UART driver: the process. Registers are I/O ports, granted as "io0"; the interrupt is
// "irq0".

#include "abi/error.h"
#include "drivers/char/uart16550/uart16550.h"
#include "drivers/char/uart16550/uart16550_hw.h"
#include "lib/sys/log.h"
#include "lib/sys/start.h"
#include "lib/sys/sys.h"

struct state {
    struct char_class class;
    struct char_port port;
    struct uart uart;
    handle_t ports;
    time_ns_t timer; // as set; DEADLINE_NEVER: not
};

// ---- registers ----

static uint8_t port_read(void *context, unsigned reg)
{
    int64_t value = sys_port_read(((struct state *)context)->ports, reg, 1);

    if (value < 0)
        sys_panic("uart: register %u cannot be read: error %d", reg, (int)value);
    return (uint8_t)value;
}

static void port_write(void *context, unsigned reg, uint8_t value)
{
    int64_t status = sys_port_write(((struct state *)context)->ports, reg, 1, value);

    if (status < 0)
        sys_panic("uart: register %u cannot be written: error %d", reg, (int)status);
}

static void port_write_bytes(void *context, unsigned reg, const uint8_t *bytes, uint32_t count)
{
    int64_t status = sys_port_write_bytes(((struct state *)context)->ports, reg, bytes, count);

    if (status < 0)
        sys_panic("uart: register %u cannot be written: error %d", reg, (int)status);
}

static time_ns_t clock_now(void *context)
{
    (void)context;
    return sys_clock();
}

// ---- callbacks ----

static int init(struct driver *driver)
{
    struct state *state = driver->state;
    struct uart_io io = {port_read, port_write, port_write_bytes, clock_now, state};
    int status;

    state->ports = startup_handle("io0");
    state->timer = DEADLINE_NEVER;
    if (state->ports == HANDLE_NONE)
        return -E_NOENT;
    char_class_init(&state->class, driver, &uart_char_ops, &state->port, 1);
    status = uart_init(&state->uart, &state->port, &io);
    if (status < 0)
        return status;
    log_info("%s: 16550 UART, FIFO of %u bytes", driver->unit_name, (unsigned)state->uart.fifo);
    return 0;
}

static void handle_irq(struct driver *driver, unsigned irq)
{
    struct state *state = driver->state;

    (void)irq;
    uart_handle_irq(&state->uart);
}

static int handle_message(struct driver *driver, struct message *request, struct message *reply)
{
    return char_handle_message(&((struct state *)driver->state)->class, request, reply);
}

static void handle_signal(struct driver *driver, uint64_t bits)
{
    char_handle_signal(&((struct state *)driver->state)->class, bits);
}

static void handle_timer(struct driver *driver)
{
    struct state *state = driver->state;

    state->timer = DEADLINE_NEVER;
    uart_handle_timer(&state->uart, sys_clock());
}

static void before_wait(struct driver *driver)
{
    struct state *state = driver->state;
    time_ns_t now = sys_clock();
    time_ns_t deadline;

    char_before_wait(&state->class);
    deadline = uart_deadline(&state->uart, now);
    if (deadline >= state->timer && state->timer != DEADLINE_NEVER && state->timer > now)
        return; // the one that is set comes early enough
    if (deadline == state->timer)
        return;
    if (driver_set_timer(driver, deadline) == 0)
        state->timer = deadline;
}

static void quiesce(struct driver *driver)
{
    uart_quiesce(&((struct state *)driver->state)->uart);
}

int main(int argc, char **argv)
{
    static const struct driver_ops ops = {
        .name = "uart16550",
        .init = init,
        .handle_irq = handle_irq,
        .handle_message = handle_message,
        .handle_signal = handle_signal,
        .handle_timer = handle_timer,
        .before_wait = before_wait,
        .quiesce = quiesce,
    };
    static struct state state;

    (void)argc;
    (void)argv;
    return driver_run(&ops, &state);
}
