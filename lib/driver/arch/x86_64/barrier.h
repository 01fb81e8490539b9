// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Barriers for DMA on x86_64. DMA is coherent and ordinary memory is write-back: stores are seen in
// order and loads are done in order (Intel SDM volume 3A, section 9.2.2), so only the compiler must
// be held; a store followed by a load is the one pair the processor swaps.

#pragma once

static inline void dma_write_barrier(void)
{
    __asm__ volatile("" ::: "memory");
}

static inline void dma_read_barrier(void)
{
    __asm__ volatile("" ::: "memory");
}

static inline void dma_barrier(void)
{
    __asm__ volatile("mfence" ::: "memory");
}
