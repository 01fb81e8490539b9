// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Extent trees that grow: new extents, and unwritten ones that become written.
//
// A node that is full is split in steps, each of which leaves a whole tree and gives the lowest
// full node's parent one more entry, or the root one more level; after each, the way down is looked
// up again.

#include "fs/ext4/extent_path.h"

#include <string.h>

enum {
    ROOT_ENTRIES = (EXT4_I_BLOCK_BYTES - EXT4_EXTENT_HEADER_BYTES) / EXT4_EXTENT_ENTRY_BYTES,
    STEPS_MAX = 2 * (EXT4_MAX_EXTENT_DEPTH + 2), // to make room
    UNWRITTEN_MAX = EXT4_INIT_MAX_LEN - 1,
};

void ext4_extents_init(struct ext4_disk_inode *disk)
{
    struct ext4_extent_header *header = (void *)disk->i_block;
    memset(disk->i_block, 0, sizeof(disk->i_block));
    *header = (struct ext4_extent_header){.eh_magic = EXT4_EXT_MAGIC, .eh_max = ROOT_ENTRIES};
    disk->i_flags |= EXT4_EXTENTS_FL;
}

// ---- the path ----

// One level down from `level`: the child is pinned by being modified.
static int path_step(struct ext4_extent_path *path, unsigned level, struct ext4_extent_range *range,
                     uint64_t logical)
{
    struct ext4_inode *inode = path->inode;
    struct ext4_extent_level *here = &path->level[level], *below = here + 1;
    const struct ext4_extent_idx *index = ext4_extent_first_index(here);
    unsigned upto = ext4_extent_entries_up_to(here->header, logical);
    here->at = upto > 0 ? upto - 1 : 0;
    if (here->at + 1u < here->header->eh_entries)
        range->end = index[here->at + 1].ei_block;
    range->first = index[here->at].ei_block;

    struct ext4_buffer *buffer;
    below->block = ext4_extent_leaf(&index[here->at]);
    int error =
        ext4_extent_node_get(inode, below->block, here->header->eh_depth - 1u, range, &buffer);
    if (error)
        return error;
    error = ext4_buffer_modify(inode->fs, buffer);
    below->header = (struct ext4_extent_header *)buffer->data;
    ext4_buffer_put(inode->fs, buffer);
    return error;
}

int ext4_extent_path_find(struct ext4_inode *inode, uint64_t logical, struct ext4_extent_path *path)
{
    struct ext4 *fs = inode->fs;
    struct ext4_disk_inode *disk;
    struct ext4_extent_range range = {0, EXT4_EXTENT_BLOCK_MAX};
    if (!(inode->flags & EXT4_EXTENTS_FL))
        return -E_OPNOTSUPP;
    int error = ext4_inode_edit(inode, &disk);
    if (error)
        return error;
    *path = (struct ext4_extent_path){.inode = inode};
    path->level[0].header = (struct ext4_extent_header *)disk->i_block;
    const char *reason = ext4_extent_node_check(fs, path->level[0].header, EXT4_I_BLOCK_BYTES);
    if (reason)
        return ext4_report(fs, -E_UCLEAN, reason, inode->ino, inode->buffer->block);
    path->depth = path->level[0].header->eh_depth;
    for (unsigned level = 0; level < path->depth; level++) {
        error = path_step(path, level, &range, logical);
        if (error)
            return error;
    }
    struct ext4_extent_level *leaf = &path->level[path->depth];
    leaf->at = ext4_extent_entries_up_to(leaf->header, logical);
    return 0;
}

void ext4_extent_path_seal(struct ext4_extent_path *path)
{
    for (unsigned level = 1; level <= path->depth && path->inode->fs->metadata_csum; level++) {
        struct ext4_extent_header *header = path->level[level].header;
        struct ext4_extent_tail *tail =
            (void *)((uint8_t *)(header + 1) + (size_t)EXT4_EXTENT_ENTRY_BYTES * header->eh_max);
        tail->et_checksum = ext4_extent_checksum(path->inode, header);
    }
    ext4_inode_seal(path->inode);
}

