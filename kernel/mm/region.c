// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The sorted array of a space's regions: finding, inserting, cutting, joining. The space's lock is
// held throughout; a region's bounds and its place in its object's list also change under the
// object's lock.

#include "kernel/mm/region.h"

#include "abi/error.h"
#include "kernel/core/panic.h"
#include "kernel/mm/heap.h"

uint32_t region_index(const struct aspace *aspace, uint64_t address)
{
    uint32_t low = 0;
    uint32_t high = aspace->count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (aspace->regions[middle]->end > address) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

struct region *region_find(struct aspace *aspace, uint64_t address)
{
    if (aspace->last < aspace->count) {
        struct region *region = aspace->regions[aspace->last];
        if (address - region->start < region->end - region->start) {
            return region;
        }
    }
    uint32_t index = region_index(aspace, address);
    if (index == aspace->count || aspace->regions[index]->start > address) {
        return NULL;
    }
    aspace->last = index;
    return aspace->regions[index];
}

// ---- the array ----

static unsigned array_order(uint32_t capacity)
{
    unsigned order = 0;
    while ((uint64_t)PAGE_SIZE << order < capacity * sizeof(struct region *)) {
        order++;
    }
    return order;
}

static bool array_in_heap(uint32_t capacity)
{
    return capacity * sizeof(struct region *) <= HEAP_MAX;
}

static void array_free(struct region **regions, uint32_t capacity)
{
    if (regions == NULL || array_in_heap(capacity)) {
        heap_free(regions);
        return;
    }
    struct page *block = page_of_ram(virtual_to_physical(regions));
    for (unsigned i = 0; i < 1u << array_order(capacity); i++) {
        page_put(&block[i]);
    }
}

int region_reserve(struct aspace *aspace, uint32_t more)
{
    enum { CAPACITY_FIRST = 16 };
    if (aspace->capacity - aspace->count >= more) {
        return 0;
    }
    uint32_t capacity = aspace->capacity == 0 ? CAPACITY_FIRST : aspace->capacity;
    while (capacity < aspace->count + more) {
        capacity *= 2;
    }
    if (capacity > ASPACE_REGIONS_MAX) {
        return -E_NOMEM;
    }
    struct region **regions;
    if (array_in_heap(capacity)) {
        regions = heap_allocate(capacity * sizeof(struct region *));
    } else {
        struct page *block = page_allocate(array_order(capacity), 0);
        regions = block == NULL ? NULL : page_address(block);
    }
    if (regions == NULL) {
        return -E_NOMEM;
    }
    if (aspace->count > 0) {
        __builtin_memcpy(regions, aspace->regions, aspace->count * sizeof(struct region *));
    }
    array_free(aspace->regions, aspace->capacity);
    aspace->regions = regions;
    aspace->capacity = capacity;
    return 0;
}

void region_free_array(struct aspace *aspace)
{
    KERNEL_ASSERT(aspace->count == 0);
    array_free(aspace->regions, aspace->capacity);
    aspace->regions = NULL;
    aspace->capacity = 0;
}

// Moves the regions from `index` on up by one place; there is room.
static void open_gap(struct aspace *aspace, uint32_t index)
{
    KERNEL_ASSERT(aspace->count < aspace->capacity);
    for (uint32_t i = aspace->count++; i > index; i--) {
        aspace->regions[i] = aspace->regions[i - 1];
    }
}

// Takes `number` places out.
static void close_gap(struct aspace *aspace, uint32_t index, uint32_t number)
{
    aspace->count -= number;
    for (uint32_t i = index; i < aspace->count; i++) {
        aspace->regions[i] = aspace->regions[i + number];
    }
}

void region_reposition(struct aspace *aspace, uint32_t index, uint64_t start, uint64_t end)
{
    struct region *region = aspace->regions[index];
    close_gap(aspace, index, 1);
    region->start = start;
    region->end = end;
    index = region_index(aspace, start);
    open_gap(aspace, index);
    aspace->regions[index] = region;
}

// ---- coming and going ----

void region_insert(struct aspace *aspace, struct region *region)
{
    uint32_t index = region_index(aspace, region->start);
    open_gap(aspace, index);
    aspace->regions[index] = region;
    aspace->last = index;
    region->aspace = aspace;
    if (region->memory != NULL) {
        spin_lock(&region->memory->lock);
        list_append(&region->memory->regions, &region->in_memory);
        spin_unlock(&region->memory->lock);
    }
}

void region_unlink(struct region *region)
{
    if (region->memory != NULL) {
        spin_lock(&region->memory->lock);
        list_remove(&region->in_memory);
        spin_unlock(&region->memory->lock);
    }
}

void region_remove(struct aspace *aspace, uint32_t first, uint32_t number)
{
    for (uint32_t i = first; i < first + number; i++) {
        struct region *region = aspace->regions[i];
        if (region->memory != NULL) {
            object_put(&region->memory->object);
        }
        heap_free(region);
    }
    close_gap(aspace, first, number);
}

void region_set_bounds(struct region *region, uint64_t start, uint64_t end)
{
    struct memory *memory = region->memory;
    if (memory == NULL) {
        region->start = start;
        region->end = end;
        return;
    }
    spin_lock(&memory->lock);
    region->offset += start - region->start;
    region->start = start;
    region->end = end;
    spin_unlock(&memory->lock);
}

int region_split(struct aspace *aspace, uint64_t address)
{
    uint32_t index = region_index(aspace, address);
    if (index == aspace->count || aspace->regions[index]->start >= address) {
        return 0;
    }
    struct region *low = aspace->regions[index];
    if (region_reserve(aspace, 1) != 0) {
        return -E_NOMEM;
    }
    struct region *high = heap_allocate(sizeof(*high));
    if (high == NULL) {
        return -E_NOMEM;
    }
    *high = *low;
    list_init(&high->in_memory);
    high->start = address;
    high->offset += high->memory == NULL ? 0 : address - low->start;
    if (high->memory != NULL) {
        object_get(&high->memory->object);
    }
    open_gap(aspace, index + 1);
    aspace->regions[index + 1] = high;
    if (high->memory == NULL) {
        low->end = address;
        return 0;
    }
    spin_lock(&high->memory->lock);
    low->end = address;
    list_append(&high->memory->regions, &high->in_memory);
    spin_unlock(&high->memory->lock);
    return 0;
}

static bool continues(const struct region *low, const struct region *high)
{
    return low->end == high->start && low->memory == high->memory && low->prot == high->prot &&
           low->max_prot == high->max_prot && low->flags == high->flags &&
           (low->flags & MAP_GROWS_DOWN) == 0 && low->tag == high->tag &&
           (low->memory == NULL || low->offset + (low->end - low->start) == high->offset);
}

void region_merge(struct aspace *aspace, uint32_t index)
{
    if (index + 1 >= aspace->count) {
        return;
    }
    struct region *low = aspace->regions[index];
    struct region *high = aspace->regions[index + 1];
    if (!continues(low, high)) {
        return;
    }
    region_set_bounds(low, low->start,
                      high->end); // first, so that every entry stays in sight of the object
    region_unlink(high);
    region_remove(aspace, index + 1, 1);
}

// ---- choosing addresses ----

int region_check_range(uint64_t address, uint64_t bytes)
{
    if (address % PAGE_SIZE != 0 || bytes % PAGE_SIZE != 0 || bytes == 0) {
        return -E_INVAL;
    }
    if (address < USER_BASE || address >= USER_END || bytes > USER_END - address) {
        return -E_PERM;
    }
    return 0;
}

// Highest free range that ends at or below `top`; 0: none.
static uint64_t choose_below(const struct aspace *aspace, uint64_t top, uint64_t bytes)
{
    for (uint32_t i = region_index(aspace, top - 1);; i--) {
        // The gap below region i (or below `top`), above region i - 1.
        uint64_t low = i == 0 ? USER_BASE : aspace->regions[i - 1]->end;
        if (i < aspace->count && region_low(aspace->regions[i]) < top) {
            top = region_low(aspace->regions[i]);
        }
        if (top > low && top - low >= bytes) {
            return top - bytes;
        }
        if (i == 0) {
            return 0;
        }
        top = low < top ? low : top;
    }
}

uint64_t region_choose(const struct aspace *aspace, uint64_t hint, uint64_t bytes)
{
    if (bytes > USER_END - USER_BASE) {
        return 0;
    }
    if (hint >= USER_BASE && hint < USER_END && bytes <= USER_END - hint) {
        uint32_t index = region_index(aspace, hint);
        if (index == aspace->count || region_low(aspace->regions[index]) >= hint + bytes) {
            return hint;
        }
        uint64_t address = choose_below(aspace, hint + bytes, bytes);
        if (address != 0) {
            return address;
        }
    }
    return choose_below(aspace, USER_END, bytes);
}
