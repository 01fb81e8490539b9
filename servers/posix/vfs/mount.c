// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Super-blocks, file-system types and the mount table: a hash by (parent mount, covered dentry).

#include <stdlib.h>
#include <string.h>

#include "lib/sys/log.h"
#include "servers/posix/vfs/tree.h"
#include "servers/posix/vfs/writeback.h"

enum { MOUNT_HASH_BITS = 6, MOUNT_HASH_SIZE = 1 << MOUNT_HASH_BITS };

struct list mount_list = LIST_INIT(mount_list);
struct mount *mount_root;

static struct list mount_hash[MOUNT_HASH_SIZE];
static struct list type_list = LIST_INIT(type_list);
static struct list superblock_list = LIST_INIT(superblock_list);
static uint32_t next_mount_id = 20;
static uint32_t next_device_minor = 16; // st_dev of file systems without a device: 0:N

void mount_table_init(void)
{
    for (unsigned i = 0; i < MOUNT_HASH_SIZE; i++)
        list_init(&mount_hash[i]);
    list_init(&mount_list);
    list_init(&type_list);
    list_init(&superblock_list);
    mount_root = NULL;
}

void filesystem_register(struct filesystem *type)
{
    list_add_tail(&type_list, &type->node);
}

struct filesystem *filesystem_find(const char *name)
{
    list_for_each(node, &type_list)
    {
        struct filesystem *type = list_entry(node, struct filesystem, node);
        if (strcmp(type->name, name) == 0)
            return type;
    }
    return NULL;
}

void filesystem_each(void (*visit)(const struct filesystem *type, void *context), void *context)
{
    list_for_each(node, &type_list) visit(list_entry(node, struct filesystem, node), context);
}

static struct list *mount_bucket(const struct mount *mount, const struct dentry *dentry)
{
    uint64_t mixed = ((uint64_t)(uintptr_t)mount >> 5) ^ ((uint64_t)(uintptr_t)dentry >> 4);
    mixed *= 0x9e3779b97f4a7c15ull;
    return &mount_hash[mixed >> (64 - MOUNT_HASH_BITS)];
}

struct mount *mount_covering(const struct mount *mount, const struct dentry *dentry)
{
    list_for_each(node, mount_bucket(mount, dentry))
    {
        struct mount *child = list_entry(node, struct mount, hash_node);
        if (child->parent == mount && child->mountpoint == dentry)
            return child;
    }
    return NULL;
}

// ---- super-blocks ----

static struct superblock *superblock_existing(const struct filesystem *type)
{
    if ((type->flags & FILESYSTEM_SINGLE) == 0)
        return NULL;
    list_for_each(node, &superblock_list)
    {
        struct superblock *superblock = list_entry(node, struct superblock, node);
        if (superblock->type == type && superblock->root != NULL)
            return superblock;
    }
    return NULL;
}

// Nobody uses it any more, and with root NULL nobody finds it while this sleeps.
static void superblock_destroy(struct superblock *superblock)
{
    struct dentry *root = superblock->root;
    superblock->root = NULL;
    if (root != NULL) {
        if (superblock->ops->sync != NULL)
            (void)superblock->ops->sync(superblock);
        uint64_t dropped = writeback_drop(superblock);
        if (dropped != 0)
            log_error("%s: %lu pages could not be written and are lost", superblock->source,
                      (unsigned long)dropped);
        dentry_shrink_superblock(superblock);
        dentry_put(root);
    }
    list_remove(&superblock->node);
    if (superblock->ops != NULL && superblock->ops->unmount != NULL)
        superblock->ops->unmount(superblock);
    free(superblock);
}

static int superblock_create(struct filesystem *type, const char *source, const char *options,
                             bool read_only, struct superblock **out)
{
    struct superblock *superblock = calloc(1, sizeof(*superblock));
    if (superblock == NULL)
        return -E_NOMEM;
    superblock->type = type;
    superblock->block_bytes = PAGE_SIZE;
    superblock->max_bytes = INT64_MAX;
    superblock->flags = read_only ? SUPERBLOCK_READ_ONLY : 0;
    superblock->device = linux_dev(0, ++next_device_minor);
    size_t length = strnlen(source, sizeof(superblock->source) - 1);
    memcpy(superblock->source, source, length);
    list_add_tail(&superblock_list, &superblock->node);

    struct inode *root = NULL;
    int error = type->mount(superblock, source, options, &root);
    if (error == 0) {
        superblock->root = dentry_create_root(superblock, root);
        if (superblock->root == NULL) {
            inode_put(root);
            error = -E_NOMEM;
        }
    } else {
        superblock->ops = NULL; // mount undid its own work
    }
    if (error != 0) {
        superblock_destroy(superblock);
        return error;
    }
    if (type->flags & FILESYSTEM_KEEP)
        superblock->mounts++;
    if (type->mounted != NULL)
        type->mounted(superblock);
    *out = superblock;
    return 0;
}

