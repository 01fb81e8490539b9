// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Indexed directories: a tree over the hashes of the names, of up to three levels of nodes above
// the blocks with the entries. Daniel Phillips, "A Directory Index for Ext2", 2001.

#include "fs/ext4/hash_tree.h"

#include <string.h>

// The entries of the node at `level` of the path. Where they start goes by the level, not by what
// the buffer was verified as last: a broken disk may use one block as node and as block of entries.
const struct ext4_dx_entry *ext4_hash_entries(const struct ext4_hash_path *path, unsigned level)
{
    size_t offset = level == 0 ? EXT4_DX_ROOT_ENTRIES_OFFSET : EXT4_DX_NODE_ENTRIES_OFFSET;
    return (const void *)(path->step[level].buffer->data + offset);
}

unsigned ext4_hash_count(const struct ext4_hash_path *path, unsigned level)
{
    const struct ext4_dx_countlimit *limits = (const void *)ext4_hash_entries(path, level);
    return limits->count;
}

uint32_t ext4_hash_node_checksum(const struct ext4_inode *directory, const uint8_t *data,
                                 size_t offset, const struct ext4_dx_tail **tail)
{
    static const uint8_t zero[4];
    const struct ext4_dx_countlimit *limits = (const void *)(data + offset);
    *tail = (const void *)(data + offset + (size_t)limits->limit * EXT4_HASH_ENTRY_BYTES);
    uint32_t crc = ext4_crc32c(directory->checksum_seed, data,
                               offset + (size_t)limits->count * EXT4_HASH_ENTRY_BYTES);
    crc = ext4_crc32c(crc, &(*tail)->dt_reserved, sizeof((*tail)->dt_reserved));
    return ext4_crc32c(crc, zero, sizeof(zero));
}

static bool node_checksum_good(const struct ext4_inode *directory, const uint8_t *data,
                               size_t offset)
{
    const struct ext4_dx_tail *tail;
    uint32_t crc = ext4_hash_node_checksum(directory, data, offset, &tail);
    return crc == tail->dt_checksum;
}

unsigned ext4_hash_levels_max(const struct ext4 *fs)
{
    return ext4_has_incompat(fs, INCOMPAT_LARGEDIR) ? EXT4_HASH_LEVELS_MAX
                                                    : EXT4_HASH_LEVELS_MAX - 1;
}

static const char *root_info_check(const struct ext4 *fs, const uint8_t *data)
{
    const struct ext4_dx_root_info *info = (const void *)(data + EXT4_DX_ROOT_INFO_OFFSET);
    struct ext4_dir_entry dot[2];
    memcpy(&dot[0], data, sizeof(dot[0]));
    memcpy(&dot[1], data + 12, sizeof(dot[1]));
    if (dot[0].rec_len != 12 || ext4_rec_len(fs, dot[1].rec_len) != fs->block_bytes - 12)
        return "root of a hash tree without \".\" and \"..\"";
    if (info->reserved_zero || info->info_length != sizeof(*info))
        return "impossible root of a hash tree";
    if (info->hash_version > DX_HASH_TEA)
        return "unknown hash of names";
    if (info->indirect_levels >= ext4_hash_levels_max(fs))
        return "hash tree too deep";
    return NULL;
}

static const char *node_check(const struct ext4_inode *directory, const uint8_t *data,
                              size_t offset)
{
    const struct ext4 *fs = directory->fs;
    const struct ext4_dx_countlimit *limits = (const void *)(data + offset);
    const struct ext4_dx_entry *entry = (const void *)(data + offset);
    size_t tail = fs->metadata_csum ? sizeof(struct ext4_dx_tail) : 0;
    if (limits->limit != (fs->block_bytes - offset - tail) / EXT4_HASH_ENTRY_BYTES ||
        limits->count == 0 || limits->count > limits->limit)
        return "impossible number of entries in a hash tree";
    for (unsigned i = 0; i < limits->count; i++) {
        if (i > 1 && entry[i].hash < entry[i - 1].hash)
            return "hash tree out of order";
        if ((entry[i].block & EXT4_DX_BLOCK_MASK) >= directory->size >> fs->block_shift)
            return "hash tree points behind the directory's end";
    }
    return NULL;
}

int ext4_hash_block_check(const struct ext4_inode *directory, const struct ext4_buffer *buffer,
                          bool root, const char **reason)
{
    const struct ext4 *fs = directory->fs;
    size_t offset = root ? EXT4_DX_ROOT_ENTRIES_OFFSET : EXT4_DX_NODE_ENTRIES_OFFSET;
    struct ext4_dir_entry first;
    memcpy(&first, buffer->data, sizeof(first));
    *reason = NULL;
    if (root)
        *reason = root_info_check(fs, buffer->data);
    else if (first.inode || ext4_rec_len(fs, first.rec_len) != fs->block_bytes)
        *reason = "a node of a hash tree holds entries";
    if (!*reason)
        *reason = node_check(directory, buffer->data, offset);
    if (*reason)
        return -E_UCLEAN;
    if (fs->metadata_csum && !node_checksum_good(directory, buffer->data, offset)) {
        *reason = "checksum of a hash tree";
        return -E_BADMSG;
    }
    return 0;
}

uint64_t ext4_hash_path_block(const struct ext4_hash_path *path)
{
    unsigned level = path->pinned - 1;
    return ext4_hash_entries(path, level)[path->step[level].at].block & EXT4_DX_BLOCK_MASK;
}

