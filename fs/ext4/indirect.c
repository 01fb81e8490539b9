// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The classic block map of ext2 and ext3: 12 direct pointers, then trees of one, two and three
// levels.

#include "fs/ext4/internal.h"

static uint64_t level_blocks(const struct ext4 *fs, unsigned level)
{
    return 1ull << level * (fs->block_shift - 2);
}

uint64_t ext4_indirect_limit(const struct ext4 *fs)
{
    uint64_t limit = EXT4_NDIR_BLOCKS;
    for (unsigned level = 1; level <= EXT4_IND_LEVELS; level++)
        limit += level_blocks(fs, level);
    return limit;
}

// The longest run from pointer[at] on: consecutive blocks, or zeros.
static int pointers_run(const struct ext4_inode *inode, const uint32_t *pointer, unsigned at,
                        unsigned pointers, uint64_t logical, struct ext4_run *run)
{
    uint32_t start = pointer[at];
    uint32_t count = 1;
    while (at + count < pointers && pointer[at + count] == (start ? start + count : 0))
        count++;
    if (start && !ext4_blocks_valid(inode->fs, start, count))
        return ext4_report(inode->fs, -E_UCLEAN, "block pointer outside the file system",
                           inode->ino, start);
    *run = (struct ext4_run){.first = logical, .count = count, .device = start};
    return 0;
}

// Follows `pointer`, the root of a tree of `level` levels that maps from logical block `base` on.
static int tree_run_find(const struct ext4_inode *inode, uint32_t pointer, unsigned level,
                         uint64_t base, uint64_t logical, struct ext4_run *run)
{
    struct ext4 *fs = inode->fs;
    for (; level > 0; level--) {
        if (pointer == 0) {
            *run = (struct ext4_run){.first = base, .count = level_blocks(fs, level)};
            return 0;
        }
        if (!ext4_blocks_valid(fs, pointer, 1))
            return ext4_report(fs, -E_UCLEAN, "indirect block outside the file system", inode->ino,
                               pointer);
        struct ext4_buffer *buffer;
        int error = ext4_buffer_get(fs, pointer, 0, &buffer);
        if (error)
            return error;
        const uint32_t *entries = (const uint32_t *)buffer->data;
        uint64_t each = level_blocks(fs, level - 1);
        unsigned at = (unsigned)((logical - base) / each);
        if (level == 1)
            error = pointers_run(inode, entries, at, fs->block_bytes / 4, logical, run);
        pointer = entries[at];
        base += at * each;
        ext4_buffer_put(fs, buffer);
        if (level == 1)
            return error;
    }
    return 0;
}

int ext4_indirect_run_find(const struct ext4_inode *inode, uint64_t logical, struct ext4_run *run)
{
    const uint32_t *pointer = ext4_disk_inode(inode)->i_block;
    if (logical < EXT4_NDIR_BLOCKS)
        return pointers_run(inode, pointer, (unsigned)logical, EXT4_NDIR_BLOCKS, logical, run);

    uint64_t base = EXT4_NDIR_BLOCKS;
    unsigned level = 1;
    while (logical - base >= level_blocks(inode->fs, level))
        base += level_blocks(inode->fs, level++);
    return tree_run_find(inode, pointer[EXT4_NDIR_BLOCKS + level - 1], level, base, logical, run);
}
