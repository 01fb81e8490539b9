// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Changing extended attributes. Both lists, the inode's and the block's, are taken apart, changed
// and written anew: an attribute goes into the inode if it fits there, else into the block. Entries
// are sorted, as others expect them in blocks. Not implemented: values in inodes of their own.

#include "fs/ext4/edit.h"
#include "fs/ext4/xattr.h"

#include <string.h>

enum {
    NAME_HASH_SHIFT = 5,
    VALUE_HASH_SHIFT = 16,
    ITEMS_MAX = EXT4_WRITE_BLOCK_MAX / sizeof(struct ext4_xattr_entry),
    NAME_MAX = 255,
};

struct item {
    uint8_t index, name_length;
    uint32_t bytes;
    const char *name;
    const uint8_t *value;
};

// A list out of its area; names and values point into the copy, or are the caller's.
struct items {
    uint8_t copy[EXT4_WRITE_BLOCK_MAX];
    struct item item[ITEMS_MAX + 1];
    unsigned count;
    size_t room; // for entries, values and the end mark; 0: there is no such list
    bool present, changed;
};

static size_t padded(size_t bytes)
{
    return (bytes + EXT4_XATTR_ALIGN - 1) & ~(size_t)(EXT4_XATTR_ALIGN - 1);
}

static size_t item_bytes(const struct item *item)
{
    return sizeof(struct ext4_xattr_entry) + padded(item->name_length) + padded(item->bytes);
}

static bool items_fit(const struct items *items)
{
    size_t needed = sizeof(uint32_t);
    for (unsigned i = 0; i < items->count; i++)
        needed += item_bytes(&items->item[i]);
    return items->count <= ITEMS_MAX && needed <= items->room;
}

static int item_compare(const struct item *a, const struct item *b)
{
    if (a->index != b->index)
        return a->index - b->index;
    if (a->name_length != b->name_length)
        return a->name_length - b->name_length;
    return memcmp(a->name, b->name, a->name_length);
}

static void items_add(struct items *items, const struct item *item)
{
    unsigned at = items->count++;
    for (; at > 0 && item_compare(&items->item[at - 1], item) > 0; at--)
        items->item[at] = items->item[at - 1];
    items->item[at] = *item;
}

// True: it was there.
static bool items_remove(struct items *items, const struct item *item)
{
    unsigned at = 0;
    while (at < items->count && item_compare(&items->item[at], item) != 0)
        at++;
    if (at == items->count)
        return false;
    items->count--;
    memmove(&items->item[at], &items->item[at + 1], (items->count - at) * sizeof(*item));
    items->changed = true;
    return true;
}

static int items_read(struct items *items, const struct ext4_xattr_area *area)
{
    struct ext4_xattr_area copy = *area;
    struct ext4_xattr attribute;
    size_t at = area->first;
    int more;
    copy.base = items->copy;
    memcpy(items->copy, area->base, area->room);
    items->present = true;
    while ((more = ext4_xattr_area_next(&copy, &at, &attribute)) > 0) {
        if (items->count == ITEMS_MAX || !attribute.value)
            return -E_UCLEAN;
        struct item item = {attribute.entry->e_name_index, attribute.entry->e_name_len,
                            attribute.bytes, attribute.name, attribute.value};
        items_add(items, &item);
    }
    return more;
}

static int items_load(const struct ext4_inode *inode, struct items *body, struct items *block)
{
    const struct ext4 *fs = inode->fs;
    struct ext4_xattr_area area;
    struct ext4_buffer *buffer;
    size_t skip = EXT4_GOOD_OLD_INODE_SIZE + (size_t)inode->extra_isize + sizeof(uint32_t);
    *body = (struct items){0};
    *block = (struct items){.room = fs->block_bytes - sizeof(struct ext4_xattr_header)};
    if (inode->extra_isize && fs->inode_bytes > skip)
        body->room = fs->inode_bytes - skip;
    int error = ext4_xattr_inode_area(inode, &area) ? items_read(body, &area) : 0;
    if (error)
        return ext4_report(inode->fs, error, "broken list of attributes", inode->ino,
                           inode->buffer->block);
    int present = ext4_xattr_block_area(inode, &area, &buffer);
    if (present <= 0)
        return present;
    error = items_read(block, &area);
    if (error)
        ext4_report(inode->fs, error, "broken list of attributes", inode->ino, buffer->block);
    ext4_buffer_put(inode->fs, buffer);
    return error;
}

