// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// From image.S to kernel_main on the boot CPU.

#include "kernel/arch/aarch64/boot.h"

#include "kernel/arch/aarch64/board.h"
#include "kernel/arch/aarch64/console.h"
#include "kernel/arch/aarch64/cpu_setup.h"
#include "kernel/arch/aarch64/gic.h"
#include "kernel/arch/aarch64/mmu_kernel.h"
#include "kernel/arch/aarch64/smp.h"
#include "kernel/arch/arch_cpu.h"
#include "kernel/arch/clock.h"
#include "kernel/arch/fpu.h"
#include "kernel/arch/iommu.h"
#include "kernel/arch/mmu.h"
#include "kernel/core/cpu.h"
#include "kernel/core/main.h"
#include "kernel/core/panic.h"
#include "kernel/core/sched.h"
#include "kernel/mm/page.h"

// What image.S maps from the image's gibibyte on.
#define BOOT_MAP_BYTES (128ull << 30)
#define GIBIBYTE       (1ull << 30)

struct boot_info boot_info;
struct board board_info;
extern char kernel_start[], kernel_end[], boot_stack_top[];

static void reserve(uint64_t base, uint64_t bytes)
{
    const unsigned room = sizeof(boot_info.reserved) / sizeof(boot_info.reserved[0]);
    uint64_t start = base & ~(uint64_t)(PAGE_SIZE - 1);
    uint64_t end = (base + bytes + PAGE_SIZE - 1) & ~(uint64_t)(PAGE_SIZE - 1);
    if (boot_info.reserved_count == room) {
        panic("boot: the device tree reserves more than %u ranges of memory", room);
    }
    boot_info.reserved[boot_info.reserved_count++] = (struct boot_memory_range){start, end - start};
}

static bool in_ram(uint64_t base, uint64_t bytes)
{
    for (unsigned i = 0; i < board_info.memory_count; i++) {
        const struct boot_memory_range *ram = &board_info.memory[i];
        if (base >= ram->base && base - ram->base <= ram->bytes &&
            bytes <= ram->bytes - (base - ram->base)) {
            return true;
        }
    }
    return false;
}

static void read_tree(uint64_t tree, uint64_t image)
{
    uint64_t low = image & ~(GIBIBYTE - 1);
    if (tree < low || tree % 8 != 0 || tree - low >= BOOT_MAP_BYTES - BOARD_TREE_BYTES_MAX) {
        panic("boot: no device tree (x0 is 0x%lx): start the kernel as QEMU's -kernel does", tree);
    }
    const void *blob = physical_to_virtual(tree);
    size_t bytes = board_tree_bytes(blob);
    const char *wrong = board_read(&board_info, blob, bytes);
    if (wrong != NULL) {
        panic("boot: the device tree is unusable: %s", wrong);
    }
    if (!in_ram(tree, bytes) || !in_ram(board_info.initrd, board_info.initrd_bytes)) {
        panic("boot: the device tree or the boot archive lies outside memory");
    }
    board_info.image = image;
    boot_info.device_tree = tree;
    boot_info.device_tree_bytes = bytes;
}

static void fill_boot_info(void)
{
    for (unsigned i = 0; i < board_info.memory_count; i++) {
        boot_info.memory[boot_info.memory_count++] = board_info.memory[i];
    }
    const char *text = board_info.command_line;
    for (unsigned i = 0; text != NULL && i < BOOT_COMMAND_LINE_MAX - 1 && text[i] != '\0'; i++) {
        boot_info.command_line[i] = text[i];
    }
    reserve(board_info.image, (uint64_t)(kernel_end - kernel_start));
    reserve(boot_info.device_tree, boot_info.device_tree_bytes);
    if (board_info.initrd_bytes != 0) {
        boot_info.initrd = board_info.initrd;
        boot_info.initrd_bytes = board_info.initrd_bytes;
        reserve(board_info.initrd, board_info.initrd_bytes);
    }
    for (unsigned i = 0; i < board_info.reserved_count; i++) {
        reserve(board_info.reserved[i].base, board_info.reserved[i].bytes);
    }
}

void arch_boot(uint64_t tree, uint64_t image)
{
    cpu_setup(0, (uint64_t)boot_stack_top);
    __stack_chk_guard ^= arch_entropy(); // this function never returns, so it may
    early_console_init();
    sched_init_cpu(&cpus[0], 0);
    read_tree(tree, image);
    fill_boot_info();
    cpus[0].hardware_id = (uint32_t)smp_own_id();
    page_init(boot_info.memory, boot_info.memory_count, boot_info.reserved,
              boot_info.reserved_count);
    mmu_set_image(image);
    mmu_init_kernel();
    console_map(board_info.uart);
    fpu_init_cpu();
    gic_init();
    gic_init_cpu();
    clock_init();
    clock_init_cpu();
    iommu_init();
    kernel_main();
}
