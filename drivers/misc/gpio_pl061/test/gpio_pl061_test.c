// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The chip's code against a made-up PL061: absent, in any old state, edges of both kinds on every
// line.

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "abi/error.h"
#include "drivers/misc/gpio_pl061/gpio_pl061.h"
#include "drivers/misc/gpio_pl061/gpio_pl061_hw.h"

static uint8_t registers[PL061_BYTES]; // only its addresses count

static struct {
    uint32_t value[PL061_BYTES / 4];
    uint32_t raw, levels, part;
} chip;

static uint32_t reg(enum gpio_register at)
{
    return chip.value[at / 4];
}

// DDI 0190B, 2.2.3: an edge of the chosen kind is kept until it is cleared.
static void line_set(unsigned line, bool level)
{
    uint32_t bit = 1u << line;
    bool was = (chip.levels & bit) != 0;

    chip.levels = level ? chip.levels | bit : chip.levels & ~bit;
    if (was == level || ((reg(GPIODIR) | reg(GPIOAFSEL) | reg(GPIOIS)) & bit) != 0)
        return;
    if ((reg(GPIOIBE) & bit) != 0 || ((reg(GPIOIEV) & bit) != 0) == level)
        chip.raw |= bit;
}

uint32_t mmio_read32(const volatile void *address)
{
    uintptr_t at = (uintptr_t)address - (uintptr_t)registers;

    switch (at) {
    case GPIOMIS:
        return chip.raw & reg(GPIOIE);
    case GPIOPERIPHID0:
        return chip.part & 0xff;
    case GPIOPERIPHID1:
        return 0x10 | chip.part >> 8;
    default:
        assert_in_range(at, GPIODIR, GPIOAFSEL);
        return chip.value[at / 4];
    }
}

void mmio_write32(volatile void *address, uint32_t value)
{
    uintptr_t at = (uintptr_t)address - (uintptr_t)registers;

    assert_in_range(at, GPIODIR, GPIOAFSEL);
    if (at == GPIOIC)
        chip.raw &= ~value;
    else
        chip.value[at / 4] = value;
}

static int setup(void **state)
{
    (void)state;
    memset(&chip, 0xff, sizeof(chip)); // a predecessor, or firmware, left everything on
    chip.part = PL061_PART;
    chip.levels = 0;
    return 0;
}

static void test_one_press_is_one_edge(void **state)
{
    (void)state;
    for (unsigned line = 0; line < PL061_LINES; line++) {
        for (unsigned low = 0; low < 2; low++) {
            setup(NULL);
            chip.levels = low ? 0xff : 0;
            assert_int_equal(pl061_init(registers, line, low), 0);
            assert_int_equal(reg(GPIOIE), 1u << line);
            assert_false(pl061_take_edge(registers, line)); // what was before does not count
            line_set(line, !low);
            assert_true(pl061_take_edge(registers, line));
            assert_false(pl061_take_edge(registers, line));
            line_set(line, low); // released
            assert_false(pl061_take_edge(registers, line));
            line_set((line + 1) % PL061_LINES, !low); // a neighbour
            assert_false(pl061_take_edge(registers, line));
            pl061_quiesce(registers);
            line_set(line, !low);
            assert_int_equal(mmio_read32(registers + GPIOMIS), 0);
        }
    }
}

static void test_neighbours_stay_outputs(void **state)
{
    (void)state;
    assert_int_equal(pl061_init(registers, 3, false), 0);
    assert_int_equal(reg(GPIODIR) & 0xff, 0xf7);
    assert_int_equal(reg(GPIOAFSEL) & 0xff, 0xf7);
}

static void test_absent_and_impossible(void **state)
{
    (void)state;
    chip.part = 0x031;
    assert_int_equal(pl061_init(registers, 3, false), -E_NODEV);
    chip.part = PL061_PART;
    assert_int_equal(pl061_init(registers, PL061_LINES, false), -E_INVAL);
    assert_int_equal(pl061_init(registers, ~0u, false), -E_INVAL);
    assert_int_equal(reg(GPIOIE), ~0u); // untouched
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_one_press_is_one_edge, setup),
        cmocka_unit_test_setup(test_neighbours_stay_outputs, setup),
        cmocka_unit_test_setup(test_absent_and_impossible, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
