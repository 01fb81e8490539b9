// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The writing requests of abi/fs.h: their order, checking them, handing them to the format. Names
// and values are copied out of the session memory first: the client may change it meanwhile.

#include "lib/fs/dispatch.h"

#include <string.h>

enum {
    S_IFMT = 0xF000,
    S_IFDIR = 0x4000,
    S_IFLNK = 0xA000,
    NANOSECONDS = 1000000000,
};

static const struct fs_format *format_of(const struct fs_request *request)
{
    return request->server->format;
}

static bool type_fits(int32_t label, uint32_t mode)
{
    uint32_t type = mode & S_IFMT;
    if (mode >> 16)
        return false;
    switch (label) {
    case FS_MKDIR:
        return type == S_IFDIR;
    case FS_SYMLINK:
        return type == S_IFLNK;
    default:
        return type != S_IFDIR && type != S_IFLNK && type != 0;
    }
}

static int handle_make(struct fs_request *request)
{
    const struct fs_make_request *words = request->words;
    char name[FS_NAME_MAX + 1], target[FS_LINK_MAX + 1];
    if (!type_fits(request->label, words->mode))
        return -E_INVAL;
    int error = fs_name_copy(request->mount, words->buffer, 0, words->name_bytes, name);
    uint32_t target_bytes = request->label == FS_SYMLINK ? words->target_bytes : 0;
    if (!error)
        error = fs_text_copy(request->mount, words->buffer, words->name_bytes, target_bytes, target,
                             FS_LINK_MAX);
    if (error)
        return error;
    request->reply_bytes = sizeof(struct fs_make_reply);
    return format_of(request)->make(request->mount->volume, words, name, target, request->reply);
}

static int handle_link(struct fs_request *request)
{
    const struct fs_link_request *words = request->words;
    char name[FS_NAME_MAX + 1];
    int error = fs_name_copy(request->mount, words->name, 0, words->name.bytes, name);
    if (error)
        return error;
    request->reply_bytes = sizeof(struct fs_make_reply);
    return format_of(request)->link(request->mount->volume, words, name, request->reply);
}

static int handle_remove(struct fs_request *request)
{
    const struct fs_remove_request *words = request->words;
    char name[FS_NAME_MAX + 1];
    int error = fs_name_copy(request->mount, words->name, 0, words->name.bytes, name);
    if (error)
        return error;
    request->reply_bytes = sizeof(struct fs_remove_reply);
    return format_of(request)->remove(request->mount->volume, words, request->label == FS_RMDIR,
                                      name, request->reply);
}

static int handle_rename(struct fs_request *request)
{
    const struct fs_rename_request *words = request->words;
    char old_name[FS_NAME_MAX + 1], new_name[FS_NAME_MAX + 1];
    int error = fs_name_copy(request->mount, words->buffer, 0, words->old_name_bytes, old_name);
    if (!error)
        error = fs_name_copy(request->mount, words->buffer, words->old_name_bytes,
                             words->new_name_bytes, new_name);
    if (error)
        return error;
    request->reply_bytes = sizeof(struct fs_rename_reply);
    return format_of(request)->rename(request->mount->volume, words, old_name, new_name,
                                      request->reply);
}

static int handle_release(struct fs_request *request)
{
    request->reply_bytes = sizeof(struct fs_stable_reply);
    return format_of(request)->release(request->mount->volume, request->words, request->reply);
}

static int handle_setattr(struct fs_request *request)
{
    const struct fs_setattr_request *words = request->words;
    const uint64_t known = FS_VALID_MODE | FS_VALID_UID | FS_VALID_GID | FS_VALID_SIZE |
                           FS_VALID_ATIME | FS_VALID_MTIME | FS_VALID_FLAGS;
    if ((words->valid & ~known) || words->atime.nanoseconds >= NANOSECONDS ||
        words->mtime.nanoseconds >= NANOSECONDS)
        return -E_INVAL;
    request->reply_bytes = sizeof(struct fs_inode_reply);
    return format_of(request)->setattr(request->mount->volume, words, request->reply);
}

