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
