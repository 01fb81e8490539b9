// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// PL061: the chip (gpio_pl061_hw.h). Outputs, levels and both edges at once are not implemented.

#include "drivers/misc/gpio_pl061/gpio_pl061.h"

#include "abi/error.h"
#include "drivers/misc/gpio_pl061/gpio_pl061_hw.h"
#include "lib/driver/mmio.h"

static void change(volatile uint8_t *at, uint32_t bit, bool set)
{
    uint32_t value = mmio_read32(at) & ~bit;

    mmio_write32(at, set ? value | bit : value);
}

int pl061_init(volatile uint8_t *registers, uint32_t line, bool active_low)
{
    uint32_t low = mmio_read32(registers + GPIOPERIPHID0) & 0xff;
    uint32_t high = mmio_read32(registers + GPIOPERIPHID1) & PERIPHID1_PART_MASK;
    uint32_t bit;

    if ((high << 8 | low) != PL061_PART)
        return -E_NODEV;
    if (line >= PL061_LINES)
        return -E_INVAL;
    bit = 1u << line;
    pl061_quiesce(registers);
    change(registers + GPIOAFSEL, bit, false);
    change(registers + GPIODIR, bit, false);
    change(registers + GPIOIS, bit, false);
    change(registers + GPIOIBE, bit, false);
    change(registers + GPIOIEV, bit, !active_low);
    mmio_write32(registers + GPIOIC, bit); // what the changes above made of the old levels
    mmio_write32(registers + GPIOIE, bit);
    return 0;
}

bool pl061_take_edge(volatile uint8_t *registers, uint32_t line)
{
    uint32_t pending = mmio_read32(registers + GPIOMIS);

    mmio_write32(registers + GPIOIC, pending);
    return (pending & 1u << line) != 0;
}

void pl061_quiesce(volatile uint8_t *registers)
{
    mmio_write32(registers + GPIOIE, 0);
}
