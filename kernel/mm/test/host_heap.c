// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The heap under another name: the tests' heap_allocate (host.c) decides which call fails.

#define heap_allocate real_heap_allocate
#include "kernel/mm/heap.c"
