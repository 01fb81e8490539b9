// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// PL011 driver: the process. Its registers are "mmio0", the interrupt is "irq0".

#include "abi/error.h"
#include "drivers/char/pl011/pl011.h"
#include "drivers/char/pl011/pl011_hw.h"
#include "lib/sys/log.h"
#include "lib/sys/sys.h"

struct state {
    struct char_class class;
    struct char_port port;
    struct pl011 uart;
    time_ns_t timer; // as set; DEADLINE_NEVER: not
};

static time_ns_t clock_now(void)
{
    return sys_clock();
}

static int init(struct driver *driver)
{
    struct state *state = driver->state;
    volatile void *registers;
    uint64_t bytes;
    int status = driver_map_registers(driver, 0, &registers, &bytes);

    state->timer = DEADLINE_NEVER;
    if (status == 0 && bytes < PL011_BYTES)
        status = -E_INVAL;
    if (status < 0)
        return status;
    char_class_init(&state->class, driver, &pl011_char_ops, &state->port, 1);
    status = pl011_init(&state->uart, &state->port, registers, clock_now);
    if (status < 0)
        return status;
    log_info("%s: PL011 UART", driver->unit_name);
    return 0;
}

static void handle_irq(struct driver *driver, unsigned irq)
{
    (void)irq;
    pl011_handle_irq(&((struct state *)driver->state)->uart);
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
    pl011_handle_timer(&state->uart, sys_clock());
}

static void before_wait(struct driver *driver)
{
    struct state *state = driver->state;
    time_ns_t now = sys_clock();
    time_ns_t deadline;

    char_before_wait(&state->class);
    deadline = pl011_deadline(&state->uart, now);
    if (deadline >= state->timer && state->timer != DEADLINE_NEVER && state->timer > now)
        return; // the one that is set comes early enough
    if (deadline == state->timer)
        return;
    if (driver_set_timer(driver, deadline) == 0)
        state->timer = deadline;
}

static void quiesce(struct driver *driver)
{
    pl011_quiesce(&((struct state *)driver->state)->uart);
}

int main(int argc, char **argv)
{
    static const struct driver_ops ops = {
        .name = "pl011",
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
