// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// tmpfs: directories are struct tree_directory, file contents are page-cache pages that stay, holes
// are absent pages.
//
// An inode lives while a directory entry, a dentry or an open file holds it. `size` bounds the
// pages of all files, `nr_inodes` the number of inodes.

#include "servers/posix/fs/tmpfs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "servers/posix/fs/mount_options.h"
#include "servers/posix/fs/xattr_list.h"
#include "servers/posix/pagecache.h"
#include "servers/posix/vfs/vfs_memory.h"

enum {
    TMPFS_MAGIC = 0x01021994,
    ENTRY_SIZE = 20, // what one name adds to a directory's size, as Linux's tmpfs shows it
    BLOCKS_PER_PAGE = PAGE_SIZE / 512,
    FALLOC_KEEP_SIZE = 1,
    FALLOC_PUNCH_HOLE = 2,
};

struct tmpfs {
    uint64_t max_pages, used_pages;
    uint64_t max_inodes, used_inodes;
    uint64_t last_number;
    bool size_given;
    // Unmounting frees the tree without recursion: directories hand their entries over to this
    // list.
    bool freeing;
    struct list doomed; // struct tree_entry.node
};

struct tmpfs_node {
    struct tree_directory directory;
    struct xattr_list xattrs;
    char *target; // of a symbolic link
};

static const struct inode_operations directory_operations, file_operations, link_operations,
    node_operations;
static const struct file_operations directory_file_operations;

static struct tmpfs *tmpfs_of(const struct inode *inode)
{
    return inode->superblock->data;
}

static struct tree_directory *directory_of(const struct inode *inode)
{
    return &((struct tmpfs_node *)inode->data)->directory;
}

// ---- inodes ----

static void node_set_operations(struct inode *inode)
{
    switch (inode->mode & LINUX_S_IFMT) {
    case LINUX_S_IFREG:
        inode->ops = &file_operations;
        inode->file_ops = &cached_file_operations;
        inode->flags |= INODE_CACHED_DATA;
        break;
    case LINUX_S_IFDIR:
        inode->ops = &directory_operations;
        inode->file_ops = &directory_file_operations;
        inode->links = 2;
        inode->size = 2 * ENTRY_SIZE;
        break;
    case LINUX_S_IFLNK:
        inode->ops = &link_operations;
        break;
    default:
        inode->ops = &node_operations;
    }
}

static int node_create(struct superblock *superblock, const struct inode_make *what,
                       struct inode **out)
{
    struct tmpfs *tmpfs = superblock->data;
    if (tmpfs->used_inodes >= tmpfs->max_inodes)
        return -E_NOSPC;
    struct tmpfs_node *node = calloc(1, sizeof(*node));
    if (node == NULL)
        return -E_NOMEM;
    tree_directory_init(&node->directory);
    xattr_list_init(&node->xattrs);
    size_t length = 0;
    if (what->target != NULL) {
        length = strlen(what->target);
        node->target = malloc(length + 1);
        if (node->target == NULL) {
            free(node);
            return -E_NOMEM;
        }
        memcpy(node->target, what->target, length + 1);
    }
    struct inode *inode = inode_create(superblock, ++tmpfs->last_number, what->mode);
    if (inode == NULL) {
        free(node->target);
        free(node);
        return -E_NOMEM;
    }
    inode->uid = what->uid;
    inode->gid = what->gid;
    inode->special_device = what->special_device;
    inode->size = length;
    inode->data = node;
    node_set_operations(inode);
    tmpfs->used_inodes++;
    *out = inode;
    return 0;
}

// The entries of a directory that goes with its file system: their inodes go too, one after the
// other.
static void directory_free_entries(struct tmpfs *tmpfs, struct tree_directory *directory)
{
    struct list *node;
    while ((node = list_pop_head(&directory->entries)) != NULL)
        list_add_tail(&tmpfs->doomed, node);
    if (tmpfs->freeing)
        return; // the loop below, further out, takes them
    tmpfs->freeing = true;
    while ((node = list_pop_head(&tmpfs->doomed)) != NULL) {
        struct tree_entry *entry = list_entry(node, struct tree_entry, node);
        struct inode *inode = entry->inode;
        free(entry);
        inode_put(inode);
    }
    tmpfs->freeing = false;
}

