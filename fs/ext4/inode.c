// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Inodes: finding, verifying and decoding them.

#include "fs/ext4/internal.h"

#include <string.h>

enum { TABLE_READ_AHEAD = 7 }; // blocks: inodes that were made together are looked at together

static bool type_known(uint16_t mode)
{
    switch (mode & EXT4_S_IFMT) {
    case EXT4_S_IFSOCK:
    case EXT4_S_IFLNK:
    case EXT4_S_IFREG:
    case EXT4_S_IFBLK:
    case EXT4_S_IFDIR:
    case EXT4_S_IFCHR:
    case EXT4_S_IFIFO:
        return true;
    default:
        return false;
    }
}

uint32_t ext4_inode_checksum(const struct ext4_inode *inode)
{
    static const uint8_t zero[2];
    const struct ext4 *fs = inode->fs;
    size_t lo = offsetof(struct ext4_disk_inode, i_checksum_lo);
    size_t hi = offsetof(struct ext4_disk_inode, i_checksum_hi);
    bool has_hi = EXT4_INODE_HAS(inode, i_checksum_hi);

    uint32_t crc = ext4_crc32c(inode->checksum_seed, inode->raw, lo);
    crc = ext4_crc32c(crc, zero, sizeof(zero));
    crc = ext4_crc32c(crc, inode->raw + lo + 2, EXT4_GOOD_OLD_INODE_SIZE - lo - 2);
    if (fs->inode_bytes > EXT4_GOOD_OLD_INODE_SIZE) {
        crc =
            ext4_crc32c(crc, inode->raw + EXT4_GOOD_OLD_INODE_SIZE, hi - EXT4_GOOD_OLD_INODE_SIZE);
        crc = ext4_crc32c(crc, has_hi ? zero : inode->raw + hi, sizeof(zero));
        crc = ext4_crc32c(crc, inode->raw + hi + 2, fs->inode_bytes - hi - 2);
    }
    return crc;
}

static bool checksum_good(const struct ext4_inode *inode)
{
    const struct ext4_disk_inode *disk = ext4_disk_inode(inode);
    uint32_t crc = ext4_inode_checksum(inode);
    if (!EXT4_INODE_HAS(inode, i_checksum_hi))
        return disk->i_checksum_lo == (crc & 0xFFFF);
    return (disk->i_checksum_lo | (uint32_t)disk->i_checksum_hi << 16) == crc;
}

static uint64_t decode_size(const struct ext4_inode *inode)
{
    const struct ext4_disk_inode *disk = ext4_disk_inode(inode);
    uint64_t size = disk->i_size_lo;
    unsigned type = disk->i_mode & EXT4_S_IFMT;
    if (type == EXT4_S_IFREG ||
        (type == EXT4_S_IFDIR && ext4_has_incompat(inode->fs, INCOMPAT_LARGEDIR)))
        size |= (uint64_t)disk->i_size_high << 32;
    return size;
}

static int size_check(const struct ext4_inode *inode)
{
    struct ext4 *fs = inode->fs;
    bool is_inline = (inode->flags & EXT4_INLINE_DATA_FL) != 0;
    uint64_t block = inode->buffer->block;

    if (inode->size > ext4_max_file_bytes(fs))
        return ext4_report(fs, -E_UCLEAN, "impossible file size", inode->ino, block);
    if (ext4_inode_type(inode) == EXT4_S_IFDIR && !is_inline &&
        (inode->size == 0 || inode->size % fs->block_bytes ||
         inode->size >> fs->block_shift > fs->blocks))
        return ext4_report(fs, -E_UCLEAN, "impossible directory size", inode->ino, block);
    if (ext4_inode_type(inode) == EXT4_S_IFLNK && inode->size > FS_LINK_MAX)
        return ext4_report(fs, -E_UCLEAN, "impossible symbolic link size", inode->ino, block);
    return 0;
}

static int flags_check(const struct ext4_inode *inode)
{
    struct ext4 *fs = inode->fs;
    uint64_t block = inode->buffer->block;
    if ((inode->flags & EXT4_INLINE_DATA_FL) && !ext4_has_incompat(fs, INCOMPAT_INLINE_DATA))
        return ext4_report(fs, -E_UCLEAN, "inline data without the feature", inode->ino, block);
    if ((inode->flags & EXT4_EXTENTS_FL) && !ext4_has_incompat(fs, INCOMPAT_EXTENTS))
        return ext4_report(fs, -E_UCLEAN, "extents without the feature", inode->ino, block);
    if (inode->flags & (EXT4_ENCRYPT_FL | EXT4_CASEFOLD_FL))
        return ext4_report(fs, -E_UCLEAN, "encrypted or casefolded inode without the feature",
                           inode->ino, block);
    return 0;
}

