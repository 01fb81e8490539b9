// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

#include "kernel/core/timer_heap.h"

static struct timer_node *meld(struct timer_node *a, struct timer_node *b)
{
    if (a == NULL) {
        return b;
    }
    if (b == NULL) {
        return a;
    }
    if (b->deadline < a->deadline) {
        struct timer_node *swap = a;
        a = b;
        b = swap;
    }
    b->previous = a;
    b->sibling = a->child;
    if (a->child != NULL) {
        a->child->previous = b;
    }
    a->child = b;
    return a;
}

// Melds a list of siblings in pairs, left to right, then the pairs right to left.
static struct timer_node *meld_siblings(struct timer_node *first)
{
    struct timer_node *pairs = NULL;
    while (first != NULL) {
        struct timer_node *a = first;
        struct timer_node *b = a->sibling;
        first = b != NULL ? b->sibling : NULL;
        a->sibling = NULL;
        a->previous = NULL;
        if (b != NULL) {
            b->sibling = NULL;
            b->previous = NULL;
        }
        struct timer_node *pair = meld(a, b);
        pair->sibling = pairs;
        pairs = pair;
    }
    struct timer_node *root = NULL;
    while (pairs != NULL) {
        struct timer_node *next = pairs->sibling;
        pairs->sibling = NULL;
        root = meld(root, pairs);
        pairs = next;
    }
    return root;
}

void timer_heap_insert(struct timer_heap *heap, struct timer_node *node)
{
    node->child = NULL;
    node->sibling = NULL;
    node->previous = NULL;
    node->queued = true;
    heap->root = meld(heap->root, node);
}

void timer_heap_remove(struct timer_heap *heap, struct timer_node *node)
{
    struct timer_node *orphans = meld_siblings(node->child);
    if (heap->root == node) {
        heap->root = orphans;
    } else {
        if (node->previous->child == node) {
            node->previous->child = node->sibling;
        } else {
            node->previous->sibling = node->sibling;
        }
        if (node->sibling != NULL) {
            node->sibling->previous = node->previous;
        }
        heap->root = meld(heap->root, orphans);
    }
    node->child = NULL;
    node->sibling = NULL;
    node->previous = NULL;
    node->queued = false;
}
