// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// ACPI's fixed power button (acpi_button_hw.h, section 4.8.2.2.1): the process. Answers BUTTON_WAIT
// (abi/button.h). The PM1a event block is "io0", the SCI is "irq0"; devmgr has put the board into
// ACPI mode. Not implemented: the other fixed events, which stay disabled, and PM1b.

#include "abi/error.h"
#include "drivers/misc/acpi_button/acpi_button_hw.h"
#include "lib/button/button.h"
#include "lib/sys/log.h"
#include "lib/sys/start.h"
#include "lib/sys/sys.h"

struct state {
    struct button button;
    handle_t ports;
    uint64_t status, enable; // ports
};

static int init(struct driver *driver)
{
    const struct startup_grant *grant = startup_grant("io0");
    struct state *state = driver->state;
    int64_t error;

    if (grant == NULL || driver->irqs == 0)
        return -E_NODEV;
    if (grant->value < PM1_BYTES_MIN || grant->value % 2 != 0)
        return -E_INVAL;
    state->ports = grant->handle;
    state->enable = grant->value / 2;
    error = sys_port_write(state->ports, state->enable, 2, 0);
    if (error >= 0) // a press of before the start: nobody meant us
        error = sys_port_write(state->ports, state->status, 2, PWRBTN_STS);
    if (error >= 0)
        error = sys_port_write(state->ports, state->enable, 2, PWRBTN_EN);
    if (error >= 0)
        log_info("%s: ACPI power button", driver->unit_name);
    return error < 0 ? (int)error : 0;
}

static void handle_irq(struct driver *driver, unsigned irq)
{
    struct state *state = driver->state;
    int64_t status = sys_port_read(state->ports, state->status, 2);

    (void)irq;
    if (status < 0 || (status & PWRBTN_STS) == 0)
        return; // another one's, at the same line
    if (sys_port_write(state->ports, state->status, 2, PWRBTN_STS) < 0)
        driver_fail(driver, "the button's status cannot be cleared");
    button_press(&state->button);
}

static int handle_message(struct driver *driver, struct message *request, struct message *reply)
{
    return button_handle_message(&((struct state *)driver->state)->button, driver, request, reply);
}

static void quiesce(struct driver *driver)
{
    struct state *state = driver->state;

    sys_port_write(state->ports, state->enable, 2, 0);
}

int main(int argc, char **argv)
{
    static const struct driver_ops ops = {
        .name = "acpi_button",
        .init = init,
        .handle_irq = handle_irq,
        .handle_message = handle_message,
        .quiesce = quiesce,
    };
    static struct state state = {.button.waiter = HANDLE_NONE};

    (void)argc;
    (void)argv;
    return driver_run(&ops, &state);
}
