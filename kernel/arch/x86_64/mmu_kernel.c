// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The kernel half of every address space (kernel/mm/kernel_map.h; Intel SDM volume 3, chapters 4
// and 12.12 (PAT)). PVH leaves the image at its linked physical address, KERNEL_BASE below its
// virtual one. All pages are global; top-level entries never change after boot, so spaces copy
// them.

#include "kernel/arch/mmu.h"
#include "kernel/arch/x86_64/io.h"
#include "kernel/core/panic.h"
#include "kernel/mm/kernel_map.h"

#define MSR_EFER 0xc0000080u
#define MSR_PAT  0x277u
#define EFER_NXE (1ull << 11)
#define CR0_WP   (1ull << 16)
#define CR4_PGE  (1ull << 7)

// Memory types by PCD:PWT of an entry: write-back, write-combining, uncached minus, uncached; the
// upper four alike.
#define PAT_VALUE 0x0007010600070106ull

#define CPUID_EXTENDED     0x80000001u
#define CPUID_EDX_NX       (1u << 20)
#define CPUID_EDX_PAGES_1G (1u << 26)

struct mmu_space mmu_kernel_space;

// The used entries of the kernel's top-level table, fixed since boot: user roots take them over.
enum { KERNEL_SLOTS_MAX = 8 };
static unsigned kernel_slots[KERNEL_SLOTS_MAX];
static unsigned kernel_slot_count;

// ---- entries (kernel/mm/kernel_map.h) ----

mmu_entry_t mmu_kernel_entry(physical_t frame, unsigned prot, enum memory_cache cache,
                             unsigned level)
{
    mmu_entry_t bits = MMU_PRESENT | MMU_ACCESSED | MMU_GLOBAL | mmu_cache_bits(cache);
    bits |= (prot & PROT_WRITE) != 0 ? MMU_WRITABLE | MMU_DIRTY : 0;
    bits |= (prot & PROT_EXECUTE) == 0 ? MMU_NO_EXECUTE : 0;
    return frame | bits | (level > 0 ? MMU_LARGE : 0);
}

mmu_entry_t mmu_kernel_directory(physical_t table)
{
    return table | MMU_PRESENT | MMU_WRITABLE | MMU_ACCESSED;
}

bool mmu_kernel_is_table(mmu_entry_t entry)
{
    return (entry & MMU_LARGE) == 0;
}

void mmu_kernel_changed(void)
{
    // What was absent is in no TLB.
}

// ---- the top level ----

static void note_slots(void)
{
    const mmu_entry_t *root = physical_to_virtual(mmu_kernel_space.root);
    for (unsigned i = MMU_ENTRIES / 2; i < MMU_ENTRIES; i++) {
        if (root[i] != 0) {
            KERNEL_ASSERT(kernel_slot_count < KERNEL_SLOTS_MAX);
            kernel_slots[kernel_slot_count++] = i;
        }
    }
}

int mmu_root_attach(struct mmu_space *space, mmu_entry_t *root)
{
    (void)space;
    const mmu_entry_t *kernel_root = physical_to_virtual(mmu_kernel_space.root);
    for (unsigned i = 0; i < kernel_slot_count; i++) {
        root[kernel_slots[i]] = kernel_root[kernel_slots[i]];
    }
    return 0;
}

void mmu_root_detach(struct mmu_space *space, mmu_entry_t *root)
{
    (void)space;
    for (unsigned i = 0; i < kernel_slot_count; i++) {
        root[kernel_slots[i]] = 0;
    }
}

void mmu_init_kernel(void)
{
    uint32_t features = cpuid(CPUID_EXTENDED, 0).edx;
    if ((features & CPUID_EDX_NX) == 0) {
        panic("this CPU has no NX bit (no-execute pages); use a CPU model that has it");
    }
    mmu_kernel_space.root = virtual_to_physical(kernel_map_new_table());
    mmu_kernel_space.tables = 1;
    kernel_map.root = mmu_kernel_space.root;
    kernel_map.level_max = (features & CPUID_EDX_PAGES_1G) != 0 ? 2 : 1;
    kernel_map_build();
    note_slots();
    mmu_init_cpu();
}

void mmu_init_cpu(void)
{
    msr_write(MSR_EFER, msr_read(MSR_EFER) | EFER_NXE);
    msr_write(MSR_PAT, PAT_VALUE);
    uint64_t cr0;
    uint64_t cr4;
    __asm__ volatile("mov %%cr0, %0" : "=r"(cr0));
    __asm__ volatile("mov %0, %%cr0" : : "r"(cr0 | CR0_WP) : "memory");
    __asm__ volatile("mov %0, %%cr3" : : "r"(mmu_kernel_space.root) : "memory");
    __asm__ volatile("mov %%cr4, %0" : "=r"(cr4));
    __asm__ volatile("mov %0, %%cr4" : : "r"(cr4 | CR4_PGE) : "memory");
    mmu_loaded[cpu_index()].space = &mmu_kernel_space;
    __atomic_fetch_or(&mmu_kernel_space.cpus, 1u << cpu_index(), __ATOMIC_SEQ_CST);
}
