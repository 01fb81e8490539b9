// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The chip's code against a made-up PL031: absent, stopped, running, broken.

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "abi/error.h"
#include "drivers/misc/rtc_pl031/rtc_pl031.h"
#include "drivers/misc/rtc_pl031/rtc_pl031_hw.h"

static uint8_t registers[PL031_BYTES]; // only its addresses count

static struct {
    uint32_t data, control, mask, part;
    bool broken;
    unsigned starts;
} chip;

uint32_t mmio_read32(const volatile void *address)
{
    switch ((uintptr_t)address - (uintptr_t)registers) {
    case RTCDR:
        return chip.data;
    case RTCCR:
        return chip.control;
    case RTCPERIPHID0:
        return chip.part & 0xff;
    case RTCPERIPHID1:
        return 0x10 | chip.part >> 8;
    default:
        fail();
        return 0;
    }
}

void mmio_write32(volatile void *address, uint32_t value)
{
    switch ((uintptr_t)address - (uintptr_t)registers) {
    case RTCCR:
        chip.starts++;
        chip.control = chip.broken ? 0 : value;
        break;
    case RTCIMSC:
        chip.mask = value;
        break;
    default:
        fail();
    }
}

static int setup(void **state)
{
    (void)state;
    memset(&chip, 0, sizeof(chip));
    chip.part = PL031_PART;
    chip.mask = 1;
    chip.data = 4102444800u; // 2100: does not fit in 31 bits
    return 0;
}

static void test_started_once(void **state)
{
    (void)state;
    assert_int_equal(pl031_init(registers), 0);
    assert_int_equal(pl031_init(registers), 0); // a successor leaves it running
    assert_int_equal(chip.starts, 1);
    assert_int_equal(chip.mask, 0);
    assert_true(pl031_read(registers) == 4102444800u);
}

static void test_absent_and_broken(void **state)
{
    (void)state;
    chip.part = 0x061;
    assert_int_equal(pl031_init(registers), -E_NODEV);
    assert_int_equal(chip.mask, 1); // untouched
    chip.part = PL031_PART;
    chip.broken = true;
    assert_int_equal(pl031_init(registers), -E_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_started_once, setup),
        cmocka_unit_test_setup(test_absent_and_broken, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
