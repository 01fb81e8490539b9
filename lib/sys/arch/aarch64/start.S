// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Entry points of native threads. A thread starts with its stack pointer just below the
// thread-local bytes (abi/startup.h) and arguments in x0, x1. A zero frame pointer and return
// address end backtraces.

    .text

    .globl _start
    .type _start, %function
_start:                         // x0: struct startup *
    mov     x29, xzr
    mov     x30, xzr
    bl      start_process       // does not return
    brk     #0
    .size _start, . - _start

    .globl thread_entry
    .type thread_entry, %function
thread_entry:                   // x0: function, x1: its argument
    mov     x29, xzr
    mov     x30, xzr
    bl      thread_run          // does not return
    brk     #0
    .size thread_entry, . - thread_entry

// thread_leave(word, mask): gives the running thread's stack back (*word &= mask) and ends the
// thread. Once the stack is given back another thread may start on it, so nothing from there on may
// use it: hence assembly. The store releases: what this thread did on the stack comes before.
    .globl thread_leave
    .type thread_leave, %function
thread_leave:
    ldxr    x2, [x0]
    and     x2, x2, x1
    stlxr   w3, x2, [x0]
    cbnz    w3, thread_leave
    mov     x8, #27             // SYS_THREAD_EXIT
    svc     #0
    brk     #0
    .size thread_leave, . - thread_leave

    .section .note.GNU-stack, "", %progbits
