// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The kernel as lib/driver/dma_window.c sees it; unit tests bring their own.

#pragma once

#include "abi/types.h"

// Lets the device reach the pages; one bus address a page, or a single one if the object is
// contiguous. Returns 0 or a negative error.
int dma_map_pages(handle_t dma, handle_t object, uint64_t offset, uint64_t bytes, uint32_t rights,
                  uint64_t *bus);

// `bus`: the first page's, for the same pages may be mapped for another session, too.
int dma_unmap_pages(handle_t dma, handle_t object, uint64_t offset, uint64_t bytes, uint64_t bus);
