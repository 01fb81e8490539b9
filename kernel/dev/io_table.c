// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

#include "kernel/dev/io_table.h"

#include "abi/error.h"

#define LARGE_PAGE ((uint64_t)PAGE_SIZE << IO_TABLE_BITS)

static uint64_t span(unsigned level) // bytes that one entry of the level stands for
{
    return (uint64_t)PAGE_SIZE << (level * IO_TABLE_BITS);
}

static uint64_t *entries(physical_t table)
{
    return physical_to_virtual(table);
}

static void store(const struct io_table *table, uint64_t *entry, uint64_t value)
{
    __atomic_store_n(entry, value, __ATOMIC_RELEASE);
    if (table->format->written != NULL) {
        table->format->written(entry, sizeof(*entry));
    }
}

static bool is_table(const struct io_table *table, uint64_t entry, unsigned level)
{
    return level > 0 && entry != 0 &&
           (entry & table->format->kind_mask) == table->format->kind_table;
}

static physical_t new_table(struct io_table *table)
{
    struct page *page = page_allocate(0, PAGE_ZEROED | PAGE_FOR_SERVICE);
    if (page == NULL) {
        return 0;
    }
    table->tables++;
    if (table->format->written != NULL) {
        table->format->written(physical_to_virtual(page_physical(page)), PAGE_SIZE);
    }
    return page_physical(page);
}

int io_table_create(struct io_table *table, const struct io_table_format *format, unsigned levels)
{
    *table = (struct io_table){.format = format, .levels = levels};
    table->root = new_table(table);
    return table->root == 0 ? -E_NOMEM : 0;
}

static void free_tree(const struct io_table *table, physical_t root, unsigned level)
{
    const uint64_t *entry = entries(root);
    for (unsigned i = 0; level > 0 && i < IO_TABLE_ENTRIES; i++) {
        if (is_table(table, entry[i], level)) {
            free_tree(table, entry[i] & table->format->address_mask, level - 1);
        }
    }
    page_put(page_of_ram(root));
}

void io_table_destroy(struct io_table *table)
{
    free_tree(table, table->root, table->levels - 1);
    table->root = 0;
}

// The entry for `bus` at `level`, or the leaf above it; *level says which. NULL: no table, and none
// was to be made or could be.
static uint64_t *walk(struct io_table *table, uint64_t bus, unsigned *level, bool make)
{
    physical_t at = table->root;
    for (unsigned above = table->levels - 1;; above--) {
        uint64_t *entry = &entries(at)[bus / span(above) % IO_TABLE_ENTRIES];
        if (above == *level || (*entry != 0 && !is_table(table, *entry, above))) {
            *level = above;
            return entry;
        }
        if (*entry == 0) {
            physical_t made = make ? new_table(table) : 0;
            if (made == 0) {
                return NULL;
            }
            store(table, entry, made | table->format->table_bits);
        }
        at = *entry & table->format->address_mask;
    }
}

static bool large_fits(const struct io_table *table, uint64_t bus, physical_t physical,
                       uint64_t bytes)
{
    return table->format->large_pages && bytes >= LARGE_PAGE && (bus | physical) % LARGE_PAGE == 0;
}

// The entries of one table, from this one on, that stand for at most so many bytes.
static unsigned run_of(const uint64_t *entry, uint64_t bytes)
{
    unsigned left =
        IO_TABLE_ENTRIES - (unsigned)((uintptr_t)entry / sizeof(*entry) % IO_TABLE_ENTRIES);
    return bytes / PAGE_SIZE < left ? (unsigned)(bytes / PAGE_SIZE) : left;
}

static void written(const struct io_table *table, const uint64_t *entry, unsigned count)
{
    if (table->format->written != NULL) {
        table->format->written(entry, count * sizeof(*entry));
    }
}

// Maps a large page, or the pages that one table holds; returns their bytes, or -E_NOMEM.
static int64_t map_some(struct io_table *table, uint64_t bus, physical_t physical, uint64_t bytes,
                        uint32_t rights)
{
    unsigned level = large_fits(table, bus, physical, bytes) ? 1 : 0;
    uint64_t *entry = walk(table, bus, &level, true);
    if (entry != NULL && level == 1 && *entry != 0) { // a table of small pages, empty by now
        level = 0;
        entry = walk(table, bus, &level, true);
    }
    if (entry == NULL) {
        return -E_NOMEM;
    }
    unsigned count = level > 0 ? 1 : run_of(entry, bytes);
    for (unsigned i = 0; i < count; i++) {
        uint64_t value = table->format->leaf(physical + i * PAGE_SIZE, rights, level);
        __atomic_store_n(&entry[i], value, __ATOMIC_RELEASE);
    }
    written(table, entry, count);
    return (int64_t)(span(level) * count);
}

int io_table_map(struct io_table *table, uint64_t bus, physical_t physical, uint64_t bytes,
                 uint32_t rights)
{
    uint64_t reach = span(table->levels);
    if (bytes > reach || bus > reach - bytes) {
        return -E_INVAL;
    }
    for (uint64_t done = 0; done < bytes;) {
        int64_t part = map_some(table, bus + done, physical + done, bytes - done, rights);
        if (part < 0) {
            io_table_unmap(table, bus, done);
            return (int)part;
        }
        done += (uint64_t)part;
    }
    return 0;
}

void io_table_unmap(struct io_table *table, uint64_t bus, uint64_t bytes)
{
    for (uint64_t done = 0; done < bytes;) {
        unsigned level = 0;
        uint64_t *entry = walk(table, bus + done, &level, false);
        if (entry == NULL) {
            done += PAGE_SIZE;
            continue;
        }
        unsigned count = level > 0 ? 1 : run_of(entry, bytes - done);
        for (unsigned i = 0; i < count; i++) {
            __atomic_store_n(&entry[i], 0, __ATOMIC_RELEASE);
        }
        written(table, entry, count);
        done += span(level) * count;
    }
}
