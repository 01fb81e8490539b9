// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Memory objects: creation, destruction, single pages.
//
// Lock: memory->lock (LOCK_MEMORY) protects everything in struct memory but the object header, and
// every page table entry that maps one of its pages. Invariants M1 .. in docs/memory.md.

#include "kernel/mm/memory.h"

#include "abi/error.h"
#include "kernel/core/panic.h"
#include "kernel/mm/heap.h"
#include "kernel/mm/region.h"

// Offsets stay far from wrapping, whatever is added to them.
#define MEMORY_BYTES_MAX (1ull << 56)

static uint64_t last_id;

static struct memory *memory_new(enum memory_kind kind, uint64_t bytes)
{
    struct memory *memory = heap_allocate(sizeof(*memory));
    if (memory == NULL) {
        return NULL;
    }
    object_init(&memory->object, OBJECT_MEMORY);
    memory->lock = (struct spinlock)SPINLOCK(LOCK_MEMORY);
    memory->kind = kind;
    memory->cache = MEMORY_CACHED;
    memory->bytes = bytes;
    memory->id = __atomic_add_fetch(&last_id, 1, __ATOMIC_RELAXED);
    list_init(&memory->regions);
    return memory;
}

static bool whole_pages(uint64_t bytes)
{
    return bytes % PAGE_SIZE == 0 && bytes <= MEMORY_BYTES_MAX;
}

// Takes one block and gives back what its power-of-two size has too much.
static int allocate_contiguous(struct memory *memory, unsigned flags)
{
    uint64_t pages = memory->bytes >> PAGE_SHIFT;
    unsigned order = 0;
    while (1ull << order < pages) {
        order++;
    }
    unsigned page_flags = PAGE_FOR_SERVICE | PAGE_ZEROED;
    page_flags |= (flags & MEMORY_BELOW_4G) != 0 ? PAGE_BELOW_4G : 0u;
    page_flags |= (flags & MEMORY_BELOW_16M) != 0 ? PAGE_BELOW_16M : 0u;
    struct page *block = page_allocate(order, page_flags);
    if (block == NULL) {
        return -E_NOMEM;
    }
    for (uint64_t i = pages; i < 1ull << order; i++) {
        page_put(&block[i]);
    }
    memory->physical = page_physical(block);
    memory->resident = pages;
    return 0;
}

int memory_create(uint64_t bytes, unsigned flags, struct endpoint *pager, uint64_t badge,
                  struct memory **result)
{
    const unsigned limits = MEMORY_BELOW_4G | MEMORY_BELOW_16M;
    bool contiguous = (flags & MEMORY_CONTIGUOUS) != 0;
    bool paged = (flags & MEMORY_PAGED) != 0, large = (flags & MEMORY_LARGE) != 0;
    if (!whole_pages(bytes) || contiguous + paged + large > 1 ||
        (flags & ~(MEMORY_CONTIGUOUS | MEMORY_PAGED | MEMORY_LARGE | limits)) != 0 ||
        (contiguous && (bytes == 0 || bytes > (uint64_t)PAGE_SIZE << PAGE_ORDER_MAX)) ||
        (!contiguous && (flags & limits) != 0) || (pager != NULL && !paged)) {
        return -E_INVAL;
    }
    struct memory *memory = memory_new(contiguous ? MEMORY_PINNED
                                       : paged    ? MEMORY_PAGER
                                                  : MEMORY_ANONYMOUS,
                                       bytes);
    if (memory == NULL) {
        return -E_NOMEM;
    }
    memory->large = large;
    if (contiguous) {
        int error = allocate_contiguous(memory, flags);
        if (error != 0) {
            memory->bytes = 0;
            object_put(&memory->object);
            return error;
        }
    }
    if (pager != NULL) {
        object_get((struct object *)pager);
        memory->pager = pager;
        memory->pager_badge = badge;
    }
    *result = memory;
    return 0;
}

int memory_create_physical(physical_t base, uint64_t bytes, enum memory_cache cache,
                           struct memory **result)
{
    if (base % PAGE_SIZE != 0 || !whole_pages(bytes) || bytes == 0 ||
        base > MEMORY_BYTES_MAX - bytes || cache > MEMORY_CACHED) {
        return -E_INVAL;
    }
    struct memory *memory = memory_new(MEMORY_PHYSICAL, bytes);
    if (memory == NULL) {
        return -E_NOMEM;
    }
    memory->physical = base;
    memory->cache = cache;
    *result = memory;
    return 0;
}

