// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Starts the other CPUs one after the other with PSCI's CPU_ON; each comes through image.S. A CPU
// that does not answer is left out (kernel/core/cpu_start.h).

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
#include "kernel/core/cpu_start.h"
#include "kernel/core/panic.h"

#define MPIDR_AFFINITY 0xff00ffffffull

extern const char image_secondary[];

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
    cpu_setup(cpu_starting, smp_stack);
    mmu_init_cpu();
    fpu_init_cpu();
    gic_init_cpu();
    clock_init_cpu();
    cpu_start_arrive();
}

static bool start(unsigned index, uint64_t id)
{
    if (!cpu_start_prepare(index, (uint32_t)id)) {
        return false;
    }
    dsb_sy();
    int64_t error =
        psci_call(PSCI_CPU_ON, id, (uint64_t)image_secondary - KERNEL_BASE + board_info.image, 0);
    if (error != 0) {
        kernel_log("smp: CPU %lx does not start (PSCI: %ld); going on without it", id, error);
        return false;
    }
    return cpu_start_wait();
}

void arch_start_cpus(void)
{
    unsigned count = 1;
    for (unsigned i = 0; i < board_info.cpu_count; i++) {
        if (board_info.cpu_id[i] != smp_own_id() && start(count, board_info.cpu_id[i])) {
            count++;
        }
    }
    cpu_start_end(count);
}
