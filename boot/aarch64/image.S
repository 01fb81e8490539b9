/* SPDX-License-Identifier: MIT */
/* SPDX-FileCopyrightText: 2026 The XINIM authors */

/* Entry by the Linux boot protocol for arm64 (Linux documentation, arm64/booting): MMU off, x0 =
   physical address of the device tree, at EL1 or EL2, interrupts off. Drops to EL1, builds
   temporary page tables and goes to kernel_entry at KERNEL_BASE. Further CPUs, started by PSCI,
   come the same way through image_secondary.

   Temporary tables, all of normal memory: the gibibyte of the image at its physical address
   (TTBR0), and in TTBR1 the direct map of BOOT_MAP_GIB from that gibibyte on, the image at
   KERNEL_BASE, and at DEVICE_MAP_BASE the first gibibyte as device memory, where virt has its
   UART. */

#define BOOT_MAP_GIB 128

#define HEADER_MAGIC 0x644d5241         /* "ARM\x64" */
#define HEADER_FLAGS 0xa                /* little-endian, 4 KiB pages, anywhere in memory */

#define BLOCK_NORMAL  0x0040000000000709 /* UXN; AF, inner shareable, attributes 2, block */
#define BLOCK_DATA    0x0060000000000709 /* and PXN */
#define BLOCK_DEVICE  0x0060000000000401 /* attributes 0 */
#define TABLE         3

#define MAIR   0xff4404
#define TCR    0xb5103510   /* 48-bit halves, 4 KiB granules, write-back inner-shareable walks */
#define SCTLR_OFF 0x30d00800
#define SCTLR_ON  0x30d01805 /* and M, C, I */

#define HCR_RW      (1 << 31)
#define SPSR_EL1H   0x3c5

    .section .boot.text, "ax"
    .global image_header
image_header:
    b image_primary
    .long 0
    .quad 0                     /* offset from a 2 MiB boundary */
    .quad kernel_image_bytes
    .quad HEADER_FLAGS
    .quad 0, 0, 0
    .long HEADER_MAGIC
    .long 0

image_primary:
    mov x20, x0
    bl to_el1
    bl build_tables
    ldr x21, =kernel_entry
    b enable_mmu

    .global image_secondary
image_secondary:
    mov x20, x0
    bl to_el1
    ldr x21, =kernel_entry_secondary
    b enable_mmu

    /* Returns at EL1 with MMU and caches off. Changes x0, x1. */
to_el1:
    mrs x0, CurrentEL
    cmp x0, #(2 << 2)
    b.eq 1f
    ldr x0, =SCTLR_OFF
    msr sctlr_el1, x0
    isb
    ret
1:  ldr x0, =HCR_RW
    msr hcr_el2, x0
    isb
    ldr x0, =SCTLR_OFF
    msr sctlr_el1, x0
    mrs x0, cnthctl_el2         /* timer and counter are EL1's */
    orr x0, x0, #3
    msr cnthctl_el2, x0
    msr cntvoff_el2, xzr
    mov x0, #0x33ff             /* no trap of floating point; SME stays closed */
    mrs x1, id_aa64pfr0_el1
    tst x1, #(15 << 32)
    b.eq 3f
    mov x0, #0x32ff             /* nor of SVE */
    msr cptr_el2, x0
    isb
    mov x1, #15
    msr S3_4_C1_C2_0, x1        /* ZCR_EL2: any vector length */
3:  msr cptr_el2, x0
    msr hstr_el2, xzr
    msr vttbr_el2, xzr
    mrs x0, midr_el1
    msr vpidr_el2, x0
    mrs x0, mpidr_el1
    msr vmpidr_el2, x0
    mrs x0, id_aa64pfr0_el1
    ubfx x0, x0, #24, #4
    cbz x0, 2f
    mrs x0, S3_4_C12_C9_5       /* ICC_SRE_EL2: system registers of the GIC, for EL1 too */
    orr x0, x0, #1              /* SRE */
    orr x0, x0, #8              /* Enable */
    msr S3_4_C12_C9_5, x0
    isb
    msr S3_4_C12_C11_0, xzr     /* ICH_HCR_EL2 */
