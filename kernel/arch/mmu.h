// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Page tables and TLBs: what kernel/mm asks of a processor.
//
// A space's user half is a tree of tables whose leaves hold entries of one page each. An entry is 0
// (empty), or names a page frame and is accessible as its PROT_* bits say; with PROT_NONE it keeps
// its frame but the processor sees nothing. One software bit, "private", is kernel/mm's. Entries
// are read and written with mmu_entry_load and mmu_entry_store; the processor itself never changes
// one (accessed and dirty are set from the start).
//
// Who may change an entry: kernel/mm's rule (docs/memory.md). Tables appear and go only under the
// space's lock, and stay while a region lies in their span.

#pragma once

#include "abi/memory.h"
#include "kernel/mm/page.h"

typedef uint64_t mmu_entry_t;

struct mmu_space {
    physical_t root;
    uint32_t cpus;        // atomic: bit n set while CPU n may hold translations of the space
    uint32_t page_flags;  // for its tables: PAGE_FOR_*
    uint64_t tables;      // pages of tables, root included
    uint64_t leaf_number; // of the leaf table found last: address / MMU_LEAF_SPAN; ~0: none
    mmu_entry_t *leaf;    // both under the space's lock
    uint64_t context;     // the processor's own (aarch64: ASID)
};

// ---- entries, inline per processor ----
//
// mmu_entry_make(frame, prot, enum memory_cache, bool private) -> entry
// mmu_entry_with_prot(entry, prot) -> entry                       the same frame, other access
// mmu_entry_frame(entry) -> physical address
// mmu_entry_private(entry) -> bool
// mmu_entry_allows(entry, access) -> bool                         the processor allows user access
// mmu_entry_private_allows(entry, access) -> bool                 both of the last two
// mmu_entry_code(entry) -> bool: what the kernel writes to its page needs mmu_sync_code
// mmu_sync_code(at, bytes): instruction caches agree with what was written there (direct map)
// mmu_entry_load(pointer) -> entry; mmu_entry_store(pointer, entry): a page that becomes executable
// by it is synchronised
// MMU_LEAF_SPAN: bytes that one leaf table maps
// MMU_LEVELS, MMU_ENTRIES, MMU_FRAME, mmu_index, mmu_entry_span, mmu_table: the tree's shape
// MMU_DIRECTORY: an entry that names a table has these bits beside the table's frame
// clear_page(at); copy_page(to, from); copy_bytes(to, from, bytes)
// clear_bytes(at, bytes): a multiple of 8

#if defined(__x86_64__)
#include "kernel/arch/x86_64/mmu_inline.h"
#elif defined(__aarch64__)
#include "kernel/arch/aarch64/mmu_inline.h"
#endif

// ---- tables ----

// What a new, zeroed root table needs beside it (x86: the kernel's half; aarch64: an ASID), and its
// undoing, after which the root is all zero again and no CPU knows a translation of the space. 0 or
// -E_NOMEM.
int mmu_root_attach(struct mmu_space *space, mmu_entry_t *root);
void mmu_root_detach(struct mmu_space *space, mmu_entry_t *root);

// 0 or -E_NOMEM. The kernel half is the kernel's own, shared by all.
int mmu_space_create(struct mmu_space *space, unsigned page_flags);

// No user table is left but the root. Takes the space off every CPU that still has it loaded.
void mmu_space_destroy(struct mmu_space *space);

// Only for mmu_find and mmu_make: the walk from the root.
mmu_entry_t *mmu_walk(struct mmu_space *space, uint64_t address, bool make);

// The entry; NULL: its table does not exist. The space's lock is held.
static inline mmu_entry_t *mmu_find(struct mmu_space *space, uint64_t address)
{
    if (__builtin_expect(space->leaf_number == address / MMU_LEAF_SPAN, 1)) {
        return &space->leaf[address % MMU_LEAF_SPAN / PAGE_SIZE];
    }
    return mmu_walk(space, address, false);
}

