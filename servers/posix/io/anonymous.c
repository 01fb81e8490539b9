// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

#include "servers/posix/io/anonymous.h"

#include "servers/posix/fs/tmpfs.h"
#include "servers/posix/io/pipe.h"
#include "servers/posix/vfs/tree.h"

enum { PIPEFS_MAGIC = 0x50495045 };

static struct mount *mounts[ANONYMOUS_KINDS];
static uint64_t last_number = 1000;

static const struct superblock_operations pipefs_operations;

static const struct inode_operations root_operations;

static int pipefs_mount(struct superblock *superblock, const char *source, const char *options,
                        struct inode **root)
{
    (void)source;
    (void)options;
    superblock->ops = &pipefs_operations;
    superblock->magic = PIPEFS_MAGIC;
    *root = inode_create(superblock, anonymous_number(), LINUX_S_IFDIR | 0500);
    if (*root == NULL)
        return -E_NOMEM;
    (*root)->ops = &root_operations;
    return 0;
}

static struct filesystem pipefs = {.name = "pipefs", .mount = pipefs_mount};

int anonymous_init(void)
{
    struct filesystem *type[ANONYMOUS_KINDS] = {
        [ANONYMOUS_PIPE] = &pipefs, [ANONYMOUS_MEMORY] = &tmpfs_type};
    for (unsigned i = 0; i < ANONYMOUS_KINDS; i++) {
        int error = mount_create(type[i], "none", "", MOUNT_INTERNAL, false, &mounts[i]);
        if (error != 0)
            return error;
    }
    return 0;
}

struct mount *anonymous_mount(enum anonymous_kind kind)
{
    return mounts[kind];
}

struct superblock *anonymous_superblock(enum anonymous_kind kind)
{
    return mounts[kind]->superblock;
}

uint64_t anonymous_number(void)
{
    return ++last_number;
}

int anonymous_path(struct inode *inode, struct path *out)
{
    enum anonymous_kind kind = ANONYMOUS_PIPE;
    while (kind < ANONYMOUS_KINDS && mounts[kind]->superblock != inode->superblock)
        kind++;
    if (kind == ANONYMOUS_KINDS)
        return -E_NOENT;
    struct dentry *dentry = dentry_create_root(inode->superblock, inode_hold(inode));
    if (dentry == NULL) {
        inode_put(inode);
        return -E_NOMEM;
    }
    mounts[kind]->references++;
    *out = (struct path){mounts[kind], dentry};
    return 0;
}
