// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Changing directories: entries in their blocks, new blocks. Indexed ones: hash_write.c.

#include "fs/ext4/edit.h"

#include <string.h>

enum { DOT_BYTES = 12 }; // entry of a name of up to 4 bytes

static const uint64_t size_without_large_dir = 0x7FFFFFFF;

static struct ext4_dir_entry entry_at(const uint8_t *data, size_t at)
{
    struct ext4_dir_entry entry;
    memcpy(&entry, data + at, sizeof(entry));
    return entry;
}

// What an entry with a name of this length takes at least.
static size_t entry_bytes(size_t name_length)
{
    return (EXT4_DIR_ENTRY_HEADER + name_length + EXT4_DIR_ALIGN - 1) &
           ~(size_t)(EXT4_DIR_ALIGN - 1);
}

static uint8_t entry_type(const struct ext4 *fs, const struct ext4_inode *inode)
{
    if (!ext4_has_incompat(fs, INCOMPAT_FILETYPE))
        return 0;
    switch (ext4_inode_type(inode)) {
    case EXT4_S_IFREG:
        return EXT4_FT_REG_FILE;
    case EXT4_S_IFDIR:
        return EXT4_FT_DIR;
    case EXT4_S_IFCHR:
        return EXT4_FT_CHRDEV;
    case EXT4_S_IFBLK:
        return EXT4_FT_BLKDEV;
    case EXT4_S_IFIFO:
        return EXT4_FT_FIFO;
    case EXT4_S_IFSOCK:
        return EXT4_FT_SOCK;
    case EXT4_S_IFLNK:
        return EXT4_FT_SYMLINK;
    default:
        return EXT4_FT_UNKNOWN;
    }
}

static void entry_put(uint8_t *to, size_t length, const struct ext4_name *name,
                      const struct ext4 *fs, const struct ext4_inode *inode)
{
    struct ext4_dir_entry entry = {
        .inode = inode->ino,
        .rec_len = (uint16_t)length,
        .name_len = (uint8_t)name->length,
        .file_type = entry_type(fs, inode),
    };
    memcpy(to, &entry, sizeof(entry));
    memcpy(to + EXT4_DIR_ENTRY_HEADER, name->bytes, name->length);
}

size_t ext4_entries_bytes(const struct ext4 *fs)
{
    return fs->block_bytes - (fs->metadata_csum ? sizeof(struct ext4_dir_entry_tail) : 0);
}

bool ext4_entries_room(const uint8_t *data, size_t bytes, size_t name_length, size_t *at)
{
    size_t needed = entry_bytes(name_length);
    for (*at = 0; *at < bytes;) {
        struct ext4_dir_entry entry = entry_at(data, *at);
        size_t used = entry.inode ? entry_bytes(entry.name_len) : 0;
        if (entry.rec_len >= used + needed)
            return true;
        *at += entry.rec_len;
    }
    return false;
}

int ext4_entries_add(const struct ext4 *fs, uint8_t *data, size_t bytes,
                     const struct ext4_name *name, const struct ext4_inode *to)
{
    size_t at;
    if (!ext4_entries_room(data, bytes, name->length, &at))
        return -E_NOSPC;
    struct ext4_dir_entry entry = entry_at(data, at);
    size_t used = entry.inode ? entry_bytes(entry.name_len) : 0;
    size_t rest = entry.rec_len - used;
    if (used) {
        entry.rec_len = (uint16_t)used;
        memcpy(data + at, &entry, sizeof(entry));
    }
    entry_put(data + at + used, rest, name, fs, to);
    return 0;
}

void ext4_directory_block_seal(const struct ext4_inode *directory, struct ext4_buffer *buffer,
                               enum ext4_kind kind)
{
    struct ext4 *fs = directory->fs;
    buffer->verified = (uint8_t)kind;
    buffer->verified_ino = directory->ino;
    if (!fs->metadata_csum)
        return;
    if (kind == EXT4_KIND_DIRECTORY) {
        size_t covered = ext4_entries_bytes(fs);
        struct ext4_dir_entry_tail tail = {
            .det_rec_len = sizeof(tail),
            .det_reserved_ft = EXT4_FT_DIR_CSUM,
            .det_checksum = ext4_crc32c(directory->checksum_seed, buffer->data, covered),
        };
        memcpy(buffer->data + covered, &tail, sizeof(tail));
        return;
    }
    ext4_hash_block_seal(directory, buffer, kind == EXT4_KIND_HASH_ROOT);
}

// ---- one entry ----

int ext4_place_change(struct ext4_inode *directory, struct ext4_place *place,
                      const struct ext4_inode *to)
{
    int error = ext4_buffer_modify(directory->fs, place->buffer);
    if (error)
        return error;
    struct ext4_dir_entry entry = entry_at(place->buffer->data, place->at);
    entry.inode = to->ino;
    entry.file_type = entry_type(directory->fs, to);
    memcpy(place->buffer->data + place->at, &entry, sizeof(entry));
    place->ino = to->ino;
    ext4_directory_block_seal(directory, place->buffer, place->kind);
    return 0;
}