// The same, with the tables on the way to it made; NULL: no memory.
static inline mmu_entry_t *mmu_make(struct mmu_space *space, uint64_t address)
{
    if (__builtin_expect(space->leaf_number == address / MMU_LEAF_SPAN, 1)) {
        return &space->leaf[address % MMU_LEAF_SPAN / PAGE_SIZE];
    }
    return mmu_walk(space, address, true);
}

// The entry of the first address at or above *address that a table covers; NULL if none is below
// `end`. Its table's further entries follow it in memory up to the next multiple of MMU_LEAF_SPAN.
mmu_entry_t *mmu_next(struct mmu_space *space, uint64_t *address, uint64_t end);

// ---- changing mappings ----

enum { MMU_GATHER_PAGES = 64 };

// Collects what must wait for a TLB flush: addresses to forget, then pages and tables to let go.
struct mmu_gather {
    struct mmu_space *space;
    uint64_t start, end; // to flush; start >= end: nothing
    uint32_t tables;     // indices into page_array, chained by page.next
    unsigned count;
    struct page *pages[MMU_GATHER_PAGES];
};

static inline void mmu_gather_init(struct mmu_gather *gather, struct mmu_space *space)
{
    gather->space = space;
    gather->start = ~0ull;
    gather->end = 0;
    gather->tables = PAGE_NONE;
    gather->count = 0;
}

void mmu_gather_flush(struct mmu_gather *gather);

// The entry of this address was changed or cleared.
static inline void mmu_gather_address(struct mmu_gather *gather, uint64_t address)
{
    if (address < gather->start) {
        gather->start = address;
    }
    if (address + PAGE_SIZE > gather->end) {
        gather->end = address + PAGE_SIZE;
    }
}

// Also drops a page's reference once nobody can reach the page through that address any more.
static inline void mmu_gather_page(struct mmu_gather *gather, uint64_t address, struct page *page)
{
    mmu_gather_address(gather, address);
    gather->pages[gather->count++] = page;
    if (gather->count == MMU_GATHER_PAGES) {
        mmu_gather_flush(gather);
    }
}

// Unlinks the tables of start .. end whose whole span lies in floor .. ceiling, where no region is
// left.
void mmu_release_tables(struct mmu_space *space, uint64_t start, uint64_t end, uint64_t floor,
                        uint64_t ceiling, struct mmu_gather *gather);

// ---- TLBs (argument for the memory order: kernel/arch/<cpu>/tlb.c) ----

// Forgets translations of start .. end on every CPU that has the space loaded; returns when they
// are gone.
void tlb_flush_range(struct mmu_space *space, uint64_t start, uint64_t end);

// Carries out what other CPUs ask of this one. From the IPI_TLB handler and from
// cpu_relax_in_kernel; takes no lock.
void tlb_answer_requests(void);

// Only for mmu_space_load and mmu_space_destroy.
void mmu_space_switch(struct mmu_space *space);
void tlb_unload(struct mmu_space *space);

struct mmu_loaded {
    struct mmu_space *space;
} __attribute__((aligned(64)));

extern struct mmu_loaded mmu_loaded[CPU_MAX];

// Makes the space this CPU's. The caller keeps the space alive only until the next load: destroying
// takes it off.
static inline void mmu_space_load(struct mmu_space *space)
{
    if (mmu_loaded[cpu_index()].space != space) {
        mmu_space_switch(space);
    }
}

// ---- the kernel's own mappings ----

// Kernel half only; what an idle CPU or a dying space falls back to.
extern struct mmu_space mmu_kernel_space;

// Boot CPU, after page_init: final kernel tables from boot_info and the linker's symbols, then
// mmu_init_cpu.
void mmu_init_kernel(void);

// Every CPU: paging features (NX, write protection, global pages, memory types), kernel tables.
void mmu_init_cpu(void);

// Boot CPU while booting: registers or firmware tables at a physical address, for good. Never
// executable.
void *mmu_map_device(physical_t physical, uint64_t bytes, enum memory_cache cache);
