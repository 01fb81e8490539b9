// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

#include "kernel/core/main.h"

#include "kernel/arch/arch_cpu.h"
#include "kernel/core/first_process.h"
#include "kernel/core/futex.h"
#include "kernel/core/panic.h"
#include "kernel/core/sched.h"
#include "kernel/mm/page.h"

enum { MEMORY_MIN_MIB = 48 };

void kernel_main(void)
{
    uint64_t mib = page_total() * PAGE_SIZE >> 20;
    if (mib < MEMORY_MIN_MIB) {
        panic("only %lu MiB of memory: give the machine at least 64 MiB (./run --mem 64M)", mib);
    }
    if (boot_info.initrd_bytes == 0) {
        panic("no boot archive: start QEMU with -initrd boot.cpio");
    }
    futex_init();
    arch_start_cpus();
    kernel_log("XINIM: %u CPU%s, %lu MiB RAM", cpu_count(), cpu_count() == 1 ? "" : "s", mib);
    first_process_start();
    sched_start_cpu();
}
