// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The signal frame of x86_64 as programs see it (Linux 6.1: asm/sigcontext.h, asm/ucontext.h;
// System V ABI 3.4.1).

#pragma once

#include "servers/posix/signal.h"

struct frame_context { // struct sigcontext
    uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
    uint64_t rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip, rflags;
    uint16_t cs, gs, fs, ss;
    uint64_t error, trap, old_mask, cr2;
    uint64_t fpu_state; // address of the extended state, 0: none
    uint64_t reserved[8];
};

struct frame_stack { // stack_t
    uint64_t address;
    int32_t flags;
    uint32_t pad;
    uint64_t bytes;
};

struct frame_ucontext {
    uint64_t flags;
    uint64_t link;
    struct frame_stack stack;
    struct frame_context context;
    signal_set_t mask;
};

struct signal_frame {
    uint64_t restorer; // return address of the handler
    struct frame_ucontext ucontext;
    struct siginfo_linux info;
};

_Static_assert(sizeof(struct frame_context) == 256, "struct sigcontext");
_Static_assert(offsetof(struct frame_context, fpu_state) == 184, "struct sigcontext");
_Static_assert(offsetof(struct frame_ucontext, mask) == 296, "struct ucontext");
_Static_assert(sizeof(struct signal_frame) == 8 + 304 + 128, "struct rt_sigframe");

enum frame_ucontext_flag { UC_FP_XSTATE = 1, UC_SIGCONTEXT_SS = 2, UC_STRICT_RESTORE_SS = 4 };

// In the legacy area's software bytes: tells that a whole XSAVE area follows, and how long it is.
struct frame_fpu_note { // struct _fpx_sw_bytes
    uint32_t magic1;
    uint32_t extended_size; // with magic2
    uint64_t features;
    uint32_t xstate_size;
    uint32_t padding[7];
};
_Static_assert(sizeof(struct frame_fpu_note) == 48, "struct _fpx_sw_bytes");

enum {
    FPU_LEGACY_BYTES = 512,
    FPU_HEADER_BYTES =
        64, // XSAVE header after the legacy area: its first word says which parts are there
    FPU_NOTE_OFFSET = 464,
    FPU_MAGIC1 = 0x46505853,
    FPU_MAGIC2 = 0x46505845,
    FPU_ALIGN = 64,
    FRAME_RED_ZONE = 128,
    FRAME_USER_CS = 0x33,
    FRAME_USER_SS = 0x2b,
};

// Flags that a program may set for itself: CF PF AF ZF SF TF DF OF RF AC.
#define FRAME_RFLAGS 0x50dd5ull
