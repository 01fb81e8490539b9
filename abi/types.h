// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Scalars every contract uses. abi/ includes nothing but itself and the compiler's freestanding
// headers.

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Index into the calling process's handle table. Valid handles are 1 .. HANDLE_MAX - 1.
typedef uint32_t handle_t;

enum {
    HANDLE_NONE = 0,   // no handle; where a call says so, "absent"
    HANDLE_MAX = 4096, // slots in one process's table
};

// Stands for the caller's own process, thread or address space, whichever the call takes.
#define HANDLE_SELF ((handle_t)0xffffffffu)

// Monotonic time in nanoseconds since the kernel started. Deadlines are absolute.
typedef uint64_t time_ns_t;

#define DEADLINE_NEVER ((time_ns_t)~0ull) // wait for ever
#define DEADLINE_NOW   ((time_ns_t)0)     // do not wait: poll

enum { PAGE_SHIFT = 12, PAGE_SIZE = 1 << PAGE_SHIFT };
