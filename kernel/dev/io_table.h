// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Translation tables of I/O memory management units: a radix tree of 512 entries a level, from a
// device's bus addresses to physical ones. What VT-d's second level and the SMMU's stage 1 share;
// what their entries look like, a format tells.
//
// The caller locks. None blocks. Tables, once made, stay until io_table_destroy: a window's bus
// addresses are handed out low first, so they are used again.

#pragma once

#include "abi/types.h"
#include "kernel/mm/page.h"

enum { IO_TABLE_BITS = 9, IO_TABLE_ENTRIES = 1 << IO_TABLE_BITS };

struct io_table_format {
    uint64_t table_bits;            // of an entry that names a table
    uint64_t kind_mask, kind_table; // above level 0: a table if (entry & mask) == kind_table
    uint64_t address_mask;
    bool large_pages; // of 2 MiB
    // An entry for a page (level 0) or a large page (level 1); rights: RIGHT_READ, RIGHT_WRITE.
    uint64_t (*leaf)(physical_t physical, uint32_t rights, unsigned level);
    // Makes written entries visible to the unit; NULL: it sees the CPUs' caches.
    void (*written)(const void *at, size_t bytes);
};

struct io_table {
    const struct io_table_format *format;
    physical_t root;
    unsigned levels; // 3 (39 bits) or 4 (48 bits)
    uint64_t tables; // pages, root included
};

// 0 or -E_NOMEM.
int io_table_create(struct io_table *table, const struct io_table_format *format, unsigned levels);

// The unit no longer walks it.
void io_table_destroy(struct io_table *table);

// Everything page-aligned; nothing in bus .. bus + bytes may be mapped. 0; -E_INVAL: beyond what
// the levels reach; -E_NOMEM: nothing is mapped then.
int io_table_map(struct io_table *table, uint64_t bus, physical_t physical, uint64_t bytes,
                 uint32_t rights);

// Clears what io_table_map entered for exactly these bytes, page by page or as a whole. The caller
// then makes the unit forget them, before the pages can be used for anything else.
void io_table_unmap(struct io_table *table, uint64_t bus, uint64_t bytes);
