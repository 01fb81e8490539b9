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

struct aspace;
struct process;
struct thread;

static inline struct handle_entry *handle_entry(struct handle_table *table, uint64_t handle)
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

// Takes object_lock. A new reference to the object, if the thread's process has such a handle, of
// that type (OBJECT_NONE: any) and has the rights. -E_BADF: no such handle or another type.
// -E_PERM: rights missing.
int handle_get(struct thread *thread, uint64_t handle, enum object_type type, uint32_t rights,
               struct object **object, uint64_t *badge);

// The same, without asking for rights: a copy of the entry, with a reference to its object.
int handle_get_entry(struct thread *thread, uint64_t handle, enum object_type type,
                     struct handle_entry *copy);

// An address space; HANDLE_SELF: the caller's own.
int handle_get_aspace(struct thread *thread, uint64_t handle, uint32_t rights,
                      struct aspace **aspace);

// A handle for an object, taking over the caller's reference (dropped on failure). Takes
// object_lock. Returns the handle, or -E_NOMEM (table full), -E_DEAD.
int64_t handle_install(struct process *process, struct object *object, uint32_t rights,
                       uint64_t badge);

// The same with object_lock held; adds its own reference. slot: a free slot asked for, or 0.
int64_t handle_install_locked(struct process *process, struct object *object, uint32_t rights,
                              uint64_t badge, handle_t slot);

// The thread's handle which[0], with those of its rights that are in which[1] and the badge
// which[2] (0: its own), for another process; slot as above. Takes object_lock. -E_BADF; -E_PERM:
// not to be duplicated, or it has another badge; -E_NOMEM, -E_DEAD.
int64_t handle_copy(struct thread *thread, const uint64_t *which, struct process *to,
                    handle_t slot);

// Takes object_lock. -E_BADF.
int handle_close(struct process *process, handle_t handle);

// Closes everything; the process is dead.
void handle_table_clear(struct handle_table *table);
