// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Address spaces: regions and page tables. The page tables are the private page layer: a software
// bit in the entry tells a private page (counted in struct page) from one that belongs to the
// region's object. docs/memory.md tells the rest.
//
// Every function takes the space's lock (LOCK_ASPACE) itself and holds no lock when it returns;
// none blocks. Calls marked "bounded" do a limited amount of work and answer -E_INPROGRESS if there
// is more: what is done stays done, and the same call with the same arguments is to be repeated
// after interrupts were let in. Addresses and sizes are multiples of PAGE_SIZE unless they are
// those of a fault or a copy; else -E_INVAL.

#pragma once

#include "abi/memory.h"
#include "kernel/arch/mmu.h"
#include "kernel/core/list.h"
#include "kernel/core/lock.h"
#include "kernel/core/object.h"
#include "kernel/mm/memory.h"

struct region {
    uint64_t start, end;
    struct memory *memory;  // referenced; NULL: anonymous private
    uint64_t offset;        // into memory, of start
    uint8_t prot, max_prot; // PROT_*
    uint8_t flags;          // MAP_PRIVATE | MAP_GROWS_DOWN
    uint64_t limit;         // lowest start of a growing region
    uint64_t tag;
    struct aspace *aspace;
    struct list in_memory; // memory->regions
};

struct aspace {
    struct object object;
    struct spinlock lock;
    struct mmu_space mmu;    // page-table root, CPUs on which it is loaded
    struct region **regions; // sorted by start
    uint32_t count, capacity;
    uint32_t last;       // index of the last hit
    uint32_t page_flags; // PAGE_FOR_SERVICE or PAGE_FOR_GUEST: what its faults may take
    uint64_t private_pages;
    uint64_t object_pages; // atomic: memory_decommit lowers it without the space's lock
    uint64_t faults;
};

enum { ASPACE_REGIONS_MAX = 65536 }; // further maps and splits get -E_NOMEM

int aspace_create(struct aspace **result); // -E_NOMEM

// From now on the space's pages are a program's: its faults fail while services still get memory.
// Clones inherit it. Takes no lock: a fault under way may still go by what the space was.
void aspace_set_guest(struct aspace *aspace);

// ---- faults ----

// What a fault needs that the kernel cannot do itself.
struct fault {
    uint64_t address;
    unsigned access; // PROT_* wanted
    bool mapped;     // -E_FAULT: a region exists but forbids the access, or its object ends before
    struct memory *memory; // -E_AGAIN: referenced object whose page is absent; the caller puts it
    uint64_t memory_offset;
    uint64_t memory_tag; // the region's tag
};

// Makes the page at fault->address accessible for fault->access. 0: done, retry the access.
// -E_FAULT: no mapping, or forbidden (fault->mapped). -E_AGAIN: a pager must supply fault->memory,
// memory_offset. -E_NOMEM.
int aspace_fault(struct aspace *aspace, struct fault *fault);

// ---- copies, page by page through the direct map: how the kernel touches user memory ----

// Between kernel memory and a user address, faulting pages in.
// 0, -E_FAULT, -E_NOMEM, or -E_AGAIN with *fault filled (a part may have been moved).
int aspace_copy_in(struct aspace *aspace, void *destination, uint64_t address, size_t bytes,
                   struct fault *fault);
int aspace_copy_out(struct aspace *aspace, uint64_t address, const void *source, size_t bytes,
                    struct fault *fault);

enum { ASPACE_COPY_MAX = 1 << 20 }; // aspace_copy_between moves at most this much a call

// From one space's user memory to another's or the same (SYS_ASPACE_READ / WRITE). Returns bytes
// moved (> 0 unless bytes is 0), or an error if none; *fault and *fault_space (not referenced) tell
// which side needs a pager on -E_AGAIN.
int64_t aspace_copy_between(struct aspace *to, uint64_t to_address, struct aspace *from,
                            uint64_t from_address, size_t bytes, struct fault *fault,
                            struct aspace **fault_space);

