// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

#pragma once

#include "kernel/arch/arch.h"

// After mmu_init_kernel: the PL011's registers, from the device tree; 0: there is none.
void console_map(uint64_t physical);
