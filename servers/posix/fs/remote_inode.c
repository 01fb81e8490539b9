// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Inodes of a file system served by another process: names and attributes come from the server,
// data goes straight between disk and page cache along extents, of which each file keeps a window.

#include <stdlib.h>
#include <string.h>

#include "servers/posix/fs/remote.h"
#include "servers/posix/io/disk.h"
#include "servers/posix/vfs/pagecache_internal.h"
#include "servers/posix/vfs/tree.h"

enum {
    EXTENTS_MAX = REMOTE_SLOT_BYTES / sizeof(struct fs_extent), // in one answer
    MAP_AHEAD = 64 * 1024 * 1024, // bytes of the file asked about at once
};

struct remote_inode {
    struct fs_inode_id id;
    uint32_t flags; // enum fs_inode_flag
    char *target;   // of a symbolic link, once read; NUL-terminated
    // Extents of the file from map_start to map_end; the array is owned here.
    uint64_t map_start, map_end;
    uint32_t extents;
    struct fs_extent *extent;
};

static const struct inode_operations directory_operations, file_operations, link_operations,
    node_operations;
static const struct file_operations directory_file_operations;

static struct remote *remote_of(const struct inode *inode)
{
    return inode->superblock->data;
}

// ---- inodes ----

static struct file_time time_of(struct fs_time time)
{
    return (struct file_time){.seconds = time.seconds,
                              .nanoseconds = time.nanoseconds < 1000000000u ? time.nanoseconds : 0};
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
    inode->accessed = time_of(attributes->atime);
    inode->modified = time_of(attributes->mtime);
    inode->changed = time_of(attributes->ctime);
    inode->created = time_of(attributes->btime);
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

// ---- symbolic links ----

// Reads the target once; links do not change while the mount is read-only.
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

// ---- file data ----

// Asks the server for the extents from `offset` on; they replace the window.
static int map_read(struct inode *inode, uint64_t offset)
{
    struct remote *remote = remote_of(inode);
    struct remote_inode *own = inode->data;
    uint64_t mask = remote->block_bytes - 1;
    uint64_t end = (inode->size + mask) & ~mask;
    uint64_t bytes = end - offset < MAP_AHEAD ? end - offset : MAP_AHEAD;
    struct fs_extent *extent = malloc(REMOTE_SLOT_BYTES);
    if (extent == NULL)
        return -E_NOMEM;
    struct remote_slot slot = remote_slot_take(remote);
    struct fs_map_reply reply;
    struct fs_map_request request = {
        .inode = own->id, .offset = offset, .bytes = bytes, .buffer = slot.buffer};
    struct remote_call call = {
        .operation = FS_MAP,
        .request = &request,
        .request_bytes = sizeof(request),
        .reply = &reply,
        .reply_bytes = sizeof(reply),
        .slot = &slot,
    };
    int error = remote_call(remote, &call);
    if (error == 0 && (reply.extents == 0 || reply.extents > EXTENTS_MAX))
        error = -E_IO;
    if (error == 0)
        memcpy(extent, slot.data, (size_t)reply.extents * sizeof(*extent));
    remote_slot_give(remote, &slot);
    // Ascending, without gap, in whole blocks: anything else would send data to the wrong place.
    uint64_t at = error == 0 ? extent[0].offset : 0;
    uint64_t start = at;
    if (error == 0 && at > offset)
        error = -E_IO;
    for (uint64_t i = 0; error == 0 && i < reply.extents; i++) {
        uint64_t next;
        if (extent[i].offset != at || extent[i].bytes == 0 || (extent[i].bytes & mask) != 0 ||
            (extent[i].device_offset & mask) != 0 ||
            __builtin_add_overflow(at, extent[i].bytes, &next))
            error = -E_IO;
        else
            at = next;
    }
    if (error == 0 && at <= offset)
        error = -E_IO;
    if (error != 0) {
        free(extent);
        return error;
    }
    free(own->extent);
    own->extent = extent;
    own->extents = (uint32_t)reply.extents;
    own->map_start = start;
    own->map_end = at;
    return 0;
}

// The extent that holds byte `offset` of the file, copied: the window may change while others read.
static int extent_at(struct inode *inode, uint64_t offset, struct fs_extent *out)
{
    const struct remote_inode *own = inode->data;
    if (own->extent == NULL || offset < own->map_start || offset >= own->map_end) {
        int error = map_read(inode, offset);
        if (error != 0)
            return error;
        if (offset < own->map_start || offset >= own->map_end)
            return -E_IO; // another reader moved the window away at once
    }
    uint32_t low = 0, high = own->extents;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (own->extent[middle].offset <= offset)
            low = middle;
        else
            high = middle;
    }
    *out = own->extent[low];
    return 0;
}

