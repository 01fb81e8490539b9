// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// A guest's extended state as guest_fpu gets and sets it on aarch64: the records that a Linux
// signal frame holds (Linux 6.1 uapi: asm/sigcontext.h, fpsimd_context and sve_context). A struct
// guest_fpu; then, where the CPU has SVE, a struct guest_sve. Once the guest has used SVE its
// registers belong to that record: Z0 - Z31 of `vector_bytes` each, then P0 - P15 and FFR of an
// eighth of that, then zeros up to a multiple of 16 bytes. The low 128 bits of Z0 - Z31 are those
// of `v`; what the second record says of them is not read. SME is kept closed and hidden from the
// ID registers.

#pragma once

#include "abi/types.h"

enum { GUEST_FPU_MAGIC = 0x46508001, GUEST_SVE_MAGIC = 0x53564501 };

struct guest_fpu {
    uint32_t magic; // GUEST_FPU_MAGIC
    uint32_t bytes; // of the record
    uint32_t fpsr, fpcr;
    uint64_t v[32][2]; // low half first
};

struct guest_sve {
    uint32_t magic; // GUEST_SVE_MAGIC
    uint32_t bytes; // of the record with its registers; sizeof(struct guest_sve): it has none
    uint16_t vector_bytes;
    uint16_t zero[3];
};

_Static_assert(sizeof(struct guest_sve) == 16, "Linux ABI");
_Static_assert(offsetof(struct guest_sve, vector_bytes) == 8, "Linux ABI");
_Static_assert(sizeof(struct guest_fpu) == 528, "Linux ABI");
_Static_assert(offsetof(struct guest_fpu, v) == 16, "Linux ABI");
