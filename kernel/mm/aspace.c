// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Address spaces: life, map, unmap, what is asked about them. docs/memory.md has the lock rules and
// invariants.

#include "kernel/mm/aspace.h"

#include "abi/error.h"
#include "kernel/core/panic.h"
#include "kernel/mm/heap.h"
#include "kernel/mm/region.h"

int aspace_create(struct aspace **result)
{
    struct aspace *aspace = heap_allocate(sizeof(*aspace));
    if (aspace == NULL) {
        return -E_NOMEM;
    }
    int error = mmu_space_create(&aspace->mmu, PAGE_FOR_SERVICE);
    if (error != 0) {
        heap_free(aspace);
        return error;
    }
    object_init(&aspace->object, OBJECT_ASPACE);
    aspace->lock = (struct spinlock)SPINLOCK(LOCK_ASPACE);
    aspace->page_flags = PAGE_FOR_SERVICE;
    *result = aspace;
    return 0;
}

void aspace_set_guest(struct aspace *aspace)
{
    __atomic_store_n(&aspace->page_flags, PAGE_FOR_GUEST, __ATOMIC_RELAXED);
    __atomic_store_n(&aspace->mmu.page_flags, PAGE_FOR_GUEST, __ATOMIC_RELAXED);
}

int aspace_clear(struct aspace *aspace)
{
    spin_lock(&aspace->lock);
    int error = region_unmap_range(aspace, 0, USER_END);
    if (aspace->count == 0) {
        region_free_array(aspace);
        KERNEL_ASSERT(aspace->private_pages == 0 && aspace->object_pages == 0 &&
                      aspace->mmu.tables == 1);
    }
    spin_unlock(&aspace->lock);
    return error;
}

void aspace_destroy(struct object *object)
{
    struct aspace *aspace = CONTAINER_OF(object, struct aspace, object);
    while (aspace_clear(aspace) == -E_INPROGRESS) {
        cpu_relax_in_kernel();
    }
    mmu_space_destroy(&aspace->mmu);
    heap_free(aspace);
}

// ---- unmap ----

uint64_t region_zap(struct region *region, uint64_t start, uint64_t end, enum region_zap what,
                    struct mmu_gather *gather, uint64_t *budget)
{
    struct aspace *aspace = region->aspace;
    struct memory *memory = region->memory;
    uint64_t object_pages = 0;
    uint64_t address = start;
    mmu_entry_t *entry;
    if (memory != NULL) {
        spin_lock(&memory->lock);
    }
    while (*budget > 0 && (entry = mmu_next(&aspace->mmu, &address, end)) != NULL) {
        uint64_t cost = what == ZAP_ALL ? ZAP_TABLE_COST : 0;
        *budget -= *budget > cost ? cost : *budget - 1;
        uint64_t stop = (address | (MMU_LEAF_SPAN - 1)) + 1;
        stop = stop < end ? stop : end;
        for (; address<stop && * budget> 0; address += PAGE_SIZE, entry++) {
            mmu_entry_t old = mmu_entry_load(entry);
            if (old == 0 || (what == ZAP_PRIVATE && !mmu_entry_private(old))) {
                continue;
            }
            mmu_entry_store(entry, 0);
            *budget -= 1;
            if (mmu_entry_private(old)) {
                aspace->private_pages--;
                mmu_gather_page(gather, address, page_of_ram(mmu_entry_frame(old)));
            } else {
                object_pages++;
                mmu_gather_address(gather, address);
            }
        }
    }
    if (memory != NULL) {
        __atomic_fetch_sub(&aspace->object_pages, object_pages, __ATOMIC_RELAXED);
        mmu_gather_flush(gather);
        spin_unlock(&memory->lock);
    }
    return address;
}

