// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Bitmaps of used blocks and inodes. With group checksums a bitmap that was never used need not be
// on the disk (EXT4_BG_BLOCK_UNINIT, EXT4_BG_INODE_UNINIT): it is made when it is first changed.

#include "fs/ext4/edit.h"

#include <string.h>

// ---- bits ----

static bool bit_get(const uint8_t *bits, uint32_t at)
{
    return (bits[at / 8] >> at % 8 & 1) != 0;
}

static void bit_put(uint8_t *bits, uint32_t at, bool value)
{
    uint8_t mask = (uint8_t)(1u << at % 8);
    bits[at / 8] = (uint8_t)(value ? bits[at / 8] | mask : bits[at / 8] & ~mask);
}

static void bits_fill(uint8_t *bits, uint32_t first, uint32_t end)
{
    while (first < end && first % 8)
        bit_put(bits, first++, true);
    if (first < end) {
        memset(bits + first / 8, 0xFF, (end - first) / 8);
        first += (end - first) / 8 * 8;
    }
    while (first < end)
        bit_put(bits, first++, true);
}

// `skip`: a byte of bits that are not looked for.
static uint32_t bits_next(const uint8_t *bits, uint32_t from, uint32_t end, bool value,
                          uint8_t skip)
{
    while (from < end) {
        if (from % 8 == 0 && bits[from / 8] == skip)
            from += 8;
        else if (bit_get(bits, from) == value)
            return from;
        else
            from++;
    }
    return end;
}

uint32_t ext4_bits_next_clear(const uint8_t *bits, uint32_t from, uint32_t end)
{
    return bits_next(bits, from, end, false, 0xFF);
}

uint32_t ext4_bits_next_set(const uint8_t *bits, uint32_t from, uint32_t end)
{
    return bits_next(bits, from, end, true, 0);
}

// ---- checksums and checks ----

static uint32_t checksum(const struct ext4 *fs, enum ext4_bitmap which, const uint8_t *bits)
{
    uint32_t count =
        which == EXT4_BITMAP_BLOCKS ? fs->super.s_blocks_per_group : fs->super.s_inodes_per_group;
    return ext4_crc32c(fs->checksum_seed, bits, count / 8);
}

static bool checksum_good(const struct ext4 *fs, enum ext4_bitmap which, const uint8_t *bits,
                          const struct ext4_group_desc *desc)
{
    bool blocks = which == EXT4_BITMAP_BLOCKS;
    uint32_t crc = checksum(fs, which, bits);
    uint16_t low = blocks ? desc->bg_block_bitmap_csum_lo : desc->bg_inode_bitmap_csum_lo;
    if ((crc & 0xFFFF) != low)
        return false;
    if (fs->desc_bytes < EXT4_MIN_DESC_SIZE_64BIT)
        return true;
    return crc >> 16 == (blocks ? desc->bg_block_bitmap_csum_hi : desc->bg_inode_bitmap_csum_hi);
}

// The bits of a run of blocks as far as it lies in the group.
struct span {
    uint32_t first, end;
};

static struct span span_in_group(const struct ext4 *fs, uint64_t group, uint64_t block,
                                 uint64_t count)
{
    uint64_t first = ext4_group_first_block(fs, group);
    uint64_t end = first + ext4_group_blocks(fs, group);
    uint64_t to = block + count < end ? block + count : end;
    if (block < first)
        block = first;
    if (block >= to)
        return (struct span){0, 0};
    return (struct span){(uint32_t)(block - first), (uint32_t)(to - first)};
}

static uint64_t table_blocks(const struct ext4 *fs)
{
    uint64_t bytes = (uint64_t)fs->super.s_inodes_per_group * fs->inode_bytes;
    return (bytes + fs->block_bytes - 1) >> fs->block_shift;
}

enum { OWN_RUNS = 4 };

// What is always in use: bitmaps and inode table of the group, as far as they lie in it, and its
// copies of superblock and descriptors.
static void own_spans(const struct ext4 *fs, uint64_t group, const struct ext4_group *decoded,
                      struct span span[OWN_RUNS])
{
    span[0] = span_in_group(fs, group, decoded->block_bitmap, 1);
    span[1] = span_in_group(fs, group, decoded->inode_bitmap, 1);
    span[2] = span_in_group(fs, group, decoded->inode_table, table_blocks(fs));
    span[3] = span_in_group(fs, group, ext4_group_first_block(fs, group),
                            ext4_group_head_blocks(fs, group));
}

static bool own_blocks_used(const struct ext4 *fs, uint64_t group, const struct ext4_group *decoded,
                            const uint8_t *bits)
{
    struct span span[OWN_RUNS];
    own_spans(fs, group, decoded, span);
    for (unsigned i = 0; i < OWN_RUNS; i++)
        if (ext4_bits_next_clear(bits, span[i].first, span[i].end) != span[i].end)
            return false;
    return true;
}

