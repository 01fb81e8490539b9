// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Hash trees that grow. A block of entries that is full is split between two hashes, a node that is
// full by its middle; a full root hands its entries down to a new node. Each is a step that leaves
// a whole tree; the way down is then looked up again.

#include "fs/ext4/edit.h"
#include "fs/ext4/hash_tree.h"

#include <string.h>

enum {
    STEPS_MAX = 4 * EXT4_HASH_LEVELS_MAX,
    ENTRY_BYTES_MIN = 12,
    ENTRIES_MAX = EXT4_WRITE_BLOCK_MAX / ENTRY_BYTES_MIN,
    DOT_BYTES = 12,
};

static size_t entries_offset(bool root)
{
    return root ? EXT4_DX_ROOT_ENTRIES_OFFSET : EXT4_DX_NODE_ENTRIES_OFFSET;
}

void ext4_hash_block_seal(const struct ext4_inode *directory, struct ext4_buffer *buffer, bool root)
{
    const struct ext4_dx_tail *tail;
    uint32_t crc = ext4_hash_node_checksum(directory, buffer->data, entries_offset(root), &tail);
    memcpy(buffer->data + ((const uint8_t *)&tail->dt_checksum - buffer->data), &crc, sizeof(crc));
}

// ---- nodes ----

static struct ext4_dx_entry *node_entries(struct ext4_buffer *buffer, bool root)
{
    return (void *)(buffer->data + entries_offset(root));
}

static struct ext4_dx_countlimit *node_limits(struct ext4_buffer *buffer, bool root)
{
    return (void *)node_entries(buffer, root);
}

static void node_init(const struct ext4 *fs, struct ext4_buffer *buffer, bool root)
{
    size_t tail = fs->metadata_csum ? sizeof(struct ext4_dx_tail) : 0;
    size_t room = fs->block_bytes - entries_offset(root) - tail;
    if (!root) {
        struct ext4_dir_entry unused = {.rec_len = (uint16_t)fs->block_bytes};
        memcpy(buffer->data, &unused, sizeof(unused));
    }
    *node_limits(buffer, root) =
        (struct ext4_dx_countlimit){.limit = (uint16_t)(room / EXT4_HASH_ENTRY_BYTES), .count = 1};
}

static enum ext4_kind node_kind(bool root)
{
    return root ? EXT4_KIND_HASH_ROOT : EXT4_KIND_HASH_NODE;
}

static bool node_is_full(const struct ext4_hash_path *path, unsigned level)
{
    const struct ext4_dx_countlimit *limits = (const void *)ext4_hash_entries(path, level);
    return limits->count == limits->limit;
}

// One more entry behind the one taken at this level, which has room.
static int node_insert(struct ext4_inode *directory, struct ext4_hash_path *path, unsigned level,
                       uint32_t hash, uint64_t block)
{
    struct ext4_buffer *buffer = path->step[level].buffer;
    bool root = level == 0;
    int error = ext4_buffer_modify(directory->fs, buffer);
    if (error)
        return error;
    struct ext4_dx_countlimit *limits = node_limits(buffer, root);
    struct ext4_dx_entry *entry = node_entries(buffer, root) + path->step[level].at + 1;
    size_t behind = limits->count - (path->step[level].at + 1u);
    memmove(entry + 1, entry, behind * sizeof(*entry));
    *entry = (struct ext4_dx_entry){.hash = hash, .block = (uint32_t)block};
    limits->count++;
    ext4_directory_block_seal(directory, buffer, node_kind(root));
    return 0;
}

