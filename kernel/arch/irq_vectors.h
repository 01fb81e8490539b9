// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Vectors (x86_64) or table slots (aarch64) of device interrupts: IRQ_VECTOR_FIRST ..
// IRQ_VECTOR_LAST.

#pragma once

enum {
    IRQ_VECTOR_FIRST = 0x30,
    IRQ_VECTOR_LAST = 0xef,
    IRQ_VECTOR_TIMER = 0xf0,
    IRQ_VECTOR_RESCHEDULE = 0xf1,
    IRQ_VECTOR_TLB = 0xf2,
    IRQ_VECTOR_STOP = 0xf3,
    IRQ_VECTOR_IOMMU = 0xf4,
    IRQ_VECTOR_SPURIOUS = 0xff,
};
