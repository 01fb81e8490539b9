// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Directories: blocks of entries, checked as a whole when they come from the device, then walked.
// Names by hash: hash_tree.c. Directories inside an inode: inline.c.

#include "fs/ext4/internal.h"

#include <string.h>

enum { READ_AHEAD = 7 };

static const uint8_t entry_types[EXT4_FT_COUNT] = {
    [EXT4_FT_UNKNOWN] = FS_TYPE_UNKNOWN, [EXT4_FT_REG_FILE] = FS_TYPE_REGULAR,
    [EXT4_FT_DIR] = FS_TYPE_DIRECTORY,   [EXT4_FT_CHRDEV] = FS_TYPE_CHARACTER,
    [EXT4_FT_BLKDEV] = FS_TYPE_BLOCK,    [EXT4_FT_FIFO] = FS_TYPE_FIFO,
    [EXT4_FT_SOCK] = FS_TYPE_SOCKET,     [EXT4_FT_SYMLINK] = FS_TYPE_SYMLINK,
};

// With 64 KiB blocks the length needs 17 bits: the two low ones, always 0, carry the high ones.
uint32_t ext4_rec_len(const struct ext4 *fs, uint16_t raw)
{
    if (fs->block_bytes < EXT4_BLOCK_BYTES_MAX)
        return raw;
    if (raw == 0 || raw == 0xFFFF)
        return fs->block_bytes;
    return (raw & 0xFFFCu) | (raw & 3u) << 16;
}

static const char *entry_name(const uint8_t *data, size_t at)
{
    return (const char *)data + at + EXT4_DIR_ENTRY_HEADER;
}

// Headers are copied out: in inline directories they may lie on any byte.
static struct ext4_dir_entry entry_at(const uint8_t *data, size_t at)
{
    struct ext4_dir_entry entry;
    memcpy(&entry, data + at, sizeof(entry));
    return entry;
}

static const char *entry_check(const struct ext4 *fs, const uint8_t *data, size_t at, size_t bytes)
{
    if (bytes - at < EXT4_DIR_ENTRY_HEADER)
        return "directory entry cut off";
    struct ext4_dir_entry entry = entry_at(data, at);
    uint32_t length = ext4_rec_len(fs, entry.rec_len);
    if (length < EXT4_DIR_ENTRY_HEADER || length % EXT4_DIR_ALIGN || length > bytes - at)
        return "impossible length of a directory entry";
    if (entry.inode == 0)
        return NULL;
    if (entry.inode > fs->inodes)
        return "directory entry with an impossible inode number";
    if (entry.name_len == 0 || entry.name_len > length - EXT4_DIR_ENTRY_HEADER)
        return "impossible length of a name";
    const char *name = entry_name(data, at);
    if (memchr(name, '/', entry.name_len) || memchr(name, 0, entry.name_len))
        return "impossible character in a name";
    return NULL;
}

int ext4_entries_check(const struct ext4 *fs, const uint8_t *data, size_t bytes,
                       const char **reason)
{
    for (size_t at = 0; at < bytes;) {
        *reason = entry_check(fs, data, at, bytes);
        if (*reason)
            return -E_UCLEAN;
        at += ext4_rec_len(fs, entry_at(data, at).rec_len);
    }
    return 0;
}

int ext4_entries_find(const struct ext4 *fs, const uint8_t *data, size_t bytes,
                      const struct ext4_name *name, struct ext4_place *place)
{
    for (size_t at = 0; at < bytes;) {
        struct ext4_dir_entry entry = entry_at(data, at);
        if (entry.inode && entry.name_len == name->length &&
            memcmp(entry_name(data, at), name->bytes, name->length) == 0) {
            place->at = at;
            place->ino = entry.inode;
            return 0;
        }
        at += ext4_rec_len(fs, entry.rec_len);
    }
    return -E_NOENT;
}

