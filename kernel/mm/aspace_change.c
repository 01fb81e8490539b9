// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Address spaces: protect, discard, move.

#include "abi/error.h"
#include "kernel/core/panic.h"
#include "kernel/mm/region.h"

// ---- protect ----

// What an entry becomes when its region's protection changes. Never more than is safe to allow
// without a fault: writing to a page that others may share, or whose first write is to be noticed,
// is left to the fault.
static mmu_entry_t entry_for_prot(mmu_entry_t old, unsigned prot)
{
    if (mmu_entry_private(old)) {
        struct page *page = page_of_ram(mmu_entry_frame(old));
        if (!page_sole(page) && prot != PROT_NONE) {
            prot = (prot | PROT_READ) & ~(unsigned)PROT_WRITE;
        }
        return mmu_entry_with_prot(old, prot);
    }
    if (prot == PROT_NONE) {
        return 0;
    }
    unsigned keep = mmu_entry_allows(old, PROT_WRITE) ? ~0u : ~(unsigned)PROT_WRITE;
    return mmu_entry_with_prot(old, (prot & keep) | PROT_READ);
}

// The object's lock is held if there is an object.
static void protect_entries(struct region *region, unsigned prot, struct mmu_gather *gather)
{
    struct aspace *aspace = region->aspace;
    uint64_t address = region->start;
    mmu_entry_t *entry;
    while ((entry = mmu_next(&aspace->mmu, &address, region->end)) != NULL) {
        do {
            mmu_entry_t old = mmu_entry_load(entry);
            mmu_entry_t new = old == 0 ? 0 : entry_for_prot(old, prot);
            if (new != old) {
                mmu_entry_store(entry, new);
                mmu_gather_address(gather, address);
                if (new == 0) {
                    __atomic_fetch_sub(&aspace->object_pages, 1, __ATOMIC_RELAXED);
                }
            }
            entry++;
            address += PAGE_SIZE;
        } while (address < region->end && address % MMU_LEAF_SPAN != 0);
    }
}

static void protect_region(struct region *region, unsigned prot)
{
    struct memory *memory = region->memory;
    struct mmu_gather gather;
    mmu_gather_init(&gather, &region->aspace->mmu);
    if (memory != NULL) {
        spin_lock(&memory->lock);
    }
    region->prot = (uint8_t)prot;
    protect_entries(region, prot, &gather);
    mmu_gather_flush(&gather);
    if (memory != NULL) {
        spin_unlock(&memory->lock);
    }
}

// Where a walk over start .. end has seen *budget entries of existing tables; lowers *budget.
static uint64_t work_end(struct aspace *aspace, uint64_t start, uint64_t end, uint64_t *budget)
{
    uint64_t address = start;
    while (*budget > 0 && mmu_next(&aspace->mmu, &address, end) != NULL) {
        uint64_t stop = (address | (MMU_LEAF_SPAN - 1)) + 1;
        stop = stop < end ? stop : end;
        uint64_t entries = (stop - address) >> PAGE_SHIFT;
        *budget -= *budget < entries ? *budget : entries;
        address = stop;
    }
    return address;
}

static int check_protect(const struct aspace *aspace, uint64_t start, uint64_t end, unsigned prot)
{
    uint64_t address = start;
    for (uint32_t i = region_index(aspace, start); address < end; i++) {
        if (i == aspace->count || aspace->regions[i]->start > address) {
            return -E_NOMEM;
        }
        if ((prot & ~(unsigned)aspace->regions[i]->max_prot) != 0) {
            return -E_ACCES;
        }
        address = aspace->regions[i]->end;
    }
    return 0;
}

static void merge_range(struct aspace *aspace, uint64_t start, uint64_t end)
{
    uint32_t first = region_index(aspace, start);
    uint32_t after = region_index(aspace, end - 1);
    first -= first > 0;
    for (uint32_t i = after + 1; i-- > first;) {
        region_merge(aspace, i);
    }
}

