// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The kernel's own small objects: size classes carved from pages. Zeroed. NULL when memory is
// exhausted. Aligned to 16 bytes; above HEAP_SLAB_MAX, to a page. Callable under any lock of a
// lower rank than LOCK_HEAP.

#pragma once

#include "abi/types.h"

enum { HEAP_SLAB_MAX = 2016, HEAP_MAX = PAGE_SIZE * 4 };

void *heap_allocate(size_t bytes); // up to HEAP_MAX; larger: page_allocate
void heap_free(void *pointer);     // NULL is fine
uint64_t heap_bytes(void);         // in pages that the heap holds
