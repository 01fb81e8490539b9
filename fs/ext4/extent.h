// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// What reading and changing extent trees share.

#pragma once

#include "fs/ext4/internal.h"

enum {
    EXT4_EXTENT_ENTRY_BYTES = sizeof(struct ext4_extent), // of an index entry too
    EXT4_EXTENT_HEADER_BYTES = sizeof(struct ext4_extent_header),
    EXT4_EXTENT_BLOCK_MAX = 0xFFFFFFFF, // logical block
};

// The logical blocks that a node may speak of: what its parent's entries leave to it.
struct ext4_extent_range {
    uint64_t first, end;
};

// Checks a node of `bytes` bytes by itself. NULL if it is good, else what is wrong.
const char *ext4_extent_node_check(const struct ext4 *fs, const struct ext4_extent_header *header,
                                   size_t bytes);

// Pins the node at `block`, verified as what its parent means: `depth` levels above the extents,
// inside the range.
int ext4_extent_node_get(const struct ext4_inode *inode, uint64_t block, unsigned depth,
                         const struct ext4_extent_range *range, struct ext4_buffer **out);

// Number of entries whose key (the first word of both kinds) is at most `logical`.
unsigned ext4_extent_entries_up_to(const struct ext4_extent_header *header, uint64_t logical);

uint32_t ext4_extent_checksum(const struct ext4_inode *inode,
                              const struct ext4_extent_header *header);

static inline uint32_t ext4_extent_blocks(const struct ext4_extent *extent)
{
    uint32_t length = extent->ee_len;
    return length > EXT4_INIT_MAX_LEN ? length - EXT4_INIT_MAX_LEN : length;
}

static inline bool ext4_extent_unwritten(const struct ext4_extent *extent)
{
    return extent->ee_len > EXT4_INIT_MAX_LEN;
}

static inline uint64_t ext4_extent_start(const struct ext4_extent *extent)
{
    return extent->ee_start_lo | (uint64_t)extent->ee_start_hi << 32;
}

static inline uint64_t ext4_extent_end(const struct ext4_extent *extent)
{
    return (uint64_t)extent->ee_block + ext4_extent_blocks(extent);
}

static inline uint64_t ext4_extent_leaf(const struct ext4_extent_idx *index)
{
    return index->ei_leaf_lo | (uint64_t)index->ei_leaf_hi << 32;
}
