// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// More of the processor's contract: what the core's scheduler, guests and panic need.

#pragma once

#include "abi/guest.h"
#include "abi/syscall.h"
#include "kernel/arch/arch.h"

struct cpu;
struct frame;

// Interrupts on and halt until one comes, unless *stop is already set; returns with interrupts off.
void arch_wait_for_interrupt(const bool *stop);

__attribute__((noreturn)) void arch_resume(struct frame *frame);

// Thread-pointer registers of the guest that is about to run on this CPU; update: it was the last
// to run here, so only what its server has changed.
void arch_load_guest_bases(struct cpu *cpu, const struct guest_registers *registers);
void arch_update_guest_bases(struct cpu *cpu, const struct guest_registers *registers);

// Starts the other CPUs; each ends in sched_start_cpu. Boot CPU.
void arch_start_cpus(void);

uint64_t arch_entropy(void);

// 0 never returns; -E_NOSYS: a driver's work here. -E_NODEV: no such device.
int64_t arch_power_off(void);
int64_t arch_reboot(void);
int64_t arch_debug_exit(uint32_t code);

// For panic.
__attribute__((noreturn)) void arch_halt(void);
