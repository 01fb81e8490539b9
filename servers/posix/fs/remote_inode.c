// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Inodes of a file system served by another process: what is read of them. Contents: remote_data.c;
// changes: remote_write.c.

#include <stdlib.h>
#include <string.h>

#include "servers/posix/fs/remote_inode.h"
#include "servers/posix/vfs/tree.h"

static const struct inode_operations directory_operations, file_operations, link_operations,
    node_operations;
static const struct file_operations directory_file_operations;

// ---- inodes ----

struct file_time remote_time(struct fs_time time)
{
    return (struct file_time){.seconds = time.seconds,
                              .nanoseconds = time.nanoseconds < 1000000000u ? time.nanoseconds : 0};
}

// What the server knows better while somebody here uses the inode: contents and times of files may
// be newer here.
void remote_take_counts(struct inode *inode, const struct fs_attributes *attributes)
{
    inode->links = attributes->links;
    inode->blocks = attributes->blocks;
    if (linux_s_isdir(inode->mode)) {
        inode->size = attributes->size < INT64_MAX ? attributes->size : INT64_MAX;
        inode->modified = remote_time(attributes->mtime);
        inode->changed = remote_time(attributes->ctime);
    }
}

static void attributes_take(struct inode *inode, const struct fs_attributes *attributes)
{
    inode->mode = attributes->mode;
    inode->uid = attributes->uid;
    inode->gid = attributes->gid;
    inode->links = attributes->links;
    inode->size = attributes->size < INT64_MAX ? attributes->size : INT64_MAX;
    inode->blocks = attributes->blocks;
    inode->special_device =
        linux_dev((uint32_t)(attributes->rdev >> 32), (uint32_t)attributes->rdev);
    inode->accessed = remote_time(attributes->atime);
    inode->modified = remote_time(attributes->mtime);
    inode->changed = remote_time(attributes->ctime);
    inode->created = remote_time(attributes->btime);
}

static int inode_set_kind(struct inode *inode)
{
    switch (inode->mode & LINUX_S_IFMT) {
    case LINUX_S_IFREG:
        inode->ops = &file_operations;
        inode->file_ops = &cached_file_operations;
        inode->flags |= INODE_CACHED_DATA;
        return 0;
    case LINUX_S_IFDIR:
        inode->ops = &directory_operations;
        inode->file_ops = &directory_file_operations;
        return 0;
    case LINUX_S_IFLNK:
        inode->ops = &link_operations;
        return 0;
    case LINUX_S_IFCHR:
    case LINUX_S_IFBLK:
    case LINUX_S_IFIFO:
    case LINUX_S_IFSOCK:
        inode->ops = &node_operations;
        return 0;
    default:
        return -E_UCLEAN;
    }
}

int remote_inode_get(struct remote *remote, const struct fs_attributes *attributes,
                     struct inode **out)
{
    *out = inode_find(remote->superblock, attributes->ino);
    if (*out != NULL)
        return 0;
    struct remote_inode *own = calloc(1, sizeof(*own));
    struct inode *inode = inode_create(remote->superblock, attributes->ino, attributes->mode);
    if (own == NULL || inode == NULL) {
        free(own);
        if (inode != NULL)
            inode_put(inode);
        return -E_NOMEM;
    }
    own->id = (struct fs_inode_id){.ino = attributes->ino, .generation = attributes->generation};
    own->flags = attributes->flags;
    own->stored_size = attributes->size;
    own->stored_access = remote_time(attributes->atime);
    inode->data = own;
    inode->generation = attributes->generation;
    attributes_take(inode, attributes);
    int error = inode_set_kind(inode);
    if (error != 0) {
        inode_put(inode);
        return error;
    }
    inode_publish(inode);
    *out = inode;
    return 0;
}

void remote_inode_evict(struct inode *inode)
{
    struct remote_inode *own = inode->data;
    if (own == NULL)
        return;
    remote_let_go(inode);
    free(own->target);
    free(own->extent);
    free(own);
}

// ---- directories ----

