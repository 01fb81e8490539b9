// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The kernel's own half of the address space, which both processors lay out alike:
//
// - direct map: all RAM, RW, never executable; the kernel's own code and constants read-only
// - devices: filled by mmu_map_device
// - image: text RX, rodata R, data RW
//
// Nothing is both writable and executable. Built once, on the boot CPU.

#pragma once

#include "kernel/arch/mmu.h"

// What the processor tells before kernel_map_build.
struct kernel_map {
    physical_t root;    // a zeroed page
    physical_t image;   // where the address KERNEL_BASE lies
    unsigned level_max; // of the tables that may map memory: 2 (1 GiB) or 1 (2 MiB)
};

extern struct kernel_map kernel_map;

// A zeroed page for a table of the kernel's, below 4 GiB, where the loader's mapping reaches.
mmu_entry_t *kernel_map_new_table(void);

// Image and direct map, and the table that devices' registers go to.
void kernel_map_build(void);

// ---- by the processor (kernel/arch/<cpu>/mmu_kernel.c) ----

// An entry of a table of this level that maps memory for the kernel; names a table; does so.
mmu_entry_t mmu_kernel_entry(physical_t frame, unsigned prot, enum memory_cache cache,
                             unsigned level);
mmu_entry_t mmu_kernel_directory(physical_t table);
bool mmu_kernel_is_table(mmu_entry_t entry);

// Entries were added to the tables that this CPU uses.
void mmu_kernel_changed(void);