void superblock_put(struct superblock *superblock)
{
    if (--superblock->mounts == 0)
        superblock_destroy(superblock);
}

int superblock_sync_all(void)
{
    int result = 0;
    // sync may sleep and the list change; the super-block itself is held, and so its place in the
    // list.
    struct list *node = superblock_list.next;
    while (node != &superblock_list) {
        struct superblock *superblock = list_entry(node, struct superblock, node);
        bool alive = superblock->root != NULL;
        if (alive && superblock->ops->sync != NULL) {
            superblock->mounts++;
            int error = superblock->ops->sync(superblock);
            if (error != 0)
                result = error;
            node = node->next;
            superblock_put(superblock);
        } else {
            node = node->next;
        }
    }
    return result;
}

// ---- mounts ----

static struct mount *mount_allocate(struct superblock *superblock, struct dentry *root,
                                    uint32_t flags)
{
    struct mount *mount = calloc(1, sizeof(*mount));
    if (mount == NULL)
        return NULL;
    mount->superblock = superblock;
    mount->root = dentry_get(root);
    mount->flags = flags;
    mount->references = 1;
    mount->id = ++next_mount_id;
    superblock->mounts++;
    list_init(&mount->hash_node);
    list_init(&mount->children);
    list_init(&mount->child_node);
    list_init(&mount->all_node);
    return mount;
}

int mount_create(struct filesystem *type, const char *source, const char *options, uint32_t flags,
                 bool read_only, struct mount **out)
{
    struct superblock *superblock = superblock_existing(type);
    if (superblock == NULL) {
        int error = superblock_create(type, source, options, read_only, &superblock);
        if (error != 0)
            return error;
    }
    *out = mount_allocate(superblock, superblock->root, flags);
    if (*out == NULL) {
        if (superblock->mounts == 0)
            superblock_destroy(superblock);
        return -E_NOMEM;
    }
    return 0;
}

int mount_create_bind(const struct path *source, struct mount **out)
{
    *out = mount_allocate(source->mount->superblock, source->dentry, source->mount->flags);
    return *out == NULL ? -E_NOMEM : 0;
}

void mount_put_last(struct mount *mount)
{
    struct superblock *superblock = mount->superblock;
    dentry_put(mount->root);
    free(mount);
    superblock_put(superblock);
}

int mount_attach(struct mount *mount, const struct path *where)
{
    if (where == NULL) {
        mount->parent = mount;
        mount_root = mount;
        list_add_tail(&mount_list, &mount->all_node);
        return 0;
    }
    bool directory = linux_s_isdir(mount->root->inode->mode);
    if (directory != (bool)linux_s_isdir(where->dentry->inode->mode))
        return -E_NOTDIR;
    if (where->dentry->inode->flags & INODE_DEAD)
        return -E_NOENT;
    mount->parent = where->mount;
    mount->parent->references++;
    mount->mountpoint = dentry_get(where->dentry);
    mount->mountpoint->mounted++;
    list_add_head(mount_bucket(mount->parent, mount->mountpoint), &mount->hash_node);
    list_add_tail(&mount->parent->children, &mount->child_node);
    list_add_tail(&mount_list, &mount->all_node);
    return 0;
}

int mount_reattach(struct mount *mount, const struct path *where)
{
    bool directory = linux_s_isdir(mount->root->inode->mode);
    if (directory != (bool)linux_s_isdir(where->dentry->inode->mode))
        return -E_NOTDIR;
    struct mount *old_parent = mount->parent;
    struct dentry *old_place = mount->mountpoint;
    list_remove(&mount->hash_node);
    list_remove(&mount->child_node);
    list_remove(&mount->all_node);
    int error = mount_attach(mount, where);
    if (error != 0)
        (void)mount_attach(mount, &(struct path){old_parent, old_place});
    old_place->mounted--;
    dentry_put(old_place);
    mount_put(old_parent);
    return error;
}

static void mount_detach_one(struct mount *mount)
{
    struct mount *parent = mount->parent;
    list_remove(&mount->hash_node);
    list_remove(&mount->child_node);
    list_remove(&mount->all_node);
    mount->parent = NULL;
    if (mount->mountpoint != NULL) {
        mount->mountpoint->mounted--;
        dentry_put(mount->mountpoint);
        mount->mountpoint = NULL;
        mount_put(parent);
    }
    mount_put(mount); // the tree's reference
}

// With everything mounted below it, deepest first.
void mount_detach(struct mount *mount)
{
    struct mount *leaf;
    do {
        leaf = mount;
        while (!list_empty(&leaf->children))
            leaf = list_entry(leaf->children.next, struct mount, child_node);
        mount_detach_one(leaf);
    } while (leaf != mount);
}

bool mount_is_busy(const struct mount *mount)
{
    // One reference is the tree's, one that of the path umount looked up.
    return !list_empty(&mount->children) || mount->references > 2;
}
