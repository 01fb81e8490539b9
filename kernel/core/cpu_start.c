// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

#include "kernel/core/cpu_start.h"

#include "kernel/arch/clock.h"
#include "kernel/core/cpu.h"
#include "kernel/core/lock.h"
#include "kernel/core/panic.h"
#include "kernel/core/sched.h"
#include "kernel/mm/page.h"

enum {
    STACK_ORDER = 2, // 16 KiB
    TIMEOUT_NS = 500 * 1000 * 1000,
};

uint64_t smp_stack;
unsigned cpu_starting;
static bool started;
static unsigned count = 1;

unsigned cpu_count(void)
{
    return count;
}

void cpu_start_end(unsigned cpus_found)
{
    count = cpus_found;
}

bool cpu_start_prepare(unsigned index, uint32_t hardware_id)
{
    struct page *stack = page_allocate(STACK_ORDER, 0);
    if (stack == NULL) {
        return false;
    }
    sched_init_cpu(&cpus[index], index);
    cpus[index].hardware_id = hardware_id;
    smp_stack = (uint64_t)page_address(stack) + (PAGE_SIZE << STACK_ORDER);
    cpu_starting = index;
    __atomic_store_n(&started, false, __ATOMIC_SEQ_CST);
    return true;
}

bool cpu_start_wait(void)
{
    time_ns_t end = clock_now() + TIMEOUT_NS;
    while (!__atomic_load_n(&started, __ATOMIC_ACQUIRE)) {
        if (clock_now() > end) {
            kernel_log("smp: CPU %x did not start; going on without it",
                       cpus[cpu_starting].hardware_id);
            return false; // its stack stays allocated: it may wake up yet
        }
        cpu_relax_in_kernel();
    }
    return true;
}

void cpu_start_arrive(void)
{
    __atomic_store_n(&started, true, __ATOMIC_RELEASE);
    // Others find this CPU in cpu_count() only when all have started.
    while (!__atomic_load_n(&cpus[0].online, __ATOMIC_ACQUIRE)) {
        cpu_relax_in_kernel();
    }
    sched_start_cpu();
}
