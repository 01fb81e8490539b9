// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

#include "kernel/mm/test/model.h"

#include <stdlib.h>
#include <string.h>

#include "abi/error.h"

struct model_page *model_page_new(void)
{
    struct model_page *page = calloc(1, sizeof(*page));
    page->users = 1;
    return page;
}

void model_page_put(struct model_page *page)
{
    if (page != NULL && --page->users == 0) {
        free(page);
    }
}

void model_object_put(struct model_object *object)
{
    if (object == NULL || --object->users != 0) {
        return;
    }
    for (unsigned i = 0; i < OBJECT_PAGES; i++) {
        model_page_put(object->page[i]);
    }
    free(object);
}

void model_slot_clear(struct model_slot *slot)
{
    if (slot->mapped) {
        model_page_put(slot->own);
        model_object_put(slot->object);
    }
    *slot = (struct model_slot){.mapped = false};
}

void model_slot_copy(struct model_slot *to, const struct model_slot *from)
{
    *to = *from;
    if (to->mapped && to->object != NULL) {
        to->object->users++;
    }
    if (to->own != NULL) {
        to->own = model_page_new();
        memcpy(to->own->bytes, from->own->bytes, PAGE_SIZE);
    }
}

int model_object_page(struct model_object *object, uint64_t index, struct model_page **page)
{
    if (index >= object->pages) {
        return -E_FAULT;
    }
    if (object->page[index] == NULL) {
        if (object->paged) {
            return -E_AGAIN;
        }
        object->page[index] = model_page_new();
    }
    *page = object->page[index];
    return 0;
}

int model_access(struct model_space *space, unsigned number, unsigned access, uint8_t **bytes)
{
    struct model_slot *slot = &space->slots[number];
    unsigned allowed = slot->prot == PROT_NONE ? PROT_NONE : slot->prot | PROT_READ;
    bool write = (access & PROT_WRITE) != 0;
    if (!slot->mapped || (access & ~allowed) != 0) {
        return -E_FAULT;
    }
    if (slot->own == NULL && slot->object == NULL) {
        slot->own = model_page_new();
    }
    if (slot->own != NULL) {
        *bytes = slot->own->bytes;
        return 0;
    }
    struct model_page *page;
    int error = model_object_page(slot->object, slot->index, &page);
    if (error != 0) {
        return error;
    }
    if (write && slot->shared) {
        slot->object->dirty[slot->index] |= slot->object->paged;
    } else if (write) {
        slot->own = model_page_new();
        memcpy(slot->own->bytes, page->bytes, PAGE_SIZE);
        page = slot->own;
    }
    *bytes = page->bytes;
    return 0;
}
