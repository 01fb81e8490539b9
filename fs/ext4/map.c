// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Where a file's bytes are: runs of either kind of map, made into extents of the protocol.

#include "fs/ext4/internal.h"

#include <string.h>

enum { READ_BYTES_MAX = 1 << 30, BOUNCE_BYTES = 512 };

static const uint64_t block_count_max = 0xFFFFFFFF;

uint64_t ext4_map_limit(const struct ext4_inode *inode)
{
    if (inode->flags & EXT4_EXTENTS_FL)
        return block_count_max;
    uint64_t limit = ext4_indirect_limit(inode->fs);
    return limit < block_count_max ? limit : block_count_max;
}

int ext4_run_find(const struct ext4_inode *inode, uint64_t logical, struct ext4_run *run)
{
    uint64_t limit = ext4_map_limit(inode);
    if (logical >= limit) {
        *run = (struct ext4_run){.first = limit, .count = block_count_max - limit};
        return 0;
    }
    if (inode->flags & EXT4_EXTENTS_FL)
        return ext4_extent_run_find(inode, logical, run);
    return ext4_indirect_run_find(inode, logical, run);
}

static bool mappable(const struct ext4_inode *inode)
{
    if (inode->flags & EXT4_INLINE_DATA_FL)
        return false;
    switch (ext4_inode_type(inode)) {
    case EXT4_S_IFREG:
    case EXT4_S_IFDIR:
        return true;
    case EXT4_S_IFLNK:
        return inode->size >= EXT4_I_BLOCK_BYTES || (inode->flags & EXT4_EXTENTS_FL);
    default:
        return false;
    }
}

// The part of the run from `logical` on, up to `end`, as an extent.
static struct fs_extent extent_of(const struct ext4 *fs, const struct ext4_run *run,
                                  uint64_t logical, uint64_t end)
{
    uint64_t skip = logical - run->first;
    uint64_t count = run->count - skip;
    if (count > end - logical)
        count = end - logical;
    struct fs_extent extent = {.offset = logical << fs->block_shift,
                               .bytes = count << fs->block_shift};
    if (run->device == 0) {
        extent.flags = FS_EXTENT_HOLE;
    } else {
        extent.device_offset = (run->device + skip) << fs->block_shift;
        extent.flags = run->unwritten ? FS_EXTENT_UNWRITTEN : 0;
    }
    return extent;
}

static bool extent_joins(const struct fs_extent *before, const struct fs_extent *extent)
{
    if (before->flags != extent->flags)
        return false;
    return (extent->flags & FS_EXTENT_HOLE) ||
           before->device_offset + before->bytes == extent->device_offset;
}

int ext4_map(const struct ext4_inode *inode, uint64_t offset, uint64_t bytes,
             struct fs_extent *extents, unsigned room, uint64_t *end_out)
{
    struct ext4 *fs = inode->fs;
    uint64_t max = ext4_max_file_bytes(fs);
    if (!mappable(inode) || bytes == 0 || room == 0)
        return -E_INVAL;
    if (offset >= max || bytes > max - offset)
        return -E_FBIG;
    uint64_t logical = offset >> fs->block_shift;
    uint64_t end = (offset + bytes + fs->block_bytes - 1) >> fs->block_shift;
    unsigned count = 0;

    while (logical < end) {
        struct ext4_run run;
        int error = ext4_run_find(inode, logical, &run);
        if (error)
            return error;
        struct fs_extent extent = extent_of(fs, &run, logical, end);
        if (count > 0 && extent_joins(&extents[count - 1], &extent)) {
            extents[count - 1].bytes += extent.bytes;
        } else if (count < room) {
            extents[count++] = extent;
        } else {
            break;
        }
        logical += extent.bytes >> fs->block_shift;
    }
    *end_out = logical << fs->block_shift;
    return (int)count;
}

// Bytes that need not start or end on a sector.
static int device_read(const struct ext4 *fs, uint64_t offset, uint8_t *to, size_t bytes)
{
    uint8_t sector[BOUNCE_BYTES];
    while (bytes > 0) {
        size_t skip = offset % BOUNCE_BYTES;
        size_t whole = bytes - bytes % BOUNCE_BYTES;
        if (skip == 0 && whole > 0) {
            int error = fs->source.read(fs->source.context, offset, whole, to);
            if (error)
                return error;
            offset += whole;
            to += whole;
            bytes -= whole;
            continue;
        }
        size_t part = BOUNCE_BYTES - skip < bytes ? BOUNCE_BYTES - skip : bytes;
        int error = fs->source.read(fs->source.context, offset - skip, BOUNCE_BYTES, sector);
        if (error)
            return error;
        memcpy(to, sector + skip, part);
        offset += part;
        to += part;
        bytes -= part;
    }
    return 0;
}

