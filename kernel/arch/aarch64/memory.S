/* SPDX-License-Identifier: MIT */
/* SPDX-FileCopyrightText: 2026 The XINIM authors */

/* Copying and clearing in the direct map, with general registers only. */

    .text

    /* clear_page(x0) */
    .global clear_page
    .type clear_page, %function
clear_page:
    add x1, x0, #4096
1:  stp xzr, xzr, [x0]
    stp xzr, xzr, [x0, #16]
    stp xzr, xzr, [x0, #32]
    stp xzr, xzr, [x0, #48]
    stp xzr, xzr, [x0, #64]
    stp xzr, xzr, [x0, #80]
    stp xzr, xzr, [x0, #96]
    stp xzr, xzr, [x0, #112]
    add x0, x0, #128
    cmp x0, x1
    b.ne 1b
    ret

    /* copy_page(x0, x1) */
    .global copy_page
    .type copy_page, %function
copy_page:
    mov x2, #4096

    /* copy_bytes(x0, x1, x2) */
    .global copy_bytes
    .type copy_bytes, %function
copy_bytes:
    subs x2, x2, #64
    b.lo 2f
1:  ldp x3, x4, [x1]
    ldp x5, x6, [x1, #16]
    ldp x7, x8, [x1, #32]
    ldp x9, x10, [x1, #48]
    add x1, x1, #64
    stp x3, x4, [x0]
    stp x5, x6, [x0, #16]
    stp x7, x8, [x0, #32]
    stp x9, x10, [x0, #48]
    add x0, x0, #64
    subs x2, x2, #64
    b.hs 1b
2:  adds x2, x2, #64 - 8
    b.mi 4f
3:  ldr x3, [x1], #8
    str x3, [x0], #8
    subs x2, x2, #8
    b.pl 3b
4:  adds x2, x2, #8
    b.eq 6f
5:  ldrb w3, [x1], #1
    strb w3, [x0], #1
    subs x2, x2, #1
    b.ne 5b
6:  ret
