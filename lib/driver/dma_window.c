// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Page-wise DMA windows onto clients' memory (dma.h).
//
// The kernel takes back what it mapped call by call, so the runs of pages that were mapped together
// are remembered.
//
// Invariant: page[i] is 0, or the bus address of page i, mapped with `rights`, plus PAGE_MAPPED
// (bus address 0 is a good one), plus PAGE_RUN_START if a run begins there. A run ends before the
// next start or unmapped page, and is entered only after the kernel mapped all of it.

#include <stdlib.h>
#include <string.h>

#include "abi/error.h"
#include "lib/driver/dma.h"
#include "lib/driver/dma_map.h"

enum {
    PAGE_MAPPED = 1,
    PAGE_RUN_START = 2,
    PAGE_FLAGS = PAGE_MAPPED | PAGE_RUN_START,
};

int dma_window_create(struct dma_window *window, handle_t dma, handle_t object, uint64_t bytes,
                      uint32_t rights)
{
    uint64_t pages = bytes >> PAGE_SHIFT;
    if (pages == 0 || (bytes & (PAGE_SIZE - 1)) != 0)
        return -E_INVAL;
    if (pages > SIZE_MAX / sizeof(uint64_t))
        return -E_NOMEM;
    uint64_t *table = calloc((size_t)pages, sizeof(uint64_t));
    if (table == NULL)
        return -E_NOMEM;
    *window = (struct dma_window){
        .dma = dma, .object = object, .bytes = bytes, .page = table, .rights = rights};
    return 0;
}

void dma_window_destroy(struct dma_window *window)
{
    if (window->page == NULL)
        return;
    dma_window_forget(window, 0, window->bytes);
    free(window->page);
    *window = (struct dma_window){.page = NULL};
}

static bool range_is_inside(const struct dma_window *window, uint64_t offset, uint64_t bytes)
{
    return bytes <= window->bytes && offset <= window->bytes - bytes;
}

// Maps pages first .. first + count - 1 as one run, at most a chunk.
static int map_run(struct dma_window *window, uint64_t first, uint64_t count)
{
    uint64_t bus[DMA_WINDOW_CHUNK];
    // A contiguous object fills in the first entry only: the others stay at this impossible
    // address.
    memset(bus, 0xff, sizeof(bus[0]) * count);
    int status = dma_map_pages(window->dma, window->object, first << PAGE_SHIFT,
                               count << PAGE_SHIFT, window->rights, bus);
    if (status < 0)
        return status == -E_NOMEM ? -E_NOMEM : -E_FAULT;
    bool contiguous = count > 1 && bus[1] == UINT64_MAX;
    for (uint64_t i = 0; i < count; i++)
        window->page[first + i] = (contiguous ? bus[0] + (i << PAGE_SHIFT) : bus[i]) | PAGE_MAPPED;
    window->page[first] |= PAGE_RUN_START;
    return 0;
}

// Maps the unmapped pages around `page` within its chunk, for its neighbours will be wanted next.
// If they cannot be had, the page alone.
static int map_around(struct dma_window *window, uint64_t page)
{
    uint64_t chunk = page & ~(uint64_t)(DMA_WINDOW_CHUNK - 1);
    uint64_t pages = window->bytes >> PAGE_SHIFT;
    uint64_t end = pages - chunk < DMA_WINDOW_CHUNK ? pages : chunk + DMA_WINDOW_CHUNK;
    uint64_t first = page, stop = page + 1;
    while (first > chunk && window->page[first - 1] == 0)
        first--;
    while (stop < end && window->page[stop] == 0)
        stop++;
    int status = map_run(window, first, stop - first);
    return status < 0 ? map_run(window, page, 1) : 0;
}

static int map_missing(struct dma_window *window, uint64_t first, uint64_t last)
{
    for (uint64_t page = first; page <= last; page++) {
        int status = window->page[page] == 0 ? map_around(window, page) : 0;
        if (status < 0)
            return status;
    }
    return 0;
}

int dma_window_lookup(struct dma_window *window, uint64_t offset, uint64_t bytes,
                      uint32_t piece_max, struct dma_piece *pieces, unsigned room)
{
    if (bytes == 0 || piece_max == 0)
        return -E_INVAL;
    if (!range_is_inside(window, offset, bytes))
        return -E_FAULT;
    int status = map_missing(window, offset >> PAGE_SHIFT, (offset + bytes - 1) >> PAGE_SHIFT);
    if (status < 0)
        return status;
    unsigned used = 0;
    while (bytes > 0) {
        uint64_t in_page = offset & (PAGE_SIZE - 1);
        uint64_t bus = (window->page[offset >> PAGE_SHIFT] & ~(uint64_t)PAGE_FLAGS) + in_page;
        uint32_t length = (uint32_t)(PAGE_SIZE - in_page);
        if (length > bytes)
            length = (uint32_t)bytes;
        struct dma_piece *last = used > 0 ? &pieces[used - 1] : NULL;
        if (last != NULL && last->bus + last->bytes == bus && length <= piece_max &&
            last->bytes <= piece_max - length) {
            last->bytes += length;
        } else {
            if (length > piece_max)
                length = piece_max;
            if (used == room)
                return -E_2BIG;
            pieces[used++] = (struct dma_piece){.bus = bus, .bytes = length};
        }
        offset += length;
        bytes -= length;
    }
    return (int)used;
}

static uint64_t run_start(const struct dma_window *window, uint64_t page)
{
    while ((window->page[page] & PAGE_RUN_START) == 0)
        page--;
    return page;
}

static uint64_t run_end(const struct dma_window *window, uint64_t page)
{
    uint64_t pages = window->bytes >> PAGE_SHIFT;
    do {
        page++;
    } while (page < pages && (window->page[page] & PAGE_FLAGS) == PAGE_MAPPED);
    return page;
}

// Takes the mapping of one run away, except for what lies outside first .. end - 1: that is mapped
// anew before, for the device may be using it.
static int forget_run(struct dma_window *window, uint64_t start, uint64_t stop, uint64_t first,
                      uint64_t end)
{
    uint64_t bus = window->page[start] & ~(uint64_t)PAGE_FLAGS; // before it is mapped anew
    int status = 0;
    if (start < first)
        status = map_run(window, start, first - start);
    if (status == 0 && end < stop)
        status = map_run(window, end, stop - end);
    if (status < 0)
        return status; // the whole run stays mapped, perhaps a part of it twice
    uint64_t from = start < first ? first : start;
    uint64_t to = end < stop ? end : stop;
    memset(&window->page[from], 0, (size_t)(to - from) * sizeof(window->page[0]));
    return dma_unmap_pages(window->dma, window->object, start << PAGE_SHIFT,
                           (stop - start) << PAGE_SHIFT, bus);
}

int dma_window_forget(struct dma_window *window, uint64_t offset, uint64_t bytes)
{
    if (!range_is_inside(window, offset, bytes))
        return -E_FAULT;
    if (bytes == 0)
        return 0;
    uint64_t first = offset >> PAGE_SHIFT;
    uint64_t end = ((offset + bytes - 1) >> PAGE_SHIFT) + 1;
    int result = 0;
    for (uint64_t page = first; page < end;) {
        if (window->page[page] == 0) {
            page++;
            continue;
        }
        uint64_t stop = run_end(window, page);
        int status = forget_run(window, run_start(window, page), stop, first, end);
        if (status < 0)
            result = status;
        page = stop;
    }
    return result;
}
