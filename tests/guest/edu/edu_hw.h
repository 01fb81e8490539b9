// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Registers of QEMU's teaching device "edu". Document: QEMU, docs/specs/edu.txt, "MMIO area spec".
// Accesses below 0x80 are of four bytes.

#pragma once

#include <stdint.h>

enum edu_register {
    EDU_IDENTIFICATION = 0x00, // read only: 0xRRrr00ed, major and minor version
    EDU_LIVENESS = 0x04,       // reads as the inverse of what was written
    EDU_FACTORIAL = 0x08,      // written: the number; read, when computed: its factorial
    EDU_STATUS = 0x20,
    EDU_INTERRUPT_STATUS = 0x24,      // read only: what raised the interrupt
    EDU_INTERRUPT_ACKNOWLEDGE = 0x64, // write only: the bits to clear in it
};

enum {
    EDU_ID = 0xed,
    EDU_ID_MASK = 0xffff, // without the version

    EDU_STATUS_COMPUTING = 0x01,
    EDU_STATUS_RAISE = 0x80, // an interrupt when the factorial is computed

    EDU_INTERRUPT_FACTORIAL = 0x01,

    EDU_NUMBER_MAX = 12, // 13! has more than 32 bits
};
