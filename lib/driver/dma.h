// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Memory that a device reads and writes, always through the driver's "dma" handle: what a driver
// gets is a bus address, valid for its own device only.

#pragma once

#include "abi/types.h"

struct dma_buffer {
    void *memory; // mapped, zeroed
    uint64_t bus; // of the first byte; contiguous
    uint64_t bytes;
    handle_t object;
};

enum dma_limit { DMA_ANYWHERE, DMA_BELOW_4G, DMA_BELOW_16M };

// Contiguous, page-aligned, coherent. `bytes` is rounded up to pages. -E_NOMEM, -E_BADF no dma
// handle.
int dma_buffer_create(handle_t dma, uint64_t bytes, enum dma_limit limit,
                      struct dma_buffer *buffer);

// The device must no longer use it.
void dma_buffer_destroy(handle_t dma, struct dma_buffer *buffer);

// ---- memory of a client, page by page ----

// Bus addresses of a client's memory object, found when first used and remembered: pages are mapped
// for the device in chunks around those that requests touch, so an object that is mostly never used
// costs little. A chunk is what one entry of an IOMMU maps, if the memory is contiguous.
enum { DMA_WINDOW_CHUNK = 512 }; // pages, a power of two

struct dma_window {
    handle_t dma;
    handle_t object;
    uint64_t bytes;  // of the object
    uint64_t *page;  // bus address of each page; 0: not mapped
    uint32_t rights; // RIGHT_READ: the device reads it; RIGHT_WRITE: it writes it
};

// The handle stays the caller's and must outlive the window. -E_NOMEM.
int dma_window_create(struct dma_window *window, handle_t dma, handle_t object, uint64_t bytes,
                      uint32_t rights);

// Takes all mappings away; the device must no longer use them.
void dma_window_destroy(struct dma_window *window);

struct dma_piece {
    uint64_t bus;
    uint32_t bytes;
};

// The pieces of bus memory behind [offset, offset + bytes), adjacent pages joined, no piece longer
// than `piece_max`. Returns their number; -E_FAULT outside the object or not to be had; -E_2BIG
// more than `room`; -E_INVAL bytes 0.
int dma_window_lookup(struct dma_window *window, uint64_t offset, uint64_t bytes,
                      uint32_t piece_max, struct dma_piece *pieces, unsigned room);

// Takes the mappings of [offset, offset + bytes) away, whole pages outward. -E_FAULT outside the
// object.
int dma_window_forget(struct dma_window *window, uint64_t offset, uint64_t bytes);
