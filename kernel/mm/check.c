// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The numbered invariants of docs/memory.md as assertions, in builds with XINIM_CHECKS.

#ifdef XINIM_CHECKS

#include "kernel/core/panic.h"
#include "kernel/mm/region.h"

enum {
    ENTRIES_EVERY = 64, // assert_aspace_state looks at each entry once in so many faults
    REGIONS_MAX = 512,  // and at the regions if there are no more
};

static void check_regions(const struct aspace *aspace) // A1, A2
{
    uint64_t previous_end = USER_BASE;
    KERNEL_ASSERT(aspace->count <= aspace->capacity);
    for (uint32_t i = 0; i < aspace->count; i++) {
        const struct region *region = aspace->regions[i];
        KERNEL_ASSERT(region->start >= previous_end && region->start < region->end &&
                      region->end <= USER_END);
        KERNEL_ASSERT((region->start | region->end | region->offset) % PAGE_SIZE == 0);
        KERNEL_ASSERT(region->aspace == aspace && (region->prot & ~region->max_prot) == 0);
        if (region->memory == NULL) {
            KERNEL_ASSERT(list_empty(&region->in_memory));
        } else {
            KERNEL_ASSERT(!list_empty(&region->in_memory) && region->memory->object.references > 0);
        }
        previous_end = region->end;
    }
}

static void check_private_entry(const struct region *region, mmu_entry_t entry) // A4, A5
{
    const struct page *page = page_of(mmu_entry_frame(entry));
    KERNEL_ASSERT(page != NULL && page->state == PAGE_USED && page->references > 0);
    KERNEL_ASSERT(region_private(region));
    KERNEL_ASSERT(!mmu_entry_allows(entry, PROT_WRITE) || (region->prot & PROT_WRITE) != 0);
    KERNEL_ASSERT(!mmu_entry_allows(entry, PROT_EXECUTE) || (region->prot & PROT_EXECUTE) != 0);
    KERNEL_ASSERT(!mmu_entry_allows(entry, PROT_READ) || region->prot != PROT_NONE);
}

static void check_object_entry(const struct region *region, uint64_t address,
                               mmu_entry_t entry) // A5, A6
{
    struct memory *memory = region->memory;
    KERNEL_ASSERT(memory != NULL && region->prot != PROT_NONE);
    uint64_t offset = region->offset + (address - region->start);
    bool writable = mmu_entry_allows(entry, PROT_WRITE);
    KERNEL_ASSERT(offset < memory->bytes && mmu_entry_allows(entry, PROT_READ));
    KERNEL_ASSERT(!writable ||
                  ((region->prot & PROT_WRITE) != 0 && (region->flags & MAP_PRIVATE) == 0));
    if (memory->kind == MEMORY_PINNED || memory->kind == MEMORY_PHYSICAL) {
        KERNEL_ASSERT(mmu_entry_frame(entry) == memory->physical + offset);
        return;
    }
    const memory_slot_t *slot = memory_tree_find(memory, offset >> PAGE_SHIFT);
    KERNEL_ASSERT(slot != NULL && *slot != 0);
    KERNEL_ASSERT(page_physical(memory_slot_page(*slot)) == mmu_entry_frame(entry));
    KERNEL_ASSERT(!writable || memory->kind != MEMORY_PAGER || (*slot & MEMORY_SLOT_DIRTY) != 0);
}

void assert_aspace_entries(struct aspace *aspace)
{
    uint64_t private_pages = 0;
    uint64_t address = 0;
    mmu_entry_t *entry;
    while ((entry = mmu_next(&aspace->mmu, &address, USER_END)) != NULL) {
        mmu_entry_t value = mmu_entry_load(entry);
        if (value != 0) { // A3
            const struct region *region = region_find(aspace, address);
            KERNEL_ASSERT(region != NULL);
            if (mmu_entry_private(value)) {
                check_private_entry(region, value);
                private_pages++;
            } else {
                spin_lock(&region->memory->lock);
                value = mmu_entry_load(entry);
                if (value != 0) {
                    check_object_entry(region, address, value);
                }
                spin_unlock(&region->memory->lock);
            }
        }
        address += PAGE_SIZE;
    }
    KERNEL_ASSERT(private_pages == aspace->private_pages);
}

void assert_aspace_state(struct aspace *aspace)
{
    lock_assert_held(&aspace->lock);
    if (aspace->count <= REGIONS_MAX) {
        check_regions(aspace);
    }
    if (aspace->faults % ENTRIES_EVERY == 0) {
        assert_aspace_entries(aspace);
    }
}

void assert_memory_state(struct memory *memory)
{
    uint64_t end = memory->bytes >> PAGE_SHIFT;
    lock_assert_held(&memory->lock);
    if (memory->kind == MEMORY_PINNED || memory->kind == MEMORY_PHYSICAL) {
        KERNEL_ASSERT(memory->root == 0); // M1
        return;
    }
    uint64_t resident = 0;
    memory_slot_t *slot;
    for (uint64_t index = 0; (slot = memory_tree_next(memory, &index, ~0ull)) != NULL; index++) {
        if (*slot != 0) {
            const struct page *page = memory_slot_page(*slot);
            KERNEL_ASSERT(index < end);                                                      // M2
            KERNEL_ASSERT(page->state == PAGE_USED && page->references > 0);                 // M3
            KERNEL_ASSERT((*slot & MEMORY_SLOT_DIRTY) == 0 || memory->kind == MEMORY_PAGER); // M4
            resident++;
        }
    }
    KERNEL_ASSERT(resident == memory->resident); // M5
    for (struct list *entry = memory->regions.next; entry != &memory->regions;
         entry = entry->next) {
        KERNEL_ASSERT(CONTAINER_OF(entry, struct region, in_memory)->memory == memory); // M6
    }
}

#else

typedef int check_is_empty_without_xinim_checks; // a translation unit must declare something

#endif