void region_release_tables(struct aspace *aspace, uint64_t start, uint64_t end)
{
    uint32_t index = region_index(aspace, start);
    uint64_t floor = index == 0 ? 0 : aspace->regions[index - 1]->end;
    uint64_t ceiling = index == aspace->count ? ~0ull : aspace->regions[index]->start;
    struct mmu_gather gather;
    mmu_gather_init(&gather, &aspace->mmu);
    mmu_release_tables(&aspace->mmu, start, end, floor, ceiling, &gather);
    mmu_gather_flush(&gather);
}

// Regions first .. after have no entries left, nor have the `part` bytes cut off the region that
// follows them: their objects forget them, then their tables go, then they. A table goes with the
// last region in its span.
static void remove_emptied(struct aspace *aspace, uint32_t first, uint32_t after, uint64_t part)
{
    uint64_t floor = first == 0 ? 0 : aspace->regions[first - 1]->end;
    uint64_t ceiling = after == aspace->count ? ~0ull : aspace->regions[after]->start;
    struct mmu_gather gather;
    mmu_gather_init(&gather, &aspace->mmu);
    for (uint32_t i = first; i < after; i++) {
        region_unlink(aspace->regions[i]);
    }
    for (uint32_t i = first; i < after; i++) {
        const struct region *region = aspace->regions[i];
        uint64_t next = i + 1 < after ? aspace->regions[i + 1]->start : ceiling - part;
        mmu_release_tables(&aspace->mmu, region->start, region->end, floor, next, &gather);
    }
    if (part != 0) {
        mmu_release_tables(&aspace->mmu, ceiling - part, ceiling, floor, ceiling, &gather);
    }
    mmu_gather_flush(&gather);
    if (after > first) {
        region_remove(aspace, first, after - first);
    }
}

int region_unmap_range(struct aspace *aspace, uint64_t start, uint64_t end)
{
    enum { REGION_COST = 16 };
    if (region_split(aspace, start) != 0 || region_split(aspace, end) != 0) {
        return -E_NOMEM;
    }
    struct mmu_gather gather;
    mmu_gather_init(&gather, &aspace->mmu);
    uint64_t budget = MEMORY_WORK_PAGES;
    uint32_t first = region_index(aspace, start);
    uint32_t index = first;
    uint64_t part = 0;
    int error = 0;
    while (index < aspace->count && aspace->regions[index]->start < end) {
        struct region *region = aspace->regions[index];
        uint64_t reached =
            region_zap(region, region->start, region->end, ZAP_ALL, &gather, &budget);
        if (reached < region->end) {
            part = reached - region->start;
            region_set_bounds(region, reached, region->end);
            error = -E_INPROGRESS;
            break;
        }
        budget -= budget > REGION_COST ? REGION_COST : budget;
        index++;
    }
    mmu_gather_flush(&gather);
    remove_emptied(aspace, first, index, part);
    return error;
}

int aspace_unmap(struct aspace *aspace, uint64_t address, uint64_t bytes)
{
    int error = region_check_range(address, bytes);
    if (error != 0) {
        return error;
    }
    spin_lock(&aspace->lock);
    error = region_unmap_range(aspace, address, address + bytes);
    assert_aspace_state(aspace);
    spin_unlock(&aspace->lock);
    return error;
}

// ---- map ----

