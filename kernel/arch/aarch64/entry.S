/* SPDX-License-Identifier: MIT */
/* SPDX-FileCopyrightText: 2026 The XINIM authors */

/* Ways into and out of the kernel.

   The kernel has one stack a CPU and never sleeps on it. While user code runs SP_EL1 points to the
   running thread's frame (struct cpu.frame; for a guest its guest_state page), so entry saves the
   registers straight there and only then goes to the CPU's stack. Each C handler returns the frame
   to resume, which may be another thread's. Layouts: struct cpu (kernel/core/cpu.h) and struct
   frame (frame.h); static asserts stand in cpu_setup.c. */

#define CPU_STACK   8
#define CPU_HANDLER 32

#define FRAME_X30    240
#define FRAME_PC     256
#define FRAME_PSTATE 264

/* What user code may choose of its PSTATE: N Z C V. Zero elsewhere: EL0, AArch64, no mask. */
#define PSTATE_USER 0xf0000000

#define CLASS_SVC 0x15

/* In the kernel: x0 - x30, sp, pc, pstate, esr, far. */
#define KERNEL_FRAME_BYTES 288

    .text

    /* x0 to x29, at the stack pointer. */
    .macro EACH_PAIR instruction
    \instruction x0, x1, [sp]
    \instruction x2, x3, [sp, #16]
    \instruction x4, x5, [sp, #32]
    \instruction x6, x7, [sp, #48]
    \instruction x8, x9, [sp, #64]
    \instruction x10, x11, [sp, #80]
    \instruction x12, x13, [sp, #96]
    \instruction x14, x15, [sp, #112]
    \instruction x16, x17, [sp, #128]
    \instruction x18, x19, [sp, #144]
    \instruction x20, x21, [sp, #160]
    \instruction x22, x23, [sp, #176]
    \instruction x24, x25, [sp, #192]
    \instruction x26, x27, [sp, #208]
    \instruction x28, x29, [sp, #224]
    .endm

    .macro SAVE_USER
    EACH_PAIR stp
    mrs x1, sp_el0
    mrs x2, elr_el1
    mrs x3, spsr_el1
    mrs x4, tpidr_el0
    stp x30, x1, [sp, #FRAME_X30]
    stp x2, x3, [sp, #FRAME_PC]
    str x4, [sp, #FRAME_PSTATE + 8]
    mov x0, sp
    mrs x5, tpidr_el1
    ldr x6, [x5, #CPU_STACK]
    mov sp, x6
    mov x29, xzr
    .endm

    .balign 64
user_sync:
    SAVE_USER
    mrs x1, esr_el1
    lsr x2, x1, #26
    cmp x2, #CLASS_SVC
    b.ne 1f
    ldr x2, [x5, #CPU_HANDLER]
    blr x2

    /* x0: frame to resume, which may change under our hands: what goes into SPSR_EL1 is masked in
       the register. Any program counter will do: a bad one faults at EL0. */
    .global resume_user
resume_user:
    mov sp, x0
    ldp x30, x1, [sp, #FRAME_X30]
    ldp x2, x3, [sp, #FRAME_PC]
    ldr x4, [sp, #FRAME_PSTATE + 8]
    and x3, x3, #PSTATE_USER
    msr sp_el0, x1
    msr elr_el1, x2
    msr spsr_el1, x3
    msr tpidr_el0, x4
    EACH_PAIR ldp
    eret

1:  mrs x0, far_el1
    bl trap_from_user
    b resume_user

    .balign 64
user_interrupt:
    SAVE_USER
    bl interrupt_from_user
    b resume_user

    .balign 64
user_error:
    SAVE_USER
    mrs x0, esr_el1
    bl trap_system_error
1:  b 1b

    .macro SAVE_KERNEL
    sub sp, sp, #KERNEL_FRAME_BYTES
    EACH_PAIR stp
    add x1, sp, #KERNEL_FRAME_BYTES
    mrs x2, elr_el1
    mrs x3, spsr_el1
    mrs x4, esr_el1
    mrs x5, far_el1
    stp x30, x1, [sp, #240]
    stp x2, x3, [sp, #256]
    stp x4, x5, [sp, #272]
    mov x0, sp
    .endm

    .macro RESTORE_KERNEL
    ldp x2, x3, [sp, #256]
    msr elr_el1, x2
    msr spsr_el1, x3
    ldr x30, [sp, #240]
    EACH_PAIR ldp
    add sp, sp, #KERNEL_FRAME_BYTES
    eret
    .endm

    /* In the kernel only the idle loop takes interrupts; anything else is a bug and ends in panic,
       but for the debug exit's instruction on a machine without it (trap_from_kernel). */
    .balign 64
kernel_sync:
    SAVE_KERNEL
    bl trap_from_kernel
    RESTORE_KERNEL

    .balign 64
kernel_interrupt:
    SAVE_KERNEL
    bl interrupt_from_kernel
    RESTORE_KERNEL

    .balign 64
kernel_error:
    SAVE_KERNEL
    mrs x0, esr_el1
    bl trap_system_error
1:  b 1b

    /* semihosting_call(x0 operation, x1 block): an undefined instruction where there is none. */
    .global semihosting_call, semihosting_instruction
semihosting_call:
semihosting_instruction:
    hlt #0xf000
    ret

    .macro VECTOR target
    .balign 128
    b \target
    .endm

    .balign 2048
    .global exception_vectors
exception_vectors:
    VECTOR kernel_sync          /* with SP_EL0: never */
    VECTOR kernel_error
    VECTOR kernel_error
    VECTOR kernel_error
    VECTOR kernel_sync
    VECTOR kernel_interrupt
    VECTOR kernel_error
    VECTOR kernel_error
    VECTOR user_sync
    VECTOR user_interrupt
    VECTOR user_error           /* FIQ: none is ever enabled */
    VECTOR user_error
    VECTOR user_error           /* AArch32: never */
    VECTOR user_error
    VECTOR user_error
    VECTOR user_error

    /* From image.S on the boot CPU; x0: device tree, x1: where the image lies. */
    .global kernel_entry
kernel_entry:
    ldr x2, =kernel_file_end
    ldr x3, =kernel_bss_end
1:  stp xzr, xzr, [x2], #16
    cmp x2, x3
    b.lo 1b
    ldr x2, =boot_stack_top
    mov sp, x2
    mov x29, xzr
    mov x30, xzr
    bl arch_boot
2:  b 2b

    /* From image.S on a further CPU, one at a time. */
    .global kernel_entry_secondary
kernel_entry_secondary:
    ldr x2, =smp_stack
    ldr x2, [x2]
    mov sp, x2
    mov x29, xzr
    mov x30, xzr
    bl smp_cpu_entry
3:  b 3b
    .ltorg

    .section .bss
    .balign 4096
    .skip 16384
    .global boot_stack_top
boot_stack_top:
