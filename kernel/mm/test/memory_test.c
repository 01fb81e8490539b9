// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Memory objects by themselves: kinds, sparse trees, supply, work in pieces, the N-th failure for
// all N.

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "abi/error.h"
#include "kernel/mm/test/host.h"

static uint64_t used_before;

static int setup(void **state)
{
    (void)state;
    used_before = host_pages_used();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    (void)host_fail_allocation(0);
    host_reap();
    return host_pages_used() == used_before ? 0 : -1;
}

static struct memory *create(uint64_t pages, unsigned flags)
{
    struct memory *memory = NULL;
    assert_int_equal(memory_create(pages * PAGE_SIZE, flags, NULL, 0, &memory), 0);
    return memory;
}

static uint64_t *word(struct memory *memory, uint64_t index)
{
    struct page *page;
    assert_int_equal(memory_page(memory, index * PAGE_SIZE, true, &page), 0);
    page_put(page); // the object holds it
    return page_address(page);
}

static void test_arguments(void **state)
{
    (void)state;
    struct memory *memory;
    assert_int_equal(memory_create(1, 0, NULL, 0, &memory), -E_INVAL);
    assert_int_equal(memory_create(1ull << 57, 0, NULL, 0, &memory), -E_INVAL);
    assert_int_equal(memory_create(PAGE_SIZE, MEMORY_BELOW_4G, NULL, 0, &memory), -E_INVAL);
    assert_int_equal(memory_create(PAGE_SIZE, MEMORY_PAGED | MEMORY_CONTIGUOUS, NULL, 0, &memory),
                     -E_INVAL);
    assert_int_equal(memory_create(0, MEMORY_CONTIGUOUS, NULL, 0, &memory), -E_INVAL);
    assert_int_equal(memory_create(8 << 20, MEMORY_CONTIGUOUS, NULL, 0, &memory), -E_INVAL);
    assert_int_equal(memory_create(PAGE_SIZE, 1 << 20, NULL, 0, &memory), -E_INVAL);
    assert_int_equal(memory_create_physical(1, PAGE_SIZE, MEMORY_DEVICE, &memory), -E_INVAL);
    assert_int_equal(memory_create_physical(1ull << 56, 1ull << 56, MEMORY_DEVICE, &memory),
                     -E_INVAL);
    assert_int_equal(memory_create_from_pages(1ull << 40, PAGE_SIZE, &memory), -E_INVAL);
}

static void test_contiguous(void **state)
{
    (void)state;
    struct memory *memory = create(5, MEMORY_CONTIGUOUS | MEMORY_BELOW_16M);
    struct page *page;
    assert_true(memory->physical + 5 * PAGE_SIZE <= 16 << 20);
    for (uint64_t i = 0; i < 5; i++) {
        assert_int_equal(memory_page(memory, i * PAGE_SIZE, true, &page), 0);
        assert_int_equal(page_physical(page), memory->physical + i * PAGE_SIZE);
        assert_int_equal(*(uint64_t *)page_address(page), 0);
        assert_int_equal(page->references, 2);
        page_put(page);
    }
    assert_int_equal(memory_page(memory, 5 * PAGE_SIZE, true, &page), -E_FAULT);
    assert_int_equal(memory_decommit(memory, 0, PAGE_SIZE), -E_INVAL);
    assert_int_equal(memory_resize(memory, PAGE_SIZE), -E_INVAL);
    object_put(&memory->object);
}

// A large page comes as one block, but not over pages that are there, nor past the end.
static void test_large(void **state)
{
    (void)state;
    struct memory *memory, *unused;
    assert_int_equal(memory_create(PAGE_SIZE, MEMORY_LARGE | MEMORY_PAGED, NULL, 0, &unused),
                     -E_INVAL);
    assert_int_equal(memory_create(PAGE_SIZE, MEMORY_LARGE | MEMORY_CONTIGUOUS, NULL, 0, &unused),
                     -E_INVAL);
    memory = create(3 * LARGE_PAGES + 2, MEMORY_LARGE);
    struct page *page;
    assert_int_equal(memory_page(memory, (LARGE_PAGES + 7) * PAGE_SIZE, true, &page), 0);
    assert_int_equal(memory->resident, LARGE_PAGES);
    physical_t start = page_physical(page) - 7 * PAGE_SIZE;
    page_put(page);
    assert_int_equal(start % (LARGE_PAGES * PAGE_SIZE), 0);
    for (uint64_t i = 0; i < LARGE_PAGES; i++) {
        assert_int_equal(memory_page(memory, (LARGE_PAGES + i) * PAGE_SIZE, true, &page), 0);
        assert_int_equal(page_physical(page), start + i * PAGE_SIZE);
        assert_int_equal(*(uint64_t *)page_address(page), 0);
        page_put(page);
    }
    assert_int_equal(memory_page(memory, 3 * LARGE_PAGES * PAGE_SIZE, true, &page), 0);
    page_put(page); // the end: a page by itself
    assert_int_equal(memory->resident, LARGE_PAGES + 1);
    assert_int_equal(memory_decommit(memory, LARGE_PAGES * PAGE_SIZE, 5 * PAGE_SIZE), 0);
    assert_int_equal(memory_page(memory, LARGE_PAGES * PAGE_SIZE, true, &page), 0);
    page_put(page); // its neighbours are there: by itself
    assert_int_equal(memory->resident, LARGE_PAGES - 3);
    assert_int_equal(memory_page(memory, 0, true, &page), 0);
    page_put(page);
    assert_int_equal(memory->resident, 2 * LARGE_PAGES - 3);
    object_put(&memory->object);
}

