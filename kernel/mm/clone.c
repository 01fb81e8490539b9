// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Cloning an address space: regions are copied; private pages are shared, counted and
// write-protected on both sides. Entries of object pages are not copied: the copy faults on the few
// it touches, sixteen at a time.

#include "abi/error.h"
#include "kernel/core/panic.h"
#include "kernel/mm/heap.h"
#include "kernel/mm/region.h"

// A page that the kernel has pinned stays its owner's alone: the clone gets a copy at once.
static int copy_pinned(const struct region *region, struct aspace *clone, const struct page *pinned,
                       mmu_entry_t *target)
{
    struct page *page = page_allocate(0, clone->page_flags);
    if (page == NULL) {
        return -E_NOMEM;
    }
    copy_page(page_address(page), page_address(pinned));
    mmu_entry_store(target, mmu_entry_make(page_physical(page), region->prot, MEMORY_CACHED, true));
    clone->private_pages++;
    return 0;
}

// One private page: shared and write-protected on both sides.
static int share_page(const struct region *region, uint64_t address, mmu_entry_t *entry,
                      struct aspace *clone, mmu_entry_t *target, struct mmu_gather *gather)
{
    mmu_entry_t old = mmu_entry_load(entry);
    struct page *page = page_of_ram(mmu_entry_frame(old));
    if (page->owner != 0) {
        return copy_pinned(region, clone, page, target);
    }
    page_get(page);
    if (mmu_entry_allows(old, PROT_WRITE)) {
        old = mmu_entry_with_prot(old, (region->prot | PROT_READ) & ~(unsigned)PROT_WRITE);
        mmu_entry_store(entry, old);
        mmu_gather_address(gather, address);
    }
    mmu_entry_store(target, old);
    clone->private_pages++;
    return 0;
}

// Shares the private pages of one region. The clone's entries are nobody else's business yet: no
// lock of the object.
static int share_pages(struct region *region, struct aspace *clone, struct mmu_gather *gather)
{
    struct aspace *aspace = region->aspace;
    uint64_t address = region->start;
    mmu_entry_t *entry;
    while ((entry = mmu_next(&aspace->mmu, &address, region->end)) != NULL) {
        mmu_entry_t *target =
            NULL; // the clone's entry of the same address, once its table is needed
        do {
            if (mmu_entry_private(mmu_entry_load(entry))) {
                if (target == NULL) {
                    target = mmu_make(&clone->mmu, address);
                }
                int error = target == NULL
                                ? -E_NOMEM
                                : share_page(region, address, entry, clone, target, gather);
                if (error != 0) {
                    return error;
                }
            }
            if (target != NULL) {
                target++;
            }
            entry++;
            address += PAGE_SIZE;
        } while (address < region->end && address % MMU_LEAF_SPAN != 0);
    }
    return 0;
}

static int clone_region(const struct region *region, struct aspace *clone)
{
    struct region *copy = heap_allocate(sizeof(*copy));
    if (copy == NULL) {
        return -E_NOMEM;
    }
    *copy = *region;
    copy->aspace = clone;
    list_init(&copy->in_memory);
    clone->regions[clone->count++] = copy;
    if (copy->memory != NULL) {
        object_get(&copy->memory->object);
        spin_lock(&copy->memory->lock);
        list_append(&copy->memory->regions, &copy->in_memory);
        spin_unlock(&copy->memory->lock);
    }
    return 0;
}

static int clone_locked(struct aspace *aspace, struct aspace *clone)
{
    struct mmu_gather gather;
    mmu_gather_init(&gather, &aspace->mmu);
    int error = region_reserve(clone, aspace->count);
    for (uint32_t i = 0; error == 0 && i < aspace->count; i++) {
        struct region *region = aspace->regions[i];
        error = clone_region(region, clone);
        if (error == 0 && region_private(region)) {
            error = share_pages(region, clone, &gather);
        }
    }
    mmu_gather_flush(&gather);
    return error;
}

int aspace_clone(struct aspace *aspace, struct aspace **result)
{
    struct aspace *clone;
    int error = aspace_create(&clone);
    if (error != 0) {
        return error;
    }
    spin_lock(&aspace->lock);
    clone->page_flags = aspace->page_flags;
    clone->mmu.page_flags = aspace->mmu.page_flags;
    error = clone_locked(aspace, clone);
    assert_aspace_state(aspace);
    spin_unlock(&aspace->lock);
    if (error != 0) {
        object_put(&clone->object);
        return error;
    }
    *result = clone;
    return 0;
}
