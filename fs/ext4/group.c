// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Group descriptors: where they lie, checking them, and what each group begins with.

#include "fs/ext4/internal.h"

#include <string.h>

static bool is_power_of(uint64_t number, uint64_t base)
{
    uint64_t power = base;
    while (power < number)
        power *= base;
    return power == number;
}

// Does the group start with a copy of the superblock?
static bool group_has_super(const struct ext4 *fs, uint64_t group)
{
    if (group == 0)
        return true;
    if (ext4_has_compat(fs, COMPAT_SPARSE_SUPER2))
        return group == fs->super.s_backup_bgs[0] || group == fs->super.s_backup_bgs[1];
    if (group == 1 || !ext4_has_ro_compat(fs, RO_COMPAT_SPARSE_SUPER))
        return true;
    return (group & 1) && (is_power_of(group, 3) || is_power_of(group, 5) || is_power_of(group, 7));
}

// The block with the group's descriptor. With INCOMPAT_META_BG, from meta block group
// s_first_meta_bg on, each descriptor block lies in the first of the groups that it describes.
static uint64_t descriptor_block(const struct ext4 *fs, uint64_t group)
{
    uint32_t per_block = fs->block_bytes / fs->desc_bytes;
    uint64_t meta = group / per_block;
    if (!ext4_has_incompat(fs, INCOMPAT_META_BG) || meta < fs->super.s_first_meta_bg) {
        // With 1 KiB blocks under bigalloc the superblock is in block 1 though block 0 is counted.
        uint64_t super_block = EXT4_SUPER_OFFSET >> fs->block_shift;
        return super_block + 1 + meta;
    }
    uint64_t first_group = meta * per_block;
    uint64_t first = first_group * fs->super.s_blocks_per_group + fs->first_data_block;
    uint64_t skip = group_has_super(fs, first_group) ? 1 : 0;
    if (first_group == 0 && fs->block_bytes == 1024 && fs->first_data_block == 0)
        skip++;
    return first + skip;
}

uint16_t ext4_group_checksum(const struct ext4 *fs, uint64_t group,
                             const struct ext4_group_desc *desc)
{
    static const uint8_t zero[2];
    const uint8_t *bytes = (const uint8_t *)desc;
    uint32_t index = (uint32_t)group;
    size_t at = offsetof(struct ext4_group_desc, bg_checksum);
    size_t behind = at + sizeof(desc->bg_checksum);
    size_t rest = fs->desc_bytes > behind ? fs->desc_bytes - behind : 0;

    if (fs->metadata_csum) {
        uint32_t crc = ext4_crc32c(fs->checksum_seed, &index, sizeof(index));
        crc = ext4_crc32c(crc, bytes, at);
        crc = ext4_crc32c(crc, zero, sizeof(zero));
        return (uint16_t)ext4_crc32c(crc, bytes + behind, rest);
    }
    uint16_t crc = ext4_crc16(0xFFFF, fs->super.s_uuid, sizeof(fs->super.s_uuid));
    crc = ext4_crc16(crc, &index, sizeof(index));
    crc = ext4_crc16(crc, bytes, at);
    return ext4_crc16(crc, bytes + behind, rest);
}

static void descriptor_decode(const struct ext4 *fs, const struct ext4_group_desc *desc,
                              struct ext4_group *out)
{
    *out = (struct ext4_group){
        .block_bitmap = desc->bg_block_bitmap_lo,
        .inode_bitmap = desc->bg_inode_bitmap_lo,
        .inode_table = desc->bg_inode_table_lo,
        .unused_inodes = desc->bg_itable_unused_lo,
        .free_blocks = desc->bg_free_blocks_count_lo,
        .free_inodes = desc->bg_free_inodes_count_lo,
        .directories = desc->bg_used_dirs_count_lo,
        .flags = desc->bg_flags,
    };
    if (fs->desc_bytes < EXT4_MIN_DESC_SIZE_64BIT)
        return;
    out->block_bitmap |= (uint64_t)desc->bg_block_bitmap_hi << 32;
    out->inode_bitmap |= (uint64_t)desc->bg_inode_bitmap_hi << 32;
    out->inode_table |= (uint64_t)desc->bg_inode_table_hi << 32;
    out->unused_inodes |= (uint32_t)desc->bg_itable_unused_hi << 16;
    out->free_blocks |= (uint32_t)desc->bg_free_blocks_count_hi << 16;
    out->free_inodes |= (uint32_t)desc->bg_free_inodes_count_hi << 16;
    out->directories |= (uint32_t)desc->bg_used_dirs_count_hi << 16;
}