static void tmpfs_evict(struct inode *inode)
{
    struct tmpfs_node *node = inode->data;
    struct tmpfs *tmpfs = tmpfs_of(inode);
    directory_free_entries(tmpfs, &node->directory);
    tree_directory_destroy(&node->directory);
    xattr_list_destroy(&node->xattrs);
    free(node->target);
    free(node);
    tmpfs->used_inodes--;
}

// ---- directories ----

static int tmpfs_lookup(struct inode *directory, const char *name, size_t length,
                        struct inode **out)
{
    const struct tree_entry *entry = tree_directory_find(directory_of(directory), name, length);
    if (entry == NULL)
        return -E_NOENT;
    *out = inode_hold(entry->inode);
    return 0;
}

// The entry for an inode whose reference it takes over; sizes, links and times of the directory
// follow.
static int entry_add(struct inode *directory, const char *name, size_t length, struct inode *inode)
{
    int error = tree_directory_add(directory_of(directory), name, length, inode);
    if (error != 0)
        return error;
    directory->size += ENTRY_SIZE;
    if (linux_s_isdir(inode->mode))
        directory->links++;
    inode_mark_modified(directory);
    return 0;
}

static void entry_remove(struct inode *directory, const char *name, size_t length)
{
    struct tree_directory *tree = directory_of(directory);
    struct inode *inode = tree_directory_remove(tree, tree_directory_find(tree, name, length));
    directory->size -= ENTRY_SIZE;
    if (linux_s_isdir(inode->mode))
        directory->links--;
    inode_mark_modified(directory);
    inode_put(inode);
}

static int tmpfs_make(struct inode *directory, const char *name, size_t length,
                      const struct inode_make *what, struct inode **out)
{
    struct inode *inode;
    int error = node_create(directory->superblock, what, &inode);
    if (error != 0)
        return error;
    error = entry_add(directory, name, length, inode_hold(inode));
    if (error != 0) {
        inode_put(inode);
        inode_put(inode);
        return error;
    }
    *out = inode;
    return 0;
}

int tmpfs_make_unnamed(struct superblock *superblock, const struct inode_make *what,
                       struct inode **out)
{
    int error = node_create(superblock, what, out);
    if (error == 0)
        (*out)->links = 0;
    return error;
}

static int tmpfs_make_unnamed_in(struct inode *directory, const struct inode_make *what,
                                 struct inode **out)
{
    return tmpfs_make_unnamed(directory->superblock, what, out);
}

static int tmpfs_link(struct inode *directory, const char *name, size_t length, struct inode *inode)
{
    int error = entry_add(directory, name, length, inode_hold(inode));
    if (error != 0) {
        inode_put(inode);
        return error;
    }
    inode->links++;
    inode_mark_changed(inode);
    return 0;
}

static int tmpfs_unlink(struct inode *directory, const char *name, size_t length,
                        struct inode *inode)
{
    inode->links--;
    inode_mark_changed(inode);
    entry_remove(directory, name, length);
    return 0;
}

static int tmpfs_rmdir(struct inode *directory, const char *name, size_t length,
                       struct inode *inode)
{
    if (directory_of(inode)->count != 0)
        return -E_NOTEMPTY;
    inode->links = 0;
    entry_remove(directory, name, length);
    return 0;
}

// What a name leads to changes; directories' link counts follow.
static void entry_point_to(struct inode *directory, struct tree_entry *entry, struct inode *inode)
{
    struct inode *old = entry->inode;
    entry->inode = inode;
    directory->links += (uint32_t)(linux_s_isdir(inode->mode) - linux_s_isdir(old->mode));
    inode_mark_modified(directory);
}

