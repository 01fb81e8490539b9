// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Extent trees that shrink: from the file's end towards its start.

#include "fs/ext4/extent_path.h"

#include <string.h>

// What one more extent may take: its way down the tree, the groups that a long extent of a file
// system with small blocks crosses, and the inode.
enum { ROOM_BLOCKS = 22, ROOM_FREED = 8 };

static bool is_metadata(const struct ext4_inode *inode)
{
    return ext4_inode_type(inode) != EXT4_S_IFREG;
}

static int free_counted(struct ext4_inode *inode, uint64_t block, uint64_t count, bool metadata)
{
    int error = ext4_blocks_free(inode->fs, block, count, metadata);
    return error ? error : ext4_inode_add_blocks(inode, -(int64_t)count);
}

// Takes empty nodes off the tree, from the leaf up.
static int path_prune(struct ext4_extent_path *path)
{
    while (path->depth > 0 && path->level[path->depth].header->eh_entries == 0) {
        int error = free_counted(path->inode, path->level[path->depth].block, 1, true);
        if (error)
            return error;
        path->level[--path->depth].header->eh_entries--;
    }
    if (path->level[0].header->eh_entries == 0)
        path->level[0].header->eh_depth = 0;
    return 0;
}

// Removes what the last leaf's last extent has at or behind `from`: 1; 0: it lies before.
static int last_extent_cut(struct ext4_extent_path *path, uint64_t from)
{
    struct ext4_extent_level *leaf = &path->level[path->depth];
    unsigned entries = leaf->header->eh_entries;
    if (entries == 0 && path->depth == 0)
        return 0;
    if (entries > 0) {
        struct ext4_extent *last = ext4_extent_first(leaf) + entries - 1;
        uint64_t end = ext4_extent_end(last);
        uint64_t cut = from > last->ee_block ? from : last->ee_block;
        if (end <= from)
            return 0;
        uint64_t device = ext4_extent_start(last) + (cut - last->ee_block);
        if (cut == last->ee_block)
            leaf->header->eh_entries--;
        else
            last->ee_len = (uint16_t)(last->ee_len - (end - cut));
        int error = free_counted(path->inode, device, end - cut, is_metadata(path->inode));
        if (error)
            return error;
    }
    int error = path_prune(path);
    if (error)
        return error;
    ext4_extent_path_seal(path);
    return 1;
}

// The entries of a root's only child move into the root if they fit.
static int root_shrink(struct ext4_inode *inode)
{
    struct ext4_extent_path path;
    int error = ext4_extent_path_find(inode, 0, &path);
    while (!error && path.depth > 0) {
        struct ext4_extent_header *root = path.level[0].header, *child = path.level[1].header;
        if (root->eh_entries != 1 || child->eh_entries > root->eh_max)
            return 0;
        root->eh_entries = child->eh_entries;
        root->eh_depth = child->eh_depth;
        memcpy(root + 1, child + 1, (size_t)child->eh_entries * EXT4_EXTENT_ENTRY_BYTES);
        ext4_inode_seal(inode);
        error = free_counted(inode, path.level[1].block, 1, true);
        if (!error)
            error = ext4_extent_path_find(inode, 0, &path);
    }
    return error;
}

int ext4_extents_remove(struct ext4_inode *inode, uint64_t from)
{
    struct ext4 *fs = inode->fs;
    int more = 1;
    while (more > 0) {
        struct ext4_extent_path path;
        if (ext4_op_room(fs) < ROOM_BLOCKS || ext4_op_freed_room(fs) < ROOM_FREED)
            return 1;
        int error = ext4_extent_path_find(inode, EXT4_EXTENT_BLOCK_MAX, &path);
        if (error)
            return error;
        more = last_extent_cut(&path, from);
    }
    return more < 0 ? more : root_shrink(inode);
}
