// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// System calls on memory objects and address spaces: rights and arguments are checked here, the
// work is kernel/mm's.

#include "abi/error.h"
#include "kernel/core/handle.h"
#include "kernel/core/handlers.h"
#include "kernel/core/ipc.h"
#include "kernel/core/process.h"
#include "kernel/core/resource.h"
#include "kernel/core/syscall.h"
#include "kernel/mm/aspace.h"

static int get_memory(struct thread *thread, uint64_t handle, uint32_t rights,
                      struct memory **memory)
{
    struct object *object;
    int error = handle_get(thread, handle, OBJECT_MEMORY, rights, &object, NULL);
    if (error == 0) {
        *memory = CONTAINER_OF(object, struct memory, object);
    }
    return error;
}

int64_t sys_memory_create(struct thread *thread, const uint64_t *arg)
{
    struct object *pager = NULL;
    uint64_t badge = 0;
    if (arg[1] > UINT32_MAX) {
        return -E_INVAL;
    }
    if ((handle_t)arg[2] != HANDLE_NONE) {
        int error = handle_get(thread, arg[2], OBJECT_ENDPOINT, RIGHT_SEND, &pager, &badge);
        if (error != 0) {
            return error;
        }
    }
    struct memory *memory;
    int error = memory_create(arg[0], (unsigned)arg[1],
                              pager != NULL ? CONTAINER_OF(pager, struct endpoint, object) : NULL,
                              badge, &memory);
    if (pager != NULL) {
        object_put(pager);
    }
    return error != 0 ? error : handle_install(thread->process, &memory->object, RIGHTS_ALL, 0);
}

int64_t sys_memory_create_physical(struct thread *thread, const uint64_t *arg)
{
    int error = resource_check(thread, arg[0], RESOURCE_MMIO, arg[1], arg[2]);
    if (error != 0) {
        return error;
    }
    if (arg[3] > MEMORY_CACHED) {
        return -E_INVAL;
    }
    struct memory *memory;
    error = memory_create_physical(arg[1], arg[2], (enum memory_cache)arg[3], &memory);
    return error != 0 ? error : handle_install(thread->process, &memory->object, RIGHTS_ALL, 0);
}

int64_t sys_memory_resize(struct thread *thread, const uint64_t *arg)
{
    struct memory *memory;
    int error = get_memory(thread, arg[0], RIGHT_MANAGE, &memory);
    if (error == 0) {
        error = memory_resize(memory, arg[1]);
        object_put(&memory->object);
    }
    return error;
}

int64_t sys_memory_supply(struct thread *thread, const uint64_t *arg)
{
    struct memory *memory;
    struct memory *source;
    int error = get_memory(thread, arg[0], RIGHT_MANAGE, &memory);
    if (error != 0) {
        return error;
    }
    error = get_memory(thread, arg[2], RIGHT_READ | RIGHT_WRITE, &source);
    if (error == 0) {
        error = memory == source ? -E_INVAL : memory_supply(memory, arg[1], source, arg[3], arg[4]);
        object_put(&source->object);
    }
    object_put(&memory->object);
    return error == -E_AGAIN ? -E_FAULT : error;
}

int64_t sys_memory_decommit(struct thread *thread, const uint64_t *arg)
{
    struct memory *memory;
    int error = get_memory(thread, arg[0], RIGHT_MANAGE, &memory);
    if (error == 0) {
        error = memory_decommit(memory, arg[1], arg[2]);
        object_put(&memory->object);
    }
    return error;
}

int64_t sys_memory_dirty(struct thread *thread, const uint64_t *arg)
{
    uint8_t bitmap[MEMORY_WORK_PAGES / 8];
    if (arg[2] == 0 || arg[2] > MEMORY_WORK_PAGES) {
        return -E_INVAL;
    }
    struct memory *memory;
    int64_t result = get_memory(thread, arg[0], RIGHT_MANAGE, &memory);
    if (result != 0) {
        return result;
    }
    // The room for the answer is checked before anything becomes clean.
    size_t bytes = (arg[2] + 7) / 8;
    __builtin_memset(bitmap, 0, bytes);
    result = user_put(thread, arg[3], bitmap, bytes);
    if (result == 0) {
        result = memory_dirty(memory, arg[1], arg[2], bitmap, arg[4] != 0);
    }
    object_put(&memory->object);
    if (result > 0) {
        int64_t error = user_put(thread, arg[3], bitmap, bytes);
        result = error != 0 ? error : result;
    }
    return result;
}

// ---- address spaces ----

int64_t sys_aspace_create(struct thread *thread, const uint64_t *arg)
{
    (void)arg;
    struct aspace *aspace;
    int error = aspace_create(&aspace);
    return error != 0 ? error : handle_install(thread->process, &aspace->object, RIGHTS_ALL, 0);
}

static unsigned prot_of_rights(uint32_t rights)
{
    return ((rights & RIGHT_READ) != 0 ? PROT_READ : 0u) |
           ((rights & RIGHT_WRITE) != 0 ? PROT_WRITE : 0u) |
           ((rights & RIGHT_EXECUTE) != 0 ? PROT_EXECUTE : 0u);
}

