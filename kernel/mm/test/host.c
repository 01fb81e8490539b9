// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

#include "kernel/mm/test/host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/error.h"
#include "kernel/core/panic.h"
#include "kernel/mm/heap.h"

uint64_t host_arena;
unsigned host_cpu;
uint64_t host_flushes;

// ---- panic, objects, locks ----

void panic(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vfprintf(stderr, format, arguments);
    va_end(arguments);
    (void)fputc('\n', stderr);
    abort();
}

static struct object *dead;

void object_init(struct object *object, enum object_type type)
{
    *object = (struct object){.type = type, .references = 1};
}

void object_put(struct object *object)
{
    if (object->references == 0) {
        panic("object put once too often");
    }
    if (--object->references == 0) {
        object->next_dead = dead;
        dead = object;
    }
}

void host_reap(void)
{
    while (dead != NULL) {
        struct object *object = dead;
        dead = object->next_dead;
        (object->type == OBJECT_MEMORY ? memory_destroy : aspace_destroy)(object);
    }
}

void cpu_relax_in_kernel(void)
{
}

static const struct spinlock *held[LOCK_RANKS];

void lock_check_acquire(const struct spinlock *lock)
{
    for (unsigned rank = lock->rank; rank < LOCK_RANKS; rank++) {
        if (held[rank] != NULL) {
            panic("lock of rank %u taken under one of rank %u", lock->rank, rank);
        }
    }
    held[lock->rank] = lock;
}

void lock_check_release(const struct spinlock *lock)
{
    if (held[lock->rank] != lock) {
        panic("lock of rank %u released but not held", lock->rank);
    }
    held[lock->rank] = NULL;
}

void lock_assert_held(const struct spinlock *lock)
{
    if (held[lock->rank] != lock) {
        panic("lock of rank %u not held", lock->rank);
    }
}

// ---- allocations that fail ----

struct page *real_page_allocate(unsigned order, unsigned flags);
void *real_heap_allocate(size_t bytes);

static unsigned allocations;
static unsigned failing;

unsigned host_fail_allocation(unsigned n)
{
    unsigned count = allocations;
    allocations = 0;
    failing = n;
    return count;
}

struct page *page_allocate(unsigned order, unsigned flags)
{
    return ++allocations == failing ? NULL : real_page_allocate(order, flags);
}

void *heap_allocate(size_t bytes)
{
    return ++allocations == failing ? NULL : real_heap_allocate(bytes);
}

uint64_t host_pages_used(void)
{
    return page_total() - page_free_count() - heap_bytes() / PAGE_SIZE;
}

// ---- CPUs ----

struct translation {
    struct mmu_space *space;
    uint64_t address; // of the page
    mmu_entry_t entry;
};

struct tlb {
    struct translation *entries;
    size_t count, capacity;
};

static struct tlb tlbs[CPU_MAX];
struct mmu_loaded mmu_loaded[CPU_MAX];
struct mmu_space mmu_kernel_space;

int mmu_root_attach(struct mmu_space *space, mmu_entry_t *root)
{
    (void)space;
    (void)root;
    return 0;
}

void mmu_root_detach(struct mmu_space *space, mmu_entry_t *root)
{
    (void)space;
    (void)root;
}

void host_init_ranges(uint64_t bytes, const struct boot_memory_range *ranges, unsigned count,
                      const struct boot_memory_range *reserved, unsigned reserved_count)
{
    enum { ALIGNMENT = 4 << 20 };
    if (host_arena != 0) {
        panic("host_init twice");
    }
    host_arena = (uint64_t)(uintptr_t)aligned_alloc(ALIGNMENT, bytes);
    memset((void *)host_arena, 0xee, bytes); // nothing is zero by accident
    page_init(ranges, count, reserved, reserved_count);
    for (unsigned cpu = 0; cpu < CPU_MAX; cpu++) {
        mmu_loaded[cpu].space = &mmu_kernel_space;
    }
}

void host_init(uint64_t bytes)
{
    struct boot_memory_range ram = {.base = 0, .bytes = bytes};
    host_init_ranges(bytes, &ram, 1, &ram, 0);
}

void mmu_space_switch(struct mmu_space *space)
{
    mmu_loaded[host_cpu].space->cpus &= ~(1u << host_cpu);
    space->cpus |= 1u << host_cpu;
    mmu_loaded[host_cpu].space = space;
    tlbs[host_cpu].count = 0;
}

void tlb_unload(struct mmu_space *space)
{
    unsigned cpu = host_cpu;
    for (host_cpu = 0; host_cpu < CPU_MAX; host_cpu++) {
        if (mmu_loaded[host_cpu].space == space) {
            mmu_space_switch(&mmu_kernel_space);
        }
    }
    host_cpu = cpu;
}

void tlb_flush_range(struct mmu_space *space, uint64_t start, uint64_t end)
{
    host_flushes += space->cpus != 0;
    for (unsigned cpu = 0; cpu < CPU_MAX; cpu++) {
        struct tlb *tlb = &tlbs[cpu];
        for (size_t i = 0; (space->cpus >> cpu & 1) != 0 && i < tlb->count;) {
            struct translation *entry = &tlb->entries[i];
            if (entry->space == space && entry->address >= start && entry->address < end) {
                *entry = tlb->entries[--tlb->count];
            } else {
                i++;
            }
        }
    }
}