static void test_from_pages(void **state)
{
    (void)state;
    struct page *block = page_allocate(2, 0);
    struct memory *memory;
    memset(page_address(block), 0x5a, 4 * PAGE_SIZE);
    assert_int_equal(memory_create_from_pages(page_physical(block), 4 * PAGE_SIZE, &memory), 0);
    assert_int_equal(*word(memory, 3), 0x5a5a5a5a5a5a5a5a);
    object_put(&memory->object); // and with it the pages
}

static void test_sparse(void **state)
{
    (void)state;
    static const uint64_t indices[] = {
        0, 1, 63, 64, 4095, 4096, 1ull << 20, (1ull << 30) + 77, (1ull << 44) - 1};
    enum { COUNT = sizeof(indices) / sizeof(indices[0]) };
    struct memory *memory = create(1ull << 44, 0);
    for (unsigned order = 0; order < 2; order++) {
        for (unsigned i = 0; i < COUNT; i++) {
            unsigned at = order == 0 ? i : COUNT - 1 - i;
            *word(memory, indices[at]) = indices[at] + 1;
        }
        for (unsigned i = 0; i < COUNT; i++) {
            assert_int_equal(*word(memory, indices[i]), indices[i] + 1);
        }
        assert_int_equal(memory->resident, COUNT);
        assert_int_equal(memory_decommit(memory, 1ull << 32, (1ull << 44) - PAGE_SIZE), 0);
        assert_int_equal(memory->resident, COUNT - 2);
        assert_int_equal(*word(memory, 1ull << 20), 0);
        assert_int_equal(memory_resize(memory, 65 * PAGE_SIZE), 0);
        assert_int_equal(memory->resident, 4);
        assert_int_equal(*word(memory, 64), 65);
        struct page *page;
        assert_int_equal(memory_page(memory, 65 * PAGE_SIZE, false, &page), -E_FAULT);
        assert_int_equal(memory_decommit(memory, 0, 66 * PAGE_SIZE), -E_INVAL);
        assert_int_equal(memory_decommit(memory, 0, 65 * PAGE_SIZE), 0);
        assert_int_equal(memory->root, 0);
        assert_int_equal(memory_resize(memory, 1ull << 56), 0);
    }
    object_put(&memory->object);
}

static void test_work_in_pieces(void **state)
{
    (void)state;
    enum { PAGES = MEMORY_WORK_PAGES * 2 + 100 };
    struct memory *memory = create(PAGES, 0);
    struct memory *second = create(PAGES, MEMORY_PAGED);
    unsigned calls = 1;
    for (uint64_t i = 0; i < PAGES; i++) {
        *word(memory, i) = i;
    }
    while (memory_supply(second, 0, memory, 0, PAGES * PAGE_SIZE) == -E_INPROGRESS) {
        calls++;
    }
    assert_in_range(calls, 2, 4);
    assert_int_equal(second->resident, PAGES);
    assert_int_equal(*word(second, PAGES - 1), PAGES - 1);
    for (calls = 1; memory_decommit(memory, 0, PAGES * PAGE_SIZE) == -E_INPROGRESS; calls++) {
    }
    assert_in_range(calls, 2, 4);
    assert_int_equal(memory->resident, 0);
    for (calls = 1; memory_resize(second, PAGE_SIZE) == -E_INPROGRESS; calls++) {
        assert_int_equal(second->bytes, PAGES * PAGE_SIZE);
    }
    assert_in_range(calls, 2, 4);
    assert_int_equal(second->resident, 1);
    object_put(&memory->object);
    object_put(&second->object);
}

