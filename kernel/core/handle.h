// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Handle tables: a process's only way to name an object. object_lock, except that the table of a
// process that has not started yet, or is being taken down, belongs to whoever does that.

#pragma once

#include "kernel/core/object.h"

enum {
    HANDLE_CHUNK_SHIFT = 7,
    HANDLE_CHUNK = 1 << HANDLE_CHUNK_SHIFT,
    HANDLE_CHUNKS = HANDLE_MAX / HANDLE_CHUNK
};

struct handle_entry {
    struct object *object; // referenced; NULL: free
    uint64_t badge;
    uint32_t rights;
    uint32_t next_free;
};

struct handle_table {
    struct handle_entry *chunk[HANDLE_CHUNKS];
    uint32_t first_free; // 0: none in the chunks there are
    uint32_t chunks;
    uint32_t used;
};

struct process;

static inline struct handle_entry *handle_entry(struct handle_table *table, handle_t handle)
{
    if (handle >= HANDLE_MAX) {
        return NULL;
    }
    struct handle_entry *chunk = table->chunk[handle >> HANDLE_CHUNK_SHIFT];
    if (chunk == NULL) {
        return NULL;
    }
    struct handle_entry *entry = &chunk[handle & (HANDLE_CHUNK - 1)];
    return entry->object != NULL ? entry : NULL;
}

// Takes object_lock. A new reference to the object, if the handle is of that type (OBJECT_NONE:
// any) and has the rights. -E_BADF: no such handle or another type. -E_PERM: rights missing.
int handle_get(struct process *process, handle_t handle, enum object_type type, uint32_t rights,
               struct object **object, uint64_t *badge);

// The same, without asking for rights: a copy of the entry, with a reference to its object.
int handle_get_entry(struct process *process, handle_t handle, enum object_type type,
                     struct handle_entry *copy);

// A handle for an object, taking over the caller's reference (dropped on failure). Takes
// object_lock. Returns the handle, or -E_NOMEM (table full), -E_DEAD.
int64_t handle_install(struct process *process, struct object *object, uint32_t rights,
                       uint64_t badge);

// The same with object_lock held; adds its own reference. slot: a free slot asked for, or 0.
int64_t handle_install_locked(struct process *process, struct object *object, uint32_t rights,
                              uint64_t badge, handle_t slot);

// Takes object_lock. -E_BADF.
int handle_close(struct process *process, handle_t handle);

// Closes everything; the process is dead.
void handle_table_clear(struct handle_table *table);
