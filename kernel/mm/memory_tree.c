// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The radix tree of a memory object: 64 slots a node, as high as the highest index asks for. With
// height 0 the root field is itself the only slot, so an object of one page needs no node. Inner
// slots hold addresses of nodes.
//
// All with memory->lock held.

#include "kernel/core/panic.h"
#include "kernel/mm/heap.h"
#include "kernel/mm/memory.h"

struct node {
    uint64_t slots[MEMORY_NODE_SLOTS];
};

enum { HEIGHT_MAX = (64 - PAGE_SHIFT + MEMORY_NODE_BITS - 1) / MEMORY_NODE_BITS };

static struct node *node_of(uint64_t slot)
{
    return (struct node *)slot;
}

// Whether a tree of this height has a slot for the index.
static bool covers(unsigned height, uint64_t index)
{
    return height >= HEIGHT_MAX || index >> (MEMORY_NODE_BITS * height) == 0;
}

static unsigned slot_number(uint64_t index, unsigned level)
{
    return (unsigned)(index >> (MEMORY_NODE_BITS * level)) & (MEMORY_NODE_SLOTS - 1);
}

memory_slot_t *memory_tree_find(struct memory *memory, uint64_t index)
{
    if (!covers(memory->height, index)) {
        return NULL;
    }
    uint64_t *slot = &memory->root;
    for (unsigned level = memory->height; level-- > 0;) {
        if (*slot == 0) {
            return NULL;
        }
        slot = &node_of(*slot)->slots[slot_number(index, level)];
    }
    return slot;
}

memory_slot_t *memory_tree_make(struct memory *memory, uint64_t index)
{
    if (memory->root == 0) {
        memory->height = 0;
    }
    while (!covers(memory->height, index)) {
        if (memory->root != 0) {
            struct node *node = heap_allocate(sizeof(*node));
            if (node == NULL) {
                return NULL;
            }
            node->slots[0] = memory->root;
            memory->root = (uint64_t)node;
        }
        memory->height++;
    }
    uint64_t *slot = &memory->root;
    for (unsigned level = memory->height; level-- > 0;) {
        if (*slot == 0) {
            struct node *node = heap_allocate(sizeof(*node));
            if (node == NULL) {
                return NULL; // nodes made on the way stay empty until pruned
            }
            *slot = (uint64_t)node;
        }
        slot = &node_of(*slot)->slots[slot_number(index, level)];
    }
    return slot;
}

memory_slot_t *memory_tree_next(struct memory *memory, uint64_t *index, uint64_t end)
{
    while (*index < end && covers(memory->height, *index)) {
        uint64_t *slot = &memory->root;
        unsigned level = memory->height;
        while (level > 0 && *slot != 0) {
            level--;
            slot = &node_of(*slot)->slots[slot_number(*index, level)];
        }
        if (level == 0) {
            return slot;
        }
        uint64_t span =
            1ull << (MEMORY_NODE_BITS * level); // no node: on to what the next slot covers
        *index = (*index | (span - 1)) + 1;
        if (*index == 0) {
            break;
        }
    }
    *index = end;
    return NULL;
}

// Frees empty nodes below `slot`, which covers 64^level indices from `base`.
static void prune(uint64_t *slot, unsigned level, uint64_t base, uint64_t first, uint64_t end)
{
    if (level == 0 || *slot == 0) {
        return;
    }
    uint64_t span = 1ull << (MEMORY_NODE_BITS * (level - 1));
    struct node *node = node_of(*slot);
    bool empty = true;
    for (unsigned i = 0; i < MEMORY_NODE_SLOTS; i++) {
        uint64_t child = base + i * span;
        if (child < end && child + (span - 1) >= first) {
            prune(&node->slots[i], level - 1, child, first, end);
        }
        empty = empty && node->slots[i] == 0;
    }
    if (empty) {
        heap_free(node);
        *slot = 0;
    }
}

void memory_tree_prune(struct memory *memory, uint64_t first, uint64_t end)
{
    prune(&memory->root, memory->height, 0, first, end);
    if (memory->root == 0) {
        memory->height = 0;
    }
}
