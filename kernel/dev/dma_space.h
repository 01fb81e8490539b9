// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The bus addresses of one DMA window: which are mapped to what, and which are free. The caller
// locks (LOCK_DMA).
//
// Bus addresses lie below 4 GiB, so that every device can use them, and below the interrupt range
// of x86 at 0xfee00000. Between two mappings a page stays free: a device that runs past the end of
// one does not reach the next.

#pragma once

#include "abi/types.h"
#include "kernel/arch/arch.h"

struct memory;

#define DMA_BUS_FIRST IOMMU_BUS_FIRST // below: never mapped for a driver
#define DMA_BUS_END   0xfee00000ull

enum { DMA_MAPPINGS_MAX = 4096 }; // quota of a window: they are searched one by one
#define DMA_BYTES_MAX (1ull << 30)

struct dma_mapping {
    struct dma_mapping *next, *previous; // by bus address
    struct memory *memory;               // referenced, dma_pins counted
    uint64_t offset, bytes;
    uint64_t bus;
    bool busy; // being mapped: belongs to who maps it
};

struct dma_space {
    struct dma_mapping *first;
    // The search for room begins behind it: entered last, or before what was taken out below. So
    // low addresses are used again, with the tables that are there for them.
    struct dma_mapping *hint;
    unsigned count;
    uint64_t bytes;
};

// Finds room at a multiple of `alignment` and enters the mapping, whose `bytes` is set. 0, or
// -E_NOMEM: the quota or the bus addresses below `end` are used up.
int dma_space_insert(struct dma_space *space, struct dma_mapping *mapping, uint64_t alignment,
                     uint64_t end);

void dma_space_remove(struct dma_space *space, struct dma_mapping *mapping);

// The mapping of exactly this range at `bus` (0: at any), not busy; NULL: none.
struct dma_mapping *dma_space_find(const struct dma_space *space, const struct memory *memory,
                                   uint64_t offset, uint64_t bytes, uint64_t bus);
