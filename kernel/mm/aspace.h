// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Address spaces: regions and page tables. The page tables are the private page layer: a software bit in the entry tells
// a private page (counted in struct page) from one that belongs to the region's object.

#pragma once

#include "abi/memory.h"
#include "kernel/arch/mmu.h"
#include "kernel/core/list.h"
#include "kernel/core/lock.h"
#include "kernel/core/object.h"
#include "kernel/mm/memory.h"

struct region {
    uint64_t start, end;
    struct memory *memory; // referenced; NULL: anonymous private
    uint64_t offset;
    uint8_t prot, flags;   // PROT_*, MAP_PRIVATE | MAP_GROWS_DOWN
    uint64_t limit;        // lowest start of a growing region
    uint64_t tag;
    struct aspace *aspace;
    struct list in_memory; // memory->regions
};

struct aspace {
    struct object object;
    struct spinlock lock;
    struct mmu_space mmu;      // page-table root, CPUs on which it is loaded
    struct region **regions;   // sorted by start
    uint32_t count, capacity;
    uint64_t last;             // index of the last hit
    uint64_t private_pages, object_pages, table_pages, faults;
};

int aspace_create(struct aspace **result);

// What a fault needs that the kernel cannot do itself.
struct fault {
    uint64_t address;
    unsigned access;        // PROT_* wanted
    bool mapped;            // a region exists but forbids the access, or
    struct memory *memory;  // -E_AGAIN: referenced object whose page is absent; the caller puts it
    uint64_t memory_offset;
    uint64_t memory_tag;
};

// Makes the page at fault->address accessible for fault->access. 0: done, retry the access. -E_FAULT: no mapping, or
// forbidden (fault->mapped). -E_AGAIN: a pager must supply fault->memory, memory_offset. -E_NOMEM.
// Takes the aspace's lock.
int aspace_fault(struct aspace *aspace, struct fault *fault);

// Copies between kernel memory and a user address, page by page through the direct map, faulting pages in; the only way the kernel
// touches user memory. 0, -E_FAULT, -E_NOMEM, or -E_AGAIN with *fault filled (copy_in / copy_out may have moved a part).
int aspace_copy_in(struct aspace *aspace, void *destination, uint64_t address, size_t bytes, struct fault *fault);
int aspace_copy_out(struct aspace *aspace, uint64_t address, const void *source, size_t bytes, struct fault *fault);

// Copies from one space's user memory to another's (SYS_ASPACE_READ / WRITE). Returns bytes moved (> 0), or an error if
// none; *fault and *fault_space tell which side needs a pager on -E_AGAIN.
int64_t aspace_copy_between(struct aspace *to, uint64_t to_address, struct aspace *from, uint64_t from_address,
                            size_t bytes, struct fault *fault, struct aspace **fault_space);

// 32-bit word at a user address as one atomic load / compare-exchange (futexes). Same errors as copy_in. *key_memory and
// *key_offset name the word independently of the space: the object and offset for shared mappings, the aspace and
// address for private ones.
struct futex_key {
    const void *object;
    uint64_t offset;
};
int aspace_futex_load(struct aspace *aspace, uint64_t address, uint32_t *value, struct futex_key *key, struct fault *fault);

int aspace_map(struct aspace *aspace, const struct aspace_map_args *args, struct memory *memory, unsigned max_prot, uint64_t *address);
int aspace_unmap(struct aspace *aspace, uint64_t address, uint64_t bytes);
int aspace_protect(struct aspace *aspace, uint64_t address, uint64_t bytes, unsigned prot);
int aspace_discard(struct aspace *aspace, uint64_t address, uint64_t bytes);
int aspace_move(struct aspace *aspace, uint64_t from, uint64_t from_bytes, uint64_t to, uint64_t to_bytes);
int aspace_clone(struct aspace *aspace, struct aspace **result);
int aspace_query(struct aspace *aspace, uint64_t address, struct region_info *info);
void aspace_statistics(struct aspace *aspace, struct aspace_stats *stats);
// Drops every region and private page at once (a dead process), though handles to the space remain.
void aspace_clear(struct aspace *aspace);

// memory side of the system calls, same file family
int memory_resize(struct memory *memory, uint64_t bytes);
int memory_supply(struct memory *memory, uint64_t offset, struct memory *source, uint64_t source_offset, uint64_t bytes);
int memory_decommit(struct memory *memory, uint64_t offset, uint64_t bytes);
int64_t memory_dirty(struct memory *memory, uint64_t offset, uint64_t pages, uint8_t *bitmap, bool clear);
