// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The code that every program finds mapped (AT_SYSINFO_EHDR): clocks without a system call.

#pragma once

#include <stdint.h>

struct mm;

// Puts image and parameter page into memory objects. E_NOMEM ...
int vdso_init(void);
// Maps both into a new program's space and sets mm->vdso. E_NOMEM.
int vdso_map(struct mm *mm);
// Where the image's signal return trampoline is, in bytes from its start (mm->vdso); 0 on
// processors whose programs bring their own.
uint64_t vdso_signal_return(void);
