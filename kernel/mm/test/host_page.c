// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The allocator under another name: the tests' page_allocate (host.c) decides which call fails.

#define page_allocate real_page_allocate
#include "kernel/mm/page.c"
