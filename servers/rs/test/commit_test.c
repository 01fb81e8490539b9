// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Commits: whatever store the writer died before, the successor finds the state of the last commit,
// whole, and goes on from there. Damage is seen.

#include "abi/error.h"
#include "servers/rs/commit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { SMALL, LARGE, AREAS, PIECES = 5, WORDS = 6 };

static const struct commit_area areas[AREAS] = {{1, 8}, {PIECES, WORDS * 8}};

static struct commit commit;
static uint64_t memory[256], before[256];

static int setup(void **state)
{
    (void)state;
    memset(memory, 0, sizeof(memory));
    assert_true(commit_bytes(areas, AREAS) <= sizeof(memory));
    assert_int_equal(commit_open(&commit, memory, areas, AREAS), 0);
    return 0;
}

// Everything says `value`; changed pieces differ from one value to the next.
static void put_all(uint64_t value)
{
    uint64_t large[WORDS];
    commit_put(&commit, SMALL, 0, &value);
    for (size_t i = 0; i < PIECES; i++) {
        for (size_t word = 0; word < WORDS; word++)
            large[word] = value % 3 == i % 3 ? value : value * 100 + word;
        commit_put(&commit, LARGE, i, large);
    }
}

// The value that everything has; fails where a part has another.
static uint64_t get_all(void)
{
    uint64_t value, large[WORDS];
    assert_int_equal(commit_get(&commit, SMALL, 0, &value), 0);
    for (size_t i = 0; i < PIECES; i++) {
        assert_int_equal(commit_get(&commit, LARGE, i, large), 0);
        for (size_t word = 0; word < WORDS; word++)
            assert_int_equal(large[word], value % 3 == i % 3 ? value : value * 100 + word);
    }
    return value;
}

static void test_new_memory(void **state)
{
    (void)state;
    uint64_t value;
    assert_int_equal(commit_get(&commit, SMALL, 0, &value), -E_NOENT);
    assert_int_equal(commit_open(&commit, memory, areas, AREAS), 0); // nothing committed yet
    put_all(1);
    assert_int_equal(commit_open(&commit, memory, areas, AREAS), 0); // died before the commit
    assert_int_equal(commit_get(&commit, SMALL, 0, &value), -E_NOENT);
    put_all(2);
    commit_end(&commit);
    assert_int_equal(commit_open(&commit, memory, areas, AREAS), 1);
    assert_int_equal(get_all(), 2);
}

// A piece that nobody put again must not come from a commit that never was.
static void test_unfinished_is_forgotten(void **state)
{
    (void)state;
    uint64_t value = 7, large[WORDS] = {1};
    put_all(1);
    commit_end(&commit);
    commit_put(&commit, LARGE, 3, large);
    assert_int_equal(commit_open(&commit, memory, areas, AREAS), 1);
    commit_put(&commit, SMALL, 0, &value);
    commit_end(&commit);
    assert_int_equal(commit_open(&commit, memory, areas, AREAS), 1);
    assert_int_equal(commit_get(&commit, SMALL, 0, &value), 0);
    assert_int_equal(value, 7);
    assert_int_equal(commit_get(&commit, LARGE, 3, large), 0);
    assert_int_equal(large[1], 101);
}

static void test_same_is_no_change(void **state)
{
    (void)state;
    put_all(1);
    commit_end(&commit);
    memcpy(before, memory, sizeof(memory));
    put_all(1);
    commit_end(&commit);
    assert_memory_equal(memory, before, sizeof(memory));
    put_all(2);
    put_all(3); // twice in one commit
    commit_end(&commit);
    assert_int_equal(get_all(), 3);
    assert_int_equal(commit_open(&commit, memory, areas, AREAS), 1);
    assert_int_equal(get_all(), 3);
}

