// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// A guest's extended state as guest_fpu gets and sets it on aarch64: the record that a Linux signal
// frame holds (Linux 6.1 uapi: asm/sigcontext.h, fpsimd_context). SVE and SME are kept closed and
// hidden from the ID registers, so there is nothing else.

#pragma once

#include "abi/types.h"

enum { GUEST_FPU_MAGIC = 0x46508001 };

struct guest_fpu {
    uint32_t magic; // GUEST_FPU_MAGIC
    uint32_t bytes; // of the record
    uint32_t fpsr, fpcr;
    uint64_t v[32][2]; // low half first
};

_Static_assert(sizeof(struct guest_fpu) == 528, "Linux ABI");
_Static_assert(offsetof(struct guest_fpu, v) == 16, "Linux ABI");
