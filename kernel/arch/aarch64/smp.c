// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Starts the other CPUs one after the other with PSCI's CPU_ON; each comes through image.S. A CPU
// that does not answer in SMP_TIMEOUT_NS is left out with one line in the log.

#include "kernel/arch/aarch64/smp.h"

#include "kernel/arch/aarch64/board.h"
#include "kernel/arch/aarch64/cpu_setup.h"
#include "kernel/arch/aarch64/gic.h"
#include "kernel/arch/aarch64/psci.h"
#include "kernel/arch/aarch64/sysreg.h"
#include "kernel/arch/arch_cpu.h"
#include "kernel/arch/clock.h"
#include "kernel/arch/fpu.h"
#include "kernel/arch/mmu.h"
#include "kernel/core/cpu.h"
#include "kernel/core/lock.h"
#include "kernel/core/panic.h"
#include "kernel/core/sched.h"
#include "kernel/mm/page.h"

enum {
    SMP_STACK_ORDER = 2, // 16 KiB
    SMP_TIMEOUT_NS = 500 * 1000 * 1000,
};

#define MPIDR_AFFINITY 0xff00ffffffull

extern const char image_secondary[];
uint64_t smp_stack; // read by kernel_entry_secondary
static unsigned starting;
static bool started;

int64_t psci_call(uint32_t function, uint64_t a, uint64_t b, uint64_t c)
{
    register uint64_t x0 __asm__("x0") = function;
    register uint64_t x1 __asm__("x1") = a;
    register uint64_t x2 __asm__("x2") = b;
    register uint64_t x3 __asm__("x3") = c;
    switch (board_info.psci) {
    case PSCI_HVC:
        __asm__ volatile("hvc #0" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3) : : "memory");
        break;
    case PSCI_SMC:
        __asm__ volatile("smc #0" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3) : : "memory");
        break;
    case PSCI_NONE:
        return -1;
    }
    return (int32_t)x0;
}

uint64_t smp_own_id(void)
{
    return sysreg_read(mpidr_el1) & MPIDR_AFFINITY;
}

__attribute__((noreturn)) void smp_cpu_entry(void)
{
    cpu_setup(starting, smp_stack);
    mmu_init_cpu();
    fpu_init_cpu();
    gic_init_cpu();
    clock_init_cpu();
    __atomic_store_n(&started, true, __ATOMIC_RELEASE);
    // Others find this CPU in cpu_count() only when all have started.
    while (!__atomic_load_n(&cpus[0].online, __ATOMIC_ACQUIRE)) {
        cpu_relax_in_kernel();
    }
    sched_start_cpu();
}

static bool start(unsigned index, uint64_t id)
{
    struct page *stack = page_allocate(SMP_STACK_ORDER, 0);
    if (stack == NULL) {
        return false;
    }
    sched_init_cpu(&cpus[index], index);
    cpus[index].hardware_id = (uint32_t)id;
    smp_stack = (uint64_t)page_address(stack) + (PAGE_SIZE << SMP_STACK_ORDER);
    starting = index;
    started = false;
    dsb_sy();
    int64_t error =
        psci_call(PSCI_CPU_ON, id, (uint64_t)image_secondary - KERNEL_BASE + board_info.image, 0);
    if (error != 0) {
        kernel_log("smp: CPU %lx does not start (PSCI: %ld); going on without it", id, error);
        page_put(stack);
        return false;
    }
    time_ns_t end = clock_now() + SMP_TIMEOUT_NS;
    while (!__atomic_load_n(&started, __ATOMIC_ACQUIRE)) {
        if (clock_now() > end) {
            kernel_log("smp: CPU %lx did not start; going on without it", id);
            return false; // its stack stays allocated: it may wake up yet
        }
        cpu_relax_in_kernel();
    }
    return true;
}

void arch_start_cpus(void)
{
    unsigned count = 1;
    for (unsigned i = 0; i < board_info.cpu_count; i++) {
        if (board_info.cpu_id[i] != smp_own_id() && start(count, board_info.cpu_id[i])) {
            count++;
        }
    }
    cpu_set_count(count);
}
