// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Giving out inodes. A file goes into its directory's group, where its blocks will be near; a
// directory into a group with fewer directories and more room than most, so that groups fill evenly
// (after Grigori Orlov's allocator of 4.4BSD, in its simplest form).

#include "fs/ext4/edit.h"

#include <string.h>

static uint64_t group_of(const struct ext4 *fs, uint32_t ino)
{
    return (ino - 1) / fs->super.s_inodes_per_group;
}

// The first group from `home` on with a free inode, for directories one better than the average.
static int group_choose(struct ext4 *fs, uint64_t home, bool directory, uint64_t *out)
{
    uint64_t free_inodes = fs->super.s_free_inodes_count / fs->groups;
    uint64_t free_blocks = ext4_free_blocks(fs) / fs->groups;
    uint64_t any = fs->groups;
    for (uint64_t i = 0; i < fs->groups; i++) {
        struct ext4_group group;
        uint64_t index = (home + i) % fs->groups;
        int error = ext4_group_get(fs, index, &group);
        if (error)
            return error;
        if (group.free_inodes == 0)
            continue;
        bool good = directory ? group.free_inodes >= free_inodes && group.free_blocks >= free_blocks
                              : group.free_blocks > 0;
        if (good) {
            *out = index;
            return 0;
        }
        if (any == fs->groups)
            any = index;
    }
    *out = any;
    return any == fs->groups ? -E_NOSPC : 0;
}

static uint32_t name_seed(const struct ext4_inode *parent)
{
    uint64_t salt[2] = {parent->fs->operation.sequence, parent->ino};
    return ext4_crc32c(~0u, salt, sizeof(salt));
}

static uint32_t unused_inodes(const struct ext4_bitmap_edit *edit)
{
    return edit->fs->gdt_csum ? edit->decoded.unused_inodes : 0;
}

// Zeroes the blocks of the table that become part of the used inodes with number `index`: nobody
// may have written them yet.
static int table_extend(struct ext4_bitmap_edit *edit, uint32_t index)
{
    struct ext4 *fs = edit->fs;
    uint32_t per_group = fs->super.s_inodes_per_group;
    uint32_t used = per_group - unused_inodes(edit);
    if (!fs->gdt_csum || index < used)
        return 0;
    uint32_t per_block = fs->block_bytes / fs->inode_bytes;
    for (uint32_t at = (used + per_block - 1) / per_block; at <= index / per_block; at++) {
        struct ext4_buffer *buffer;
        int error = ext4_buffer_fresh(fs, edit->decoded.inode_table + at, &buffer);
        if (error)
            return error;
        ext4_buffer_put(fs, buffer);
    }
    uint32_t unused = per_group - index - 1;
    edit->desc->bg_itable_unused_lo = (uint16_t)unused;
    if (fs->desc_bytes >= EXT4_MIN_DESC_SIZE_64BIT)
        edit->desc->bg_itable_unused_hi = (uint16_t)(unused >> 16);
    return 0;
}

static void count_directories(struct ext4_bitmap_edit *edit, int by)
{
    uint32_t count = (uint32_t)((int)edit->decoded.directories + by);
    edit->desc->bg_used_dirs_count_lo = (uint16_t)count;
    if (edit->fs->desc_bytes >= EXT4_MIN_DESC_SIZE_64BIT)
        edit->desc->bg_used_dirs_count_hi = (uint16_t)(count >> 16);
}

