// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// See walk.h.

#include "fs/ext4/test/walk.h"

#include "fs/ext4/internal.h"

#include <stdlib.h>
#include <string.h>

enum { DEPTH_MAX = 12, EXTENTS = 16, READ_CHUNK = 64 * 1024 };

struct names {
    struct name {
        uint32_t ino;
        uint8_t length;
        char bytes[FS_NAME_MAX];
    } * name;
    size_t count, room;
};

static void walk_error(struct walk *walk, int error)
{
    if (error >= 0)
        return;
    if (walk->errors++ == 0)
        walk->first_error = error;
}

static void mix(struct walk *walk, const void *data, size_t bytes)
{
    walk->content = walk->content << 1 | walk->content >> 63;
    walk->content ^= ext4_crc32c((uint32_t)walk->content, data, bytes);
}

static bool collect(void *context, const struct ext4_entry *entry)
{
    struct names *names = context;
    if (names->count == names->room) {
        names->room = names->room ? names->room * 2 : 64;
        names->name = realloc(names->name, names->room * sizeof(*names->name));
    }
    struct name *name = &names->name[names->count++];
    name->ino = entry->ino;
    name->length = entry->name_bytes;
    memcpy(name->bytes, entry->name, entry->name_bytes);
    return names->count < 100000;
}

static void walk_map(struct walk *walk, const struct ext4_inode *inode)
{
    struct fs_extent extents[EXTENTS];
    uint64_t offset = 0;
    unsigned calls = 0;
    while (offset < inode->size && calls++ < 1000) {
        uint64_t end;
        int count = ext4_map(inode, offset, inode->size - offset, extents, EXTENTS, &end);
        walk_error(walk, count);
        if (count <= 0)
            break;
        mix(walk, extents, (size_t)count * sizeof(extents[0]));
        for (int i = 0; i < count; i++) {
            bool hole = (extents[i].flags & FS_EXTENT_HOLE) != 0;
            if (extents[i].bytes == 0 || extents[i].offset != offset ||
                (!hole && extents[i].device_offset + extents[i].bytes > inode->fs->source.bytes))
                abort();
            offset += extents[i].bytes;
        }
        if (offset != end)
            abort();
    }
}

static void walk_content(struct walk *walk, const struct ext4_inode *inode)
{
    static uint8_t buffer[READ_CHUNK];
    char target[FS_LINK_MAX];
    if (ext4_inode_type(inode) == EXT4_S_IFLNK) {
        int length = ext4_readlink(inode, target, sizeof(target));
        walk_error(walk, length);
        if (length > 0)
            mix(walk, target, (size_t)length);
        return;
    }
    if (ext4_inode_type(inode) != EXT4_S_IFREG)
        return;
    if (!(inode->flags & EXT4_INLINE_DATA_FL))
        walk_map(walk, inode);
    for (uint64_t at = 0; at < inode->size && at < walk->read_max; at += READ_CHUNK) {
        uint32_t bytes = walk->read_max - at < READ_CHUNK ? (uint32_t)(walk->read_max - at)
                                                          : (uint32_t)READ_CHUNK;
        int got = ext4_read(inode, at, buffer, bytes);
        walk_error(walk, got);
        if (got <= 0)
            break;
        mix(walk, buffer, (size_t)got);
    }
}

static void walk_attributes(struct walk *walk, const struct ext4_inode *inode)
{
    struct fs_attributes attributes;
    static char names[8192];
    static uint8_t value[EXT4_XATTR_VALUE_MAX];
    ext4_inode_attributes(inode, &attributes);
    mix(walk, &attributes, sizeof(attributes));
    int bytes = ext4_xattr_list(inode, names, sizeof(names));
    walk_error(walk, bytes);
    for (int at = 0; at < bytes;) {
        int length = (int)strlen(names + at);
        int got = ext4_xattr_get(inode, names + at, (size_t)length, value, sizeof(value));
        walk_error(walk, got);
        if (got > 0)
            mix(walk, value, (size_t)got);
        at += length + 1;
    }
}

static void walk_inode(struct walk *walk, struct ext4 *fs, uint32_t ino, unsigned depth);

static void walk_directory(struct walk *walk, struct ext4 *fs, uint32_t ino, unsigned depth)
{
    struct names names = {0};
    struct ext4_inode directory;
    uint64_t position = 0;
    if (ext4_inode_get(fs, ino, &directory))
        return;
    walk->directories++;
    walk_error(walk, ext4_readdir(&directory, &position, collect, &names));
    for (size_t i = 0; i < names.count; i++) {
        uint32_t found = 0;
        const struct name *name = &names.name[i];
        int error = ext4_lookup(&directory, name->bytes, name->length, &found);
        walk_error(walk, error);
        if (!error && found != name->ino)
            walk_error(walk, -E_UCLEAN); // the name is there twice
    }
    ext4_inode_put(&directory);
    for (size_t i = 0; i < names.count && walk->inodes < walk->inodes_max; i++) {
        const struct name *name = &names.name[i];
        mix(walk, name->bytes, name->length);
        bool dots = name->bytes[0] == '.' &&
                    (name->length == 1 || (name->length == 2 && name->bytes[1] == '.'));
        if (!dots && depth < DEPTH_MAX)
            walk_inode(walk, fs, name->ino, depth + 1);
    }
    free(names.name);
}

static void walk_inode(struct walk *walk, struct ext4 *fs, uint32_t ino, unsigned depth)
{
    struct ext4_inode inode;
    walk->inodes++;
    int error = ext4_inode_get(fs, ino, &inode);
    walk_error(walk, error);
    if (error)
        return;
    bool is_directory = ext4_inode_type(&inode) == EXT4_S_IFDIR;
    walk_attributes(walk, &inode);
    walk_content(walk, &inode);
    ext4_inode_put(&inode);
    if (is_directory)
        walk_directory(walk, fs, ino, depth);
}

void walk_all(struct ext4 *fs, struct walk *walk)
{
    walk->inodes = walk->directories = walk->errors = 0;
    walk->first_error = 0;
    walk->content = 0;
    walk_inode(walk, fs, EXT4_ROOT, 0);
    if (ext4_buffers_pinned(fs) || ext4_cache_fault(fs))
        abort();
}