static int64_t map(struct thread *thread, struct aspace *aspace, const struct aspace_map_args *args)
{
    struct handle_entry entry = {.object = NULL, .rights = RIGHTS_ALL}; // anonymous
    struct memory *memory = NULL;
    uint64_t address;
    if (args->memory != HANDLE_NONE) {
        int error = handle_get_entry(thread, args->memory, OBJECT_MEMORY, &entry);
        if (error != 0) {
            return error;
        }
        memory = CONTAINER_OF(entry.object, struct memory, object);
    }
    int error = aspace_map(aspace, args, memory, prot_of_rights(entry.rights), &address);
    if (memory != NULL) {
        object_put(entry.object);
    }
    return error != 0 ? error : (int64_t)address;
}

int64_t sys_aspace_map(struct thread *thread, const uint64_t *arg)
{
    struct aspace_map_args args;
    int64_t result = user_get(thread, &args, arg[1], sizeof(args));
    if (result != 0) {
        return result;
    }
    struct aspace *aspace;
    result = handle_get_aspace(thread, arg[0], RIGHT_MANAGE, &aspace);
    if (result == 0) {
        result = map(thread, aspace, &args);
        object_put(&aspace->object);
    }
    return result;
}

int64_t sys_aspace_unmap(struct thread *thread, const uint64_t *arg)
{
    struct aspace *aspace;
    int error = handle_get_aspace(thread, arg[0], RIGHT_MANAGE, &aspace);
    if (error == 0) {
        error = aspace_unmap(aspace, arg[1], arg[2]);
        object_put(&aspace->object);
    }
    return error;
}

int64_t sys_aspace_protect(struct thread *thread, const uint64_t *arg)
{
    struct aspace *aspace;
    int error = handle_get_aspace(thread, arg[0], RIGHT_MANAGE, &aspace);
    if (error == 0) {
        error = arg[3] > 7 ? -E_INVAL : aspace_protect(aspace, arg[1], arg[2], (unsigned)arg[3]);
        object_put(&aspace->object);
    }
    return error;
}

int64_t sys_aspace_move(struct thread *thread, const uint64_t *arg)
{
    struct aspace *aspace;
    uint64_t address = 0;
    int error = handle_get_aspace(thread, arg[0], RIGHT_MANAGE, &aspace);
    if (error == 0) {
        error = aspace_move(aspace, arg[1], arg[2], arg[3], arg[4], &address);
        object_put(&aspace->object);
    }
    return error != 0 ? error : (int64_t)address;
}

int64_t sys_aspace_discard(struct thread *thread, const uint64_t *arg)
{
    struct aspace *aspace;
    int error = handle_get_aspace(thread, arg[0], RIGHT_MANAGE, &aspace);
    if (error == 0) {
        error = aspace_discard(aspace, arg[1], arg[2]);
        object_put(&aspace->object);
    }
    return error;
}

int64_t sys_aspace_clone(struct thread *thread, const uint64_t *arg)
{
    struct aspace *aspace;
    int error = handle_get_aspace(thread, arg[0], RIGHT_MANAGE, &aspace);
    if (error != 0) {
        return error;
    }
    struct aspace *copy;
    error = aspace_clone(aspace, &copy);
    object_put(&aspace->object);
    return error != 0 ? error : handle_install(thread->process, &copy->object, RIGHTS_ALL, 0);
}

static int64_t copy(struct thread *thread, const uint64_t *arg, bool write)
{
    struct aspace *other;
    int64_t result = handle_get_aspace(thread, arg[0], write ? RIGHT_WRITE : RIGHT_READ, &other);
    if (result != 0) {
        return result;
    }
    struct aspace *own = thread->process->aspace;
    struct fault fault;
    struct aspace *fault_space;
    result = write ? aspace_copy_between(other, arg[1], own, arg[2], arg[3], &fault, &fault_space)
                   : aspace_copy_between(own, arg[2], other, arg[1], arg[3], &fault, &fault_space);
    if (result == -E_AGAIN) {
        result = user_await_page(thread, &fault);
    }
    object_put(&other->object);
    return result;
}

int64_t sys_aspace_read(struct thread *thread, const uint64_t *arg)
{
    return copy(thread, arg, false);
}

int64_t sys_aspace_write(struct thread *thread, const uint64_t *arg)
{
    return copy(thread, arg, true);
}

int64_t sys_aspace_query(struct thread *thread, const uint64_t *arg)
{
    struct aspace *aspace;
    int error = handle_get_aspace(thread, arg[0], RIGHT_READ, &aspace);
    if (error != 0) {
        return error;
    }
    struct region_info info;
    error = aspace_query(aspace, arg[1], &info);
    object_put(&aspace->object);
    return error != 0 ? error : user_put(thread, arg[2], &info, sizeof(info));
}

int64_t sys_aspace_stats(struct thread *thread, const uint64_t *arg)
{
    struct aspace *aspace;
    int error = handle_get_aspace(thread, arg[0], RIGHT_READ, &aspace);
    if (error != 0) {
        return error;
    }
    struct aspace_stats stats;
    aspace_statistics(aspace, &stats);
    object_put(&aspace->object);
    return user_put(thread, arg[1], &stats, sizeof(stats));
}
