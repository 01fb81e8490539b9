// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

#include "kernel/dev/dma_space.h"

#include <stddef.h>

#include "abi/error.h"

// Room behind `previous` (NULL: before the first); false: too little.
static bool fits_behind(const struct dma_space *space, const struct dma_mapping *previous,
                        struct dma_mapping *mapping, uint64_t alignment, uint64_t end)
{
    const struct dma_mapping *next = previous != NULL ? previous->next : space->first;
    uint64_t free_from =
        previous != NULL ? previous->bus + previous->bytes + PAGE_SIZE : DMA_BUS_FIRST;
    uint64_t bus = (free_from + alignment - 1) & ~(alignment - 1);
    uint64_t stop = next != NULL && next->bus - PAGE_SIZE < end ? next->bus - PAGE_SIZE : end;
    mapping->bus = bus;
    return bus <= stop && mapping->bytes <= stop - bus;
}

static void enter(struct dma_space *space, struct dma_mapping *previous,
                  struct dma_mapping *mapping)
{
    mapping->previous = previous;
    mapping->next = previous != NULL ? previous->next : space->first;
    if (mapping->next != NULL) {
        mapping->next->previous = mapping;
    }
    if (previous != NULL) {
        previous->next = mapping;
    } else {
        space->first = mapping;
    }
    space->hint = mapping;
    space->count++;
    space->bytes += mapping->bytes;
}

// The first room behind `previous` or a later one.
static bool search(struct dma_space *space, struct dma_mapping *previous,
                   struct dma_mapping *mapping, uint64_t alignment, uint64_t end)
{
    do {
        if (fits_behind(space, previous, mapping, alignment, end)) {
            enter(space, previous, mapping);
            return true;
        }
        previous = previous != NULL ? previous->next : space->first;
    } while (previous != NULL);
    return false;
}

int dma_space_insert(struct dma_space *space, struct dma_mapping *mapping, uint64_t alignment,
                     uint64_t end)
{
    if (space->count >= DMA_MAPPINGS_MAX || mapping->bytes > DMA_BYTES_MAX - space->bytes) {
        return -E_NOMEM;
    }
    bool found = search(space, space->hint, mapping, alignment, end) ||
                 (space->hint != NULL && search(space, NULL, mapping, alignment, end));
    return found ? 0 : -E_NOMEM;
}

void dma_space_remove(struct dma_space *space, struct dma_mapping *mapping)
{
    if (mapping->next != NULL) {
        mapping->next->previous = mapping->previous;
    }
    if (mapping->previous != NULL) {
        mapping->previous->next = mapping->next;
    } else {
        space->first = mapping->next;
    }
    if (space->hint != NULL && mapping->bus <= space->hint->bus) {
        space->hint = mapping->previous;
    }
    space->count--;
    space->bytes -= mapping->bytes;
}

struct dma_mapping *dma_space_find(const struct dma_space *space, const struct memory *memory,
                                   uint64_t offset, uint64_t bytes, uint64_t bus)
{
    for (struct dma_mapping *at = space->first; at != NULL; at = at->next) {
        if (at->memory == memory && at->offset == offset && at->bytes == bytes && !at->busy &&
            (bus == 0 || at->bus == bus)) {
            return at;
        }
    }
    return NULL;
}