static int handle_allocate(struct fs_request *request)
{
    const struct fs_allocate_request *words = request->words;
    struct fs_extent wanted[FS_EXTENTS_AT_ONCE], extents[FS_EXTENTS_AT_ONCE];
    struct fs_map_reply *reply = request->reply;
    uint8_t *buffer = fs_buffer_find(request->mount, words->buffer);
    size_t room = words->buffer.bytes / sizeof(extents[0]);
    if (!buffer)
        return -E_PROTO;
    if (room > FS_EXTENTS_AT_ONCE)
        room = FS_EXTENTS_AT_ONCE;
    if (words->wanted_extents > room)
        return -E_PROTO;
    memcpy(wanted, buffer, (size_t)words->wanted_extents * sizeof(wanted[0]));
    int count = format_of(request)->allocate(request->mount->volume, words, wanted, extents,
                                             (unsigned)room, reply);
    if (count < 0)
        return count;
    memcpy(buffer, extents, (size_t)count * sizeof(extents[0]));
    reply->extents = (uint64_t)count;
    request->reply_bytes = sizeof(*reply);
    return 0;
}

static int handle_commit(struct fs_request *request)
{
    request->reply_bytes = sizeof(struct fs_inode_reply);
    return format_of(request)->commit(request->mount->volume, request->words, request->reply);
}

static int handle_setxattr(struct fs_request *request)
{
    const struct fs_setxattr_request *words = request->words;
    char name[FS_XATTR_NAME_MAX + 1];
    uint8_t value[FS_XATTR_VALUE_MAX];
    const uint64_t flags = words->flags;
    const uint8_t *buffer = fs_buffer_find(request->mount, words->buffer);
    if (!buffer || words->name_bytes > words->buffer.bytes ||
        words->value_bytes > words->buffer.bytes - words->name_bytes)
        return -E_PROTO;
    if (flags && flags != FS_XATTR_CREATE && flags != FS_XATTR_REPLACE && flags != FS_XATTR_REMOVE)
        return -E_INVAL;
    if (words->name_bytes == 0 || words->name_bytes > FS_XATTR_NAME_MAX)
        return -E_RANGE;
    if (words->value_bytes > FS_XATTR_VALUE_MAX)
        return -E_NOSPC;
    int error =
        fs_text_copy(request->mount, words->buffer, 0, words->name_bytes, name, FS_XATTR_NAME_MAX);
    if (error)
        return error;
    memcpy(value, buffer + words->name_bytes, words->value_bytes);
    request->reply_bytes = sizeof(struct fs_inode_reply);
    return format_of(request)->setxattr(request->mount->volume, words, name, value, request->reply);
}

struct operation {
    int (*handle)(struct fs_request *request);
    size_t request_bytes;
};

static const struct operation operations[] = {
    [0] = {handle_make, sizeof(struct fs_make_request)}, // FS_CREATE
    [FS_MKDIR - FS_CREATE] = {handle_make, sizeof(struct fs_make_request)},
    [FS_SYMLINK - FS_CREATE] = {handle_make, sizeof(struct fs_make_request)},
    [FS_LINK - FS_CREATE] = {handle_link, sizeof(struct fs_link_request)},
    [FS_UNLINK - FS_CREATE] = {handle_remove, sizeof(struct fs_remove_request)},
    [FS_RMDIR - FS_CREATE] = {handle_remove, sizeof(struct fs_remove_request)},
    [FS_RENAME - FS_CREATE] = {handle_rename, sizeof(struct fs_rename_request)},
    [FS_RELEASE - FS_CREATE] = {handle_release, sizeof(struct fs_release_request)},
    [FS_SETATTR - FS_CREATE] = {handle_setattr, sizeof(struct fs_setattr_request)},
    [FS_ALLOCATE - FS_CREATE] = {handle_allocate, sizeof(struct fs_allocate_request)},
    [FS_COMMIT - FS_CREATE] = {handle_commit, sizeof(struct fs_commit_request)},
    [FS_SETXATTR - FS_CREATE] = {handle_setxattr, sizeof(struct fs_setxattr_request)},
};

// A number is used up by whatever comes of its operation.
static int sequence_take(struct fs_mount *mount, const struct fs_write_header *header)
{
    if (header->sequence <= mount->sequence)
        return -E_ALREADY;
    if (header->sequence - mount->sequence != 1 || header->now.nanoseconds >= NANOSECONDS)
        return -E_PROTO;
    mount->sequence = header->sequence;
    return 0;
}

int fs_dispatch_write(struct fs_request *request, size_t bytes)
{
    const struct operation *operation = &operations[request->label - FS_CREATE];
    if (request->mount->read_only)
        return -E_ROFS;
    if (bytes < operation->request_bytes)
        return -E_PROTO;
    int error = sequence_take(request->mount, request->words);
    return error ? error : operation->handle(request);
}
