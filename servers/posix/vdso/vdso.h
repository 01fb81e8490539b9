// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The code that every program finds mapped (AT_SYSINFO_EHDR): clocks without a system call.

#pragma once

struct mm;

// Puts image and parameter page into memory objects. E_NOMEM ...
int vdso_init(void);
// Maps both into a new program's space and sets mm->vdso. E_NOMEM.
int vdso_map(struct mm *mm);
