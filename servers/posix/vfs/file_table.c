// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Descriptor tables. One bit a descriptor says "in use", one "close on exec". The search for the
// lowest free one starts at a hint below which all are in use and looks at 64 at a time. The tables
// double as needed.

#include <stdlib.h>
#include <string.h>

#include "abi/error.h"
#include "servers/posix/filesystem.h"
#include "servers/posix/vfs/locks.h"

enum { WORD = 64, TABLE_START = 64 };

static int table_allocate(struct file_table *table, uint32_t capacity)
{
    uint32_t words = capacity / WORD;
    struct file **file = calloc(capacity, sizeof(*file));
    uint64_t *bits = calloc((size_t)words * 2, sizeof(*bits));
    if (file == NULL || bits == NULL) {
        free(file);
        free(bits);
        return -E_NOMEM;
    }
    if (table->file != NULL) {
        uint32_t old_words = table->capacity / WORD;
        memcpy(file, table->file, table->capacity * sizeof(*file));
        memcpy(bits, table->used, old_words * sizeof(*bits));
        memcpy(bits + words, table->cloexec, old_words * sizeof(*bits));
        free(table->file);
        free(table->used); // with cloexec behind it
    }
    table->file = file;
    table->used = bits;
    table->cloexec = bits + words;
    table->capacity = capacity;
    return 0;
}

static int table_grow(struct file_table *table, uint32_t needed)
{
    if (needed <= table->capacity)
        return 0;
    uint32_t capacity = table->capacity;
    while (capacity < needed)
        capacity *= 2;
    return table_allocate(table, capacity);
}

struct file_table *file_table_create(void)
{
    struct file_table *table = calloc(1, sizeof(*table));
    if (table == NULL)
        return NULL;
    table->references = 1;
    if (table_allocate(table, TABLE_START) != 0) {
        free(table);
        return NULL;
    }
    return table;
}

struct file_table *file_table_clone(const struct file_table *from)
{
    struct file_table *table = calloc(1, sizeof(*table));
    if (table == NULL)
        return NULL;
    // Only as large as what is in use needs.
    uint32_t words = from->capacity / WORD;
    while (words > 1 && from->used[words - 1] == 0)
        words--;
    uint32_t capacity = TABLE_START;
    while (capacity < words * WORD)
        capacity *= 2;
    if (table_allocate(table, capacity) != 0) {
        free(table);
        return NULL;
    }
    table->references = 1;
    table->hint = from->hint;
    memcpy(table->used, from->used, words * sizeof(*table->used));
    memcpy(table->cloexec, from->cloexec, words * sizeof(*table->cloexec));
    for (uint32_t word = 0; word < words; word++) {
        for (uint64_t bits = from->used[word]; bits != 0; bits &= bits - 1) {
            uint32_t fd = word * WORD + (uint32_t)__builtin_ctzll(bits);
            table->file[fd] = file_hold(from->file[fd]);
        }
    }
    return table;
}

struct file_table *file_table_hold(struct file_table *table)
{
    table->references++;
    return table;
}

bool file_table_shared(const struct file_table *table)
{
    return table->references > 1;
}

// Takes the file out of the table; its reference goes to the caller.
static struct file *table_take(struct file_table *table, uint32_t fd)
{
    struct file *file = table->file[fd];
    table->file[fd] = NULL;
    table->used[fd / WORD] &= ~(1ull << fd % WORD);
    table->cloexec[fd / WORD] &= ~(1ull << fd % WORD);
    if (fd < table->hint)
        table->hint = fd;
    return file;
}

// A descriptor in `table` that referred to the file is gone, and its reference goes too.
static void table_drop(struct file_table *table, struct file *file)
{
    if (file->ops->flush != NULL)
        file->ops->flush(file, table);
    if (file->inode != NULL && !list_empty(&file->inode->posix_locks))
        locks_release_owner(file->inode, table);
    file_put(file);
}

static void table_close(struct file_table *table, uint32_t fd)
{
    table_drop(table, table_take(table, fd));
}

