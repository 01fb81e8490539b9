// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The kernel half of every address space (Intel SDM volume 3, chapters 4 and 12.12 (PAT); PVH
// leaves the image at its linked physical address, KERNEL_BASE below its virtual one):
//
// - direct map: all RAM, RW, never executable; the kernel's own code and constants read-only
// - devices: one top-level entry at DEVICE_MAP_BASE, filled by mmu_map_device
// - image: text RX, rodata R, data RW
//
// All pages are global. Nothing is both writable and executable. Built once on the boot CPU;
// top-level entries never change afterwards, so spaces copy them.

#include "kernel/arch/mmu.h"
#include "kernel/arch/x86_64/io.h"
#include "kernel/core/panic.h"

#define SPAN_2M (2ull << 20)
#define SPAN_1G (1ull << 30)

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

// Page aligned, from the linker script.
extern const char kernel_text_start[], kernel_text_end[];
extern const char kernel_rodata_start[], kernel_rodata_end[];
extern const char kernel_data_start[], kernel_end[];

struct mmu_space mmu_kernel_space;

// The used entries of the kernel's top-level table, fixed since boot: user roots take them over.
enum { KERNEL_SLOTS_MAX = 8 };
static unsigned kernel_slots[KERNEL_SLOTS_MAX];
static unsigned kernel_slot_count;

static bool has_1g_pages;
static uint64_t device_next = DEVICE_MAP_BASE;

static const mmu_entry_t KERNEL_RX = MMU_PRESENT | MMU_ACCESSED | MMU_GLOBAL;
static const mmu_entry_t KERNEL_R = MMU_PRESENT | MMU_ACCESSED | MMU_GLOBAL | MMU_NO_EXECUTE;
static const mmu_entry_t KERNEL_RW =
    MMU_PRESENT | MMU_ACCESSED | MMU_DIRTY | MMU_GLOBAL | MMU_NO_EXECUTE | MMU_WRITABLE;

// ---- building tables ----

// Tables lie below 4 GiB, where the loader's mapping reaches before ours is loaded.
static mmu_entry_t *new_table(void)
{
    struct page *page = page_allocate(0, PAGE_ZEROED | PAGE_BELOW_4G);
    if (page == NULL) {
        panic("too little memory for the kernel's page tables");
    }
    return page_address(page);
}

static mmu_entry_t *entry_at(uint64_t address, unsigned wanted_level)
{
    mmu_entry_t *table = physical_to_virtual(mmu_kernel_space.root);
    for (unsigned level = MMU_LEVELS - 1; level > wanted_level; level--) {
        mmu_entry_t *slot = &table[mmu_index(address, level)];
        if (*slot == 0) {
            *slot = virtual_to_physical(new_table()) | MMU_PRESENT | MMU_WRITABLE | MMU_ACCESSED;
        }
        KERNEL_ASSERT((*slot & MMU_LARGE) == 0); // else two ranges overlap
        table = mmu_table(*slot);
    }
    return &table[mmu_index(address, wanted_level)];
}

// Maps page-aligned ranges with the largest pages that fit.
static void map_range(uint64_t address, physical_t physical, uint64_t bytes, mmu_entry_t bits)
{
    KERNEL_ASSERT((bits & MMU_WRITABLE) == 0 || (bits & MMU_NO_EXECUTE) != 0);
    while (bytes > 0) {
        uint64_t alignment = address | physical;
        unsigned level = 0;
        if (has_1g_pages && alignment % SPAN_1G == 0 && bytes >= SPAN_1G) {
            level = 2;
        } else if (alignment % SPAN_2M == 0 && bytes >= SPAN_2M) {
            level = 1;
        }
        mmu_entry_t *entry = entry_at(address, level);
        KERNEL_ASSERT(*entry == 0);
        *entry = physical | bits | (level > 0 ? MMU_LARGE : 0);
        uint64_t span = mmu_entry_span(level);
        address += span;
        physical += span;
        bytes -= span;
    }
}

static physical_t image_physical(const char *symbol)
{
    return (uint64_t)symbol - KERNEL_BASE;
}

static void map_image_part(const char *start, const char *end, mmu_entry_t bits)
{
    map_range((uint64_t)start, image_physical(start), (uint64_t)(end - start), bits);
}

// Direct map of base .. end, less what lies in the kernel's text and constants, which is read-only.
static void map_direct(physical_t base, physical_t end)
{
    physical_t fixed = image_physical(kernel_text_start);
    physical_t fixed_end = image_physical(kernel_rodata_end);
    if (base < fixed && end > fixed) {
        map_direct(base, fixed);
        base = fixed;
    }
    if (base < fixed_end && base >= fixed && end > fixed_end) {
        map_direct(fixed_end, end);
        end = fixed_end;
    }
    if (base < end) {
        bool inside = base >= fixed && end <= fixed_end;
        map_range(DIRECT_MAP_BASE + base, base, end - base, inside ? KERNEL_R : KERNEL_RW);
    }
}

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
    KERNEL_ASSERT(kernel_text_end <= kernel_rodata_start && kernel_rodata_end <= kernel_data_start);
    has_1g_pages = (features & CPUID_EDX_PAGES_1G) != 0;
    mmu_kernel_space.root = virtual_to_physical(new_table());
    mmu_kernel_space.tables = 1;

    map_image_part(kernel_text_start, kernel_text_end, KERNEL_RX);
    map_image_part(kernel_rodata_start, kernel_rodata_end, KERNEL_R);
    map_image_part(kernel_data_start, kernel_end, KERNEL_RW);
    for (unsigned i = 0; i < boot_info.memory_count; i++) {
        const struct boot_memory_range *range = &boot_info.memory[i];
        physical_t base = (range->base + PAGE_SIZE - 1) & ~(physical_t)(PAGE_SIZE - 1);
        physical_t end = (range->base + range->bytes) & ~(physical_t)(PAGE_SIZE - 1);
        map_direct(base, end);
    }
    (void)entry_at(DEVICE_MAP_BASE, 2); // its table, so that the top level is complete
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

// A page is left out between two mappings. Firmware tables (MEMORY_CACHED) are only read.
void *mmu_map_device(physical_t physical, uint64_t bytes, enum memory_cache cache)
{
    uint64_t offset = physical % PAGE_SIZE;
    uint64_t whole = (offset + bytes + PAGE_SIZE - 1) & ~(uint64_t)(PAGE_SIZE - 1);
    KERNEL_ASSERT(bytes > 0 && whole < SPAN_1G &&
                  device_next + whole < DEVICE_MAP_BASE + mmu_entry_span(3));
    mmu_entry_t bits = cache == MEMORY_CACHED ? KERNEL_R : KERNEL_RW | mmu_cache_bits(cache);
    uint64_t address = device_next;
    for (uint64_t done = 0; done < whole; done += PAGE_SIZE) {
        mmu_entry_t *entry = entry_at(address + done, 0);
        *entry = (physical - offset + done) | bits;
    }
    device_next += whole + PAGE_SIZE;
    return (void *)(address + offset);
}
