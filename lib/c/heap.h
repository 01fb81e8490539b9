// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The heap under malloc: size classes in 64 KiB runs, large blocks in runs of their own. Not
// locked: lib/c/malloc.c does that. The memory comes from two functions that the user of this
// module provides, so tests run it on the host.

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    HEAP_UNIT_SHIFT = 16,
    HEAP_UNIT = 1 << HEAP_UNIT_SHIFT, // granule of the heap's address range, and a small run's size
    HEAP_ALIGN = 16,
    HEAP_SMALL_MAX = 8192, // larger blocks get a run of their own
    HEAP_CLASSES = 32,
};

// The address range: units are counted from its base.
#define HEAP_BYTES (64ull << 30)
#define HEAP_UNITS (HEAP_BYTES >> HEAP_UNIT_SHIFT)

struct heap_run; // at the start of each run; private

struct heap {
    uintptr_t base;                         // of the range, HEAP_UNIT-aligned
    struct heap_run *partial[HEAP_CLASSES]; // runs with a free object
    uint64_t hint;                          // unit to look from
    uint64_t used[HEAP_UNITS / 64];         // one bit a unit
    uint64_t mapped_bytes;
};

// Provided by the user: make [address, address + bytes) readable, writable and zero, or take it
// away again. false: no memory.
bool heap_map(uintptr_t address, size_t bytes);
void heap_unmap(uintptr_t address, size_t bytes);

// Provided by the user: the heap is corrupt (a wild write, a double free); does not return.
__attribute__((noreturn)) void heap_broken(const void *block, const char *what);

// HEAP_ALIGN-aligned. NULL: no memory. bytes 0 gives a block of its own.
void *heap_allocate(struct heap *heap, size_t bytes);

// alignment: a power of two up to a page.
void *heap_allocate_aligned(struct heap *heap, size_t alignment, size_t bytes);

// True if a block that heap_allocate just returned is known to be zero.
bool heap_is_fresh(const void *block);

void heap_free(struct heap *heap, void *block);

// Usable bytes of a block.
size_t heap_block_bytes(const struct heap *heap, const void *block);
