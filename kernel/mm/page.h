// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Physical pages: buddy allocator, reference counts, the direct map.
//
// Any function may be called with any lock of a lower rank than LOCK_PAGE held; none blocks.

#pragma once

#include "abi/types.h"
#include "kernel/arch/arch.h"

typedef uint64_t physical_t;

// Who asks decides how much is left to the others: programs fail first, then services, the kernel
// last.
enum page_flag {
    PAGE_ZEROED = 1,
    PAGE_BELOW_4G = 2,
    PAGE_BELOW_16M = 4,
    PAGE_FOR_SERVICE = 8, // for a native process: fails when half the reserve is left
    PAGE_FOR_GUEST = 16,  // for a program: fails when the reserve is left
};

enum {
    PAGE_ORDER_MAX = 10,            // 4 MiB blocks
    LARGE_ORDER = 9,                // what one entry a level up maps: 2 MiB
    LARGE_PAGES = 1 << LARGE_ORDER, // LARGE_BYTES
};

// One for each page frame between the lowest and the highest RAM address.
struct page {
    uint32_t references;     // mappings, objects and copies that hold this page; 0: free
    uint32_t next, previous; // free list; `next` also chains pages that one owner is about to free
    uint8_t order;           // of a free block's first page
    uint8_t state;           // enum page_state
    uint16_t owner;          // the heap's mark, or how often the kernel has pinned the page
};
_Static_assert(sizeof(struct page) == 16, "page index and address are converted by shifts");

enum page_state { PAGE_NOT_RAM, PAGE_USED, PAGE_CACHED, PAGE_FREE_HEAD, PAGE_FREE_TAIL };

static const uint32_t PAGE_NONE = ~0u; // ends a chain of indices into page_array

extern struct page *page_array; // of frame page_first_frame and up
extern uint64_t page_first_frame, page_frame_count;

// Boot, once: `ranges` is all RAM, `reserved` what of it is in use (kernel, initrd, firmware
// tables): those pages begin with one reference and may be given away later by dropping it. Uses
// memory below 4 GiB for its own array.
void page_init(const struct boot_memory_range *ranges, unsigned count,
               const struct boot_memory_range *reserved, unsigned reserved_count);

// 2^order pages, physically contiguous and aligned to their size, one reference each; NULL when
// there is none. Each page is put by itself.
struct page *page_allocate(unsigned order, unsigned flags);

// For page_put and page_put_zeroed only: the last reference is gone.
void page_free(struct page *page);

// Like page_put of the only reference to an order-0 page that is known to hold zeros only.
void page_put_zeroed(struct page *page);

// Hands this CPU's cache back to the allocator (so that tests can count, and before memory is given
// up for exhausted).
void page_drain_cache(void);

uint64_t page_total(void); // pages of RAM
uint64_t page_free_count(void);

static inline void page_get(struct page *page)
{
    __atomic_fetch_add(&page->references, 1, __ATOMIC_RELAXED);
}

// Drops a reference; frees the page with the last.
static inline void page_put(struct page *page)
{
    if (__atomic_sub_fetch(&page->references, 1, __ATOMIC_ACQ_REL) == 0) {
        page_free(page);
    }
}

// A reference of the kernel's own that clones must not turn into sharing: the page stays where its
// owner sees it.
static inline void page_pin(struct page *page)
{
    page_get(page);
    __atomic_fetch_add(&page->owner, 1, __ATOMIC_RELAXED);
}

static inline void page_unpin(struct page *page)
{
    __atomic_fetch_sub(&page->owner, 1, __ATOMIC_RELAXED);
    page_put(page);
}

// A private page with no user but the one whose table names it.
static inline bool page_sole(const struct page *page)
{
    return __atomic_load_n(&page->references, __ATOMIC_ACQUIRE) ==
           1u + __atomic_load_n(&page->owner, __ATOMIC_RELAXED);
}

static inline physical_t page_physical(const struct page *page)
{
    return ((uint64_t)(page - page_array) + page_first_frame) << PAGE_SHIFT;
}

// The page of an address that is known to be RAM.
static inline struct page *page_of_ram(physical_t address)
{
    return &page_array[(address >> PAGE_SHIFT) - page_first_frame];
}

// NULL: not RAM.
static inline struct page *page_of(physical_t address)
{
    uint64_t frame = (address >> PAGE_SHIFT) - page_first_frame;
    if (frame >= page_frame_count || page_array[frame].state == PAGE_NOT_RAM) {
        return NULL;
    }
    return &page_array[frame];
}

static inline void *page_address(const struct page *page)
{
    return physical_to_virtual(page_physical(page));
}
