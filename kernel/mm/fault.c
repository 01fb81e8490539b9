// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Page faults: what makes one page of a region accessible.
//
// Making an entry allow more needs no flush: a CPU that still has the narrower translation faults
// once more and finds the entry in order. Replacing the frame of an entry does.

#include "abi/error.h"
#include "kernel/mm/region.h"

enum {
    STACK_GUARD_BYTES =
        16 * PAGE_SIZE, // a growing region keeps this distance from what is mapped below it
    FAULT_AROUND_BYTES =
        16 * PAGE_SIZE, // pages present in the object are mapped with the one that faulted
};
_Static_assert((FAULT_AROUND_BYTES & (FAULT_AROUND_BYTES - 1)) == 0,
               "windows are aligned, so lie in one table");

// The processors cannot make a page writable or executable but not readable.
static unsigned readable(unsigned prot)
{
    return prot == PROT_NONE ? PROT_NONE : prot | PROT_READ;
}

static struct region *grow_down(struct aspace *aspace, uint64_t address)
{
    uint32_t index = region_index(aspace, address);
    if (index == aspace->count) {
        return NULL;
    }
    struct region *region = aspace->regions[index];
    uint64_t start = address & ~(uint64_t)(PAGE_SIZE - 1);
    if ((region->flags & MAP_GROWS_DOWN) == 0 || start < region->limit) {
        return NULL;
    }
    if (index > 0) {
        uint64_t below = aspace->regions[index - 1]->end;
        if (start < below || start - below < STACK_GUARD_BYTES) {
            return NULL;
        }
    }
    region->start = start; // anonymous: no object looks at it
    aspace->last = index;
    return region;
}

// Puts a copy of `source` into the entry as a private page. The old entry's translation is flushed,
// and the page `released` put after that (NULL: none).
static int install_copy(struct aspace *aspace, const struct region *region, mmu_entry_t *entry,
                        uint64_t address, const void *source, struct page *released)
{
    struct page *page = page_allocate(0, aspace->page_flags);
    if (page == NULL) {
        return -E_NOMEM;
    }
    copy_page(page_address(page), source);
    mmu_entry_t old = mmu_entry_load(entry);
    mmu_entry_store(entry, mmu_entry_make(page_physical(page), region->prot, MEMORY_CACHED, true));
    if (old != 0) {
        tlb_flush_range(&aspace->mmu, address, address + PAGE_SIZE);
    }
    if (released != NULL) {
        page_put(released);
    }
    return 0;
}

// The entry holds a private page but forbids the access: a sole owner gets what the region allows,
// else writers copy.
static int fault_private(struct aspace *aspace, const struct region *region, mmu_entry_t *entry,
                         const struct fault *fault)
{
    mmu_entry_t old = mmu_entry_load(entry);
    struct page *page = page_of_ram(mmu_entry_frame(old));
    if (page_sole(page)) {
        mmu_entry_store(entry, mmu_entry_with_prot(old, region->prot));
        return 0;
    }
    if ((fault->access & PROT_WRITE) == 0) {
        mmu_entry_store(entry,
                        mmu_entry_with_prot(old, readable(region->prot) & ~(unsigned)PROT_WRITE));
        return 0;
    }
    uint64_t address = fault->address & ~(uint64_t)(PAGE_SIZE - 1);
    return install_copy(aspace, region, entry, address, page_address(page), page);
}

static int fault_zero(struct aspace *aspace, const struct region *region, mmu_entry_t *entry)
{
    struct page *page = page_allocate(0, PAGE_ZEROED | aspace->page_flags);
    if (page == NULL) {
        return -E_NOMEM;
    }
    mmu_entry_store(entry, mmu_entry_make(page_physical(page), region->prot, MEMORY_CACHED, true));
    aspace->private_pages++;
    return 0;
}

// ---- pages of objects; the object's lock is held ----

static bool has_slots(const struct memory *memory)
{
    return memory->kind == MEMORY_ANONYMOUS || memory->kind == MEMORY_PAGER;
}

// A shared mapping of a paged object is writable only where the page is marked dirty, so the first
// write faults.
static mmu_entry_t object_entry(const struct region *region, uint64_t offset, memory_slot_t slot)
{
    const struct memory *memory = region->memory;
    bool writable = (region->flags & MAP_PRIVATE) == 0 &&
                    (memory->kind != MEMORY_PAGER || (slot & MEMORY_SLOT_DIRTY) != 0);
    unsigned prot =
        writable ? readable(region->prot) : readable(region->prot) & ~(unsigned)PROT_WRITE;
    physical_t frame =
        has_slots(memory) ? page_physical(memory_slot_page(slot)) : memory->physical + offset;
    return mmu_entry_make(frame, prot, (enum memory_cache)memory->cache, false);
}

