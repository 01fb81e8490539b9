// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// memcpy, memmove, memset for aarch64: no SIMD. Short blocks go by overlapping words, all loads
// before all stores; long ones by pairs of registers, 32 bytes an iteration, with the block's last
// (or, downwards, first) 32 bytes loaded before the first store so that the tail needs no loop.
//
// Normal memory only: accesses may be unaligned, which device memory does not allow.

    .text

    .globl memcpy
    .type memcpy, %function
    .globl memmove
    .type memmove, %function
memmove:                        // x0: to, x1: from, x2: bytes
    sub     x3, x0, x1
    cmp     x3, x2              // 0 < to - from < bytes: copy downwards
    b.lo    .Lbackward
memcpy:
    cmp     x2, #32
    b.hi    .Llong
.Lshort:
    cmp     x2, #16
    b.hs    .L16_32
    cmp     x2, #8
    b.hs    .L8_15
    cmp     x2, #4
    b.hs    .L4_7
    cbz     x2, .Ldone
    lsr     x3, x2, #1          // 1 .. 3: first, middle, last
    sub     x4, x2, #1
    ldrb    w5, [x1]
    ldrb    w6, [x1, x3]
    ldrb    w7, [x1, x4]
    strb    w5, [x0]
    strb    w6, [x0, x3]
    strb    w7, [x0, x4]
.Ldone:
    ret
.L4_7:
    sub     x4, x2, #4
    ldr     w5, [x1]
    ldr     w6, [x1, x4]
    str     w5, [x0]
    str     w6, [x0, x4]
    ret
.L8_15:
    sub     x4, x2, #8
    ldr     x5, [x1]
    ldr     x6, [x1, x4]
    str     x5, [x0]
    str     x6, [x0, x4]
    ret
.L16_32:
    add     x3, x1, x2
    add     x4, x0, x2
    ldp     x5, x6, [x1]
    ldp     x7, x8, [x3, #-16]
    stp     x5, x6, [x0]
    stp     x7, x8, [x4, #-16]
    ret

.Llong:                         // more than 32: whole steps but the last, then the last 32 bytes
    add     x3, x1, x2
    add     x4, x0, x2
    ldp     x9, x10, [x3, #-32]
    ldp     x11, x12, [x3, #-16]
    mov     x3, x0
.Lup:
    ldp     x5, x6, [x1]
    ldp     x7, x8, [x1, #16]
    add     x1, x1, #32
    stp     x5, x6, [x3]
    stp     x7, x8, [x3, #16]
    add     x3, x3, #32
    sub     x2, x2, #32
    cmp     x2, #32
    b.hi    .Lup
    stp     x9, x10, [x4, #-32]
    stp     x11, x12, [x4, #-16]
    ret

.Lbackward:
    cmp     x2, #32
    b.ls    .Lshort
    ldp     x9, x10, [x1]
    ldp     x11, x12, [x1, #16]
    add     x1, x1, x2
    add     x3, x0, x2
.Ldown:
    ldp     x5, x6, [x1, #-16]
    ldp     x7, x8, [x1, #-32]
    sub     x1, x1, #32
    stp     x5, x6, [x3, #-16]
    stp     x7, x8, [x3, #-32]
    sub     x3, x3, #32
    sub     x2, x2, #32
    cmp     x2, #32
    b.hi    .Ldown
    stp     x9, x10, [x0]
    stp     x11, x12, [x0, #16]
    ret
    .size memcpy, . - memcpy
    .size memmove, . - memmove

    .globl memset
    .type memset, %function
memset:                         // x0: to, w1: byte, x2: bytes
    and     x1, x1, #0xff
    mov     x3, #0x0101010101010101
    mul     x1, x1, x3
    add     x4, x0, x2          // the end
    cmp     x2, #16
    b.lo    .Lset_short
    mov     x3, x0
    cmp     x2, #32
    b.ls    .Lset_last
.Lset_up:
    stp     x1, x1, [x3]
    stp     x1, x1, [x3, #16]
    add     x3, x3, #32
    sub     x2, x2, #32
    cmp     x2, #32
    b.hi    .Lset_up
.Lset_tail:                     // 1 .. 32 left of a block longer than 32
    stp     x1, x1, [x4, #-32]
    stp     x1, x1, [x4, #-16]
    ret
.Lset_last:                     // 16 .. 32
    stp     x1, x1, [x0]
    stp     x1, x1, [x4, #-16]
    ret
.Lset_short:
    cmp     x2, #8
    b.lo    .Lset_4_7
    str     x1, [x0]
    str     x1, [x4, #-8]
    ret
.Lset_4_7:
    cmp     x2, #4
    b.lo    .Lset_bytes
    str     w1, [x0]
    str     w1, [x4, #-4]
    ret
.Lset_bytes:
    cbz     x2, .Lset_done
    lsr     x3, x2, #1
    strb    w1, [x0]
    strb    w1, [x4, #-1]
    strb    w1, [x0, x3]
.Lset_done:
    ret
    .size memset, . - memset

    .section .note.GNU-stack, "", %progbits