int memory_create_from_pages(physical_t base, uint64_t bytes, struct memory **result)
{
    if (base % PAGE_SIZE != 0 || !whole_pages(bytes) || bytes == 0) {
        return -E_INVAL;
    }
    for (uint64_t offset = 0; offset < bytes; offset += PAGE_SIZE) {
        struct page *page = page_of(base + offset);
        if (page == NULL || page->references == 0) {
            return -E_INVAL;
        }
    }
    struct memory *memory = memory_new(MEMORY_PINNED, bytes);
    if (memory == NULL) {
        return -E_NOMEM;
    }
    memory->physical = base;
    memory->resident = bytes >> PAGE_SHIFT;
    *result = memory;
    return 0;
}

void memory_destroy(struct object *object)
{
    struct memory *memory = CONTAINER_OF(object, struct memory, object);
    KERNEL_ASSERT(list_empty(&memory->regions) && memory->dma_pins == 0);
    if (memory->kind == MEMORY_PINNED) {
        for (uint64_t offset = 0; offset < memory->bytes; offset += PAGE_SIZE) {
            page_put(page_of_ram(memory->physical + offset));
        }
    } else if (memory->kind != MEMORY_PHYSICAL) {
        while (memory_decommit(memory, 0, memory->bytes) == -E_INPROGRESS) {
            cpu_relax_in_kernel();
        }
    }
    if (memory->pager != NULL) {
        object_put((struct object *)memory->pager);
    }
    heap_free(memory);
}

// Fills the large page around the index, if none of it is there yet and there is one.
static void fill_large(struct memory *memory, uint64_t index, unsigned page_flags)
{
    uint64_t first = index & ~(uint64_t)(LARGE_PAGES - 1), next = first;
    if (first + LARGE_PAGES > memory->bytes >> PAGE_SHIFT ||
        (memory->root != 0 && memory_tree_next(memory, &next, first + LARGE_PAGES) != NULL)) {
        return;
    }
    struct page *block = page_allocate(LARGE_ORDER, page_flags | PAGE_ZEROED);
    for (uint64_t i = 0; block != NULL && i < LARGE_PAGES; i++) {
        memory_slot_t *slot = memory_tree_make(memory, first + i);
        if (slot == NULL) {
            page_put(&block[i]);
            continue;
        }
        *slot = (memory_slot_t)&block[i];
        memory->resident++;
    }
}

int memory_slot(struct memory *memory, uint64_t index, unsigned page_flags, memory_slot_t **result)
{
    if (index >= memory->bytes >> PAGE_SHIFT) {
        return -E_FAULT;
    }
    memory_slot_t *slot = memory_tree_find(memory, index);
    if (slot == NULL || *slot == 0) {
        if (memory->kind == MEMORY_PAGER) {
            return -E_AGAIN;
        }
        if (memory->large) {
            fill_large(memory, index, page_flags);
        }
        slot = memory_tree_make(memory, index);
        if (slot != NULL && *slot == 0) {
            *slot = (memory_slot_t)page_allocate(0, page_flags | PAGE_ZEROED);
            memory->resident += *slot != 0;
        }
        if (slot == NULL || *slot == 0) {
            memory_tree_prune(memory, index, index + 1);
            return -E_NOMEM;
        }
    }
    *result = slot;
    return 0;
}

// Lock held.
static int get_page(struct memory *memory, uint64_t offset, bool write, struct page **result)
{
    if (memory->kind == MEMORY_PHYSICAL) {
        return -E_INVAL;
    }
    if (memory->kind == MEMORY_PINNED) {
        if (offset >= memory->bytes) {
            return -E_FAULT;
        }
        *result = page_of_ram(memory->physical + offset);
    } else {
        memory_slot_t *slot;
        int error = memory_slot(memory, offset >> PAGE_SHIFT, PAGE_FOR_SERVICE, &slot);
        if (error != 0) {
            return error;
        }
        if (write && memory->kind == MEMORY_PAGER) {
            *slot |= MEMORY_SLOT_DIRTY;
        }
        *result = memory_slot_page(*slot);
    }
    page_get(*result);
    return 0;
}

int memory_page(struct memory *memory, uint64_t offset, bool write, struct page **result)
{
    spin_lock(&memory->lock);
    int error = get_page(memory, offset, write, result);
    spin_unlock(&memory->lock);
    return error;
}