static void test_what_is_there(void **state)
{
    (void)state;
    uint64_t large[WORDS] = {5};
    assert_false(commit_has(&commit, LARGE, 1, large, sizeof(large))); // never put
    commit_put(&commit, LARGE, 1, large);
    assert_true(commit_has(&commit, LARGE, 1, large, sizeof(large))); // before it counts, too
    commit_end(&commit);
    large[WORDS - 1] = 1;
    assert_false(commit_has(&commit, LARGE, 1, large, sizeof(large)));
    assert_true(commit_has(&commit, LARGE, 1, large, sizeof(large) - 8));
    commit_put(&commit, LARGE, 1, large);
    assert_true(commit_has(&commit, LARGE, 1, large, sizeof(large)));
}

// Dies with any part of what a commit writes in memory: each word is either the old or the new one,
// in the order of writing at most up to some word. That order is not known here, so every prefix of
// the words in each of two orders is taken; what is found must be whole, and one of the two.
static void test_every_interruption(void **state)
{
    (void)state;
    static uint64_t after[256], cut[256];
    const size_t words = commit_bytes(areas, AREAS) / 8;
    enum { HEADER = 4 };
    for (uint64_t value = 1; value < 12; value++) {
        memcpy(before, memory, sizeof(memory));
        put_all(value);
        memcpy(cut, memory, sizeof(memory)); // all but commit_end
        commit_end(&commit);
        memcpy(after, memory, sizeof(memory));
        for (size_t done = HEADER; value > 1 && done <= words; done++) {
            memcpy(memory, before, sizeof(memory));
            memcpy(memory + HEADER, cut + HEADER, (done - HEADER) * 8);
            assert_int_equal(commit_open(&commit, memory, areas, AREAS), 1);
            assert_int_equal(get_all(), value - 1);
        }
        memcpy(memory, after, sizeof(memory));
        memory[2] = before[2]; // between the two stores of commit_end
        if (value > 1) {
            assert_int_equal(commit_open(&commit, memory, areas, AREAS), 1);
            assert_int_equal(get_all(), value - 1);
        }
        memcpy(memory, after, sizeof(memory));
        assert_int_equal(commit_open(&commit, memory, areas, AREAS), 1);
        assert_int_equal(get_all(), value);
    }
}

// Any flipped bit is noticed, or is in what does not count.
static void test_damage(void **state)
{
    (void)state;
    const size_t words = commit_bytes(areas, AREAS) / 8;
    unsigned seen = 0;
    put_all(1);
    commit_end(&commit);
    put_all(2);
    commit_end(&commit);
    memcpy(before, memory, sizeof(memory));
    for (size_t bit = 0; bit < words * 64; bit++) {
        memcpy(memory, before, sizeof(memory));
        memory[bit / 64] ^= 1ull << bit % 64;
        int status = commit_open(&commit, memory, areas, AREAS);
        uint64_t large[WORDS];
        for (size_t i = 0; status == 1 && i < 1 + PIECES; i++)
            if (commit_get(&commit, i ? LARGE : SMALL, i ? i - 1 : 0, large) < 0)
                status = -E_IO;
        seen += status < 0;
    }
    assert_true(seen > words * 64 / 3);
    memset(memory, 0x55, sizeof(memory));
    assert_int_equal(commit_open(&commit, memory, areas, AREAS), -E_IO);
}

static void test_other_areas(void **state)
{
    (void)state;
    static const struct commit_area other[AREAS] = {{1, 8}, {PIECES, WORDS * 8 - 8}};
    put_all(1);
    commit_end(&commit);
    assert_int_equal(commit_open(&commit, memory, other, AREAS), -E_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_new_memory, setup),
        cmocka_unit_test_setup(test_unfinished_is_forgotten, setup),
        cmocka_unit_test_setup(test_same_is_no_change, setup),
        cmocka_unit_test_setup(test_what_is_there, setup),
        cmocka_unit_test_setup(test_every_interruption, setup),
        cmocka_unit_test_setup(test_damage, setup),
        cmocka_unit_test_setup(test_other_areas, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
