// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

#include "kernel/mm/kernel_map.h"

#include "kernel/core/panic.h"

#define DEVICE_MAP_BYTES mmu_entry_span(MMU_LEVELS - 1)

// Page aligned, from the linker script.
extern const char kernel_text_start[], kernel_text_end[];
extern const char kernel_rodata_start[], kernel_rodata_end[];
extern const char kernel_data_start[], kernel_end[];

struct kernel_map kernel_map;
static uint64_t device_next = DEVICE_MAP_BASE;

mmu_entry_t *kernel_map_new_table(void)
{
    struct page *page = page_allocate(0, PAGE_ZEROED | PAGE_BELOW_4G);
    if (page == NULL) {
        panic("too little memory for the kernel's page tables");
    }
    return page_address(page);
}

static mmu_entry_t *entry_at(uint64_t address, unsigned wanted_level)
{
    mmu_entry_t *table = physical_to_virtual(kernel_map.root);
    for (unsigned level = MMU_LEVELS - 1; level > wanted_level; level--) {
        mmu_entry_t *slot = &table[mmu_index(address, level)];
        if (*slot == 0) {
            *slot = mmu_kernel_directory(virtual_to_physical(kernel_map_new_table()));
        }
        KERNEL_ASSERT(mmu_kernel_is_table(*slot)); // else two ranges overlap
        table = mmu_table(*slot);
    }
    return &table[mmu_index(address, wanted_level)];
}

// Maps page-aligned ranges with the largest pages that fit.
static void map_range(uint64_t address, physical_t physical, uint64_t bytes, unsigned prot,
                      enum memory_cache cache)
{
    KERNEL_ASSERT((prot & (PROT_WRITE | PROT_EXECUTE)) != (PROT_WRITE | PROT_EXECUTE));
    while (bytes > 0) {
        unsigned level = kernel_map.level_max;
        while ((address | physical) % mmu_entry_span(level) != 0 || bytes < mmu_entry_span(level)) {
            level--;
        }
        mmu_entry_t *entry = entry_at(address, level);
        KERNEL_ASSERT(*entry == 0);
        *entry = mmu_kernel_entry(physical, prot, cache, level);
        uint64_t span = mmu_entry_span(level);
        address += span;
        physical += span;
        bytes -= span;
    }
}

static physical_t image_physical(const char *symbol)
{
    return (uint64_t)symbol - KERNEL_BASE + kernel_map.image;
}

static void map_image_part(const char *start, const char *end, unsigned prot)
{
    map_range((uint64_t)start, image_physical(start), (uint64_t)(end - start), prot, MEMORY_CACHED);
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
        map_range(DIRECT_MAP_BASE + base, base, end - base,
                  inside ? PROT_READ : PROT_READ | PROT_WRITE, MEMORY_CACHED);
    }
}

void kernel_map_build(void)
{
    KERNEL_ASSERT(kernel_text_end <= kernel_rodata_start && kernel_rodata_end <= kernel_data_start);
    map_image_part(kernel_text_start, kernel_text_end, PROT_READ | PROT_EXECUTE);
    map_image_part(kernel_rodata_start, kernel_rodata_end, PROT_READ);
    map_image_part(kernel_data_start, kernel_end, PROT_READ | PROT_WRITE);
    for (unsigned i = 0; i < boot_info.memory_count; i++) {
        const struct boot_memory_range *range = &boot_info.memory[i];
        physical_t base = (range->base + PAGE_SIZE - 1) & ~(physical_t)(PAGE_SIZE - 1);
        physical_t end = (range->base + range->bytes) & ~(physical_t)(PAGE_SIZE - 1);
        map_direct(base, end);
    }
    (void)entry_at(DEVICE_MAP_BASE, MMU_LEVELS - 2); // so that the top level is complete
}

// A page is left out between two mappings. Firmware tables (MEMORY_CACHED) are only read.
void *mmu_map_device(physical_t physical, uint64_t bytes, enum memory_cache cache)
{
    uint64_t offset = physical % PAGE_SIZE;
    uint64_t whole = (offset + bytes + PAGE_SIZE - 1) & ~(uint64_t)(PAGE_SIZE - 1);
    uint64_t address = device_next;
    KERNEL_ASSERT(bytes > 0 && whole < DEVICE_MAP_BYTES &&
                  address + whole < DEVICE_MAP_BASE + DEVICE_MAP_BYTES);
    map_range(address, physical - offset, whole,
              cache == MEMORY_CACHED ? PROT_READ : PROT_READ | PROT_WRITE, cache);
    device_next += whole + PAGE_SIZE;
    mmu_kernel_changed();
    return (void *)(address + offset);
}
