// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Time from the processor's counter: the processor says how fast it counts, and sets its timer.

#include "kernel/arch/clock.h"

#include "kernel/arch/arch.h"

enum { SCALE_SHIFT = 32 };

#define ARM_NS_MAX (3600ull * 1000000000) // farther deadlines could overflow when they are scaled

static uint64_t counter_base;
static uint64_t counter_hz;
static uint64_t to_ns;      // ns = ticks * to_ns >> SCALE_SHIFT
static uint64_t to_counter; // ticks = ns * to_counter >> SCALE_SHIFT

uint64_t clock_factor(uint64_t numerator, uint64_t denominator)
{
    return (numerator << SCALE_SHIFT) / denominator;
}

uint64_t clock_scale(uint64_t value, uint64_t factor)
{
    return (uint64_t)(((unsigned __int128)value * factor) >> SCALE_SHIFT);
}

void clock_set_rate(uint64_t ticks, uint64_t ns)
{
    to_ns = clock_factor(ns, ticks);
    to_counter = clock_factor(ticks, ns);
    counter_hz = ticks * 1000000000 / ns;
    counter_base = cpu_counter();
}

uint64_t clock_ticks_to_ns(uint64_t ticks)
{
    return clock_scale(ticks, to_ns);
}

time_ns_t clock_now(void)
{
    return clock_scale(cpu_counter() - counter_base, to_ns);
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
        clock_timer_stop();
        return;
    }
    time_ns_t now = clock_now();
    uint64_t wait = deadline > now ? deadline - now : 0;
    wait = wait < ARM_NS_MAX ? wait : ARM_NS_MAX; // the scheduler arms again if it comes too early
    clock_timer_start(counter_base + clock_scale(now + wait, to_counter), wait);
}
