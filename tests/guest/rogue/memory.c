// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// A window for a device that there is not, and that goes past the IOMMU: its bus addresses are
// physical ones, so mapping tells where memory lies.

#include "tests/guest/rogue/memory.h"

#include <string.h>

#include "abi/error.h"
#include "lib/sys/sys.h"

enum { NO_DEVICE = 0xfff8, DEVICES = 0x10000, TRIES = 64 };

static handle_t window;

int pinned_init(handle_t root)
{
    int64_t dma = sys_resource_create(root, RESOURCE_DMA, 0, DEVICES);
    if (dma >= 0)
        dma = sys_dma_create((handle_t)dma, NO_DEVICE, DMA_PAST_IOMMU);
    window = dma < 0 ? HANDLE_NONE : (handle_t)dma;
    return dma < 0 ? (int)dma : 0;
}

int pinned_adopt(struct pinned *pinned, handle_t object, uint64_t bytes)
{
    struct aspace_map_args args = {
        .memory = object, .bytes = bytes, .prot = PROT_READ | PROT_WRITE, .flags = MAP_POPULATE};
    *pinned = (struct pinned){.object = object, .bytes = bytes};
    int64_t status = sys_dma_map(window, object, 0, bytes, RIGHT_READ, &pinned->physical);
    if (status == 0)
        status = sys_dma_unmap(window, object, 0, bytes, 0);
    if (status == 0)
        status = sys_aspace_map(HANDLE_SELF, &args);
    if (status < 0) {
        sys_handle_close(object);
        return (int)status;
    }
    pinned->at = (uint8_t *)status;
    return 0;
}

int pinned_create(struct pinned *pinned, uint64_t bytes)
{
    int64_t object = sys_memory_create(bytes, MEMORY_CONTIGUOUS, HANDLE_NONE);
    return object < 0 ? (int)object : pinned_adopt(pinned, (handle_t)object, bytes);
}

void pinned_destroy(struct pinned *pinned)
{
    sys_aspace_unmap(HANDLE_SELF, (uint64_t)(uintptr_t)pinned->at, pinned->bytes);
    sys_handle_close(pinned->object);
}

bool pinned_create_at(struct pinned *pinned, uint64_t physical, uint64_t bytes)
{
    struct pinned other[TRIES];
    unsigned others = 0;
    bool found = false;
    while (!found && others < TRIES && pinned_create(pinned, bytes) == 0) {
        found = pinned->physical == physical;
        if (!found)
            other[others++] = *pinned;
    }
    while (others > 0)
        pinned_destroy(&other[--others]);
    return found;
}

void pinned_set(struct pinned *pinned, uint8_t byte)
{
    memset(pinned->at, byte, pinned->bytes);
}

bool pinned_is(const struct pinned *pinned, uint8_t byte)
{
    for (uint64_t i = 0; i < pinned->bytes; i++) {
        if (*(volatile uint8_t *)&pinned->at[i] != byte)
            return false;
    }
    return true;
}
