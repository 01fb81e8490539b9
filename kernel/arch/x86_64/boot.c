// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// From pvh.S to kernel_main on the boot CPU. Reads what the loader left (Xen public headers,
// arch-x86/hvm/start_info.h: hvm_start_info version 1).

#include "kernel/arch/x86_64/boot.h"
#include "kernel/arch/arch_cpu.h"
#include "kernel/arch/clock.h"
#include "kernel/arch/fpu.h"
#include "kernel/arch/iommu.h"
#include "kernel/arch/mmu.h"
#include "kernel/arch/x86_64/acpi.h"
#include "kernel/arch/x86_64/apic.h"
#include "kernel/arch/x86_64/cpu_setup.h"
#include "kernel/core/cpu.h"
#include "kernel/core/main.h"
#include "kernel/core/panic.h"
#include "kernel/core/sched.h"
#include "kernel/mm/page.h"

enum { HVM_START_MAGIC = 0x336ec578, HVM_MEMORY_RAM = 1 };

struct hvm_start_info {
    uint32_t magic, version, flags, module_count;
    uint64_t modules, command_line, rsdp;
    uint64_t memory_map; // version 1
    uint32_t memory_map_count, reserved;
};
_Static_assert(sizeof(struct hvm_start_info) == 56, "start_info.h");

struct hvm_module {
    uint64_t address, bytes, command_line, reserved;
};
_Static_assert(sizeof(struct hvm_module) == 32, "start_info.h");

struct hvm_memory {
    uint64_t address, bytes;
    uint32_t type, reserved;
};
_Static_assert(sizeof(struct hvm_memory) == 24, "start_info.h");

#define LOW_MEMORY_END 0x100000ull    // below: firmware data, the trampoline
#define BOOT_MAP_END   0x100000000ull // what the temporary tables map

struct boot_info boot_info;
extern char kernel_physical_start[], kernel_end[], boot_stack_top[];

static const void *boot_pointer(uint64_t physical, uint64_t bytes)
{
    if (physical == 0 || physical >= BOOT_MAP_END || bytes > BOOT_MAP_END - physical) {
        panic("boot: the loader's data at 0x%lx lies beyond the first 4 GiB", physical);
    }
    return physical_to_virtual(physical);
}

static void reserve(uint64_t base, uint64_t bytes)
{
    uint64_t start = base & ~(uint64_t)(PAGE_SIZE - 1);
    uint64_t end = (base + bytes + PAGE_SIZE - 1) & ~(uint64_t)(PAGE_SIZE - 1);
    boot_info.reserved[boot_info.reserved_count++] = (struct boot_memory_range){start, end - start};
}

static void read_memory_map(const struct hvm_start_info *info)
{
    const struct hvm_memory *map =
        boot_pointer(info->memory_map, info->memory_map_count * sizeof(*map));
    for (uint32_t i = 0; i < info->memory_map_count && boot_info.memory_count < BOOT_RANGES_MAX;
         i++) {
        uint64_t start = (map[i].address + PAGE_SIZE - 1) & ~(uint64_t)(PAGE_SIZE - 1);
        uint64_t end = (map[i].address + map[i].bytes) & ~(uint64_t)(PAGE_SIZE - 1);
        if (map[i].type != HVM_MEMORY_RAM || end <= LOW_MEMORY_END) {
            continue;
        }
        if (start < LOW_MEMORY_END) {
            start = LOW_MEMORY_END;
        }
        if (start < end) {
            boot_info.memory[boot_info.memory_count++] =
                (struct boot_memory_range){start, end - start};
        }
    }
    if (boot_info.memory_count == 0) {
        panic("boot: the loader's memory map has no RAM");
    }
}

// QEMU puts the end of the archive over memory that the firmware kept for itself when there are
// many devices (SeaBIOS then keeps more than QEMU allows for). It is RAM all the same, and reserved
// either way.
static void cover_archive(void)
{
    uint64_t end =
        (boot_info.initrd + boot_info.initrd_bytes + PAGE_SIZE - 1) & ~(uint64_t)(PAGE_SIZE - 1);
    for (uint32_t i = 0; i < boot_info.memory_count; i++) {
        struct boot_memory_range *range = &boot_info.memory[i];
        bool begins_here =
            boot_info.initrd >= range->base && boot_info.initrd - range->base < range->bytes;
        if (begins_here && end - range->base > range->bytes) {
            range->bytes = end - range->base;
        }
    }
}

static void read_start_info(uint64_t address)
{
    const struct hvm_start_info *info = boot_pointer(address, sizeof(*info));
    if (info->magic != HVM_START_MAGIC || info->version < 1) {
        panic("boot: not started by the PVH protocol version 1: use QEMU's -kernel");
    }
    boot_info.acpi_rsdp = info->rsdp;
    if (info->command_line != 0) {
        const char *text = boot_pointer(info->command_line, BOOT_COMMAND_LINE_MAX);
        for (unsigned i = 0; i < BOOT_COMMAND_LINE_MAX - 1 && text[i] != '\0'; i++) {
            boot_info.command_line[i] = text[i];
        }
    }
    if (info->module_count != 0) {
        const struct hvm_module *module = boot_pointer(info->modules, sizeof(*module));
        (void)boot_pointer(module->address, module->bytes);
        boot_info.initrd = module->address;
        boot_info.initrd_bytes = module->bytes;
        reserve(module->address, module->bytes);
    }
    read_memory_map(info);
    cover_archive();
    reserve((uint64_t)kernel_physical_start,
            (uint64_t)kernel_end - KERNEL_BASE - (uint64_t)kernel_physical_start);
}

void arch_boot(uint64_t start_info)
{
    cpu_setup(0, (uint64_t)boot_stack_top);
    __stack_chk_guard ^= arch_entropy(); // this function never returns, so it may
    early_console_init();
    sched_init_cpu(&cpus[0], 0);
    cpu_check_features();
    read_start_info(start_info);
    page_init(boot_info.memory, boot_info.memory_count, boot_info.reserved,
              boot_info.reserved_count);
    mmu_init_kernel();
    fpu_init_cpu();
    acpi_init();
    apic_init();
    apic_init_cpu();
    cpus[0].hardware_id = apic_id();
    clock_init();
    clock_init_cpu();
    iommu_init();
    kernel_main();
}
