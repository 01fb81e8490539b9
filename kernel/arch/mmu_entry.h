// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// What page-table entries of both processors have in common: tables of 4 KiB with 512 entries on
// four levels. Included by kernel/arch/<cpu>/mmu_inline.h, after its MMU_FRAME and MMU_PRIVATE.

#pragma once

#include "kernel/mm/page.h"

enum {
    MMU_INDEX_BITS = 9,
    MMU_ENTRIES = 1 << MMU_INDEX_BITS,
    MMU_LEVELS = 4, // level 0 is the leaf table
};

#define MMU_LEAF_SPAN ((uint64_t)PAGE_SIZE * MMU_ENTRIES)

// Bytes that one entry of a table of this level maps.
static inline uint64_t mmu_entry_span(unsigned level)
{
    return 1ull << (PAGE_SHIFT + MMU_INDEX_BITS * level);
}

static inline unsigned mmu_index(uint64_t address, unsigned level)
{
    return (unsigned)(address >> (PAGE_SHIFT + MMU_INDEX_BITS * level)) & (MMU_ENTRIES - 1);
}

static inline mmu_entry_t *mmu_table(mmu_entry_t entry)
{
    return physical_to_virtual(entry & MMU_FRAME);
}

static inline physical_t mmu_entry_frame(mmu_entry_t entry)
{
    return entry & MMU_FRAME;
}

static inline bool mmu_entry_private(mmu_entry_t entry)
{
    return (entry & MMU_PRIVATE) != 0;
}

static inline mmu_entry_t mmu_entry_load(const mmu_entry_t *entry)
{
    return __atomic_load_n(entry, __ATOMIC_RELAXED);
}
