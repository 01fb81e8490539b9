// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Opening a file system: the superblock, checked so far that the rest need not doubt the geometry.

#include "fs/ext4/internal.h"

#include <string.h>

enum { LOG_BLOCK_SIZE_MAX = 6 }; // 64 KiB

static int invalid(struct ext4 *fs, const char *what)
{
    ext4_log(fs, "ext4: superblock: %s", what);
    return -E_INVAL;
}

static int super_verify(struct ext4 *fs)
{
    const struct ext4_super_block *super = &fs->super;
    if (super->s_magic != EXT4_SUPER_MAGIC)
        return invalid(fs, "no ext2, ext3 or ext4 file system here (wrong magic number)");
    if (super->s_rev_level > EXT4_DYNAMIC_REV)
        return invalid(fs, "unknown revision");
    // Features came with revision 1. Ignoring them here would ignore the checksums too.
    if (super->s_rev_level == EXT4_GOOD_OLD_REV &&
        (super->s_feature_compat | super->s_feature_incompat | super->s_feature_ro_compat))
        return invalid(fs, "revision 0 with features");
    fs->metadata_csum = ext4_has_ro_compat(fs, RO_COMPAT_METADATA_CSUM);
    fs->gdt_csum = fs->metadata_csum || ext4_has_ro_compat(fs, RO_COMPAT_GDT_CSUM);
    if (!fs->metadata_csum)
        return 0;
    if (super->s_checksum_type != EXT4_CRC32C_CHKSUM)
        return invalid(fs, "unknown kind of checksum");
    uint32_t checksum = ext4_crc32c(~0u, super, EXT4_SUPER_CHECKSUM_OFFSET);
    if (checksum != super->s_checksum) {
        ext4_log(fs, "ext4: superblock: checksum is %x, should be %x", super->s_checksum, checksum);
        return -E_BADMSG;
    }
    return 0;
}

static int sizes_check(struct ext4 *fs)
{
    const struct ext4_super_block *super = &fs->super;
    if (super->s_log_block_size > LOG_BLOCK_SIZE_MAX)
        return invalid(fs, "block size above 64 KiB");
    fs->block_shift = 10 + super->s_log_block_size;
    fs->block_bytes = 1u << fs->block_shift;

    fs->inode_bytes = EXT4_GOOD_OLD_INODE_SIZE;
    fs->first_ino = EXT4_GOOD_OLD_FIRST_INO;
    if (super->s_rev_level != EXT4_GOOD_OLD_REV) {
        fs->inode_bytes = super->s_inode_size;
        fs->first_ino = super->s_first_ino;
    }
    if (fs->inode_bytes < EXT4_GOOD_OLD_INODE_SIZE || fs->inode_bytes > fs->block_bytes ||
        (fs->inode_bytes & (fs->inode_bytes - 1)))
        return invalid(fs, "inode size is no power of two from 128 to the block size");
    if (fs->first_ino < EXT4_GOOD_OLD_FIRST_INO)
        return invalid(fs, "first inode number below 11");

    fs->desc_bytes = EXT4_MIN_DESC_SIZE;
    if (ext4_has_incompat(fs, INCOMPAT_64BIT))
        fs->desc_bytes = super->s_desc_size;
    if (fs->desc_bytes < EXT4_MIN_DESC_SIZE || fs->desc_bytes > 1024 ||
        (fs->desc_bytes & (fs->desc_bytes - 1)) ||
        (ext4_has_incompat(fs, INCOMPAT_64BIT) && fs->desc_bytes < EXT4_MIN_DESC_SIZE_64BIT))
        return invalid(fs, "impossible size of group descriptors");
    return 0;
}

static int counts_check(struct ext4 *fs)
{
    const struct ext4_super_block *super = &fs->super;
    uint64_t cluster_factor = 1;
    if (ext4_has_ro_compat(fs, RO_COMPAT_BIGALLOC)) {
        if (super->s_log_cluster_size < super->s_log_block_size || super->s_log_cluster_size > 20)
            return invalid(fs, "impossible cluster size");
        cluster_factor = 1ull << (super->s_log_cluster_size - super->s_log_block_size);
    }
    fs->blocks = super->s_blocks_count_lo;
    if (ext4_has_incompat(fs, INCOMPAT_64BIT))
        fs->blocks |= (uint64_t)super->s_blocks_count_hi << 32;
    fs->inodes = super->s_inodes_count;
    fs->first_data_block = super->s_first_data_block;

    if (fs->first_data_block > 1 || (fs->first_data_block == 1 && fs->block_bytes != 1024))
        return invalid(fs, "impossible first data block");
    if (fs->blocks <= fs->first_data_block + 1ull || fs->blocks >> 48)
        return invalid(fs, "impossible number of blocks");
    if (fs->blocks > fs->source.bytes >> fs->block_shift) {
        ext4_log(
            fs, "ext4: superblock: %llu blocks of %u bytes, but the device has only %llu bytes",
            (unsigned long long)fs->blocks, fs->block_bytes, (unsigned long long)fs->source.bytes);
        return -E_INVAL;
    }
    if (super->s_blocks_per_group == 0 ||
        super->s_blocks_per_group > 8ull * fs->block_bytes * cluster_factor)
        return invalid(fs, "impossible number of blocks in a group");
    if (super->s_inodes_per_group == 0 || super->s_inodes_per_group > 8 * fs->block_bytes)
        return invalid(fs, "impossible number of inodes in a group");

    uint64_t per_group = super->s_blocks_per_group;
    fs->groups = (fs->blocks - fs->first_data_block + per_group - 1) / per_group;
    if (fs->groups > 0xFFFFFFFFu || fs->groups * super->s_inodes_per_group != fs->inodes)
        return invalid(fs, "number of inodes and number of groups differ");
    return 0;
}