static int tmpfs_rename(struct inode *old_directory, const char *old_name, size_t old_length,
                        struct inode *inode, struct inode *new_directory, const char *new_name,
                        size_t new_length, struct inode *target, bool exchange)
{
    struct tree_entry *old_entry =
        tree_directory_find(directory_of(old_directory), old_name, old_length);
    if (exchange) {
        struct tree_entry *new_entry =
            tree_directory_find(directory_of(new_directory), new_name, new_length);
        entry_point_to(old_directory, old_entry, target); // the references change places
        entry_point_to(new_directory, new_entry, inode);
        inode_mark_changed(target);
        inode_mark_changed(inode);
        return 0;
    }
    if (target != NULL) {
        if (linux_s_isdir(target->mode) && directory_of(target)->count != 0)
            return -E_NOTEMPTY;
        struct tree_entry *new_entry =
            tree_directory_find(directory_of(new_directory), new_name, new_length);
        entry_point_to(new_directory, new_entry, inode_hold(inode));
        target->links = linux_s_isdir(target->mode) ? 0 : target->links - 1;
        inode_mark_changed(target);
        inode_put(target);
    } else {
        int error = entry_add(new_directory, new_name, new_length, inode_hold(inode));
        if (error != 0) {
            inode_put(inode);
            return error;
        }
    }
    entry_remove(old_directory, old_name, old_length);
    inode_mark_changed(inode);
    return 0;
}

static int tmpfs_readdir(struct file *file, struct readdir_sink *sink)
{
    if (!readdir_dots(file, sink))
        return 0;
    inode_mark_accessed(file->inode);
    return tree_directory_read(directory_of(file->inode), file, sink);
}

static int64_t tmpfs_readlink(struct inode *link, const struct vfs_caller *who, char *buffer,
                              size_t size)
{
    const struct tmpfs_node *node = link->data;
    size_t length = link->size < size ? (size_t)link->size : size;
    (void)who;
    memcpy(buffer, node->target, length);
    return (int64_t)length;
}

// ---- files ----

static int tmpfs_set_attributes(struct inode *inode, const struct attributes *change)
{
    if (change->valid & ATTRIBUTE_SIZE) {
        if (change->size < inode->size)
            pagecache_truncate(inode, change->size, UINT64_MAX);
        inode->size = change->size;
    }
    inode_apply_attributes(inode, change);
    return 0;
}

static int tmpfs_reserve(struct inode *inode, uint64_t count)
{
    struct tmpfs *tmpfs = tmpfs_of(inode);
    if (count > tmpfs->max_pages - tmpfs->used_pages)
        return -E_NOSPC;
    tmpfs->used_pages += count;
    inode->blocks += count * BLOCKS_PER_PAGE;
    return 0;
}

static void tmpfs_release(struct inode *inode, uint64_t count)
{
    tmpfs_of(inode)->used_pages -= count;
    inode->blocks -= count * BLOCKS_PER_PAGE;
}

static int64_t tmpfs_seek_data(struct inode *inode, uint64_t offset, bool hole)
{
    uint64_t index = offset / PAGE_SIZE, found = index;
    if (!hole) {
        if (page_tree_next(&inode->pages, &found) == NULL || found * PAGE_SIZE >= inode->size)
            return -E_NXIO;
        return (int64_t)(found == index ? offset : found * PAGE_SIZE);
    }
    while (found * PAGE_SIZE < inode->size && page_tree_find(&inode->pages, found) != NULL)
        found++;
    uint64_t at = found == index ? offset : found * PAGE_SIZE;
    return (int64_t)(at < inode->size ? at : inode->size);
}

static int tmpfs_allocate(struct inode *inode, uint32_t mode, uint64_t offset, uint64_t bytes)
{
    if ((mode & ~(uint32_t)(FALLOC_KEEP_SIZE | FALLOC_PUNCH_HOLE)) != 0)
        return -E_OPNOTSUPP;
    if (mode & FALLOC_PUNCH_HOLE) {
        if ((mode & FALLOC_KEEP_SIZE) == 0)
            return -E_OPNOTSUPP;
        pagecache_truncate(inode, offset, offset + bytes);
        inode_mark_modified(inode);
        return 0;
    }
    uint64_t end = (offset + bytes + PAGE_SIZE - 1) / PAGE_SIZE;
    struct tmpfs *tmpfs = tmpfs_of(inode);
    if (end - offset / PAGE_SIZE > tmpfs->max_pages)
        return -E_NOSPC;
    for (uint64_t index = offset / PAGE_SIZE; index < end; index++) {
        int error = pagecache_make_zero(inode, index);
        if (error != 0)
            return error;
    }
    if ((mode & FALLOC_KEEP_SIZE) == 0 && offset + bytes > inode->size)
        inode->size = offset + bytes;
    inode_mark_changed(inode);
    return 0;
}

