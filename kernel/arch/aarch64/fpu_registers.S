/* SPDX-License-Identifier: MIT */
/* SPDX-FileCopyrightText: 2026 The XINIM authors */

/* The vector registers (x0: 512 bytes), and SVE's (x0): Z0 - Z31,
   then P0 - P15 and FFR. */

    .arch armv8-a+fp+simd+sve
    .text

    .macro EACH instruction
    \instruction {v0.2d - v3.2d}, [x0], #64
    \instruction {v4.2d - v7.2d}, [x0], #64
    \instruction {v8.2d - v11.2d}, [x0], #64
    \instruction {v12.2d - v15.2d}, [x0], #64
    \instruction {v16.2d - v19.2d}, [x0], #64
    \instruction {v20.2d - v23.2d}, [x0], #64
    \instruction {v24.2d - v27.2d}, [x0], #64
    \instruction {v28.2d - v31.2d}, [x0]
    .endm

    .macro EACH_SCALABLE instruction
    addvl x1, x0, #16
    addvl x1, x1, #16           /* behind Z31 */
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    \instruction z\n, [x0, #\n, mul vl]
    \instruction p\n, [x1, #\n, mul vl]
    .endr
    .irp n, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    \instruction z\n, [x0, #\n, mul vl]
    .endr
    .endm

    .global fpu_store_vectors
fpu_store_vectors:
    EACH st1
    ret

    .global fpu_load_vectors
fpu_load_vectors:
    EACH ld1
    ret

    .global fpu_store_scalable
fpu_store_scalable:
    EACH_SCALABLE str
    rdffr p0.b
    str p0, [x1, #16, mul vl]
    ldr p0, [x1]
    ret

    .global fpu_load_scalable
fpu_load_scalable:
    EACH_SCALABLE ldr
    ldr p0, [x1, #16, mul vl]
    wrffr p0.b
    ldr p0, [x1]
    ret

    .global fpu_read_vector_bytes
fpu_read_vector_bytes:
    rdvl x0, #1
    ret