// The leaf's first extent has changed: so do the keys above.
static void path_fix_keys(struct ext4_extent_path *path)
{
    for (unsigned level = path->depth; level-- > 0;) {
        struct ext4_extent_level *here = &path->level[level];
        // Both kinds of entry begin with the key.
        ext4_extent_first_index(here)[here->at].ei_block = ext4_extent_first(here + 1)->ee_block;
        if (here->at > 0)
            return;
    }
}

// ---- room ----

static void index_set(struct ext4_extent_idx *index, uint32_t key, uint64_t leaf)
{
    *index = (struct ext4_extent_idx){
        .ei_block = key, .ei_leaf_lo = (uint32_t)leaf, .ei_leaf_hi = (uint16_t)(leaf >> 32)};
}

// A new node beside or below `like`, with room for a block's entries.
static int node_create(struct ext4_extent_path *path, const struct ext4_extent_header *like,
                       struct ext4_extent_level *out)
{
    struct ext4_inode *inode = path->inode;
    struct ext4 *fs = inode->fs;
    struct ext4_buffer *buffer;
    uint32_t count;
    int error = ext4_blocks_allocate(fs, ext4_inode_goal(inode), 1, &out->block, &count);
    if (!error)
        error = ext4_inode_add_blocks(inode, 1);
    if (!error)
        error = ext4_buffer_fresh(fs, out->block, &buffer);
    if (error)
        return error;
    out->header = (struct ext4_extent_header *)buffer->data;
    *out->header = (struct ext4_extent_header){
        .eh_magic = EXT4_EXT_MAGIC,
        .eh_max =
            (uint16_t)((fs->block_bytes - EXT4_EXTENT_HEADER_BYTES) / EXT4_EXTENT_ENTRY_BYTES),
        .eh_depth = like->eh_depth,
    };
    buffer->verified = EXT4_KIND_EXTENTS;
    buffer->verified_ino = inode->ino;
    ext4_buffer_put(fs, buffer);
    return 0;
}

static void node_seal(struct ext4_extent_path *path, const struct ext4_extent_level *node)
{
    struct ext4_extent_path alone = {.inode = path->inode, .depth = 1};
    alone.level[1] = *node;
    ext4_extent_path_seal(&alone);
}

// The root's entries move into a new block; the root keeps one that points to it.
static int root_grow(struct ext4_extent_path *path)
{
    struct ext4_extent_level *root = &path->level[0], node = {0};
    if (path->depth == EXT4_MAX_EXTENT_DEPTH)
        return -E_NOSPC;
    int error = node_create(path, root->header, &node);
    if (error)
        return error;
    node.header->eh_entries = root->header->eh_entries;
    memcpy(node.header + 1, root->header + 1,
           (size_t)root->header->eh_entries * EXT4_EXTENT_ENTRY_BYTES);
    node_seal(path, &node);
    index_set(ext4_extent_first_index(root), ext4_extent_first(&node)->ee_block, node.block);
    root->header->eh_entries = 1;
    root->header->eh_depth++;
    ext4_inode_seal(path->inode);
    return 0;
}

// The upper half of the full node at `level` moves into a new one; its parent has room. At the end
// of a file only the last entry moves: nodes of files written in order stay full.
static int node_split(struct ext4_extent_path *path, unsigned level)
{
    struct ext4_extent_level *full = &path->level[level], *parent = full - 1, node = {0};
    unsigned entries = full->header->eh_entries;
    bool at_end = level == path->depth ? full->at == entries : full->at + 1 == entries;
    unsigned keep = at_end ? entries - 1 : entries / 2;
    int error = node_create(path, full->header, &node);
    if (error)
        return error;
    node.header->eh_entries = (uint16_t)(entries - keep);
    memcpy(node.header + 1, ext4_extent_first(full) + keep,
           (entries - keep) * (size_t)EXT4_EXTENT_ENTRY_BYTES);
    full->header->eh_entries = (uint16_t)keep;

    struct ext4_extent_idx *index = ext4_extent_first_index(parent) + parent->at + 1;
    unsigned behind = parent->header->eh_entries - parent->at - 1;
    memmove(index + 1, index, behind * sizeof(*index));
    index_set(index, ext4_extent_first(&node)->ee_block, node.block);
    parent->header->eh_entries++;
    node_seal(path, &node);
    ext4_extent_path_seal(path);
    return 0;
}

