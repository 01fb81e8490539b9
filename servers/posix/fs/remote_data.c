// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Contents of files that another process serves: where they lie, reading and writing pages, size.
//
// Blocks are given a place before a page becomes dirty (remote_prepare_write), so that a full disk
// is write()'s error. Pages go to the disk by write-back, then FS_COMMIT makes them count. Size and
// extents change only while nobody writes back (writeback_exclude).

#include <stdlib.h>
#include <string.h>

#include "servers/posix/fs/remote_inode.h"
#include "servers/posix/io/disk.h"
#include "servers/posix/vfs/pagecache_internal.h"
#include "servers/posix/vfs/writeback.h"

enum {
    MAP_AHEAD = 64 * 1024 * 1024,         // bytes of the file asked about at once
    ALLOCATE_AHEAD_MIN = 64 * 1024,       // a growing file gets as much again as it has,
    ALLOCATE_AHEAD_MAX = 4 * 1024 * 1024, // within these bounds
};

static uint64_t round_up(const struct inode *inode, uint64_t bytes)
{
    uint64_t mask = remote_of(inode)->block_bytes - 1;
    return (bytes + mask) & ~mask;
}

// ---- the window of extents ----

void remote_forget_map(struct inode *inode)
{
    struct remote_inode *own = inode->data;
    own->map_version++;
    free(own->extent);
    own->extent = NULL;
}

// Takes over an answer about bytes from `offset` on. Ascending, without gap, in whole blocks:
// anything else would send data to the wrong place. -E_IO: it is not so.
static int window_take(struct inode *inode, struct fs_extent *extent, uint64_t count,
                       uint64_t offset)
{
    struct remote_inode *own = inode->data;
    uint64_t mask = remote_of(inode)->block_bytes - 1;
    if (count == 0 || count > REMOTE_EXTENTS || extent[0].offset > offset)
        return -E_IO;
    uint64_t at = extent[0].offset;
    for (uint64_t i = 0; i < count; i++)
        if (extent[i].offset != at || extent[i].bytes == 0 || (extent[i].bytes & mask) != 0 ||
            (extent[i].device_offset & mask) != 0 ||
            __builtin_add_overflow(at, extent[i].bytes, &at))
            return -E_IO;
    if (at <= offset)
        return -E_IO;
    own->map_start = extent[0].offset;
    own->map_end = at;
    free(own->extent);
    own->extent = extent;
    own->extents = (uint32_t)count;
    return 0;
}

// Asks the server for the extents from `offset` on; they replace the window. -E_AGAIN: they are
// others meanwhile.
static int map_read(struct inode *inode, uint64_t offset)
{
    struct remote *remote = remote_of(inode);
    const struct remote_inode *own = inode->data;
    uint64_t end = round_up(inode, inode->size), version = own->map_version;
    if (end <= offset)
        end = offset + MAP_AHEAD;
    struct fs_extent *extent = malloc(REMOTE_SLOT_BYTES);
    if (extent == NULL)
        return -E_NOMEM;
    struct remote_slot slot = remote_slot_take(remote);
    struct fs_map_reply reply;
    struct fs_map_request request = {
        .inode = own->id,
        .offset = offset,
        .bytes = end - offset < MAP_AHEAD ? end - offset : MAP_AHEAD,
        .buffer = slot.buffer,
    };
    struct remote_call call = {
        .operation = FS_MAP,
        .request = &request,
        .request_bytes = sizeof(request),
        .reply = &reply,
        .reply_bytes = sizeof(reply),
        .slot = &slot,
    };
    int error = remote_call(remote, &call);
    if (error == 0)
        memcpy(extent, slot.data, REMOTE_SLOT_BYTES);
    remote_slot_give(remote, &slot);
    if (error == 0)
        error = own->map_version != version ? -E_AGAIN
                                            : window_take(inode, extent, reply.extents, offset);
    if (error != 0)
        free(extent);
    return error;
}

