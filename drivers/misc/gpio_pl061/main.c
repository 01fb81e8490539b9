// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// PL061 driver: the process. Answers BUTTON_WAIT (abi/button.h) for the power button that the board
// has at one of the lines. Its registers are "mmio0", the interrupt is "irq0", the line is told by
// "wiring" (struct device_wiring).

#include "abi/devmgr.h"
#include "abi/error.h"
#include "drivers/misc/gpio_pl061/gpio_pl061.h"
#include "drivers/misc/gpio_pl061/gpio_pl061_hw.h"
#include "lib/button/button.h"
#include "lib/sys/log.h"

struct state {
    struct button button;
    volatile uint8_t *registers;
    uint32_t line;
};

static int read_wiring(struct driver *driver, struct device_wiring *wiring)
{
    uint64_t bytes;
    void *mapped;
    int status = driver_map_grant(driver, "wiring", false, &mapped, &bytes);

    if (status < 0)
        return status;
    if (bytes < sizeof *wiring)
        return -E_INVAL;
    *wiring = *(const struct device_wiring *)mapped;
    return wiring->power_key ? 0 : -E_NODEV;
}

static int init(struct driver *driver)
{
    struct state *state = driver->state;
    struct device_wiring wiring;
    volatile void *mapped;
    uint64_t bytes;
    int status = driver->irqs == 0 ? -E_NODEV : read_wiring(driver, &wiring);

    if (status == 0)
        status = driver_map_registers(driver, 0, &mapped, &bytes);
    if (status == 0 && bytes < PL061_BYTES)
        status = -E_INVAL;
    if (status < 0)
        return status;
    state->registers = mapped;
    state->line = wiring.power_key_line;
    status = pl061_init(state->registers, state->line, wiring.power_key_active_low != 0);
    if (status == 0)
        log_info("%s: power button at line %u of a PL061", driver->unit_name, state->line);
    return status;
}

static void handle_irq(struct driver *driver, unsigned irq)
{
    struct state *state = driver->state;

    (void)irq;
    if (pl061_take_edge(state->registers, state->line))
        button_press(&state->button);
}

static int handle_message(struct driver *driver, struct message *request, struct message *reply)
{
    return button_handle_message(&((struct state *)driver->state)->button, driver, request, reply);
}

static void quiesce(struct driver *driver)
{
    pl061_quiesce(((struct state *)driver->state)->registers);
}

int main(int argc, char **argv)
{
    static const struct driver_ops ops = {
        .name = "gpio_pl061",
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
