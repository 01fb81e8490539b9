// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The little the kernel itself takes from the device tree (Devicetree Specification 0.4; bindings
// of the Linux kernel's documentation, as facts). Everything else is devmgr's.

#pragma once

#include "kernel/arch/aarch64/psci.h"
#include "kernel/arch/arch.h"

enum { BOARD_RESERVED_MAX = 16, BOARD_REGION_MAX = 4, BOARD_MEMORY_MAX = 16 };

struct board {
    struct boot_memory_range memory[BOARD_MEMORY_MAX]; // sorted, disjoint
    unsigned memory_count;
    struct boot_memory_range reserved[BOARD_RESERVED_MAX];
    unsigned reserved_count;
    const char *command_line; // in the tree; NULL: none
    uint64_t initrd, initrd_bytes;

    unsigned cpu_count;
    uint64_t cpu_id[CPU_MAX]; // affinity fields of MPIDR_EL1
    enum psci_method psci;

    unsigned gic_version; // 2 or 3
    struct boot_memory_range gic_distributor;
    struct boot_memory_range gic_cpu;                             // version 2
    struct boot_memory_range gic_redistributor[BOARD_REGION_MAX]; // version 3
    unsigned gic_redistributor_count;
    uint64_t gic_v2m;                  // message frame; 0: none
    uint64_t gic_its;                  // 0: none
    uint64_t smmu;                     // SMMUv3 before PCI; 0: none
    uint32_t smmu_events, smmu_errors; // its interrupts; 0: none
    uint32_t smmu_phandle, pci_iommu;  // its name, and PCI's for it; the same; 0: none
    uint32_t timer;                    // interrupt number of the virtual timer
    uint64_t uart;                     // PL011; 0: none

    uint64_t image; // where the loader put the kernel
};

extern struct board board_info;

// Reads a tree of at most `bytes` bytes. NULL, or what is wrong with it, for people. Pure.
const char *board_read(struct board *result, const void *tree, size_t bytes);

// Bytes of the tree whose first BOARD_HEADER_BYTES are at `tree`; 0: it is none.
enum { BOARD_HEADER_BYTES = 40, BOARD_TREE_BYTES_MAX = 2 << 20 };
size_t board_tree_bytes(const void *tree);
