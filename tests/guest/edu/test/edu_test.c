// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The chip's half of the edu driver over a fake device, which can be another one, dead, slow, and
// one that lies.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "abi/error.h"
#include "tests/guest/edu/edu.h"
#include "tests/guest/edu/edu_hw.h"

struct fake {
    uint32_t identification, liveness, number, status, causes;
    bool dead;
};

static uint32_t fake_read(void *context, unsigned reg)
{
    const struct fake *fake = context;
    switch (reg) {
    case EDU_IDENTIFICATION:
        return fake->identification;
    case EDU_LIVENESS:
        return fake->dead ? UINT32_MAX : ~fake->liveness;
    case EDU_FACTORIAL:
        return fake->number;
    case EDU_STATUS:
        return fake->status;
    case EDU_INTERRUPT_STATUS:
        return fake->causes;
    default:
        fail_msg("register %#x is read", reg);
        return 0;
    }
}

static void fake_write(void *context, unsigned reg, uint32_t value)
{
    struct fake *fake = context;
    switch (reg) {
    case EDU_LIVENESS:
        fake->liveness = value;
        break;
    case EDU_FACTORIAL:
        fake->number = value;
        fake->status |= EDU_STATUS_COMPUTING;
        break;
    case EDU_STATUS:
        fake->status = (fake->status & EDU_STATUS_COMPUTING) | (value & EDU_STATUS_RAISE);
        break;
    case EDU_INTERRUPT_ACKNOWLEDGE:
        fake->causes &= ~value;
        break;
    default:
        fail_msg("register %#x is written", reg);
    }
}

// The device has computed what it was given.
static void fake_compute(struct fake *fake)
{
    uint32_t factorial = 1;
    for (; fake->number > 1; fake->number--)
        factorial *= fake->number;
    fake->number = factorial;
    fake->status &= ~(uint32_t)EDU_STATUS_COMPUTING;
    if ((fake->status & EDU_STATUS_RAISE) != 0)
        fake->causes |= EDU_INTERRUPT_FACTORIAL;
}

static int probe(struct edu *edu, struct fake *fake)
{
    const struct edu_io io = {fake_read, fake_write, fake};
    return edu_probe(edu, &io);
}

static const struct fake sound = {.identification = 0x010000ed};

static void other_devices_are_refused(void **state)
{
    (void)state;
    struct edu edu;
    struct fake fake = {.identification = UINT32_MAX}; // nothing answers
    assert_int_equal(probe(&edu, &fake), -E_NODEV);
    fake = sound, fake.dead = true;
    assert_int_equal(probe(&edu, &fake), -E_IO);
    fake = sound;
    assert_int_equal(probe(&edu, &fake), 0);
}

static void a_factorial_is_computed(void **state)
{
    (void)state;
    struct edu edu;
    struct fake fake = sound;
    uint32_t factorial;
    assert_int_equal(probe(&edu, &fake), 0);
    assert_int_equal(edu_start(&edu, 13), -E_RANGE);
    assert_int_equal(edu_start(&edu, UINT64_MAX), -E_RANGE);
    assert_int_equal(edu_start(&edu, 12), 0);
    assert_int_equal(edu_start(&edu, 1), -E_BUSY);
    assert_int_equal(edu_finish(&edu, &factorial), -E_AGAIN); // not computed yet
    fake_compute(&fake);
    assert_int_equal(edu_finish(&edu, &factorial), 0);
    assert_int_equal(factorial, 479001600);
    assert_int_equal(fake.causes, 0); // acknowledged
    assert_int_equal(edu_start(&edu, 1), 0);
}

static void an_interrupt_too_many_or_too_early_is_ignored(void **state)
{
    (void)state;
    struct edu edu;
    struct fake fake = sound;
    uint32_t factorial = 7;
    assert_int_equal(probe(&edu, &fake), 0);
    fake.causes = EDU_INTERRUPT_FACTORIAL; // nobody asked
    assert_int_equal(edu_finish(&edu, &factorial), -E_AGAIN);
    assert_int_equal(edu_start(&edu, 3), 0);
    fake.causes = EDU_INTERRUPT_FACTORIAL; // it is still computing
    assert_int_equal(edu_finish(&edu, &factorial), -E_AGAIN);
    assert_int_equal(factorial, 7);
}

static void what_a_predecessor_left_is_silenced(void **state)
{
    (void)state;
    struct edu edu;
    struct fake fake = sound;
    fake.status = EDU_STATUS_RAISE | EDU_STATUS_COMPUTING;
    assert_int_equal(probe(&edu, &fake), 0);
    assert_false(edu_is_idle(&edu));
    fake_compute(&fake);
    assert_true(edu_is_idle(&edu));
    edu_silence(&edu);
    assert_int_equal(fake.status, 0);
    assert_int_equal(fake.causes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(other_devices_are_refused),
        cmocka_unit_test(a_factorial_is_computed),
        cmocka_unit_test(an_interrupt_too_many_or_too_early_is_ignored),
        cmocka_unit_test(what_a_predecessor_left_is_silenced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
