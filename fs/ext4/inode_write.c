// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Changing inodes: fields, times, counts; each change leaves the checksum right.

#include "fs/ext4/edit.h"

enum {
    LINK_MAX = 65000,
    SECTOR_SHIFT = 9,
    EPOCH_MASK = (1 << EXT4_EPOCH_BITS) - 1,
};

static const uint64_t size_without_large_file = 0x7FFFFFFF;

static struct ext4_disk_inode *disk_of(const struct ext4_inode *inode)
{
    return (struct ext4_disk_inode *)(inode->buffer->data + (inode->raw - inode->buffer->data));
}

int ext4_inode_edit(struct ext4_inode *inode, struct ext4_disk_inode **disk)
{
    *disk = disk_of(inode);
    return ext4_buffer_modify(inode->fs, inode->buffer);
}

void ext4_inode_seal(struct ext4_inode *inode)
{
    struct ext4_disk_inode *disk = disk_of(inode);
    ext4_inode_decode(inode);
    if (!inode->fs->metadata_csum)
        return;
    uint32_t crc = ext4_inode_checksum(inode);
    disk->i_checksum_lo = (uint16_t)crc;
    if (EXT4_INODE_HAS(inode, i_checksum_hi))
        disk->i_checksum_hi = (uint16_t)(crc >> 16);
}

// ---- times ----

// What does not fit into the years that the format has becomes the nearest that does.
static void time_encode(const struct fs_time *time, bool has_extra, uint32_t *seconds,
                        uint32_t *extra)
{
    int64_t min = INT32_MIN, max = has_extra ? INT32_MAX + ((int64_t)EPOCH_MASK << 32) : INT32_MAX;
    int64_t value = time->seconds < min ? min : time->seconds > max ? max : time->seconds;
    *seconds = (uint32_t)value;
    if (has_extra)
        *extra = (uint32_t)((value - (int32_t)value) >> 32 & EPOCH_MASK) | time->nanoseconds
                                                                               << EXT4_EPOCH_BITS;
}

static void time_put(struct ext4_inode *inode, struct ext4_disk_inode *disk, enum ext4_touch which,
                     const struct fs_time *time)
{
    switch (which) {
    case EXT4_TOUCH_ATIME:
        time_encode(time, EXT4_INODE_HAS(inode, i_atime_extra), &disk->i_atime,
                    &disk->i_atime_extra);
        break;
    case EXT4_TOUCH_MTIME:
        time_encode(time, EXT4_INODE_HAS(inode, i_mtime_extra), &disk->i_mtime,
                    &disk->i_mtime_extra);
        break;
    case EXT4_TOUCH_CTIME:
        time_encode(time, EXT4_INODE_HAS(inode, i_ctime_extra), &disk->i_ctime,
                    &disk->i_ctime_extra);
        break;
    case EXT4_TOUCH_BTIME:
        if (EXT4_INODE_HAS(inode, i_crtime_extra))
            time_encode(time, true, &disk->i_crtime, &disk->i_crtime_extra);
        break;
    }
}

int ext4_inode_touch(struct ext4_inode *inode, unsigned times)
{
    struct ext4_disk_inode *disk;
    int error = ext4_inode_edit(inode, &disk);
    if (error)
        return error;
    for (unsigned which = EXT4_TOUCH_ATIME; which <= EXT4_TOUCH_BTIME; which *= 2)
        if (times & which)
            time_put(inode, disk, which, &inode->fs->operation.now);
    ext4_inode_seal(inode);
    return 0;
}

int ext4_inode_set_time(struct ext4_inode *inode, enum ext4_touch which, const struct fs_time *to)
{
    struct ext4_disk_inode *disk;
    int error = ext4_inode_edit(inode, &disk);
    if (error)
        return error;
    time_put(inode, disk, which, to);
    ext4_inode_seal(inode);
    return 0;
}

// ---- size, flags, blocks ----