// ---- extended attributes: trusted.* and security.*, as Linux's tmpfs ----

static int64_t tmpfs_get_xattr(struct inode *inode, const char *name, void *value, size_t size)
{
    return xattr_list_get(&((struct tmpfs_node *)inode->data)->xattrs, name, value, size);
}

static int tmpfs_set_xattr(struct inode *inode, const char *name, const void *value, size_t size,
                           uint32_t flags)
{
    int error =
        xattr_list_set(&((struct tmpfs_node *)inode->data)->xattrs, name, value, size, flags);
    if (error == 0)
        inode_mark_changed(inode);
    return error;
}

static int tmpfs_remove_xattr(struct inode *inode, const char *name)
{
    int error = xattr_list_remove(&((struct tmpfs_node *)inode->data)->xattrs, name);
    if (error == 0)
        inode_mark_changed(inode);
    return error;
}

static int64_t tmpfs_list_xattr(struct inode *inode, char *list, size_t size)
{
    return xattr_list_names(&((struct tmpfs_node *)inode->data)->xattrs, list, size);
}

#define XATTR_OPERATIONS                                        \
    .get_xattr = tmpfs_get_xattr, .set_xattr = tmpfs_set_xattr, \
    .remove_xattr = tmpfs_remove_xattr, .list_xattr = tmpfs_list_xattr

static const struct inode_operations directory_operations = {
    .lookup = tmpfs_lookup,
    .make = tmpfs_make,
    .make_unnamed = tmpfs_make_unnamed_in,
    .link = tmpfs_link,
    .unlink = tmpfs_unlink,
    .rmdir = tmpfs_rmdir,
    .rename = tmpfs_rename,
    .set_attributes = tmpfs_set_attributes,
    XATTR_OPERATIONS,
};

static const struct inode_operations file_operations = {
    .set_attributes = tmpfs_set_attributes,
    .reserve_pages = tmpfs_reserve,
    .release_pages = tmpfs_release,
    .allocate = tmpfs_allocate,
    .seek_data = tmpfs_seek_data,
    XATTR_OPERATIONS,
};

static const struct inode_operations link_operations = {
    .readlink = tmpfs_readlink,
    .set_attributes = tmpfs_set_attributes,
    XATTR_OPERATIONS,
};

static const struct inode_operations node_operations = {
    .set_attributes = tmpfs_set_attributes,
    XATTR_OPERATIONS,
};

static const struct file_operations directory_file_operations = {
    .seek = file_seek,
    .readdir = tmpfs_readdir,
};

// ---- the file system ----

static int tmpfs_statfs(struct superblock *superblock, struct linux_statfs *out)
{
    const struct tmpfs *tmpfs = superblock->data;
    out->blocks = tmpfs->max_pages;
    out->free_blocks = out->available_blocks = tmpfs->max_pages - tmpfs->used_pages;
    out->files = tmpfs->max_inodes;
    out->free_files = tmpfs->max_inodes - tmpfs->used_inodes;
    return 0;
}

static size_t tmpfs_show_options(struct superblock *superblock, char *text, size_t size)
{
    const struct tmpfs *tmpfs = superblock->data;
    if (!tmpfs->size_given)
        return 0;
    int length =
        snprintf(text, size, ",size=%luk", (unsigned long)(tmpfs->max_pages * (PAGE_SIZE / 1024)));
    return length < 0 ? 0 : (size_t)length < size ? (size_t)length : size;
}

struct tmpfs_options {
    uint64_t bytes, inodes;
    uint32_t mode, uid, gid;
    bool bytes_given, inodes_given, mode_given;
};

