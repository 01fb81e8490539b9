// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The kernel's own small objects: size classes carved from pages. Zeroed. NULL when memory is exhausted.

#pragma once

#include "abi/types.h"

void *heap_allocate(size_t bytes); // up to PAGE_SIZE * 4; larger: page_allocate
void heap_free(void *pointer);     // NULL is fine
uint64_t heap_bytes(void);