// Maps what the object has of the pages around the address, as far as one leaf node of its tree
// tells.
static void map_around(struct region *region, uint64_t address, mmu_entry_t *entry,
                       memory_slot_t *slot)
{
    const struct memory *memory = region->memory;
    uint64_t low = address & ~(uint64_t)(FAULT_AROUND_BYTES - 1);
    uint64_t high = low + FAULT_AROUND_BYTES;
    low = low > region->start ? low : region->start;
    high = high < region->end ? high : region->end;
    uint64_t offset = region->offset + (address - region->start);
    uint64_t below = (address - low) >> PAGE_SHIFT;
    uint64_t above = (high - address) >> PAGE_SHIFT; // the page itself included
    uint64_t left = (memory->bytes - offset) >> PAGE_SHIFT;
    above = above < left ? above : left;
    if (slot != NULL) {
        uint64_t run = memory_tree_run(memory, offset >> PAGE_SHIFT);
        uint64_t before = memory->height == 0 ? 0 : MEMORY_NODE_SLOTS - run;
        above = above < run ? above : run;
        below = below < before ? below : before;
        slot -= below;
    }
    uint64_t added = 0;
    entry -= below;
    offset -= below << PAGE_SHIFT;
    for (uint64_t i = 0; i < below + above; i++) {
        memory_slot_t present = slot != NULL ? slot[i] : 1;
        if (present != 0 && mmu_entry_load(&entry[i]) == 0) {
            mmu_entry_store(&entry[i], object_entry(region, offset + (i << PAGE_SHIFT), present));
            added++;
        }
    }
    __atomic_fetch_add(&region->aspace->object_pages, added, __ATOMIC_RELAXED);
}

static int fault_object_locked(struct aspace *aspace, struct region *region, mmu_entry_t *entry,
                               struct fault *fault)
{
    struct memory *memory = region->memory;
    uint64_t address = fault->address & ~(uint64_t)(PAGE_SIZE - 1);
    uint64_t offset = region->offset + (address - region->start);
    bool write = (fault->access & PROT_WRITE) != 0;
    bool private_copy = (region->flags & MAP_PRIVATE) != 0 && write;
    memory_slot_t *slot = NULL;
    if (has_slots(memory)) {
        int error = memory_slot(memory, offset >> PAGE_SHIFT, aspace->page_flags, &slot);
        if (error == -E_AGAIN) {
            object_get(&memory->object);
            fault->memory = memory;
            fault->memory_offset = offset;
            fault->memory_tag = region->tag;
        }
        if (error != 0) {
            fault->mapped = true;
            return error;
        }
        if (write && !private_copy && memory->kind == MEMORY_PAGER) {
            *slot |= MEMORY_SLOT_DIRTY;
        }
    } else if (offset >= memory->bytes) {
        fault->mapped = true;
        return -E_FAULT;
    }
    mmu_entry_t old =
        mmu_entry_load(entry); // a present one, if the object has not just taken it away
    if (private_copy) {
        const void *source = slot != NULL ? page_address(memory_slot_page(*slot))
                                          : physical_to_virtual(memory->physical + offset);
        int error = install_copy(aspace, region, entry, address, source, NULL);
        if (error == 0) {
            aspace->private_pages++;
            __atomic_fetch_sub(&aspace->object_pages, old != 0, __ATOMIC_RELAXED);
        }
        return error;
    }
    if (old != 0) {
        mmu_entry_store(entry, object_entry(region, offset, slot != NULL ? *slot : 1));
        return 0;
    }
    map_around(region, address, entry, slot);
    return 0;
}

// ---- all ----

int fault_resolve(struct aspace *aspace, struct fault *fault)
{
    fault->mapped = false;
    fault->memory = NULL;
    aspace->faults++;
    if (fault->address >= USER_END) {
        return -E_FAULT;
    }
    struct region *region = region_find(aspace, fault->address);
    if (region == NULL) {
        region = grow_down(aspace, fault->address);
        if (region == NULL) {
            return -E_FAULT;
        }
    }
    if ((fault->access & ~readable(region->prot)) != 0) {
        fault->mapped = true;
        return -E_FAULT;
    }
    mmu_entry_t *entry = mmu_make(&aspace->mmu, fault->address);
    if (entry == NULL) {
        return -E_NOMEM;
    }
    mmu_entry_t old = mmu_entry_load(entry);
    if (mmu_entry_allows(old, fault->access)) {
        return 0; // another thread's fault has done it
    }
    if (mmu_entry_private(old)) {
        return fault_private(aspace, region, entry, fault);
    }
    if (region->memory == NULL) {
        return fault_zero(aspace, region, entry);
    }
    spin_lock(&region->memory->lock);
    int error = fault_object_locked(aspace, region, entry, fault);
    spin_unlock(&region->memory->lock);
    return error;
}

int aspace_fault(struct aspace *aspace, struct fault *fault)
{
    spin_lock(&aspace->lock);
    int error = fault_resolve(aspace, fault);
    assert_aspace_state(aspace);
    spin_unlock(&aspace->lock);
    return error;
}
