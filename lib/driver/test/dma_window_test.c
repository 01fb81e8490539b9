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

enum { PAGES = 4 * DMA_WINDOW_CHUNK, DMA = 5, OBJECT = 6, RIGHTS = 3 };

enum { MAPPINGS = PAGES };

static struct {
    bool contiguous;
    bool fails;
    uint64_t absent; // this page cannot be had
    unsigned maps, unmaps;
    struct {
        uint64_t offset, bytes;
    } mapping[MAPPINGS]; // bytes 0: none
} kernel;

// Pages come in pairs that are adjacent on the bus: 0 and 1, 2 and 3 ...
static uint64_t bus_of(uint64_t page)
{
    return kernel.contiguous
               ? page << PAGE_SHIFT
               : (0x100000 + (PAGES / 2 - page / 2) * 0x10000) + (page % 2) * PAGE_SIZE;
}

static unsigned times_mapped(uint64_t page)
{
    unsigned times = 0;
    for (unsigned i = 0; i < MAPPINGS; i++)
        times += kernel.mapping[i].bytes != 0 && kernel.mapping[i].offset <= page * PAGE_SIZE &&
                 page * PAGE_SIZE - kernel.mapping[i].offset < kernel.mapping[i].bytes;
    return times;
}

int dma_map_pages(handle_t dma, handle_t object, uint64_t offset, uint64_t bytes, uint32_t rights,
                  uint64_t *bus)
{
    assert_true(dma == DMA && object == OBJECT && rights == RIGHTS);
    assert_true(offset % PAGE_SIZE == 0 && bytes % PAGE_SIZE == 0 && bytes > 0);
    assert_true(bytes <= PAGES * PAGE_SIZE && offset <= PAGES * PAGE_SIZE - bytes);
    kernel.maps++;
    if (kernel.fails ||
        (kernel.absent * PAGE_SIZE >= offset && kernel.absent * PAGE_SIZE - offset < bytes))
        return -E_INVAL;
    unsigned free = 0;
    while (kernel.mapping[free].bytes != 0)
        assert_true(++free < MAPPINGS);
    kernel.mapping[free].offset = offset;
    kernel.mapping[free].bytes = bytes;
    for (uint64_t i = 0; i < bytes >> PAGE_SHIFT; i++)
        if (i == 0 || !kernel.contiguous)
            bus[i] = bus_of((offset >> PAGE_SHIFT) + i);
    return 0;
}

// As the kernel: only exactly what one call mapped.
int dma_unmap_pages(handle_t dma, handle_t object, uint64_t offset, uint64_t bytes, uint64_t bus)
{
    assert_true(dma == DMA && object == OBJECT);
    kernel.unmaps++;
    for (unsigned i = 0; i < MAPPINGS; i++) {
        if (kernel.mapping[i].offset != offset || kernel.mapping[i].bytes != bytes)
            continue;
        assert_int_equal(bus, bus_of(offset >> PAGE_SHIFT));
        kernel.mapping[i].bytes = 0;
        return 0;
    }
    fail_msg("never mapped like this");
    return -E_NOENT;
}

static struct dma_window set_up(bool contiguous)
{
    memset(&kernel, 0, sizeof(kernel));
    kernel.contiguous = contiguous;
    kernel.absent = UINT64_MAX / PAGE_SIZE;
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
    assert_int_equal(kernel.maps, 1); // the whole chunk at once
    assert_int_equal(count, 3);       // pages 0-1, 2-3, 4 and the start of 5
    assert_int_equal(pieces[0].bus, bus_of(0) + 100);
    assert_int_equal(pieces[0].bytes, 2 * PAGE_SIZE - 100);
    assert_int_equal(pieces[1].bytes, 2 * PAGE_SIZE);
    assert_int_equal(pieces[2].bytes, PAGE_SIZE + 100);
    assert_int_equal(kernel.maps, 1);
    dma_window_lookup(&window, 30 * PAGE_SIZE, 6 * PAGE_SIZE, 1 << 20, pieces, 8);
    assert_int_equal(kernel.maps, 1); // known already
    dma_window_lookup(&window, (DMA_WINDOW_CHUNK - 1) * PAGE_SIZE, 8192, 1 << 20, pieces, 8);
    assert_int_equal(kernel.maps, 2);
    assert_int_equal(times_mapped(2 * DMA_WINDOW_CHUNK), 0);
    dma_window_destroy(&window);
    for (unsigned i = 0; i < PAGES; i++)
        assert_int_equal(times_mapped(i), 0);
}

