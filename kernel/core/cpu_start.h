// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Starting the other CPUs, one after the other: what both processors do for it. The boot CPU calls
// cpu_start_prepare, wakes the CPU in the processor's way, and waits; the other CPU begins on
// smp_stack, sets itself up as number cpu_starting, and arrives.

#pragma once

#include "abi/types.h"

extern uint64_t smp_stack; // top of the starting CPU's stack; read by its first instructions
extern unsigned cpu_starting;

// false: no memory for its stack.
bool cpu_start_prepare(unsigned index, uint32_t hardware_id);

// Has it arrived, within half a second? If not it is left out, with one line in the log.
bool cpu_start_wait(void);

// All CPUs have been started; this many run.
void cpu_start_end(unsigned cpus_found);

// The new CPU: runs as soon as all have started.
__attribute__((noreturn)) void cpu_start_arrive(void);
