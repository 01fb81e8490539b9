// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// What user page tables take over from the kernel's: the used entries of its top-level table, fixed
// since boot.

#pragma once

enum { MMU_KERNEL_SLOTS_MAX = 8 };

extern unsigned mmu_kernel_slots[MMU_KERNEL_SLOTS_MAX];
extern unsigned mmu_kernel_slot_count;
