// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Circular doubly linked list; an entry that is in no list points to itself.

#pragma once

#include "abi/types.h"

struct list {
    struct list *next, *previous;
};

#define CONTAINER_OF(pointer, type, member) ((type *)((char *)(pointer)-offsetof(type, member)))

static inline void list_init(struct list *list)
{
    list->next = list;
    list->previous = list;
}

static inline bool list_empty(const struct list *list)
{
    return list->next == list;
}

static inline void list_insert_before(struct list *position, struct list *entry)
{
    entry->next = position;
    entry->previous = position->previous;
    position->previous->next = entry;
    position->previous = entry;
}

static inline void list_append(struct list *list, struct list *entry)
{
    list_insert_before(list, entry);
}

static inline void list_prepend(struct list *list, struct list *entry)
{
    list_insert_before(list->next, entry);
}

static inline void list_remove(struct list *entry)
{
    entry->next->previous = entry->previous;
    entry->previous->next = entry->next;
    list_init(entry);
}
