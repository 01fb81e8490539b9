// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Content of files: places for it, its size, its end.

#include "fs/ext4/change.h"

enum {
    RUN_MAX = EXT4_INIT_MAX_LEN - 1, // blocks of an unwritten extent
    ROOM_BLOCKS = 16,                // of the operation, for one more extent
    METADATA_RESERVE = 32,           // blocks that data leaves to the trees of extents
};

static int regular_check(const struct ext4_inode *inode)
{
    if (ext4_inode_type(inode) == EXT4_S_IFDIR)
        return -E_ISDIR;
    if (ext4_inode_type(inode) != EXT4_S_IFREG)
        return -E_INVAL;
    return inode->flags & EXT4_EXTENTS_FL ? 0 : -E_OPNOTSUPP;
}

static uint64_t blocks_up(const struct ext4 *fs, uint64_t bytes)
{
    return (bytes >> fs->block_shift) + ((bytes & (fs->block_bytes - 1)) != 0);
}

// ---- allocation ----

// The wanted place of the logical block: a device block and how many follow; 0: none.
static uint64_t wanted_find(const struct ext4 *fs, const struct ext4_allocation *allocation,
                            uint64_t logical, uint64_t *count)
{
    for (unsigned i = 0; i < allocation->wanted_count; i++) {
        const struct fs_extent *extent = &allocation->wanted[i];
        uint64_t first = extent->offset >> fs->block_shift;
        uint64_t blocks = extent->bytes >> fs->block_shift;
        if ((extent->flags & FS_EXTENT_HOLE) || logical < first || logical - first >= blocks)
            continue;
        *count = blocks - (logical - first);
        return (extent->device_offset >> fs->block_shift) + (logical - first);
    }
    return 0;
}

static int goal_find(const struct ext4_inode *inode, uint64_t logical, uint64_t *goal)
{
    struct ext4_run before;
    *goal = ext4_inode_goal(inode);
    if (logical == 0)
        return 0;
    int error = ext4_run_find(inode, logical - 1, &before);
    if (!error && before.device)
        *goal = before.device + (logical - before.first);
    return error;
}

// Fills up to `max` blocks of a hole from `logical` on; *done says how many.
static int hole_fill(struct ext4_inode *inode, const struct ext4_allocation *allocation,
                     uint64_t logical, uint64_t max, uint64_t *done)
{
    struct ext4 *fs = inode->fs;
    struct ext4_run run = {.first = logical, .unwritten = true};
    uint32_t count = max < RUN_MAX ? (uint32_t)max : RUN_MAX;
    uint64_t wanted_count, goal;
    int error;
    if (ext4_free_blocks(fs) <= METADATA_RESERVE)
        return ext4_freed_waiting(fs) ? -E_AGAIN : -E_NOSPC;
    run.device = wanted_find(fs, allocation, logical, &wanted_count);
    if (run.device) {
        if (count > wanted_count)
            count = (uint32_t)wanted_count;
        error = ext4_blocks_take(fs, run.device, count);
    } else {
        error = goal_find(inode, logical, &goal);
        if (!error)
            error = ext4_blocks_allocate(fs, goal, count, &run.device, &count);
    }
    if (error)
        return error;
    run.count = *done = count;
    return ext4_extents_insert(inode, &run);
}

