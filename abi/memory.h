// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Memory objects and address spaces as the kernel's callers see them.
//
// A region of an address space maps part of a memory object, shared or private, or is anonymous and
// private. Private pages live in the address space itself; a private page that two spaces share
// since a clone is copied when written (Cranor & Parulkar, "The UVM Virtual Memory System", USENIX
// 1999: two layers, no shadow chains).

#pragma once

#include "abi/types.h"

enum prot { PROT_NONE = 0, PROT_READ = 1, PROT_WRITE = 2, PROT_EXECUTE = 4 };

enum memory_flag {
    MEMORY_CONTIGUOUS =
        1, // physically contiguous, committed and zeroed at once; needed for DMA rings
    MEMORY_BELOW_4G = 2,
    MEMORY_BELOW_16M = 4,
    MEMORY_PAGED = 8,  // absent pages are fetched: from the pager endpoint given, or, with
                       // HANDLE_NONE, a guest's fault returns to its server as GUEST_EXIT_PAGE and
                       // anyone else's access gets E_FAULT
    MEMORY_LARGE = 16, // pages come LARGE_BYTES together, contiguous, where there is room: an IOMMU
                       // then has one entry for them, and a device one address
};

enum { LARGE_BYTES = 2 << 20 };

enum memory_cache { MEMORY_DEVICE, MEMORY_WRITE_COMBINING, MEMORY_CACHED };

enum map_flag {
    MAP_FIXED = 1,       // at exactly this address, replacing what is there
    MAP_PRIVATE = 2,     // writes go to private copies (default: shared)
    MAP_NOREPLACE = 4,   // with MAP_FIXED: E_EXIST if anything is there
    MAP_POPULATE = 8,    // make the pages present now
    MAP_GROWS_DOWN = 16, // a stack: a fault just below extends it, down to `limit` bytes in all
    MAP_SHARED_ANON =
        32, // no memory handle: the kernel makes an anonymous object shared across clones
};

struct aspace_map_args {
    uint64_t address; // exact (MAP_FIXED) or a hint; 0: the kernel chooses, top down
    uint64_t bytes;   // multiple of PAGE_SIZE
    handle_t memory;  // HANDLE_NONE: anonymous
    uint32_t prot;
    uint32_t flags;
    uint32_t reserved;
    uint64_t offset; // into memory, multiple of PAGE_SIZE
    uint64_t limit;  // MAP_GROWS_DOWN
    uint64_t tag;    // the caller's own mark, returned by aspace_query
};

struct region_info {
    uint64_t address, bytes, offset, tag;
    uint32_t prot, flags;
    uint64_t memory_id; // identity of the object, 0 if anonymous
    uint64_t resident_bytes;
};

struct aspace_stats {
    uint64_t mapped_bytes, resident_bytes, private_bytes, page_table_bytes;
    uint64_t faults;
    uint64_t regions;
};

// The message a pager receives (MESSAGE_FAULT set, label 0, badge that of the endpoint handle given
// at memory_create): word 0 byte offset of the missing page, word 1 PROT_* wanted. It supplies the
// page and replies; the thread retries.
enum { FAULT_WORDS = 2 };
