// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Starts the other CPUs one after the other (Intel SDM volume 3, 8.4.4: INIT, then start-up IPIs).
// A CPU that does not answer is left out (kernel/core/cpu_start.h).

#include "kernel/arch/x86_64/smp.h"
#include "kernel/arch/arch_cpu.h"
#include "kernel/arch/clock.h"
#include "kernel/arch/fpu.h"
#include "kernel/arch/mmu.h"
#include "kernel/arch/x86_64/acpi.h"
#include "kernel/arch/x86_64/apic.h"
#include "kernel/arch/x86_64/cpu_setup.h"
#include "kernel/core/cpu.h"
#include "kernel/core/cpu_start.h"
#include "kernel/core/lock.h"
#include "kernel/core/string.h"

enum {
    SMP_INIT_WAIT_NS = 10 * 1000 * 1000,
    SMP_STARTUP_WAIT_NS = 200 * 1000,
};

extern const char trampoline_start[], trampoline_end[];

__attribute__((noreturn)) void smp_cpu_entry(void)
{
    cpu_setup(cpu_starting, smp_stack);
    mmu_init_cpu();
    fpu_init_cpu();
    apic_init_cpu();
    clock_init_cpu();
    cpu_start_arrive();
}

static void wait_ns(uint64_t ns)
{
    time_ns_t end = clock_now() + ns;
    while (clock_now() < end) {
        cpu_relax_in_kernel();
    }
}

static bool start(unsigned index, uint32_t hardware_id)
{
    if (!cpu_start_prepare(index, hardware_id)) {
        return false;
    }
    apic_send(hardware_id, APIC_COMMAND_INIT);
    wait_ns(SMP_INIT_WAIT_NS);
    for (unsigned attempt = 0; attempt < 2; attempt++) {
        apic_send(hardware_id, APIC_COMMAND_STARTUP | SMP_TRAMPOLINE >> PAGE_SHIFT);
        wait_ns(SMP_STARTUP_WAIT_NS);
    }
    return cpu_start_wait();
}

void arch_start_cpus(void)
{
    memcpy(mmu_map_device(SMP_TRAMPOLINE, PAGE_SIZE, MEMORY_DEVICE), trampoline_start,
           (size_t)(trampoline_end - trampoline_start));
    uint32_t self = cpus[0].hardware_id;
    unsigned count = 1;
    for (unsigned i = 0; i < acpi_info.cpu_count; i++) {
        if (acpi_info.apic_id[i] != self && start(count, acpi_info.apic_id[i])) {
            count++;
        }
    }
    cpu_start_end(count);
}