static int verify(struct ext4 *fs, uint64_t group, enum ext4_bitmap which,
                  const struct ext4_group *decoded, struct ext4_buffer *buffer)
{
    bool blocks = which == EXT4_BITMAP_BLOCKS;
    uint8_t kind = blocks ? EXT4_KIND_BLOCK_BITMAP : EXT4_KIND_INODE_BITMAP;
    if (buffer->verified == kind && buffer->verified_ino == (uint32_t)group)
        return 0;
    if (fs->metadata_csum) {
        struct ext4_buffer *holder;
        struct ext4_group_desc *desc;
        struct ext4_group again;
        int error = ext4_group_find(fs, group, &holder, &desc, &again);
        if (error)
            return error;
        bool good = checksum_good(fs, which, buffer->data, desc);
        ext4_buffer_put(fs, holder);
        if (!good)
            return ext4_report(fs, -E_BADMSG, "checksum of a bitmap", 0, buffer->block);
    }
    if (blocks && !own_blocks_used(fs, group, decoded, buffer->data))
        return ext4_report(fs, -E_UCLEAN, "bitmap contradicts its group", 0, buffer->block);
    buffer->verified = kind;
    buffer->verified_ino = (uint32_t)group;
    return 0;
}

static bool is_made(const struct ext4_group *decoded, enum ext4_bitmap which)
{
    unsigned uninit = which == EXT4_BITMAP_BLOCKS ? EXT4_BG_BLOCK_UNINIT : EXT4_BG_INODE_UNINIT;
    return !(decoded->flags & uninit);
}

static uint64_t bitmap_block(const struct ext4_group *decoded, enum ext4_bitmap which)
{
    return which == EXT4_BITMAP_BLOCKS ? decoded->block_bitmap : decoded->inode_bitmap;
}

int ext4_bitmap_get(struct ext4 *fs, uint64_t group, enum ext4_bitmap which,
                    const struct ext4_group *decoded, struct ext4_buffer **out)
{
    *out = NULL;
    if (!is_made(decoded, which))
        return 0;
    struct ext4_buffer *buffer;
    int error = ext4_buffer_get(fs, bitmap_block(decoded, which), 0, &buffer);
    if (error)
        return error;
    error = verify(fs, group, which, decoded, buffer);
    if (error)
        ext4_buffer_put(fs, buffer);
    else
        *out = buffer;
    return error;
}

// ---- changing ----

static void make_block_bitmap(const struct ext4_bitmap_edit *edit)
{
    struct ext4 *fs = edit->fs;
    struct span span[OWN_RUNS];
    uint32_t blocks = ext4_group_blocks(fs, edit->group);
    own_spans(fs, edit->group, &edit->decoded, span);
    for (unsigned i = 0; i < OWN_RUNS; i++)
        bits_fill(edit->bits, span[i].first, span[i].end);
    bits_fill(edit->bits, blocks, 8 * fs->block_bytes);
}

// A new bitmap in the cache, marked as made.
static int bitmap_make(struct ext4_bitmap_edit *edit)
{
    struct ext4 *fs = edit->fs;
    struct ext4_buffer *buffer;
    bool blocks = edit->which == EXT4_BITMAP_BLOCKS;
    int error = ext4_buffer_fresh(fs, bitmap_block(&edit->decoded, edit->which), &buffer);
    if (error)
        return error;
    edit->bits = buffer->data;
    if (blocks)
        make_block_bitmap(edit);
    else
        bits_fill(edit->bits, fs->super.s_inodes_per_group, 8 * fs->block_bytes);
    unsigned uninit = blocks ? EXT4_BG_BLOCK_UNINIT : EXT4_BG_INODE_UNINIT;
    edit->desc->bg_flags = (uint16_t)(edit->desc->bg_flags & ~uninit);
    buffer->verified = blocks ? EXT4_KIND_BLOCK_BITMAP : EXT4_KIND_INODE_BITMAP;
    buffer->verified_ino = (uint32_t)edit->group;
    ext4_buffer_put(fs, buffer);
    ext4_bitmap_seal(edit);
    return 0;
}

static int descriptor_edit(struct ext4_bitmap_edit *edit)
{
    struct ext4_buffer *buffer;
    int error = ext4_group_find(edit->fs, edit->group, &buffer, &edit->desc, &edit->decoded);
    if (error)
        return error;
    error = ext4_buffer_modify(edit->fs, buffer);
    ext4_buffer_put(edit->fs, buffer);
    return error;
}