static int descriptor_check(struct ext4 *fs, uint64_t index, uint64_t block,
                            const struct ext4_group_desc *desc, struct ext4_group *out)
{
    if (fs->gdt_csum && ext4_group_checksum(fs, index, desc) != desc->bg_checksum)
        return ext4_report(fs, -E_BADMSG, "checksum of a group descriptor", 0, block);
    descriptor_decode(fs, desc, out);
    uint64_t table_blocks =
        ((uint64_t)fs->super.s_inodes_per_group * fs->inode_bytes + fs->block_bytes - 1) >>
        fs->block_shift;
    if (!ext4_blocks_valid(fs, out->inode_table, table_blocks) ||
        !ext4_blocks_valid(fs, out->block_bitmap, 1) ||
        !ext4_blocks_valid(fs, out->inode_bitmap, 1))
        return ext4_report(fs, -E_UCLEAN, "group descriptor points outside", 0, block);
    if (!fs->gdt_csum) {
        out->unused_inodes = 0;
        out->flags = 0;
    }
    if (out->unused_inodes > fs->super.s_inodes_per_group)
        return ext4_report(fs, -E_UCLEAN, "group with too many unused inodes", 0, block);
    return 0;
}

int ext4_group_find(struct ext4 *fs, uint64_t index, struct ext4_buffer **out,
                    struct ext4_group_desc **desc, struct ext4_group *group)
{
    uint32_t per_block = fs->block_bytes / fs->desc_bytes;
    uint64_t block = descriptor_block(fs, index);
    struct ext4_buffer *buffer;
    int error = ext4_buffer_get(fs, block, 0, &buffer);
    if (error)
        return error;
    *desc = (void *)(buffer->data + index % per_block * fs->desc_bytes);
    error = descriptor_check(fs, index, block, *desc, group);
    if (error)
        ext4_buffer_put(fs, buffer);
    else
        *out = buffer;
    return error;
}

int ext4_group_get(struct ext4 *fs, uint64_t index, struct ext4_group *out)
{
    struct ext4_buffer *buffer;
    struct ext4_group_desc *desc;
    int error = ext4_group_find(fs, index, &buffer, &desc, out);
    if (!error)
        ext4_buffer_put(fs, buffer);
    return error;
}

uint64_t ext4_group_first_block(const struct ext4 *fs, uint64_t index)
{
    return index * fs->super.s_blocks_per_group + fs->first_data_block;
}

uint32_t ext4_group_blocks(const struct ext4 *fs, uint64_t index)
{
    uint64_t rest = fs->blocks - ext4_group_first_block(fs, index);
    uint32_t per_group = fs->super.s_blocks_per_group;
    return rest < per_group ? (uint32_t)rest : per_group;
}

// The superblock's copy, the descriptors' and the room for more descriptors.
uint32_t ext4_group_head_blocks(const struct ext4 *fs, uint64_t index)
{
    uint32_t per_block = fs->block_bytes / fs->desc_bytes;
    uint64_t meta = index / per_block;
    uint32_t super = group_has_super(fs, index) ? 1 : 0;
    bool meta_bg = ext4_has_incompat(fs, INCOMPAT_META_BG);
    if (meta_bg && meta >= fs->super.s_first_meta_bg) {
        uint64_t in_meta = index % per_block;
        bool holds = in_meta == 0 || in_meta == 1 || in_meta == per_block - 1;
        return super + (holds ? 1 : 0);
    }
    if (!super)
        return 0;
    uint64_t tables =
        meta_bg ? fs->super.s_first_meta_bg : (fs->groups + per_block - 1) / per_block;
    return super + (uint32_t)tables + fs->super.s_reserved_gdt_blocks;
}
