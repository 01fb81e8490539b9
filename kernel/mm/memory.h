// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Memory objects: a sparse, growing array of pages, or a physical range. docs/memory.md tells the whole.

#pragma once

#include "abi/memory.h"
#include "kernel/core/list.h"
#include "kernel/core/lock.h"
#include "kernel/core/object.h"
#include "kernel/mm/page.h"

struct endpoint;

enum memory_kind { MEMORY_ANONYMOUS, MEMORY_PINNED /* contiguous: pages never leave */, MEMORY_PHYSICAL, MEMORY_PAGER };

struct memory {
    struct object object;
    struct spinlock lock;
    uint32_t kind;
    uint32_t cache;         // MEMORY_PHYSICAL: enum memory_cache
    uint64_t bytes;         // multiple of PAGE_SIZE
    physical_t physical;    // MEMORY_PHYSICAL, MEMORY_PINNED: first byte
    void *root;             // radix tree of page entries
    unsigned height;
    uint64_t resident;      // pages
    uint64_t id;            // never reused
    struct endpoint *pager; // MEMORY_PAGER: referenced; NULL: the guest's server is the pager
    uint64_t pager_badge;
    struct list regions;    // struct region.in_memory of every region that maps it
    uint32_t dma_pins;      // DMA windows that map it: pages must not leave
};

// Returns 0 and a referenced object, or -E_NOMEM, -E_INVAL.
int memory_create(uint64_t bytes, unsigned flags, struct endpoint *pager, uint64_t badge, struct memory **result);
int memory_create_physical(physical_t base, uint64_t bytes, enum memory_cache cache, struct memory **result);
// Wraps RAM that is already in use (the boot archive).
int memory_create_from_pages(physical_t base, uint64_t bytes, struct memory **result);

// The page at a byte offset with a reference for the caller, made present if the object is anonymous.
// -E_AGAIN: the pager must supply it. -E_FAULT: beyond the end.
int memory_page(struct memory *memory, uint64_t offset, bool write, struct page **result);
