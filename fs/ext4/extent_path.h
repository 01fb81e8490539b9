// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// A way through an extent tree from the root to a leaf, all of it modified by the operation.

#pragma once

#include "fs/ext4/edit.h"
#include "fs/ext4/extent.h"

struct ext4_extent_level {
    struct ext4_extent_header *header;
    uint64_t block; // of the root: 0
    unsigned at;    // index taken; in the leaf, entries at or before the block looked for
};

struct ext4_extent_path {
    struct ext4_inode *inode;
    unsigned depth; // level[0] is the root, level[depth] the leaf
    struct ext4_extent_level level[EXT4_MAX_EXTENT_DEPTH + 1];
};

int ext4_extent_path_find(struct ext4_inode *inode, uint64_t logical,
                          struct ext4_extent_path *path);
// Checksums of all nodes on the path.
void ext4_extent_path_seal(struct ext4_extent_path *path);

static inline struct ext4_extent *ext4_extent_first(const struct ext4_extent_level *level)
{
    return (struct ext4_extent *)(level->header + 1);
}

static inline struct ext4_extent_idx *ext4_extent_first_index(const struct ext4_extent_level *level)
{
    return (struct ext4_extent_idx *)(level->header + 1);
}
