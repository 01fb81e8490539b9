// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Entries of 4-level paging (Intel SDM volume 3, 4.5, tables 4-14 to 4-20) and what
// kernel/arch/mmu.h wants inline.

#pragma once

#include "abi/memory.h"
#include "kernel/mm/page.h"

#define MMU_PRESENT    (1ull << 0)
#define MMU_WRITABLE   (1ull << 1)
#define MMU_USER       (1ull << 2)
#define MMU_PWT        (1ull << 3) // with PCD: index into the PAT, which mmu_init_cpu programs
#define MMU_PCD        (1ull << 4)
#define MMU_ACCESSED   (1ull << 5)
#define MMU_DIRTY      (1ull << 6)
#define MMU_LARGE      (1ull << 7) // in a directory: maps 2 MiB or 1 GiB
#define MMU_GLOBAL     (1ull << 8)
#define MMU_PRIVATE    (1ull << 9) // ignored by the processor
#define MMU_NO_EXECUTE (1ull << 63)
#define MMU_FRAME      0x000ffffffffff000ull

// Directory entries allow everything; the leaf decides.
#define MMU_DIRECTORY (MMU_PRESENT | MMU_WRITABLE | MMU_USER | MMU_ACCESSED)

#include "kernel/arch/mmu_entry.h"

static inline mmu_entry_t mmu_cache_bits(enum memory_cache cache)
{
    switch (cache) {
    case MEMORY_DEVICE:
        return MMU_PCD | MMU_PWT;
    case MEMORY_WRITE_COMBINING:
        return MMU_PWT;
    case MEMORY_CACHED:
        break;
    }
    return 0;
}

static inline mmu_entry_t mmu_prot_bits(unsigned prot)
{
    if (prot == PROT_NONE) {
        return 0;
    }
    mmu_entry_t bits = MMU_PRESENT;
    if ((prot & PROT_WRITE) != 0) {
        bits |= MMU_WRITABLE;
    }
    if ((prot & PROT_EXECUTE) == 0) {
        bits |= MMU_NO_EXECUTE;
    }
    return bits;
}

static inline mmu_entry_t mmu_entry_make(physical_t frame, unsigned prot, enum memory_cache cache,
                                         bool private_page)
{
    return frame | MMU_USER | MMU_ACCESSED | MMU_DIRTY | mmu_cache_bits(cache) |
           mmu_prot_bits(prot) | (private_page ? MMU_PRIVATE : 0);
}

static inline mmu_entry_t mmu_entry_with_prot(mmu_entry_t entry, unsigned prot)
{
    return (entry & ~(MMU_PRESENT | MMU_WRITABLE | MMU_NO_EXECUTE)) | mmu_prot_bits(prot);
}

static inline bool mmu_entry_allows(mmu_entry_t entry, unsigned access)
{
    if ((entry & MMU_PRESENT) == 0) {
        return false;
    }
    if ((access & PROT_WRITE) != 0 && (entry & MMU_WRITABLE) == 0) {
        return false;
    }
    return (access & PROT_EXECUTE) == 0 || (entry & MMU_NO_EXECUTE) == 0;
}

static inline bool mmu_entry_private_allows(mmu_entry_t entry, unsigned access)
{
    mmu_entry_t needed =
        MMU_PRESENT | MMU_PRIVATE | ((access & PROT_WRITE) != 0 ? MMU_WRITABLE : 0);
    return (entry & needed) == needed &&
           ((access & PROT_EXECUTE) == 0 || (entry & MMU_NO_EXECUTE) == 0);
}

// Instruction caches see what is written by themselves.
static inline bool mmu_entry_code(mmu_entry_t entry)
{
    (void)entry;
    return false;
}

static inline void mmu_sync_code(const void *at, size_t bytes)
{
    (void)at;
    (void)bytes;
}

static inline void mmu_entry_store(mmu_entry_t *entry, mmu_entry_t value)
{
    __atomic_store_n(entry, value, __ATOMIC_RELEASE);
}

// A multiple of 8 bytes.
static inline void clear_bytes(void *at, size_t bytes)
{
    uint64_t count = bytes / sizeof(uint64_t);
    __asm__ volatile("rep stosq" : "+D"(at), "+c"(count) : "a"(0ull) : "memory");
}

static inline void clear_page(void *page)
{
    clear_bytes(page, PAGE_SIZE);
}

static inline void copy_page(void *to, const void *from)
{
    uint64_t count = PAGE_SIZE / sizeof(uint64_t);
    __asm__ volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(count) : : "memory");
}

static inline void copy_bytes(void *to, const void *from, size_t bytes)
{
    uint64_t count = bytes / sizeof(uint64_t);
    __asm__ volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(count) : : "memory");
    count = bytes % sizeof(uint64_t);
    __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(count) : : "memory");
}
