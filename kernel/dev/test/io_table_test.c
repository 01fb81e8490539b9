// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Translation tables against a model: every page's translation after each step, no page of tables
// lost, and memory that runs out at any moment.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "abi/error.h"
#include "abi/syscall.h"
#include "kernel/dev/io_table.h"
#include "kernel/mm/test/host.h"

enum { RAM = 32 << 20, PAGES = 4096, STEPS = 4000 };

#define LARGE 0x200000ull
#define READ  1ull
#define WRITE 2ull
#define BIG   128ull

static unsigned written;

static uint64_t leaf(physical_t physical, uint32_t rights, unsigned level)
{
    return physical | (rights & RIGHT_READ ? READ : 0) | (rights & RIGHT_WRITE ? WRITE : 0) |
           (level > 0 ? BIG : 0);
}

static void count_written(const void *at, size_t bytes)
{
    (void)at;
    written += (unsigned)bytes;
}

static const struct io_table_format format = {
    .table_bits = READ | WRITE,
    .kind_mask = BIG,
    .address_mask = 0x000ffffffffff000,
    .large_pages = true,
    .leaf = leaf,
    .written = count_written,
};

// What the unit would find behind a bus address; ~0: nothing.
static physical_t translate(const struct io_table *table, uint64_t bus)
{
    unsigned level = table->levels;
    uint64_t entry = bus >> (PAGE_SHIFT + level * IO_TABLE_BITS) == 0 ? table->root : 0;
    while (level > 0 && entry != 0 && (entry & BIG) == 0) {
        level--;
        const uint64_t *entries = physical_to_virtual(entry & format.address_mask);
        entry = entries[bus >> (PAGE_SHIFT + level * IO_TABLE_BITS) & (IO_TABLE_ENTRIES - 1)];
    }
    uint64_t within = (1ull << (PAGE_SHIFT + level * IO_TABLE_BITS)) - 1;
    return entry == 0 ? ~0ull : (entry & format.address_mask & ~within) | (bus & within);
}

static int make_machine(void **state)
{
    (void)state;
    host_init(RAM);
    return 0;
}

// bus page -> physical page, as the model has it; 0: not mapped
static uint64_t model[PAGES];
struct run {
    uint64_t first, count;
};
static struct run runs[64];

static void check(const struct io_table *table, uint64_t base)
{
    for (uint64_t i = 0; i < PAGES; i++) {
        physical_t found = translate(table, base + i * PAGE_SIZE + 5);
        assert_int_equal(found, model[i] == 0 ? ~0ull : model[i] * PAGE_SIZE + 5);
    }
}

static bool is_free(uint64_t first, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        if (model[first + i] != 0) {
            return false;
        }
    }
    return true;
}

static void step(struct io_table *table, uint64_t base, unsigned fail_at)
{
    struct run *run = &runs[(unsigned)rand() % 64];
    if (run->count != 0) {
        io_table_unmap(table, base + run->first * PAGE_SIZE, run->count * PAGE_SIZE);
        for (uint64_t i = 0; i < run->count; i++) {
            model[run->first + i] = 0;
        }
        run->count = 0;
        return;
    }
    bool large = rand() % 3 == 0;
    uint64_t count = large ? 512 + (uint64_t)rand() % 600 : 1 + (uint64_t)rand() % 70;
    uint64_t first = (uint64_t)rand() % (PAGES - count);
    first = large && count <= PAGES - first ? first & ~511ull : first;
    uint64_t physical = 0x40000 + (uint64_t)rand() % 1000 * 512 + (rand() % 2 ? 0 : 3);
    if (!is_free(first, count)) {
        return;
    }
    host_fail_allocation(fail_at);
    int error = io_table_map(table, base + first * PAGE_SIZE, physical * PAGE_SIZE,
                             count * PAGE_SIZE, RIGHT_READ | RIGHT_WRITE);
    host_fail_allocation(0);
    assert_true(error == 0 || (fail_at != 0 && error == -E_NOMEM));
    if (error == 0) {
        *run = (struct run){first, count};
        for (uint64_t i = 0; i < count; i++) {
            model[first + i] = physical + i;
        }
    }
}

static void test_against_model(void **state)
{
    (void)state;
    uint64_t before = host_pages_used();
    for (unsigned levels = 3; levels <= 4; levels++) {
        uint64_t base = (levels == 3 ? 1ull << 39 : 1ull << 48) - PAGES * PAGE_SIZE;
        struct io_table table;
        assert_int_equal(io_table_create(&table, &format, levels), 0);
        srand(levels);
        for (unsigned n = 0; n < STEPS; n++) {
            step(&table, base, n % 5 == 0 ? 1 + (unsigned)rand() % 3 : 0);
            if (n % 50 == 0) {
                check(&table, base);
            }
        }
        assert_int_equal(host_pages_used() - before, table.tables);
        io_table_destroy(&table);
        assert_int_equal(host_pages_used(), before);
        for (unsigned i = 0; i < 64; i++) {
            runs[i].count = 0;
        }
        for (unsigned i = 0; i < PAGES; i++) {
            model[i] = 0;
        }
    }
    assert_true(written > 0);
}

static void test_reach(void **state)
{
    (void)state;
    struct io_table table;
    assert_int_equal(io_table_create(&table, &format, 3), 0);
    assert_int_equal(io_table_map(&table, (1ull << 39) - PAGE_SIZE, 0, PAGE_SIZE, RIGHT_READ), 0);
    assert_int_equal(io_table_map(&table, 1ull << 39, 0, PAGE_SIZE, RIGHT_READ), -E_INVAL);
    assert_int_equal(io_table_map(&table, (1ull << 39) - PAGE_SIZE, 0, 2 * PAGE_SIZE, RIGHT_READ),
                     -E_INVAL);
    assert_int_equal(io_table_map(&table, ~0ull - 4095, 0, PAGE_SIZE, RIGHT_READ), -E_INVAL);
    assert_int_equal(translate(&table, 1ull << 39), ~0ull);
    io_table_destroy(&table);
}

// A large page goes where small ones were, once these are gone.
static void test_large_after_small(void **state)
{
    (void)state;
    struct io_table table;
    assert_int_equal(io_table_create(&table, &format, 3), 0);
    assert_int_equal(io_table_map(&table, LARGE, LARGE, LARGE, RIGHT_WRITE), 0);
    assert_int_equal(table.tables, 2); // no table of small pages
    io_table_unmap(&table, LARGE, LARGE);
    assert_int_equal(io_table_map(&table, LARGE + PAGE_SIZE, 0, PAGE_SIZE, RIGHT_READ), 0);
    io_table_unmap(&table, LARGE + PAGE_SIZE, PAGE_SIZE);
    assert_int_equal(io_table_map(&table, LARGE, 3 * LARGE, LARGE, RIGHT_WRITE), 0);
    assert_int_equal(translate(&table, LARGE + 0x12345), 3 * LARGE + 0x12345);
    io_table_unmap(&table, LARGE, LARGE);
    assert_int_equal(translate(&table, LARGE), ~0ull);
    io_table_destroy(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_model),
        cmocka_unit_test(test_reach),
        cmocka_unit_test(test_large_after_small),
    };
    return cmocka_run_group_tests(tests, make_machine, NULL);
}
