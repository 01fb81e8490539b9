// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The VFS's seam to the kernel's memory objects: everything the page cache asks of it. Unit tests
// bring their own.

#pragma once

#include "abi/types.h"

// A memory object of `bytes`, mapped at *base, nothing committed; `large`: MEMORY_LARGE, for a pool
// that devices use and that gives nothing back.
int vfs_memory_create_pool(uint64_t bytes, bool large, handle_t *memory, uint8_t **base);
// Makes pages of a pool present, or fails with E_NOMEM now rather than at the first touch.
int vfs_memory_commit(handle_t memory, uint8_t *base, uint64_t offset, uint64_t bytes);
// Gives the pages of a pool back to the kernel; what comes next there is zero.
void vfs_memory_decommit(handle_t memory, uint64_t offset, uint64_t bytes);

// A memory object that guests map to see a file; its pages are absent until shared into it.
int vfs_memory_create_shared(uint64_t bytes, handle_t *memory);
int vfs_memory_resize_shared(handle_t memory, uint64_t bytes);
int vfs_memory_share(handle_t memory, uint64_t offset, handle_t pool, uint64_t pool_offset,
                     uint64_t bytes);
// Takes pages out again, wherever they are mapped.
void vfs_memory_unshare(handle_t memory, uint64_t offset, uint64_t bytes);
void vfs_memory_close(handle_t memory);

// All memory of the machine, and what is free.
void vfs_memory_totals(uint64_t *total, uint64_t *available);
