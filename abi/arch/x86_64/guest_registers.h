// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// x86_64 general registers of a guest, in the order the kernel's entry code saves them.

#pragma once

#include "abi/types.h"

struct guest_registers {
    uint64_t r15, r14, r13, r12, r11, rbp;
    uint64_t rdi, rsi, rdx, r10, r8, r9; // a system call's arguments, in their order
    uint64_t rcx, rbx, rax;
    uint64_t rip, rflags, rsp;
    uint64_t fs_base, gs_base;
    uint64_t orig_rax; // GUEST_EXIT_SYSCALL: the call's number
};

_Static_assert(offsetof(struct guest_registers, rdi) == 6 * 8, "entry.S saves in this order");
_Static_assert(offsetof(struct guest_registers, r9) == 11 * 8, "entry.S saves in this order");
_Static_assert(offsetof(struct guest_registers, rax) == 14 * 8, "entry.S saves in this order");
_Static_assert(offsetof(struct guest_registers, rip) == 15 * 8, "entry.S saves in this order");
_Static_assert(sizeof(struct guest_registers) == 21 * 8, "entry.S saves in this order");
