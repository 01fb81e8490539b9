// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Power State Coordination Interface (Arm DEN 0022, version 0.2 and later; calling convention Arm
// DEN 0028).

#pragma once

#include "abi/types.h"

#define PSCI_SYSTEM_OFF   0x84000008u
#define PSCI_SYSTEM_RESET 0x84000009u
#define PSCI_CPU_ON       0xc4000003u

enum psci_method { PSCI_NONE, PSCI_HVC, PSCI_SMC };

// The firmware's answer, negative: an error. Without a method, -1.
int64_t psci_call(uint32_t function, uint64_t a, uint64_t b, uint64_t c);
