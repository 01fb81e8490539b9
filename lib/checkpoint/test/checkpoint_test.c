// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// State that is found again, or found to be damaged: a death at every write, every single bit
// turned over, and random memory.

// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/error.h"
#include "lib/checkpoint/checkpoint.h"

enum { BYTES = 4096 };

static struct checkpoint checkpoint;
static _Alignas(8) uint8_t memory[BYTES];

static int setup(void **state)
{
    (void)state;
    memset(memory, 0, sizeof(memory));
    return checkpoint_open(&checkpoint, memory, sizeof(memory));
}

// What a successor sees.
static void reopen(void)
{
    assert_int_equal(checkpoint_open(&checkpoint, memory, sizeof(memory)), 0);
}

static void test_saved_is_found(void **state)
{
    (void)state;
    char text[64];
    assert_int_equal(checkpoint_load(&checkpoint, "a", 1, text, sizeof(text)), -E_NOENT);
    for (int i = 0; i < 5; i++) {
        snprintf(text, sizeof(text), "round %d", i);
        assert_int_equal(checkpoint_save(&checkpoint, "a", 1, text, 16), 0);
        assert_int_equal(checkpoint_save(&checkpoint, "b", 7, &i, sizeof(i)), 0);
        reopen();
        char found[64] = "";
        int number = -1;
        assert_int_equal(checkpoint_load(&checkpoint, "a", 1, found, sizeof(found)), 16);
        assert_string_equal(found, text);
        assert_int_equal(checkpoint_load(&checkpoint, "b", 7, &number, sizeof(number)), 4);
        assert_int_equal(number, i);
    }
    assert_int_equal(checkpoint_load(&checkpoint, "a", 2, text, sizeof(text)), -E_NOENT);
    assert_int_equal(checkpoint_load(&checkpoint, "a", 1, text, 15), -E_2BIG);
    assert_int_equal(checkpoint_save(&checkpoint, "a", 1, text, 3), 0); // shorter is fine
    assert_int_equal(checkpoint_load(&checkpoint, "a", 1, text, sizeof(text)), 3);
    assert_int_equal(checkpoint_save(&checkpoint, "a", 1, text, 17), -E_NOMEM);
}

static void test_limits(void **state)
{
    (void)state;
    char name[CHECKPOINT_NAME_MAX + 1] = "";
    assert_int_equal(checkpoint_save(&checkpoint, "", 1, "x", 1), -E_INVAL);
    memset(name, 'n', CHECKPOINT_NAME_MAX);
    assert_int_equal(checkpoint_save(&checkpoint, name, 1, "x", 1), -E_INVAL);
    assert_int_equal(checkpoint_save(&checkpoint, "huge", 1, memory, SIZE_MAX), -E_NOMEM);
    for (unsigned i = 0; i < CHECKPOINT_PIECES; i++) {
        snprintf(name, sizeof(name), "piece %u", i);
        assert_int_equal(checkpoint_save(&checkpoint, name, 1, &i, sizeof(i)), 0);
    }
    assert_int_equal(checkpoint_save(&checkpoint, "more", 1, "x", 1), -E_NOMEM);
    reopen();
    for (unsigned i = 0, found; i < CHECKPOINT_PIECES; i++) {
        snprintf(name, sizeof(name), "piece %u", i);
        assert_int_equal(checkpoint_load(&checkpoint, name, 1, &found, sizeof(found)), 4);
        assert_int_equal(found, i);
    }
    assert_int_equal(checkpoint_open(&checkpoint, memory, 100), -E_INVAL);
    static _Alignas(8) uint8_t exact[CHECKPOINT_BYTES(100)];
    uint8_t data[100] = {1};
    assert_int_equal(checkpoint_open(&checkpoint, exact, sizeof(exact)), 0);
    assert_int_equal(checkpoint_save(&checkpoint, "all", 1, data, sizeof(data)), 0);
    assert_int_equal(checkpoint_save(&checkpoint, "none", 1, data, 1), -E_NOMEM);
}

// A process that died while it saved: its memory is a mixture of before and after, here every one
// that is after up to some byte, and every one that is after from some byte on.
static void test_death_while_saving(void **state)
{
    (void)state;
    static uint8_t before[BYTES], after[BYTES];
    uint64_t old[4] = {1, 2, 3, 4}, new[4] = {5, 6, 7, 8}, found[4];
    checkpoint_save(&checkpoint, "a", 1, new, sizeof(new)); // both copies are in use
    checkpoint_save(&checkpoint, "a", 1, old, sizeof(old));
    memcpy(before, memory, BYTES);
    checkpoint_save(&checkpoint, "a", 1, new, sizeof(new));
    memcpy(after, memory, BYTES);
    for (unsigned at = 0; at <= BYTES; at++) {
        for (unsigned side = 0; side < 2; side++) {
            memcpy(memory, side ? before : after, at);
            memcpy(memory + at, (side ? after : before) + at, BYTES - at);
            reopen();
            assert_int_equal(checkpoint_load(&checkpoint, "a", 1, found, sizeof(found)), 32);
            assert_true(!memcmp(found, old, sizeof(old)) || !memcmp(found, new, sizeof(new)));
        }
    }
}

// One bit is wrong: the piece is as it was, or as it was before, or not there.
static void test_every_bit(void **state)
{
    (void)state;
    static uint8_t good[BYTES];
    uint64_t old[4] = {1, 2, 3, 4}, new[4] = {5, 6, 7, 8}, found[4];
    checkpoint_save(&checkpoint, "a", 1, old, sizeof(old));
    checkpoint_save(&checkpoint, "a", 1, new, sizeof(new));
    memcpy(good, memory, BYTES);
    for (unsigned bit = 0; bit < BYTES * 8; bit++) {
        memcpy(memory, good, BYTES);
        memory[bit / 8] ^= (uint8_t)(1 << bit % 8);
        reopen();
        int64_t bytes = checkpoint_load(&checkpoint, "a", 1, found, sizeof(found));
        assert_true(bytes == -E_NOENT ||
                    (bytes == 32 && (!memcmp(found, old, 32) || !memcmp(found, new, 32))));
    }
}

static void test_rubbish(void **state)
{
    (void)state;
    uint8_t found[BYTES];
    for (unsigned round = 0; round < 2000; round++) {
        setup(NULL);
        checkpoint_save(&checkpoint, "a", 1, "something", 10);
        for (unsigned i = round % 3 ? 16 : 0; i < BYTES; i++)
            if (round % 2 || rand() % 8 == 0)
                memory[i] = (uint8_t)rand();
        reopen();
        int64_t bytes = checkpoint_load(&checkpoint, "a", 1, found, sizeof(found));
        assert_true(bytes == -E_NOENT || bytes == 10);
        assert_true(checkpoint_save(&checkpoint, "a", 2, "anew", 5) == 0);
        assert_int_equal(checkpoint_load(&checkpoint, "a", 2, found, sizeof(found)), 5);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_saved_is_found, setup),
        cmocka_unit_test_setup(test_limits, setup),
        cmocka_unit_test_setup(test_death_while_saving, setup),
        cmocka_unit_test_setup(test_every_bit, setup),
        cmocka_unit_test_setup(test_rubbish, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
