// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Time on aarch64: the generic timer's virtual counter, and its virtual timer (DDI 0487, D11),
// whose frequency the firmware tells in CNTFRQ_EL0.

#include "kernel/arch/clock.h"

#include "kernel/arch/aarch64/gic.h"
#include "kernel/arch/aarch64/sysreg.h"
#include "kernel/core/panic.h"

enum {
    TIMER_ENABLE = 1,
    KERNEL_CONTROL_USER_COUNTER = 2, // CNTKCTL_EL1.EL0VCTEN: programs may read CNTVCT_EL0
};

#define NS_PER_SECOND 1000000000ull
void clock_init(void)
{
    uint64_t counter_hz = sysreg_read(cntfrq_el0) & UINT32_MAX;
    if (counter_hz < 1000000) {
        panic("clock: the firmware claims a counter of %lu Hz", counter_hz);
    }
    clock_set_rate(counter_hz, NS_PER_SECOND);
}

void clock_init_cpu(void)
{
    sysreg_write(cntkctl_el1, KERNEL_CONTROL_USER_COUNTER);
    sysreg_write(cntv_ctl_el0, 0);
    gic_enable_timer();
}

void clock_timer_stop(void)
{
    sysreg_write(cntv_ctl_el0, 0);
}

void clock_timer_start(uint64_t counter, uint64_t wait)
{
    (void)wait;
    sysreg_write(cntv_cval_el0, counter + 1);
    sysreg_write(cntv_ctl_el0, TIMER_ENABLE);
}