void file_table_put(struct file_table *table)
{
    if (--table->references != 0)
        return;
    table->references = 1; // closing may sleep, but nobody else has the table
    for (int fd = 0; (fd = file_table_next(table, fd)) >= 0; fd++)
        table_close(table, (uint32_t)fd);
    free(table->file);
    free(table->used);
    free(table);
}

void file_table_close_on_exec(struct file_table *table)
{
    for (uint32_t word = 0; word < table->capacity / WORD; word++) {
        while (table->cloexec[word] != 0)
            table_close(table, word * WORD + (uint32_t)__builtin_ctzll(table->cloexec[word]));
    }
}

// The lowest free descriptor at or above `from`; the capacity if there is none inside.
static uint32_t table_find_free(const struct file_table *table, uint32_t from)
{
    uint32_t word = from / WORD;
    uint32_t words = table->capacity / WORD;
    if (word >= words)
        return from;
    uint64_t free_bits = ~table->used[word] & ~0ull << from % WORD;
    while (free_bits == 0) {
        if (++word == words)
            return table->capacity;
        free_bits = ~table->used[word];
    }
    return word * WORD + (uint32_t)__builtin_ctzll(free_bits);
}

static void table_enter(struct file_table *table, uint32_t fd, struct file *file,
                        bool close_on_exec)
{
    uint64_t bit = 1ull << fd % WORD;
    table->file[fd] = file;
    table->used[fd / WORD] |= bit;
    if (close_on_exec)
        table->cloexec[fd / WORD] |= bit;
    else
        table->cloexec[fd / WORD] &= ~bit;
}

int file_table_add(struct file_table *table, struct file *file, int from, uint32_t limit,
                   bool close_on_exec)
{
    uint32_t start = (uint32_t)from > table->hint ? (uint32_t)from : table->hint;
    uint32_t fd = table_find_free(table, start);
    if (limit > FILE_TABLE_MAX)
        limit = FILE_TABLE_MAX;
    if (fd >= limit)
        return -E_MFILE;
    int error = table_grow(table, fd + 1);
    if (error != 0)
        return error;
    if (start == table->hint)
        table->hint = fd + 1; // none free below, as `start` was the lowest candidate
    table_enter(table, fd, file, close_on_exec);
    return (int)fd;
}

int file_table_set(struct file_table *table, int fd, struct file *file, bool close_on_exec)
{
    if (fd < 0 || fd >= FILE_TABLE_MAX)
        return -E_BADF;
    int error = table_grow(table, (uint32_t)fd + 1);
    if (error != 0)
        return error;
    struct file *old = table->file[fd];
    table_enter(table, (uint32_t)fd, file, close_on_exec);
    if (old != NULL)
        table_drop(table, old);
    return fd;
}

int file_table_close(struct file_table *table, int fd)
{
    if (file_table_peek(table, fd) == NULL)
        return -E_BADF;
    table_close(table, (uint32_t)fd);
    return 0;
}

bool file_table_get_cloexec(const struct file_table *table, int fd)
{
    return (uint32_t)fd < table->capacity && (table->cloexec[fd / WORD] >> fd % WORD & 1) != 0;
}

void file_table_set_cloexec(struct file_table *table, int fd, bool on)
{
    if (file_table_peek(table, fd) == NULL)
        return;
    uint64_t bit = 1ull << fd % WORD;
    if (on)
        table->cloexec[fd / WORD] |= bit;
    else
        table->cloexec[fd / WORD] &= ~bit;
}

int file_table_next(const struct file_table *table, int fd)
{
    uint32_t words = table->capacity / WORD;
    uint32_t word = (uint32_t)fd / WORD;
    if (fd < 0 || word >= words)
        return -1;
    uint64_t bits = table->used[word] & ~0ull << fd % WORD;
    while (bits == 0) {
        if (++word == words)
            return -1;
        bits = table->used[word];
    }
    return (int)(word * WORD + (uint32_t)__builtin_ctzll(bits));
}
