// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Renaming. A place found before an entry is added may lie elsewhere behind it (a block was split),
// so names are looked up again where it matters.

#include "fs/ext4/change.h"

enum { DEPTH_MAX = 65536 }; // of a directory below the root; more is a cycle on the disk

static const struct ext4_name dotdot = {"..", 2};

static bool is_directory(const struct ext4_inode *inode)
{
    return ext4_inode_type(inode) == EXT4_S_IFDIR;
}

static bool is_dots(const struct ext4_name *name)
{
    return name->bytes[0] == '.' &&
           (name->length == 1 || (name->length == 2 && name->bytes[1] == '.'));
}

// Opens what the name leads to.
static int target_open(const struct ext4_inode *directory, const struct ext4_name *name,
                       struct ext4_inode *inode)
{
    struct ext4_place place;
    int error = ext4_place_find(directory, name, &place);
    if (error)
        return error;
    ext4_place_put(directory->fs, &place);
    return ext4_inode_of_name(directory->fs, place.ino, inode);
}

// -E_INVAL: `below` is `directory` or lies under it.
static int subtree_check(const struct ext4_inode *directory, const struct ext4_inode *below)
{
    struct ext4 *fs = directory->fs;
    uint32_t ino = below->ino;
    for (unsigned depth = 0; depth < DEPTH_MAX; depth++) {
        struct ext4_inode at;
        if (ino == directory->ino)
            return -E_INVAL;
        if (ino == EXT4_ROOT_INO)
            return 0;
        int error = ext4_inode_get_used(fs, ino, &at);
        if (error)
            return error;
        error = ext4_lookup(&at, dotdot.bytes, dotdot.length, &ino);
        ext4_inode_put(&at);
        if (error)
            return error;
    }
    return ext4_report(fs, -E_UCLEAN, "cycle of directories", below->ino, 0);
}

// The name's entry gets another inode.
static int name_change(struct ext4_inode *directory, const struct ext4_name *name,
                       const struct ext4_inode *to)
{
    struct ext4_place place;
    int error = ext4_place_find(directory, name, &place);
    if (error)
        return error;
    error = ext4_place_change(directory, &place, to);
    ext4_place_put(directory->fs, &place);
    return error;
}

static int name_remove(struct ext4_inode *directory, const struct ext4_name *name)
{
    struct ext4_place place;
    int error = ext4_place_find(directory, name, &place);
    if (error)
        return error;
    error = ext4_place_remove(directory, &place);
    ext4_place_put(directory->fs, &place);
    return error;
}

static int links_change(struct ext4_inode *directory, int by)
{
    return by ? ext4_inode_add_links(directory, by) : 0;
}

// Counts of subdirectories: `arrived` went to the new directory (NULL: none), `gone` left it.
static int parents_update(const struct ext4_rename *rename, const struct ext4_inode *arrived,
                          const struct ext4_inode *gone, bool gone_to_old)
{
    int in = arrived && is_directory(arrived) ? 1 : 0;
    int out = gone && is_directory(gone) ? 1 : 0;
    int old_by = (gone_to_old ? out : 0) - in, new_by = in - out, error;
    if (rename->old_directory == rename->new_directory)
        return links_change(rename->new_directory, old_by + new_by);
    error = links_change(rename->old_directory, old_by);
    return error ? error : links_change(rename->new_directory, new_by);
}

static int times_update(const struct ext4_rename *rename, struct ext4_inode *moved)
{
    const unsigned changed = EXT4_TOUCH_MTIME | EXT4_TOUCH_CTIME;
    int error = ext4_inode_touch(moved, EXT4_TOUCH_CTIME);
    if (!error)
        error = ext4_inode_touch(rename->old_directory, changed);
    if (!error && rename->old_directory != rename->new_directory)
        error = ext4_inode_touch(rename->new_directory, changed);
    return error;
}

