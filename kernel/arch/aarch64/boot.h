// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

#pragma once

#include "abi/types.h"

// First C function, from entry.S: physical addresses of device tree and image; never returns.
void arch_boot(uint64_t tree, uint64_t image);