static int check_map_args(const struct aspace_map_args *args, const struct memory *memory,
                          unsigned allowed)
{
    const unsigned flags =
        MAP_FIXED | MAP_PRIVATE | MAP_NOREPLACE | MAP_POPULATE | MAP_GROWS_DOWN | MAP_SHARED_ANON;
    bool grows = (args->flags & MAP_GROWS_DOWN) != 0;
    if ((args->flags & ~flags) != 0 ||
        (args->prot & ~(unsigned)(PROT_READ | PROT_WRITE | PROT_EXECUTE)) != 0 ||
        args->address % PAGE_SIZE != 0 || args->bytes % PAGE_SIZE != 0 || args->bytes == 0 ||
        args->offset % PAGE_SIZE != 0 || args->offset > UINT64_MAX - args->bytes) {
        return -E_INVAL;
    }
    if ((args->flags & MAP_SHARED_ANON) != 0 &&
        (memory != NULL || (args->flags & MAP_PRIVATE) != 0)) {
        return -E_INVAL;
    }
    if (grows && (memory != NULL || (args->flags & MAP_SHARED_ANON) != 0 ||
                  args->limit % PAGE_SIZE != 0 || args->limit < args->bytes)) {
        return -E_INVAL;
    }
    if (memory != NULL && memory->kind == MEMORY_PHYSICAL && (args->flags & MAP_PRIVATE) != 0) {
        return -E_INVAL;
    }
    if ((args->prot & ~allowed) != 0) {
        return -E_ACCES;
    }
    return (args->flags & MAP_FIXED) != 0 ? region_check_range(args->address, args->bytes) : 0;
}

static unsigned allowed_prot(const struct aspace_map_args *args, const struct memory *memory,
                             unsigned max_prot)
{
    if (memory == NULL) {
        return PROT_READ | PROT_WRITE | PROT_EXECUTE;
    }
    bool private_copy = (args->flags & MAP_PRIVATE) != 0 && (max_prot & PROT_READ) != 0;
    return private_copy ? max_prot | PROT_WRITE : max_prot;
}

static struct region *region_new(const struct aspace_map_args *args, struct memory *memory,
                                 unsigned max_prot)
{
    struct region *region = heap_allocate(sizeof(*region));
    if (region == NULL) {
        return NULL;
    }
    region->memory = memory;
    region->offset = (args->flags & MAP_SHARED_ANON) != 0 || memory == NULL ? 0 : args->offset;
    region->prot = (uint8_t)args->prot;
    region->max_prot = (uint8_t)max_prot;
    region->flags = (uint8_t)(args->flags & MAP_GROWS_DOWN);
    region->flags |= memory != NULL ? (uint8_t)(args->flags & MAP_PRIVATE) : 0;
    region->tag = args->tag;
    list_init(&region->in_memory);
    return region;
}

// Finds or empties the place. 0: *address is free.
static int prepare_place(struct aspace *aspace, const struct aspace_map_args *args,
                         uint64_t *address)
{
    if ((args->flags & MAP_FIXED) == 0) {
        *address = region_choose(aspace, args->address, args->bytes);
        return *address == 0 ? -E_NOMEM : 0;
    }
    *address = args->address;
    uint32_t index = region_index(aspace, *address);
    if (index == aspace->count || aspace->regions[index]->start >= *address + args->bytes) {
        return 0;
    }
    if ((args->flags & MAP_NOREPLACE) != 0) {
        return -E_EXIST;
    }
    return region_unmap_range(aspace, *address, *address + args->bytes);
}

static void populate(struct aspace *aspace, const struct region *region)
{
    if (region->prot == PROT_NONE) {
        return;
    }
    bool write = (region->prot & PROT_WRITE) != 0 &&
                 (region_private(region) || region->memory->kind != MEMORY_PAGER);
    uint64_t end = region->end;
    if (end - region->start > (uint64_t)MEMORY_WORK_PAGES * PAGE_SIZE) {
        end = region->start + (uint64_t)MEMORY_WORK_PAGES * PAGE_SIZE;
    }
    for (uint64_t address = region->start; address < end; address += PAGE_SIZE) {
        struct fault fault = {.address = address, .access = write ? PROT_WRITE : PROT_READ};
        int error = fault_resolve(aspace, &fault);
        if (error == -E_AGAIN) {
            object_put(&fault.memory->object);
        }
        if (error != 0) {
            return;
        }
    }
}