static bool has_room(const struct ext4_extent_level *level, unsigned entries)
{
    return level->header->eh_max - level->header->eh_entries >= (int)entries;
}

// One step towards room in the leaf.
static int path_make_room(struct ext4_extent_path *path)
{
    for (unsigned level = path->depth; level > 0; level--)
        if (has_room(&path->level[level - 1], 1))
            return node_split(path, level);
    return root_grow(path);
}

// Finds the way to `logical`, with room for `entries` more in the leaf.
static int path_find_room(struct ext4_inode *inode, uint64_t logical, unsigned entries,
                          struct ext4_extent_path *path)
{
    for (unsigned step = 0; step < STEPS_MAX; step++) {
        int error = ext4_extent_path_find(inode, logical, path);
        if (error || has_room(&path->level[path->depth], entries))
            return error;
        error = path_make_room(path);
        if (error)
            return error;
    }
    return -E_NOSPC;
}

// ---- extents in a leaf ----

static void extent_set(struct ext4_extent *extent, const struct ext4_run *run)
{
    *extent = (struct ext4_extent){
        .ee_block = (uint32_t)run->first,
        .ee_len = (uint16_t)(run->count + (run->unwritten ? EXT4_INIT_MAX_LEN : 0)),
        .ee_start_lo = (uint32_t)run->device,
        .ee_start_hi = (uint16_t)(run->device >> 32),
    };
}

static struct ext4_run run_of(const struct ext4_extent *extent)
{
    return (struct ext4_run){
        .first = extent->ee_block,
        .count = ext4_extent_blocks(extent),
        .device = ext4_extent_start(extent),
        .unwritten = ext4_extent_unwritten(extent),
    };
}

static bool runs_join(const struct ext4_run *before, const struct ext4_run *run)
{
    uint32_t max = run->unwritten ? UNWRITTEN_MAX : EXT4_INIT_MAX_LEN;
    return before->unwritten == run->unwritten && before->first + before->count == run->first &&
           before->device + before->count == run->device && before->count + run->count <= max;
}

static void leaf_remove(struct ext4_extent_level *leaf, unsigned at)
{
    struct ext4_extent *extent = ext4_extent_first(leaf) + at;
    leaf->header->eh_entries--;
    memmove(extent, extent + 1, (leaf->header->eh_entries - at) * sizeof(*extent));
}

static void leaf_insert(struct ext4_extent_level *leaf, unsigned at, const struct ext4_run *run)
{
    struct ext4_extent *extent = ext4_extent_first(leaf) + at;
    memmove(extent + 1, extent, (leaf->header->eh_entries - at) * sizeof(*extent));
    leaf->header->eh_entries++;
    extent_set(extent, run);
}

// Joins entry `at` with the one behind it if they continue each other.
static bool leaf_join(struct ext4_extent_level *leaf, unsigned at)
{
    struct ext4_extent *extent = ext4_extent_first(leaf) + at;
    if (at + 1u >= leaf->header->eh_entries)
        return false;
    struct ext4_run run = run_of(extent), next = run_of(extent + 1);
    if (!runs_join(&run, &next))
        return false;
    run.count += next.count;
    extent_set(extent, &run);
    leaf_remove(leaf, at + 1);
    return true;
}

// Makes a neighbour longer instead of adding an entry. False: none continues the run.
static bool leaf_extend(struct ext4_extent_level *leaf, const struct ext4_run *run)
{
    struct ext4_extent *right = ext4_extent_first(leaf) + leaf->at;
    if (leaf->at > 0) {
        struct ext4_run before = run_of(right - 1);
        if (runs_join(&before, run)) {
            before.count += run->count;
            extent_set(right - 1, &before);
            leaf_join(leaf, leaf->at - 1);
            return true;
        }
    }
    if (leaf->at == leaf->header->eh_entries)
        return false;
    struct ext4_run after = run_of(right);
    if (!runs_join(run, &after))
        return false;
    after.first = run->first;
    after.device = run->device;
    after.count += run->count;
    extent_set(right, &after);
    return true;
}