// The writable page at a user address, faulted in and pinned (page_unpin gives it back): for what
// the kernel keeps at hand (IPC buffers). A clone gets a copy of it. -E_FAULT (also if a pager
// would have to supply it), -E_NOMEM; -E_INVAL: device memory.
int aspace_pin_page(struct aspace *aspace, uint64_t address, struct page **page);

// 32-bit word at a user address (4-byte aligned, else -E_INVAL) as one atomic load. Same errors as
// copy_in. *key names the word independently of the space: the object and offset for shared
// mappings, the aspace and address for private ones. Keys hold no reference.
struct futex_key {
    const void *object;
    uint64_t offset;
};
int aspace_futex_load(struct aspace *aspace, uint64_t address, uint32_t *value,
                      struct futex_key *key, struct fault *fault);

// The same, with the word held in place until aspace_futex_release: the space's lock, and its
// object's, stay taken, so the caller may compare the word under object_lock.
struct futex_hold {
    struct aspace *aspace;
    struct memory *memory;
    const uint32_t *word; // in the direct map
};
int aspace_futex_hold(struct aspace *aspace, uint64_t address, struct futex_hold *hold,
                      struct futex_key *key, struct fault *fault);
void aspace_futex_release(const struct futex_hold *hold);

// ---- mappings ----

// Takes a reference to `memory` (NULL: anonymous) if it succeeds. max_prot: what the handle's
// rights allow a shared mapping (protect keeps to it); private mappings may also write. Without
// MAP_FIXED: exactly at args->address if that is free, else the highest free range that ends at or
// below the end of that hint, else the highest free range. With MAP_FIXED what is there is unmapped
// first. MAP_POPULATE is best effort: what cannot be made present faults later; at most
// MEMORY_WORK_PAGES are. -E_INVAL: arguments; -E_PERM: outside user addresses; -E_ACCES: beyond
// max_prot; -E_EXIST: MAP_NOREPLACE; -E_NOMEM; -E_INPROGRESS while a MAP_FIXED range is being
// emptied (bounded).
int aspace_map(struct aspace *aspace, const struct aspace_map_args *args, struct memory *memory,
               unsigned max_prot, uint64_t *address);

// Holes are fine. -E_NOMEM: a region could not be split; nothing was changed. Bounded.
int aspace_unmap(struct aspace *aspace, uint64_t address, uint64_t bytes);

// -E_NOMEM: a hole in the range, or no memory to split; -E_ACCES: beyond a region's max_prot. Both
// before any change. Bounded.
int aspace_protect(struct aspace *aspace, uint64_t address, uint64_t bytes, unsigned prot);

// Drops private pages: anonymous memory reads as zeros, private mappings of objects as the object.
// Holes are fine. Bounded.
int aspace_discard(struct aspace *aspace, uint64_t address, uint64_t bytes);

// Resizes (from == to: -E_NOMEM if what follows is in use) or moves a mapping that lies in one
// region, as mremap does. to == 0: the kernel chooses; else what is at `to` is unmapped first.
// *address: where it is now. -E_FAULT: not in one region; -E_INVAL: sizes, overlap; -E_PERM;
// -E_NOMEM; -E_INPROGRESS (bounded but for moving the entries themselves: about ten instructions a
// present page).
int aspace_move(struct aspace *aspace, uint64_t from, uint64_t from_bytes, uint64_t to,
                uint64_t to_bytes, uint64_t *address);

// Copy-on-write copy; private pages are shared until written. -E_NOMEM. Work: about fifteen
// instructions a private page, two a page table entry.
int aspace_clone(struct aspace *aspace, struct aspace **result);

int aspace_query(struct aspace *aspace, uint64_t address,
                 struct region_info *info); // -E_NOENT: none at or above
void aspace_statistics(struct aspace *aspace, struct aspace_stats *stats);

// Drops every region and private page at once (a dead process), though handles to the space remain.
// Bounded.
int aspace_clear(struct aspace *aspace);