static int remote_lookup(struct inode *directory, const char *name, size_t length,
                         struct inode **out)
{
    struct remote *remote = remote_of(directory);
    const struct remote_inode *own = directory->data;
    struct remote_slot slot = remote_slot_take(remote);
    struct fs_attributes attributes;
    struct fs_lookup_request request = {
        .directory = own->id,
        .name = {.offset = slot.buffer.offset, .bytes = (uint32_t)length},
    };
    struct remote_call call = {
        .operation = FS_LOOKUP,
        .request = &request,
        .request_bytes = sizeof(request),
        .reply = &attributes,
        .reply_bytes = sizeof(attributes),
        .text = name,
        .text_bytes = length,
        .slot = &slot,
    };
    int error = remote_call(remote, &call);
    remote_slot_give(remote, &slot);
    return error != 0 ? error : remote_inode_get(remote, &attributes, out);
}

// Emits the entries in `data`, each checked; file->position follows. False: the sink is full, or
// nonsense was met.
static bool emit_entries(struct file *file, struct readdir_sink *sink, const uint8_t *data,
                         uint64_t bytes, int *error)
{
    const struct dentry *dentry = file->path.dentry;
    uint64_t at = 0;
    while (at < bytes) {
        struct fs_dirent entry;
        char name[FS_NAME_MAX + 1];
        if (bytes - at < sizeof(entry))
            break;
        memcpy(&entry, data + at, sizeof(entry));
        if (entry.entry_bytes < sizeof(entry) + entry.name_bytes || entry.entry_bytes > bytes - at)
            break;
        memcpy(name, data + at + sizeof(entry), entry.name_bytes);
        name[entry.name_bytes] = '\0';
        at += entry.entry_bytes;
        if (entry.name_bytes == 0 || memchr(name, '/', entry.name_bytes) != NULL)
            continue; // no program could use it
        if (strcmp(name, "..") == 0 && dentry == file->path.mount->root &&
            file->path.mount->mountpoint != NULL)
            entry.ino = file->path.mount->mountpoint->parent->inode->number;
        if (!sink->emit(sink, name, entry.name_bytes, entry.ino, entry.type, entry.next))
            return false;
        file->position = entry.next;
    }
    if (at < bytes)
        *error = -E_UCLEAN;
    return at >= bytes;
}

static int remote_readdir(struct file *file, struct readdir_sink *sink)
{
    struct inode *inode = file->inode;
    struct remote *remote = remote_of(inode);
    const struct remote_inode *own = inode->data;
    struct remote_slot slot = remote_slot_take(remote);
    int error;
    bool more = true;
    do {
        struct fs_readdir_reply reply;
        struct fs_readdir_request request = {
            .directory = own->id, .cookie = file->position, .buffer = slot.buffer};
        struct remote_call call = {
            .operation = FS_READDIR,
            .request = &request,
            .request_bytes = sizeof(request),
            .reply = &reply,
            .reply_bytes = sizeof(reply),
            .slot = &slot,
        };
        error = remote_call(remote, &call);
        if (error != 0 || reply.bytes == 0)
            break;
        if (reply.bytes > REMOTE_SLOT_BYTES) {
            error = -E_PROTO;
            break;
        }
        more = emit_entries(file, sink, slot.data, reply.bytes, &error);
    } while (more && error == 0);
    remote_slot_give(remote, &slot);
    return error == -E_PROTO ? -E_IO : error;
}

// Directory positions are the server's cookies: only the start and what it gave out make sense.
static int64_t remote_directory_seek(struct file *file, int64_t offset, int whence)
{
    if (whence == LINUX_SEEK_CUR && offset == 0)
        return (int64_t)file->position;
    if (whence != LINUX_SEEK_SET || offset < 0)
        return -E_INVAL;
    file->position = (uint64_t)offset;
    return offset;
}

static int remote_directory_fsync(struct file *file, bool data_only)
{
    return remote_sync_inode(file->inode, data_only);
}

// ---- symbolic links ----

