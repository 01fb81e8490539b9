// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// DMA windows, counted: mapping and unmapping, which returns when the IOMMU has forgotten. For a
// device that there is, but that nobody drives.

#include "kernel/test/bench.h"

enum { DEVICE = 0x1f << 3 | 2, SHORT = PAGE_SIZE, LONG = 1 << 20 };

static void bench_map(const char *name, handle_t dma, uint64_t bytes, unsigned count)
{
    handle_t memory = (handle_t)sys_memory_create(bytes, MEMORY_CONTIGUOUS, HANDLE_NONE);
    uint64_t bus = 0;
    struct bench_start start = bench_begin();
    for (unsigned i = 0; i < count; i++) {
        (void)sys_dma_map(dma, memory, 0, bytes, RIGHT_READ | RIGHT_WRITE, &bus);
        (void)sys_dma_unmap(dma, memory, 0, bytes, 0);
    }
    bench_end(name, start, count);
    CHECK(bus != 0);
    sys_handle_close(memory);
}

void bench_dma(void)
{
    handle_t resource = (handle_t)sys_resource_create(root, RESOURCE_DMA, DEVICE, 1);
    handle_t dma = (handle_t)sys_dma_create(resource, DEVICE, 0);
    bench_map("dma-map-unmap-4096", dma, SHORT, rounds);
    bench_map("dma-map-unmap-1m", dma, LONG, rounds / 16 + 1);
    sys_handle_close(dma);
    sys_handle_close(resource);
}