// A new node with `count` entries from `from` on; *logical is where it is.
static int node_create(struct ext4_inode *directory, const struct ext4_dx_entry *from,
                       unsigned count, uint64_t *logical)
{
    struct ext4 *fs = directory->fs;
    struct ext4_buffer *buffer;
    *logical = directory->size >> fs->block_shift;
    int error = ext4_directory_append(directory, &buffer);
    if (error)
        return error;
    node_init(fs, buffer, false);
    struct ext4_dx_entry *entries = node_entries(buffer, false);
    entries[0].block = from[0].block;
    memcpy(entries + 1, from + 1, (count - 1) * sizeof(*entries));
    node_limits(buffer, false)->count = (uint16_t)count;
    ext4_directory_block_seal(directory, buffer, EXT4_KIND_HASH_NODE);
    ext4_buffer_put(fs, buffer);
    return 0;
}

static int node_split(struct ext4_inode *directory, struct ext4_hash_path *path, unsigned level)
{
    struct ext4_buffer *buffer = path->step[level].buffer;
    unsigned count = ext4_hash_count(path, level), keep = count / 2;
    const struct ext4_dx_entry *entries = ext4_hash_entries(path, level);
    uint32_t hash = entries[keep].hash;
    uint64_t logical;
    int error = node_create(directory, entries + keep, count - keep, &logical);
    if (!error)
        error = ext4_buffer_modify(directory->fs, buffer);
    if (error)
        return error;
    node_limits(buffer, false)->count = (uint16_t)keep;
    ext4_directory_block_seal(directory, buffer, EXT4_KIND_HASH_NODE);
    return node_insert(directory, path, level - 1, hash, logical);
}

static int root_grow(struct ext4_inode *directory, struct ext4_hash_path *path)
{
    struct ext4_buffer *root = path->step[0].buffer;
    uint64_t logical;
    int error =
        node_create(directory, ext4_hash_entries(path, 0), ext4_hash_count(path, 0), &logical);
    if (!error)
        error = ext4_buffer_modify(directory->fs, root);
    if (error)
        return error;
    struct ext4_dx_root_info *info = (void *)(root->data + EXT4_DX_ROOT_INFO_OFFSET);
    info->indirect_levels++;
    node_limits(root, true)->count = 1;
    node_entries(root, true)[0].block = (uint32_t)logical;
    ext4_directory_block_seal(directory, root, EXT4_KIND_HASH_ROOT);
    return 0;
}

// One step towards room in the node above the blocks of entries, which is full.
static int path_make_room(struct ext4_inode *directory, struct ext4_hash_path *path)
{
    for (unsigned level = path->levels - 1; level > 0; level--)
        if (!node_is_full(path, level - 1))
            return node_split(directory, path, level);
    return path->levels < ext4_hash_levels_max(directory->fs) ? root_grow(directory, path)
                                                              : -E_NOSPC;
}

// ---- blocks of entries ----

// Entries of a block by hash.
struct hashed {
    uint32_t hash;
    uint16_t at;
    uint16_t bytes; // what it needs
};

struct content {
    uint8_t data[EXT4_WRITE_BLOCK_MAX];
    struct hashed entry[ENTRIES_MAX];
    unsigned count;
};

static void content_sort(struct content *content)
{
    for (unsigned gap = content->count / 2; gap > 0; gap /= 2) {
        for (unsigned i = gap; i < content->count; i++) {
            struct hashed moving = content->entry[i];
            unsigned to = i;
            for (; to >= gap && content->entry[to - gap].hash > moving.hash; to -= gap)
                content->entry[to] = content->entry[to - gap];
            content->entry[to] = moving;
        }
    }
}

// A copy of the block's entries in use, from byte `from` on, sorted by hash if there is a root.
static void content_read(struct content *content, const struct ext4 *fs,
                         const struct ext4_buffer *buffer, size_t from,
                         const struct ext4_buffer *root)
{
    size_t bytes = ext4_entries_bytes(fs);
    memcpy(content->data, buffer->data, fs->block_bytes);
    content->count = 0;
    for (size_t at = from; at < bytes && content->count < ENTRIES_MAX;) {
        struct ext4_dir_entry entry;
        memcpy(&entry, content->data + at, sizeof(entry));
        if (entry.inode) {
            struct ext4_name name = {(char *)content->data + at + EXT4_DIR_ENTRY_HEADER,
                                     entry.name_len};
            content->entry[content->count++] = (struct hashed){
                .hash = root ? ext4_hash_of(fs, root, &name) : 0,
                .at = (uint16_t)at,
                .bytes = (uint16_t)((EXT4_DIR_ENTRY_HEADER + entry.name_len + 3u) & ~3u),
            };
        }
        at += entry.rec_len;
    }
    if (root)
        content_sort(content);
}