static int replace_check(const struct ext4_inode *moved, const struct ext4_inode *replaced)
{
    if (is_directory(moved) && !is_directory(replaced))
        return -E_NOTDIR;
    if (!is_directory(moved) && is_directory(replaced))
        return -E_ISDIR;
    int empty = is_directory(replaced) ? ext4_directory_is_empty(replaced) : 1;
    return empty < 0 ? empty : empty ? 0 : -E_NOTEMPTY;
}

static int move(const struct ext4_rename *rename, struct ext4_inode *moved,
                struct ext4_inode *replaced)
{
    bool across = rename->old_directory != rename->new_directory;
    int error;
    if (replaced) {
        error = replace_check(moved, replaced);
        if (!error)
            error = name_change(rename->new_directory, &rename->new_name, moved);
    } else {
        error = across && is_directory(moved) ? ext4_inode_links_check(rename->new_directory) : 0;
        if (!error)
            error = ext4_name_add(rename->new_directory, &rename->new_name, moved);
    }
    if (!error)
        error = name_remove(rename->old_directory, &rename->old_name);
    if (!error && across && is_directory(moved))
        error = name_change(moved, &dotdot, rename->new_directory);
    if (!error && replaced)
        error = ext4_inode_lose_name(replaced);
    if (!error)
        error = parents_update(rename, moved, replaced, false);
    return error ? error : times_update(rename, moved);
}

static int exchange(const struct ext4_rename *rename, struct ext4_inode *moved,
                    struct ext4_inode *other)
{
    bool across = rename->old_directory != rename->new_directory;
    int error = name_change(rename->new_directory, &rename->new_name, moved);
    if (!error)
        error = name_change(rename->old_directory, &rename->old_name, other);
    if (!error && across && is_directory(moved))
        error = name_change(moved, &dotdot, rename->new_directory);
    if (!error && across && is_directory(other))
        error = name_change(other, &dotdot, rename->old_directory);
    if (!error)
        error = parents_update(rename, moved, other, true);
    if (!error)
        error = ext4_inode_touch(other, EXT4_TOUCH_CTIME);
    return error ? error : times_update(rename, moved);
}

static int rename_opened(const struct ext4_rename *rename, struct ext4_inode *moved,
                         struct ext4_inode *replaced)
{
    bool swap = (rename->flags & FS_RENAME_EXCHANGE) != 0;
    bool across = rename->old_directory != rename->new_directory;
    if (replaced && (rename->flags & FS_RENAME_NO_REPLACE))
        return -E_EXIST;
    if (swap && !replaced)
        return -E_NOENT;
    if (replaced && replaced->ino == moved->ino) // two names of one file: both stay
        return 0;
    if (ext4_inode_links(rename->new_directory) == 0)
        return -E_NOENT;
    int error = 0;
    if (across && is_directory(moved))
        error = subtree_check(moved, rename->new_directory);
    if (!error && swap && across && is_directory(replaced))
        error = subtree_check(replaced, rename->old_directory);
    if (error)
        return error;
    return swap ? exchange(rename, moved, replaced) : move(rename, moved, replaced);
}

int ext4_rename(const struct ext4_rename *rename, struct ext4_inode *moved,
                struct ext4_inode *replaced)
{
    const uint64_t known = FS_RENAME_NO_REPLACE | FS_RENAME_EXCHANGE;
    replaced->buffer = NULL;
    if (is_dots(&rename->old_name) || is_dots(&rename->new_name) || (rename->flags & ~known) ||
        rename->flags == known)
        return -E_INVAL;
    int error = target_open(rename->old_directory, &rename->old_name, moved);
    if (error)
        return error;
    error = target_open(rename->new_directory, &rename->new_name, replaced);
    bool found = error == 0;
    if (error == -E_NOENT)
        error = 0;
    if (!error)
        error = rename_opened(rename, moved, found ? replaced : NULL);
    bool keep =
        found && !error && replaced->ino != moved->ino && !(rename->flags & FS_RENAME_EXCHANGE);
    if (found && !keep) {
        ext4_inode_put(replaced);
        replaced->buffer = NULL;
    }
    if (error)
        ext4_inode_put(moved);
    return error;
}
