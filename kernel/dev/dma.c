// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// DMA windows: what one device may reach. With an IOMMU the window is a domain of its own, with bus
// addresses that mean nothing elsewhere; without one bus addresses are physical ones.
//
// The window holds a reference to every memory object mapped in it, and devmgr holds the window
// while the driver dies: so no page that the device may still write to is reused before devmgr has
// cut it off, reset it and said so (DMA_RELEASE_QUARANTINE).
//
// Locks: struct dma's own (LOCK_DMA) for its mappings and domain; object_lock for the list of all
// windows and what is known of faults. A mapping that is being made is in the list as busy, belongs
// to the call that makes it, and nobody else takes it out.
//
// Invariants:
// 1. a page named in a domain's tables belongs to a memory object that a mapping pins
// 2. a mapping is freed only after its unit has forgotten it, or its device is blocked
// 3. of a released window nothing is mapped but what is busy, and that ends unmapped
// 4. the tables of a blocked window do not change any more: what is unmapped stays in them

#include "kernel/dev/dma.h"

#include "abi/error.h"
#include "kernel/arch/iommu.h"
#include "kernel/core/handle.h"
#include "kernel/core/ipc.h"
#include "kernel/core/list.h"
#include "kernel/core/lock.h"
#include "kernel/core/panic.h"
#include "kernel/core/resource.h"
#include "kernel/core/syscall.h"
#include "kernel/core/thread.h"
#include "kernel/dev/dma_space.h"
#include "kernel/mm/heap.h"
#include "kernel/mm/memory.h"

enum {
    DMA_PAGES_A_CALL = 512,
    DMA_DEVICE_MAX = 0x10000,
    FAULTS_LOGGED = 4, // of a window; then each time their number doubles
};

#define ISA_BUS_END 0x01000000ull // what ISA's DMA reaches

struct dma {
    struct object object;
    struct spinlock lock;
    uint32_t device;
    bool has_domain;
    bool confined; // to it
    bool blocked;  // the device reaches nothing, and nothing can be mapped any more
    struct iommu_domain domain;
    struct dma_space space;

    struct list in_windows; // object_lock, as the rest
    struct notification *watcher;
    uint64_t watcher_badge;
    uint64_t faults, fault_bus;
    bool fault_write;
};

static struct list windows = {&windows, &windows};

// ---- life ----