// ---- writing a list ----

static uint32_t entry_hash(const struct item *item)
{
    uint32_t hash = 0;
    for (unsigned i = 0; i < item->name_length; i++)
        hash = hash << NAME_HASH_SHIFT ^ hash >> (32 - NAME_HASH_SHIFT) ^ (uint8_t)item->name[i];
    for (size_t at = 0; at < item->bytes; at += sizeof(uint32_t)) {
        uint32_t word = 0;
        size_t rest = item->bytes - at;
        memcpy(&word, item->value + at, rest < sizeof(word) ? rest : sizeof(word));
        hash = hash << VALUE_HASH_SHIFT ^ hash >> (32 - VALUE_HASH_SHIFT) ^ word;
    }
    return hash;
}

// Entries from `first` on, values from the end down. Only blocks have hashes; the block's is made
// of its entries'.
static uint32_t items_write(const struct items *items, uint8_t *base, size_t first, size_t room,
                            bool hashed)
{
    size_t at = first, value_at = room;
    uint32_t all = 0;
    memset(base + first, 0, room - first);
    for (unsigned i = 0; i < items->count; i++) {
        const struct item *item = &items->item[i];
        struct ext4_xattr_entry entry = {
            .e_name_len = item->name_length,
            .e_name_index = item->index,
            .e_value_size = item->bytes,
            .e_hash = hashed ? entry_hash(item) : 0,
        };
        if (item->bytes) {
            value_at -= padded(item->bytes);
            memcpy(base + value_at, item->value, item->bytes);
            entry.e_value_offs = (uint16_t)value_at;
        }
        memcpy(base + at, &entry, sizeof(entry));
        memcpy(base + at + sizeof(entry), item->name, item->name_length);
        at += sizeof(entry) + padded(item->name_length);
        all = all << VALUE_HASH_SHIFT ^ all >> (32 - VALUE_HASH_SHIFT) ^ entry.e_hash;
    }
    return all;
}

static int body_write(struct ext4_inode *inode, const struct items *items)
{
    struct ext4_disk_inode *disk;
    uint32_t magic = (uint32_t)EXT4_XATTR_MAGIC;
    size_t skip = EXT4_GOOD_OLD_INODE_SIZE + (size_t)inode->extra_isize;
    int error = ext4_inode_edit(inode, &disk);
    if (error)
        return error;
    memcpy((uint8_t *)disk + skip, &magic, sizeof(magic));
    items_write(items, (uint8_t *)disk + skip + sizeof(magic), 0, items->room, false);
    ext4_inode_seal(inode);
    return 0;
}

// ---- the block ----

static int block_number_set(struct ext4_inode *inode, uint64_t block)
{
    struct ext4_disk_inode *disk;
    int error = ext4_inode_edit(inode, &disk);
    if (error)
        return error;
    disk->i_file_acl_lo = (uint32_t)block;
    if (ext4_has_incompat(inode->fs, INCOMPAT_64BIT))
        disk->i_file_acl_high = (uint16_t)(block >> 32);
    ext4_inode_seal(inode);
    return 0;
}

static void block_seal(struct ext4 *fs, struct ext4_buffer *buffer)
{
    struct ext4_xattr_header *header = (void *)buffer->data;
    if (fs->metadata_csum)
        header->h_checksum = ext4_xattr_block_checksum(fs, buffer);
    buffer->verified = EXT4_KIND_XATTR;
}

static void block_fill(struct ext4 *fs, struct ext4_buffer *buffer, const struct items *items)
{
    struct ext4_xattr_header *header = (void *)buffer->data;
    *header = (struct ext4_xattr_header){
        .h_magic = (uint32_t)EXT4_XATTR_MAGIC, .h_refcount = 1, .h_blocks = 1};
    header->h_hash = items_write(items, buffer->data, sizeof(*header), fs->block_bytes, true);
    block_seal(fs, buffer);
}

