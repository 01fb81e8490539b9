// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// User page tables of a space, for processors that have a tree of tables. No instruction here is
// special to one, so the unit tests run this very code.
//
// Lock: the space's (LOCK_ASPACE), but for mmu_next, which may also run under the lock of an object
// that is mapped in the range, because tables in the span of a region stay.

#include "kernel/arch/mmu.h"

#include "abi/error.h"
#include "kernel/core/panic.h"

static const uint64_t NO_LEAF = ~0ull;

int mmu_space_create(struct mmu_space *space, unsigned page_flags)
{
    struct page *page = page_allocate(0, PAGE_ZEROED | page_flags);
    if (page == NULL) {
        return -E_NOMEM;
    }
    *space = (struct mmu_space){
        .root = page_physical(page), .page_flags = page_flags, .tables = 1, .leaf_number = NO_LEAF};
    int error = mmu_root_attach(space, page_address(page));
    if (error != 0) {
        page_put_zeroed(page);
    }
    return error;
}

void mmu_space_destroy(struct mmu_space *space)
{
    KERNEL_ASSERT(space->tables == 1);
    tlb_unload(space);
    mmu_root_detach(space, physical_to_virtual(space->root));
    page_put_zeroed(page_of_ram(space->root));
    space->root = 0;
    space->tables = 0;
}

// A table for the empty slot of a directory.
static mmu_entry_t add_table(struct mmu_space *space, mmu_entry_t *slot)
{
    struct page *page = page_allocate(0, PAGE_ZEROED | space->page_flags);
    if (page == NULL) {
        return 0;
    }
    mmu_entry_t entry = page_physical(page) | MMU_DIRECTORY;
    mmu_entry_store(slot, entry);
    space->tables++;
    return entry;
}

mmu_entry_t *mmu_walk(struct mmu_space *space, uint64_t address, bool make)
{
    mmu_entry_t *table = physical_to_virtual(space->root);
    for (unsigned level = MMU_LEVELS - 1; level > 0; level--) {
        mmu_entry_t *slot = &table[mmu_index(address, level)];
        mmu_entry_t entry = mmu_entry_load(slot);
        if (entry == 0) {
            entry = make ? add_table(space, slot) : 0;
            if (entry == 0) {
                return NULL;
            }
        }
        table = mmu_table(entry);
    }
    space->leaf_number = address / MMU_LEAF_SPAN;
    space->leaf = table;
    return &table[mmu_index(address, 0)];
}

mmu_entry_t *mmu_next(struct mmu_space *space, uint64_t *address, uint64_t end)
{
    while (*address < end) {
        mmu_entry_t *table = physical_to_virtual(space->root);
        unsigned level = MMU_LEVELS - 1;
        while (level > 0) {
            mmu_entry_t entry = mmu_entry_load(&table[mmu_index(*address, level)]);
            if (entry == 0) {
                break;
            }
            table = mmu_table(entry);
            level--;
        }
        if (level == 0) {
            return &table[mmu_index(*address, 0)];
        }
        *address = (*address | (mmu_entry_span(level) - 1)) + 1;
    }
    *address = end;
    return NULL;
}

void mmu_gather_flush(struct mmu_gather *gather)
{
    if (gather->start < gather->end) {
        tlb_flush_range(gather->space, gather->start, gather->end);
        gather->start = ~0ull;
        gather->end = 0;
    }
    for (unsigned i = 0; i < gather->count; i++) {
        page_put(gather->pages[i]);
    }
    gather->count = 0;
    while (gather->tables != PAGE_NONE) {
        struct page *page = &page_array[gather->tables];
        gather->tables = page->next;
        page_put_zeroed(page);
    }
}

struct release {
    struct mmu_space *space;
    uint64_t start, end, floor, ceiling;
    struct mmu_gather *gather;
};

// One table whose entries of this level (1 or higher) begin at `base`. A released table holds only
// zeros by now. One flushed address in its span also makes the processor forget the directory
// entries it has cached for it (Intel SDM volume 3, 4.10.4.1; Arm DDI 0487, D8.14: TLBI VAE1).
static void release_below(const struct release *release, mmu_entry_t *table, unsigned level,
                          uint64_t base)
{
    uint64_t span = mmu_entry_span(level);
    uint64_t first = release->start > base ? (release->start - base) / span : 0;
    for (uint64_t i = first; i < MMU_ENTRIES && base + i * span < release->end; i++) {
        uint64_t from = base + i * span;
        mmu_entry_t entry = mmu_entry_load(&table[i]);
        if (entry == 0) {
            continue;
        }
        if (level > 1) {
            release_below(release, mmu_table(entry), level - 1, from);
        }
        if (from >= release->floor && from + span <= release->ceiling) {
            struct page *page = page_of_ram(entry & MMU_FRAME);
            mmu_entry_store(&table[i], 0);
            mmu_gather_address(release->gather, from);
            page->next = release->gather->tables;
            release->gather->tables = (uint32_t)(page - page_array);
            release->space->tables--;
        }
    }
}

void mmu_release_tables(struct mmu_space *space, uint64_t start, uint64_t end, uint64_t floor,
                        uint64_t ceiling, struct mmu_gather *gather)
{
    const struct release release = {space, start, end, floor, ceiling, gather};
    space->leaf_number = NO_LEAF;
    release_below(&release, physical_to_virtual(space->root), MMU_LEVELS - 1, 0);
}
