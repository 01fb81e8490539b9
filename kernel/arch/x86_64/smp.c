// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Starts the other CPUs one after the other (Intel SDM volume 3, 8.4.4: INIT, then start-up IPIs).
// A CPU that does not answer in SMP_TIMEOUT_NS is left out with one line in the log.

#include "kernel/arch/x86_64/smp.h"
#include "kernel/arch/arch_cpu.h"
#include "kernel/arch/clock.h"
#include "kernel/arch/fpu.h"
#include "kernel/arch/mmu.h"
#include "kernel/arch/x86_64/acpi.h"
#include "kernel/arch/x86_64/apic.h"
#include "kernel/arch/x86_64/cpu_setup.h"
#include "kernel/core/cpu.h"
#include "kernel/core/lock.h"
#include "kernel/core/panic.h"
#include "kernel/core/sched.h"
#include "kernel/core/string.h"
#include "kernel/mm/page.h"

enum {
    SMP_STACK_ORDER = 2, // 16 KiB
    SMP_TIMEOUT_NS = 500 * 1000 * 1000,
    SMP_INIT_WAIT_NS = 10 * 1000 * 1000,
    SMP_STARTUP_WAIT_NS = 200 * 1000,
};

extern const char trampoline_start[], trampoline_end[];
uint64_t smp_stack; // read by the trampoline
static unsigned starting;
static bool started;

__attribute__((noreturn)) void smp_cpu_entry(void)
{
    cpu_setup(starting, smp_stack);
    mmu_init_cpu();
    fpu_init_cpu();
    apic_init_cpu();
    clock_init_cpu();
    __atomic_store_n(&started, true, __ATOMIC_RELEASE);
    // Others find this CPU in cpu_count() only when all have started.
    while (!__atomic_load_n(&cpus[0].online, __ATOMIC_ACQUIRE)) {
        cpu_relax_in_kernel();
    }
    sched_start_cpu();
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
    struct page *stack = page_allocate(SMP_STACK_ORDER, 0);
    if (stack == NULL) {
        return false;
    }
    sched_init_cpu(&cpus[index], index);
    cpus[index].hardware_id = hardware_id;
    smp_stack = (uint64_t)page_address(stack) + (PAGE_SIZE << SMP_STACK_ORDER);
    starting = index;
    started = false;
    apic_send(hardware_id, APIC_COMMAND_INIT);
    wait_ns(SMP_INIT_WAIT_NS);
    for (unsigned attempt = 0; attempt < 2; attempt++) {
        apic_send(hardware_id, APIC_COMMAND_STARTUP | SMP_TRAMPOLINE >> PAGE_SHIFT);
        wait_ns(SMP_STARTUP_WAIT_NS);
    }
    time_ns_t end = clock_now() + SMP_TIMEOUT_NS;
    while (!__atomic_load_n(&started, __ATOMIC_ACQUIRE)) {
        if (clock_now() > end) {
            kernel_log("smp: CPU with APIC id %u did not start; going on without it", hardware_id);
            return false; // its stack stays allocated: it may wake up yet
        }
        cpu_relax_in_kernel();
    }
    return true;
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
    cpu_set_count(count);
}
