// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Mounting, and the reading operations of abi/fs.h on ext4 volumes. See server.h.

#include "fs/ext4/edit.h"
#include "fs/ext4/volume.h"

#include <string.h>

static const struct ext4_provider *provider;
static struct ext4_volume volumes[FS_MOUNTS_MAX];

static void log_line(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void log_line(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    provider->log(NULL, format, arguments);
    va_end(arguments);
}

// ---- mounting ----

// Options that ask for what happens anyway.
static bool option_is(const char *option, size_t length, const char *name)
{
    return strlen(name) == length && memcmp(name, option, length) == 0;
}

static bool option_known(const char *option, size_t length)
{
    static const char *const known[] = {"ro", "rw", "errors=continue", "errors=remount-ro",
                                        "data=ordered"};
    for (unsigned i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (option_is(option, length, known[i]))
            return true;
    return false;
}

static int options_check(const char *device, const char *options, bool *read_only)
{
    while (*options) {
        size_t length = 0;
        while (options[length] && options[length] != ',')
            length++;
        if (length && !option_known(options, length)) {
            log_line("ext4: %s: unknown mount option in \"%s\"", device, options);
            return -E_INVAL;
        }
        if (option_is(options, length, "ro"))
            *read_only = true;
        options += length + (options[length] == ',');
    }
    return 0;
}

static struct ext4_volume *volume_take(void)
{
    for (unsigned i = 0; i < FS_MOUNTS_MAX; i++) {
        if (!volumes[i].used) {
            volumes[i] = (struct ext4_volume){.used = true};
            return &volumes[i];
        }
    }
    return NULL;
}

static int volume_open(struct ext4_volume *volume, const char *name, bool read_only,
                       const struct fs_mount_request *request)
{
    int error = provider->open(name, &volume->device);
    if (error) {
        log_line("ext4: %s: no such device, or it cannot be opened", name);
        return error;
    }
    struct ext4_setup setup = {
        .source = volume->device.source,
        .memory = volume->device.memory,
        .memory_bytes = volume->device.memory_bytes,
        .log = provider->log,
        .writable = !read_only && request->client != 0,
        .client = request->client,
        .now = request->now,
    };
    error = ext4_open(&setup, &volume->fs);
    if (error) {
        log_line("ext4: %s: not mounted", name);
        provider->close(&volume->device);
    }
    return error;
}

static void ext4_server_unmount(void *context)
{
    struct ext4_volume *volume = context;
    int error = ext4_close(volume->fs);
    if (error)
        log_line("ext4: unmounted with error %u: the journal holds what was stable",
                 (unsigned)-error);
    provider->close(&volume->device);
    volume->used = false;
}

static int attributes_of(const struct ext4_volume *volume, uint64_t ino, struct fs_attributes *out)
{
    struct ext4_inode inode;
    int error = ext4_inode_get(volume->fs, ino, &inode);
    if (error)
        return error;
    ext4_inode_attributes(&inode, out);
    ext4_inode_put(&inode);
    return 0;
}

static int root_check(const struct ext4_volume *volume, struct fs_attributes *root)
{
    int error = attributes_of(volume, EXT4_ROOT, root);
    if (error == -E_SRCH || (!error && (root->mode & EXT4_S_IFMT) != EXT4_S_IFDIR))
        error = ext4_report(volume->fs, -E_UCLEAN, "no root directory", EXT4_ROOT, 0);
    return error;
}

static int ext4_server_mount(const char *device, const char *options,
                             const struct fs_mount_request *request, void **out,
                             struct fs_mount_reply *reply)
{
    bool read_only = (request->flags & FS_MOUNT_READ_ONLY) != 0;
    int error = options_check(device, options, &read_only);
    if (error)
        return error;
    struct ext4_volume *volume = volume_take();
    if (!volume)
        return -E_NOMEM;
    error = volume_open(volume, device, read_only, request);
    if (error) {
        volume->used = false;
        return error;
    }
    *reply = (struct fs_mount_reply){
        .flags = ext4_writable(volume->fs) ? 0 : FS_MOUNT_READ_ONLY,
        .applied = ext4_applied(volume->fs),
        .block_bytes = ext4_block_bytes(volume->fs),
        .max_file_bytes = ext4_max_file_bytes(volume->fs),
    };
    error = root_check(volume, &reply->root);
    if (error) {
        ext4_server_unmount(volume);
        return error;
    }
    log_line("ext4: %s: mounted %s, %llu blocks of %u bytes", device,
             ext4_writable(volume->fs) ? "read-write" : "read-only",
             (unsigned long long)volume->fs->blocks, volume->fs->block_bytes);
    *out = volume;
    return 0;
}

// ---- inodes ----

int ext4_volume_inode_open(const struct ext4_volume *volume, const struct fs_inode_id *id,
                           struct ext4_inode *inode)
{
    int error = ext4_writable(volume->fs) ? ext4_inode_get_used(volume->fs, id->ino, inode)
                                          : ext4_inode_get(volume->fs, id->ino, inode);
    if (!error && inode->generation != id->generation) {
        ext4_inode_put(inode);
        error = -E_SRCH;
    }
    return error;
}

static int ext4_server_getattr(void *context, const struct fs_inode_id *id,
                               struct fs_attributes *out)
{
    struct ext4_inode inode;
    int error = ext4_volume_inode_open(context, id, &inode);
    if (error)
        return error;
    ext4_inode_attributes(&inode, out);
    ext4_inode_put(&inode);
    return 0;
}

static int ext4_server_lookup(void *context, const struct fs_inode_id *id, const char *name,
                              unsigned length, struct fs_attributes *out)
{
    struct ext4_volume *volume = context;
    struct ext4_inode directory;
    uint32_t ino;
    int error = ext4_volume_inode_open(volume, id, &directory);
    if (error)
        return error;
    error = ext4_lookup(&directory, name, length, &ino);
    ext4_inode_put(&directory);
    if (error)
        return error;
    error = attributes_of(volume, ino, out);
    if (error == -E_SRCH)
        error = ext4_report(volume->fs, -E_UCLEAN, "name of an inode that is not in use", ino, 0);
    return error;
}

static int ext4_server_readlink(void *context, const struct fs_inode_id *id, char *to, size_t room)
{
    struct ext4_inode inode;
    int result = ext4_volume_inode_open(context, id, &inode);
    if (result)
        return result;
    result = ext4_readlink(&inode, to, room);
    ext4_inode_put(&inode);
    return result;
}

static int ext4_server_map(void *context, const struct fs_inode_id *id, uint64_t offset,
                           uint64_t bytes, struct fs_extent *extents, unsigned room, uint64_t *end)
{
    struct ext4_inode inode;
    int result = ext4_volume_inode_open(context, id, &inode);
    if (result)
        return result;
    result = ext4_map(&inode, offset, bytes, extents, room, end);
    ext4_inode_put(&inode);
    return result;
}

static int ext4_server_read_inline(void *context, const struct fs_inode_id *id, void *to,
                                   size_t room)
{
    struct ext4_inode inode;
    int result = ext4_volume_inode_open(context, id, &inode);
    if (result)
        return result;
    result = ext4_read_inline(&inode, to, room);
    ext4_inode_put(&inode);
    return result;
}

static int ext4_server_getxattr(void *context, const struct fs_inode_id *id, const char *name,
                                size_t length, void *to, size_t room)
{
    struct ext4_inode inode;
    int result = ext4_volume_inode_open(context, id, &inode);
    if (result)
        return result;
    result = ext4_xattr_get(&inode, name, length, to, room);
    ext4_inode_put(&inode);
    return result;
}

static int ext4_server_listxattr(void *context, const struct fs_inode_id *id, char *to, size_t room)
{
    struct ext4_inode inode;
    int result = ext4_volume_inode_open(context, id, &inode);
    if (result)
        return result;
    result = ext4_xattr_list(&inode, to, room);
    ext4_inode_put(&inode);
    return result;
}

// ---- directories ----

struct reading {
    struct ext4_volume *volume;
    struct fs_listing *listing;
    bool attributes;
};

// An inode that cannot be read does not hide the names beside it: its entry has no attributes.
static bool reading_add(void *context, const struct ext4_entry *entry)
{
    struct reading *reading = context;
    struct fs_attributes attributes;
    bool with = reading->attributes && attributes_of(reading->volume, entry->ino, &attributes) == 0;
    return fs_listing_add(reading->listing, entry->ino, entry->next, entry->type, entry->name,
                          entry->name_bytes, with ? &attributes : NULL);
}

static int ext4_server_readdir(void *context, const struct fs_inode_id *id, uint64_t cookie,
                               bool attributes, struct fs_listing *listing, uint64_t *next)
{
    struct ext4_volume *volume = context;
    struct ext4_inode directory;
    int error = ext4_volume_inode_open(volume, id, &directory);
    if (error)
        return error;
    struct reading reading = {volume, listing, attributes};
    *next = cookie;
    error = ext4_readdir(&directory, next, reading_add, &reading);
    bool at_end = *next >= directory.size;
    ext4_inode_put(&directory);
    if (error && listing->entries) // what was found first; the next call meets the error again
        return 0;
    if (!error && !listing->entries && !at_end)
        return -E_INVAL; // no room for one entry
    return error;
}

// ---- the volume ----

static int ext4_server_statfs(void *context, struct fs_statfs_reply *out)
{
    struct ext4_volume *volume = context;
    ext4_statistics(volume->fs, out);
    return 0;
}

// The journal is one: what one inode needs brings everything before it along.
static int ext4_server_sync(void *context, const struct fs_inode_id *id, uint64_t flags,
                            uint64_t *stable)
{
    struct ext4_volume *volume = context;
    struct ext4_inode inode;
    if (flags & ~(uint64_t)FS_SYNC_DATA_ONLY)
        return -E_INVAL;
    int error = 0;
    if (id->ino != 0) {
        error = ext4_volume_inode_open(volume, id, &inode);
        if (!error)
            ext4_inode_put(&inode);
    }
    if (!error)
        error = ext4_sync(volume->fs, id->ino == 0);
    *stable = ext4_stable(volume->fs);
    return error;
}

static void ext4_server_settle(void *context)
{
    struct ext4_volume *volume = context;
    (void)ext4_commit(volume->fs); // an error of the device is logged, and the next request learns
}

const struct fs_format *ext4_format(const struct ext4_provider *with)
{
    static const struct fs_format format = {
        .name = "ext4",
        .mount = ext4_server_mount,
        .unmount = ext4_server_unmount,
        .lookup = ext4_server_lookup,
        .getattr = ext4_server_getattr,
        .readdir = ext4_server_readdir,
        .readlink = ext4_server_readlink,
        .map = ext4_server_map,
        .read_inline = ext4_server_read_inline,
        .statfs = ext4_server_statfs,
        .sync = ext4_server_sync,
        .settle = ext4_server_settle,
        .getxattr = ext4_server_getxattr,
        .listxattr = ext4_server_listxattr,
        .make = ext4_server_make,
        .link = ext4_server_link,
        .remove = ext4_server_remove,
        .rename = ext4_server_rename,
        .release = ext4_server_release,
        .setattr = ext4_server_setattr,
        .allocate = ext4_server_allocate,
        .commit = ext4_server_commit,
        .setxattr = ext4_server_setxattr,
    };
    provider = with;
    return &format;
}
