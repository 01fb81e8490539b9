/* SPDX-License-Identifier: MIT */
/* SPDX-FileCopyrightText: 2026 The XINIM authors */

/* Ways into and out of the kernel.

   The kernel has one stack a CPU and never sleeps on it: user registers are saved straight into the
   running thread's frame (struct cpu.frame; for a guest its guest_state page), and each C handler
   returns the frame to resume, which may be another thread's. Layouts: struct cpu
   (kernel/core/cpu.h) and struct frame (frame.h); static asserts stand in cpu_setup.c. */

#define CPU_STACK   8
#define CPU_SCRATCH 16
#define CPU_FRAME   24
#define CPU_HANDLER 32

#define FRAME_R11 32
#define FRAME_RCX 96
#define FRAME_RAX 112
#define FRAME_RIP 120
#define FRAME_RFLAGS 128
#define FRAME_RSP 136
#define FRAME_BYTES 144

#define USER_CS 0x23
#define USER_SS 0x1b
#define MSR_GS_BASE 0xc0000101

/* CF PF AF ZF SF TF DF OF AC ID may be the user's; IF and bit 1 are always set, IOPL, NT, VM
   never. */
#define RFLAGS_USER  0x240dd5
#define RFLAGS_FIXED 0x202

    .text

    /* The general registers, in the order of their slots in the frame at rax, but for rax. */
    .macro EACH_SLOT operation
    .set slot, 0
    .irp register, r15, r14, r13, r12, r11, rbp, rdi, rsi, rdx, r10, r8, r9, rcx, rbx
    \operation \register
    .set slot, slot + 8
    .endr
    .endm

    .macro SAVE register
    movq %\register, slot(%rax)
    .endm

    .macro LOAD register
    movq slot(%rax), %\register
    .endm

    .macro EACH instruction, registers:vararg
    .irp register, \registers
    \instruction %\register
    .endr
    .endm

    /* Reached by SYSCALL from user mode; interrupts are off and DF is clear (SFMASK). The frame is
       saved by pushing from its end. */
    .global syscall_entry
    .balign 16
syscall_entry:
    swapgs
    movq %rsp, %gs:CPU_SCRATCH
    movq %gs:CPU_FRAME, %rsp
    addq $FRAME_BYTES, %rsp
    pushq %gs:CPU_SCRATCH
    EACH pushq, r11, rcx, rax, rbx, rcx, r9, r8, r10, rdx, rsi, rdi, rbp, r11, r12, r13, r14, r15
    movq %rsp, %rdi
    movq %gs:CPU_STACK, %rsp
    xorl %ebp, %ebp
    call *%gs:CPU_HANDLER

    /* rax: frame to resume. SYSRET restores neither rcx nor r11, so it serves where they equal rip
       and rflags, as they do after SYSCALL; everything else goes by IRET. rip is loaded once,
       checked, and used from the register. */
    .global resume_user
resume_user:
    movq FRAME_RIP(%rax), %rcx
    movq FRAME_RFLAGS(%rax), %r11
    cmpq FRAME_RCX(%rax), %rcx
    jne resume_by_iret
    cmpq FRAME_R11(%rax), %r11
    jne resume_by_iret
    movq %rcx, %rdx
    shrq $47, %rdx
    jnz resume_by_iret
    andl $RFLAGS_USER, %r11d
    orl $RFLAGS_FIXED, %r11d
    movq %rax, %rsp
    /* rbp and rbx twice: the slots of r11 and rcx, overwritten at once. */
    EACH popq, r15, r14, r13, r12, rbp, rbp, rdi, rsi, rdx, r10, r8, r9, rbx, rbx, rax
    movq 16(%rsp), %rsp
    swapgs
    sysretq

resume_by_iret:
    movq %gs:CPU_STACK, %rsp
    movq %rcx, %rdx
    shrq $47, %rdx
    jz 1f
    xorl %ecx, %ecx         /* not a user address: fault at 0 in user mode rather than here */
1:  andl $RFLAGS_USER, %r11d
    orl $RFLAGS_FIXED, %r11d
    pushq $USER_SS
    pushq FRAME_RSP(%rax)
    pushq %r11
    pushq $USER_CS
    pushq %rcx
    EACH_SLOT LOAD
    movq FRAME_RAX(%rax), %rax
    swapgs
    iretq

    /* Exceptions and interrupts. Each stub leaves: vector, error code, rip, cs, rflags, rsp, ss. */
trap_common:
    testb $3, 24(%rsp)
    jz trap_in_kernel
    swapgs
    pushq %rax
    movq %gs:CPU_FRAME, %rax
    EACH_SLOT SAVE
    popq FRAME_RAX(%rax)
    movq 16(%rsp), %rcx
    movq %rcx, FRAME_RIP(%rax)
    movq 32(%rsp), %rcx
    movq %rcx, FRAME_RFLAGS(%rax)
    movq 40(%rsp), %rcx
    movq %rcx, FRAME_RSP(%rax)
    movq (%rsp), %rdi
    movq 8(%rsp), %rsi
    movq %gs:CPU_STACK, %rsp
    /* The user's AC would switch SMAP off in here, its DF turn string instructions round. */
    pushq $2
    popfq
    xorl %ebp, %ebp
    call trap_from_user
    jmp resume_user

    /* In the kernel only the idle loop takes interrupts; anything else is a bug and ends in
       panic. */
trap_in_kernel:
    EACH pushq, rax, rbx, rcx, rdx, rsi, rdi, rbp, r8, r9, r10, r11, r12, r13, r14, r15
    movq %rsp, %rdi
    cld
    call trap_from_kernel
    EACH popq, r15, r14, r13, r12, r11, r10, r9, r8, rbp, rdi, rsi, rdx, rcx, rbx, rax
    addq $16, %rsp
    iretq

    /* NMI, double fault, machine check: on stacks of their own (IST), whatever GS is; they only end
       in panic. */
trap_fatal_entry:
    movl $MSR_GS_BASE, %ecx
    rdmsr
    testl %edx, %edx
    js 1f
    swapgs
1:  subq $120, %rsp
    movq %rsp, %rdi
    call trap_from_kernel
2:  hlt
    jmp 2b

    .macro STUB vector
    .balign 16
trap_stub_\vector:
    .if \vector == 8 || (\vector >= 10 && \vector <= 14) || \vector == 17 || \vector == 21 || \
        \vector == 29 || \vector == 30
    .else
    pushq $0
    .endif
    pushq $\vector
    .if \vector == 2 || \vector == 8 || \vector == 18
    jmp trap_fatal_entry
    .else
    jmp trap_common
    .endif
    .endm

    .altmacro
    .macro STUB_NUMBERED number
    STUB \number
    .endm
    .set i, 0
    .rept 256
    STUB_NUMBERED %i
    .set i, i + 1
    .endr

    .section .rodata
    .global trap_stubs
    .balign 8
    .macro STUB_ADDRESS number
    .quad trap_stub_\number
    .endm
trap_stubs:
    .set i, 0
    .rept 256
    STUB_ADDRESS %i
    .set i, i + 1
    .endr

    /* First instructions in long mode on the boot processor; rdi: what the loader passed. */
    .text
    .global kernel_entry_64
kernel_entry_64:
    leaq boot_stack_top(%rip), %rsp
    xorl %ebp, %ebp
    call arch_boot
1:  hlt
    jmp 1b

    .section .bss
    .balign 4096
    .skip 16384
    .global boot_stack_top
boot_stack_top:
