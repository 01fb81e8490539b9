// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Size-class heap.
//
// Invariants:
//   H1  every block lies in a run; the run's header is at the block's address rounded down to
//   HEAP_UNIT. H2  a small run is in its class's `partial` list exactly when it has a free or
//   never-used object. H3  a run's `used` counts its objects that are allocated. H4  free objects
//   are linked through their first word; the second word holds FREE_MARK xor the object's address,
//       which a double free finds.
// A small run with no object in use is given back, unless it is its class's only partial run.

#include "lib/c/heap.h"

#include <string.h>

enum { RUN_HEADER = 64, HEAP_PAGE = 4096 };
#define RUN_MAGIC   0x72756e68656170ull
#define FREE_MARK   0x66726565626c6f63ull
#define CLASS_LARGE 0xffu

struct heap_object {
    struct heap_object *next;
    uint64_t mark;
};

struct heap_run {
    uint64_t magic;
    uint32_t class; // index of the size class, or CLASS_LARGE
    uint32_t used;
    uint32_t fresh;  // bytes from the run's start where never-used objects begin
    uint32_t offset; // large: of the block
    uint64_t bytes;  // large: of the whole run
    struct heap_object *free;
    struct heap_run *next, *previous;
};
_Static_assert(sizeof(struct heap_run) <= RUN_HEADER, "the header fits");

// 16-byte steps to 128, then four steps a doubling.
static const uint16_t class_bytes[HEAP_CLASSES] = {
    16,  32,  48,  64,   80,   96,   112,  128,  160,  192,  224,  256,  320,  384,  448,  512,
    640, 768, 896, 1024, 1280, 1536, 1792, 2048, 2560, 3072, 3584, 4096, 5120, 6144, 7168, 8192,
};

static unsigned class_of(size_t bytes)
{
    if (bytes <= 128)
        return bytes ? (unsigned)(bytes - 1) / 16 : 0;
    unsigned top = 63 - (unsigned)__builtin_clzll(bytes - 1); // bytes in (2^top, 2^(top + 1)]
    return 8 + (top - 7) * 4 + (unsigned)((bytes - 1) >> (top - 2) & 3);
}

// ---- units ----

static bool unit_is_used(const struct heap *heap, uint64_t unit)
{
    return heap->used[unit / 64] >> (unit % 64) & 1;
}

static void units_mark(struct heap *heap, uint64_t first, uint64_t count, bool used)
{
    for (uint64_t unit = first; unit < first + count; unit++) {
        if (used)
            heap->used[unit / 64] |= 1ull << (unit % 64);
        else
            heap->used[unit / 64] &= ~(1ull << (unit % 64));
    }
}

// First fit in [from, to); returns HEAP_UNITS if there is none.
static uint64_t units_find(const struct heap *heap, uint64_t from, uint64_t to, uint64_t count)
{
    uint64_t length = 0;
    for (uint64_t unit = from; unit < to; unit++) {
        if (unit % 64 == 0 && heap->used[unit / 64] == ~0ull) {
            length = 0;
            unit += 63;
            continue;
        }
        length = unit_is_used(heap, unit) ? 0 : length + 1;
        if (length == count)
            return unit + 1 - count;
    }
    return HEAP_UNITS;
}

static struct heap_run *run_create(struct heap *heap, size_t bytes)
{
    uint64_t count = (bytes + HEAP_UNIT - 1) >> HEAP_UNIT_SHIFT;
    if (count > HEAP_UNITS)
        return NULL;
    uint64_t unit = units_find(heap, heap->hint, HEAP_UNITS, count);
    if (unit == HEAP_UNITS)
        unit = units_find(heap, 0, HEAP_UNITS, count);
    if (unit == HEAP_UNITS)
        return NULL;
    uintptr_t address = heap->base + (unit << HEAP_UNIT_SHIFT);
    if (!heap_map(address, bytes))
        return NULL;
    units_mark(heap, unit, count, true);
    heap->hint = unit + count;
    heap->mapped_bytes += bytes;
    struct heap_run *run = (struct heap_run *)address;
    run->magic = RUN_MAGIC;
    run->bytes = bytes;
    return run;
}

static void run_destroy(struct heap *heap, struct heap_run *run)
{
    uint64_t unit = ((uintptr_t)run - heap->base) >> HEAP_UNIT_SHIFT;
    size_t bytes = run->bytes;
    heap_unmap((uintptr_t)run, bytes);
    units_mark(heap, unit, (bytes + HEAP_UNIT - 1) >> HEAP_UNIT_SHIFT, false);
    if (unit < heap->hint)
        heap->hint = unit;
    heap->mapped_bytes -= bytes;
}

static struct heap_run *run_of(const struct heap *heap, const void *block)
{
    uintptr_t address = (uintptr_t)block;
    if (address - heap->base >= HEAP_BYTES || address % HEAP_ALIGN)
        heap_broken(block, "not a block of this heap");
    uint64_t unit = (address - heap->base) >> HEAP_UNIT_SHIFT;
    if (!unit_is_used(heap, unit))
        heap_broken(block, "freed or never allocated");
    struct heap_run *run = (struct heap_run *)(address & ~(uintptr_t)(HEAP_UNIT - 1));
    if (run->magic != RUN_MAGIC)
        heap_broken(block, "its run's header is overwritten");
    return run;
}

// ---- small blocks ----

static void partial_insert(struct heap *heap, struct heap_run *run)
{
    run->previous = NULL;
    run->next = heap->partial[run->class];
    if (run->next)
        run->next->previous = run;
    heap->partial[run->class] = run;
}

static void partial_remove(struct heap *heap, struct heap_run *run)
{
    if (run->previous)
        run->previous->next = run->next;
    else
        heap->partial[run->class] = run->next;
    if (run->next)
        run->next->previous = run->previous;
}

static bool run_has_room(const struct heap_run *run)
{
    return run->free || run->fresh + class_bytes[run->class] <= HEAP_UNIT;
}

static void *small_allocate(struct heap *heap, unsigned class)
{
    struct heap_run *run = heap->partial[class];
    if (!run) {
        run = run_create(heap, HEAP_UNIT);
        if (!run)
            return NULL;
        run->class = class;
        run->used = 0;
        run->free = NULL;
        run->fresh = RUN_HEADER;
        partial_insert(heap, run);
    }
    struct heap_object *object = run->free;
    if (object) {
        if (object->mark != (FREE_MARK ^ (uintptr_t)object))
            heap_broken(object, "written after it was freed");
        run->free = object->next;
        object->mark = 0;
    } else {
        object = (struct heap_object *)((uintptr_t)run + run->fresh);
        run->fresh += class_bytes[class];
    }
    run->used++;
    if (!run_has_room(run))
        partial_remove(heap, run);
    return object;
}

static void small_free(struct heap *heap, struct heap_run *run, void *block)
{
    struct heap_object *object = block;
    uintptr_t offset = (uintptr_t)block - (uintptr_t)run;
    if (offset < RUN_HEADER || offset >= run->fresh ||
        (offset - RUN_HEADER) % class_bytes[run->class])
        heap_broken(block, "not the start of a block");
    if (object->mark == (FREE_MARK ^ (uintptr_t)object) || !run->used)
        heap_broken(block, "freed twice");
    if (!run_has_room(run))
        partial_insert(heap, run);
    object->next = run->free;
    object->mark = FREE_MARK ^ (uintptr_t)object;
    run->free = object;
    run->used--;
    if (!run->used && (run->next || run->previous)) {
        partial_remove(heap, run);
        run_destroy(heap, run);
    }
}

// ---- large blocks ----

static void *large_allocate(struct heap *heap, size_t offset, size_t bytes)
{
    if (bytes > HEAP_BYTES - HEAP_PAGE)
        return NULL;
    size_t total = (offset + bytes + HEAP_PAGE - 1) & ~(size_t)(HEAP_PAGE - 1);
    struct heap_run *run = run_create(heap, total);
    if (!run)
        return NULL;
    run->class = CLASS_LARGE;
    run->offset = (uint32_t)offset;
    return (void *)((uintptr_t)run + offset);
}

// ---- the interface ----

void *heap_allocate(struct heap *heap, size_t bytes)
{
    if (bytes <= HEAP_SMALL_MAX)
        return small_allocate(heap, class_of(bytes));
    return large_allocate(heap, RUN_HEADER, bytes);
}

void *heap_allocate_aligned(struct heap *heap, size_t alignment, size_t bytes)
{
    if (alignment <= HEAP_ALIGN)
        return heap_allocate(heap, bytes);
    if (alignment > HEAP_PAGE)
        return NULL;
    if (alignment <= RUN_HEADER && bytes <= HEAP_SMALL_MAX) {
        // Objects of a class whose size is a multiple of 64 are 64-aligned, as the header is 64
        // bytes.
        unsigned class = class_of((bytes + RUN_HEADER - 1) & ~(size_t)(RUN_HEADER - 1));
        if (class_bytes[class] % alignment == 0)
            return small_allocate(heap, class);
    }
    return large_allocate(heap, alignment < RUN_HEADER ? RUN_HEADER : alignment, bytes);
}

bool heap_is_fresh(const void *block)
{
    const struct heap_run *run =
        (const struct heap_run *)((uintptr_t)block & ~(uintptr_t)(HEAP_UNIT - 1));
    return run->class == CLASS_LARGE;
}

void heap_free(struct heap *heap, void *block)
{
    struct heap_run *run = run_of(heap, block);
    if (run->class < HEAP_CLASSES) {
        small_free(heap, run, block);
        return;
    }
    if (run->class != CLASS_LARGE || (uintptr_t)block - (uintptr_t)run != run->offset)
        heap_broken(block, "not the start of a block");
    run_destroy(heap, run);
}

size_t heap_block_bytes(const struct heap *heap, const void *block)
{
    const struct heap_run *run = run_of(heap, block);
    return run->class < HEAP_CLASSES ? class_bytes[run->class] : run->bytes - run->offset;
}