// Marks the inode with this index in the group as used; UINT32_MAX: the first free one.
static int index_allocate(struct ext4 *fs, uint64_t group, uint32_t index, bool directory,
                          uint32_t *ino)
{
    struct ext4_bitmap_edit edit;
    uint32_t per_group = fs->super.s_inodes_per_group;
    int error = ext4_bitmap_edit(fs, group, EXT4_BITMAP_INODES, &edit);
    if (error)
        return error;
    if (index == UINT32_MAX) {
        // Numbers below s_first_ino belong to the file system.
        uint32_t from = group == 0 ? fs->first_ino - 1 : 0;
        index = ext4_bits_next_clear(edit.bits, from, per_group);
        if (index == per_group)
            return ext4_report(fs, -E_UCLEAN, "inode bitmap contradicts its group", 0,
                               edit.decoded.inode_bitmap);
    }
    if (ext4_bits_next_set(edit.bits, index, index + 1) == index)
        return -E_NOSPC;
    error = table_extend(&edit, index);
    if (error)
        return error;
    if (directory)
        count_directories(&edit, 1);
    *ino = (uint32_t)(group * per_group + index + 1);
    return ext4_bitmap_set(&edit, index, 1, true);
}

static int number_allocate(struct ext4_inode *parent, const struct ext4_make *make, uint32_t *ino)
{
    struct ext4 *fs = parent->fs;
    bool directory = (make->mode & EXT4_S_IFMT) == EXT4_S_IFDIR;
    uint64_t wanted = make->wanted.ino, group;
    if (wanted) {
        if (wanted < fs->first_ino || wanted > fs->inodes)
            return -E_NOSPC;
        uint32_t index = (uint32_t)(wanted - 1) % fs->super.s_inodes_per_group;
        return index_allocate(fs, group_of(fs, (uint32_t)wanted), index, directory, ino);
    }
    uint64_t home = group_of(fs, parent->ino);
    if (directory && parent->ino == EXT4_ROOT_INO)
        home = name_seed(parent) % fs->groups;
    int error = group_choose(fs, home, directory, &group);
    return error ? error : index_allocate(fs, group, UINT32_MAX, directory, ino);
}

// Pins the inode's block and points to its bytes. Nothing is decoded.
static int raw_open(struct ext4 *fs, uint32_t ino, struct ext4_inode *inode)
{
    struct ext4_group group;
    int error = ext4_group_get(fs, group_of(fs, ino), &group);
    if (error)
        return error;
    *inode = (struct ext4_inode){.fs = fs, .ino = ino};
    uint64_t offset = (uint64_t)((ino - 1) % fs->super.s_inodes_per_group) * fs->inode_bytes;
    error = ext4_buffer_get(fs, group.inode_table + (offset >> fs->block_shift), 0, &inode->buffer);
    inode->raw = error ? NULL : inode->buffer->data + (offset & (fs->block_bytes - 1));
    return error;
}

// Device numbers: the old form where it is enough, as others write it.
static void device_encode(struct ext4_disk_inode *disk, uint64_t rdev)
{
    uint32_t major = (uint32_t)(rdev >> 32), minor = (uint32_t)rdev;
    if (major < 256 && minor < 256)
        disk->i_block[0] = major << 8 | minor;
    else
        disk->i_block[1] = (minor & 0xFF) | (major & 0xFFF) << 8 | (minor & 0xFFF00) << 12;
}