// One page: pieces from the disk, zeros for holes and behind the file's end.
static int page_add(struct disk_io *io, struct inode *inode, struct page *page)
{
    uint64_t from = page->index * PAGE_SIZE;
    uint64_t mask = remote_of(inode)->block_bytes - 1;
    uint64_t left = ((inode->size + mask) & ~mask) - from;
    uint32_t bytes = left < PAGE_SIZE ? (uint32_t)left : PAGE_SIZE;
    for (uint32_t done = 0; done < bytes;) {
        struct fs_extent extent;
        int error = extent_at(inode, from + done, &extent);
        if (error != 0)
            return error;
        uint64_t skip = from + done - extent.offset, rest = extent.bytes - skip;
        uint32_t piece = rest < bytes - done ? (uint32_t)rest : bytes - done;
        if (extent.flags & (FS_EXTENT_HOLE | FS_EXTENT_UNWRITTEN))
            memset(page->data + done, 0, piece);
        else
            disk_io_add(io, extent.device_offset + skip, page, done, piece);
        done += piece;
    }
    return 0;
}

// Bytes behind the file's end are zero in its last page, whatever the disk holds there.
static void zero_behind_end(const struct inode *inode, struct page *page)
{
    uint64_t from = page->index * PAGE_SIZE;
    if (inode->size - from < PAGE_SIZE)
        memset(page->data + (inode->size - from), 0, PAGE_SIZE - (inode->size - from));
}

static int read_inline(struct inode *inode, struct page *page)
{
    struct remote *remote = remote_of(inode);
    const struct remote_inode *own = inode->data;
    memset(page->data, 0, PAGE_SIZE);
    if (page->index != 0)
        return 0;
    struct remote_slot slot = remote_slot_take(remote);
    struct fs_bytes_reply reply;
    struct fs_buffer_request request = {.inode = own->id, .buffer = slot.buffer};
    struct remote_call call = {
        .operation = FS_READ_INLINE,
        .request = &request,
        .request_bytes = sizeof(request),
        .reply = &reply,
        .reply_bytes = sizeof(reply),
        .slot = &slot,
    };
    int error = remote_call(remote, &call);
    if (error == 0 && reply.bytes > PAGE_SIZE)
        error = -E_IO;
    if (error == 0)
        memcpy(page->data, slot.data, (size_t)reply.bytes);
    remote_slot_give(remote, &slot);
    return error;
}

static int remote_read_pages(struct inode *inode, struct page **pages, unsigned count)
{
    const struct remote_inode *own = inode->data;
    int error = 0;
    if (own->flags & FS_INODE_INLINE) {
        for (unsigned i = 0; error == 0 && i < count; i++)
            error = read_inline(inode, pages[i]);
    } else {
        struct disk_io io;
        disk_io_begin(&io, remote_of(inode)->disk, BLOCK_READ);
        for (unsigned i = 0; error == 0 && i < count; i++)
            error = page_add(&io, inode, pages[i]);
        int result = disk_io_end(&io);
        if (error == 0)
            error = result;
    }
    for (unsigned i = 0; error == 0 && i < count; i++)
        zero_behind_end(inode, pages[i]);
    return error;
}

static int64_t remote_seek_data(struct inode *inode, uint64_t offset, bool hole)
{
    const struct remote_inode *own = inode->data;
    uint64_t at = offset;
    if (own->flags & FS_INODE_INLINE)
        return (int64_t)(hole ? inode->size : offset);
    while (at < inode->size) {
        struct fs_extent extent;
        int error = extent_at(inode, at, &extent);
        if (error != 0)
            return error;
        if (((extent.flags & (FS_EXTENT_HOLE | FS_EXTENT_UNWRITTEN)) != 0) == hole)
            return (int64_t)at;
        at = extent.offset + extent.bytes;
    }
    return hole ? (int64_t)inode->size : -E_NXIO;
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

static const struct inode_operations directory_operations = {
    .lookup = remote_lookup,
    .get_xattr = remote_get_xattr,
    .list_xattr = remote_list_xattr,
};

static const struct inode_operations file_operations = {
    .read_pages = remote_read_pages,
    .seek_data = remote_seek_data,
    .get_xattr = remote_get_xattr,
    .list_xattr = remote_list_xattr,
};

static const struct inode_operations link_operations = {
    .readlink = remote_readlink,
    .get_xattr = remote_get_xattr,
    .list_xattr = remote_list_xattr,
};

static const struct inode_operations node_operations = {
    .get_xattr = remote_get_xattr,
    .list_xattr = remote_list_xattr,
};

static const struct file_operations directory_file_operations = {
    .seek = remote_directory_seek,
    .readdir = remote_readdir,
};
