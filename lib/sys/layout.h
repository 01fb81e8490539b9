// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Where things are in a native process's address space. rs places the first stack and the startup
// page, the process the rest; what neither fixes the kernel places from the top down, far from
// here.

#pragma once

#include "abi/startup.h"

#define NATIVE_IMAGE_MIN 0x0000000000400000ull // segments of the binary
#define NATIVE_IMAGE_MAX 0x0000000080000000ull
#define NATIVE_STACK_AREA \
    0x0000500000000000ull // slots of NATIVE_STACK_BYTES; slot 0: the first thread's
#define NATIVE_STACK_SLOTS 4096ull
#define NATIVE_STARTUP     0x0000510000000000ull // struct startup, read-only
#define NATIVE_HEAP_AREA   0x0000580000000000ull // lib/c/heap.h

// The lowest page of each stack slot stays unmapped: it catches an overflow.
#define NATIVE_STACK_GUARD ((uint64_t)PAGE_SIZE)