static int tmpfs_option(const char *name, const char *value, void *context)
{
    struct tmpfs_options *options = context;
    uint64_t number = 0, total, available;
    vfs_memory_totals(&total, &available);
    if (strcmp(name, "size") == 0) {
        options->bytes_given = true;
        return mount_option_bytes(value, total, &options->bytes);
    }
    if (strcmp(name, "nr_blocks") == 0) {
        options->bytes_given = true;
        int error = mount_option_bytes(value, 0, &number);
        if (error != 0 || number > UINT64_MAX / PAGE_SIZE)
            return -E_INVAL;
        options->bytes = number * PAGE_SIZE;
        return 0;
    }
    if (strcmp(name, "nr_inodes") == 0) {
        options->inodes_given = true;
        return mount_option_bytes(value, 0, &options->inodes);
    }
    int base = strcmp(name, "mode") == 0 ? 8 : 10;
    int error = mount_option_number(value, base, &number);
    if (error != 0 || number > UINT32_MAX)
        return -E_INVAL;
    if (base == 8) {
        options->mode = (uint32_t)number & 07777;
        options->mode_given = true;
    } else if (strcmp(name, "uid") == 0) {
        options->uid = (uint32_t)number;
    } else if (strcmp(name, "gid") == 0) {
        options->gid = (uint32_t)number;
    } else {
        return -E_INVAL;
    }
    return 0;
}

static void tmpfs_limits(struct tmpfs *tmpfs, const struct tmpfs_options *options)
{
    uint64_t total, available;
    vfs_memory_totals(&total, &available);
    if (options->bytes_given) // 0: no limit but memory's
        tmpfs->max_pages =
            options->bytes == 0 ? total / PAGE_SIZE : (options->bytes + PAGE_SIZE - 1) / PAGE_SIZE;
    if (options->inodes_given)
        tmpfs->max_inodes = options->inodes == 0 ? total / PAGE_SIZE : options->inodes;
    tmpfs->size_given |= options->bytes_given;
}

static int tmpfs_remount(struct superblock *superblock, const char *text, bool read_only)
{
    (void)read_only;
    struct tmpfs *tmpfs = superblock->data, changed = *tmpfs;
    struct tmpfs_options options = {.bytes = 0};
    int error = mount_options_parse(text, tmpfs_option, &options);
    if (error != 0)
        return error;
    tmpfs_limits(&changed, &options);
    if (changed.max_pages < tmpfs->used_pages || changed.max_inodes < tmpfs->used_inodes)
        return -E_INVAL;
    tmpfs->max_pages = changed.max_pages;
    tmpfs->max_inodes = changed.max_inodes;
    tmpfs->size_given = changed.size_given;
    return 0;
}

static void tmpfs_unmount(struct superblock *superblock)
{
    free(superblock->data);
}

static const struct superblock_operations superblock_operations = {
    .statfs = tmpfs_statfs,
    .evict = tmpfs_evict,
    .show_options = tmpfs_show_options,
    .remount = tmpfs_remount,
    .unmount = tmpfs_unmount,
};

int tmpfs_mount(struct superblock *superblock, const char *source, const char *text,
                struct inode **root)
{
    struct tmpfs_options options = {.mode = 01777};
    uint64_t total, available;
    (void)source;
    int error = mount_options_parse(text, tmpfs_option, &options);
    if (error != 0)
        return error;
    struct tmpfs *tmpfs = calloc(1, sizeof(*tmpfs));
    if (tmpfs == NULL)
        return -E_NOMEM;
    vfs_memory_totals(&total, &available);
    tmpfs->max_pages = total / PAGE_SIZE / 2;
    tmpfs->max_inodes = total / PAGE_SIZE / 2;
    list_init(&tmpfs->doomed);
    tmpfs_limits(tmpfs, &options);
    superblock->data = tmpfs;
    superblock->ops = &superblock_operations;
    superblock->magic = TMPFS_MAGIC;
    struct inode_make what = {
        .mode = LINUX_S_IFDIR | options.mode, .uid = options.uid, .gid = options.gid};
    error = node_create(superblock, &what, root);
    if (error != 0)
        free(tmpfs);
    return error;
}

struct filesystem tmpfs_type = {.name = "tmpfs", .mount = tmpfs_mount};
