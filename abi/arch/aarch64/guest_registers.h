// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// aarch64 general registers of a guest, in the order the kernel's entry code saves them.

#pragma once

#include "abi/types.h"

struct guest_registers {
    uint64_t x[31];
    uint64_t sp, pc, pstate;
    uint64_t tpidr;   // TPIDR_EL0, the thread pointer
    uint64_t orig_x0; // GUEST_EXIT_SYSCALL: the call's first argument, which its result overwrites
    uint64_t syscall; // GUEST_EXIT_SYSCALL: the call's number (x8)
};

_Static_assert(sizeof(struct guest_registers) == 37 * 8, "entry.S saves in this order");
