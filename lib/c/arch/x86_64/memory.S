// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// memcpy, memmove, memset for x86_64: no SIMD. Short blocks go by overlapping words, long ones by
// rep movsq / stosq, eight bytes an iteration, with the last word loaded before the first store so
// that the tail needs no loop.

    .text

    .globl memcpy
    .type memcpy, @function
    .globl memmove
    .type memmove, @function
memmove:                        // rdi: to, rsi: from, rdx: bytes
    movq    %rdi, %rax
    subq    %rsi, %rax
    cmpq    %rdx, %rax          // 0 < to - from < bytes: copy downwards
    jb      .Lbackward
memcpy:
    movq    %rdi, %rax
    cmpq    $32, %rdx
    ja      .Llong
.Lshort:                        // all loads before all stores: any overlap is right
    cmpq    $16, %rdx
    jae     .L16_32
    cmpq    $8, %rdx
    jae     .L8_15
    cmpq    $4, %rdx
    jae     .L4_7
    testq   %rdx, %rdx
    je      .Ldone
    movzbl  (%rsi), %ecx        // 1 .. 3: first, middle, last
    movq    %rdx, %r10
    shrq    $1, %r10
    movzbl  (%rsi,%r10), %r8d
    movzbl  -1(%rsi,%rdx), %r9d
    movb    %cl, (%rdi)
    movb    %r8b, (%rdi,%r10)
    movb    %r9b, -1(%rdi,%rdx)
.Ldone:
    ret
.L4_7:
    movl    (%rsi), %ecx
    movl    -4(%rsi,%rdx), %r8d
    movl    %ecx, (%rdi)
    movl    %r8d, -4(%rdi,%rdx)
    ret
.L8_15:
    movq    (%rsi), %rcx
    movq    -8(%rsi,%rdx), %r8
    movq    %rcx, (%rdi)
    movq    %r8, -8(%rdi,%rdx)
    ret
.L16_32:
    movq    (%rsi), %rcx
    movq    8(%rsi), %r8
    movq    -16(%rsi,%rdx), %r9
    movq    -8(%rsi,%rdx), %r10
    movq    %rcx, (%rdi)
    movq    %r8, 8(%rdi)
    movq    %r9, -16(%rdi,%rdx)
    movq    %r10, -8(%rdi,%rdx)
    ret
.Llong:
    movq    -8(%rsi,%rdx), %r8
    leaq    -8(%rdi,%rdx), %r9
    leaq    -1(%rdx), %rcx
    shrq    $3, %rcx
    rep movsq
    movq    %r8, (%r9)
    ret
.Lbackward:
    movq    %rdi, %rax
    cmpq    $32, %rdx
    jbe     .Lshort
    movq    (%rsi), %r8
    movq    %rdi, %r9
    leaq    -1(%rdx), %rcx
    shrq    $3, %rcx
    leaq    -8(%rsi,%rdx), %rsi
    leaq    -8(%rdi,%rdx), %rdi
    std
    rep movsq
    cld
    movq    %r8, (%r9)
    ret
    .size memcpy, . - memcpy
    .size memmove, . - memmove

    .globl memset
    .type memset, @function
memset:                         // rdi: to, esi: byte, rdx: bytes
    movq    %rdi, %r9
    movzbl  %sil, %ecx
    movabsq $0x0101010101010101, %rax
    imulq   %rcx, %rax
    cmpq    $8, %rdx
    jb      .Lset_short
    movq    %rax, -8(%rdi,%rdx)
    leaq    -1(%rdx), %rcx
    shrq    $3, %rcx
    rep stosq
    movq    %r9, %rax
    ret
.Lset_short:
    cmpq    $4, %rdx
    jb      .Lset_bytes
    movl    %eax, (%rdi)
    movl    %eax, -4(%rdi,%rdx)
    movq    %r9, %rax
    ret
.Lset_bytes:
    testq   %rdx, %rdx
    je      .Lset_done
    movb    %al, (%rdi)
    movb    %al, -1(%rdi,%rdx)
    shrq    $1, %rdx
    movb    %al, (%rdi,%rdx)
.Lset_done:
    movq    %r9, %rax
    ret
    .size memset, . - memset

    .section .note.GNU-stack, "", @progbits
