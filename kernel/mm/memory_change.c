// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Memory objects: what changes pages that may be mapped. Mappings are found through memory->regions
// and changed under memory->lock alone, without the lock of their space (docs/memory.md, "Who may
// change an entry").

#include "abi/error.h"
#include "kernel/core/panic.h"
#include "kernel/mm/memory.h"
#include "kernel/mm/region.h"

enum entry_change { UNMAP, WRITE_PROTECT };

// Changes the object's entries for pages first .. end of one region that maps it.
static void change_in_region(struct region *region, uint64_t first, uint64_t end,
                             enum entry_change change)
{
    uint64_t region_first = region->offset >> PAGE_SHIFT;
    uint64_t region_end = region_first + ((region->end - region->start) >> PAGE_SHIFT);
    first = first > region_first ? first : region_first;
    end = end < region_end ? end : region_end;
    if (first >= end) {
        return;
    }
    struct aspace *aspace = region->aspace;
    struct mmu_gather gather;
    mmu_gather_init(&gather, &aspace->mmu);
    uint64_t address = region->start + ((first - region_first) << PAGE_SHIFT);
    uint64_t stop = region->start + ((end - region_first) << PAGE_SHIFT);
    mmu_entry_t *entry;
    while ((entry = mmu_next(&aspace->mmu, &address, stop)) != NULL) {
        do {
            mmu_entry_t old = mmu_entry_load(entry);
            if (old != 0 && !mmu_entry_private(old)) {
                if (change == UNMAP) {
                    mmu_entry_store(entry, 0);
                    __atomic_fetch_sub(&aspace->object_pages, 1, __ATOMIC_RELAXED);
                    mmu_gather_address(&gather, address);
                } else if (mmu_entry_allows(old, PROT_WRITE)) {
                    mmu_entry_store(entry, mmu_entry_with_prot(old, (region->prot | PROT_READ) &
                                                                        ~(unsigned)PROT_WRITE));
                    mmu_gather_address(&gather, address);
                }
            }
            entry++;
            address += PAGE_SIZE;
        } while (address < stop && address % MMU_LEAF_SPAN != 0);
    }
    mmu_gather_flush(&gather);
}

static void change_everywhere(struct memory *memory, uint64_t first, uint64_t end,
                              enum entry_change change)
{
    for (struct list *entry = memory->regions.next; entry != &memory->regions;
         entry = entry->next) {
        change_in_region(CONTAINER_OF(entry, struct region, in_memory), first, end, change);
    }
}

// Drops the pages first .. end, lock held; at most MEMORY_WORK_PAGES.
static int drop_pages(struct memory *memory, uint64_t first, uint64_t end)
{
    uint64_t work = 0;
    uint64_t index = first;
    memory_slot_t *slot;
    int error = 0;
    while ((slot = memory_tree_next(memory, &index, end)) != NULL) {
        if (work >= MEMORY_WORK_PAGES) {
            error = -E_INPROGRESS;
            break;
        }
        uint64_t run = memory_tree_run(memory, index);
        run = run < end - index ? run : end - index;
        uint64_t present = 0;
        for (uint64_t i = 0; i < run; i++) {
            present += slot[i] != 0;
        }
        if (present != 0) {
            change_everywhere(memory, index, index + run, UNMAP);
            memory->resident -= present;
        }
        for (uint64_t i = 0; present != 0 && i < run; i++) {
            if (slot[i] != 0) {
                page_put(memory_slot_page(slot[i]));
                slot[i] = 0;
            }
        }
        work += run;
        index += run;
    }
    memory_tree_prune(memory, first, index);
    return error;
}

// Whether the range lies in the object; lock held.
static bool range_inside(const struct memory *memory, uint64_t offset, uint64_t bytes)
{
    return offset % PAGE_SIZE == 0 && bytes % PAGE_SIZE == 0 && offset <= memory->bytes &&
           bytes <= memory->bytes - offset;
}

static bool pages_may_leave(const struct memory *memory)
{
    return memory->kind == MEMORY_ANONYMOUS || memory->kind == MEMORY_PAGER;
}

int memory_decommit(struct memory *memory, uint64_t offset, uint64_t bytes)
{
    spin_lock(&memory->lock);
    int error = 0;
    if (!pages_may_leave(memory) || !range_inside(memory, offset, bytes)) {
        error = -E_INVAL;
    } else if (memory->dma_pins != 0) {
        error = -E_BUSY;
    } else {
        error = drop_pages(memory, offset >> PAGE_SHIFT, (offset + bytes) >> PAGE_SHIFT);
    }
    assert_memory_state(memory);
    spin_unlock(&memory->lock);
    return error;
}

int memory_resize(struct memory *memory, uint64_t bytes)
{
    if (bytes % PAGE_SIZE != 0 || bytes > 1ull << 56) {
        return -E_INVAL;
    }
    spin_lock(&memory->lock);
    int error = 0;
    if (!pages_may_leave(memory)) {
        error = -E_INVAL;
    } else if (bytes < memory->bytes && memory->dma_pins != 0) {
        error = -E_BUSY;
    } else if (bytes < memory->bytes) {
        error = drop_pages(memory, bytes >> PAGE_SHIFT, memory->bytes >> PAGE_SHIFT);
    }
    if (error == 0) {
        memory->bytes = bytes;
    }
    assert_memory_state(memory);
    spin_unlock(&memory->lock);
    return error;
}

