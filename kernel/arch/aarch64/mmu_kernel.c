// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The kernel's half of the address space, in TTBR1_EL1 (kernel/mm/kernel_map.h; DDI 0487, D8). All
// pages are global. Nothing of the user's is executable here (PXN) or readable by the kernel (PAN,
// where the CPU has it). TTBR0_EL1 holds the user's half; the kernel's own space is an empty one.

#include "kernel/arch/aarch64/mmu_kernel.h"

#include "kernel/arch/aarch64/sysreg.h"
#include "kernel/arch/aarch64/tlb.h"
#include "kernel/arch/mmu.h"
#include "kernel/mm/kernel_map.h"

// One byte for each MMU_ATTRIBUTES_*.
#define MAIR_VALUE 0xff4404ull

// 48-bit halves, 4 KiB granules, table walks write-back and inner shareable; image.S has the same.
#define TCR_BASE    0xb5103510ull
#define TCR_IPS(n)  ((uint64_t)(n) << 32)
#define TCR_ASID_16 (1ull << 36)
#define IPS_48_BITS 5u

struct mmu_space mmu_kernel_space;

// ---- entries (kernel/mm/kernel_map.h) ----

mmu_entry_t mmu_kernel_entry(physical_t frame, unsigned prot, enum memory_cache cache,
                             unsigned level)
{
    mmu_entry_t bits = MMU_VALID | MMU_SHAREABLE | MMU_ACCESSED | MMU_USER_NO_EXEC;
    bits |= (prot & PROT_WRITE) == 0 ? MMU_READ_ONLY : 0;
    bits |= (prot & PROT_EXECUTE) == 0 ? MMU_KERNEL_NO_EXEC : 0;
    return frame | bits | mmu_cache_bits(cache) | (level == 0 ? MMU_TABLE : 0);
}

mmu_entry_t mmu_kernel_directory(physical_t table)
{
    return table | MMU_DIRECTORY;
}

bool mmu_kernel_is_table(mmu_entry_t entry)
{
    return (entry & MMU_TABLE) != 0;
}

void mmu_kernel_changed(void)
{
    dsb_sy();
    isb();
}

// ---- set-up ----

void mmu_set_image(physical_t base)
{
    kernel_map.image = base;
}

void mmu_init_kernel(void)
{
    tlb_set_asid_bits(sysreg_field(sysreg_read(id_aa64mmfr0_el1), 4) == 2 ? 16 : 8);
    mmu_kernel_space.root = virtual_to_physical(kernel_map_new_table());
    mmu_kernel_space.tables = 1;
    kernel_map.root = virtual_to_physical(kernel_map_new_table());
    kernel_map.level_max = 2;
    kernel_map_build();
    mmu_init_cpu();
}

void mmu_init_cpu(void)
{
    uint64_t features = sysreg_read(id_aa64mmfr0_el1);
    unsigned size = (unsigned)features & 7;
    uint64_t tcr = TCR_BASE | TCR_IPS(size < IPS_48_BITS ? size : IPS_48_BITS);
    tcr |= sysreg_field(features, 4) == 2 ? TCR_ASID_16 : 0;
    dsb_sy();
    sysreg_write(mair_el1, MAIR_VALUE);
    sysreg_write(tcr_el1, tcr);
    sysreg_write(ttbr0_el1, mmu_kernel_space.root);
    sysreg_write(ttbr1_el1, kernel_map.root);
    isb();
    __asm__ volatile("tlbi vmalle1\n\tdsb nsh\n\tisb" : : : "memory");
    mmu_loaded[cpu_index()].space = &mmu_kernel_space;
}

// Data to the point of unification, then the stale instructions away (DDI 0487, B2.7.4.2), unless
// CTR_EL0 says that the CPU needs neither.
void mmu_sync_code(const void *at, size_t bytes)
{
    uint64_t types = sysreg_read(ctr_el0);
    bool data = (types >> 28 & 1) == 0;
    bool instructions = (types >> 29 & 1) == 0;
    if (data) {
        uint64_t line = 4ull << sysreg_field(types, 16);
        uint64_t end = (uint64_t)at + bytes;
        for (uint64_t clean = (uint64_t)at & ~(line - 1); clean < end; clean += line) {
            __asm__ volatile("dc cvau, %0" : : "r"(clean) : "memory");
        }
    }
    __asm__ volatile("dsb ish" : : : "memory");
    if (instructions) {
        // By address would miss aliases in a cache that is indexed by virtual addresses.
        __asm__ volatile("ic ialluis\n\tdsb ish" : : : "memory");
    }
    isb();
}
