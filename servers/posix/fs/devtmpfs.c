// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// devtmpfs and devpts: tmpfs trees whose device nodes come and go with the devices; and the table
// of devices.

#include <stdio.h>
#include <string.h>

#include "servers/posix/device.h"
#include "servers/posix/fs/tmpfs.h"
#include "servers/posix/vfs/tree.h"

enum { DEVICE_BUCKETS = 32 };

static struct list device_table[DEVICE_BUCKETS];
static bool device_table_ready;
static struct superblock *devtmpfs, *devpts; // NULL: not mounted yet

enum { PTS_MAX = 256, PORT_PATH = 128 };

// Terminals that exist, for a devpts that is mounted later.
static struct pts {
    bool used;
    uint32_t uid, gid, mode;
} pts_table[PTS_MAX];

// ---- the table of devices ----

static struct list *device_bucket(uint64_t number)
{
    if (!device_table_ready) {
        for (unsigned i = 0; i < DEVICE_BUCKETS; i++)
            list_init(&device_table[i]);
        device_table_ready = true;
    }
    return &device_table[(number ^ number >> 8) % DEVICE_BUCKETS];
}

static uint64_t device_number(const struct device *device)
{
    return linux_dev(device->major, device->minor);
}

struct device *device_find(uint32_t type, uint64_t number)
{
    list_for_each(node, device_bucket(number))
    {
        struct device *device = list_entry(node, struct device, node);
        if (device_number(device) == number && (device->mode & LINUX_S_IFMT) == type)
            return device;
    }
    return NULL;
}

void device_each(void (*visit)(const struct device *device, void *context), void *context)
{
    for (unsigned i = 0; i < DEVICE_BUCKETS; i++) {
        (void)device_bucket(0);
        list_for_each(node, &device_table[i]) visit(list_entry(node, struct device, node), context);
    }
}

// ---- nodes ----

// The dentry of the next component of *path in `directory`, counted; *path moves behind it and its
// slash.
static int node_step(struct dentry *directory, const char **path, struct dentry **out)
{
    size_t length = 0;
    while ((*path)[length] != '\0' && (*path)[length] != '/')
        length++;
    struct name name = name_of(*path, length);
    *path += length;
    while (**path == '/')
        (*path)++;
    return dentry_lookup(directory, &name, out);
}

static int node_make_at(struct dentry *dentry, const struct inode_make *what)
{
    struct inode *directory = dentry->parent->inode, *inode;
    if (dentry->inode != NULL)
        return linux_s_isdir(what->mode) && linux_s_isdir(dentry->inode->mode) ? 0 : -E_EXIST;
    int error = directory->ops->make(directory, dentry->name, dentry->length, what, &inode);
    if (error == 0)
        dentry_set_inode(dentry, inode);
    return error;
}

// Makes `path` below the root of the tree, with the directories on the way.
static int node_make(struct superblock *superblock, const char *path, const struct inode_make *what)
{
    static const struct inode_make directory = {.mode = LINUX_S_IFDIR | 0755};
    struct dentry *at = dentry_get(superblock->root);
    int error = 0;
    while (error == 0 && *path != '\0') {
        struct dentry *next;
        error = node_step(at, &path, &next);
        if (error != 0)
            break;
        error = node_make_at(next, *path == '\0' ? what : &directory);
        dentry_put(at);
        at = next;
    }
    dentry_put(at);
    return error;
}

static void node_remove(struct superblock *superblock, const char *path)
{
    struct dentry *at = dentry_get(superblock->root);
    while (*path != '\0') {
        struct dentry *next;
        if (node_step(at, &path, &next) != 0)
            break;
        dentry_put(at);
        at = next;
        if (at->inode == NULL)
            break;
    }
    struct inode *inode = at->inode;
    if (*path == '\0' && inode != NULL && !linux_s_isdir(inode->mode)) {
        struct inode *directory = at->parent->inode;
        if (directory->ops->unlink(directory, at->name, at->length, inode) == 0)
            dentry_forget(at);
    }
    dentry_put(at);
}

static void port_link_path(const struct device *device, char path[PORT_PATH])
{
    (void)snprintf(path, PORT_PATH, "virtio-ports/%s", device->port_name);
}

static int port_link_make(const struct device *device)
{
    char path[PORT_PATH], target[PORT_PATH];
    struct inode_make what = {.mode = LINUX_S_IFLNK | 0777, .target = target};
    (void)snprintf(target, sizeof(target), "../%s", device->name);
    port_link_path(device, path);
    return node_make(devtmpfs, path, &what);
}

static int device_node_make(const struct device *device)
{
    struct inode_make what = {
        .mode = device->mode,
        .uid = device->uid,
        .gid = device->gid,
        .special_device = device_number(device),
    };
    if (device->name == NULL || devtmpfs == NULL)
        return 0;
    int error = node_make(devtmpfs, device->name, &what);
    if (error == 0 && device->port_name != NULL && device->port_name[0] != '\0' &&
        strchr(device->port_name, '/') == NULL)
        (void)port_link_make(device); // of two ports with one name, the first keeps the link
    return error;
}