// Fills a block with entries [first, end); the last one takes what is left.
static void content_write(const struct content *content, const struct ext4 *fs, unsigned first,
                          unsigned end, uint8_t *data)
{
    size_t bytes = ext4_entries_bytes(fs), at = 0;
    memset(data, 0, fs->block_bytes);
    ext4_entries_init(fs, data);
    for (unsigned i = first; i < end; i++) {
        const struct hashed *from = &content->entry[i];
        struct ext4_dir_entry entry;
        memcpy(data + at, content->data + from->at, from->bytes);
        memcpy(&entry, data + at, sizeof(entry));
        entry.rec_len = (uint16_t)(i + 1 == end ? bytes - at : from->bytes);
        memcpy(data + at, &entry, sizeof(entry));
        at += from->bytes;
    }
}

// Where the upper half begins, by bytes; each half has at least one entry.
static unsigned content_middle(const struct content *content)
{
    size_t total = 0, low = 0;
    unsigned middle = 0;
    for (unsigned i = 0; i < content->count; i++)
        total += content->entry[i].bytes;
    while (middle + 1 < content->count && (middle == 0 || low < total / 2))
        low += content->entry[middle++].bytes;
    return middle;
}

// The path's last node has room for one more block.
static int leaf_split(struct ext4_inode *directory, struct ext4_hash_path *path,
                      struct ext4_buffer *leaf)
{
    struct ext4 *fs = directory->fs;
    struct content content;
    struct ext4_buffer *upper;
    uint64_t logical = directory->size >> fs->block_shift;
    content_read(&content, fs, leaf, 0, path->step[0].buffer);
    if (content.count < 2)
        return ext4_report(fs, -E_UCLEAN, "full directory block without entries", directory->ino,
                           leaf->block);
    unsigned middle = content_middle(&content);
    uint32_t hash = content.entry[middle].hash;
    if (content.entry[middle - 1].hash == hash)
        hash |= EXT4_HASH_COLLISION;

    int error = ext4_buffer_modify(fs, leaf);
    if (!error)
        error = ext4_directory_append(directory, &upper);
    if (error)
        return error;
    content_write(&content, fs, middle, content.count, upper->data);
    content_write(&content, fs, 0, middle, leaf->data);
    ext4_directory_block_seal(directory, upper, EXT4_KIND_DIRECTORY);
    ext4_directory_block_seal(directory, leaf, EXT4_KIND_DIRECTORY);
    ext4_buffer_put(fs, upper);
    return node_insert(directory, path, path->levels - 1, hash, logical);
}

// Adds the name where the path leads to: 0; 1: made room instead, to be tried again.
static int path_add(struct ext4_inode *directory, struct ext4_hash_path *path,
                    const struct ext4_name *name, const struct ext4_inode *to)
{
    struct ext4 *fs = directory->fs;
    uint64_t logical = ext4_hash_path_block(path);
    int error = ext4_directory_block_add(directory, logical, name, to);
    if (error != -E_NOSPC)
        return error;
    if (node_is_full(path, path->levels - 1)) {
        error = path_make_room(directory, path);
        return error ? error : 1;
    }
    struct ext4_buffer *leaf;
    error = ext4_directory_block_get(directory, logical, EXT4_KIND_DIRECTORY, &leaf);
    if (error)
        return error;
    error = leaf_split(directory, path, leaf);
    ext4_buffer_put(fs, leaf);
    return error ? error : 1;
}

static int name_hash(const struct ext4_inode *directory, const struct ext4_name *name,
                     uint32_t *hash)
{
    struct ext4_buffer *root;
    int error = ext4_directory_block_get(directory, 0, EXT4_KIND_HASH_ROOT, &root);
    if (error)
        return error;
    *hash = ext4_hash_of(directory->fs, root, name);
    ext4_buffer_put(directory->fs, root);
    return 0;
}

int ext4_hash_add(struct ext4_inode *directory, const struct ext4_name *name,
                  const struct ext4_inode *to)
{
    uint32_t hash;
    int result = name_hash(directory, name, &hash);
    if (result)
        return result;
    for (unsigned step = 0; step < STEPS_MAX; step++) {
        struct ext4_hash_path path;
        result = ext4_hash_path_find(&path, directory, hash);
        if (result)
            return result;
        result = path_add(directory, &path, name, to);
        ext4_hash_path_cut(&path, 0);
        if (result != 1)
            return result;
    }
    return -E_NOSPC;
}

// ---- the first tree ----

static bool begins_with_dots(const uint8_t *data)
{
    struct ext4_dir_entry dot, dotdot;
    memcpy(&dot, data, sizeof(dot));
    memcpy(&dotdot, data + DOT_BYTES, sizeof(dotdot));
    return dot.rec_len == DOT_BYTES && dot.name_len == 1 && data[8] == '.' &&
           dotdot.name_len == 2 && memcmp(data + DOT_BYTES + 8, "..", 2) == 0;
}

static void root_init(const struct ext4 *fs, struct ext4_buffer *root, uint64_t leaf)
{
    struct ext4_dir_entry dotdot;
    unsigned version = fs->super.s_def_hash_version;
    memset(root->data + 2 * DOT_BYTES, 0, fs->block_bytes - 2 * DOT_BYTES);
    memcpy(&dotdot, root->data + DOT_BYTES, sizeof(dotdot));
    dotdot.rec_len = (uint16_t)(fs->block_bytes - DOT_BYTES);
    memcpy(root->data + DOT_BYTES, &dotdot, sizeof(dotdot));
    struct ext4_dx_root_info *info = (void *)(root->data + EXT4_DX_ROOT_INFO_OFFSET);
    info->hash_version = (uint8_t)(version <= DX_HASH_TEA ? version : DX_HASH_HALF_MD4);
    info->info_length = sizeof(*info);
    node_init(fs, root, true);
    node_entries(root, true)[0].block = (uint32_t)leaf;
}

int ext4_hash_begin(struct ext4_inode *directory)
{
    struct ext4 *fs = directory->fs;
    struct content content;
    struct ext4_buffer *root, *leaf;
    uint64_t logical = directory->size >> fs->block_shift;
    int error = ext4_directory_block_get(directory, 0, EXT4_KIND_DIRECTORY, &root);
    if (error)
        return error;
    if (begins_with_dots(root->data)) {
        struct ext4_dir_entry dotdot;
        memcpy(&dotdot, root->data + DOT_BYTES, sizeof(dotdot));
        content_read(&content, fs, root, DOT_BYTES + dotdot.rec_len, NULL);
        error = ext4_buffer_modify(fs, root);
    } else {
        error = ext4_report(fs, -E_UCLEAN, "directory does not begin with \".\" and \"..\"",
                            directory->ino, root->block);
    }
    if (!error)
        error = ext4_directory_append(directory, &leaf);
    if (!error) {
        content_write(&content, fs, 0, content.count, leaf->data);
        ext4_directory_block_seal(directory, leaf, EXT4_KIND_DIRECTORY);
        ext4_buffer_put(fs, leaf);
        root_init(fs, root, logical);
        ext4_directory_block_seal(directory, root, EXT4_KIND_HASH_ROOT);
    }
    ext4_buffer_put(fs, root);
    return error ? error : ext4_inode_set_flags(directory, EXT4_INDEX_FL, 0);
}
