// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Where a signal handler returns to: rt_sigreturn. It is the vDSO's entry point, which is how the
// posix server finds it. The unwind information says that the caller's frame pointer and return
// address lie where x29 points; the nop before belongs to it, as unwinders look up the address
// before a return address.

    .text
    .cfi_startproc
    .cfi_signal_frame
    .cfi_def_cfa x29, 0
    .cfi_offset x29, 0
    .cfi_offset x30, 8
    nop
    .globl __kernel_rt_sigreturn
    .type __kernel_rt_sigreturn, %function
__kernel_rt_sigreturn:
    mov     x8, #139
    svc     #0
    .cfi_endproc
    .size __kernel_rt_sigreturn, . - __kernel_rt_sigreturn

    .section .note.GNU-stack, "", %progbits
