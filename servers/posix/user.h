// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Reading and writing a guest's memory. Any address and any size is safe: what is not accessible
// gives -E_FAULT.
//
// Locking: callable with or without posix_lock, except where a page of a mapped file is absent:
// then the lock is dropped while the page is fetched. So treat every call with the lock held as one
// that may drop it, and check again what you had looked at; copies of 64 KiB and more always drop
// it.

#pragma once

#include "abi/error.h"
#include "abi/types.h"
#include "servers/posix/arch.h"

struct task;

// One past the highest address a program may use.
#define USER_ADDRESS_END ARCH_USER_ADDRESS_END

// All or nothing: 0 or -E_FAULT (some bytes may have been moved).
int user_read(struct task *task, void *destination, uint64_t address, size_t bytes);
int user_write(struct task *task, uint64_t address, const void *source, size_t bytes);
int user_clear(struct task *task, uint64_t address, size_t bytes);

// As much as is accessible: bytes moved, or -E_FAULT if that is none (0 if `bytes` is 0).
int64_t user_read_some(struct task *task, void *destination, uint64_t address, size_t bytes);
int64_t user_write_some(struct task *task, uint64_t address, const void *source, size_t bytes);

// A NUL-terminated string of less than `room` bytes: its length, -E_FAULT, or -E_NAMETOOLONG if
// there is no NUL within `room` bytes.
int64_t user_read_string(struct task *task, char *destination, uint64_t address, size_t room);

static inline int user_write_u32(struct task *task, uint64_t address, uint32_t value)
{
    return user_write(task, address, &value, sizeof(value));
}

static inline int user_read_u32(struct task *task, uint32_t *value, uint64_t address)
{
    return user_read(task, value, address, sizeof(*value));
}

// ---- the memory of a read or write call, with a cursor ----

struct user_segment { // Linux's struct iovec
    uint64_t address;
    uint64_t bytes;
};

enum { USER_SEGMENTS_INLINE = 4, USER_SEGMENTS_MAX = 1024 };

#define USER_BUFFER_MAX \
    0x7ffff000ull // most bytes one read or write call moves; longer ones are cut

struct user_buffer {
    struct task *task; // NULL: the addresses are the server's own memory
    struct user_segment *segment;
    uint32_t segments;
    uint32_t current; // segment of the cursor
    uint64_t offset;  // of the cursor in it
    uint64_t left;    // bytes after the cursor
    struct user_segment storage[USER_SEGMENTS_INLINE];
};

// One piece of a task's memory. Cannot fail; addresses are checked when used.
void user_buffer_init(struct user_buffer *buffer, struct task *task, uint64_t address,
                      uint64_t bytes);
// One piece of the server's own memory (for exec, sendfile, reading links ...).
void user_buffer_init_kernel(struct user_buffer *buffer, void *memory, size_t bytes);
// A task's iovec array: 0, -E_INVAL (too many, or a length that Linux calls negative), -E_FAULT,
// -E_NOMEM. After success: user_buffer_release.
int user_buffer_init_vector(struct user_buffer *buffer, struct task *task, uint64_t vector,
                            uint64_t count);
void user_buffer_release(struct user_buffer *buffer);

static inline uint64_t user_buffer_left(const struct user_buffer *buffer)
{
    return buffer->left;
}

// Moves up to `bytes` (clipped to what is left) and advances the cursor by what was moved: that
// number, or -E_FAULT if it is none though some was asked for.
int64_t user_buffer_put(struct user_buffer *buffer, const void *source,
                        uint64_t bytes); // into the task
int64_t user_buffer_get(struct user_buffer *buffer, void *destination,
                        uint64_t bytes);                               // out of the task
int64_t user_buffer_clear(struct user_buffer *buffer, uint64_t bytes); // zeroes into the task