static int inline_read(const struct ext4_inode *inode, uint64_t offset, uint8_t *to, size_t bytes)
{
    struct ext4_inline parts;
    int error = ext4_inline_find(inode, &parts);
    if (error)
        return error;
    for (size_t i = 0; i < bytes; i++) {
        uint64_t at = offset + i;
        if (at < parts.head_bytes)
            to[i] = parts.head[at];
        else
            to[i] =
                at - parts.head_bytes < parts.tail_bytes ? parts.tail[at - parts.head_bytes] : 0;
    }
    return 0;
}

int ext4_read(const struct ext4_inode *inode, uint64_t offset, void *buffer, uint32_t bytes)
{
    uint8_t *to = buffer;
    if (bytes > READ_BYTES_MAX)
        bytes = READ_BYTES_MAX;
    if (offset >= inode->size)
        return 0;
    if (bytes > inode->size - offset)
        bytes = (uint32_t)(inode->size - offset);
    if (inode->flags & EXT4_INLINE_DATA_FL) {
        int error = inline_read(inode, offset, to, bytes);
        return error ? error : (int)bytes;
    }
    uint32_t done = 0;
    while (done < bytes) {
        struct fs_extent extent;
        uint64_t end;
        int count = ext4_map(inode, offset + done, bytes - done, &extent, 1, &end);
        if (count < 0)
            return count;
        uint64_t skip = offset + done - extent.offset;
        uint64_t part = extent.bytes - skip;
        if (part > bytes - done)
            part = bytes - done;
        if (extent.flags & (FS_EXTENT_HOLE | FS_EXTENT_UNWRITTEN)) {
            memset(to + done, 0, part);
        } else {
            int error = device_read(inode->fs, extent.device_offset + skip, to + done, part);
            if (error)
                return error;
        }
        done += (uint32_t)part;
    }
    return (int)bytes;
}

// Through the cache: the block may have been written by an operation and not be at home yet.
static int link_block_read(const struct ext4_inode *inode, char *target)
{
    struct ext4 *fs = inode->fs;
    for (uint64_t at = 0; at < inode->size; at += fs->block_bytes) {
        struct ext4_run run;
        struct ext4_buffer *buffer;
        uint64_t rest = inode->size - at;
        size_t part = rest < fs->block_bytes ? (size_t)rest : fs->block_bytes;
        uint64_t logical = at >> fs->block_shift;
        int error = ext4_run_find(inode, logical, &run);
        if (error)
            return error;
        if (run.device == 0 || run.unwritten) {
            memset(target + at, 0, part);
            continue;
        }
        error = ext4_buffer_get(fs, run.device + (logical - run.first), 0, &buffer);
        if (error)
            return error;
        memcpy(target + at, buffer->data, part);
        ext4_buffer_put(fs, buffer);
    }
    return (int)inode->size;
}

int ext4_readlink(const struct ext4_inode *inode, char *target, size_t room)
{
    if (ext4_inode_type(inode) != EXT4_S_IFLNK)
        return -E_INVAL;
    if (inode->size > room)
        return -E_OVERFLOW;
    int length = (int)inode->size;
    if (inode->flags & EXT4_INLINE_DATA_FL)
        length = ext4_read(inode, 0, target, (uint32_t)inode->size);
    else if (mappable(inode))
        length = link_block_read(inode, target);
    else
        memcpy(target, ext4_disk_inode(inode)->i_block, inode->size);
    if (length >= 0 && (length == 0 || memchr(target, 0, (size_t)length)))
        return ext4_report(inode->fs, -E_UCLEAN, "empty or broken symbolic link", inode->ino,
                           inode->buffer->block);
    return length;
}

int ext4_read_inline(const struct ext4_inode *inode, void *buffer, size_t room)
{
    struct ext4_inline parts;
    if (!(inode->flags & EXT4_INLINE_DATA_FL) || ext4_inode_type(inode) != EXT4_S_IFREG)
        return -E_INVAL;
    int error = ext4_inline_find(inode, &parts);
    if (error)
        return error;
    uint32_t bytes = parts.head_bytes + parts.tail_bytes;
    return bytes > room ? -E_OVERFLOW : ext4_read(inode, 0, buffer, bytes);
}
