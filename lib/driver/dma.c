// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Contiguous DMA buffers (dma.h) over the kernel's calls.

#include "lib/driver/dma.h"

#include "lib/driver/dma_map.h"
#include "lib/sys/sys.h"

static const uint32_t limit_flags[] = {
    [DMA_ANYWHERE] = 0,
    [DMA_BELOW_4G] = MEMORY_BELOW_4G,
    [DMA_BELOW_16M] = MEMORY_BELOW_16M,
};

int dma_buffer_create(handle_t dma, uint64_t bytes, enum dma_limit limit, struct dma_buffer *buffer)
{
    bytes = (bytes + PAGE_SIZE - 1) & ~(uint64_t)(PAGE_SIZE - 1);
    int64_t object = sys_memory_create(bytes, MEMORY_CONTIGUOUS | limit_flags[limit], HANDLE_NONE);
    if (object < 0)
        return (int)object;
    struct aspace_map_args args = {
        .memory = (handle_t)object,
        .bytes = bytes,
        .prot = PROT_READ | PROT_WRITE,
        .flags = MAP_POPULATE,
    };
    int64_t address = sys_aspace_map(HANDLE_SELF, &args);
    if (address < 0) {
        sys_handle_close((handle_t)object);
        return (int)address;
    }
    uint64_t bus;
    int64_t status = sys_dma_map(dma, (handle_t)object, 0, bytes, RIGHT_READ | RIGHT_WRITE, &bus);
    if (status < 0) {
        sys_aspace_unmap(HANDLE_SELF, (uint64_t)address, bytes);
        sys_handle_close((handle_t)object);
        return (int)status;
    }
    *buffer = (struct dma_buffer){
        .memory = (void *)(uintptr_t)address,
        .bus = bus,
        .bytes = bytes,
        .object = (handle_t)object,
    };
    return 0;
}

void dma_buffer_destroy(handle_t dma, struct dma_buffer *buffer)
{
    if (buffer->memory == NULL)
        return;
    sys_dma_unmap(dma, buffer->object, 0, buffer->bytes, buffer->bus);
    sys_aspace_unmap(HANDLE_SELF, (uint64_t)(uintptr_t)buffer->memory, buffer->bytes);
    sys_handle_close(buffer->object);
    *buffer = (struct dma_buffer){.memory = NULL};
}

int dma_map_pages(handle_t dma, handle_t object, uint64_t offset, uint64_t bytes, uint32_t rights,
                  uint64_t *bus)
{
    return (int)sys_dma_map(dma, object, offset, bytes, rights, bus);
}

int dma_unmap_pages(handle_t dma, handle_t object, uint64_t offset, uint64_t bytes, uint64_t bus)
{
    return (int)sys_dma_unmap(dma, object, offset, bytes, bus);
}
