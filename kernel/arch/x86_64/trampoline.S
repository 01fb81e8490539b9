/* SPDX-License-Identifier: MIT */
/* SPDX-FileCopyrightText: 2026 The XINIM authors */

/* Where a further CPU starts after the start-up IPI: real mode, at the page TRAMPOLINE (copied
   there by smp.c), to long mode on the temporary tables of pvh.S, then smp_cpu_entry on the stack
   that smp.c left in smp_stack. */

#define TRAMPOLINE 0x8000
#define AT(symbol) (TRAMPOLINE + (symbol) - trampoline_start)
#define MSR_EFER   0xc0000080

    .section .rodata
    .global trampoline_start, trampoline_end
    .code16
trampoline_start:
    cli
    cld
    xorw %ax, %ax
    movw %ax, %ds
    lgdtl AT(trampoline_gdt_pointer)
    movl %cr0, %eax
    orl $1, %eax
    movl %eax, %cr0
    ljmpl $0x18, $AT(trampoline_32)

    .code32
trampoline_32:
    movw $0x10, %ax
    movw %ax, %ds
    movw %ax, %ss
    movl $boot_root, %eax
    movl %eax, %cr3
    movl %cr4, %eax
    orl $0xa0, %eax         /* PAE, PGE */
    movl %eax, %cr4
    movl $MSR_EFER, %ecx
    rdmsr
    orl $0x900, %eax        /* LME, NXE */
    wrmsr
    movl %cr0, %eax
    orl $0x80010003, %eax   /* PG, WP, MP, PE */
    movl %eax, %cr0
    ljmpl $0x08, $AT(trampoline_64)

    .code64
trampoline_64:
    movw $0x10, %ax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %ss
    movabsq $smp_stack, %rax
    movq (%rax), %rsp
    xorl %ebp, %ebp
    movabsq $smp_cpu_entry, %rax
    jmp *%rax

    .balign 8
trampoline_gdt:
    .quad 0
    .quad 0x00af9a000000ffff    /* 64-bit code */
    .quad 0x00cf92000000ffff    /* data */
    .quad 0x00cf9a000000ffff    /* 32-bit code */
trampoline_gdt_pointer:
    .word 4 * 8 - 1
    .long AT(trampoline_gdt)
trampoline_end:
