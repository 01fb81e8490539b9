// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// What aarch64's extended state has beside kernel/arch/fpu.h.

#pragma once

#include "abi/types.h"

// Of a Z register, on every CPU, constant after boot; 0: no SVE.
extern uint32_t fpu_vector_bytes;

// The guest whose live state this is has met SVE for the first time: from now on it has that, too.
void fpu_widen(void *state);
