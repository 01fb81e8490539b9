// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Extent trees: from logical block to a run on the device. The root lies in the inode (covered by
// its checksum), every other node in a block with a checksum of its own behind the entries.

#include "fs/ext4/extent.h"

static const struct ext4_extent *extents_of(const struct ext4_extent_header *header)
{
    return (const struct ext4_extent *)(header + 1);
}

static const struct ext4_extent_idx *indexes_of(const struct ext4_extent_header *header)
{
    return (const struct ext4_extent_idx *)(header + 1);
}

// Entries ascend, do not overlap, and lie inside the file system.
static const char *extents_check(const struct ext4 *fs, const struct ext4_extent_header *header)
{
    const struct ext4_extent *extent = extents_of(header);
    uint64_t end = 0;
    for (unsigned i = 0; i < header->eh_entries; i++, extent++) {
        uint32_t count = ext4_extent_blocks(extent);
        if (count == 0)
            return "empty extent";
        if (extent->ee_block < end)
            return "extents out of order";
        end = (uint64_t)extent->ee_block + count;
        if (end > EXT4_EXTENT_BLOCK_MAX)
            return "extent beyond the largest file";
        if (!ext4_blocks_valid(fs, ext4_extent_start(extent), count))
            return "extent outside the file system";
    }
    return NULL;
}

static const char *indexes_check(const struct ext4 *fs, const struct ext4_extent_header *header)
{
    const struct ext4_extent_idx *index = indexes_of(header);
    if (header->eh_entries == 0)
        return "extent index without entries";
    for (unsigned i = 0; i < header->eh_entries; i++) {
        if (i > 0 && index[i].ei_block <= index[i - 1].ei_block)
            return "extent indexes out of order";
        if (!ext4_blocks_valid(fs, ext4_extent_leaf(&index[i]), 1))
            return "extent index points outside the file system";
    }
    return NULL;
}

const char *ext4_extent_node_check(const struct ext4 *fs, const struct ext4_extent_header *header,
                                   size_t bytes)
{
    if (header->eh_magic != EXT4_EXT_MAGIC)
        return "wrong magic number in an extent tree";
    if (header->eh_max == 0 ||
        header->eh_max > (bytes - EXT4_EXTENT_HEADER_BYTES) / EXT4_EXTENT_ENTRY_BYTES ||
        header->eh_entries > header->eh_max)
        return "impossible number of entries in an extent tree";
    if (header->eh_depth > EXT4_MAX_EXTENT_DEPTH)
        return "extent tree too deep";
    return header->eh_depth ? indexes_check(fs, header) : extents_check(fs, header);
}

uint32_t ext4_extent_checksum(const struct ext4_inode *inode,
                              const struct ext4_extent_header *header)
{
    size_t covered = EXT4_EXTENT_HEADER_BYTES + (size_t)EXT4_EXTENT_ENTRY_BYTES * header->eh_max;
    return ext4_crc32c(inode->checksum_seed, header, covered);
}

static bool node_checksum_good(const struct ext4_inode *inode, const struct ext4_buffer *buffer)
{
    const struct ext4_extent_header *header = (const void *)buffer->data;
    size_t covered = EXT4_EXTENT_HEADER_BYTES + (size_t)EXT4_EXTENT_ENTRY_BYTES * header->eh_max;
    const struct ext4_extent_tail *tail = (const void *)(buffer->data + covered);
    return covered + sizeof(*tail) <= inode->fs->block_bytes &&
           ext4_extent_checksum(inode, header) == tail->et_checksum;
}

static int node_verify(const struct ext4_inode *inode, struct ext4_buffer *buffer)
{
    struct ext4 *fs = inode->fs;
    if (buffer->verified == EXT4_KIND_EXTENTS && buffer->verified_ino == inode->ino)
        return 0;
    const struct ext4_extent_header *header = (const void *)buffer->data;
    if (fs->metadata_csum && header->eh_magic == EXT4_EXT_MAGIC &&
        !node_checksum_good(inode, buffer))
        return ext4_report(fs, -E_BADMSG, "checksum of an extent block", inode->ino, buffer->block);
    const char *reason = ext4_extent_node_check(fs, header, fs->block_bytes);
    if (reason)
        return ext4_report(fs, -E_UCLEAN, reason, inode->ino, buffer->block);
    buffer->verified = EXT4_KIND_EXTENTS;
    buffer->verified_ino = inode->ino;
    return 0;
}