int ext4_entries_emit(const struct ext4 *fs, const uint8_t *data, size_t bytes, uint64_t base,
                      uint64_t *position, ext4_emit_t emit, void *context)
{
    bool typed = ext4_has_incompat(fs, INCOMPAT_FILETYPE);
    for (size_t at = 0; at < bytes;) {
        struct ext4_dir_entry entry = entry_at(data, at);
        uint64_t next = base + at + ext4_rec_len(fs, entry.rec_len);
        if (entry.inode && base + at >= *position) {
            struct ext4_entry out = {.next = next,
                                     .ino = entry.inode,
                                     .name_bytes = entry.name_len,
                                     .name = entry_name(data, at)};
            if (typed && entry.file_type < EXT4_FT_COUNT)
                out.type = entry_types[entry.file_type];
            if (!emit(context, &out))
                return 0;
        }
        if (next > *position)
            *position = next;
        at = next - base;
    }
    return 1;
}

bool ext4_is_indexed(const struct ext4_inode *directory)
{
    return (directory->flags & EXT4_INDEX_FL) && ext4_has_compat(directory->fs, COMPAT_DIR_INDEX);
}

// ---- blocks ----

static int leaf_checksum_check(const struct ext4_inode *directory, const struct ext4_buffer *buffer,
                               const char **reason)
{
    size_t covered = directory->fs->block_bytes - sizeof(struct ext4_dir_entry_tail);
    const struct ext4_dir_entry_tail *tail = (const void *)(buffer->data + covered);
    if (tail->det_reserved_zero1 || tail->det_rec_len != sizeof(*tail) ||
        tail->det_reserved_zero2 || tail->det_reserved_ft != EXT4_FT_DIR_CSUM) {
        *reason = "directory block without checksum";
        return -E_UCLEAN;
    }
    if (ext4_crc32c(directory->checksum_seed, buffer->data, covered) == tail->det_checksum)
        return 0;
    *reason = "checksum of a directory block";
    return -E_BADMSG;
}

// What a block met in a walk through all blocks is. Without checksums a node of the hash tree need
// not be told from an empty block: to this walk both are one unused entry.
static enum ext4_kind walk_kind(const struct ext4_inode *directory, uint64_t logical,
                                const struct ext4_buffer *buffer)
{
    if (!ext4_is_indexed(directory))
        return EXT4_KIND_DIRECTORY;
    if (logical == 0)
        return EXT4_KIND_HASH_ROOT;
    struct ext4_dir_entry first = entry_at(buffer->data, 0);
    bool covers_all = ext4_rec_len(directory->fs, first.rec_len) == directory->fs->block_bytes;
    if (directory->fs->metadata_csum && first.inode == 0 && covers_all)
        return EXT4_KIND_HASH_NODE;
    return EXT4_KIND_DIRECTORY;
}

static int block_verify(const struct ext4_inode *directory, struct ext4_buffer *buffer,
                        enum ext4_kind kind)
{
    struct ext4 *fs = directory->fs;
    if (buffer->verified == kind && buffer->verified_ino == directory->ino)
        return 0;
    const char *reason = NULL;
    int error = 0;
    if (kind != EXT4_KIND_DIRECTORY)
        error = ext4_hash_block_check(directory, buffer, kind == EXT4_KIND_HASH_ROOT, &reason);
    else if (fs->metadata_csum)
        error = leaf_checksum_check(directory, buffer, &reason);
    size_t bytes = fs->block_bytes;
    if (kind == EXT4_KIND_DIRECTORY && fs->metadata_csum) // entries end where the checksum begins
        bytes -= sizeof(struct ext4_dir_entry_tail);
    if (!error)
        error = ext4_entries_check(fs, buffer->data, bytes, &reason);
    if (error)
        return ext4_report(fs, error, reason, directory->ino, buffer->block);
    buffer->verified = (uint8_t)kind;
    buffer->verified_ino = directory->ino;
    return 0;
}