// Its space goes to the entry before it; the block's first one stays, unused.
int ext4_place_remove(struct ext4_inode *directory, struct ext4_place *place)
{
    uint8_t *data = place->buffer->data;
    int error = ext4_buffer_modify(directory->fs, place->buffer);
    if (error)
        return error;
    struct ext4_dir_entry entry = entry_at(data, place->at);
    size_t before = 0;
    while (before < place->at && before + entry_at(data, before).rec_len < place->at)
        before += entry_at(data, before).rec_len;
    if (place->at == 0) {
        entry.inode = 0;
        memcpy(data, &entry, sizeof(entry));
    } else {
        struct ext4_dir_entry longer = entry_at(data, before);
        longer.rec_len = (uint16_t)(longer.rec_len + entry.rec_len);
        memcpy(data + before, &longer, sizeof(longer));
    }
    ext4_directory_block_seal(directory, place->buffer, place->kind);
    return 0;
}

// ---- blocks ----

int ext4_directory_append(struct ext4_inode *directory, struct ext4_buffer **out)
{
    struct ext4 *fs = directory->fs;
    uint64_t size = directory->size + fs->block_bytes;
    if (size > size_without_large_dir && !ext4_has_incompat(fs, INCOMPAT_LARGEDIR))
        return -E_NOSPC;
    int error = ext4_inode_append_block(directory, directory->size >> fs->block_shift, out);
    if (error)
        return error;
    error = ext4_inode_set_size(directory, size);
    if (error)
        ext4_buffer_put(fs, *out);
    return error;
}

void ext4_entries_init(const struct ext4 *fs, uint8_t *data)
{
    struct ext4_dir_entry unused = {.rec_len = (uint16_t)ext4_entries_bytes(fs)};
    memcpy(data, &unused, sizeof(unused));
}

int ext4_directory_init(struct ext4_inode *directory, const struct ext4_inode *parent)
{
    static const struct ext4_name dot = {".", 1}, dotdot = {"..", 2};
    struct ext4 *fs = directory->fs;
    struct ext4_buffer *buffer;
    int error = ext4_inode_append_block(directory, 0, &buffer);
    if (error)
        return error;
    entry_put(buffer->data, DOT_BYTES, &dot, fs, directory);
    entry_put(buffer->data + DOT_BYTES, ext4_entries_bytes(fs) - DOT_BYTES, &dotdot, fs, parent);
    ext4_directory_block_seal(directory, buffer, EXT4_KIND_DIRECTORY);
    ext4_buffer_put(fs, buffer);
    return ext4_inode_set_size(directory, fs->block_bytes);
}

static int block_add(struct ext4_inode *directory, struct ext4_buffer *buffer,
                     const struct ext4_name *name, const struct ext4_inode *to)
{
    struct ext4 *fs = directory->fs;
    size_t bytes = ext4_entries_bytes(fs), at;
    if (!ext4_entries_room(buffer->data, bytes, name->length, &at))
        return -E_NOSPC;
    int error = ext4_buffer_modify(fs, buffer);
    if (!error)
        error = ext4_entries_add(fs, buffer->data, bytes, name, to);
    if (!error)
        ext4_directory_block_seal(directory, buffer, EXT4_KIND_DIRECTORY);
    return error;
}

int ext4_directory_block_add(struct ext4_inode *directory, uint64_t logical,
                             const struct ext4_name *name, const struct ext4_inode *to)
{
    struct ext4_buffer *buffer;
    int error = ext4_directory_block_get(directory, logical, EXT4_KIND_DIRECTORY, &buffer);
    if (error)
        return error;
    error = block_add(directory, buffer, name, to);
    ext4_buffer_put(directory->fs, buffer);
    return error;
}

int ext4_name_add(struct ext4_inode *directory, const struct ext4_name *name,
                  const struct ext4_inode *to)
{
    struct ext4 *fs = directory->fs;
    uint64_t blocks = directory->size >> fs->block_shift;
    if (directory->flags & EXT4_INLINE_DATA_FL)
        return -E_OPNOTSUPP;
    if (ext4_is_indexed(directory))
        return ext4_hash_add(directory, name, to);
    for (uint64_t logical = 0; logical < blocks; logical++) {
        int error = ext4_directory_block_add(directory, logical, name, to);
        if (error != -E_NOSPC)
            return error;
    }
    if (blocks == 1 && ext4_has_compat(fs, COMPAT_DIR_INDEX)) {
        int error = ext4_hash_begin(directory);
        return error ? error : ext4_hash_add(directory, name, to);
    }
    struct ext4_buffer *buffer;
    int error = ext4_directory_append(directory, &buffer);
    if (error)
        return error;
    ext4_entries_init(fs, buffer->data);
    error = block_add(directory, buffer, name, to);
    ext4_buffer_put(fs, buffer);
    return error;
}

static bool emit_until_name(void *context, const struct ext4_entry *entry)
{
    bool *found = context;
    bool dots = entry->name[0] == '.' &&
                (entry->name_bytes == 1 || (entry->name_bytes == 2 && entry->name[1] == '.'));
    *found = !dots;
    return dots;
}

int ext4_directory_is_empty(const struct ext4_inode *directory)
{
    uint64_t position = 0;
    bool found = false;
    int error = ext4_readdir(directory, &position, emit_until_name, &found);
    return error ? error : !found;
}
