// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// x86_64 general registers of a guest, in the order the kernel's entry code saves them.

#pragma once

#include "abi/types.h"

struct guest_registers {
    uint64_t r15, r14, r13, r12, r11, r10, r9, r8;
    uint64_t rbp, rdi, rsi, rdx, rcx, rbx, rax;
    uint64_t rip, rflags, rsp;
    uint64_t fs_base, gs_base;
    uint64_t orig_rax; // GUEST_EXIT_SYSCALL: the call's number
};

_Static_assert(offsetof(struct guest_registers, rax) == 14 * 8, "entry.S saves in this order");
_Static_assert(offsetof(struct guest_registers, rip) == 15 * 8, "entry.S saves in this order");
_Static_assert(sizeof(struct guest_registers) == 21 * 8, "entry.S saves in this order");
