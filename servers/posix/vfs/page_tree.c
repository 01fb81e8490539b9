// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

#include "servers/posix/vfs/page_tree.h"

#include <stdbool.h>
#include <stdlib.h>

#include "abi/error.h"

enum { LEVELS_MAX = 11 };

// Items that a tree of this height has room for; 0 stands for all.
static uint64_t tree_span(uint32_t levels)
{
    return levels * PAGE_TREE_BITS >= 64 ? 0 : 1ull << levels * PAGE_TREE_BITS;
}

static bool tree_covers(const struct page_tree *tree, uint64_t index)
{
    uint64_t span = tree_span(tree->levels);
    return span == 0 || index < span;
}

static unsigned slot_of(uint64_t index, uint32_t level)
{
    return (unsigned)(index >> (level - 1) * PAGE_TREE_BITS) & (PAGE_TREE_SLOTS - 1);
}

// The search in a tree that has nodes.
void *page_tree_find_below(const struct page_tree *tree, uint64_t index)
{
    if (!tree_covers(tree, index))
        return NULL;
    void *at = tree->root;
    for (uint32_t level = tree->levels; level > 0 && at != NULL; level--)
        at = ((struct page_tree_node *)at)->slot[slot_of(index, level)];
    return at;
}

static int tree_raise(struct page_tree *tree)
{
    if (tree->root != NULL) {
        struct page_tree_node *node = calloc(1, sizeof(*node));
        if (node == NULL)
            return -E_NOMEM;
        node->slot[0] = tree->root;
        node->used = 1;
        tree->root = node;
    }
    tree->levels++;
    return 0;
}

// Frees the empty nodes on the way to `index`, and lowers a tree that is empty.
static void tree_prune(struct page_tree *tree, uint64_t index)
{
    struct page_tree_node **path[LEVELS_MAX];
    void **at = &tree->root;
    for (uint32_t level = tree->levels; level > 0 && *at != NULL; level--) {
        path[level - 1] = (struct page_tree_node **)at;
        at = &((struct page_tree_node *)*at)->slot[slot_of(index, level)];
        if (level == 1 || *at == NULL) {
            for (uint32_t up = level; up <= tree->levels && (*path[up - 1])->used == 0; up++) {
                free(*path[up - 1]);
                *path[up - 1] = NULL;
                if (up < tree->levels)
                    (*path[up])->used--;
            }
            break;
        }
    }
    if (tree->root == NULL)
        tree->levels = 0;
}

int page_tree_insert(struct page_tree *tree, uint64_t index, void *item)
{
    while (!tree_covers(tree, index)) {
        if (tree_raise(tree) != 0)
            return -E_NOMEM;
    }
    void **at = &tree->root;
    struct page_tree_node *node = NULL;
    for (uint32_t level = tree->levels; level > 0; level--) {
        if (*at == NULL) {
            struct page_tree_node *fresh = calloc(1, sizeof(*fresh));
            if (fresh == NULL) {
                tree_prune(tree, index);
                return -E_NOMEM;
            }
            *at = fresh;
            if (node != NULL)
                node->used++;
        }
        node = *at;
        at = &node->slot[slot_of(index, level)];
    }
    if (*at != NULL)
        return -E_EXIST;
    *at = item;
    if (node != NULL)
        node->used++;
    tree->count++;
    return 0;
}

void *page_tree_remove(struct page_tree *tree, uint64_t index)
{
    if (!tree_covers(tree, index))
        return NULL;
    void **at = &tree->root;
    struct page_tree_node *node = NULL;
    for (uint32_t level = tree->levels; level > 0; level--) {
        if (*at == NULL)
            return NULL;
        node = *at;
        at = &node->slot[slot_of(index, level)];
    }
    void *item = *at;
    if (item == NULL)
        return NULL;
    *at = NULL;
    tree->count--;
    if (node != NULL && --node->used == 0)
        tree_prune(tree, index);
    return item;
}

void *page_tree_next(const struct page_tree *tree, uint64_t *index)
{
    uint64_t i = *index;
    while (tree->root != NULL && tree_covers(tree, i)) {
        void *at = tree->root;
        uint32_t level = tree->levels;
        while (level > 0) {
            void *below = ((struct page_tree_node *)at)->slot[slot_of(i, level)];
            if (below == NULL)
                break;
            at = below;
            level--;
        }
        if (level == 0) {
            *index = i;
            return at;
        }
        // Nothing below this slot: on to the next one of this level.
        uint64_t step = 1ull << (level - 1) * PAGE_TREE_BITS;
        i = (i & ~(step - 1)) + step;
        if (i == 0)
            break;
    }
    return NULL;
}
