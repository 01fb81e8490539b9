// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

#pragma once

#include "abi/types.h"

uint64_t smp_own_id(void); // affinity fields of MPIDR_EL1
__attribute__((noreturn)) void smp_cpu_entry(void);
