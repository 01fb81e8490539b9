// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Barriers for DMA on aarch64: devices are observers of the outer shareable domain (Arm ARM,
// section B2.3.11).

#pragma once

static inline void dma_write_barrier(void)
{
    __asm__ volatile("dmb oshst" ::: "memory");
}

static inline void dma_read_barrier(void)
{
    __asm__ volatile("dmb oshld" ::: "memory");
}

static inline void dma_barrier(void)
{
    __asm__ volatile("dmb osh" ::: "memory");
}
