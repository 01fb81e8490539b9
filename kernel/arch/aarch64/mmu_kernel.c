// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The kernel's half of the address space, in TTBR1_EL1 (DDI 0487, D8):
//
// - direct map: all RAM, RW, never executable; the kernel's own code and constants read-only
// - devices: filled by mmu_map_device
// - image: text RX, rodata R, data RW
//
// All pages are global. Nothing is both writable and executable, nothing of the user's is
// executable here (PXN) or readable by the kernel (PAN, where the CPU has it). TTBR0_EL1 holds the
// user's half; the kernel's own space is an empty one.

#include "kernel/arch/aarch64/mmu_kernel.h"

#include "kernel/arch/aarch64/sysreg.h"
#include "kernel/arch/aarch64/tlb.h"
#include "kernel/arch/mmu.h"
#include "kernel/core/panic.h"

#define SPAN_2M (2ull << 20)
#define SPAN_1G (1ull << 30)

// One byte for each MMU_ATTRIBUTES_*.
#define MAIR_VALUE 0xff4404ull

// 48-bit halves, 4 KiB granules, table walks write-back and inner shareable; image.S has the same.
#define TCR_BASE    0xb5103510ull
#define TCR_IPS(n)  ((uint64_t)(n) << 32)
#define TCR_ASID_16 (1ull << 36)
#define IPS_48_BITS 5u

// Page aligned, from the linker script.
extern const char kernel_start[];
extern const char kernel_text_start[], kernel_text_end[];
extern const char kernel_rodata_start[], kernel_rodata_end[];
extern const char kernel_data_start[], kernel_end[];

struct mmu_space mmu_kernel_space;

static physical_t image_base;
static physical_t kernel_root;
static uint64_t device_next = DEVICE_MAP_BASE;

static const mmu_entry_t KERNEL_BITS = MMU_VALID | MMU_SHAREABLE | MMU_ACCESSED | MMU_USER_NO_EXEC;
static const mmu_entry_t CACHED = MMU_ATTRIBUTES(MMU_ATTRIBUTES_CACHED);
static const mmu_entry_t RX = KERNEL_BITS | MMU_READ_ONLY;
static const mmu_entry_t R = KERNEL_BITS | MMU_READ_ONLY | MMU_KERNEL_NO_EXEC;
static const mmu_entry_t RW = KERNEL_BITS | MMU_KERNEL_NO_EXEC;

// ---- building tables ----

static mmu_entry_t *new_table(void)
{
    struct page *page = page_allocate(0, PAGE_ZEROED);
    if (page == NULL) {
        panic("too little memory for the kernel's page tables");
    }
    return page_address(page);
}

static mmu_entry_t *entry_at(uint64_t address, unsigned wanted_level)
{
    mmu_entry_t *table = physical_to_virtual(kernel_root);
    for (unsigned level = MMU_LEVELS - 1; level > wanted_level; level--) {
        mmu_entry_t *slot = &table[mmu_index(address, level)];
        if (*slot == 0) {
            *slot = virtual_to_physical(new_table()) | MMU_DIRECTORY;
        }
        KERNEL_ASSERT((*slot & MMU_TABLE) != 0); // else two ranges overlap
        table = mmu_table(*slot);
    }
    return &table[mmu_index(address, wanted_level)];
}

// Maps page-aligned ranges with the largest blocks that fit.
static void map_range(uint64_t address, physical_t physical, uint64_t bytes, mmu_entry_t bits)
{
    KERNEL_ASSERT((bits & (MMU_READ_ONLY | MMU_KERNEL_NO_EXEC)) != 0);
    while (bytes > 0) {
        uint64_t alignment = address | physical;
        unsigned level = 0;
        if (alignment % SPAN_1G == 0 && bytes >= SPAN_1G) {
            level = 2;
        } else if (alignment % SPAN_2M == 0 && bytes >= SPAN_2M) {
            level = 1;
        }
        mmu_entry_t *entry = entry_at(address, level);
        KERNEL_ASSERT(*entry == 0);
        *entry = physical | bits | (level == 0 ? MMU_TABLE : 0);
        uint64_t span = mmu_entry_span(level);
        address += span;
        physical += span;
        bytes -= span;
    }
}

static physical_t image_physical(const char *symbol)
{
    return (uint64_t)symbol - KERNEL_BASE + image_base;
}

static void map_image_part(const char *start, const char *end, mmu_entry_t bits)
{
    map_range((uint64_t)start, image_physical(start), (uint64_t)(end - start), bits | CACHED);
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
        map_range(DIRECT_MAP_BASE + base, base, end - base, (inside ? R : RW) | CACHED);
    }
}

void mmu_set_image(physical_t base)
{
    image_base = base;
}

void mmu_init_kernel(void)
{
    KERNEL_ASSERT(kernel_text_end <= kernel_rodata_start && kernel_rodata_end <= kernel_data_start);
    tlb_set_asid_bits(sysreg_field(sysreg_read(id_aa64mmfr0_el1), 4) == 2 ? 16 : 8);
    kernel_root = virtual_to_physical(new_table());
    mmu_kernel_space.root = virtual_to_physical(new_table());
    mmu_kernel_space.tables = 1;

    map_image_part(kernel_text_start, kernel_text_end, RX);
    map_image_part(kernel_rodata_start, kernel_rodata_end, R);
    map_image_part(kernel_data_start, kernel_end, RW);
    for (unsigned i = 0; i < boot_info.memory_count; i++) {
        const struct boot_memory_range *range = &boot_info.memory[i];
        physical_t base = (range->base + PAGE_SIZE - 1) & ~(physical_t)(PAGE_SIZE - 1);
        physical_t end = (range->base + range->bytes) & ~(physical_t)(PAGE_SIZE - 1);
        map_direct(base, end);
    }
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
    sysreg_write(ttbr1_el1, kernel_root);
    isb();
    __asm__ volatile("tlbi vmalle1\n\tdsb nsh\n\tisb" : : : "memory");
    mmu_loaded[cpu_index()].space = &mmu_kernel_space;
}

// A page is left out between two mappings. Firmware tables (MEMORY_CACHED) are only read.
void *mmu_map_device(physical_t physical, uint64_t bytes, enum memory_cache cache)
{
    uint64_t offset = physical % PAGE_SIZE;
    uint64_t whole = (offset + bytes + PAGE_SIZE - 1) & ~(uint64_t)(PAGE_SIZE - 1);
    KERNEL_ASSERT(bytes > 0 && whole < SPAN_1G &&
                  device_next + whole < DEVICE_MAP_BASE + mmu_entry_span(3));
    mmu_entry_t bits = (cache == MEMORY_CACHED ? R : RW) | mmu_cache_bits(cache);
    uint64_t address = device_next;
    map_range(address, physical - offset, whole, bits);
    device_next += whole + PAGE_SIZE;
    dsb_sy();
    isb();
    return (void *)(address + offset);
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