static void seed_init(struct ext4 *fs)
{
    const struct ext4_super_block *super = &fs->super;
    if (ext4_has_incompat(fs, INCOMPAT_CSUM_SEED))
        fs->checksum_seed = super->s_checksum_seed;
    else
        fs->checksum_seed = ext4_crc32c(~0u, super->s_uuid, sizeof(super->s_uuid));
}

// What is left for the cache behind struct ext4.
static int memory_find(struct ext4 *fs, const struct ext4_setup *setup, uint8_t **memory,
                       size_t *bytes)
{
    size_t needed = fs->block_bytes <= 4096 ? EXT4_MEMORY_MIN : EXT4_MEMORY_MIN_LARGE;
    if (setup->memory_bytes < needed) {
        ext4_log(fs, "ext4: %llu bytes of cache are too few for blocks of %u",
                 (unsigned long long)setup->memory_bytes, fs->block_bytes);
        return -E_INVAL;
    }
    size_t skip = (sizeof(struct ext4) + 4095) & ~(size_t)4095;
    *memory = (uint8_t *)setup->memory + skip;
    *bytes = setup->memory_bytes - skip;
    return 0;
}

static int super_read(struct ext4 *fs)
{
    int error =
        fs->source.read(fs->source.context, EXT4_SUPER_OFFSET, EXT4_SUPER_BYTES, &fs->super);
    if (!error)
        error = super_verify(fs);
    if (!error)
        error = ext4_features_check(fs);
    if (!error)
        error = sizes_check(fs);
    if (!error)
        error = counts_check(fs);
    if (!error)
        seed_init(fs);
    return error;
}

// Half of the memory is the cache meanwhile, the other half the replay's. The superblock may come
// out of it changed.
static int recover(struct ext4 *fs, uint8_t *memory, size_t bytes)
{
    size_t half = bytes / 2 & ~(size_t)4095;
    ext4_cache_init(fs, memory, half);
    int error = ext4_journal_load(fs);
    if (!error)
        error = ext4_journal_replay(fs, memory + half, bytes - half);
    return error ? error : super_read(fs);
}

int ext4_open(const struct ext4_setup *setup, struct ext4 **out)
{
    if (setup->memory_bytes < EXT4_MEMORY_MIN || (uintptr_t)setup->memory % 4096)
        return -E_INVAL;
    ext4_checksum_init(true);
    struct ext4 *fs = setup->memory;
    memset(fs, 0, sizeof(*fs));
    fs->source = setup->source;
    fs->log = setup->log;
    fs->log_context = setup->log_context;

    if (fs->source.bytes < EXT4_SUPER_OFFSET + EXT4_SUPER_BYTES)
        return invalid(fs, "the device is too small for a file system");
    uint8_t *cache;
    size_t cache_bytes;
    int error = super_read(fs);
    if (!error)
        error = memory_find(fs, setup, &cache, &cache_bytes);
    if (!error && ext4_has_incompat(fs, INCOMPAT_RECOVER))
        error = recover(fs, cache, cache_bytes);
    if (error)
        return error;
    ext4_cache_init(fs, cache, cache_bytes);
    if (!(fs->super.s_state & EXT4_VALID_FS) || (fs->super.s_state & EXT4_ERROR_FS))
        ext4_log(fs, "ext4: not cleanly unmounted, or with recorded errors: e2fsck is advised");
    error = ext4_write_start(fs, setup);
    if (error)
        return error;
    *out = fs;
    return 0;
}

uint64_t ext4_block_bytes(const struct ext4 *fs)
{
    return fs->block_bytes;
}

// The last block number, 2^32 - 1, is not used: it would make the count of blocks overflow.
uint64_t ext4_max_file_bytes(const struct ext4 *fs)
{
    return 0xFFFFFFFFull << fs->block_shift;
}

void ext4_statistics(struct ext4 *fs, struct fs_statfs_reply *out)
{
    const struct ext4_super_block *super = &fs->super;
    uint64_t free = super->s_free_blocks_count_lo;
    uint64_t reserved = super->s_r_blocks_count_lo;
    if (ext4_has_incompat(fs, INCOMPAT_64BIT)) {
        free |= (uint64_t)super->s_free_blocks_count_hi << 32;
        reserved |= (uint64_t)super->s_r_blocks_count_hi << 32;
    }
    uint64_t id[2];
    memcpy(id, super->s_uuid, sizeof(id));
    *out = (struct fs_statfs_reply){
        .magic = EXT4_SUPER_MAGIC,
        .block_bytes = fs->block_bytes,
        .blocks = fs->blocks,
        .free_blocks = free,
        .available_blocks = free > reserved ? free - reserved : 0,
        .inodes = fs->inodes,
        .free_inodes = super->s_free_inodes_count,
        .id = id[0] ^ id[1],
        .name_max = EXT4_NAME_LEN,
        .flags = ext4_writable(fs) ? 0 : FS_MOUNT_READ_ONLY,
    };
}