// The extent that holds byte `offset` of the file, copied: the window may change while others read.
static int extent_at(struct inode *inode, uint64_t offset, struct fs_extent *out)
{
    const struct remote_inode *own = inode->data;
    int error = 0;
    while (own->extent == NULL || offset < own->map_start || offset >= own->map_end)
        if ((error = map_read(inode, offset)) != 0 && error != -E_AGAIN)
            return error;
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

int64_t remote_seek_data(struct inode *inode, uint64_t offset, bool hole)
{
    const struct remote_inode *own = inode->data;
    uint64_t at = offset;
    if (own->flags & FS_INODE_INLINE)
        return (int64_t)(hole ? inode->size : offset);
    if (inode->dirty_pages != 0)
        (void)pagecache_sync(inode); // what is only in the cache has no written extent
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

// ---- reading and writing pages ----

// One page: pieces from or to the disk; reading, zeros for holes and behind the file's end.
static int page_add(struct disk_io *io, struct inode *inode, struct page *page)
{
    uint64_t from = page->index * PAGE_SIZE;
    uint64_t end = round_up(inode, inode->size), left = end > from ? end - from : 0;
    uint32_t bytes = left < PAGE_SIZE ? (uint32_t)left : PAGE_SIZE;
    for (uint32_t done = 0; done < bytes;) {
        struct fs_extent extent;
        int error = extent_at(inode, from + done, &extent);
        if (error != 0)
            return error;
        uint64_t skip = from + done - extent.offset, rest = extent.bytes - skip;
        uint32_t piece = rest < bytes - done ? (uint32_t)rest : bytes - done;
        uint64_t empty =
            io->op == BLOCK_READ ? FS_EXTENT_HOLE | FS_EXTENT_UNWRITTEN : FS_EXTENT_HOLE;
        if ((extent.flags & empty) == 0)
            disk_io_add(io, extent.device_offset + skip, page, done, piece);
        else if (io->op == BLOCK_READ)
            memset(page->data + done, 0, piece);
        else
            return -E_IO; // it was given a place before it became dirty
        done += piece;
    }
    return 0;
}

static int move_pages(struct inode *inode, enum block_request_op op, struct page **pages,
                      unsigned count)
{
    struct disk_io io;
    int error = 0;
    disk_io_begin(&io, remote_of(inode)->disk, op);
    for (unsigned i = 0; error == 0 && i < count; i++)
        error = page_add(&io, inode, pages[i]);
    int result = disk_io_end(&io);
    return error != 0 ? error : result;
}

// Bytes behind the file's end are zero in its last page, whatever the disk holds there.
static void zero_behind_end(const struct inode *inode, struct page *page)
{
    uint64_t from = page->index * PAGE_SIZE;
    uint64_t bytes = inode->size > from ? inode->size - from : 0;
    if (bytes < PAGE_SIZE)
        memset(page->data + bytes, 0, PAGE_SIZE - bytes);
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

int remote_read_pages(struct inode *inode, struct page **pages, unsigned count)
{
    const struct remote_inode *own = inode->data;
    int error = 0;
    if (own->flags & FS_INODE_INLINE)
        for (unsigned i = 0; error == 0 && i < count; i++)
            error = read_inline(inode, pages[i]);
    else
        error = move_pages(inode, BLOCK_READ, pages, count);
    for (unsigned i = 0; error == 0 && i < count; i++)
        zero_behind_end(inode, pages[i]);
    return error;
}

// Data of [from, to) is on the disk: it counts from now on, and the file reaches at least as far.
static int commit(struct inode *inode, uint64_t from, uint64_t to)
{
    struct remote_inode *own = inode->data;
    uint64_t size = inode->size < to ? inode->size : to;
    struct fs_inode_reply reply;
    struct fs_commit_request request = {
        .inode = own->id,
        .offset = from,
        .bytes = to - from,
        .size = size > own->stored_size ? size : own->stored_size,
    };
    struct remote_change_call call = {
        .operation = FS_COMMIT,
        .now = inode->changed,
        .request = &request,
        .request_bytes = sizeof(request),
        .reply = &reply,
        .reply_bytes = sizeof(reply),
    };
    int error = remote_change(remote_of(inode), &call);
    remote_forget_map(inode);
    if (error != 0)
        return error;
    own->stored_size = request.size;
    remote_take_counts(inode, &reply.inode);
    struct attributes times = {.valid = ATTRIBUTE_MODIFIED | ATTRIBUTE_CHANGED,
                               .modified = inode->modified,
                               .changed = inode->changed};
    return file_time_before(inode->modified, inode->changed)
               ? remote_store_attributes(inode, &times)
               : 0;
}

int remote_write_pages(struct inode *inode, struct page **pages, unsigned count)
{
    uint64_t from = pages[0]->index * PAGE_SIZE, to = from + (uint64_t)count * PAGE_SIZE;
    uint64_t end = round_up(inode, inode->size);
    if (from >= inode->size)
        return 0; // cut off while it waited
    if (to > end)
        to = end;
    int error = remote_prepare_write(inode, from, to - from);
    if (error == 0)
        error = move_pages(inode, BLOCK_WRITE, pages, count);
    return error != 0 ? error : commit(inode, from, to);
}

// ---- giving blocks a place ----

// Asks for [from, to); *end says how far it went. -E_NOSPC: nowhere.
static int allocate(struct inode *inode, uint64_t from, uint64_t to, uint64_t *end)
{
    struct remote_inode *own = inode->data;
    struct fs_extent *extent = malloc(REMOTE_SLOT_BYTES);
    if (extent == NULL)
        return -E_NOMEM;
    struct fs_map_reply reply;
    struct fs_allocate_request request = {.inode = own->id, .offset = from, .bytes = to - from};
    struct remote_change_call call = {
        .operation = FS_ALLOCATE,
        .now = inode->modified,
        .request = &request,
        .request_bytes = sizeof(request),
        .buffer_at = offsetof(struct fs_allocate_request, buffer),
        .reply = &reply,
        .reply_bytes = sizeof(reply),
        .extents = extent,
    };
    int error = remote_change(remote_of(inode), &call);
    own->map_version++;
    if (error == 0 && reply.end <= from)
        error = -E_NOSPC;
    if (error == 0)
        error = window_take(inode, extent, reply.extents, from);
    if (error != 0) {
        free(extent);
        return error;
    }
    own->flags &= ~(uint32_t)FS_INODE_INLINE;
    *end = own->map_end;
    if (own->map_end > own->allocated_end)
        own->allocated_end = own->map_end;
    return 0;
}

// A file that grows gets more than it needs now, so that its blocks lie together.
static uint64_t ahead_of(const struct inode *inode, uint64_t to)
{
    if (to <= inode->size)
        return to;
    uint64_t more = inode->size;
    if (more < ALLOCATE_AHEAD_MIN)
        more = ALLOCATE_AHEAD_MIN;
    if (more > ALLOCATE_AHEAD_MAX)
        more = ALLOCATE_AHEAD_MAX;
    return round_up(inode, to + more);
}

static int prepare(struct inode *inode, uint64_t at, uint64_t to, uint64_t ahead)
{
    const struct remote_inode *own = inode->data;
    while (at < to) {
        struct fs_extent extent = {.flags = FS_EXTENT_HOLE, .bytes = UINT64_MAX};
        int error = own->flags & FS_INODE_INLINE ? 0 : extent_at(inode, at, &extent);
        uint64_t end = extent.offset + extent.bytes;
        if (error == 0 && (extent.flags & FS_EXTENT_HOLE) != 0)
            error = allocate(inode, at, end < ahead ? end : ahead, &end);
        if (error != 0)
            return error;
        at = end;
    }
    return 0;
}

int remote_prepare_write(struct inode *inode, uint64_t offset, uint64_t bytes)
{
    uint64_t mask = remote_of(inode)->block_bytes - 1;
    uint64_t to = round_up(inode, offset + bytes);
    int error = prepare(inode, offset & ~mask, to, ahead_of(inode, to));
    if (error == -E_NOSPC) // perhaps what is needed at least fits
        error = prepare(inode, offset & ~mask, to, to);
    return error;
}

int remote_allocate(struct inode *inode, uint32_t mode, uint64_t offset, uint64_t bytes)
{
    enum { KEEP_SIZE = 1 };
    uint64_t mask = remote_of(inode)->block_bytes - 1;
    if ((mode & ~(uint32_t)KEEP_SIZE) != 0)
        return -E_OPNOTSUPP;
    uint64_t to = round_up(inode, offset + bytes);
    int error = prepare(inode, offset & ~mask, to, to);
    if (error != 0 || (mode & KEEP_SIZE) != 0 || offset + bytes <= inode->size)
        return error;
    struct attributes change = {.valid = ATTRIBUTE_SIZE | ATTRIBUTE_CHANGED,
                                .size = offset + bytes,
                                .changed = file_time_now()};
    return remote_set_attributes(inode, &change);
}

// ---- size ----

int remote_set_size(struct inode *inode, const struct attributes *change)
{
    struct remote_inode *own = inode->data;
    uint64_t size = change->size;
    struct page *last = NULL;
    int error = 0;
    // What lies behind the new end in its page must be zeros, on the disk too: the page is needed.
    if (size < inode->size && size % PAGE_SIZE != 0)
        error = pagecache_get(inode, size / PAGE_SIZE, &last);
    if (error != 0)
        return error;
    writeback_exclude(inode);
    error = remote_store_attributes(inode, change);
    if (error == 0) {
        own->stored_size = size;
        own->allocated_end = 0;
        inode->size = size;
        pagecache_truncate(inode, size, UINT64_MAX);
    }
    remote_forget_map(inode);
    writeback_include(inode);
    if (last != NULL)
        pagecache_put(last);
    return error;
}
