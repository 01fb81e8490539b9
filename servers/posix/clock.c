// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Monotonic time from the processor's counter by the kernel's own formula (INFO_CLOCK), and the
// wall clock as an offset to it. The vDSO does the same over the vvar page, which this file keeps.

#include "servers/posix/clock.h"

#include "lib/sys/sys.h"
#include "servers/posix/arch.h"
#include "servers/posix/vdso/vvar.h"

static struct vvar own_vvar;
static struct vvar *vvar = &own_vvar; // until the page that programs see exists

int clock_init(void)
{
    struct info_clock info;
    int64_t bytes = sys_info(INFO_CLOCK, 0, &info, sizeof(info));
    if (bytes < 0)
        return (int)bytes;
    own_vvar.counter_base = info.counter_base;
    own_vvar.ns_base = info.ns_base;
    own_vvar.multiplier = info.multiplier;
    own_vvar.shift = info.shift;
    return 0;
}

void clock_move_vvar(struct vvar *page)
{
    *page = *vvar;
    vvar = page;
}

time_ns_t clock_monotonic(void)
{
    return vvar_monotonic(vvar, arch_counter());
}

uint64_t clock_realtime(void)
{
    return clock_monotonic() + __atomic_load_n(&vvar->realtime_offset, __ATOMIC_RELAXED);
}

// One aligned word, so readers need no sequence count.
void clock_set_realtime(uint64_t ns)
{
    __atomic_store_n(&vvar->realtime_offset, ns - clock_monotonic(), __ATOMIC_RELAXED);
}
