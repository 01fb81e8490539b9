/* SPDX-License-Identifier: MIT */
/* SPDX-FileCopyrightText: 2026 The XINIM authors */

/* hold.h */

    .arch armv8-a+sve
    .text

    /* All of SVE's registers but FFR, at x9. Leaves x10 behind Z31. */
    .macro EACH instruction
    addvl x10, x9, #16
    addvl x10, x10, #16
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    \instruction z\n, [x9, #\n, mul vl]
    \instruction p\n, [x10, #\n, mul vl]
    .endr
    .irp n, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    \instruction z\n, [x9, #\n, mul vl]
    .endr
    .endm

    .global hold
hold:
    stp d8, d9, [sp, #-64]!
    stp d10, d11, [sp, #16]
    stp d12, d13, [sp, #32]
    stp d14, d15, [sp, #48]
    mov x11, x0
    ldr x9, [x11]
    EACH ldr
    ldr p0, [x10, #16, mul vl]
    wrffr p0.b
    ldr p0, [x10]
    ldp x12, x13, [x11, #16]
    .global hold_spin, hold_spun
hold_spin:
    ldr w14, [x13]
    cbnz w14, hold_spun
    subs x12, x12, #1
    b.gt hold_spin
hold_spun:
    ldr x8, [x11, #32]
    cmn x8, #1
    b.eq 3f
    ldp x0, x1, [x11, #40]
    ldr x2, [x11, #56]
    mov x3, #0
    mov x4, #0
    svc #0
3:  ldr x9, [x11, #8]
    EACH str
    rdffr p0.b
    str p0, [x10, #16, mul vl]
    ldp d10, d11, [sp, #16]
    ldp d12, d13, [sp, #32]
    ldp d14, d15, [sp, #48]
    ldp d8, d9, [sp], #64
    ret

    .global sve_store
sve_store:
    mov x9, x0
    EACH str
    rdffr p0.b
    str p0, [x10, #16, mul vl]
    ret

    .global sve_vector_bytes
sve_vector_bytes:
    rdvl x0, #1
    ret

    .section .note.GNU-stack, "", %progbits