int ext4_directory_block_get(const struct ext4_inode *directory, uint64_t logical,
                             enum ext4_kind kind, struct ext4_buffer **out)
{
    struct ext4 *fs = directory->fs;
    struct ext4_run run;
    if (logical >= directory->size >> fs->block_shift)
        return ext4_report(fs, -E_UCLEAN, "hash tree points behind the directory's end",
                           directory->ino, directory->buffer->block);
    int error = ext4_run_find(directory, logical, &run);
    if (error)
        return error;
    if (run.device == 0 || run.unwritten)
        return ext4_report(fs, -E_UCLEAN, "hole in a directory", directory->ino,
                           directory->buffer->block);
    uint64_t skip = logical - run.first;
    uint64_t ahead = run.count - skip - 1;
    struct ext4_buffer *buffer;
    error = ext4_buffer_get(fs, run.device + skip,
                            ahead < READ_AHEAD ? (uint32_t)ahead : READ_AHEAD, &buffer);
    if (error)
        return error;
    if (kind == EXT4_KIND_NONE)
        kind = walk_kind(directory, logical, buffer);
    error = block_verify(directory, buffer, kind);
    if (error)
        ext4_buffer_put(fs, buffer);
    else
        *out = buffer;
    return error;
}

// ---- whole directories ----

static int linear_find(const struct ext4_inode *directory, const struct ext4_name *name,
                       struct ext4_place *place)
{
    struct ext4 *fs = directory->fs;
    uint64_t blocks = directory->size >> fs->block_shift;
    for (uint64_t logical = 0; logical < blocks; logical++) {
        int error = ext4_directory_block_get(directory, logical, EXT4_KIND_NONE, &place->buffer);
        if (error)
            return error;
        place->kind = EXT4_KIND_DIRECTORY;
        if (ext4_entries_find(fs, place->buffer->data, fs->block_bytes, name, place) == 0)
            return 0;
        ext4_place_put(fs, place);
    }
    return -E_NOENT;
}

int ext4_place_find(const struct ext4_inode *directory, const struct ext4_name *name,
                    struct ext4_place *place)
{
    if (ext4_inode_type(directory) != EXT4_S_IFDIR)
        return -E_NOTDIR;
    if (directory->flags & EXT4_INLINE_DATA_FL)
        return -E_OPNOTSUPP;
    if (ext4_is_indexed(directory))
        return ext4_hash_find(directory, name, place);
    return linear_find(directory, name, place);
}

void ext4_place_put(struct ext4 *fs, struct ext4_place *place)
{
    ext4_buffer_put(fs, place->buffer);
    place->buffer = NULL;
}

int ext4_lookup(const struct ext4_inode *directory, const char *bytes, unsigned length,
                uint32_t *ino)
{
    struct ext4_name name = {bytes, length};
    struct ext4_place place;
    if (directory->flags & EXT4_INLINE_DATA_FL && ext4_inode_type(directory) == EXT4_S_IFDIR)
        return ext4_inline_lookup(directory, &name, ino);
    int error = ext4_place_find(directory, &name, &place);
    if (error)
        return error;
    *ino = place.ino;
    ext4_place_put(directory->fs, &place);
    return 0;
}

int ext4_readdir(const struct ext4_inode *directory, uint64_t *position, ext4_emit_t emit,
                 void *context)
{
    struct ext4 *fs = directory->fs;
    if (ext4_inode_type(directory) != EXT4_S_IFDIR)
        return -E_NOTDIR;
    if (directory->flags & EXT4_INLINE_DATA_FL)
        return ext4_inline_readdir(directory, position, emit, context);
    if (*position > directory->size)
        return -E_INVAL;
    int more = 1;
    while (more == 1 && *position < directory->size) {
        struct ext4_buffer *buffer;
        uint64_t logical = *position >> fs->block_shift;
        int error = ext4_directory_block_get(directory, logical, EXT4_KIND_NONE, &buffer);
        if (error)
            return error;
        more = ext4_entries_emit(fs, buffer->data, fs->block_bytes, logical << fs->block_shift,
                                 position, emit, context);
        ext4_buffer_put(fs, buffer);
    }
    return 0;
}