int ext4_bitmap_edit(struct ext4 *fs, uint64_t group, enum ext4_bitmap which,
                     struct ext4_bitmap_edit *edit)
{
    *edit = (struct ext4_bitmap_edit){.fs = fs, .group = group, .which = which};
    int error = descriptor_edit(edit);
    if (error)
        return error;
    if (!is_made(&edit->decoded, which))
        return bitmap_make(edit);
    struct ext4_buffer *buffer;
    error = ext4_bitmap_get(fs, group, which, &edit->decoded, &buffer);
    if (error)
        return error;
    error = ext4_buffer_modify(fs, buffer);
    edit->bits = buffer->data;
    ext4_buffer_put(fs, buffer);
    return error;
}

void ext4_bitmap_seal(struct ext4_bitmap_edit *edit)
{
    struct ext4 *fs = edit->fs;
    struct ext4_group_desc *desc = edit->desc;
    bool wide = fs->desc_bytes >= EXT4_MIN_DESC_SIZE_64BIT;
    if (fs->metadata_csum) {
        uint32_t crc = checksum(fs, edit->which, edit->bits);
        if (edit->which == EXT4_BITMAP_BLOCKS) {
            desc->bg_block_bitmap_csum_lo = (uint16_t)crc;
            if (wide)
                desc->bg_block_bitmap_csum_hi = (uint16_t)(crc >> 16);
        } else {
            desc->bg_inode_bitmap_csum_lo = (uint16_t)crc;
            if (wide)
                desc->bg_inode_bitmap_csum_hi = (uint16_t)(crc >> 16);
        }
    }
    if (fs->gdt_csum)
        desc->bg_checksum = ext4_group_checksum(fs, edit->group, desc);
}

uint64_t ext4_free_blocks(const struct ext4 *fs)
{
    uint64_t free = fs->super.s_free_blocks_count_lo;
    if (ext4_has_incompat(fs, INCOMPAT_64BIT))
        free |= (uint64_t)fs->super.s_free_blocks_count_hi << 32;
    return free;
}

static void count_blocks(struct ext4_bitmap_edit *edit, int64_t by)
{
    struct ext4 *fs = edit->fs;
    struct ext4_group_desc *desc = edit->desc;
    bool wide = fs->desc_bytes >= EXT4_MIN_DESC_SIZE_64BIT;
    uint32_t in_group = desc->bg_free_blocks_count_lo;
    if (wide)
        in_group |= (uint32_t)desc->bg_free_blocks_count_hi << 16;
    in_group = (uint32_t)(in_group + by);
    desc->bg_free_blocks_count_lo = (uint16_t)in_group;
    if (wide)
        desc->bg_free_blocks_count_hi = (uint16_t)(in_group >> 16);
    uint64_t free = ext4_free_blocks(fs) + (uint64_t)by;
    fs->super.s_free_blocks_count_lo = (uint32_t)free;
    if (ext4_has_incompat(fs, INCOMPAT_64BIT))
        fs->super.s_free_blocks_count_hi = (uint32_t)(free >> 32);
}

static void count_inodes(struct ext4_bitmap_edit *edit, int64_t by)
{
    struct ext4_group_desc *desc = edit->desc;
    bool wide = edit->fs->desc_bytes >= EXT4_MIN_DESC_SIZE_64BIT;
    uint32_t in_group = desc->bg_free_inodes_count_lo;
    if (wide)
        in_group |= (uint32_t)desc->bg_free_inodes_count_hi << 16;
    in_group = (uint32_t)(in_group + by);
    desc->bg_free_inodes_count_lo = (uint16_t)in_group;
    if (wide)
        desc->bg_free_inodes_count_hi = (uint16_t)(in_group >> 16);
    edit->fs->super.s_free_inodes_count += (uint32_t)by;
}

int ext4_bitmap_set(struct ext4_bitmap_edit *edit, uint32_t first, uint32_t count, bool used)
{
    struct ext4 *fs = edit->fs;
    uint32_t end = first + count;
    uint32_t wrong = used ? ext4_bits_next_set(edit->bits, first, end)
                          : ext4_bits_next_clear(edit->bits, first, end);
    if (wrong != end)
        return ext4_report(fs, -E_UCLEAN, used ? "bitmap: in use already" : "bitmap: free already",
                           0, ext4_group_first_block(fs, edit->group) + wrong);
    for (uint32_t at = first; at < end; at++)
        bit_put(edit->bits, at, used);
    bool blocks = edit->which == EXT4_BITMAP_BLOCKS;
    if (blocks && !used && !own_blocks_used(fs, edit->group, &edit->decoded, edit->bits))
        return ext4_report(fs, -E_UCLEAN, "a file claims the file system's own blocks", 0,
                           ext4_group_first_block(fs, edit->group) + first);
    int64_t by = used ? -(int64_t)count : (int64_t)count;
    if (blocks)
        count_blocks(edit, by);
    else
        count_inodes(edit, by);
    ext4_bitmap_seal(edit);
    return 0;
}
