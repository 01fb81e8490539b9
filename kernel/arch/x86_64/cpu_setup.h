// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Descriptor tables, system-call and control registers of one CPU.

#pragma once

#include "kernel/arch/arch.h"

// Checks that the CPU has what the kernel needs: one clear line if not. Boot CPU.
void cpu_check_features(void);

// First thing on every CPU: GDT, TSS, IDT, GS base, SYSCALL, SMEP/SMAP. `stack`: top of its kernel
// stack.
void cpu_setup(unsigned index, uint64_t stack);
