// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Extended attributes: a list inside the inode, and one in a block of its own.

#include "fs/ext4/xattr.h"

#include <string.h>

struct name_space {
    enum ext4_xattr_index index;
    const char *prefix;
};

// Access control lists (indexes 2 and 3) are stored in a form of their own and not offered.
static const struct name_space name_spaces[] = {
    {EXT4_XATTR_INDEX_USER, "user."},
    {EXT4_XATTR_INDEX_TRUSTED, "trusted."},
    {EXT4_XATTR_INDEX_SECURITY, "security."},
};

enum { NAME_SPACES = sizeof(name_spaces) / sizeof(name_spaces[0]) };

int ext4_xattr_area_next(const struct ext4_xattr_area *area, size_t *at, struct ext4_xattr *out)
{
    uint32_t word;
    if (area->room - *at < sizeof(word))
        return -E_UCLEAN;
    memcpy(&word, area->base + *at, sizeof(word));
    if (word == 0)
        return 0;
    if (area->room - *at < sizeof(struct ext4_xattr_entry))
        return -E_UCLEAN;
    const struct ext4_xattr_entry *entry = (const void *)(area->base + *at);
    size_t length =
        sizeof(*entry) + ((entry->e_name_len + EXT4_XATTR_ALIGN - 1u) & ~(EXT4_XATTR_ALIGN - 1u));
    if (length > area->room - *at)
        return -E_UCLEAN;
    *out = (struct ext4_xattr){
        .entry = entry, .name = (const char *)(entry + 1), .bytes = entry->e_value_size};
    if (entry->e_value_inum == 0) {
        if (entry->e_value_offs > area->room || out->bytes > area->room - entry->e_value_offs)
            return -E_UCLEAN;
        out->value = area->base + entry->e_value_offs;
    }
    *at += length;
    return 1;
}

// 0, -E_NODATA or -E_UCLEAN.
static int area_find(const struct ext4_xattr_area *area, enum ext4_xattr_index index,
                     const char *name, size_t length, struct ext4_xattr *out)
{
    size_t at = area->first;
    int more;
    while ((more = ext4_xattr_area_next(area, &at, out)) > 0) {
        if (out->entry->e_name_index == index && out->entry->e_name_len == length &&
            memcmp(out->name, name, length) == 0)
            return 0;
    }
    return more < 0 ? more : -E_NODATA;
}

bool ext4_xattr_inode_area(const struct ext4_inode *inode, struct ext4_xattr_area *area)
{
    size_t skip = EXT4_GOOD_OLD_INODE_SIZE + (size_t)inode->extra_isize;
    uint32_t magic;
    if (inode->extra_isize == 0 || inode->fs->inode_bytes - skip < sizeof(magic))
        return false;
    memcpy(&magic, inode->raw + skip, sizeof(magic));
    if (magic != (uint32_t)EXT4_XATTR_MAGIC)
        return false;
    skip += sizeof(magic);
    *area =
        (struct ext4_xattr_area){.base = inode->raw + skip, .room = inode->fs->inode_bytes - skip};
    return true;
}

static int report(const struct ext4_inode *inode, uint64_t block)
{
    return ext4_report(inode->fs, -E_UCLEAN, "broken list of attributes", inode->ino, block);
}

int ext4_xattr_in_inode(const struct ext4_inode *inode, enum ext4_xattr_index index,
                        const char *name, size_t length, const uint8_t **value, uint32_t *bytes)
{
    struct ext4_xattr_area area;
    struct ext4_xattr found;
    if (!ext4_xattr_inode_area(inode, &area))
        return -E_NODATA;
    int error = area_find(&area, index, name, length, &found);
    if (error == -E_UCLEAN || (!error && !found.value))
        return report(inode, inode->buffer->block);
    if (error)
        return error;
    *value = found.value;
    *bytes = found.bytes;
    return 0;
}

uint64_t ext4_xattr_block(const struct ext4_inode *inode)
{
    const struct ext4_disk_inode *disk = ext4_disk_inode(inode);
    uint64_t block = disk->i_file_acl_lo;
    if (ext4_has_incompat(inode->fs, INCOMPAT_64BIT))
        block |= (uint64_t)disk->i_file_acl_high << 32;
    return block;
}

uint32_t ext4_xattr_block_checksum(const struct ext4 *fs, const struct ext4_buffer *buffer)
{
    static const uint8_t zero[4];
    size_t at = offsetof(struct ext4_xattr_header, h_checksum);
    uint32_t crc = ext4_crc32c(fs->checksum_seed, &buffer->block, sizeof(buffer->block));
    crc = ext4_crc32c(crc, buffer->data, at);
    crc = ext4_crc32c(crc, zero, sizeof(zero));
    return ext4_crc32c(crc, buffer->data + at + 4, fs->block_bytes - at - 4);
}

static int block_verify(const struct ext4_inode *inode, struct ext4_buffer *buffer)
{
    struct ext4 *fs = inode->fs;
    const struct ext4_xattr_header *header = (const void *)buffer->data;

    if (buffer->verified == EXT4_KIND_XATTR)
        return 0;
    if (header->h_magic != (uint32_t)EXT4_XATTR_MAGIC || header->h_blocks != 1)
        return report(inode, buffer->block);
    if (fs->metadata_csum && ext4_xattr_block_checksum(fs, buffer) != header->h_checksum)
        return ext4_report(fs, -E_BADMSG, "checksum of an attribute block", inode->ino,
                           buffer->block);
    buffer->verified = EXT4_KIND_XATTR;
    return 0;
}

