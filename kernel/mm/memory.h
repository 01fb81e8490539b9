// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Memory objects: a sparse, growing array of pages, or a physical range. docs/memory.md tells the
// whole.
//
// Every function takes the object's lock (LOCK_MEMORY) itself unless it says otherwise; none
// blocks. Calls that may have much to do stop after a bounded number of pages with -E_INPROGRESS:
// what is done stays done, and the same call is to be repeated after interrupts were let in.

#pragma once

#include "abi/memory.h"
#include "kernel/core/list.h"
#include "kernel/core/lock.h"
#include "kernel/core/object.h"
#include "kernel/mm/page.h"

struct endpoint;

enum memory_kind {
    MEMORY_ANONYMOUS, // absent pages are zero
    MEMORY_PINNED,    // contiguous RAM, all present; pages never leave
    MEMORY_PHYSICAL,  // device addresses, no struct page
    MEMORY_PAGER,     // absent pages are supplied; writes through shared mappings are tracked
};

// Entry of the tree of pages: address of the struct page, and in bit 0 whether it was written since
// the last clean.
typedef uint64_t memory_slot_t;
enum { MEMORY_SLOT_DIRTY = 1 };

// Pages that one call works on before it answers -E_INPROGRESS.
enum { MEMORY_WORK_PAGES = 4096 };

struct memory {
    struct object object;
    struct spinlock lock;
    uint32_t kind;
    uint32_t cache;      // MEMORY_PHYSICAL: enum memory_cache
    bool large;          // MEMORY_ANONYMOUS: pages come LARGE_PAGES at a time
    uint64_t bytes;      // multiple of PAGE_SIZE
    physical_t physical; // MEMORY_PHYSICAL, MEMORY_PINNED: first byte
    uint64_t root;       // radix tree: a slot (height 0) or the address of a node
    unsigned height;
    uint64_t resident;      // pages
    uint64_t id;            // never reused
    struct endpoint *pager; // MEMORY_PAGER: referenced; NULL: the guest's server is the pager
    uint64_t pager_badge;
    struct list regions; // struct region.in_memory of every region that maps it
    uint32_t dma_pins;   // DMA windows that map it (changed under the lock): pages must not leave
};

// Returns 0 and a referenced object, or -E_NOMEM, -E_INVAL. Keeps a reference to the pager.
int memory_create(uint64_t bytes, unsigned flags, struct endpoint *pager, uint64_t badge,
                  struct memory **result);
int memory_create_physical(physical_t base, uint64_t bytes, enum memory_cache cache,
                           struct memory **result);
// Wraps RAM that is already in use (the boot archive); takes over one reference of each page.
// -E_INVAL: not RAM.
int memory_create_from_pages(physical_t base, uint64_t bytes, struct memory **result);

// The page at a byte offset with a reference for the caller, made present if the object is
// anonymous; `write` marks it dirty. -E_AGAIN: the pager must supply it. -E_FAULT: beyond the end.
// -E_INVAL: no RAM (device). -E_NOMEM.
int memory_page(struct memory *memory, uint64_t offset, bool write, struct page **result);

// Shrinking drops the pages beyond the new end. -E_INVAL: not a multiple of pages, or the kind
// cannot change; -E_BUSY: DMA windows hold pages; -E_INPROGRESS.
int memory_resize(struct memory *memory, uint64_t bytes);

// Puts the source's pages (made present if it is anonymous) at offset, shared by reference. Offsets
// that have a page keep it. -E_INVAL: range or kind; -E_FAULT: beyond an end; -E_AGAIN: absent in a
// paged source; -E_NOMEM; -E_INPROGRESS.
int memory_supply(struct memory *memory, uint64_t offset, struct memory *source,
                  uint64_t source_offset, uint64_t bytes);

// Drops the pages of the range and every mapping of them; private copies stay. -E_INVAL, -E_BUSY,
// -E_INPROGRESS.
int memory_decommit(struct memory *memory, uint64_t offset, uint64_t bytes);

// Bit n of `bitmap` (kernel memory, (pages + 7) / 8 bytes) tells whether page n of the range is
// dirty; `clear` makes them clean and makes the next write to each fault. Returns how many were
// dirty, or -E_INVAL (at most MEMORY_WORK_PAGES a call).
int64_t memory_dirty(struct memory *memory, uint64_t offset, uint64_t pages, uint8_t *bitmap,
                     bool clear);

// ---- for kernel/mm only ----

static inline struct page *memory_slot_page(memory_slot_t slot)
{
    return (struct page *)(slot & ~(memory_slot_t)MEMORY_SLOT_DIRTY);
}

enum { MEMORY_NODE_BITS = 6, MEMORY_NODE_SLOTS = 1 << MEMORY_NODE_BITS };

// The slots of the tree, with the lock held (memory_tree.c). Slots of one leaf node follow each
// other in memory.
memory_slot_t *memory_tree_find(struct memory *memory, uint64_t index); // NULL: no node
memory_slot_t *memory_tree_make(struct memory *memory, uint64_t index); // NULL: no memory
// The slot of the first index at or above *index that has a node; NULL: none below `end`.
memory_slot_t *memory_tree_next(struct memory *memory, uint64_t *index, uint64_t end);
// Frees the nodes of first .. end that are empty.
void memory_tree_prune(struct memory *memory, uint64_t first, uint64_t end);

// Slots from `index` to the end of its leaf node.
static inline uint64_t memory_tree_run(const struct memory *memory, uint64_t index)
{
    return memory->height == 0 ? 1 : MEMORY_NODE_SLOTS - (index & (MEMORY_NODE_SLOTS - 1));
}

// The slot of a page of an anonymous or paged object, made present if it is anonymous; lock held.
// Errors as memory_page.
int memory_slot(struct memory *memory, uint64_t index, unsigned page_flags, memory_slot_t **result);

#ifdef XINIM_CHECKS
void assert_memory_state(struct memory *memory); // lock held; docs/memory.md, M1 ..
#else
static inline void assert_memory_state(struct memory *memory)
{
    (void)memory;
}
#endif