// Reads the target once: it never changes.
static int target_read(struct inode *link)
{
    struct remote *remote = remote_of(link);
    struct remote_inode *own = link->data;
    struct remote_slot slot = remote_slot_take(remote);
    struct fs_bytes_reply reply;
    struct fs_buffer_request request = {.inode = own->id, .buffer = slot.buffer};
    struct remote_call call = {
        .operation = FS_READLINK,
        .request = &request,
        .request_bytes = sizeof(request),
        .reply = &reply,
        .reply_bytes = sizeof(reply),
        .slot = &slot,
    };
    int error = remote_call(remote, &call);
    if (error == 0 && reply.bytes > FS_LINK_MAX)
        error = -E_IO;
    if (error == 0 && own->target == NULL) {
        own->target = malloc((size_t)reply.bytes + 1);
        if (own->target == NULL) {
            error = -E_NOMEM;
        } else {
            memcpy(own->target, slot.data, (size_t)reply.bytes);
            own->target[reply.bytes] = '\0';
        }
    }
    remote_slot_give(remote, &slot);
    return error;
}

static int64_t remote_readlink(struct inode *link, const struct vfs_caller *who, char *buffer,
                               size_t size)
{
    const struct remote_inode *own = link->data;
    (void)who;
    if (own->target == NULL) {
        int error = target_read(link);
        if (error != 0)
            return error;
    }
    size_t length = strlen(own->target);
    if (length > size)
        length = size;
    memcpy(buffer, own->target, length);
    return (int64_t)length;
}

// ---- extended attributes ----

// `name` NULL: the list of names.
static int64_t xattr_call(struct inode *inode, const char *name, void *value, size_t size)
{
    struct remote *remote = remote_of(inode);
    const struct remote_inode *own = inode->data;
    struct remote_slot slot = remote_slot_take(remote);
    struct fs_bytes_reply reply;
    struct fs_xattr_request request = {
        .inode = own->id, .buffer = slot.buffer, .name_bytes = name != NULL ? strlen(name) : 0};
    struct remote_call call = {
        .operation = name != NULL ? FS_GETXATTR : FS_LISTXATTR,
        .request = &request,
        .request_bytes = sizeof(request),
        .reply = &reply,
        .reply_bytes = sizeof(reply),
        .text = name,
        .text_bytes = (size_t)request.name_bytes,
        .slot = &slot,
    };
    int64_t result = remote_call(remote, &call);
    if (result == 0) {
        if (reply.bytes > REMOTE_SLOT_BYTES)
            result = -E_IO;
        else if (size != 0 && reply.bytes > size)
            result = -E_RANGE;
        else
            result = (int64_t)reply.bytes;
        if (result > 0 && size != 0)
            memcpy(value, slot.data, (size_t)result);
    }
    remote_slot_give(remote, &slot);
    return result;
}

static int64_t remote_get_xattr(struct inode *inode, const char *name, void *value, size_t size)
{
    return xattr_call(inode, name, value, size);
}

static int64_t remote_list_xattr(struct inode *inode, char *list, size_t size)
{
    return xattr_call(inode, NULL, list, size);
}

#define COMMON_OPERATIONS                                                   \
    .set_attributes = remote_set_attributes, .get_xattr = remote_get_xattr, \
    .set_xattr = remote_set_xattr, .remove_xattr = remote_remove_xattr,     \
    .list_xattr = remote_list_xattr, .sync = remote_sync_inode

static const struct inode_operations directory_operations = {
    .lookup = remote_lookup,
    .make = remote_make,
    .link = remote_link,
    .unlink = remote_unlink,
    .rmdir = remote_rmdir,
    .rename = remote_rename,
    COMMON_OPERATIONS,
};

static const struct inode_operations file_operations = {
    .read_pages = remote_read_pages,
    .write_pages = remote_write_pages,
    .prepare_write = remote_prepare_write,
    .allocate = remote_allocate,
    .seek_data = remote_seek_data,
    COMMON_OPERATIONS,
};

static const struct inode_operations link_operations = {
    .readlink = remote_readlink,
    COMMON_OPERATIONS,
};

static const struct inode_operations node_operations = {
    COMMON_OPERATIONS,
};

static const struct file_operations directory_file_operations = {
    .seek = remote_directory_seek,
    .readdir = remote_readdir,
    .fsync = remote_directory_fsync,
};