// One user of the block less: 1 if it was the last one.
static int block_unshare(struct ext4 *fs, struct ext4_buffer *buffer)
{
    struct ext4_xattr_header *header = (void *)buffer->data;
    if (header->h_refcount <= 1)
        return 1;
    int error = ext4_buffer_modify(fs, buffer);
    if (error)
        return error;
    header->h_refcount--;
    block_seal(fs, buffer);
    return 0;
}

int ext4_xattr_free_block(struct ext4_inode *inode)
{
    struct ext4 *fs = inode->fs;
    struct ext4_xattr_area area;
    struct ext4_buffer *buffer;
    int present = ext4_xattr_block_area(inode, &area, &buffer);
    if (present <= 0)
        return present;
    uint64_t block = buffer->block;
    int last = block_unshare(fs, buffer);
    ext4_buffer_put(fs, buffer);
    int error = last < 0 ? last : last ? ext4_blocks_free(fs, block, 1, true) : 0;
    if (!error)
        error = ext4_inode_add_blocks(inode, -1);
    return error ? error : block_number_set(inode, 0);
}

static int block_create(struct ext4_inode *inode, const struct items *items)
{
    struct ext4 *fs = inode->fs;
    struct ext4_buffer *buffer;
    uint64_t block;
    uint32_t count;
    int error = ext4_blocks_allocate(fs, ext4_inode_goal(inode), 1, &block, &count);
    if (!error)
        error = ext4_buffer_fresh(fs, block, &buffer);
    if (error)
        return error;
    block_fill(fs, buffer, items);
    ext4_buffer_put(fs, buffer);
    error = ext4_inode_add_blocks(inode, 1);
    return error ? error : block_number_set(inode, block);
}

static int block_write(struct ext4_inode *inode, const struct items *items)
{
    struct ext4 *fs = inode->fs;
    struct ext4_xattr_area area;
    struct ext4_buffer *buffer;
    int present = ext4_xattr_block_area(inode, &area, &buffer);
    if (present < 0)
        return present;
    if (present) {
        const struct ext4_xattr_header *header = (const void *)buffer->data;
        bool own = header->h_refcount == 1 && items->count > 0;
        int error = own ? ext4_buffer_modify(fs, buffer) : 0;
        if (own && !error)
            block_fill(fs, buffer, items);
        ext4_buffer_put(fs, buffer);
        if (own || error)
            return error;
        error = ext4_xattr_free_block(inode);
        if (error)
            return error;
    }
    return items->count > 0 ? block_create(inode, items) : 0;
}

// ---- setting ----

static int items_change(struct items *body, struct items *block, const struct item *item,
                        uint64_t flags)
{
    bool was_in_body = items_remove(body, item);
    bool was = items_remove(block, item) || was_in_body;
    if (was && (flags & FS_XATTR_CREATE))
        return -E_EXIST;
    if (!was && (flags & (FS_XATTR_REPLACE | FS_XATTR_REMOVE)))
        return -E_NODATA;
    if (flags & FS_XATTR_REMOVE)
        return 0;
    struct items *lists[] = {body, block};
    for (unsigned i = 0; i < 2; i++) {
        if (lists[i]->count == ITEMS_MAX)
            continue;
        bool changed = lists[i]->changed;
        items_add(lists[i], item);
        lists[i]->changed = true;
        if (items_fit(lists[i]))
            return 0;
        items_remove(lists[i], item);
        lists[i]->changed = changed;
    }
    return -E_NOSPC;
}

int ext4_xattr_set(struct ext4_inode *inode, const char *name, size_t length,
                   const struct ext4_xattr_value *value, uint64_t flags)
{
    struct items body, block;
    enum ext4_xattr_index index;
    size_t prefix;
    int error = ext4_xattr_space(name, length, &index, &prefix);
    if (error)
        return error;
    if (length - prefix > NAME_MAX)
        return -E_RANGE;
    struct item item = {(uint8_t)index, (uint8_t)(length - prefix), value->length, name + prefix,
                        value->bytes};
    error = items_load(inode, &body, &block);
    if (!error)
        error = items_change(&body, &block, &item, flags);
    if (!error && body.changed)
        error = body_write(inode, &body);
    if (!error && block.changed)
        error = block_write(inode, &block);
    if (error)
        return error;
    inode->fs->super.s_feature_compat |= COMPAT_EXT_ATTR;
    return ext4_inode_touch(inode, EXT4_TOUCH_CTIME);
}
