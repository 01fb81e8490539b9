// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Physical pages: buddy allocator, reference counts, the direct map.

#pragma once

#include "abi/types.h"
#include "kernel/arch/arch.h"

typedef uint64_t physical_t;

enum page_zone_flag {
    PAGE_ZEROED = 1,
    PAGE_BELOW_4G = 2,
    PAGE_BELOW_16M = 4,
};

enum { PAGE_ORDER_MAX = 10 }; // 4 MiB blocks

struct page {
    uint32_t references; // mappings, objects and copies that hold this page; 0: free
    uint8_t order;       // of a free block's first page
    uint8_t state;       // enum in page.c: free, used, reserved
    uint16_t reserved;
    struct page *next, *previous; // free list
};

// Adds usable memory; called at boot for each range of the memory map, less what is reserved (kernel, initrd).
void page_init(const struct boot_memory_range *ranges, unsigned count);

// 2^order pages, physically contiguous and aligned to their size, one reference each; NULL when there is none.
struct page *page_allocate(unsigned order, unsigned flags);

void page_get(struct page *page);

// Drops a reference; frees the page with the last.
void page_put(struct page *page);

physical_t page_physical(const struct page *page);
struct page *page_of(physical_t address); // NULL: not RAM

static inline void *page_address(const struct page *page)
{
    return physical_to_virtual(page_physical(page));
}

uint64_t page_total(void); // pages of RAM given to the allocator
uint64_t page_free_count(void);
