// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Making and removing names: mkdir, mknod, symlink, link, unlink, rmdir. Renaming is in rename.c.

#include <string.h>

#include "servers/posix/vfs/modify.h"

void directory_lock(struct inode *directory)
{
    if (directory->superblock->flags & SUPERBLOCK_SLEEPS)
        inode_lock(directory);
}

void directory_unlock(struct inode *directory)
{
    if (directory->superblock->flags & SUPERBLOCK_SLEEPS)
        inode_unlock(directory);
}

bool dentry_is_current(const struct dentry *dentry, const struct dentry *directory)
{
    return dentry->parent == directory && (dentry->flags & DENTRY_HASHED) != 0;
}

uint32_t inode_new_gid(const struct vfs_caller *who, const struct inode *directory)
{
    return (directory->mode & LINUX_S_ISGID) != 0 ? directory->gid : who->gid;
}

int directory_make(const struct vfs_caller *who, const struct path *directory,
                   struct dentry *dentry, const struct inode_make *what)
{
    struct inode *parent = directory->dentry->inode;
    int error = directory_may_add(who, directory);
    if (error != 0)
        return error;
    if (parent->ops->make == NULL)
        return -E_PERM;
    directory_lock(parent);
    struct inode *inode = NULL;
    if (dentry->inode != NULL)
        error = -E_EXIST; // somebody was faster while we waited for the lock
    else if (parent->flags & INODE_DEAD)
        error = -E_NOENT;
    else
        error = parent->ops->make(parent, dentry->name, dentry->length, what, &inode);
    if (error == 0)
        dentry_set_inode(dentry, inode);
    directory_unlock(parent);
    return error;
}

// A name for something new: the dentry, negative. E_EXIST.
static int walk_to_new(struct walk *walk, const struct vfs_caller *who, struct path_argument where,
                       bool directory, struct dentry **out)
{
    int error = walk_begin(walk, who, where.start, where.text, 0);
    if (error == 0)
        error = walk_parent(walk, where.text);
    if (error != 0)
        return error;
    if (walk->last_kind != LAST_NORMAL)
        return -E_EXIST;
    error = walk_last(walk, out);
    if (error != 0)
        return error;
    if ((*out)->inode != NULL)
        error = -E_EXIST;
    else if (walk->trailing_slash && !directory)
        error = -E_NOENT;
    if (error != 0)
        dentry_put(*out);
    return error;
}

int vfs_make(const struct vfs_caller *who, struct path_argument where, uint32_t mode,
             uint64_t special_device, const char *target)
{
    struct walk walk;
    struct dentry *dentry;
    bool directory = linux_s_isdir(mode);
    int error = walk_to_new(&walk, who, where, directory, &dentry);
    if (error == 0) {
        struct inode *parent = walk.at.dentry->inode;
        struct inode_make what = {
            .mode = linux_s_islnk(mode) ? mode : mode & ~who->fs->umask,
            .uid = who->uid,
            .gid = inode_new_gid(who, parent),
            .special_device = special_device,
            .target = target,
        };
        if (directory)
            what.mode |= parent->mode & LINUX_S_ISGID;
        error = directory_make(who, &walk.at, dentry, &what);
        dentry_put(dentry);
    }
    walk_end(&walk);
    return error;
}

static int link_to(const struct vfs_caller *who, const struct path *from, const struct walk *walk,
                   struct dentry *dentry)
{
    struct inode *inode = from->dentry->inode;
    struct inode *parent = walk->at.dentry->inode;
    int error = directory_may_add(who, &walk->at);
    if (error != 0)
        return error;
    if (from->mount != walk->at.mount)
        return -E_XDEV;
    if (linux_s_isdir(inode->mode) || parent->ops->link == NULL)
        return -E_PERM;
    if (inode->links == 0 && (inode->flags & INODE_MAY_LINK) == 0)
        return -E_NOENT;
    directory_lock(parent);
    if (dentry->inode != NULL)
        error = -E_EXIST;
    else
        error = parent->ops->link(parent, dentry->name, dentry->length, inode);
    if (error == 0)
        dentry_set_inode(dentry, inode_hold(inode));
    directory_unlock(parent);
    return error;
}

int vfs_link(const struct vfs_caller *who, struct path_argument from, struct path_argument to,
             uint32_t lookup_flags)
{
    struct path source;
    int error = vfs_lookup(who, from.start, from.text, lookup_flags, &source);
    if (error != 0)
        return error;
    struct walk walk;
    struct dentry *dentry;
    error = walk_to_new(&walk, who, to, false, &dentry);
    if (error == 0) {
        error = link_to(who, &source, &walk, dentry);
        dentry_put(dentry);
    }
    walk_end(&walk);
    vfs_path_put(&source);
    return error;
}

// ---- removing ----

static int remove_dentry(const struct vfs_caller *who, const struct path *directory,
                         struct dentry *dentry, bool is_directory)
{
    struct inode *parent = directory->dentry->inode;
    struct inode *inode = dentry->inode;
    int error = directory_may_remove(who, directory, inode);
    if (error != 0)
        return error;
    if (is_directory != (bool)linux_s_isdir(inode->mode))
        return is_directory ? -E_NOTDIR : -E_ISDIR;
    if (dentry->mounted != 0)
        return -E_BUSY;
    inode_hold(inode);
    directory_lock(parent);
    int (*operation)(struct inode *, const char *, size_t, struct inode *) =
        is_directory ? parent->ops->rmdir : parent->ops->unlink;
    if (dentry->inode != inode)
        error = -E_NOENT;
    else if (operation == NULL)
        error = -E_PERM;
    else
        error = operation(parent, dentry->name, dentry->length, inode);
    if (error == 0) {
        if (is_directory)
            inode->flags |= INODE_DEAD;
        dentry_forget(dentry);
    }
    directory_unlock(parent);
    inode_put(inode);
    return error;
}

static int walk_to_victim(struct walk *walk, const struct vfs_caller *who,
                          struct path_argument where)
{
    int error = walk_begin(walk, who, where.start, where.text, 0);
    return error != 0 ? error : walk_parent(walk, where.text);
}

int vfs_unlink(const struct vfs_caller *who, struct path_argument where)
{
    struct walk walk;
    struct dentry *dentry;
    int error = walk_to_victim(&walk, who, where);
    if (error == 0 && walk.last_kind != LAST_NORMAL)
        error = -E_ISDIR;
    if (error == 0 && (error = walk_last(&walk, &dentry)) == 0) {
        if (dentry->inode == NULL)
            error = -E_NOENT;
        else if (walk.trailing_slash)
            error = linux_s_isdir(dentry->inode->mode) ? -E_ISDIR : -E_NOTDIR;
        else
            error = remove_dentry(who, &walk.at, dentry, false);
        dentry_put(dentry);
    }
    walk_end(&walk);
    return error;
}

int vfs_rmdir(const struct vfs_caller *who, struct path_argument where)
{
    static const int last_error[] = {
        [LAST_DOT] = -E_INVAL, [LAST_DOTDOT] = -E_NOTEMPTY, [LAST_ROOT] = -E_BUSY};
    struct walk walk;
    struct dentry *dentry;
    int error = walk_to_victim(&walk, who, where);
    if (error == 0)
        error = last_error[walk.last_kind];
    if (error == 0 && (error = walk_last(&walk, &dentry)) == 0) {
        if (dentry->inode == NULL)
            error = -E_NOENT;
        else
            error = remove_dentry(who, &walk.at, dentry, true);
        dentry_put(dentry);
    }
    walk_end(&walk);
    return error;
}
