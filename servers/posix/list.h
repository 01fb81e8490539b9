// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Circular doubly linked lists whose nodes are members of what they link. An empty head, and a node
// on no list, point to themselves. Nothing here allocates or locks.

#pragma once

#include <stdbool.h>
#include <stddef.h>

struct list {
    struct list *next, *prev;
};

#define LIST_INIT(name)  \
    {                    \
        &(name), &(name) \
    }

// The structure of `type` whose member `member` is the node `node`.
#define list_entry(node, type, member) ((type *)(void *)((char *)(node)-offsetof(type, member)))

// Walks a list; the body must not remove `node`.
#define list_for_each(node, head) \
    for (struct list *node = (head)->next; node != (head); node = node->next)

// Walks a list; the body may remove `node` (only `node`).
#define list_for_each_safe(node, head)                                                \
    for (struct list *node = (head)->next, *node##_next = node->next; node != (head); \
         node = node##_next, node##_next = node->next)

static inline void list_init(struct list *head)
{
    head->next = head->prev = head;
}

static inline bool list_empty(const struct list *head)
{
    return head->next == head;
}

static inline void list_add_tail(struct list *head, struct list *node)
{
    node->next = head;
    node->prev = head->prev;
    head->prev->next = node;
    head->prev = node;
}

static inline void list_add_head(struct list *head, struct list *node)
{
    list_add_tail(head->next, node);
}

// Takes the node off its list, if it is on one; it may be added again at once.
static inline void list_remove(struct list *node)
{
    node->prev->next = node->next;
    node->next->prev = node->prev;
    node->next = node->prev = node;
}

static inline struct list *list_pop_head(struct list *head)
{
    struct list *node = head->next;
    if (node == head) {
        return NULL;
    }
    list_remove(node);
    return node;
}
