// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Time: a free-running counter (TSC, CNTVCT) scaled to nanoseconds, and a one-shot timer a CPU.

#pragma once

#include "abi/syscall.h"

void clock_init(void);     // boot CPU: calibrates
void clock_init_cpu(void); // every CPU

time_ns_t clock_now(void);
uint64_t clock_ticks_to_ns(uint64_t ticks);
void clock_parameters(struct info_clock *info);

// This CPU's timer interrupts at `deadline`, or as soon after as it can; DEADLINE_NEVER switches it
// off.
void clock_arm(time_ns_t deadline);

// ---- between kernel/core/clock.c and the processor ----

// From clock_init: the counter makes so many ticks in so many ns (ns << 32 must not overflow).
void clock_set_rate(uint64_t ticks, uint64_t ns);

// A factor for clock_scale: value * numerator / denominator, both below 2^32.
uint64_t clock_factor(uint64_t numerator, uint64_t denominator);
uint64_t clock_scale(uint64_t value, uint64_t factor);

// This CPU's timer interrupts when the counter reaches `counter`, which is in `wait` ns.
void clock_timer_start(uint64_t counter, uint64_t wait);
void clock_timer_stop(void);
