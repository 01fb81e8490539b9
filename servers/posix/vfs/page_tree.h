// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// A radix tree from page index to pointer, 64 ways a level, as high as the largest index needs. A
// tree that holds only index 0 (most files are one page) is that pointer itself, without a node.

#pragma once

#include <stddef.h>
#include <stdint.h>

struct page_tree {
    void *root;
    uint32_t levels; // 0: root is the item at index 0
    uint64_t count;
};

enum { PAGE_TREE_BITS = 6, PAGE_TREE_SLOTS = 1 << PAGE_TREE_BITS };

struct page_tree_node {
    uint32_t used;
    void *slot[PAGE_TREE_SLOTS];
};

void *page_tree_find_below(const struct page_tree *tree, uint64_t index);

// The item or NULL.
static inline void *page_tree_find(const struct page_tree *tree, uint64_t index)
{
    if (tree->levels == 0)
        return index == 0 ? tree->root : NULL;
    if (tree->levels == 1 && index < PAGE_TREE_SLOTS)
        return ((const struct page_tree_node *)tree->root)->slot[index];
    return page_tree_find_below(tree, index);
}
// 0; -E_NOMEM; -E_EXIST. `item` is not NULL.
int page_tree_insert(struct page_tree *tree, uint64_t index, void *item);
// The item taken out, or NULL. Frees what gets empty.
void *page_tree_remove(struct page_tree *tree, uint64_t index);
// The first item at or above *index, whose index is stored there; NULL: none.
void *page_tree_next(const struct page_tree *tree, uint64_t *index);
