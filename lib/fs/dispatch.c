// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Requests of abi/fs.h: finding their mount, checking them, handing them to the format. The writing
// ones: dispatch_write.c.

#include "lib/fs/dispatch.h"

#include <string.h>

// ---- the session memory ----

uint8_t *fs_buffer_find(const struct fs_mount *mount, struct fs_buffer buffer)
{
    if (buffer.offset % 8 || buffer.offset > mount->session_bytes ||
        buffer.bytes > mount->session_bytes - buffer.offset)
        return NULL;
    return mount->session + buffer.offset;
}

int fs_text_copy(const struct fs_mount *mount, struct fs_buffer buffer, uint32_t skip,
                 uint32_t length, char *to, size_t max)
{
    const uint8_t *from = fs_buffer_find(mount, buffer);
    if (!from || skip > buffer.bytes || length > buffer.bytes - skip)
        return -E_PROTO;
    if (length > max)
        return -E_NAMETOOLONG;
    memcpy(to, from + skip, length);
    to[length] = 0;
    return memchr(to, 0, length) ? -E_INVAL : 0;
}

int fs_name_copy(const struct fs_mount *mount, struct fs_buffer buffer, uint32_t skip,
                 uint32_t length, char name[FS_NAME_MAX + 1])
{
    int error = fs_text_copy(mount, buffer, skip, length, name, FS_NAME_MAX);
    if (error)
        return error;
    return length == 0 || memchr(name, '/', length) ? -E_INVAL : 0;
}

bool fs_listing_add(struct fs_listing *listing, uint64_t ino, uint64_t next,
                    enum fs_dirent_type type, const char *name, unsigned length,
                    const struct fs_attributes *attributes)
{
    static const uint8_t zero[8];
    uint32_t fixed = sizeof(struct fs_dirent);
    uint32_t padded = (fixed + length + 7) & ~7u;
    uint32_t bytes = padded + (attributes ? (uint32_t)sizeof(*attributes) : 0);
    if (bytes > listing->room)
        return false;
    struct fs_dirent entry = {.ino = ino,
                              .next = next,
                              .entry_bytes = (uint16_t)bytes,
                              .type = (uint8_t)type,
                              .name_bytes = (uint8_t)length,
                              .attributes_offset = attributes ? padded : 0};
    memcpy(listing->at, &entry, fixed);
    memcpy(listing->at + fixed, name, length);
    memcpy(listing->at + fixed + length, zero, padded - fixed - length);
    if (attributes)
        memcpy(listing->at + padded, attributes, sizeof(*attributes));
    listing->at += bytes;
    listing->room -= bytes;
    listing->bytes += bytes;
    listing->entries++;
    return true;
}

// ---- mounts ----

static struct fs_mount *mount_find(struct fs_server *server, uint64_t client, uint64_t number)
{
    for (unsigned i = 0; i < FS_MOUNTS_MAX; i++) {
        struct fs_mount *mount = &server->mount[i];
        if (number && mount->number == number && mount->client == client)
            return mount;
    }
    return NULL;
}

static void mount_drop(struct fs_server *server, struct fs_mount *mount)
{
    server->format->unmount(mount->volume);
    server->session_unmap(mount->session, mount->session_bytes);
    memset(mount, 0, sizeof(*mount));
}

// The place for a mount of this device: -E_BUSY if another client has it; this client's own earlier
// one is dropped.
static int mount_place(struct fs_server *server, const struct fs_mount *wanted,
                       struct fs_mount **out)
{
    struct fs_mount *free = NULL;
    for (unsigned i = 0; i < FS_MOUNTS_MAX; i++) {
        struct fs_mount *mount = &server->mount[i];
        if (mount->number && strcmp(mount->device, wanted->device) == 0) {
            if (mount->client != wanted->client)
                return -E_BUSY;
            mount_drop(server, mount);
        }
        if (!mount->number && !free)
            free = mount;
    }
    *out = free;
    return free ? 0 : -E_NOMEM;
}

// Everything but the session memory, which is mapped.
static int mount_open(struct fs_server *server, struct fs_mount *wanted,
                      const struct fs_mount_request *request, struct fs_mount_reply *reply)
{
    char options[FS_OPTIONS_MAX + 1];
    struct fs_mount *place;
    int error = fs_text_copy(wanted, request->buffer, 0, request->device_name_bytes, wanted->device,
                             FS_DEVICE_NAME_MAX);
    if (!error)
        error = fs_text_copy(wanted, request->buffer, request->device_name_bytes,
                             request->options_bytes, options, FS_OPTIONS_MAX);
    if (!error)
        error = mount_place(server, wanted, &place);
    if (!error)
        error = server->format->mount(wanted->device, options, request, &wanted->volume, reply);
    if (error)
        return error;
    wanted->read_only = (reply->flags & FS_MOUNT_READ_ONLY) != 0;
    wanted->sequence = reply->applied;
    wanted->number = server->next_number++;
    reply->mount = wanted->number;
    *place = *wanted;
    return 0;
}