static int protect_range(struct aspace *aspace, uint64_t start, uint64_t end, unsigned prot)
{
    int error = check_protect(aspace, start, end, prot);
    if (error == 0) {
        error = region_split(aspace, start);
    }
    if (error == 0) {
        error = region_split(aspace, end);
    }
    uint64_t budget = MEMORY_WORK_PAGES;
    for (uint32_t i = region_index(aspace, start); error == 0; i++) {
        if (i == aspace->count || aspace->regions[i]->start >= end) {
            break;
        }
        struct region *region = aspace->regions[i];
        if (region->prot == prot) {
            continue; // also what an earlier piece of this call has done
        }
        if (budget == 0) {
            error = -E_INPROGRESS;
            break;
        }
        uint64_t stop = work_end(aspace, region->start, region->end, &budget);
        error = region_split(aspace, stop);
        if (error == 0) {
            protect_region(region, prot);
        }
    }
    merge_range(aspace, start, end);
    return error;
}

int aspace_protect(struct aspace *aspace, uint64_t address, uint64_t bytes, unsigned prot)
{
    int error = region_check_range(address, bytes);
    if (error != 0 || (prot & ~(unsigned)(PROT_READ | PROT_WRITE | PROT_EXECUTE)) != 0) {
        return error != 0 ? error : -E_INVAL;
    }
    spin_lock(&aspace->lock);
    error = protect_range(aspace, address, address + bytes, prot);
    assert_aspace_state(aspace);
    spin_unlock(&aspace->lock);
    return error;
}

// ---- discard ----

int aspace_discard(struct aspace *aspace, uint64_t address, uint64_t bytes)
{
    int error = region_check_range(address, bytes);
    if (error != 0) {
        return error;
    }
    uint64_t end = address + bytes;
    uint64_t budget = MEMORY_WORK_PAGES;
    struct mmu_gather gather;
    spin_lock(&aspace->lock);
    mmu_gather_init(&gather, &aspace->mmu);
    for (uint32_t i = region_index(aspace, address); i < aspace->count; i++) {
        struct region *region = aspace->regions[i];
        if (region->start >= end) {
            break;
        }
        if (!region_private(region)) {
            continue;
        }
        uint64_t low = region->start > address ? region->start : address;
        uint64_t high = region->end < end ? region->end : end;
        if (region_zap(region, low, high, ZAP_PRIVATE, &gather, &budget) < high) {
            error = -E_INPROGRESS;
            break;
        }
        if (budget == 0) {
            budget = 1; // used up exactly at this region's end
        }
    }
    mmu_gather_flush(&gather);
    assert_aspace_state(aspace);
    spin_unlock(&aspace->lock);
    return error;
}

// ---- move ----

struct move {
    uint64_t from, from_bytes, to, to_bytes;
};

static int unmap_whole(struct aspace *aspace, uint64_t start, uint64_t end)
{
    int error;
    do {
        error = region_unmap_range(aspace, start, end);
    } while (error == -E_INPROGRESS);
    return error;
}

static int resize_in_place(struct aspace *aspace, struct region *region, const struct move *move)
{
    if (move->to_bytes <= move->from_bytes) {
        return move->to_bytes == move->from_bytes ? 0
                                                  : unmap_whole(aspace, move->from + move->to_bytes,
                                                                move->from + move->from_bytes);
    }
    uint64_t end = move->from + move->to_bytes;
    uint32_t next = region_index(aspace, region->end);
    if (move->from + move->from_bytes != region->end ||
        (next < aspace->count && region_low(aspace->regions[next]) < end)) {
        return -E_NOMEM;
    }
    region_set_bounds(region, region->start, end);
    region_merge(aspace, next - 1);
    return 0;
}

// Tables for the entries that will move. On failure none of them is left.
static int make_tables(struct aspace *aspace, const struct move *move, uint64_t kept_end)
{
    uint64_t address = move->from;
    mmu_entry_t *entry;
    while ((entry = mmu_next(&aspace->mmu, &address, kept_end)) != NULL) {
        do {
            mmu_entry_t old = mmu_entry_load(entry);
            if (mmu_entry_private(old) &&
                mmu_make(&aspace->mmu, address - move->from + move->to) == NULL) {
                region_release_tables(aspace, move->to, move->to + move->to_bytes);
                return -E_NOMEM;
            }
            entry++;
            address += PAGE_SIZE;
        } while (address < kept_end && address % MMU_LEAF_SPAN != 0);
    }
    return 0;
}

