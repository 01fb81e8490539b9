// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Slabs of one page each: a header, then objects of one size. What is larger takes whole pages.
// After Bonwick, "The Slab Allocator" (USENIX Summer 1994), without constructors: objects are
// zeroed when handed out.
//
// Lock: heap_lock (LOCK_HEAP) protects everything here. struct page.owner tells heap_free what a
// page is. With XINIM_CHECKS a freed object is filled with POISON, checked when it is handed out
// again.

#include "kernel/mm/heap.h"

#include "kernel/arch/mmu.h"
#include "kernel/core/list.h"
#include "kernel/core/lock.h"
#include "kernel/core/panic.h"
#include "kernel/mm/page.h"

enum {
    SLAB_HEADER = 64,
    SLAB_ROOM = PAGE_SIZE - SLAB_HEADER,
    OWNER_SLAB = 1,  // struct page.owner of a slab
    OWNER_PAGES = 2, // + order: first of whole pages
    POISON = 0xa5,
};

// What fits into a slab 126, 63, 42 ... 2 times.
static const uint16_t class_size[] = {32,  64,  96,  128,  192,  256,
                                      384, 512, 672, 1008, 1344, HEAP_SLAB_MAX};
enum { CLASSES = sizeof(class_size) / sizeof(class_size[0]) };

struct free_object {
    struct free_object *next;
};

struct slab {
    struct list in_class; // slabs with room
    struct free_object *free;
    uint16_t used, fresh; // objects handed out; objects never yet handed out begin at this one
    uint8_t class;
};
_Static_assert(sizeof(struct slab) <= SLAB_HEADER, "the header has its fixed room");

static struct spinlock heap_lock = SPINLOCK(LOCK_HEAP);
static struct list with_room[CLASSES];
static uint64_t heap_pages;

static unsigned class_of(size_t bytes)
{
    unsigned class = 0;
    while (class_size[class] < bytes) {
        class ++;
    }
    return class;
}

static unsigned class_capacity(unsigned class)
{
    return SLAB_ROOM / class_size[class];
}

static void check_poison(const struct free_object *object, unsigned class)
{
#ifdef XINIM_CHECKS
    const uint8_t *bytes = (const uint8_t *)object;
    for (size_t i = sizeof(*object); i < class_size[class]; i++) {
        KERNEL_ASSERT(bytes[i] == POISON); // else: written after it was freed
    }
#else
    (void)object;
    (void)class;
#endif
}

static void poison(void *object, unsigned class)
{
#ifdef XINIM_CHECKS
    __builtin_memset(object, POISON, class_size[class]);
#else
    (void)object;
    (void)class;
#endif
}

static struct slab *slab_create(unsigned class)
{
    struct page *page = page_allocate(0, 0);
    if (page == NULL) {
        return NULL;
    }
    page->owner = OWNER_SLAB;
    struct slab *slab = page_address(page);
    slab->free = NULL;
    slab->used = 0;
    slab->fresh = 0;
    slab->class = (uint8_t) class;
    list_init(&slab->in_class);
    list_prepend(&with_room[class], &slab->in_class);
    heap_pages++;
    return slab;
}

static void *slab_take(struct slab *slab)
{
    unsigned class = slab->class;
    void *object = slab->free;
    if (object != NULL) {
        check_poison(object, class);
        slab->free = slab->free->next;
    } else {
        object = (char *)slab + SLAB_HEADER + (size_t)slab->fresh++ * class_size[class];
    }
    slab->used++;
    if (slab->used == class_capacity(class)) {
        list_remove(&slab->in_class);
    }
    return object;
}

static void *allocate_pages(size_t bytes)
{
    unsigned order = bytes <= PAGE_SIZE ? 0 : bytes <= 2 * PAGE_SIZE ? 1 : 2;
    struct page *page = page_allocate(order, PAGE_ZEROED);
    if (page == NULL) {
        return NULL;
    }
    page->owner = (uint16_t)(OWNER_PAGES + order);
    spin_lock(&heap_lock);
    heap_pages += 1u << order;
    spin_unlock(&heap_lock);
    return page_address(page);
}

void *heap_allocate(size_t bytes)
{
    if (bytes > HEAP_SLAB_MAX) {
        return bytes > HEAP_MAX ? NULL : allocate_pages(bytes);
    }
    unsigned class = class_of(bytes);
    spin_lock(&heap_lock);
    struct list *list = &with_room[class];
    if (list->next == NULL) {
        list_init(list); // first use of this class
    }
    struct slab *slab =
        list_empty(list) ? slab_create(class) : CONTAINER_OF(list->next, struct slab, in_class);
    void *object = slab == NULL ? NULL : slab_take(slab);
    spin_unlock(&heap_lock);
    if (object != NULL) {
        clear_bytes(object, class_size[class]);
    }
    return object;
}

static void free_pages(struct page *page)
{
    unsigned order = page->owner - OWNER_PAGES;
    KERNEL_ASSERT(page->owner >= OWNER_PAGES && order <= 2);
    spin_lock(&heap_lock);
    heap_pages -= 1u << order;
    spin_unlock(&heap_lock);
    for (unsigned i = 0; i < 1u << order; i++) {
        page_put(&page[i]);
    }
}

void heap_free(void *pointer)
{
    if (pointer == NULL) {
        return;
    }
    struct page *page = page_of(virtual_to_physical(pointer));
    KERNEL_ASSERT(page != NULL);
    if (page->owner != OWNER_SLAB) {
        free_pages(page);
        return;
    }
    struct slab *slab = (struct slab *)((uintptr_t)pointer & ~(uintptr_t)(PAGE_SIZE - 1));
    unsigned class = slab->class;
    KERNEL_ASSERT(((uintptr_t)pointer - (uintptr_t)slab - SLAB_HEADER) % class_size[class] == 0);
    poison(pointer, class);
    spin_lock(&heap_lock);
    KERNEL_ASSERT(slab->used > 0);
    struct free_object *object = pointer;
    object->next = slab->free;
    slab->free = object;
    struct list *list = &with_room[class];
    if (slab->used == class_capacity(class)) {
        list_prepend(list, &slab->in_class);
    }
    slab->used--;
    bool only_one = list->next == &slab->in_class && list->previous == &slab->in_class;
    if (slab->used == 0 &&
        !only_one) { // keep one, so that a lone object going and coming costs no page
        list_remove(&slab->in_class);
        heap_pages--;
        page_put(page);
    }
    spin_unlock(&heap_lock);
}

uint64_t heap_bytes(void)
{
    return heap_pages * PAGE_SIZE;
}