static int handle_mount(struct fs_server *server, const struct message *message,
                        struct fs_request *request)
{
    const struct fs_mount_request *words = request->words;
    struct fs_mount wanted = {.client = message->badge};
    if (message_handles(message->tag) != 1 || words->session_bytes < FS_SESSION_BYTES_MIN ||
        words->session_bytes > FS_SESSION_BYTES_MAX || words->session_bytes % PAGE_SIZE)
        return -E_PROTO;
    if ((words->flags & ~(uint64_t)FS_MOUNT_READ_ONLY) || words->now.nanoseconds >= 1000000000)
        return -E_INVAL;
    wanted.session_bytes = (uint32_t)words->session_bytes;
    int error = server->session_map(message->handle[0], words->session_bytes, &wanted.session);
    if (error)
        return error;
    error = mount_open(server, &wanted, words, request->reply);
    if (error)
        server->session_unmap(wanted.session, wanted.session_bytes);
    request->reply_bytes = sizeof(struct fs_mount_reply);
    return error;
}

// ---- operations on a mount ----

static int handle_unmount(struct fs_request *request)
{
    mount_drop(request->server, request->mount);
    return 0;
}

static int handle_lookup(struct fs_request *request)
{
    const struct fs_lookup_request *words = request->words;
    char name[FS_NAME_MAX + 1];
    int error = fs_name_copy(request->mount, words->name, 0, words->name.bytes, name);
    if (error)
        return error;
    request->reply_bytes = sizeof(struct fs_attributes);
    return request->server->format->lookup(request->mount->volume, &words->directory, name,
                                           words->name.bytes, request->reply);
}

static int handle_getattr(struct fs_request *request)
{
    const struct fs_inode_request *words = request->words;
    request->reply_bytes = sizeof(struct fs_attributes);
    return request->server->format->getattr(request->mount->volume, &words->inode, request->reply);
}

static int handle_readdir(struct fs_request *request)
{
    const struct fs_readdir_request *words = request->words;
    struct fs_readdir_reply *reply = request->reply;
    struct fs_listing listing = {.at = fs_buffer_find(request->mount, words->buffer),
                                 .room = words->buffer.bytes};
    if (!listing.at)
        return -E_PROTO;
    if (words->flags & ~(uint64_t)FS_READDIR_ATTRIBUTES)
        return -E_INVAL;
    int error = request->server->format->readdir(
        request->mount->volume, &words->directory, words->cookie,
        (words->flags & FS_READDIR_ATTRIBUTES) != 0, &listing, &reply->next);
    reply->bytes = listing.bytes;
    reply->entries = listing.entries;
    request->reply_bytes = sizeof(*reply);
    return error;
}

static int bytes_reply(struct fs_request *request, int bytes)
{
    struct fs_bytes_reply *reply = request->reply;
    if (bytes < 0)
        return bytes;
    reply->bytes = (uint64_t)bytes;
    request->reply_bytes = sizeof(*reply);
    return 0;
}

static int handle_readlink(struct fs_request *request)
{
    const struct fs_buffer_request *words = request->words;
    uint8_t *to = fs_buffer_find(request->mount, words->buffer);
    if (!to)
        return -E_PROTO;
    return bytes_reply(request,
                       request->server->format->readlink(request->mount->volume, &words->inode,
                                                         (char *)to, words->buffer.bytes));
}

static int handle_read_inline(struct fs_request *request)
{
    const struct fs_buffer_request *words = request->words;
    uint8_t *to = fs_buffer_find(request->mount, words->buffer);
    if (!to)
        return -E_PROTO;
    return bytes_reply(request,
                       request->server->format->read_inline(request->mount->volume, &words->inode,
                                                            to, words->buffer.bytes));
}

static int handle_map(struct fs_request *request)
{
    const struct fs_map_request *words = request->words;
    struct fs_map_reply *reply = request->reply;
    struct fs_extent extents[FS_EXTENTS_AT_ONCE];
    uint8_t *to = fs_buffer_find(request->mount, words->buffer);
    if (!to)
        return -E_PROTO;
    size_t room = words->buffer.bytes / sizeof(extents[0]);
    if (room > FS_EXTENTS_AT_ONCE)
        room = FS_EXTENTS_AT_ONCE;
    int count = request->server->format->map(request->mount->volume, &words->inode, words->offset,
                                             words->bytes, extents, (unsigned)room, &reply->end);
    if (count < 0)
        return count;
    memcpy(to, extents, (size_t)count * sizeof(extents[0]));
    reply->extents = (uint64_t)count;
    reply->stable = 0;
    request->reply_bytes = sizeof(*reply);
    return 0;
}