// An inode that is all zero has no checksum: it was never used.
static bool never_used(const struct ext4_inode *inode)
{
    const struct ext4_disk_inode *disk = ext4_disk_inode(inode);
    return disk->i_mode == 0 && disk->i_links_count == 0;
}

void ext4_inode_decode(struct ext4_inode *inode)
{
    const struct ext4_disk_inode *disk = ext4_disk_inode(inode);
    inode->mode = disk->i_mode;
    inode->flags = disk->i_flags;
    inode->size = decode_size(inode);
}

void ext4_inode_seed(struct ext4_inode *inode)
{
    inode->generation = ext4_disk_inode(inode)->i_generation;
    inode->checksum_seed = ext4_crc32c(inode->fs->checksum_seed, &inode->ino, sizeof(inode->ino));
    inode->checksum_seed =
        ext4_crc32c(inode->checksum_seed, &inode->generation, sizeof(inode->generation));
}

static int inode_verify(struct ext4_inode *inode, bool linked)
{
    struct ext4 *fs = inode->fs;
    const struct ext4_disk_inode *disk = ext4_disk_inode(inode);
    uint64_t block = inode->buffer->block;

    if (never_used(inode))
        return -E_SRCH;
    ext4_inode_seed(inode);
    inode->extra_isize = 0;
    if (fs->inode_bytes > EXT4_GOOD_OLD_INODE_SIZE)
        inode->extra_isize = disk->i_extra_isize;
    if (inode->extra_isize > fs->inode_bytes - EXT4_GOOD_OLD_INODE_SIZE || inode->extra_isize % 4)
        return ext4_report(fs, -E_UCLEAN, "impossible i_extra_isize", inode->ino, block);
    if (fs->metadata_csum && !checksum_good(inode))
        return ext4_report(fs, -E_BADMSG, "checksum of an inode", inode->ino, block);
    if (linked && disk->i_links_count == 0)
        return -E_SRCH;
    ext4_inode_decode(inode);
    if (!type_known(inode->mode))
        return ext4_report(fs, -E_UCLEAN, "inode of no known type", inode->ino, block);
    int error = flags_check(inode);
    return error ? error : size_check(inode);
}

// `linked`: one without links is none.
static int inode_open(struct ext4 *fs, uint64_t ino, bool linked, struct ext4_inode *inode)
{
    if (ino == 0 || ino > fs->inodes)
        return -E_SRCH;
    uint32_t per_group = fs->super.s_inodes_per_group;
    uint32_t index = (uint32_t)(ino - 1) % per_group;
    struct ext4_group group;
    int error = ext4_group_get(fs, (ino - 1) / per_group, &group);
    if (error)
        return error;
    if ((group.flags & EXT4_BG_INODE_UNINIT) || index >= per_group - group.unused_inodes)
        return -E_SRCH;

    uint64_t offset = (uint64_t)index * fs->inode_bytes;
    uint64_t ahead = ((uint64_t)(per_group - group.unused_inodes - 1) * fs->inode_bytes - offset) >>
                     fs->block_shift;
    *inode = (struct ext4_inode){.fs = fs, .ino = (uint32_t)ino};
    error = ext4_buffer_get(fs, group.inode_table + (offset >> fs->block_shift),
                            ahead < TABLE_READ_AHEAD ? (uint32_t)ahead : TABLE_READ_AHEAD,
                            &inode->buffer);
    if (error)
        return error;
    inode->raw = inode->buffer->data + (offset & (fs->block_bytes - 1));
    error = inode_verify(inode, linked);
    if (error)
        ext4_inode_put(inode);
    return error;
}

static bool is_reserved(const struct ext4 *fs, uint64_t ino)
{
    return ino < fs->first_ino && ino != EXT4_ROOT_INO;
}

int ext4_inode_get(struct ext4 *fs, uint64_t ino, struct ext4_inode *inode)
{
    return is_reserved(fs, ino) ? -E_SRCH : inode_open(fs, ino, true, inode);
}

int ext4_inode_get_any(struct ext4 *fs, uint64_t ino, struct ext4_inode *inode)
{
    return inode_open(fs, ino, true, inode);
}