// Lock held; takes over the reference to `memory` if it succeeds.
static int map_locked(struct aspace *aspace, const struct aspace_map_args *args,
                      struct memory *memory, unsigned max_prot, uint64_t *address)
{
    if (region_reserve(aspace, 3) != 0) { // the region, and cutting at both ends of the place
        return -E_NOMEM;
    }
    struct region *region = region_new(args, memory, max_prot);
    if (region == NULL) {
        return -E_NOMEM;
    }
    int error = prepare_place(aspace, args, address);
    if (error != 0) {
        heap_free(region);
        return error;
    }
    region->start = *address;
    region->end = *address + args->bytes;
    if ((region->flags & MAP_GROWS_DOWN) != 0) {
        uint64_t room = region->end - USER_BASE;
        region->limit = region->end - (args->limit < room ? args->limit : room);
    }
    region_insert(aspace, region);
    if ((args->flags & MAP_POPULATE) != 0) {
        populate(aspace, region);
    }
    uint32_t index = region_index(aspace, *address);
    region_merge(aspace, index);
    if (index > 0) {
        region_merge(aspace, index - 1);
    }
    return 0;
}

int aspace_map(struct aspace *aspace, const struct aspace_map_args *args, struct memory *memory,
               unsigned max_prot, uint64_t *address)
{
    unsigned allowed = allowed_prot(args, memory, max_prot);
    int error = check_map_args(args, memory, allowed);
    if (error != 0) {
        return error;
    }
    if ((args->flags & MAP_SHARED_ANON) != 0) {
        error = memory_create(args->bytes, 0, NULL, 0, &memory);
        if (error != 0) {
            return error;
        }
    } else if (memory != NULL) {
        object_get(&memory->object);
    }
    spin_lock(&aspace->lock);
    error = map_locked(aspace, args, memory, allowed, address);
    assert_aspace_state(aspace);
    spin_unlock(&aspace->lock);
    if (error != 0 && memory != NULL) {
        object_put(&memory->object);
    }
    return error;
}

// ---- questions ----

static uint64_t resident_pages(struct aspace *aspace, const struct region *region)
{
    uint64_t count = 0;
    uint64_t address = region->start;
    mmu_entry_t *entry;
    while ((entry = mmu_next(&aspace->mmu, &address, region->end)) != NULL) {
        do {
            count += mmu_entry_load(entry++) != 0;
            address += PAGE_SIZE;
        } while (address < region->end && address % MMU_LEAF_SPAN != 0);
    }
    return count;
}

int aspace_query(struct aspace *aspace, uint64_t address, struct region_info *info)
{
    spin_lock(&aspace->lock);
    uint32_t index = region_index(aspace, address);
    if (index == aspace->count) {
        spin_unlock(&aspace->lock);
        return -E_NOENT;
    }
    const struct region *region = aspace->regions[index];
    *info = (struct region_info){
        .address = region->start,
        .bytes = region->end - region->start,
        .offset = region->offset,
        .tag = region->tag,
        .prot = region->prot,
        .flags = region->flags | (region_private(region) ? MAP_PRIVATE : 0u),
        .memory_id = region->memory == NULL ? 0 : region->memory->id,
        .resident_bytes = resident_pages(aspace, region) * PAGE_SIZE,
    };
    spin_unlock(&aspace->lock);
    return 0;
}

void aspace_statistics(struct aspace *aspace, struct aspace_stats *stats)
{
    spin_lock(&aspace->lock);
    uint64_t mapped = 0;
    for (uint32_t i = 0; i < aspace->count; i++) {
        mapped += aspace->regions[i]->end - aspace->regions[i]->start;
    }
    uint64_t object_pages = __atomic_load_n(&aspace->object_pages, __ATOMIC_RELAXED);
    *stats = (struct aspace_stats){
        .mapped_bytes = mapped,
        .resident_bytes = (aspace->private_pages + object_pages) * PAGE_SIZE,
        .private_bytes = aspace->private_pages * PAGE_SIZE,
        .page_table_bytes = aspace->mmu.tables * PAGE_SIZE,
        .faults = aspace->faults,
        .regions = aspace->count,
    };
    spin_unlock(&aspace->lock);
}
