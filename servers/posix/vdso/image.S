// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The linked vDSO as data of the posix server; VDSO_IMAGE is its path, given by the build.

    .section .rodata
    .balign 4096
    .globl vdso_image, vdso_image_end
vdso_image:
    .incbin VDSO_IMAGE
vdso_image_end:

    .section .note.GNU-stack, "", %progbits