int ext4_inode_set_size(struct ext4_inode *inode, uint64_t size)
{
    struct ext4_disk_inode *disk;
    bool large = ext4_has_ro_compat(inode->fs, RO_COMPAT_LARGE_FILE);
    if (size > ext4_max_file_bytes(inode->fs) || (!large && size > size_without_large_file))
        return -E_FBIG;
    int error = ext4_inode_edit(inode, &disk);
    if (error)
        return error;
    disk->i_size_lo = (uint32_t)size;
    disk->i_size_high = (uint32_t)(size >> 32);
    ext4_inode_seal(inode);
    return 0;
}

int ext4_inode_set_flags(struct ext4_inode *inode, uint32_t set, uint32_t clear)
{
    struct ext4_disk_inode *disk;
    int error = ext4_inode_edit(inode, &disk);
    if (error)
        return error;
    disk->i_flags = (disk->i_flags & ~clear) | set;
    ext4_inode_seal(inode);
    return 0;
}

int ext4_inode_add_blocks(struct ext4_inode *inode, int64_t blocks)
{
    struct ext4 *fs = inode->fs;
    struct ext4_disk_inode *disk;
    int error = ext4_inode_edit(inode, &disk);
    if (error)
        return error;
    bool huge = ext4_has_ro_compat(fs, RO_COMPAT_HUGE_FILE);
    unsigned shift =
        huge && (inode->flags & EXT4_HUGE_FILE_FL) ? 0 : fs->block_shift - SECTOR_SHIFT;
    uint64_t units = disk->i_blocks_lo | (huge ? (uint64_t)disk->i_blocks_high << 32 : 0);
    units += (uint64_t)blocks << shift;
    if (units >> (huge ? 48 : 32))
        return blocks > 0 ? -E_FBIG
                          : ext4_report(fs, -E_UCLEAN, "file with more blocks than it counts",
                                        inode->ino, inode->buffer->block);
    disk->i_blocks_lo = (uint32_t)units;
    if (huge)
        disk->i_blocks_high = (uint16_t)(units >> 32);
    ext4_inode_seal(inode);
    return 0;
}

// ---- links ----

uint16_t ext4_inode_links(const struct ext4_inode *inode)
{
    return ext4_disk_inode(inode)->i_links_count;
}

int ext4_inode_set_links(struct ext4_inode *inode, uint16_t links)
{
    struct ext4_disk_inode *disk;
    int error = ext4_inode_edit(inode, &disk);
    if (error)
        return error;
    disk->i_links_count = links;
    ext4_inode_seal(inode);
    return 0;
}

int ext4_inode_links_check(const struct ext4_inode *inode)
{
    bool uncounted = ext4_inode_type(inode) == EXT4_S_IFDIR &&
                     ext4_has_ro_compat(inode->fs, RO_COMPAT_DIR_NLINK);
    return uncounted || ext4_inode_links(inode) < LINK_MAX ? 0 : -E_MLINK;
}

int ext4_inode_add_links(struct ext4_inode *inode, int by)
{
    unsigned links = ext4_inode_links(inode);
    bool directory = ext4_inode_type(inode) == EXT4_S_IFDIR;
    if (directory && links == 1) // no longer counted
        return 0;
    int error = by > 0 ? ext4_inode_links_check(inode) : 0;
    if (error)
        return error;
    unsigned floor = directory ? 2 : 0;
    if (by < 0 && links <= floor)
        return ext4_report(inode->fs, -E_UCLEAN, "inode with more names than links", inode->ino,
                           inode->buffer->block);
    links = (unsigned)((int)links + by);
    if (directory && links >= LINK_MAX)
        links = 1;
    return ext4_inode_set_links(inode, (uint16_t)links);
}

uint64_t ext4_inode_goal(const struct ext4_inode *inode)
{
    return ext4_group_first_block(inode->fs,
                                  (inode->ino - 1) / inode->fs->super.s_inodes_per_group);
}