int device_register(struct device *device)
{
    uint64_t number = device_number(device);
    if (device_find(device->mode & LINUX_S_IFMT, number) != NULL)
        return -E_EXIST;
    list_add_tail(device_bucket(number), &device->node);
    int error = device_node_make(device);
    if (error != 0)
        list_remove(&device->node);
    return error;
}

void device_unregister(struct device *device)
{
    list_remove(&device->node);
    if (device->name == NULL || devtmpfs == NULL)
        return;
    node_remove(devtmpfs, device->name);
    if (device->port_name != NULL) {
        char path[PORT_PATH];
        port_link_path(device, path);
        node_remove(devtmpfs, path);
    }
}

// ---- devtmpfs ----

static void devtmpfs_populate(void)
{
    static const struct {
        const char *name, *target;
    } links[] = {
        {"fd", "/proc/self/fd"},
        {"stdin", "/proc/self/fd/0"},
        {"stdout", "/proc/self/fd/1"},
        {"stderr", "/proc/self/fd/2"},
    };
    static const char *const directories[] = {"pts", "shm"};
    for (unsigned i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
        struct inode_make what = {.mode = LINUX_S_IFLNK | 0777, .target = links[i].target};
        (void)node_make(devtmpfs, links[i].name, &what);
    }
    for (unsigned i = 0; i < sizeof(directories) / sizeof(directories[0]); i++) {
        struct inode_make what = {.mode = LINUX_S_IFDIR | (i == 1 ? 01777u : 0755u)};
        (void)node_make(devtmpfs, directories[i], &what);
    }
    for (unsigned i = 0; i < DEVICE_BUCKETS; i++) {
        list_for_each(node, &device_table[i])(void)
            device_node_make(list_entry(node, struct device, node));
    }
}

static int devtmpfs_mount(struct superblock *superblock, const char *source, const char *options,
                          struct inode **root)
{
    (void)options;
    return tmpfs_mount(superblock, source, "mode=755", root);
}

static void devtmpfs_mounted(struct superblock *superblock)
{
    (void)device_bucket(0);
    devtmpfs = superblock;
    devtmpfs_populate();
}

struct filesystem devtmpfs_type = {
    .name = "devtmpfs",
    .flags = FILESYSTEM_SINGLE | FILESYSTEM_KEEP,
    .mount = devtmpfs_mount,
    .mounted = devtmpfs_mounted,
};

// ---- devpts ----

static void pts_name(uint32_t index, char name[16])
{
    (void)snprintf(name, 16, "%u", index);
}

static int pts_node_make(uint32_t index)
{
    const struct pts *pts = &pts_table[index];
    char name[16];
    struct inode_make what = {
        .mode = LINUX_S_IFCHR | pts->mode,
        .uid = pts->uid,
        .gid = pts->gid,
        .special_device = linux_dev(MAJOR_PTS, index),
    };
    if (devpts == NULL)
        return 0;
    pts_name(index, name);
    return node_make(devpts, name, &what);
}

int devpts_add(uint32_t index, uint32_t uid, uint32_t gid, uint32_t mode)
{
    if (index >= PTS_MAX)
        return -E_NOMEM;
    pts_table[index] = (struct pts){.used = true, .uid = uid, .gid = gid, .mode = mode & 07777};
    int error = pts_node_make(index);
    if (error != 0)
        pts_table[index].used = false;
    return error;
}

void devpts_remove(uint32_t index)
{
    char name[16];
    if (index >= PTS_MAX || !pts_table[index].used)
        return;
    pts_table[index].used = false;
    if (devpts != NULL) {
        pts_name(index, name);
        node_remove(devpts, name);
    }
}

static void devpts_mounted(struct superblock *superblock)
{
    enum { DEVPTS_MAGIC = 0x1cd1 };
    static struct superblock_operations operations;
    struct inode_make ptmx = {.mode = LINUX_S_IFCHR, .special_device = linux_dev(MAJOR_TTY_AUX, 2)};
    devpts = superblock;
    superblock->magic = DEVPTS_MAGIC;
    operations = *superblock->ops;
    operations.statfs = NULL; // it has no space that anybody could use
    superblock->ops = &operations;
    (void)node_make(devpts, "ptmx", &ptmx);
    for (uint32_t i = 0; i < PTS_MAX; i++) {
        if (pts_table[i].used)
            (void)pts_node_make(i);
    }
}

// gid=, mode= and ptmxmode= are what the terminals' owner decides here.
static int devpts_mount(struct superblock *superblock, const char *source, const char *options,
                        struct inode **root)
{
    (void)options;
    return tmpfs_mount(superblock, source, "mode=755", root);
}

struct filesystem devpts_type = {
    .name = "devpts",
    .flags = FILESYSTEM_SINGLE | FILESYSTEM_KEEP,
    .mount = devpts_mount,
    .mounted = devpts_mounted,
};