static int insert_one(struct ext4_inode *inode, const struct ext4_run *run)
{
    struct ext4_extent_path path;
    int error = ext4_extent_path_find(inode, run->first, &path);
    if (error)
        return error;
    struct ext4_extent_level *leaf = &path.level[path.depth];
    if (!leaf_extend(leaf, run)) {
        error = path_find_room(inode, run->first, 1, &path);
        if (error)
            return error;
        leaf = &path.level[path.depth];
        leaf_insert(leaf, leaf->at, run);
    }
    path_fix_keys(&path);
    ext4_extent_path_seal(&path);
    return ext4_inode_add_blocks(inode, (int64_t)run->count);
}

int ext4_extents_insert(struct ext4_inode *inode, const struct ext4_run *run)
{
    struct ext4_run rest = *run;
    while (rest.count > 0) {
        struct ext4_run part = rest;
        if (part.count > UNWRITTEN_MAX)
            part.count = UNWRITTEN_MAX;
        int error = insert_one(inode, &part);
        if (error)
            return error;
        rest.first += part.count;
        rest.device += part.count;
        rest.count -= part.count;
    }
    return 0;
}

// ---- unwritten to written ----

// [first, end) lies inside the unwritten extent that the leaf's `at` is behind.
static void leaf_convert(struct ext4_extent_level *leaf, uint64_t first, uint64_t end)
{
    unsigned at = leaf->at - 1;
    struct ext4_run whole = run_of(ext4_extent_first(leaf) + at);
    struct ext4_run before = whole, middle = whole, behind = whole;
    before.count = first - whole.first;
    middle.first = first;
    middle.device += before.count;
    middle.count = end - first;
    middle.unwritten = false;
    behind.first = end;
    behind.device += end - whole.first;
    behind.count = whole.first + whole.count - end;

    if (behind.count > 0)
        leaf_insert(leaf, at + 1, &behind);
    if (before.count > 0) {
        extent_set(ext4_extent_first(leaf) + at, &before);
        leaf_insert(leaf, ++at, &middle);
    } else {
        extent_set(ext4_extent_first(leaf) + at, &middle);
    }
    leaf_join(leaf, at);
    if (at > 0)
        leaf_join(leaf, at - 1);
}

int ext4_extents_convert(struct ext4_inode *inode, uint64_t first, uint64_t count)
{
    uint64_t end = first + count;
    while (first < end) {
        struct ext4_run run;
        struct ext4_extent_path path;
        if (!(inode->flags & EXT4_EXTENTS_FL))
            return -E_OPNOTSUPP;
        int error = ext4_extent_run_find(inode, first, &run);
        if (error)
            return error;
        if (run.device == 0)
            return -E_INVAL;
        uint64_t to = run.first + run.count < end ? run.first + run.count : end;
        if (run.unwritten) {
            error = path_find_room(inode, first, 2, &path);
            if (error)
                return error;
            leaf_convert(&path.level[path.depth], first, to);
            ext4_extent_path_seal(&path);
        }
        first = to;
    }
    return 0;
}

int ext4_inode_append_block(struct ext4_inode *inode, uint64_t logical, struct ext4_buffer **out)
{
    struct ext4_run before, run = {.first = logical, .count = 1};
    uint64_t goal = ext4_inode_goal(inode);
    uint32_t count;
    int error = 0;
    if (logical > 0) {
        error = ext4_run_find(inode, logical - 1, &before);
        if (!error && before.device)
            goal = before.device + (logical - before.first);
    }
    if (!error)
        error = ext4_blocks_allocate(inode->fs, goal, 1, &run.device, &count);
    if (!error)
        error = ext4_extents_insert(inode, &run);
    return error ? error : ext4_buffer_fresh(inode->fs, run.device, out);
}
