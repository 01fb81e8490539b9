// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// rename, renameat2.
//
// On a file system that sleeps, at most one rename runs at a time (rename_busy), so that taking two
// directory locks cannot deadlock: everybody else holds only one.

#include <string.h>

#include "servers/posix/vfs/modify.h"

static bool rename_busy;
static struct wait_queue rename_wait = WAIT_QUEUE_INIT(rename_wait);

struct rename {
    const struct vfs_caller *who;
    struct walk old_walk, new_walk;
    struct dentry *old, *new;
    uint32_t flags;
};

static void rename_lock(struct rename *r)
{
    struct inode *old_directory = r->old_walk.at.dentry->inode;
    struct inode *new_directory = r->new_walk.at.dentry->inode;
    if ((old_directory->superblock->flags & SUPERBLOCK_SLEEPS) == 0)
        return;
    while (rename_busy)
        (void)wait_sleep(&rename_wait, DEADLINE_NEVER, WAIT_UNINTERRUPTIBLE);
    rename_busy = true;
    inode_lock(old_directory);
    if (new_directory != old_directory)
        inode_lock(new_directory);
}

static void rename_unlock(struct rename *r)
{
    struct inode *old_directory = r->old_walk.at.dentry->inode;
    struct inode *new_directory = r->new_walk.at.dentry->inode;
    if ((old_directory->superblock->flags & SUPERBLOCK_SLEEPS) == 0)
        return;
    if (new_directory != old_directory)
        inode_unlock(new_directory);
    inode_unlock(old_directory);
    rename_busy = false;
    wait_wake_all(&rename_wait);
}

// Types and places that cannot be renamed into each other.
static int rename_check_places(const struct rename *r)
{
    const struct dentry *old_directory = r->old_walk.at.dentry;
    const struct dentry *new_directory = r->new_walk.at.dentry;
    bool exchange = (r->flags & VFS_RENAME_EXCHANGE) != 0;
    if (r->old->inode == NULL)
        return -E_NOENT;
    if ((r->flags & VFS_RENAME_NOREPLACE) != 0 && r->new->inode != NULL)
        return -E_EXIST;
    if (exchange && r->new->inode == NULL)
        return -E_NOENT;
    if (!linux_s_isdir(r->old->inode->mode) &&
        (r->old_walk.trailing_slash || (!exchange && r->new_walk.trailing_slash)))
        return -E_NOTDIR;
    if (exchange && r->new_walk.trailing_slash && !linux_s_isdir(r->new->inode->mode))
        return -E_NOTDIR;
    if (dentry_is_below(new_directory, r->old))
        return -E_INVAL;
    if (dentry_is_below(old_directory, r->new))
        return exchange ? -E_INVAL : -E_NOTEMPTY;
    return 0;
}

static int rename_check_permissions(const struct rename *r)
{
    const struct vfs_caller *who = r->who;
    struct inode *moved = r->old->inode, *target = r->new->inode;
    bool exchange = (r->flags & VFS_RENAME_EXCHANGE) != 0;
    int error = directory_may_remove(who, &r->old_walk.at, moved);
    if (error != 0)
        return error;
    if (target == NULL) {
        error = directory_may_add(who, &r->new_walk.at);
    } else {
        error = directory_may_remove(who, &r->new_walk.at, target);
        if (error == 0 && !exchange && linux_s_isdir(moved->mode) != linux_s_isdir(target->mode))
            error = linux_s_isdir(moved->mode) ? -E_NOTDIR : -E_ISDIR;
    }
    if (error != 0)
        return error;
    if (r->old_walk.at.dentry != r->new_walk.at.dentry) {
        // A directory that gets another parent is written: its "..".
        if (linux_s_isdir(moved->mode) && (error = inode_permission(who, moved, MAY_WRITE)) != 0)
            return error;
        if (exchange && linux_s_isdir(target->mode) &&
            (error = inode_permission(who, target, MAY_WRITE)) != 0)
            return error;
    }
    if (r->old->mounted != 0 || r->new->mounted != 0)
        return -E_BUSY;
    return 0;
}