// Private pages move; the object's fault in again at the new place. The object's lock is held if
// there is one.
static void move_entries(struct region *region, const struct move *move, uint64_t kept_end)
{
    struct aspace *aspace = region->aspace;
    struct mmu_gather gather;
    mmu_gather_init(&gather, &aspace->mmu);
    uint64_t address = move->from;
    mmu_entry_t *entry;
    while ((entry = mmu_next(&aspace->mmu, &address, region->end)) != NULL) {
        do {
            mmu_entry_t old = mmu_entry_load(entry);
            if (old != 0) {
                mmu_entry_store(entry, 0);
                mmu_gather_address(&gather, address);
                if (!mmu_entry_private(old)) {
                    __atomic_fetch_sub(&aspace->object_pages, 1, __ATOMIC_RELAXED);
                } else if (address < kept_end) {
                    mmu_entry_store(mmu_find(&aspace->mmu, address - move->from + move->to), old);
                } else {
                    aspace->private_pages--;
                    mmu_gather_page(&gather, address, page_of_ram(mmu_entry_frame(old)));
                }
            }
            entry++;
            address += PAGE_SIZE;
        } while (address < region->end && address % MMU_LEAF_SPAN != 0);
    }
    mmu_gather_flush(&gather);
}

// The destination is free; the source lies in one region.
static int move_elsewhere(struct aspace *aspace, const struct move *move)
{
    uint64_t from_end = move->from + move->from_bytes;
    uint64_t kept = move->to_bytes < move->from_bytes ? move->to_bytes : move->from_bytes;
    if (region_split(aspace, move->from) != 0 || region_split(aspace, from_end) != 0) {
        return -E_NOMEM;
    }
    int error = make_tables(aspace, move, move->from + kept);
    if (error != 0) {
        return error;
    }
    uint32_t index = region_index(aspace, move->from);
    struct region *region = aspace->regions[index];
    KERNEL_ASSERT(region->start == move->from && region->end == from_end);
    struct memory *memory = region->memory;
    if (memory != NULL) {
        spin_lock(&memory->lock);
    }
    move_entries(region, move, move->from + kept);
    region_reposition(aspace, index, move->to, move->to + move->to_bytes);
    region->flags &= (uint8_t)~MAP_GROWS_DOWN;
    if (memory != NULL) {
        spin_unlock(&memory->lock);
    }
    region_release_tables(aspace, move->from, from_end);
    merge_range(aspace, move->to, move->to + move->to_bytes);
    return 0;
}

static int move_locked(struct aspace *aspace, struct move *move)
{
    struct region *region = region_find(aspace, move->from);
    if (region == NULL || move->from_bytes > region->end - move->from) {
        return -E_FAULT;
    }
    if (move->to == move->from) {
        return resize_in_place(aspace, region, move);
    }
    if (move->to == 0) {
        move->to = region_choose(aspace, 0, move->to_bytes);
        return move->to == 0 ? -E_NOMEM : move_elsewhere(aspace, move);
    }
    int error = region_unmap_range(aspace, move->to, move->to + move->to_bytes);
    return error != 0 ? error : move_elsewhere(aspace, move);
}

int aspace_move(struct aspace *aspace, uint64_t from, uint64_t from_bytes, uint64_t to,
                uint64_t to_bytes, uint64_t *address)
{
    struct move move = {.from = from, .from_bytes = from_bytes, .to = to, .to_bytes = to_bytes};
    int error = region_check_range(from, from_bytes);
    if (error == 0) {
        error = region_check_range(to == 0 ? USER_BASE : to, to_bytes);
    }
    if (error == 0 && to != 0 && to != from && from < to + to_bytes && to < from + from_bytes) {
        error = -E_INVAL;
    }
    if (error != 0) {
        return error;
    }
    spin_lock(&aspace->lock);
    error = move_locked(aspace, &move);
    assert_aspace_state(aspace);
    spin_unlock(&aspace->lock);
    *address = move.to;
    return error;
}
