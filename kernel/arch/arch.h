// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// What kernel/core and kernel/mm ask of a processor: the contract of kernel/arch/<cpu>/.
// docs/porting.md lists it.

#pragma once

#include "abi/types.h"

#if defined(XINIM_HOST_TEST) // unit tests: the direct map is an arena of the test program
#include "kernel/test/host_arch_inline.h"
#elif defined(__x86_64__)
#include "kernel/arch/x86_64/arch_inline.h"
#elif defined(__aarch64__)
#include "kernel/arch/aarch64/arch_inline.h"
#endif

enum { CPU_MAX = 8 };

// ---- boot ----

struct boot_memory_range {
    uint64_t base, bytes;
};

enum { BOOT_RANGES_MAX = 64, BOOT_COMMAND_LINE_MAX = 2048 };

// Filled by the processor's boot code from what the loader passed (PVH start info, or DTB).
struct boot_info {
    struct boot_memory_range
        memory[BOOT_RANGES_MAX]; // usable RAM, kernel image and initrd not yet excluded
    unsigned memory_count;
    struct boot_memory_range
        reserved[8]; // kernel image, initrd, boot structures: never given to the allocator
    unsigned reserved_count;
    uint64_t initrd, initrd_bytes;
    uint64_t acpi_rsdp;
    uint64_t device_tree, device_tree_bytes;
    char command_line[BOOT_COMMAND_LINE_MAX];
};

extern struct boot_info boot_info;

// ---- direct map: all RAM, readable and writable, never executable ----

static inline void *physical_to_virtual(uint64_t physical)
{
    return (void *)(physical + DIRECT_MAP_BASE);
}

static inline uint64_t virtual_to_physical(const void *pointer)
{
    return (uint64_t)pointer - DIRECT_MAP_BASE; // only for direct-map addresses
}

// ---- CPUs ----

// unsigned cpu_index(void): this CPU, 0 .. cpu_count() - 1 (inline, per processor)
unsigned cpu_count(void);

// INFO_PROCESSOR: struct info_processor of abi/arch/<cpu>/processor.h, constant after boot; NULL
// where programs can ask the CPU itself.
const void *arch_processor_info(size_t *bytes);

enum ipi { IPI_RESCHEDULE, IPI_TLB, IPI_STOP };
void ipi_send(unsigned cpu, enum ipi what);

// ---- early console: polled, for boot and panic ----
void early_console_init(void);
void early_console_write(const char *text, size_t length);