static void rename_commit_names(struct rename *r, struct dentry_move *forth,
                                struct dentry_move *back)
{
    struct inode *target = r->new->inode;
    if (r->flags & VFS_RENAME_EXCHANGE) {
        dentry_unhash(r->new);
        dentry_move_commit(forth);
        dentry_hash(r->new);
        dentry_move_commit(back);
        return;
    }
    if (target != NULL && linux_s_isdir(target->mode))
        target->flags |= INODE_DEAD;
    dentry_unhash(r->new);
    dentry_move_commit(forth);
}

static int rename_apply(struct rename *r)
{
    struct inode *old_directory = r->old_walk.at.dentry->inode;
    struct inode *new_directory = r->new_walk.at.dentry->inode;
    struct inode *moved = r->old->inode, *target = r->new->inode;
    bool exchange = (r->flags & VFS_RENAME_EXCHANGE) != 0;
    if (moved == target)
        return 0;
    if (old_directory->ops->rename == NULL)
        return -E_PERM;
    // Both names as they are now: commits change the dentries that hold them.
    char old_text[LINUX_NAME_MAX + 1], new_text[LINUX_NAME_MAX + 1];
    memcpy(old_text, r->old->name, (size_t)r->old->length + 1);
    memcpy(new_text, r->new->name, (size_t)r->new->length + 1);
    struct name old_name = {old_text, r->old->length, r->old->hash};
    struct name new_name = {new_text, r->new->length, r->new->hash};
    struct dentry_move forth, back = {.long_name = NULL};
    int error = dentry_move_prepare(&forth, r->old, r->new_walk.at.dentry, &new_name);
    if (error != 0)
        return error;
    if (exchange) {
        error = dentry_move_prepare(&back, r->new, r->old_walk.at.dentry, &old_name);
        if (error != 0) {
            dentry_move_abort(&forth);
            return error;
        }
    }
    error = old_directory->ops->rename(old_directory, old_text, old_name.length, moved,
                                       new_directory, new_text, new_name.length, target, exchange);
    if (error != 0) {
        dentry_move_abort(&forth);
        dentry_move_abort(&back);
        return error;
    }
    rename_commit_names(r, &forth, &back);
    return 0;
}

static int rename_walked(struct rename *r)
{
    if (r->old_walk.at.mount != r->new_walk.at.mount)
        return -E_XDEV;
    if (r->old_walk.last_kind != LAST_NORMAL)
        return -E_BUSY;
    if (r->new_walk.last_kind != LAST_NORMAL)
        return (r->flags & VFS_RENAME_NOREPLACE) ? -E_EXIST : -E_BUSY;
    int error = walk_last(&r->old_walk, &r->old);
    if (error != 0)
        return error;
    error = walk_last(&r->new_walk, &r->new);
    if (error == 0) {
        rename_lock(r);
        if (!dentry_is_current(r->old, r->old_walk.at.dentry) ||
            !dentry_is_current(r->new, r->new_walk.at.dentry))
            error = -E_NOENT;
        if (error == 0)
            error = rename_check_places(r);
        if (error == 0)
            error = rename_check_permissions(r);
        if (error == 0)
            error = rename_apply(r);
        rename_unlock(r);
        dentry_put(r->new);
    }
    dentry_put(r->old);
    return error;
}

int vfs_rename(const struct vfs_caller *who, struct path_argument from, struct path_argument to,
               uint32_t flags)
{
    if ((flags & ~(uint32_t)(VFS_RENAME_NOREPLACE | VFS_RENAME_EXCHANGE)) != 0 ||
        flags == (VFS_RENAME_NOREPLACE | VFS_RENAME_EXCHANGE))
        return -E_INVAL;
    struct rename r = {.who = who, .flags = flags};
    int error = walk_begin(&r.old_walk, who, from.start, from.text, 0);
    if (error == 0)
        error = walk_parent(&r.old_walk, from.text);
    if (error == 0) {
        // The second walk may sleep: what the first one reached must be pinned.
        vfs_path_get(&r.old_walk.at);
        struct path held = r.old_walk.at;
        error = walk_begin(&r.new_walk, who, to.start, to.text, 0);
        if (error == 0)
            error = walk_parent(&r.new_walk, to.text);
        if (error == 0)
            error = rename_walked(&r);
        walk_end(&r.new_walk);
        vfs_path_put(&held);
    }
    walk_end(&r.old_walk);
    return error;
}
