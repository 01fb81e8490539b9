// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Entry points of native threads. A thread starts with its stack pointer just below the
// thread-local bytes (abi/startup.h) and arguments in rdi, rsi. A zero frame pointer ends
// backtraces.

    .text

    .globl _start
    .type _start, @function
_start:                         // rdi: struct startup *
    xorl    %ebp, %ebp
    andq    $-16, %rsp
    call    start_process       // does not return
    ud2
    .size _start, . - _start

    .globl thread_entry
    .type thread_entry, @function
thread_entry:                   // rdi: function, rsi: its argument
    xorl    %ebp, %ebp
    andq    $-16, %rsp
    call    thread_run          // does not return
    ud2
    .size thread_entry, . - thread_entry

// thread_leave(word, mask): gives the running thread's stack back (*word &= mask) and ends the
// thread. Once the stack is given back another thread may start on it, so nothing from there on may
// use it: hence assembly.
    .globl thread_leave
    .type thread_leave, @function
thread_leave:
    lock andq %rsi, (%rdi)
    movl    $27, %eax           // SYS_THREAD_EXIT
    syscall
    ud2
    .size thread_leave, . - thread_leave

    .section .note.GNU-stack, "", @progbits
