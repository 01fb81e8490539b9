// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// DMA windows: what one device may reach. The window holds a reference to every memory object
// mapped in it, and devmgr holds the window while the driver dies: so no page that the device may
// still write to is reused before devmgr has reset the device and says so (DMA_RELEASE_QUARANTINE).
// Without an IOMMU bus addresses are physical ones.

#include "abi/error.h"
#include "kernel/core/handle.h"
#include "kernel/core/list.h"
#include "kernel/core/lock.h"
#include "kernel/core/process.h"
#include "kernel/core/resource.h"
#include "kernel/core/syscall.h"
#include "kernel/core/thread.h"
#include "kernel/mm/heap.h"
#include "kernel/mm/memory.h"

enum { DMA_PAGES_A_CALL = 512, DMA_DEVICE_MAX = 0x10000 };

struct dma_mapping {
    struct dma_mapping *next;
    struct memory *memory; // referenced, dma_pins counted
    uint64_t offset, bytes;
};

struct dma {
    struct object object;
    uint32_t device;
    struct dma_mapping *mappings; // object_lock
};

int64_t sys_dma_create(struct thread *thread, const uint64_t *arg)
{
    if (arg[1] >= DMA_DEVICE_MAX) {
        return -E_INVAL;
    }
    int error = resource_check(thread->process, (handle_t)arg[0], RESOURCE_DMA, arg[1], 1);
    if (error != 0) {
        return error;
    }
    struct dma *dma = heap_allocate(sizeof(*dma));
    if (dma == NULL) {
        return -E_NOMEM;
    }
    object_init(&dma->object, OBJECT_DMA);
    dma->device = (uint32_t)arg[1];
    return handle_install(thread->process, &dma->object, RIGHTS_ALL, 0);
}

static void pin(struct memory *memory, int change)
{
    spin_lock(&memory->lock);
    memory->dma_pins += (uint32_t)change;
    spin_unlock(&memory->lock);
}

static void mapping_free(struct dma_mapping *mapping)
{
    pin(mapping->memory, -1);
    object_put(&mapping->memory->object);
    heap_free(mapping);
}

// Bus addresses of the range: one if it is contiguous by construction, else one a page, made
// present.
static int64_t put_addresses(struct thread *thread, struct memory *memory, uint64_t offset,
                             uint64_t bytes, uint64_t address)
{
    if (memory->kind == MEMORY_PINNED) {
        uint64_t bus = memory->physical + offset;
        return user_put(thread, address, &bus, sizeof(bus));
    }
    for (uint64_t done = 0; done < bytes; done += PAGE_SIZE) {
        struct page *page;
        int error = memory_page(memory, offset + done, true, &page);
        if (error != 0) {
            return error == -E_AGAIN ? -E_FAULT : error;
        }
        uint64_t bus = page_physical(page);
        page_put(page); // dma_pins keeps it
        int64_t result =
            user_put(thread, address + done / PAGE_SIZE * sizeof(bus), &bus, sizeof(bus));
        if (result != 0) {
            return result;
        }
    }
    return 0;
}

static int64_t dma_map(struct thread *thread, struct dma *dma, struct memory *memory,
                       const uint64_t *arg)
{
    uint64_t offset = arg[2];
    uint64_t bytes = arg[3];
    if ((offset | bytes) % PAGE_SIZE != 0 || bytes == 0 || bytes > memory->bytes ||
        offset > memory->bytes - bytes || memory->kind == MEMORY_PHYSICAL ||
        (memory->kind != MEMORY_PINNED && bytes > (uint64_t)DMA_PAGES_A_CALL * PAGE_SIZE)) {
        return -E_INVAL;
    }
    struct dma_mapping *mapping = heap_allocate(sizeof(*mapping));
    if (mapping == NULL) {
        return -E_NOMEM;
    }
    object_get(&memory->object);
    *mapping = (struct dma_mapping){.memory = memory, .offset = offset, .bytes = bytes};
    pin(memory, 1);
    int64_t error = put_addresses(thread, memory, offset, bytes, arg[5]);
    if (error != 0) {
        mapping_free(mapping);
        return error;
    }
    spin_lock(&object_lock);
    mapping->next = dma->mappings;
    dma->mappings = mapping;
    spin_unlock(&object_lock);
    return 0;
}

int64_t sys_dma_map(struct thread *thread, const uint64_t *arg)
{
    struct object *object;
    struct object *memory;
    uint32_t rights = (uint32_t)arg[4];
    if (rights == 0 || (rights & ~(uint32_t)(RIGHT_READ | RIGHT_WRITE)) != 0) {
        return -E_INVAL;
    }
    int64_t error =
        handle_get(thread->process, (handle_t)arg[0], OBJECT_DMA, RIGHT_WRITE, &object, NULL);
    if (error != 0) {
        return error;
    }
    error = handle_get(thread->process, (handle_t)arg[1], OBJECT_MEMORY, rights, &memory, NULL);
    if (error == 0) {
        error = dma_map(thread, CONTAINER_OF(object, struct dma, object),
                        CONTAINER_OF(memory, struct memory, object), arg);
        object_put(memory);
    }
    object_put(object);
    return error;
}

int64_t sys_dma_unmap(struct thread *thread, const uint64_t *arg)
{
    struct object *object;
    struct object *memory;
    int64_t error =
        handle_get(thread->process, (handle_t)arg[0], OBJECT_DMA, RIGHT_WRITE, &object, NULL);
    if (error != 0) {
        return error;
    }
    error = handle_get(thread->process, (handle_t)arg[1], OBJECT_MEMORY, 0, &memory, NULL);
    if (error == 0) {
        struct dma *dma = CONTAINER_OF(object, struct dma, object);
        struct dma_mapping *found = NULL;
        spin_lock(&object_lock);
        for (struct dma_mapping **link = &dma->mappings; *link != NULL; link = &(*link)->next) {
            if (&(*link)->memory->object == memory && (*link)->offset == arg[2] &&
                (*link)->bytes == arg[3]) {
                found = *link;
                *link = found->next;
                break;
            }
        }
        spin_unlock(&object_lock);
        if (found != NULL) {
            mapping_free(found);
        } else {
            error = -E_NOENT;
        }
        object_put(memory);
    }
    object_put(object);
    return error;
}

static void release_all(struct dma *dma)
{
    spin_lock(&object_lock);
    struct dma_mapping *mapping = dma->mappings;
    dma->mappings = NULL;
    spin_unlock(&object_lock);
    while (mapping != NULL) {
        struct dma_mapping *next = mapping->next;
        mapping_free(mapping);
        mapping = next;
    }
}

int64_t sys_dma_control(struct thread *thread, const uint64_t *arg)
{
    struct object *object;
    int error =
        handle_get(thread->process, (handle_t)arg[0], OBJECT_DMA, RIGHT_MANAGE, &object, NULL);
    if (error != 0) {
        return error;
    }
    if (arg[1] == DMA_RELEASE_QUARANTINE) {
        release_all(CONTAINER_OF(object, struct dma, object));
    } else {
        error = -E_INVAL;
    }
    object_put(object);
    return error;
}

void dma_destroy(struct object *object)
{
    struct dma *dma = CONTAINER_OF(object, struct dma, object);
    release_all(dma);
    heap_free(dma);
}
