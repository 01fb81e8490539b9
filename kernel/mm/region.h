// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Inside kernel/mm: the sorted array of regions and the walk over their entries. The space's lock
// is held throughout.

#pragma once

#include "kernel/mm/aspace.h"

// Index of the first region that ends above the address; count if none.
uint32_t region_index(const struct aspace *aspace, uint64_t address);

// The region that contains the address, or NULL. Remembers the hit.
struct region *region_find(struct aspace *aspace, uint64_t address);

// Room for `more` further regions. -E_NOMEM.
int region_reserve(struct aspace *aspace, uint32_t more);

// Puts a filled region (start, end, memory with a reference to take over, ...) in its place; room
// was reserved.
void region_insert(struct aspace *aspace, struct region *region);

// Gives the array of an empty space back.
void region_free_array(struct aspace *aspace);

// Takes the region out of its object's list: the object will not look at its tables any more.
void region_unlink(struct region *region);

// Takes regions first .. first + number, which are unlinked, out of the array and frees them.
void region_remove(struct aspace *aspace, uint32_t first, uint32_t number);

// Cuts the region that straddles the address, if there is one, in two. -E_NOMEM.
int region_split(struct aspace *aspace, uint64_t address);

// Joins region `index` and the one after it if they continue each other.
void region_merge(struct aspace *aspace, uint32_t index);

// Moves start and end, under the object's lock.
void region_set_bounds(struct region *region, uint64_t start, uint64_t end);

// What the region keeps for itself below its start (a stack's room to grow included).
static inline uint64_t region_low(const struct region *region)
{
    return (region->flags & MAP_GROWS_DOWN) != 0 && region->limit < region->start ? region->limit
                                                                                  : region->start;
}

static inline bool region_private(const struct region *region)
{
    return region->memory == NULL || (region->flags & MAP_PRIVATE) != 0;
}

enum region_zap { ZAP_ALL, ZAP_PRIVATE };
enum { ZAP_TABLE_COST = 64 };

// Clears the entries of a part of a region and lets their pages go, until *budget is used up (an
// entry cleared costs 1, with ZAP_ALL a table visited ZAP_TABLE_COST); returns the address reached.
// Translations are flushed on return unless the region is anonymous: then `gather` still holds
// them.
uint64_t region_zap(struct region *region, uint64_t start, uint64_t end, enum region_zap what,
                    struct mmu_gather *gather, uint64_t *budget);

// Unmaps every region of a range: aspace_unmap without the lock and the checks.
int region_unmap_range(struct aspace *aspace, uint64_t start, uint64_t end);

// Frees the page tables of a range in which no region is left.
void region_release_tables(struct aspace *aspace, uint64_t start, uint64_t end);

// Gives region `index` new bounds that may lie elsewhere; its object's lock is held if it has one.
void region_reposition(struct aspace *aspace, uint32_t index, uint64_t start, uint64_t end);

// Highest free range of so many bytes as aspace_map describes it; 0: none.
uint64_t region_choose(const struct aspace *aspace, uint64_t hint, uint64_t bytes);

// 0, -E_INVAL (not whole pages, nothing) or -E_PERM (outside user addresses).
int region_check_range(uint64_t address, uint64_t bytes);

// aspace_fault with the lock held.
int fault_resolve(struct aspace *aspace, struct fault *fault);

#ifdef XINIM_CHECKS
void assert_aspace_state(
    struct aspace *aspace); // docs/memory.md, A1 ..; looks at the entries now and then
void assert_aspace_entries(struct aspace *aspace); // A3 .. now
#else
static inline void assert_aspace_state(struct aspace *aspace)
{
    (void)aspace;
}
#endif