int ext4_allocate(struct ext4_inode *inode, struct ext4_allocation *allocation)
{
    struct ext4 *fs = inode->fs;
    int error = regular_check(inode);
    if (error)
        return error;
    if (allocation->bytes == 0 || allocation->room == 0)
        return -E_INVAL;
    if (allocation->offset >= ext4_max_file_bytes(fs) ||
        allocation->bytes > ext4_max_file_bytes(fs) - allocation->offset)
        return -E_FBIG;
    uint64_t first = allocation->offset >> fs->block_shift, at = first;
    uint64_t end = blocks_up(fs, allocation->offset + allocation->bytes);
    for (unsigned pieces = 0; at < end && pieces < allocation->room; pieces++) {
        struct ext4_run run;
        if (pieces > 0 && ext4_op_room(fs) < ROOM_BLOCKS)
            break;
        error = ext4_run_find(inode, at, &run);
        if (error)
            return error;
        uint64_t done = run.first + run.count - at;
        if (done > end - at)
            done = end - at;
        if (run.device == 0) {
            error = hole_fill(inode, allocation, at, done, &done);
            if ((error == -E_NOSPC || error == -E_AGAIN) && at > first)
                break;
            if (error)
                return error;
        }
        at += done;
    }
    return ext4_map(inode, first << fs->block_shift, (at - first) << fs->block_shift,
                    allocation->extents, allocation->room, &allocation->end);
}

// Blocks behind the new size stay unwritten: nobody can read them, and they need not be zeroed.
int ext4_commit_written(struct ext4_inode *inode, uint64_t offset, uint64_t bytes, uint64_t size)
{
    struct ext4 *fs = inode->fs;
    int error = regular_check(inode);
    if (error)
        return error;
    if (offset > ext4_max_file_bytes(fs) || bytes > ext4_max_file_bytes(fs) - offset)
        return -E_FBIG;
    if (size > inode->size)
        error = ext4_inode_set_size(inode, size);
    if (error)
        return error;
    uint64_t first = offset >> fs->block_shift, end = blocks_up(fs, offset + bytes);
    if (end > blocks_up(fs, inode->size))
        end = blocks_up(fs, inode->size);
    if (bytes > 0 && first < end)
        error = ext4_extents_convert(inode, first, end - first);
    return error ? error : ext4_inode_touch(inode, EXT4_TOUCH_MTIME | EXT4_TOUCH_CTIME);
}

// ---- the end ----

int ext4_truncate(struct ext4_inode *inode, uint64_t size)
{
    int error = regular_check(inode);
    bool shorter = size < inode->size;
    if (!error)
        error = ext4_inode_set_size(inode, size);
    if (!error)
        error = ext4_inode_touch(inode, EXT4_TOUCH_MTIME | EXT4_TOUCH_CTIME);
    if (error || !shorter)
        return error;
    int result = ext4_extents_remove(inode, blocks_up(inode->fs, size));
    if (result == EXT4_UNFINISHED && ext4_inode_links(inode) > 0)
        error = ext4_orphan_add(inode);
    return error ? error : result;
}

bool ext4_inode_has_map(const struct ext4_inode *inode)
{
    unsigned type = ext4_inode_type(inode);
    if (inode->flags & EXT4_EXTENTS_FL)
        return true;
    // A short link holds its target in the inode.
    if (type != EXT4_S_IFREG && type != EXT4_S_IFDIR &&
        (type != EXT4_S_IFLNK || inode->size < EXT4_I_BLOCK_BYTES))
        return false;
    const struct ext4_disk_inode *disk = ext4_disk_inode(inode);
    for (unsigned i = 0; i < EXT4_N_BLOCKS; i++)
        if (disk->i_block[i])
            return true;
    return false;
}

int ext4_release(struct ext4_inode *inode)
{
    if (ext4_inode_links(inode) > 0)
        return 0;
    int result = ext4_inode_has_map(inode) ? ext4_extents_remove(inode, 0) : 0;
    if (result)
        return result;
    result = ext4_xattr_free_block(inode);
    if (!result)
        result = ext4_orphan_remove(inode);
    return result ? result : ext4_inode_free(inode);
}

static int cut_step(struct ext4_inode *inode)
{
    int result = ext4_inode_has_map(inode)
                     ? ext4_extents_remove(inode, blocks_up(inode->fs, inode->size))
                     : 0;
    return result || ext4_inode_links(inode) == 0 ? result : ext4_orphan_remove(inode);
}

static int orphan_step(struct ext4_inode *inode)
{
    return ext4_inode_links(inode) == 0 ? ext4_release(inode) : cut_step(inode);
}