int64_t sys_dma_create(struct thread *thread, const uint64_t *arg)
{
    if (arg[1] >= DMA_DEVICE_MAX || (arg[2] & ~(uint64_t)DMA_PAST_IOMMU) != 0) {
        return -E_INVAL;
    }
    int error = resource_check(thread, arg[0], RESOURCE_DMA, arg[1], 1);
    if (error != 0) {
        return error;
    }
    struct dma *dma = heap_allocate(sizeof(*dma));
    if (dma == NULL) {
        return -E_NOMEM;
    }
    dma->lock.rank = LOCK_DMA;
    dma->device = (uint32_t)arg[1];
    if (iommu_present()) {
        // A device past the IOMMU has one too where it can: its interrupt messages are not past it.
        dma->confined = (arg[2] & DMA_PAST_IOMMU) == 0;
        error = iommu_domain_create(&dma->domain, dma->device);
        dma->has_domain = error == 0;
        if (error != 0 && dma->confined) {
            heap_free(dma);
            return error;
        }
    }
    object_init(&dma->object, OBJECT_DMA);
    spin_lock(&object_lock);
    list_append(&windows, &dma->in_windows);
    spin_unlock(&object_lock);
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

static void block(struct dma *dma)
{
    spin_lock(&dma->lock);
    if (dma->has_domain && !dma->blocked) {
        iommu_domain_block(&dma->domain);
    }
    dma->blocked = true;
    spin_unlock(&dma->lock);
}

// The device is reset, or there is no driver: nothing needs what is mapped.
static void release_all(struct dma *dma)
{
    block(dma);
    struct dma_mapping *released = NULL;
    spin_lock(&dma->lock);
    for (struct dma_mapping *at = dma->space.first, *next; at != NULL; at = next) {
        next = at->next;
        if (!at->busy) {
            dma_space_remove(&dma->space, at);
            at->next = released;
            released = at;
        }
    }
    spin_unlock(&dma->lock);
    for (struct dma_mapping *at = released, *next; at != NULL; at = next) {
        next = at->next;
        mapping_free(at);
    }
}

void dma_destroy(struct object *object)
{
    struct dma *dma = CONTAINER_OF(object, struct dma, object);
    release_all(dma);
    spin_lock(&object_lock);
    list_remove(&dma->in_windows);
    spin_unlock(&object_lock);
    if (dma->watcher != NULL) {
        object_put(&dma->watcher->object);
    }
    if (dma->has_domain) {
        iommu_domain_destroy(&dma->domain);
    }
    heap_free(dma);
}

// ---- map and unmap ----

// Enters the range `at` of a mapping in the domain.
static int enter(struct dma *dma, const struct dma_mapping *mapping, uint64_t at,
                 physical_t physical, uint64_t bytes, uint32_t rights)
{
    if (!dma->confined) {
        return 0;
    }
    spin_lock(&dma->lock);
    int error = dma->blocked ? -E_CANCELED
                             : iommu_map(&dma->domain, mapping->bus + at, physical, bytes, rights);
    spin_unlock(&dma->lock);
    return error;
}

// Maps everything and tells the bus addresses: one if the object is contiguous by construction,
// else one a page, each made present.
static int64_t fill(struct thread *thread, struct dma *dma, const struct dma_mapping *mapping,
                    uint32_t rights, uint64_t result)
{
    struct memory *memory = mapping->memory;
    bool pinned = memory->kind == MEMORY_PINNED;
    physical_t start =
        memory->physical + mapping->offset; // of the run of pages that ends at `done`
    uint64_t run = 0, done = 0;
    int64_t error = 0;
    for (; error == 0 && done < (pinned ? PAGE_SIZE : mapping->bytes); done += PAGE_SIZE) {
        struct page *page;
        error = memory_page(memory, mapping->offset + done, true, &page);
        if (error != 0) {
            return error == -E_AGAIN ? -E_FAULT : error;
        }
        physical_t physical = page_physical(page);
        page_put(page); // dma_pins keeps it
        if (physical != start + (done - run)) {
            error = done == 0 ? 0 : enter(dma, mapping, run, start, done - run, rights);
            start = physical;
            run = done;
        }
        uint64_t bus = dma->confined ? mapping->bus + done : physical;
        error = error != 0
                    ? error
                    : user_put(thread, result + done / PAGE_SIZE * sizeof(bus), &bus, sizeof(bus));
    }
    return error != 0 ? error : enter(dma, mapping, run, start, mapping->bytes - run, rights);
}

static int reserve_bus(struct dma *dma, struct dma_mapping *mapping)
{
    const struct memory *memory = mapping->memory;
    uint64_t alignment = mapping->bytes >= LARGE_BYTES ? LARGE_BYTES : PAGE_SIZE;
    uint64_t end = DMA_BUS_END;
    if (memory->kind == MEMORY_PINNED &&
        memory->physical + mapping->offset + mapping->bytes <= ISA_BUS_END) {
        end = ISA_BUS_END; // it may have been made for a device that reaches no further
    }
    spin_lock(&dma->lock);
    int error = dma->blocked ? -E_CANCELED : dma_space_insert(&dma->space, mapping, alignment, end);
    if (error == -E_NOMEM && end == ISA_BUS_END) {
        error = dma_space_insert(&dma->space, mapping, alignment, DMA_BUS_END);
    }
    spin_unlock(&dma->lock);
    return error;
}

static void take_out(struct dma *dma, struct dma_mapping *mapping)
{
    lock_assert_held(&dma->lock);
    if (dma->confined && !dma->blocked) {
        iommu_unmap(&dma->domain, mapping->bus, mapping->bytes);
    }
    dma_space_remove(&dma->space, mapping);
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
    *mapping =
        (struct dma_mapping){.memory = memory, .offset = offset, .bytes = bytes, .busy = true};
    pin(memory, 1);
    int64_t error = reserve_bus(dma, mapping);
    if (error != 0) {
        mapping_free(mapping);
        return error;
    }
    error = fill(thread, dma, mapping, (uint32_t)arg[4], arg[5]);
    spin_lock(&dma->lock);
    if (error == 0 && dma->blocked) {
        error = -E_CANCELED;
    }
    mapping->busy = false;
    if (error != 0) {
        take_out(dma, mapping);
    }
    spin_unlock(&dma->lock);
    if (error != 0) {
        mapping_free(mapping);
    }
    return error;
}

// The window and the memory object that a call names; both referenced.
static int64_t get_both(struct thread *thread, const uint64_t *arg, uint32_t memory_rights,
                        struct dma **dma, struct memory **memory)
{
    struct object *object;
    int64_t error = handle_get(thread, arg[0], OBJECT_DMA, RIGHT_WRITE, &object, NULL);
    if (error != 0) {
        return error;
    }
    *dma = CONTAINER_OF(object, struct dma, object);
    error = handle_get(thread, arg[1], OBJECT_MEMORY, memory_rights, &object, NULL);
    if (error != 0) {
        object_put(&(*dma)->object);
        return error;
    }
    *memory = CONTAINER_OF(object, struct memory, object);
    return 0;
}

int64_t sys_dma_map(struct thread *thread, const uint64_t *arg)
{
    struct dma *dma;
    struct memory *memory;
    uint32_t rights = (uint32_t)arg[4];
    if (rights == 0 || (rights & ~(uint32_t)(RIGHT_READ | RIGHT_WRITE)) != 0) {
        return -E_INVAL;
    }
    int64_t error = get_both(thread, arg, rights, &dma, &memory);
    if (error != 0) {
        return error;
    }
    error = dma_map(thread, dma, memory, arg);
    object_put(&memory->object);
    object_put(&dma->object);
    return error;
}

int64_t sys_dma_unmap(struct thread *thread, const uint64_t *arg)
{
    struct dma *dma;
    struct memory *memory;
    int64_t error = get_both(thread, arg, 0, &dma, &memory);
    if (error != 0) {
        return error;
    }
    spin_lock(&dma->lock);
    struct dma_mapping *found =
        dma_space_find(&dma->space, memory, arg[2], arg[3], dma->confined ? arg[4] : 0);
    if (found != NULL) {
        take_out(dma, found);
    }
    spin_unlock(&dma->lock);
    if (found != NULL) {
        mapping_free(found);
    } else {
        error = -E_NOENT;
    }
    object_put(&memory->object);
    object_put(&dma->object);
    return error;
}

// ---- faults ----

// The device's newest window: older ones are closed, and somebody still has a handle.
static struct dma *window_of(uint32_t device)
{
    lock_assert_held(&object_lock);
    for (struct list *at = windows.previous; at != &windows; at = at->previous) {
        struct dma *dma = CONTAINER_OF(at, struct dma, in_windows);
        if (dma->device == device) {
            return dma;
        }
    }
    return NULL;
}

void dma_fault(uint32_t device, uint64_t bus, bool write)
{
    spin_lock(&object_lock);
    struct dma *dma = window_of(device);
    uint64_t count = 1;
    if (dma != NULL) {
        count = ++dma->faults;
        dma->fault_bus = bus;
        dma->fault_write = write;
        if (dma->watcher != NULL) {
            notification_signal(dma->watcher, dma->watcher_badge);
        }
    }
    spin_unlock(&object_lock);
    if (count <= FAULTS_LOGGED || (count & (count - 1)) == 0) {
        kernel_log("iommu: device %02x:%02x.%x, %s: %s of bus address 0x%lx stopped (%lu)",
                   device >> 8, device >> 3 & 31, device & 7,
                   dma != NULL ? "not mapped for its driver" : "without a driver",
                   write ? "write" : "read", bus, count);
    }
}

static int64_t watch(struct thread *thread, struct dma *dma, handle_t handle)
{
    struct object *target;
    uint64_t badge;
    int error = handle_get(thread, handle, OBJECT_NOTIFICATION, RIGHT_SEND, &target, &badge);
    if (error != 0) {
        return error;
    }
    spin_lock(&object_lock);
    struct notification *old = dma->watcher;
    dma->watcher = CONTAINER_OF(target, struct notification, object);
    dma->watcher_badge = badge;
    spin_unlock(&object_lock);
    if (old != NULL) {
        object_put(&old->object);
    }
    return 0;
}

static int64_t put_status(struct thread *thread, struct dma *dma, uint64_t address)
{
    struct dma_status status = {.confined = dma->confined};
    spin_lock(&dma->lock);
    status.mapped_bytes = dma->space.bytes;
    status.mappings = dma->space.count;
    spin_unlock(&dma->lock);
    spin_lock(&object_lock);
    status.faults = dma->faults;
    status.fault_bus = dma->fault_bus;
    status.fault_access = dma->fault_write ? PROT_WRITE : PROT_READ;
    spin_unlock(&object_lock);
    return user_put(thread, address, &status, sizeof(status));
}

int64_t sys_dma_control(struct thread *thread, const uint64_t *arg)
{
    struct object *object;
    uint32_t right = arg[1] == DMA_STATUS ? RIGHT_READ : RIGHT_MANAGE;
    int64_t error = handle_get(thread, arg[0], OBJECT_DMA, right, &object, NULL);
    if (error != 0) {
        return error;
    }
    struct dma *dma = CONTAINER_OF(object, struct dma, object);
    switch (arg[1]) {
    case DMA_RELEASE_QUARANTINE:
        release_all(dma);
        break;
    case DMA_BLOCK:
        block(dma);
        break;
    case DMA_WATCH:
        error = watch(thread, dma, (handle_t)arg[2]);
        break;
    case DMA_STATUS:
        error = put_status(thread, dma, arg[2]);
        break;
    default:
        error = -E_INVAL;
    }
    object_put(object);
    return error;
}