static int handle_statfs(struct fs_request *request)
{
    request->reply_bytes = sizeof(struct fs_statfs_reply);
    return request->server->format->statfs(request->mount->volume, request->reply);
}

static int handle_sync(struct fs_request *request)
{
    const struct fs_sync_request *words = request->words;
    struct fs_stable_reply *reply = request->reply;
    request->reply_bytes = sizeof(*reply);
    return request->server->format->sync(request->mount->volume, &words->inode, words->flags,
                                         &reply->stable);
}

static int handle_getxattr(struct fs_request *request)
{
    const struct fs_xattr_request *words = request->words;
    char name[FS_XATTR_NAME_MAX + 1];
    if (words->name_bytes == 0 || words->name_bytes > FS_XATTR_NAME_MAX)
        return -E_RANGE;
    int error = fs_text_copy(request->mount, words->buffer, 0, (uint32_t)words->name_bytes, name,
                             FS_XATTR_NAME_MAX);
    if (error)
        return error;
    return bytes_reply(request,
                       request->server->format->getxattr(
                           request->mount->volume, &words->inode, name, words->name_bytes,
                           fs_buffer_find(request->mount, words->buffer), words->buffer.bytes));
}

static int handle_listxattr(struct fs_request *request)
{
    const struct fs_xattr_request *words = request->words;
    uint8_t *to = fs_buffer_find(request->mount, words->buffer);
    if (!to)
        return -E_PROTO;
    return bytes_reply(request,
                       request->server->format->listxattr(request->mount->volume, &words->inode,
                                                          (char *)to, words->buffer.bytes));
}

// ---- dispatch ----

struct operation {
    int (*handle)(struct fs_request *request);
    size_t request_bytes;
};

static const struct operation operations[] = {
    [FS_UNMOUNT] = {handle_unmount, sizeof(struct fs_mount_only_request)},
    [FS_LOOKUP] = {handle_lookup, sizeof(struct fs_lookup_request)},
    [FS_GETATTR] = {handle_getattr, sizeof(struct fs_inode_request)},
    [FS_READDIR] = {handle_readdir, sizeof(struct fs_readdir_request)},
    [FS_READLINK] = {handle_readlink, sizeof(struct fs_buffer_request)},
    [FS_MAP] = {handle_map, sizeof(struct fs_map_request)},
    [FS_READ_INLINE] = {handle_read_inline, sizeof(struct fs_buffer_request)},
    [FS_STATFS] = {handle_statfs, sizeof(struct fs_mount_only_request)},
    [FS_SYNC] = {handle_sync, sizeof(struct fs_sync_request)},
    [FS_GETXATTR] = {handle_getxattr, sizeof(struct fs_xattr_request)},
    [FS_LISTXATTR] = {handle_listxattr, sizeof(struct fs_xattr_request)},
};

enum { OPERATIONS = sizeof(operations) / sizeof(operations[0]) };

static bool is_writing(int32_t label)
{
    return label >= FS_CREATE && label <= FS_SETXATTR;
}

static int dispatch(struct fs_server *server, const struct message *message,
                    struct fs_request *request)
{
    int32_t label = request->label;
    size_t bytes = message_words(message->tag) * sizeof(message->word[0]);
    if (label == FS_MOUNT)
        return bytes < sizeof(struct fs_mount_request) ? -E_PROTO
                                                       : handle_mount(server, message, request);
    bool known = label > 0 && label < OPERATIONS && operations[label].handle;
    if (!known && !is_writing(label))
        return -E_NOSYS;
    if (bytes < (known ? operations[label].request_bytes : sizeof(struct fs_write_header)))
        return -E_PROTO;
    request->mount = mount_find(server, message->badge, message->word[0]);
    if (!request->mount)
        return label == FS_UNMOUNT ? 0 : -E_RESTARTED;
    return known ? operations[label].handle(request) : fs_dispatch_write(request, bytes);
}

void fs_server_dispatch(struct fs_server *server, struct message *message)
{
    union {
        uint64_t word[MESSAGE_WORDS];
        struct fs_make_reply longest;
    } reply = {0};
    struct fs_request request = {.server = server,
                                 .label = message_label(message->tag),
                                 .words = message->word,
                                 .reply = &reply};
    int error = dispatch(server, message, &request);
    size_t bytes = error ? 0 : request.reply_bytes;
    memcpy(message->word, reply.word, bytes);
    message->tag = message_tag(error, (unsigned)(bytes / sizeof(reply.word[0])), 0);
}

void fs_server_settle(struct fs_server *server)
{
    for (unsigned i = 0; i < FS_MOUNTS_MAX; i++) {
        const struct fs_mount *mount = &server->mount[i];
        if (mount->number != 0 && !mount->read_only && server->format->settle)
            server->format->settle(mount->volume);
    }
}
