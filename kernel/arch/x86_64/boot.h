// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

#pragma once

#include "abi/types.h"

// First C function, from entry.S, with the physical address of hvm_start_info; never returns.
void arch_boot(uint64_t start_info);
