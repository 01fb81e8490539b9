// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

#pragma once

// Physical page of the trampoline: below 1 MiB, page aligned, kept from the page allocator.
#define SMP_TRAMPOLINE 0x8000ul

__attribute__((noreturn)) void smp_cpu_entry(void);
