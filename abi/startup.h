// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// What a native process finds when it starts: a read-only page, its address the first argument of
// the entry point. rs (or, for rs itself, the kernel) writes it; lib/sys reads it. Handles are
// named by the manifest that granted them.

#pragma once

#include "abi/message.h"
#include "abi/types.h"

enum {
    STARTUP_MAGIC = 0x53585831,
    STARTUP_GRANTS = 48,
    STARTUP_NAME = 24,
    STARTUP_ARGUMENTS = 1024
};

// Native threads run on stacks of this size, aligned to it; the top THREAD_LOCAL_BYTES hold the
// thread's IPC buffer and its thread-local block, so both are found from the stack pointer.
enum { NATIVE_STACK_BYTES = 64 * 1024, THREAD_LOCAL_BYTES = 1024 };

struct startup_grant {
    char name[STARTUP_NAME]; // such as "endpoint", "log", "bar0", "irq0", "dma", "checkpoint"
    handle_t handle;
    uint32_t reserved;
    uint64_t value; // by kind: size of a memory object, MSI-X entry of an interrupt ...
};

// Value of an interrupt's grant that is no MSI-X table entry: a line, or the only MSI. The device
// must be asked for the cause.
#define IRQ_GRANT_NO_VECTOR (~0ull)

// Value of a grant "mmioN" of devmgr's: where in the object, which is whole pages, the registers
// begin, and how many bytes of them there are.
#define MMIO_GRANT_VALUE(offset, bytes) ((uint64_t)(bytes) << 16 | (uint64_t)(offset))
#define MMIO_GRANT_OFFSET(value)        ((value)&0xffff)
#define MMIO_GRANT_BYTES(value)         ((value) >> 16)

struct startup {
    uint32_t magic;
    uint32_t grants;
    char name[32];
    uint64_t incarnation; // 0 at first start, then the number of restarts
    struct startup_grant grant[STARTUP_GRANTS];
    char arguments[STARTUP_ARGUMENTS]; // NUL-terminated words, then an empty one
};

_Static_assert(sizeof(struct startup) <= PAGE_SIZE, "one page");