// Operation after operation until the step is finished.
static int finish(struct ext4 *fs, uint32_t ino, const struct fs_time *now,
                  int (*step)(struct ext4_inode *inode))
{
    int result = EXT4_UNFINISHED;
    while (result == EXT4_UNFINISHED) {
        struct ext4_inode inode;
        result = ext4_op_begin(fs, 0, now);
        if (result)
            return result;
        result = ext4_inode_get_unlinked(fs, ino, &inode);
        if (!result) {
            result = step(&inode);
            ext4_inode_put(&inode);
        }
        if (result < 0)
            ext4_op_undo(fs);
        else
            ext4_op_end(fs);
    }
    return result;
}

int ext4_truncate_finish(struct ext4 *fs, uint32_t ino, const struct fs_time *now)
{
    return finish(fs, ino, now, cut_step);
}

int ext4_orphan_finish(struct ext4 *fs, uint32_t ino, const struct fs_time *now)
{
    return finish(fs, ino, now, orphan_step);
}

// ---- attributes ----

static uint32_t flags_encode(uint32_t flags)
{
    uint32_t out = 0;
    out |= flags & FS_INODE_IMMUTABLE ? EXT4_IMMUTABLE_FL : 0;
    out |= flags & FS_INODE_APPEND_ONLY ? EXT4_APPEND_FL : 0;
    out |= flags & FS_INODE_NO_ATIME ? EXT4_NOATIME_FL : 0;
    out |= flags & FS_INODE_SYNC ? EXT4_SYNC_FL : 0;
    return out;
}

// Only files and directories have flags; others with some are faults to e2fsck.
static int flags_set(struct ext4_inode *inode, uint32_t flags)
{
    uint32_t all = flags_encode(~0u), set = flags_encode(flags);
    unsigned type = ext4_inode_type(inode);
    if (type != EXT4_S_IFREG && type != EXT4_S_IFDIR)
        return -E_OPNOTSUPP;
    return ext4_inode_set_flags(inode, set, all & ~set);
}

static int owner_and_mode_set(struct ext4_inode *inode, const struct fs_setattr_request *request)
{
    struct ext4_disk_inode *disk;
    if ((request->valid & FS_VALID_MODE) && (request->mode & EXT4_S_IFMT) != ext4_inode_type(inode))
        return -E_INVAL;
    int error = ext4_inode_edit(inode, &disk);
    if (error)
        return error;
    if (request->valid & FS_VALID_MODE)
        disk->i_mode = (uint16_t)request->mode;
    if (request->valid & FS_VALID_UID) {
        disk->i_uid = (uint16_t)request->uid;
        disk->i_uid_high = (uint16_t)(request->uid >> 16);
    }
    if (request->valid & FS_VALID_GID) {
        disk->i_gid = (uint16_t)request->gid;
        disk->i_gid_high = (uint16_t)(request->gid >> 16);
    }
    ext4_inode_seal(inode);
    return ext4_inode_touch(inode, EXT4_TOUCH_CTIME);
}

int ext4_set_attributes(struct ext4_inode *inode, const struct fs_setattr_request *request)
{
    int result = owner_and_mode_set(inode, request), unfinished = 0;
    if (!result && (request->valid & FS_VALID_SIZE)) {
        result = inode->flags & EXT4_IMMUTABLE_FL ? -E_PERM : ext4_truncate(inode, request->size);
        if (result == EXT4_UNFINISHED) {
            unfinished = result;
            result = 0;
        }
    }
    if (!result && (request->valid & FS_VALID_ATIME))
        result = ext4_inode_set_time(inode, EXT4_TOUCH_ATIME, &request->atime);
    if (!result && (request->valid & FS_VALID_MTIME))
        result = ext4_inode_set_time(inode, EXT4_TOUCH_MTIME, &request->mtime);
    if (!result && (request->valid & FS_VALID_FLAGS))
        result = flags_set(inode, request->flags);
    return result ? result : unfinished;
}