int ext4_xattr_block_area(const struct ext4_inode *inode, struct ext4_xattr_area *area,
                          struct ext4_buffer **buffer)
{
    struct ext4 *fs = inode->fs;
    uint64_t block = ext4_xattr_block(inode);
    if (block == 0)
        return 0;
    if (!ext4_blocks_valid(fs, block, 1))
        return report(inode, block);
    int error = ext4_buffer_get(fs, block, 0, buffer);
    if (error)
        return error;
    error = block_verify(inode, *buffer);
    if (error) {
        ext4_buffer_put(fs, *buffer);
        return error;
    }
    *area = (struct ext4_xattr_area){.base = (*buffer)->data,
                                     .first = sizeof(struct ext4_xattr_header),
                                     .room = fs->block_bytes};
    return 1;
}

// ---- reading one ----

static int value_inode_read(const struct ext4_inode *inode, const struct ext4_xattr *attribute,
                            void *value)
{
    struct ext4_inode holder;
    int error = ext4_inode_get(inode->fs, attribute->entry->e_value_inum, &holder);
    if (error == -E_SRCH)
        return report(inode, inode->buffer->block);
    if (error)
        return error;
    if (!(holder.flags & EXT4_EA_INODE_FL) || ext4_inode_type(&holder) != EXT4_S_IFREG ||
        holder.size != attribute->bytes)
        error = report(inode, holder.buffer->block);
    else
        error = ext4_read(&holder, 0, value, attribute->bytes);
    ext4_inode_put(&holder);
    return error;
}

static int value_copy(const struct ext4_inode *inode, const struct ext4_xattr *attribute,
                      void *value, size_t room)
{
    if (attribute->bytes > EXT4_XATTR_VALUE_MAX)
        return report(inode, inode->buffer->block);
    if (room == 0)
        return (int)attribute->bytes;
    if (attribute->bytes > room)
        return -E_RANGE;
    if (!attribute->value)
        return value_inode_read(inode, attribute, value);
    memcpy(value, attribute->value, attribute->bytes);
    return (int)attribute->bytes;
}

static int find_and_copy(const struct ext4_inode *inode, enum ext4_xattr_index index,
                         const char *name, size_t length, void *value, size_t room)
{
    struct ext4_xattr_area area;
    struct ext4_xattr found;
    struct ext4_buffer *buffer;
    int result = -E_NODATA;
    if (ext4_xattr_inode_area(inode, &area)) {
        result = area_find(&area, index, name, length, &found);
        if (result == -E_UCLEAN)
            return report(inode, inode->buffer->block);
        if (result == 0)
            return value_copy(inode, &found, value, room);
    }
    int present = ext4_xattr_block_area(inode, &area, &buffer);
    if (present <= 0)
        return present < 0 ? present : -E_NODATA;
    result = area_find(&area, index, name, length, &found);
    if (result == 0)
        result = value_copy(inode, &found, value, room);
    else if (result == -E_UCLEAN)
        report(inode, buffer->block);
    ext4_buffer_put(inode->fs, buffer);
    return result;
}

int ext4_xattr_space(const char *name, size_t length, enum ext4_xattr_index *index, size_t *prefix)
{
    for (unsigned i = 0; i < NAME_SPACES; i++) {
        *prefix = strlen(name_spaces[i].prefix);
        *index = name_spaces[i].index;
        if (length > *prefix && memcmp(name, name_spaces[i].prefix, *prefix) == 0)
            return 0;
    }
    return -E_OPNOTSUPP;
}

int ext4_xattr_get(const struct ext4_inode *inode, const char *name, size_t length, void *value,
                   size_t room)
{
    enum ext4_xattr_index index;
    size_t prefix;
    int error = ext4_xattr_space(name, length, &index, &prefix);
    return error ? error : find_and_copy(inode, index, name + prefix, length - prefix, value, room);
}

// ---- listing ----

struct list {
    char *names;
    size_t room, used;
};

static const char *prefix_of(unsigned index)
{
    for (unsigned i = 0; i < NAME_SPACES; i++)
        if (name_spaces[i].index == index)
            return name_spaces[i].prefix;
    return NULL;
}

static int list_add(struct list *list, const struct ext4_xattr *attribute)
{
    const char *prefix = prefix_of(attribute->entry->e_name_index);
    if (!prefix)
        return 0;
    size_t prefix_bytes = strlen(prefix), name_bytes = attribute->entry->e_name_len;
    size_t bytes = prefix_bytes + name_bytes + 1;
    if (list->room) {
        if (bytes > list->room - list->used)
            return -E_RANGE;
        char *to = list->names + list->used;
        memcpy(to, prefix, prefix_bytes);
        memcpy(to + prefix_bytes, attribute->name, name_bytes);
        to[bytes - 1] = 0;
    }
    list->used += bytes;
    return 0;
}

static int list_area(const struct ext4_inode *inode, const struct ext4_xattr_area *area,
                     uint64_t block, struct list *list)
{
    struct ext4_xattr attribute;
    size_t at = area->first;
    int more;
    while ((more = ext4_xattr_area_next(area, &at, &attribute)) > 0) {
        int error = list_add(list, &attribute);
        if (error)
            return error;
    }
    return more < 0 ? report(inode, block) : 0;
}

int ext4_xattr_list(const struct ext4_inode *inode, char *names, size_t room)
{
    struct list list = {.names = names, .room = room};
    struct ext4_xattr_area area;
    struct ext4_buffer *buffer;
    int error = 0;
    if (ext4_xattr_inode_area(inode, &area))
        error = list_area(inode, &area, inode->buffer->block, &list);
    if (error)
        return error;
    int present = ext4_xattr_block_area(inode, &area, &buffer);
    if (present < 0)
        return present;
    if (present) {
        error = list_area(inode, &area, buffer->block, &list);
        ext4_buffer_put(inode->fs, buffer);
    }
    return error ? error : (int)list.used;
}
