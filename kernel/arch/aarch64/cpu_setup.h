// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// System registers of one CPU.

#pragma once

#include "kernel/arch/arch.h"

// First thing on every CPU: vectors, traps, protections. `stack`: top of its kernel stack.
void cpu_setup(unsigned index, uint64_t stack);
