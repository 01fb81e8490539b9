// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

#include "kernel/core/resource.h"

#include "abi/error.h"
#include "kernel/core/handle.h"
#include "kernel/core/list.h"
#include "kernel/core/lock.h"
#include "kernel/core/process.h"
#include "kernel/core/thread.h"
#include "kernel/mm/heap.h"

int resource_create(enum resource_kind kind, uint64_t base, uint64_t count,
                    struct resource **result)
{
    struct resource *resource = heap_allocate(sizeof(*resource));
    if (resource == NULL) {
        return -E_NOMEM;
    }
    object_init(&resource->object, OBJECT_RESOURCE);
    resource->kind = kind;
    resource->base = base;
    resource->count = count;
    *result = resource;
    return 0;
}

static bool covers(const struct resource *resource, enum resource_kind kind, uint64_t base,
                   uint64_t count)
{
    if (resource->kind == RESOURCE_ROOT) {
        return true;
    }
    return resource->kind == kind && base >= resource->base &&
           base - resource->base <= resource->count &&
           count <= resource->count - (base - resource->base);
}

int resource_check(struct thread *thread, uint64_t handle, enum resource_kind kind, uint64_t base,
                   uint64_t count)
{
    struct object *object;
    int error = handle_get(thread, handle, OBJECT_RESOURCE, RIGHT_MANAGE, &object, NULL);
    if (error != 0) {
        return error;
    }
    error = covers(CONTAINER_OF(object, struct resource, object), kind, base, count) ? 0 : -E_PERM;
    object_put(object);
    return error;
}

int resource_check_offset(struct process *process, handle_t handle, enum resource_kind kind,
                          uint64_t offset, uint64_t count, uint64_t *first)
{
    int error = 0;
    spin_lock(&object_lock);
    struct handle_entry *entry = handle_entry(&process->handles, handle);
    if (entry == NULL || entry->object->type != OBJECT_RESOURCE) {
        error = -E_BADF;
    } else {
        const struct resource *resource = CONTAINER_OF(entry->object, struct resource, object);
        if ((entry->rights & RIGHT_MANAGE) == 0 || resource->kind != kind ||
            offset > resource->count || count > resource->count - offset) {
            error = -E_PERM;
        } else {
            *first = resource->base + offset;
        }
    }
    spin_unlock(&object_lock);
    return error;
}

int64_t sys_resource_create(struct thread *thread, const uint64_t *arg)
{
    struct object *object;
    int error = handle_get(thread, arg[0], OBJECT_RESOURCE, RIGHT_MANAGE, &object, NULL);
    if (error != 0) {
        return error;
    }
    enum resource_kind kind = (enum resource_kind)arg[1];
    struct resource *resource = NULL;
    if (arg[1] > RESOURCE_MACHINE || arg[2] + arg[3] < arg[2]) {
        error = -E_INVAL;
    } else if (!covers(CONTAINER_OF(object, struct resource, object), kind, arg[2], arg[3])) {
        error = -E_PERM;
    } else {
        error = resource_create(kind, arg[2], arg[3], &resource);
    }
    object_put(object);
    return error != 0 ? error : handle_install(thread->process, &resource->object, RIGHTS_ALL, 0);
}

void resource_destroy(struct object *object)
{
    heap_free(CONTAINER_OF(object, struct resource, object));
}