enum { SUPPLY_BATCH = 32 };

// References to up to SUPPLY_BATCH of the source's pages. Returns how many, or the error if it is
// none.
static int collect(struct memory *source, uint64_t offset, uint64_t bytes, struct page **pages)
{
    int count = 0;
    int error = 0;
    while (count < SUPPLY_BATCH && bytes > 0 && error == 0) {
        error = memory_page(source, offset, false, &pages[count]);
        count += error == 0;
        offset += PAGE_SIZE;
        bytes -= PAGE_SIZE;
    }
    return count > 0 ? count : error;
}

// Puts pages into empty slots; the references of those not used are dropped.
static int install(struct memory *memory, uint64_t offset, uint64_t bytes, struct page **pages,
                   int count)
{
    int error = 0;
    spin_lock(&memory->lock);
    if (!pages_may_leave(memory)) {
        error = -E_INVAL;
    } else if (!range_inside(memory, offset, bytes)) {
        error = -E_FAULT;
    }
    for (int i = 0; i < count; i++) {
        memory_slot_t *slot = NULL;
        if (error == 0) {
            slot = memory_tree_make(memory, (offset >> PAGE_SHIFT) + (uint64_t)i);
            error = slot == NULL ? -E_NOMEM : 0;
        }
        if (slot != NULL && *slot == 0) {
            *slot = (memory_slot_t)pages[i];
            memory->resident++;
        } else {
            page_put(pages[i]);
        }
    }
    if (error == -E_NOMEM) {
        memory_tree_prune(memory, offset >> PAGE_SHIFT, (offset + bytes) >> PAGE_SHIFT);
    }
    assert_memory_state(memory);
    spin_unlock(&memory->lock);
    return error;
}

// The first offset of the range, from `done` on, that has no page yet; so that a repeated call goes
// on where it stopped.
static uint64_t skip_present(struct memory *memory, uint64_t offset, uint64_t done, uint64_t bytes)
{
    spin_lock(&memory->lock);
    while (done < bytes) {
        memory_slot_t *slot = memory_tree_find(memory, (offset + done) >> PAGE_SHIFT);
        if (slot == NULL || *slot == 0) {
            break;
        }
        done += PAGE_SIZE;
    }
    spin_unlock(&memory->lock);
    return done;
}

int memory_supply(struct memory *memory, uint64_t offset, struct memory *source,
                  uint64_t source_offset, uint64_t bytes)
{
    if (offset % PAGE_SIZE != 0 || source_offset % PAGE_SIZE != 0 || bytes % PAGE_SIZE != 0 ||
        offset > UINT64_MAX - bytes || source_offset > UINT64_MAX - bytes || source == memory) {
        return -E_INVAL;
    }
    struct page *pages[SUPPLY_BATCH];
    uint64_t done = skip_present(memory, offset, 0, bytes);
    uint64_t supplied = 0;
    while (done < bytes) {
        if (supplied >= MEMORY_WORK_PAGES) {
            return -E_INPROGRESS;
        }
        int count = collect(source, source_offset + done, bytes - done, pages);
        if (count < 0) {
            return count;
        }
        int error = install(memory, offset + done, bytes - done, pages, count);
        if (error != 0) {
            return error;
        }
        supplied += (uint64_t)count;
        done += (uint64_t)count << PAGE_SHIFT;
    }
    return 0;
}

int64_t memory_dirty(struct memory *memory, uint64_t offset, uint64_t pages, uint8_t *bitmap,
                     bool clear)
{
    if (pages > MEMORY_WORK_PAGES) {
        return -E_INVAL;
    }
    __builtin_memset(bitmap, 0, (pages + 7) / 8);
    spin_lock(&memory->lock);
    if (memory->kind != MEMORY_PAGER || !range_inside(memory, offset, pages << PAGE_SHIFT)) {
        spin_unlock(&memory->lock);
        return -E_INVAL;
    }
    uint64_t first = offset >> PAGE_SHIFT;
    int64_t count = 0;
    uint64_t dirty_first = ~0ull;
    uint64_t dirty_end = 0;
    memory_slot_t *slot;
    for (uint64_t index = first; (slot = memory_tree_next(memory, &index, first + pages)) != NULL;
         index++) {
        if ((*slot & MEMORY_SLOT_DIRTY) == 0) {
            continue;
        }
        uint64_t bit = index - first;
        bitmap[bit / 8] = (uint8_t)(bitmap[bit / 8] | 1u << (bit % 8));
        count++;
        dirty_first = index < dirty_first ? index : dirty_first;
        dirty_end = index + 1;
        if (clear) {
            *slot &= ~(memory_slot_t)MEMORY_SLOT_DIRTY;
        }
    }
    // Entries are made writable only where the page is dirty, so only those are to be protected
    // again.
    if (clear && count > 0) {
        change_everywhere(memory, dirty_first, dirty_end, WRITE_PROTECT);
    }
    assert_memory_state(memory);
    spin_unlock(&memory->lock);
    return count;
}
