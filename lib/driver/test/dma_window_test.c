// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Unit tests of lib/driver/dma_window.c over a kernel made of a table.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "abi/error.h"
#include "lib/driver/dma.h"
#include "lib/driver/dma_map.h"

enum { PAGES = 64, DMA = 5, OBJECT = 6, RIGHTS = 3 };

static struct {
    bool contiguous;
    bool fails;
    unsigned maps, unmaps;
    bool mapped[PAGES];
} kernel;

// Pages come in pairs that are adjacent on the bus: 0 and 1, 2 and 3 ...
static uint64_t bus_of(uint64_t page)
{
    return kernel.contiguous
               ? page << PAGE_SHIFT
               : (0x100000 + (PAGES / 2 - page / 2) * 0x10000) + (page % 2) * PAGE_SIZE;
}

int dma_map_pages(handle_t dma, handle_t object, uint64_t offset, uint64_t bytes, uint32_t rights,
                  uint64_t *bus)
{
    assert_true(dma == DMA && object == OBJECT && rights == RIGHTS);
    assert_true(offset % PAGE_SIZE == 0 && bytes % PAGE_SIZE == 0 && bytes > 0);
    kernel.maps++;
    if (kernel.fails)
        return -E_INVAL;
    for (uint64_t i = 0; i < bytes >> PAGE_SHIFT; i++) {
        uint64_t page = (offset >> PAGE_SHIFT) + i;
        assert_true(page < PAGES && !kernel.mapped[page]);
        kernel.mapped[page] = true;
        if (i == 0 || !kernel.contiguous)
            bus[i] = bus_of(page);
    }
    return 0;
}

int dma_unmap_pages(handle_t dma, handle_t object, uint64_t offset, uint64_t bytes)
{
    assert_true(dma == DMA && object == OBJECT);
    kernel.unmaps++;
    for (uint64_t i = 0; i < bytes >> PAGE_SHIFT; i++) {
        assert_true(kernel.mapped[(offset >> PAGE_SHIFT) + i]);
        kernel.mapped[(offset >> PAGE_SHIFT) + i] = false;
    }
    return 0;
}

static struct dma_window set_up(bool contiguous)
{
    memset(&kernel, 0, sizeof(kernel));
    kernel.contiguous = contiguous;
    struct dma_window window;
    assert_int_equal(dma_window_create(&window, DMA, OBJECT, PAGES * PAGE_SIZE, RIGHTS), 0);
    return window;
}

static void test_refuses_bad_objects(void **state)
{
    (void)state;
    struct dma_window window;
    assert_int_equal(dma_window_create(&window, DMA, OBJECT, 0, RIGHTS), -E_INVAL);
    assert_int_equal(dma_window_create(&window, DMA, OBJECT, 4095, RIGHTS), -E_INVAL);
}

static void test_pieces_are_joined(void **state)
{
    (void)state;
    struct dma_window window = set_up(false);
    struct dma_piece pieces[8];
    int count = dma_window_lookup(&window, 100, 5 * PAGE_SIZE, 1 << 20, pieces, 8);
    assert_int_equal(count, 3); // pages 0-1, 2-3, 4 and the start of 5
    assert_int_equal(pieces[0].bus, bus_of(0) + 100);
    assert_int_equal(pieces[0].bytes, 2 * PAGE_SIZE - 100);
    assert_int_equal(pieces[1].bytes, 2 * PAGE_SIZE);
    assert_int_equal(pieces[2].bytes, PAGE_SIZE + 100);
    assert_int_equal(kernel.maps, 1);
    dma_window_lookup(&window, 0, 6 * PAGE_SIZE, 1 << 20, pieces, 8);
    assert_int_equal(kernel.maps, 1); // known already
    dma_window_destroy(&window);
    for (unsigned i = 0; i < PAGES; i++)
        assert_false(kernel.mapped[i]);
}

static void test_contiguous_object(void **state)
{
    (void)state;
    struct dma_window window = set_up(true);
    struct dma_piece pieces[2];
    assert_int_equal(dma_window_lookup(&window, 0, PAGES * PAGE_SIZE, 1 << 30, pieces, 2), 1);
    assert_int_equal(pieces[0].bus, 0); // bus address 0 is a good one
    assert_int_equal(pieces[0].bytes, PAGES * PAGE_SIZE);
    dma_window_destroy(&window);
}

static void test_piece_max_and_room(void **state)
{
    (void)state;
    struct dma_window window = set_up(true);
    struct dma_piece pieces[4];
    assert_int_equal(dma_window_lookup(&window, 0, 4 * PAGE_SIZE, PAGE_SIZE, pieces, 4), 4);
    assert_int_equal(dma_window_lookup(&window, 0, 4 * PAGE_SIZE, PAGE_SIZE, pieces, 3), -E_2BIG);
    assert_int_equal(dma_window_lookup(&window, 0, 2048, 512, pieces, 4), 4);
    assert_int_equal(pieces[3].bus, 1536);
    dma_window_destroy(&window);
}

static void test_bounds(void **state)
{
    (void)state;
    struct dma_window window = set_up(false);
    struct dma_piece pieces[4];
    uint64_t end = PAGES * PAGE_SIZE;
    assert_int_equal(dma_window_lookup(&window, end, 1, 4096, pieces, 4), -E_FAULT);
    assert_int_equal(dma_window_lookup(&window, end - 1, 2, 4096, pieces, 4), -E_FAULT);
    assert_int_equal(dma_window_lookup(&window, UINT64_MAX, 2, 4096, pieces, 4), -E_FAULT);
    assert_int_equal(dma_window_lookup(&window, 1, UINT64_MAX, 4096, pieces, 4), -E_FAULT);
    assert_int_equal(dma_window_lookup(&window, 0, 0, 4096, pieces, 4), -E_INVAL);
    assert_int_equal(dma_window_lookup(&window, end - 1, 1, 4096, pieces, 4), 1);
    assert_int_equal(dma_window_forget(&window, end, 1), -E_FAULT);
    dma_window_destroy(&window);
}

static void test_forget(void **state)
{
    (void)state;
    struct dma_window window = set_up(false);
    struct dma_piece pieces[8];
    dma_window_lookup(&window, 0, 8 * PAGE_SIZE, 1 << 20, pieces, 8);
    assert_int_equal(dma_window_forget(&window, 2 * PAGE_SIZE, 2 * PAGE_SIZE), 0);
    assert_true(kernel.mapped[1] && !kernel.mapped[2] && !kernel.mapped[3] && kernel.mapped[4]);
    assert_int_equal(dma_window_forget(&window, 0, PAGES * PAGE_SIZE), 0);
    assert_int_equal(kernel.unmaps, 3); // two runs were left
    dma_window_lookup(&window, 0, 3 * PAGE_SIZE, 1 << 20, pieces, 8);
    assert_int_equal(kernel.maps, 2);
    dma_window_destroy(&window);
}

static void test_kernel_refuses(void **state)
{
    (void)state;
    struct dma_window window = set_up(false);
    struct dma_piece pieces[8];
    kernel.fails = true;
    assert_int_equal(dma_window_lookup(&window, 0, 4096, 4096, pieces, 8), -E_FAULT);
    kernel.fails = false;
    assert_int_equal(dma_window_lookup(&window, 0, 4096, 4096, pieces, 8), 1);
    dma_window_destroy(&window);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refuses_bad_objects),
        cmocka_unit_test(test_pieces_are_joined),
        cmocka_unit_test(test_contiguous_object),
        cmocka_unit_test(test_piece_max_and_room),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_forget),
        cmocka_unit_test(test_kernel_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
