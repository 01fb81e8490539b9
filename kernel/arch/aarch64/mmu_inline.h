// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Entries of 4-level tables of 4 KiB pages (DDI 0487, D8.3: VMSAv8-64 descriptors) and what
// kernel/arch/mmu.h wants inline.

#pragma once

#include "abi/memory.h"
#include "kernel/mm/page.h"

#define MMU_VALID          (1ull << 0)
#define MMU_TABLE          (1ull << 1) // in a directory: a table, else a block; in a leaf: always
#define MMU_ATTRIBUTES(n)  ((uint64_t)(n) << 2) // index into MAIR_EL1
#define MMU_USER           (1ull << 6)          // AP[1]
#define MMU_READ_ONLY      (1ull << 7)          // AP[2]
#define MMU_SHAREABLE      (3ull << 8)          // inner
#define MMU_ACCESSED       (1ull << 10)
#define MMU_NOT_GLOBAL     (1ull << 11)
#define MMU_KERNEL_NO_EXEC (1ull << 53) // PXN
#define MMU_USER_NO_EXEC   (1ull << 54) // UXN
#define MMU_PRIVATE        (1ull << 55) // ignored by the processor
#define MMU_FRAME          0x0000fffffffff000ull

// What a directory entry that names a table has beside its frame: the leaf decides.
#define MMU_DIRECTORY (MMU_VALID | MMU_TABLE)

// MAIR_EL1's attributes, set by mmu_init_cpu: Device-nGnRE, Normal non-cacheable, Normal
// write-back.
enum { MMU_ATTRIBUTES_DEVICE, MMU_ATTRIBUTES_UNCACHED, MMU_ATTRIBUTES_CACHED };

#include "kernel/arch/mmu_entry.h"

static inline mmu_entry_t mmu_cache_bits(enum memory_cache cache)
{
    switch (cache) {
    case MEMORY_DEVICE:
        return MMU_ATTRIBUTES(MMU_ATTRIBUTES_DEVICE);
    case MEMORY_WRITE_COMBINING:
        return MMU_ATTRIBUTES(MMU_ATTRIBUTES_UNCACHED);
    case MEMORY_CACHED:
        break;
    }
    return MMU_ATTRIBUTES(MMU_ATTRIBUTES_CACHED);
}

static inline mmu_entry_t mmu_prot_bits(unsigned prot)
{
    mmu_entry_t bits = prot != PROT_NONE ? MMU_VALID : 0;
    bits |= (prot & PROT_WRITE) == 0 ? MMU_READ_ONLY : 0;
    bits |= (prot & PROT_EXECUTE) == 0 ? MMU_USER_NO_EXEC : 0;
    return bits;
}

static inline mmu_entry_t mmu_entry_make(physical_t frame, unsigned prot, enum memory_cache cache,
                                         bool private_page)
{
    return frame | MMU_TABLE | MMU_USER | MMU_SHAREABLE | MMU_ACCESSED | MMU_NOT_GLOBAL |
           MMU_KERNEL_NO_EXEC | mmu_cache_bits(cache) | mmu_prot_bits(prot) |
           (private_page ? MMU_PRIVATE : 0);
}

static inline mmu_entry_t mmu_entry_with_prot(mmu_entry_t entry, unsigned prot)
{
    return (entry & ~(MMU_VALID | MMU_READ_ONLY | MMU_USER_NO_EXEC)) | mmu_prot_bits(prot);
}

static inline bool mmu_entry_allows(mmu_entry_t entry, unsigned access)
{
    mmu_entry_t forbidden = ((access & PROT_WRITE) != 0 ? MMU_READ_ONLY : 0) |
                            ((access & PROT_EXECUTE) != 0 ? MMU_USER_NO_EXEC : 0);
    return (entry & (MMU_VALID | forbidden)) == MMU_VALID;
}

static inline bool mmu_entry_private_allows(mmu_entry_t entry, unsigned access)
{
    return mmu_entry_private(entry) && mmu_entry_allows(entry, access);
}

void mmu_sync_code(const void *at, size_t bytes);

static inline bool mmu_entry_code(mmu_entry_t entry)
{
    return (entry & (MMU_VALID | MMU_USER | MMU_USER_NO_EXEC)) == (MMU_VALID | MMU_USER);
}

// The same page stays executable only until its entry is cleared or forbids it, so what it holds
// was made known to the instruction caches when it became so.
static inline void mmu_entry_store(mmu_entry_t *entry, mmu_entry_t value)
{
    if (__builtin_expect(mmu_entry_code(value), 0)) {
        mmu_entry_t old = mmu_entry_load(entry);
        if (!mmu_entry_code(old) || mmu_entry_frame(old) != mmu_entry_frame(value)) {
            mmu_sync_code(physical_to_virtual(mmu_entry_frame(value)), PAGE_SIZE);
        }
    }
    // A CPU that still sees the old, empty entry only faults once more.
    __atomic_store_n(entry, value, __ATOMIC_RELEASE);
}

// memory.S
void copy_page(void *to, const void *from);
void copy_bytes(void *to, const void *from, size_t bytes);
void clear_page(void *page);

// A multiple of 8 bytes.
static inline void clear_bytes(void *at, size_t bytes)
{
    volatile uint64_t *word = at;
    for (size_t i = 0; i < bytes / sizeof(*word); i++) {
        word[i] = 0;
    }
}
