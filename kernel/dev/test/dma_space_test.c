// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Bus addresses of a window: random mapping and unmapping against what must hold of the list.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "abi/error.h"
#include "kernel/dev/dma_space.h"

enum { OBJECTS = 400, STEPS = 100000 };

static void check(const struct dma_space *space)
{
    unsigned count = 0;
    uint64_t bytes = 0;
    uint64_t free_from = DMA_BUS_FIRST;
    const struct dma_mapping *previous = NULL;
    for (const struct dma_mapping *at = space->first; at != NULL; at = at->next) {
        assert_ptr_equal(at->previous, previous);
        assert_true(at->bus >= free_from);
        assert_int_equal(at->bus % PAGE_SIZE, 0);
        assert_true(at->bytes <= DMA_BUS_END - at->bus);
        free_from = at->bus + at->bytes + PAGE_SIZE; // a page stays free
        bytes += at->bytes;
        count++;
        previous = at;
    }
    assert_int_equal(space->count, count);
    assert_int_equal(space->bytes, bytes);
}

static void test_random(void **state)
{
    (void)state;
    static struct dma_mapping object[OBJECTS];
    static bool in[OBJECTS];
    struct dma_space space = {0};
    srand(20261121);
    for (unsigned step = 0; step < STEPS; step++) {
        unsigned n = (unsigned)rand() % OBJECTS;
        if (in[n]) {
            assert_ptr_equal(
                dma_space_find(&space, (struct memory *)&object[n], n, object[n].bytes, 0),
                &object[n]);
            dma_space_remove(&space, &object[n]);
            assert_null(dma_space_find(&space, (struct memory *)&object[n], n, object[n].bytes, 0));
            in[n] = false;
        } else {
            uint64_t alignment = rand() % 8 == 0 ? 0x200000 : PAGE_SIZE;
            uint64_t end = rand() % 4 == 0 ? 0x1000000 : DMA_BUS_END;
            object[n] = (struct dma_mapping){
                .memory = (struct memory *)&object[n],
                .offset = n,
                .bytes = (1 + (uint64_t)rand() % (rand() % 16 == 0 ? 2048 : 16)) * PAGE_SIZE,
            };
            in[n] = dma_space_insert(&space, &object[n], alignment, end) == 0;
            assert_true(!in[n] ||
                        (object[n].bus % alignment == 0 && object[n].bus + object[n].bytes <= end));
        }
        if (step % 64 == 0) {
            check(&space);
        }
    }
}

static void test_quota(void **state)
{
    (void)state;
    struct dma_space space = {0};
    struct dma_mapping all = {.bytes = DMA_BYTES_MAX};
    struct dma_mapping page = {.bytes = PAGE_SIZE};
    assert_int_equal(dma_space_insert(&space, &all, PAGE_SIZE, DMA_BUS_END), 0);
    assert_int_equal(dma_space_insert(&space, &page, PAGE_SIZE, DMA_BUS_END), -E_NOMEM);
    dma_space_remove(&space, &all);
    assert_int_equal(dma_space_insert(&space, &page, PAGE_SIZE, DMA_BUS_END), 0);
    assert_int_equal(page.bus, DMA_BUS_FIRST);
    struct dma_mapping low = {.bytes = 0x1000000};
    assert_int_equal(dma_space_insert(&space, &low, PAGE_SIZE, 0x1000000), -E_NOMEM);
}

static void test_many(void **state)
{
    (void)state;
    static struct dma_mapping object[DMA_MAPPINGS_MAX + 1];
    struct dma_space space = {0};
    for (unsigned i = 0; i <= DMA_MAPPINGS_MAX; i++) {
        object[i].bytes = PAGE_SIZE;
        assert_int_equal(dma_space_insert(&space, &object[i], PAGE_SIZE, DMA_BUS_END),
                         i < DMA_MAPPINGS_MAX ? 0 : -E_NOMEM);
    }
    check(&space);
}

// Mapped and unmapped for ever, addresses do not wander off from the tables that are there.
static void test_low_again(void **state)
{
    (void)state;
    enum { SOME = 32, PAGES = 16 };
    static struct dma_mapping some[SOME];
    static bool entered[SOME];
    struct dma_space space = {0};
    srand(5);
    for (unsigned step = 0; step < 100000; step++) {
        unsigned n = (unsigned)rand() % SOME;
        struct dma_mapping *mapping = &some[n];
        bool *is_in = &entered[n];
        if (*is_in) {
            dma_space_remove(&space, mapping);
        } else {
            *mapping = (struct dma_mapping){.bytes = (1 + (uint64_t)rand() % PAGES) * PAGE_SIZE};
            assert_int_equal(dma_space_insert(&space, mapping, PAGE_SIZE, DMA_BUS_END), 0);
            assert_true(mapping->bus < DMA_BUS_FIRST + 2 * SOME * (PAGES + 1) * PAGE_SIZE);
        }
        *is_in = !*is_in;
    }
}

static void test_busy(void **state)
{
    (void)state;
    struct dma_space space = {0};
    struct dma_mapping mapping = {.bytes = PAGE_SIZE, .busy = true};
    assert_int_equal(dma_space_insert(&space, &mapping, PAGE_SIZE, DMA_BUS_END), 0);
    assert_null(dma_space_find(&space, NULL, 0, PAGE_SIZE, 0));
    mapping.busy = false;
    assert_ptr_equal(dma_space_find(&space, NULL, 0, PAGE_SIZE, 0), &mapping);
}

// The same pages for two sessions of a driver: each is found by its own address.
static void test_same_range_twice(void **state)
{
    (void)state;
    struct dma_space space = {0};
    struct dma_mapping mapping[2] = {{.bytes = PAGE_SIZE}, {.bytes = PAGE_SIZE}};
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(dma_space_insert(&space, &mapping[i], PAGE_SIZE, DMA_BUS_END), 0);
    for (unsigned i = 0; i < 2; i++)
        assert_ptr_equal(dma_space_find(&space, NULL, 0, PAGE_SIZE, mapping[i].bus), &mapping[i]);
    assert_null(dma_space_find(&space, NULL, 0, PAGE_SIZE, mapping[1].bus + 2 * PAGE_SIZE));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random), cmocka_unit_test(test_quota),
        cmocka_unit_test(test_many),   cmocka_unit_test(test_low_again),
        cmocka_unit_test(test_busy),   cmocka_unit_test(test_same_range_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