int ext4_inode_get_unlinked(struct ext4 *fs, uint64_t ino, struct ext4_inode *inode)
{
    return is_reserved(fs, ino) ? -E_SRCH : inode_open(fs, ino, false, inode);
}

void ext4_inode_put(struct ext4_inode *inode)
{
    ext4_buffer_put(inode->fs, inode->buffer);
    inode->buffer = NULL;
    inode->raw = NULL;
}

// Seconds are signed 32 bits, extended by two epoch bits; the other 30 are nanoseconds.
static struct fs_time decode_time(uint32_t seconds, bool has_extra, uint32_t extra)
{
    struct fs_time time = {.seconds = (int32_t)seconds};
    if (!has_extra)
        return time;
    time.seconds += (int64_t)(extra & ((1u << EXT4_EPOCH_BITS) - 1)) << 32;
    uint32_t nanoseconds = extra >> EXT4_EPOCH_BITS;
    time.nanoseconds = nanoseconds < 1000000000 ? nanoseconds : 0;
    return time;
}

static uint64_t decode_blocks(const struct ext4_inode *inode)
{
    const struct ext4_disk_inode *disk = ext4_disk_inode(inode);
    uint64_t blocks = disk->i_blocks_lo;
    if (!ext4_has_ro_compat(inode->fs, RO_COMPAT_HUGE_FILE))
        return blocks;
    blocks |= (uint64_t)disk->i_blocks_high << 32;
    if (inode->flags & EXT4_HUGE_FILE_FL)
        blocks <<= inode->fs->block_shift - 9;
    return blocks;
}

// i_block[0] is the old encoding (8 bits each), or 0 and i_block[1] the new one (12 and 20 bits).
static uint64_t decode_rdev(const struct ext4_inode *inode)
{
    unsigned type = ext4_inode_type(inode);
    if (type != EXT4_S_IFBLK && type != EXT4_S_IFCHR)
        return 0;
    const struct ext4_disk_inode *disk = ext4_disk_inode(inode);
    uint32_t old = disk->i_block[0];
    uint32_t new = disk->i_block[1];
    if (old)
        return (uint64_t)(old >> 8 & 0xFF) << 32 | (old & 0xFF);
    return (uint64_t)(new >> 8 & 0xFFF) << 32 | (new & 0xFF) | (new >> 12 & 0xFFF00);
}

static uint32_t decode_flags(uint32_t flags)
{
    uint32_t out = 0;
    out |= flags & EXT4_INLINE_DATA_FL ? FS_INODE_INLINE : 0;
    out |= flags & EXT4_IMMUTABLE_FL ? FS_INODE_IMMUTABLE : 0;
    out |= flags & EXT4_APPEND_FL ? FS_INODE_APPEND_ONLY : 0;
    out |= flags & EXT4_NOATIME_FL ? FS_INODE_NO_ATIME : 0;
    out |= flags & EXT4_SYNC_FL ? FS_INODE_SYNC : 0;
    return out;
}

void ext4_inode_attributes(const struct ext4_inode *inode, struct fs_attributes *out)
{
    const struct ext4_disk_inode *disk = ext4_disk_inode(inode);
    bool has_atime = EXT4_INODE_HAS(inode, i_atime_extra),
         has_mtime = EXT4_INODE_HAS(inode, i_mtime_extra);
    bool has_ctime = EXT4_INODE_HAS(inode, i_ctime_extra),
         has_btime = EXT4_INODE_HAS(inode, i_crtime_extra);

    *out = (struct fs_attributes){
        .ino = inode->ino,
        .generation = inode->generation,
        .mode = inode->mode,
        .uid = disk->i_uid | (uint32_t)disk->i_uid_high << 16,
        .gid = disk->i_gid | (uint32_t)disk->i_gid_high << 16,
        .links = disk->i_links_count,
        .flags = decode_flags(inode->flags),
        .size = inode->size,
        .blocks = decode_blocks(inode),
        .rdev = decode_rdev(inode),
        .atime = decode_time(disk->i_atime, has_atime, has_atime ? disk->i_atime_extra : 0),
        .mtime = decode_time(disk->i_mtime, has_mtime, has_mtime ? disk->i_mtime_extra : 0),
        .ctime = decode_time(disk->i_ctime, has_ctime, has_ctime ? disk->i_ctime_extra : 0),
    };
    if (has_btime)
        out->btime = decode_time(disk->i_crtime, true, disk->i_crtime_extra);
}