static void raw_fill(struct ext4_inode *inode, const struct ext4_make *make,
                     struct ext4_disk_inode *disk)
{
    struct ext4 *fs = inode->fs;
    unsigned type = make->mode & EXT4_S_IFMT;
    uint32_t old_generation = disk->i_generation;
    memset(disk, 0, fs->inode_bytes);
    disk->i_mode = (uint16_t)make->mode;
    disk->i_uid = (uint16_t)make->uid;
    disk->i_uid_high = (uint16_t)(make->uid >> 16);
    disk->i_gid = (uint16_t)make->gid;
    disk->i_gid_high = (uint16_t)(make->gid >> 16);
    // Different from the number's former owner's, without a source of chance.
    uint64_t salt[3] = {inode->ino,
                        (uint64_t)fs->operation.now.seconds << 30 ^ fs->operation.now.nanoseconds,
                        old_generation};
    disk->i_generation = ext4_crc32c(~0u, salt, sizeof(salt));
    if (disk->i_generation == old_generation)
        disk->i_generation++;
    if (make->wanted.ino)
        disk->i_generation = (uint32_t)make->wanted.generation;
    if (fs->inode_bytes > EXT4_GOOD_OLD_INODE_SIZE) {
        uint16_t extra = sizeof(struct ext4_disk_inode) - EXT4_GOOD_OLD_INODE_SIZE;
        if (fs->super.s_want_extra_isize > extra && fs->super.s_want_extra_isize % 4 == 0 &&
            fs->super.s_want_extra_isize <= fs->inode_bytes - EXT4_GOOD_OLD_INODE_SIZE)
            extra = fs->super.s_want_extra_isize;
        disk->i_extra_isize = extra;
        inode->extra_isize = extra;
    }
    if (type == EXT4_S_IFREG || type == EXT4_S_IFDIR)
        ext4_extents_init(disk);
    else if (type == EXT4_S_IFBLK || type == EXT4_S_IFCHR)
        device_encode(disk, make->rdev);
}

int ext4_inode_create(struct ext4_inode *parent, const struct ext4_make *make,
                      struct ext4_inode *inode)
{
    uint32_t ino;
    int error = number_allocate(parent, make, &ino);
    if (error)
        return error;
    error = raw_open(parent->fs, ino, inode);
    if (error)
        return error;
    struct ext4_disk_inode *disk;
    error = ext4_inode_edit(inode, &disk);
    if (!error) {
        raw_fill(inode, make, disk);
        ext4_inode_seed(inode);
        ext4_inode_seal(inode);
        error = ext4_inode_touch(inode, EXT4_TOUCH_ATIME | EXT4_TOUCH_MTIME | EXT4_TOUCH_CTIME |
                                            EXT4_TOUCH_BTIME);
    }
    if (error)
        ext4_inode_put(inode);
    return error;
}

int ext4_inode_free(struct ext4_inode *inode)
{
    struct ext4 *fs = inode->fs;
    struct ext4_bitmap_edit edit;
    struct ext4_disk_inode *disk;
    bool directory = ext4_inode_type(inode) == EXT4_S_IFDIR;
    int error = ext4_inode_edit(inode, &disk);
    if (error)
        return error;
    disk->i_links_count = 0;
    disk->i_size_lo = 0;
    disk->i_size_high = 0;
    // A small number would look like a link of the list of orphans: the clock may be wrong.
    uint32_t now = (uint32_t)fs->operation.now.seconds;
    disk->i_dtime = now > fs->inodes ? now : fs->inodes + 1;
    ext4_inode_seal(inode);
    error = ext4_bitmap_edit(fs, group_of(fs, inode->ino), EXT4_BITMAP_INODES, &edit);
    if (error)
        return error;
    if (directory)
        count_directories(&edit, -1);
    return ext4_bitmap_set(&edit, (inode->ino - 1) % fs->super.s_inodes_per_group, 1, false);
}

int ext4_inode_get_used(struct ext4 *fs, uint64_t ino, struct ext4_inode *inode)
{
    int error = ext4_inode_get_unlinked(fs, ino, inode);
    if (error || ext4_inode_links(inode) > 0)
        return error;
    struct ext4_group group;
    struct ext4_buffer *buffer = NULL;
    uint64_t index = group_of(fs, inode->ino);
    error = ext4_group_get(fs, index, &group);
    if (!error)
        error = ext4_bitmap_get(fs, index, EXT4_BITMAP_INODES, &group, &buffer);
    if (!error && buffer) {
        uint32_t bit = (inode->ino - 1) % fs->super.s_inodes_per_group;
        if (ext4_bits_next_set(buffer->data, bit, bit + 1) != bit)
            error = -E_SRCH;
        ext4_buffer_put(fs, buffer);
    } else if (!error) {
        error = -E_SRCH;
    }
    if (error)
        ext4_inode_put(inode);
    return error;
}