static void test_contiguous_object(void **state)
{
    (void)state;
    struct dma_window window = set_up(true);
    struct dma_piece pieces[2];
    assert_int_equal(dma_window_lookup(&window, 0, PAGES * PAGE_SIZE, 1 << 30, pieces, 2), 1);
    assert_int_equal(kernel.maps, PAGES / DMA_WINDOW_CHUNK);
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

static void test_forget_splits_runs(void **state)
{
    (void)state;
    struct dma_window window = set_up(false);
    struct dma_piece pieces[8];
    dma_window_lookup(&window, 0, 8 * PAGE_SIZE, 1 << 20, pieces, 8);
    assert_int_equal(dma_window_forget(&window, 2 * PAGE_SIZE, 2 * PAGE_SIZE), 0);
    for (unsigned i = 0; i < PAGES; i++)
        assert_int_equal(times_mapped(i), i < 2 || (i >= 4 && i < DMA_WINDOW_CHUNK));
    unsigned maps = kernel.maps;
    dma_window_lookup(&window, 0, 2 * PAGE_SIZE, 1 << 20, pieces, 8);
    dma_window_lookup(&window, 4 * PAGE_SIZE, 4 * PAGE_SIZE, 1 << 20, pieces, 8);
    assert_int_equal(kernel.maps, maps); // still known
    assert_int_equal(pieces[0].bus, bus_of(4));
    assert_int_equal(dma_window_forget(&window, 100, PAGES * PAGE_SIZE - 100), 0);
    for (unsigned i = 0; i < PAGES; i++)
        assert_int_equal(times_mapped(i), 0);
    dma_window_destroy(&window);
}

static void test_runs_are_taken_back_as_they_were_mapped(void **state)
{
    (void)state;
    struct dma_window window = set_up(false);
    struct dma_piece pieces[PAGES];
    uint32_t seed = 7;
    for (unsigned round = 0; round < 5000; round++) {
        seed = seed * 1664525 + 1013904223;
        uint64_t offset = (seed >> 8) % (PAGES * PAGE_SIZE);
        uint64_t bytes = 1 + (seed >> 16) % 20000;
        if (bytes > PAGES * PAGE_SIZE - offset)
            bytes = PAGES * PAGE_SIZE - offset;
        if (round % 3 == 0)
            assert_int_equal(dma_window_forget(&window, offset, bytes), 0);
        else
            assert_true(dma_window_lookup(&window, offset, bytes, 1 << 20, pieces, PAGES) > 0);
        for (unsigned i = 0; i < PAGES; i++)
            assert_int_equal(times_mapped(i), window.page[i] != 0);
    }
    dma_window_destroy(&window);
    for (unsigned i = 0; i < PAGES; i++)
        assert_int_equal(times_mapped(i), 0);
}

static void test_kernel_refuses(void **state)
{
    (void)state;
    struct dma_window window = set_up(false);
    struct dma_piece pieces[8];
    kernel.fails = true;
    assert_int_equal(dma_window_lookup(&window, 0, 4096, 4096, pieces, 8), -E_FAULT);
    kernel.fails = false;
    kernel.absent = 5; // somewhere in the chunk: the others are still to be had
    assert_int_equal(dma_window_lookup(&window, 0, 4096, 4096, pieces, 8), 1);
    assert_int_equal(dma_window_lookup(&window, 4 * 4096, 8192, 8192, pieces, 8), -E_FAULT);
    assert_int_equal(dma_window_lookup(&window, 6 * 4096, 8192, 8192, pieces, 8), 1);
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
        cmocka_unit_test(test_forget_splits_runs),
        cmocka_unit_test(test_runs_are_taken_back_as_they_were_mapped),
        cmocka_unit_test(test_kernel_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
