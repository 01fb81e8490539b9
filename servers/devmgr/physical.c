// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// See physical.h.

#include "servers/devmgr/physical.h"

#include <string.h>

#include "lib/sys/sys.h"

enum { WINDOW_BYTES = 16 * PAGE_SIZE };

struct resources resources;

static uint64_t page_span(uint64_t start, uint64_t bytes)
{
    uint64_t into = start % PAGE_SIZE;

    return (into + bytes + PAGE_SIZE - 1) & ~(uint64_t)(PAGE_SIZE - 1);
}

int physical_map(uint64_t physical, uint64_t bytes, enum memory_cache cache, void **mapped)
{
    uint64_t into = physical % PAGE_SIZE;
    uint64_t span = page_span(physical, bytes);
    struct aspace_map_args map = {.bytes = span, .prot = PROT_READ | PROT_WRITE};
    int64_t memory, address;

    if (bytes == 0 || physical > UINT64_MAX - bytes - PAGE_SIZE)
        return -E_INVAL;
    memory = sys_memory_create_physical(resources.mmio, physical - into, span, cache);
    if (memory < 0)
        return (int)memory;
    map.memory = (handle_t)memory;
    address = sys_aspace_map(HANDLE_SELF, &map);
    sys_handle_close((handle_t)memory);
    if (address < 0)
        return (int)address;
    *mapped = (void *)(uintptr_t)((uint64_t)address + into);
    return 0;
}

void physical_unmap(void *mapped, uint64_t bytes)
{
    uint64_t address = (uintptr_t)mapped;

    sys_aspace_unmap(HANDLE_SELF, address - address % PAGE_SIZE, page_span(address, bytes));
}

// ---- the window ----

struct window {
    uint64_t physical;
    uint8_t *mapped; // NULL: nowhere yet
};

static int window_move(struct window *window, uint64_t address)
{
    uint64_t start = address - address % PAGE_SIZE;
    void *mapped;
    int error;

    if (window->mapped != NULL)
        physical_unmap(window->mapped, WINDOW_BYTES);
    window->mapped = NULL;
    error = physical_map(start, WINDOW_BYTES, MEMORY_CACHED, &mapped);
    if (error < 0)
        return error;
    window->physical = start;
    window->mapped = mapped;
    return 0;
}

static int window_read(void *context, uint64_t address, void *buffer, size_t bytes)
{
    struct window *window = context;

    if (bytes > WINDOW_BYTES - PAGE_SIZE)
        return -E_INVAL;
    if (window->mapped == NULL || address < window->physical ||
        address - window->physical > WINDOW_BYTES - bytes) {
        int error = window_move(window, address);

        if (error < 0)
            return error;
    }
    memcpy(buffer, window->mapped + (address - window->physical), bytes);
    return 0;
}

struct acpi_memory physical_reader(void)
{
    static struct window window;

    return (struct acpi_memory){.read = window_read, .context = &window};
}
