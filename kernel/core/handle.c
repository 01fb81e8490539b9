// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

#include "kernel/core/handle.h"

#include "abi/error.h"
#include "kernel/core/lock.h"
#include "kernel/core/process.h"
#include "kernel/core/thread.h"
#include "kernel/mm/aspace.h"
#include "kernel/mm/heap.h"

int handle_get_entry(struct thread *thread, uint64_t handle, enum object_type type,
                     struct handle_entry *copy)
{
    int error = -E_BADF;
    spin_lock(&object_lock);
    const struct handle_entry *entry = handle_entry(&thread->process->handles, handle);
    if (entry != NULL && (type == OBJECT_NONE || entry->object->type == type)) {
        object_get(entry->object);
        *copy = *entry;
        error = 0;
    }
    spin_unlock(&object_lock);
    return error;
}

int handle_get(struct thread *thread, uint64_t handle, enum object_type type, uint32_t rights,
               struct object **object, uint64_t *badge)
{
    struct handle_entry entry;
    int error = handle_get_entry(thread, handle, type, &entry);
    if (error != 0) {
        return error;
    }
    if ((entry.rights & rights) != rights) {
        object_put(entry.object);
        return -E_PERM;
    }
    *object = entry.object;
    if (badge != NULL) {
        *badge = entry.badge;
    }
    return 0;
}

int handle_get_aspace(struct thread *thread, uint64_t handle, uint32_t rights,
                      struct aspace **aspace)
{
    if (handle == HANDLE_SELF) {
        *aspace = thread->process->aspace;
        object_get(&(*aspace)->object);
        return 0;
    }
    struct object *object;
    int error = handle_get(thread, handle, OBJECT_ASPACE, rights, &object, NULL);
    if (error == 0) {
        *aspace = CONTAINER_OF(object, struct aspace, object);
    }
    return error;
}

// Puts the entries of a new chunk on the free list, lowest first. Slot 0 is never given out: it is
// HANDLE_NONE.
static int table_add_chunk(struct handle_table *table, unsigned index)
{
    if (index >= HANDLE_CHUNKS || table->chunk[index] != NULL) {
        return -E_NOMEM;
    }
    struct handle_entry *chunk = heap_allocate(sizeof(struct handle_entry) * HANDLE_CHUNK);
    if (chunk == NULL) {
        return -E_NOMEM;
    }
    uint32_t base = index << HANDLE_CHUNK_SHIFT;
    for (uint32_t i = HANDLE_CHUNK; i-- > (base == 0 ? 1u : 0u);) {
        chunk[i].next_free = table->first_free;
        table->first_free = base + i;
    }
    table->chunk[index] = chunk;
    table->chunks++;
    return 0;
}

static struct handle_entry *slot_of(struct handle_table *table, handle_t handle)
{
    return &table->chunk[handle >> HANDLE_CHUNK_SHIFT][handle & (HANDLE_CHUNK - 1)];
}

// Takes one given slot off the free list; only at the start of a process, so the walk is short.
static int table_claim(struct handle_table *table, handle_t slot)
{
    if (slot >= HANDLE_MAX) {
        return -E_INVAL;
    }
    unsigned index = slot >> HANDLE_CHUNK_SHIFT;
    if (table->chunk[index] == NULL && table_add_chunk(table, index) != 0) {
        return -E_NOMEM;
    }
    if (slot_of(table, slot)->object != NULL) {
        return -E_EXIST;
    }
    uint32_t *link = &table->first_free;
    while (*link != slot) {
        link = &slot_of(table, *link)->next_free;
    }
    *link = slot_of(table, slot)->next_free;
    return 0;
}

int64_t handle_install_locked(struct process *process, struct object *object, uint32_t rights,
                              uint64_t badge, handle_t slot)
{
    struct handle_table *table = &process->handles;
    if (process->finishing) {
        return -E_DEAD;
    }
    if (slot != HANDLE_NONE) {
        int error = table_claim(table, slot);
        if (error != 0) {
            return error;
        }
    } else {
        for (unsigned i = 0; table->first_free == 0 && i < HANDLE_CHUNKS; i++) {
            if (table->chunk[i] == NULL && table_add_chunk(table, i) != 0) {
                return -E_NOMEM;
            }
        }
        if (table->first_free == 0) {
            return -E_NOMEM;
        }
        slot = table->first_free;
        table->first_free = slot_of(table, slot)->next_free;
    }
    object_get(object);
    *slot_of(table, slot) =
        (struct handle_entry){.object = object, .badge = badge, .rights = rights};
    table->used++;
    return (int64_t)slot;
}

int64_t handle_install(struct process *process, struct object *object, uint32_t rights,
                       uint64_t badge)
{
    spin_lock(&object_lock);
    int64_t handle = handle_install_locked(process, object, rights, badge, HANDLE_NONE);
    spin_unlock(&object_lock);
    object_put(object);
    return handle;
}

int64_t handle_copy(struct thread *thread, const uint64_t *which, struct process *to, handle_t slot)
{
    int64_t result;
    spin_lock(&object_lock);
    struct handle_entry *entry = handle_entry(&thread->process->handles, which[0]);
    if (entry == NULL) {
        result = -E_BADF;
    } else if ((entry->rights & RIGHT_DUPLICATE) == 0 ||
               (entry->badge != 0 && which[2] != 0 && which[2] != entry->badge)) {
        result = -E_PERM;
    } else {
        uint64_t badge = entry->badge != 0 ? entry->badge : which[2];
        result = handle_install_locked(to, entry->object, entry->rights & (uint32_t)which[1], badge,
                                       slot);
    }
    spin_unlock(&object_lock);
    return result;
}

int handle_close(struct process *process, handle_t handle)
{
    spin_lock(&object_lock);
    struct handle_table *table = &process->handles;
    struct handle_entry *entry = handle_entry(table, handle);
    struct object *object = NULL;
    if (entry != NULL) {
        object = entry->object;
        *entry = (struct handle_entry){.next_free = table->first_free};
        table->first_free = handle;
        table->used--;
    }
    spin_unlock(&object_lock);
    if (object == NULL) {
        return -E_BADF;
    }
    object_put(object);
    return 0;
}

void handle_table_clear(struct handle_table *table)
{
    for (unsigned i = 0; i < HANDLE_CHUNKS; i++) {
        struct handle_entry *chunk = table->chunk[i];
        if (chunk == NULL) {
            continue;
        }
        table->chunk[i] = NULL;
        for (unsigned j = 0; j < HANDLE_CHUNK; j++) {
            if (chunk[j].object != NULL) {
                object_put(chunk[j].object);
            }
        }
        heap_free(chunk);
    }
    table->first_free = 0;
    table->used = 0;
}
