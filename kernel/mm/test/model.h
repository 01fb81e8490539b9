// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// What address spaces and memory objects mean, without page tables: each page is an array of bytes,
// each page of a space says what it is mapped to. Copies are made at once, never shared.

#pragma once

#include "kernel/mm/aspace.h"

enum { MODEL_PAGES = 48, OBJECT_PAGES = 24 };

// The window of each space that the model covers; its middle is a boundary of all levels of page
// tables.
#define MODEL_BASE (0x8000000000ull - MODEL_PAGES / 2 * PAGE_SIZE)

struct model_page {
    unsigned users;
    uint8_t bytes[PAGE_SIZE];
};

struct model_object {
    unsigned users;        // mapped pages, and 1 for the test's handle
    struct memory *memory; // the handle; NULL: closed
    bool paged;
    uint64_t pages; // size now
    struct model_page *page[OBJECT_PAGES];
    bool dirty[OBJECT_PAGES];
};

struct model_slot {
    bool mapped, shared;
    unsigned prot, max_prot;
    struct model_object *object; // NULL: anonymous
    uint64_t index;              // page of the object
    uint64_t tag;
    struct model_page *own; // private copy
};

struct model_space {
    struct aspace *aspace;
    struct model_slot slots[MODEL_PAGES];
};

struct model_page *model_page_new(void);
void model_page_put(struct model_page *page);
void model_object_put(struct model_object *object);

void model_slot_clear(struct model_slot *slot);
void model_slot_copy(struct model_slot *to, const struct model_slot *from);

// The object's page as an access finds it: 0, -E_FAULT beyond the end, -E_AGAIN absent in a paged
// object.
int model_object_page(struct model_object *object, uint64_t index, struct model_page **page);

// What an access of the program finds: 0 and the page's bytes, -E_FAULT, or -E_AGAIN.
int model_access(struct model_space *space, unsigned number, unsigned access, uint8_t **bytes);
