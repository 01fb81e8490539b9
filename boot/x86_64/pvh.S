/* SPDX-License-Identifier: MIT */
/* SPDX-FileCopyrightText: 2026 The XINIM authors */

/* PVH entry (Xen "x86/HVM direct boot ABI"): 32-bit protected mode, paging off, flat segments,
   interrupts off, EBX = physical address of hvm_start_info. Builds temporary page tables that map
   the first 4 GiB identically, at DIRECT_MAP_BASE and (the first GiB) at KERNEL_BASE, and goes to
   kernel_entry_64 in long mode. */

#define XEN_ELFNOTE_PHYS32_ENTRY 18

#define CR0_PE     (1 << 0)
#define CR0_MP     (1 << 1)
#define CR0_WP     (1 << 16)
#define CR0_PG     (1 << 31)
#define CR4_PAE    (1 << 5)
#define CR4_PGE    (1 << 7)
#define MSR_EFER   0xc0000080
#define EFER_LME   (1 << 8)
#define EFER_NXE   (1 << 11)
#define CPUID_LM   (1 << 29)
#define CPUID_NX   (1 << 20)

#define TABLE_RW   0x003
#define LARGE_RW   0x083
#define COM1       0x3f8
#define DEBUG_EXIT 0xf4     /* QEMU: isa-debug-exit */

    .section .note.pvh, "a", @note
    .balign 4
    .long 4
    .long 4
    .long XEN_ELFNOTE_PHYS32_ENTRY
    .asciz "Xen"
    .balign 4
    .long pvh_entry

    .section .boot.text, "ax"
    .code32
    .global pvh_entry
pvh_entry:
    cld
    movl %ebx, %esi
    movl $0x80000000, %eax
    cpuid
    cmpl $0x80000001, %eax
    jb no_long_mode
    movl $0x80000001, %eax
    cpuid
    testl $CPUID_LM, %edx
    jz no_long_mode
    testl $CPUID_NX, %edx
    jz no_long_mode

    /* Four page directories: 2048 entries of 2 MiB. */
    movl $boot_directories, %edi
    movl $LARGE_RW, %eax
    xorl %edx, %edx
    movl $2048, %ecx
1:  movl %eax, (%edi)
    movl %edx, 4(%edi)
    addl $0x200000, %eax
    adcl $0, %edx
    addl $8, %edi
    loop 1b

    movl $(boot_directories + TABLE_RW), %eax
    movl $boot_pointers, %edi
    movl %eax, (%edi)
    addl $0x1000, %eax
    movl %eax, 8(%edi)
    addl $0x1000, %eax
    movl %eax, 16(%edi)
    addl $0x1000, %eax
    movl %eax, 24(%edi)
    movl $(boot_directories + TABLE_RW), boot_pointers_high + 510 * 8

    movl $(boot_pointers + TABLE_RW), boot_root
    movl $(boot_pointers + TABLE_RW), boot_root + 256 * 8
    movl $(boot_pointers_high + TABLE_RW), boot_root + 511 * 8

    .global boot_enable_long_mode
    movl $boot_root, %eax
    movl %eax, %cr3
    movl %cr4, %eax
    orl $(CR4_PAE | CR4_PGE), %eax
    movl %eax, %cr4
    movl $MSR_EFER, %ecx
    rdmsr
    orl $(EFER_LME | EFER_NXE), %eax
    wrmsr
    movl %cr0, %eax
    orl $(CR0_PG | CR0_WP | CR0_PE | CR0_MP), %eax
    movl %eax, %cr0
    lgdt boot_gdt_pointer
    ljmpl $0x08, $long_mode

no_long_mode:
    movl $no_long_mode_text, %esi
2:  movw $(COM1 + 5), %dx
3:  inb %dx, %al
    testb $0x20, %al
    jz 3b
    movw $COM1, %dx
    lodsb
    testb %al, %al
    jz 4f
    outb %al, %dx
    jmp 2b
4:  movw $DEBUG_EXIT, %dx /* as a panic ends */
    movl $0x7f, %eax
    outl %eax, %dx
5:  cli
    hlt
    jmp 5b

    .code64
long_mode:
    movw $0x10, %ax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %ss
    xorl %eax, %eax
    movw %ax, %fs
    movw %ax, %gs
    movabsq $kernel_entry_64, %rax
    movl %esi, %edi
    jmp *%rax

    .section .boot.data, "aw"
no_long_mode_text:
    .asciz "XINIM: this processor lacks 64-bit mode with NX; run QEMU with -cpu max or qemu64\r\n"
    .balign 8
boot_gdt:
    .quad 0
    .quad 0x00af9a000000ffff    /* 64-bit code */
    .quad 0x00cf92000000ffff    /* data */
boot_gdt_pointer:
    .word 3 * 8 - 1
    .long boot_gdt

    .section .boot.tables, "aw"
    .balign 4096
    .global boot_root
boot_root:
    .skip 4096
boot_pointers:
    .skip 4096
boot_pointers_high:
    .skip 4096
boot_directories:
    .skip 4 * 4096
