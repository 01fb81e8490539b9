// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Time on aarch64: the generic timer's virtual counter, and its virtual timer (DDI 0487, D11),
// whose frequency the firmware tells in CNTFRQ_EL0.

#include "kernel/arch/clock.h"

#include "kernel/arch/aarch64/gic.h"
#include "kernel/arch/aarch64/sysreg.h"
#include "kernel/arch/arch.h"
#include "kernel/core/panic.h"

enum {
    TIMER_ENABLE = 1,
    KERNEL_CONTROL_USER_COUNTER = 2, // CNTKCTL_EL1.EL0VCTEN: programs may read CNTVCT_EL0
    SCALE_SHIFT = 32,
};

#define NS_PER_SECOND 1000000000ull
#define ARM_NS_MAX    (3600 * NS_PER_SECOND) // farther deadlines could overflow when scaled

static uint64_t counter_base;
static uint64_t counter_hz;
static uint64_t to_ns;      // ns = ticks * to_ns >> SCALE_SHIFT
static uint64_t to_counter; // ticks = ns * to_counter >> SCALE_SHIFT

static inline uint64_t scale(uint64_t value, uint64_t factor)
{
    return (uint64_t)(((unsigned __int128)value * factor) >> SCALE_SHIFT);
}

void clock_init(void)
{
    counter_hz = sysreg_read(cntfrq_el0) & UINT32_MAX;
    if (counter_hz < 1000000) {
        panic("clock: the firmware claims a counter of %lu Hz", counter_hz);
    }
    to_ns = (NS_PER_SECOND << SCALE_SHIFT) / counter_hz;
    to_counter = (counter_hz << SCALE_SHIFT) / NS_PER_SECOND;
    counter_base = cpu_counter();
}

void clock_init_cpu(void)
{
    sysreg_write(cntkctl_el1, KERNEL_CONTROL_USER_COUNTER);
    sysreg_write(cntv_ctl_el0, 0);
    gic_enable_timer();
}

uint64_t clock_ticks_to_ns(uint64_t ticks)
{
    return scale(ticks, to_ns);
}

time_ns_t clock_now(void)
{
    return scale(cpu_counter() - counter_base, to_ns);
}

void clock_parameters(struct info_clock *info)
{
    *info = (struct info_clock){
        .counter_base = counter_base,
        .multiplier = to_ns,
        .shift = SCALE_SHIFT,
        .counter_hz = counter_hz,
    };
}

void clock_arm(time_ns_t deadline)
{
    if (deadline == DEADLINE_NEVER) {
        sysreg_write(cntv_ctl_el0, 0);
        return;
    }
    time_ns_t now = clock_now();
    uint64_t wait = deadline > now ? deadline - now : 0;
    wait = wait < ARM_NS_MAX ? wait : ARM_NS_MAX; // the scheduler arms again if it comes too early
    sysreg_write(cntv_cval_el0, counter_base + scale(now + wait, to_counter) + 1);
    sysreg_write(cntv_ctl_el0, TIMER_ENABLE);
}