static void test_supply_errors(void **state)
{
    (void)state;
    struct memory *memory = create(4, MEMORY_PAGED);
    struct memory *source = create(4, 0);
    struct memory *device;
    assert_int_equal(memory_create_physical(0xfee00000, PAGE_SIZE, MEMORY_DEVICE, &device), 0);
    assert_int_equal(memory_supply(memory, 0, memory, 0, PAGE_SIZE), -E_INVAL);
    assert_int_equal(memory_supply(memory, 1, source, 0, PAGE_SIZE), -E_INVAL);
    assert_int_equal(memory_supply(memory, ~0ull << 12, source, 0, 2 * PAGE_SIZE), -E_INVAL);
    assert_int_equal(memory_supply(memory, 3 * PAGE_SIZE, source, 0, 2 * PAGE_SIZE), -E_FAULT);
    assert_int_equal(memory_supply(memory, 0, source, 3 * PAGE_SIZE, 2 * PAGE_SIZE), -E_FAULT);
    assert_int_equal(memory_supply(memory, PAGE_SIZE, device, 0, PAGE_SIZE), -E_INVAL);
    assert_int_equal(memory_supply(device, 0, source, 0, PAGE_SIZE), -E_INVAL);
    assert_int_equal(memory_supply(source, 2 * PAGE_SIZE, memory, 2 * PAGE_SIZE, PAGE_SIZE),
                     -E_AGAIN);
    *word(source, 1) = 42;
    assert_int_equal(memory_supply(memory, 2 * PAGE_SIZE, source, PAGE_SIZE, PAGE_SIZE), 0);
    *word(source, 2) = 43; // a second answer of the pager changes nothing
    assert_int_equal(memory_supply(memory, 2 * PAGE_SIZE, source, 2 * PAGE_SIZE, PAGE_SIZE), 0);
    assert_int_equal(*word(memory, 2), 42);
    object_put(&memory->object);
    object_put(&source->object);
    object_put(&device->object);
}

static void test_pins(void **state)
{
    (void)state;
    struct memory *memory = create(4, 0);
    memory->dma_pins = 1;
    assert_int_equal(memory_decommit(memory, 0, PAGE_SIZE), -E_BUSY);
    assert_int_equal(memory_resize(memory, PAGE_SIZE), -E_BUSY);
    assert_int_equal(memory_resize(memory, 8 * PAGE_SIZE), 0);
    memory->dma_pins = 0;
    object_put(&memory->object);
}

// Each allocation of a create / touch / supply sequence fails once; nothing is lost, and a retry
// succeeds.
static void test_nth_failure(void **state)
{
    (void)state;
    bool failed = true;
    for (unsigned n = 1; failed; n++) {
        uint64_t used = host_pages_used();
        struct memory *memory = NULL;
        struct memory *source = NULL;
        struct page *page = NULL;
        (void)host_fail_allocation(n);
        int error = memory_create(1ull << 40, MEMORY_PAGED, NULL, 0, &memory);
        error = error != 0 ? error : memory_create(64ull << 20, 0, NULL, 0, &source);
        error = error != 0 ? error : memory_page(source, 5000 * PAGE_SIZE, false, &page);
        error = error != 0
                    ? error
                    : memory_supply(memory, 1ull << 39, source, 4999 * PAGE_SIZE, 4 * PAGE_SIZE);
        failed = host_fail_allocation(0) >= n;
        // The last of several pages may be tried again within a call.
        assert_true(error == 0 || (failed && error == -E_NOMEM));
        if (source != NULL) {
            assert_int_equal(memory_decommit(source, 0, source->bytes), 0);
            assert_int_equal(source->root, 0);
            object_put(&source->object);
        }
        if (memory != NULL) {
            object_put(&memory->object);
        }
        if (page != NULL) {
            page_put(page);
        }
        host_reap();
        assert_int_equal(host_pages_used(), used);
    }
}

int main(void)
{
    host_init(64 << 20);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_arguments, setup, teardown),
        cmocka_unit_test_setup_teardown(test_contiguous, setup, teardown),
        cmocka_unit_test_setup_teardown(test_large, setup, teardown),
        cmocka_unit_test_setup_teardown(test_from_pages, setup, teardown),
        cmocka_unit_test_setup_teardown(test_sparse, setup, teardown),
        cmocka_unit_test_setup_teardown(test_work_in_pieces, setup, teardown),
        cmocka_unit_test_setup_teardown(test_supply_errors, setup, teardown),
        cmocka_unit_test_setup_teardown(test_pins, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nth_failure, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
