// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The page that the posix server shares with the vDSO in every program: how to make time of the
// processor's counter. Written once at start but for realtime_offset, which is one atomic word.

#pragma once

#include <stdint.h>

struct vvar {
    uint64_t counter_base;
    uint64_t ns_base;
    uint64_t multiplier;
    uint64_t shift;
    uint64_t realtime_offset; // wall clock - monotonic, ns
};

// ns = (((counter - counter_base) * multiplier) >> shift) + ns_base (abi/syscall.h). A counter that
// is behind the base (another CPU's, by a few ticks) is taken as the base.
static inline uint64_t vvar_monotonic(const struct vvar *vvar, uint64_t counter)
{
    uint64_t ticks = counter - vvar->counter_base;
    if ((int64_t)ticks < 0)
        ticks = 0;
    return (uint64_t)(((unsigned __int128)ticks * vvar->multiplier) >> vvar->shift) + vvar->ns_base;
}
