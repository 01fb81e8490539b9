// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Access to device registers (mapped as device memory, so neither cached nor merged) and the
// barriers between ordinary memory that a device reads or writes by DMA and those registers.
//
//   mmio_write* is preceded by a write barrier: descriptors written before are visible to the
//   device before the register. mmio_read*  is followed by a read barrier: memory read after was
//   written by the device before the register was read. dma_write_barrier / dma_read_barrier /
//   dma_barrier order accesses to DMA memory among themselves.
//
// Registers are little-endian, as are all processors XINIM runs on.

#pragma once

#include <stdint.h>

#if defined(__x86_64__)
#include "lib/driver/arch/x86_64/barrier.h"
#elif defined(__aarch64__)
#include "lib/driver/arch/aarch64/barrier.h"
#endif

#ifdef XINIM_FAKE_MMIO // unit tests bring a device that answers
#define MMIO_ACCESSORS(bits)                                      \
    uint##bits##_t mmio_read##bits(const volatile void *address); \
    void mmio_write##bits(volatile void *address, uint##bits##_t value);
#else
#define MMIO_ACCESSORS(bits)                                                          \
    static inline uint##bits##_t mmio_read##bits(const volatile void *address)        \
    {                                                                                 \
        uint##bits##_t value = *(const volatile uint##bits##_t *)address;             \
        dma_read_barrier();                                                           \
        return value;                                                                 \
    }                                                                                 \
    static inline void mmio_write##bits(volatile void *address, uint##bits##_t value) \
    {                                                                                 \
        dma_write_barrier();                                                          \
        *(volatile uint##bits##_t *)address = value;                                  \
    }
#endif

MMIO_ACCESSORS(8)
MMIO_ACCESSORS(16)
MMIO_ACCESSORS(32)
MMIO_ACCESSORS(64)

#undef MMIO_ACCESSORS
