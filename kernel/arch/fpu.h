// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Extended register state of guests (x86: XSAVE, else FXSAVE; ARM: FP/SIMD, SVE). Images are in the
// layout Linux's signal frames use. Native code and the kernel never touch these registers: they
// are closed while anyone else than their guest, or the thread that just left it, runs.

#pragma once

#include "abi/types.h"

void fpu_init_cpu(void);                   // every CPU
size_t fpu_image_bytes(const void *state); // of the image it makes; a state has room for any

void *fpu_allocate(void); // a fresh process's state; NULL: no memory
void fpu_free(void *state);
void fpu_reset(void *state);
void fpu_copy(void *to, const void *from);

void fpu_open(void);  // from here on the registers may be used,
void fpu_close(void); // from here on using them is an exception (so on every CPU at first)

// With the registers open.
void fpu_save(void *state);          // registers -> memory
void fpu_restore(const void *state); // memory -> registers

// From an untrusted image of `bytes` bytes. -E_INVAL: it would not load.
int fpu_load_checked(void *state, const void *image, size_t bytes);