// SDM volume 3, 4.5.4, written without the kernel's helpers. 0: not present.
static mmu_entry_t walk(const struct mmu_space *space, uint64_t address)
{
    uint64_t table = space->root;
    for (int shift = 39;; shift -= 9) {
        uint64_t entry = ((const uint64_t *)(host_arena + table))[address >> shift & 511];
        if ((entry & 1) == 0) {
            return 0;
        }
        if (shift == 12) {
            return entry;
        }
        if ((entry & 0x87) != 0x7) {
            panic("directory entry %#llx", (unsigned long long)entry);
        }
        table = entry & 0x000ffffffffff000;
    }
}

static bool hardware_allows(mmu_entry_t entry, unsigned access)
{
    return (entry & 5) == 5 && ((access & PROT_WRITE) == 0 || (entry & 2) != 0) &&
           ((access & PROT_EXECUTE) == 0 || entry >> 63 == 0);
}

static struct translation *tlb_find(const struct mmu_space *space, uint64_t address)
{
    struct tlb *tlb = &tlbs[host_cpu];
    for (size_t i = 0; i < tlb->count; i++) {
        if (tlb->entries[i].space == space && tlb->entries[i].address == address) {
            return &tlb->entries[i];
        }
    }
    return NULL;
}

static void tlb_add(struct mmu_space *space, uint64_t address, mmu_entry_t entry)
{
    struct tlb *tlb = &tlbs[host_cpu];
    struct translation *known = tlb_find(space, address);
    if (known != NULL) {
        known->entry = entry;
        return;
    }
    if (tlb->count == tlb->capacity) {
        tlb->capacity = tlb->capacity == 0 ? 64 : tlb->capacity * 2;
        tlb->entries = realloc(tlb->entries, tlb->capacity * sizeof(*tlb->entries));
    }
    tlb->entries[tlb->count++] = (struct translation){space, address, entry};
}

int host_access(struct aspace *aspace, uint64_t address, unsigned access, uint8_t **byte,
                struct fault *fault)
{
    enum { TRIES = 3 };
    uint64_t page = address & ~(uint64_t)(PAGE_SIZE - 1);
    mmu_space_load(&aspace->mmu);
    for (unsigned tries = 0; tries < TRIES; tries++) {
        struct translation *known = tlb_find(&aspace->mmu, page);
        mmu_entry_t entry = known != NULL && hardware_allows(known->entry, access)
                                ? known->entry
                                : walk(&aspace->mmu, page);
        if (hardware_allows(entry, access)) {
            tlb_add(&aspace->mmu, page, entry);
            *byte = (uint8_t *)(host_arena + (entry & 0x000ffffffffff000) + address % PAGE_SIZE);
            return 0;
        }
        *fault = (struct fault){.address = address, .access = access};
        int error = aspace_fault(aspace, fault);
        if (error != 0) {
            return error;
        }
    }
    panic("aspace_fault says 0 but %#llx is not accessible", (unsigned long long)address);
}

void host_check_tlbs(void)
{
    for (unsigned cpu = 0; cpu < CPU_MAX; cpu++) {
        for (size_t i = 0; i < tlbs[cpu].count; i++) {
            const struct translation *known = &tlbs[cpu].entries[i];
            mmu_entry_t now = walk(known->space, known->address);
            bool writable_gone = (known->entry & 2) != 0 && (now & 2) == 0;
            bool execute_gone = known->entry >> 63 == 0 && now >> 63 != 0;
            if (now == 0 || (now ^ known->entry) & 0x000ffffffffff000 || writable_gone ||
                execute_gone) {
                panic("stale translation of %#llx on CPU %u: %#llx, now %#llx",
                      (unsigned long long)known->address, cpu, (unsigned long long)known->entry,
                      (unsigned long long)now);
            }
        }
    }
}

void host_check_references(struct aspace **aspaces, unsigned aspace_count, struct memory **memories,
                           unsigned memory_count)
{
    uint32_t *expected = calloc(page_frame_count, sizeof(*expected));
    bool *writable = calloc(page_frame_count, sizeof(*writable));
    for (unsigned i = 0; i < aspace_count; i++) {
        uint64_t address = 0;
        mmu_entry_t *entry;
        while ((entry = mmu_next(&aspaces[i]->mmu, &address, USER_END)) != NULL) {
            if (mmu_entry_private(*entry)) {
                expected[mmu_entry_frame(*entry) >> PAGE_SHIFT]++;
                writable[mmu_entry_frame(*entry) >> PAGE_SHIFT] |=
                    hardware_allows(*entry, PROT_WRITE);
            }
            address += PAGE_SIZE;
        }
    }
    for (unsigned i = 0; i < memory_count; i++) {
        memory_slot_t *slot;
        for (uint64_t index = 0; (slot = memory_tree_next(memories[i], &index, ~0ull)) != NULL;
             index++) {
            if (*slot != 0) {
                expected[memory_slot_page(*slot) - page_array]++;
            }
        }
    }
    for (uint64_t i = 0; i < page_frame_count; i++) {
        if (expected[i] != 0 &&
            (page_array[i].references != expected[i] || (writable[i] && expected[i] != 1))) {
            panic("frame %llu: %u references, %u owners%s", (unsigned long long)i,
                  page_array[i].references, expected[i], writable[i] ? ", writable" : "");
        }
    }
    free(expected);
    free(writable);
}