2:  mov x0, #SPSR_EL1H
    msr spsr_el2, x0
    msr elr_el2, x30
    eret

    /* Fills the tables. Changes x0 - x7, x22. */
build_tables:
    mov x22, x30
    adrp x0, boot_tables
    adrp x1, boot_tables_end
    bl forget_lines
1:  stp xzr, xzr, [x0], #16
    cmp x0, x1
    b.lo 1b

    adrp x0, image_header       /* physical address of the image */
    lsr x1, x0, #30             /* its gibibyte */
    adrp x2, boot_root_low
    adrp x3, boot_low
    orr x4, x3, #TABLE
    str x4, [x2]                /* the image lies below 512 GiB */
    lsl x5, x1, #30
    ldr x4, =BLOCK_NORMAL
    orr x4, x4, x5
    str x4, [x3, x1, lsl #3]

    adrp x2, boot_root_high
    adrp x3, boot_direct
    orr x4, x3, #TABLE
    str x4, [x2]
    ldr x4, =BLOCK_DATA
    orr x4, x4, x5
    add x3, x3, x1, lsl #3
    mov x6, #512
    sub x6, x6, x1
    mov x7, #BOOT_MAP_GIB
    cmp x6, x7
    csel x6, x6, x7, lo
    mov x7, #(1 << 30)
2:  str x4, [x3], #8
    add x4, x4, x7
    subs x6, x6, #1
    b.ne 2b

    adrp x3, boot_device
    orr x4, x3, #TABLE
    str x4, [x2, #(384 * 8)]
    ldr x4, =BLOCK_DEVICE
    str x4, [x3]

    adrp x3, boot_image_pointers
    orr x4, x3, #TABLE
    str x4, [x2, #(511 * 8)]
    adrp x2, boot_image
    orr x4, x2, #TABLE
    str x4, [x3, #(510 * 8)]
    ldr x4, =BLOCK_NORMAL
    orr x4, x4, x0
    mov x6, #16
    mov x7, #(2 << 20)
3:  str x4, [x2], #8
    add x4, x4, x7
    subs x6, x6, #1
    b.ne 3b

    adrp x0, boot_tables
    adrp x1, boot_tables_end
    mov x30, x22
    /* fall through: written past the caches, so no line of before may hide it */

    /* Drops cache lines of x0 .. x1. Changes x2, x3. */
forget_lines:
    mrs x2, ctr_el0
    ubfx x2, x2, #16, #4
    mov x3, #4
    lsl x3, x3, x2
    dmb sy
    mov x2, x0
1:  dc ivac, x2
    add x2, x2, x3
    cmp x2, x1
    b.lo 1b
    dsb sy
    ret

    /* To the virtual address x21 with x0 = x20, x1 = physical address of the image. */
enable_mmu:
    ldr x0, =MAIR
    msr mair_el1, x0
    ldr x0, =TCR
    mrs x1, id_aa64mmfr0_el1
    and x1, x1, #7              /* physical address size: at most 48 bits */
    mov x2, #5
    cmp x1, x2
    csel x1, x1, x2, lo
    orr x0, x0, x1, lsl #32
    msr tcr_el1, x0
    adrp x0, boot_root_low
    msr ttbr0_el1, x0
    adrp x0, boot_root_high
    msr ttbr1_el1, x0
    tlbi vmalle1
    ic iallu
    dsb nsh
    isb
    mov x0, x20
    adrp x1, image_header
    ldr x2, =SCTLR_ON
    msr sctlr_el1, x2
    isb
    br x21

    .ltorg

    .section .boot.tables, "aw", %nobits
    .balign 4096
boot_tables:
boot_root_low:
    .skip 4096
boot_low:
    .skip 4096
boot_root_high:
    .skip 4096
boot_direct:
    .skip 4096
boot_device:
    .skip 4096
boot_image_pointers:
    .skip 4096
boot_image:
    .skip 4096
boot_tables_end:
