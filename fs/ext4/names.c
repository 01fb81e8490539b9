// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Names that come and go, with the inodes behind them. Renaming: rename.c.

#include "fs/ext4/change.h"

#include <string.h>

static const unsigned changed = EXT4_TOUCH_MTIME | EXT4_TOUCH_CTIME;

// The directory can take the name: it is one, it is not removed, and the name is free.
static int name_check_free(const struct ext4_inode *directory, const struct ext4_name *name)
{
    struct ext4_place place;
    int error = ext4_place_find(directory, name, &place);
    if (error == -E_NOENT)
        return ext4_inode_links(directory) == 0 ? -E_NOENT : 0;
    if (error)
        return error;
    ext4_place_put(directory->fs, &place);
    return -E_EXIST;
}

// ---- making ----

static int target_set(struct ext4_inode *inode, const char *target, uint32_t bytes)
{
    struct ext4 *fs = inode->fs;
    struct ext4_disk_inode *disk;
    struct ext4_buffer *buffer;
    if (bytes == 0 || bytes >= fs->block_bytes)
        return bytes ? -E_NAMETOOLONG : -E_INVAL;
    int error = ext4_inode_edit(inode, &disk);
    if (error)
        return error;
    if (bytes < EXT4_I_BLOCK_BYTES) {
        memcpy(disk->i_block, target, bytes);
        return ext4_inode_set_size(inode, bytes);
    }
    ext4_extents_init(disk);
    ext4_inode_seal(inode);
    error = ext4_inode_append_block(inode, 0, &buffer);
    if (error)
        return error;
    memcpy(buffer->data, target, bytes);
    ext4_buffer_put(fs, buffer);
    return ext4_inode_set_size(inode, bytes);
}

static int content_begin(struct ext4_inode *directory, const char *target, uint32_t target_bytes,
                         struct ext4_inode *inode)
{
    unsigned type = ext4_inode_type(inode);
    if (type == EXT4_S_IFLNK) {
        int error = target_set(inode, target, target_bytes);
        return error ? error : ext4_inode_set_links(inode, 1);
    }
    if (type != EXT4_S_IFDIR)
        return ext4_inode_set_links(inode, 1);
    int error = ext4_directory_init(inode, directory);
    if (!error)
        error = ext4_inode_set_links(inode, 2);
    return error ? error : ext4_inode_add_links(directory, 1);
}

int ext4_make(struct ext4_inode *directory, const struct ext4_name *name,
              const struct ext4_make *make, const char *target, uint32_t target_bytes,
              struct ext4_inode *inode)
{
    int error = name_check_free(directory, name);
    if (!error && (make->mode & EXT4_S_IFMT) == EXT4_S_IFDIR)
        error = ext4_inode_links_check(directory);
    if (!error)
        error = ext4_inode_create(directory, make, inode);
    if (error)
        return error;
    error = content_begin(directory, target, target_bytes, inode);
    if (!error)
        error = ext4_name_add(directory, name, inode);
    if (!error)
        error = ext4_inode_touch(directory, changed);
    if (error)
        ext4_inode_put(inode);
    return error;
}

int ext4_link(struct ext4_inode *inode, struct ext4_inode *directory, const struct ext4_name *name)
{
    if (ext4_inode_type(inode) == EXT4_S_IFDIR)
        return -E_PERM;
    if (ext4_inode_links(inode) == 0)
        return -E_NOENT;
    int error = name_check_free(directory, name);
    if (!error)
        error = ext4_inode_add_links(inode, 1);
    if (!error)
        error = ext4_name_add(directory, name, inode);
    if (!error)
        error = ext4_inode_touch(inode, EXT4_TOUCH_CTIME);
    return error ? error : ext4_inode_touch(directory, changed);
}

// ---- removing ----

static bool is_dots(const struct ext4_name *name)
{
    return name->bytes[0] == '.' &&
           (name->length == 1 || (name->length == 2 && name->bytes[1] == '.'));
}

int ext4_inode_of_name(struct ext4 *fs, uint32_t ino, struct ext4_inode *inode)
{
    int error = ext4_inode_get(fs, ino, inode);
    if (error == -E_SRCH)
        error = ext4_report(fs, -E_UCLEAN, "name of an inode that is not in use", ino, 0);
    return error;
}

// An inode with an old block map stays: it could not be freed.
int ext4_inode_lose_name(struct ext4_inode *inode)
{
    bool last = ext4_inode_type(inode) == EXT4_S_IFDIR || ext4_inode_links(inode) <= 1;
    if (last && !(inode->flags & EXT4_EXTENTS_FL) && ext4_inode_has_map(inode))
        return ext4_report(inode->fs, -E_OPNOTSUPP, "cannot free an old block map", inode->ino,
                           inode->buffer->block);
    int error = ext4_inode_type(inode) == EXT4_S_IFDIR ? ext4_inode_set_links(inode, 0)
                                                       : ext4_inode_add_links(inode, -1);
    if (!error && ext4_inode_links(inode) == 0)
        error = ext4_orphan_add(inode);
    return error ? error : ext4_inode_touch(inode, EXT4_TOUCH_CTIME);
}

static int remove_check(const struct ext4_inode *inode, bool rmdir)
{
    bool directory = ext4_inode_type(inode) == EXT4_S_IFDIR;
    if (directory && !rmdir)
        return -E_ISDIR;
    if (!directory && rmdir)
        return -E_NOTDIR;
    if (!directory)
        return 0;
    int empty = ext4_directory_is_empty(inode);
    return empty < 0 ? empty : empty ? 0 : -E_NOTEMPTY;
}

static int remove_at(struct ext4_inode *directory, struct ext4_place *place, bool rmdir,
                     struct ext4_inode *inode)
{
    int error = remove_check(inode, rmdir);
    if (!error)
        error = ext4_place_remove(directory, place);
    if (!error)
        error = ext4_inode_lose_name(inode);
    if (!error && rmdir)
        error = ext4_inode_add_links(directory, -1);
    return error ? error : ext4_inode_touch(directory, changed);
}

int ext4_remove(struct ext4_inode *directory, const struct ext4_name *name, bool rmdir,
                const struct fs_inode_id *expected, struct ext4_inode *inode)
{
    struct ext4_place place;
    if (is_dots(name))
        return -E_INVAL;
    int error = ext4_place_find(directory, name, &place);
    if (error)
        return error;
    error =
        place.ino == expected->ino ? ext4_inode_of_name(directory->fs, place.ino, inode) : -E_SRCH;
    if (!error) {
        error = inode->generation == expected->generation
                    ? remove_at(directory, &place, rmdir, inode)
                    : -E_SRCH;
        if (error)
            ext4_inode_put(inode);
    }
    ext4_place_put(directory->fs, &place);
    return error;
}
