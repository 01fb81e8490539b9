// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// INFO_PROCESSOR on aarch64: identification registers, which only EL1 may read (Arm ARM, D17.2).
// Fields of what this system does not let programs use read as the architecture's "not
// implemented".

#pragma once

#include "abi/types.h"

struct info_processor {
    uint64_t midr;         // MIDR_EL1
    uint64_t isar0, isar1; // ID_AA64ISAR0_EL1, ID_AA64ISAR1_EL1
    uint64_t pfr0, pfr1;   // ID_AA64PFR0_EL1, ID_AA64PFR1_EL1
    uint64_t mmfr2;        // ID_AA64MMFR2_EL1
    uint64_t zfr0;         // ID_AA64ZFR0_EL1
    uint64_t vector_bytes; // of SVE's Z registers, as set up; 0: no SVE
};

_Static_assert(sizeof(struct info_processor) == 8 * 8, "filled by the kernel");