// The last entry whose hash is at most `hash`; entry 0 stands for everything before entry 1.
static unsigned node_find(const struct ext4_hash_path *path, unsigned level, uint32_t hash)
{
    const struct ext4_dx_entry *entry = ext4_hash_entries(path, level);
    unsigned low = 1, high = ext4_hash_count(path, level);
    while (low < high) {
        unsigned middle = low + (high - low) / 2;
        if (entry[middle].hash <= hash)
            low = middle + 1;
        else
            high = middle;
    }
    return low - 1;
}

void ext4_hash_path_cut(struct ext4_hash_path *path, unsigned keep)
{
    while (path->pinned > keep)
        ext4_buffer_put(path->directory->fs, path->step[--path->pinned].buffer);
}

// Adds the node that the last step points to.
static int path_extend(struct ext4_hash_path *path)
{
    struct ext4_hash_step *step = &path->step[path->pinned];
    int error = ext4_directory_block_get(path->directory, ext4_hash_path_block(path),
                                         EXT4_KIND_HASH_NODE, &step->buffer);
    if (error)
        return error;
    step->at = 0;
    path->pinned++;
    return 0;
}

uint32_t ext4_hash_of(const struct ext4 *fs, const struct ext4_buffer *root,
                      const struct ext4_name *name)
{
    const struct ext4_dx_root_info *info = (const void *)(root->data + EXT4_DX_ROOT_INFO_OFFSET);
    unsigned version = info->hash_version;
    if (fs->super.s_flags & EXT2_FLAGS_UNSIGNED_HASH)
        version += DX_HASH_LEGACY_UNSIGNED;
    return ext4_name_hash((enum ext4_hash_version)version, fs->super.s_hash_seed, name->bytes,
                          name->length);
}

static int path_descend(struct ext4_hash_path *path, uint32_t hash)
{
    path->step[0].at = node_find(path, 0, hash);
    while (path->pinned < path->levels) {
        int error = path_extend(path);
        if (error)
            return error;
        unsigned last = path->pinned - 1;
        path->step[last].at = node_find(path, last, hash);
    }
    return 0;
}

// Steps to the next block of entries if names with this hash may go on there: 1; else 0.
static int path_next(struct ext4_hash_path *path, uint32_t hash)
{
    unsigned level = path->levels;
    do {
        if (level == 0)
            return 0;
        level--;
    } while (path->step[level].at + 1 >= ext4_hash_count(path, level));

    struct ext4_hash_step *step = &path->step[level];
    uint32_t next = ext4_hash_entries(path, level)[step->at + 1].hash;
    if (next != (hash | EXT4_HASH_COLLISION))
        return 0;
    step->at++;
    ext4_hash_path_cut(path, level + 1);
    while (path->pinned < path->levels) {
        int error = path_extend(path);
        if (error)
            return error;
    }
    return 1;
}

int ext4_hash_path_find(struct ext4_hash_path *path, const struct ext4_inode *directory,
                        uint32_t hash)
{
    *path = (struct ext4_hash_path){.directory = directory};
    int error = ext4_directory_block_get(directory, 0, EXT4_KIND_HASH_ROOT, &path->step[0].buffer);
    if (error)
        return error;
    const struct ext4_dx_root_info *info =
        (const void *)(path->step[0].buffer->data + EXT4_DX_ROOT_INFO_OFFSET);
    path->pinned = 1;
    path->levels = info->indirect_levels + 1u;
    error = path_descend(path, hash);
    if (error)
        ext4_hash_path_cut(path, 0);
    return error;
}

static int leaf_find(const struct ext4_inode *directory, uint64_t logical,
                     const struct ext4_name *name, struct ext4_place *place)
{
    struct ext4 *fs = directory->fs;
    int error = ext4_directory_block_get(directory, logical, EXT4_KIND_DIRECTORY, &place->buffer);
    if (error)
        return error;
    place->kind = EXT4_KIND_DIRECTORY;
    error = ext4_entries_find(fs, place->buffer->data, fs->block_bytes, name, place);
    if (error)
        ext4_place_put(fs, place);
    return error;
}

static int path_search(struct ext4_hash_path *path, uint32_t hash, const struct ext4_name *name,
                       struct ext4_place *place)
{
    const struct ext4_inode *directory = path->directory;
    uint64_t blocks = directory->size >> directory->fs->block_shift;
    // A node may appear twice on a broken disk; more blocks than the directory has are a cycle.
    for (uint64_t tried = 0; tried < blocks; tried++) {
        int error = leaf_find(directory, ext4_hash_path_block(path), name, place);
        if (error != -E_NOENT)
            return error;
        int more = path_next(path, hash);
        if (more <= 0)
            return more < 0 ? more : -E_NOENT;
    }
    return ext4_report(directory->fs, -E_UCLEAN, "cycle in a hash tree", directory->ino,
                       path->step[0].buffer->block);
}

int ext4_hash_find(const struct ext4_inode *directory, const struct ext4_name *name,
                   struct ext4_place *place)
{
    struct ext4 *fs = directory->fs;
    struct ext4_buffer *root;
    int error = ext4_directory_block_get(directory, 0, EXT4_KIND_HASH_ROOT, &root);
    if (error)
        return error;
    if (name->bytes[0] == '.' &&
        (name->length == 1 || (name->length == 2 && name->bytes[1] == '.'))) {
        *place = (struct ext4_place){.buffer = root, .kind = EXT4_KIND_HASH_ROOT};
        error = ext4_entries_find(fs, root->data, fs->block_bytes, name, place);
        if (error)
            ext4_place_put(fs, place);
        return error;
    }
    struct ext4_hash_path path;
    uint32_t hash = ext4_hash_of(fs, root, name);
    ext4_buffer_put(fs, root);
    error = ext4_hash_path_find(&path, directory, hash);
    if (error)
        return error;
    error = path_search(&path, hash, name, place);
    ext4_hash_path_cut(&path, 0);
    return error;
}