// Is a good node the one that its parent means?
static bool node_fits(const struct ext4_extent_header *header, unsigned depth,
                      const struct ext4_extent_range *range)
{
    if (header->eh_depth != depth)
        return false;
    if (header->eh_entries == 0)
        return true;
    unsigned last = header->eh_entries - 1u;
    if (depth > 0) {
        const struct ext4_extent_idx *index = indexes_of(header);
        return index[0].ei_block >= range->first && index[last].ei_block < range->end;
    }
    const struct ext4_extent *extent = extents_of(header);
    return extent[0].ee_block >= range->first &&
           (uint64_t)extent[last].ee_block + ext4_extent_blocks(&extent[last]) <= range->end;
}

int ext4_extent_node_get(const struct ext4_inode *inode, uint64_t block, unsigned depth,
                         const struct ext4_extent_range *range, struct ext4_buffer **out)
{
    struct ext4 *fs = inode->fs;
    struct ext4_buffer *buffer;
    int error = ext4_buffer_get(fs, block, 0, &buffer);
    if (error)
        return error;
    error = node_verify(inode, buffer);
    if (!error && !node_fits((const void *)buffer->data, depth, range))
        error =
            ext4_report(fs, -E_UCLEAN, "extent block contradicts its parent", inode->ino, block);
    if (error)
        ext4_buffer_put(fs, buffer);
    else
        *out = buffer;
    return error;
}

unsigned ext4_extent_entries_up_to(const struct ext4_extent_header *header, uint64_t logical)
{
    const struct ext4_extent *entry = extents_of(header);
    unsigned low = 0, high = header->eh_entries;
    while (low < high) {
        unsigned middle = low + (high - low) / 2;
        if (entry[middle].ee_block <= logical)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void run_set_hole(struct ext4_run *run, uint64_t first, uint64_t end)
{
    *run = (struct ext4_run){.first = first, .count = end - first};
}

static void leaf_find(const struct ext4_extent_header *header, uint64_t logical,
                      const struct ext4_extent_range *range, struct ext4_run *run)
{
    const struct ext4_extent *extent = extents_of(header);
    unsigned upto = ext4_extent_entries_up_to(header, logical);
    uint64_t hole = range->first;
    if (upto > 0) {
        const struct ext4_extent *found = &extent[upto - 1];
        uint64_t end = (uint64_t)found->ee_block + ext4_extent_blocks(found);
        if (logical < end) {
            *run = (struct ext4_run){.first = found->ee_block,
                                     .count = ext4_extent_blocks(found),
                                     .device = ext4_extent_start(found),
                                     .unwritten = found->ee_len > EXT4_INIT_MAX_LEN};
            return;
        }
        hole = end;
    }
    run_set_hole(run, hole, upto < header->eh_entries ? extent[upto].ee_block : range->end);
}

// Chooses the child for `logical` and narrows *range to it. False: a hole, *range is where.
static bool index_find(const struct ext4_extent_header *header, uint64_t logical,
                       struct ext4_extent_range *range, uint64_t *child)
{
    const struct ext4_extent_idx *index = indexes_of(header);
    unsigned upto = ext4_extent_entries_up_to(header, logical);
    if (upto < header->eh_entries)
        range->end = index[upto].ei_block;
    if (upto == 0)
        return false;
    range->first = index[upto - 1].ei_block;
    *child = ext4_extent_leaf(&index[upto - 1]);
    return true;
}

// Each step down must reach a node exactly one level lower, so a cycle on the disk ends the walk.
int ext4_extent_run_find(const struct ext4_inode *inode, uint64_t logical, struct ext4_run *run)
{
    struct ext4 *fs = inode->fs;
    const struct ext4_extent_header *header = (const void *)ext4_disk_inode(inode)->i_block;
    struct ext4_buffer *buffer = NULL;
    struct ext4_extent_range range = {0, EXT4_EXTENT_BLOCK_MAX};

    const char *reason = ext4_extent_node_check(fs, header, EXT4_I_BLOCK_BYTES);
    if (reason)
        return ext4_report(fs, -E_UCLEAN, reason, inode->ino, inode->buffer->block);
    for (unsigned depth = header->eh_depth; depth > 0; depth--) {
        uint64_t child;
        if (!index_find(header, logical, &range, &child)) {
            run_set_hole(run, range.first, range.end);
            goto out;
        }
        if (buffer)
            ext4_buffer_put(fs, buffer);
        buffer = NULL;
        int error = ext4_extent_node_get(inode, child, depth - 1, &range, &buffer);
        if (error)
            return error;
        header = (const void *)buffer->data;
    }
    leaf_find(header, logical, &range, run);
out:
    if (buffer)
        ext4_buffer_put(fs, buffer);
    return 0;
}
