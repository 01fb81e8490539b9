// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Changes to a file system that another process serves, one at a time, and what is kept of them
// until the server says that they are on the device: a successor gets them again, in order, with
// the inode numbers and blocks of the first time (abi/fs.h, "Restart").

#include <stdlib.h>
#include <string.h>

#include "lib/sys/log.h"
#include "servers/posix/fs/remote.h"

enum {
    REQUEST_MAX = 112,     // bytes of the longest request
    KEPT_MAX = 1024,       // changes; then the server is asked to make them stable
    REPEATED_AT_ONCE = 64, // changes
};

struct change {
    struct list node;
    enum fs_operation operation;
    uint32_t request_bytes, buffer_at, text_bytes;
    uint8_t request[REQUEST_MAX] __attribute__((aligned(8)));
    uint8_t text[];
};

static struct fs_write_header *header_of(struct change *change)
{
    return (struct fs_write_header *)change->request;
}

// ---- keeping ----

static struct change *change_make(const struct remote_change_call *call)
{
    // What FS_ALLOCATE gave is wanted again: room for it.
    size_t text = call->text_bytes[0] + call->text_bytes[1];
    size_t room = call->operation == FS_ALLOCATE ? REMOTE_SLOT_BYTES : text;
    struct change *change = calloc(1, sizeof(*change) + room);
    if (change == NULL)
        return NULL;
    list_init(&change->node);
    change->operation = call->operation;
    change->request_bytes = (uint32_t)call->request_bytes;
    change->buffer_at = (uint32_t)call->buffer_at;
    change->text_bytes = (uint32_t)text;
    memcpy(change->request, call->request, call->request_bytes);
    for (unsigned i = 0, at = 0; i < 2; at += (unsigned)call->text_bytes[i++])
        if (call->text_bytes[i] != 0)
            memcpy(change->text + at, call->text[i], call->text_bytes[i]);
    header_of(change)->now =
        (struct fs_time){.seconds = call->now.seconds, .nanoseconds = call->now.nanoseconds};
    return change;
}

void remote_changes_stable(struct remote *remote, uint64_t stable)
{
    list_for_each_safe(node, &remote->changes)
    {
        struct change *change = list_entry(node, struct change, node);
        if (header_of(change)->sequence > stable)
            return;
        list_remove(node);
        remote->change_count--;
        free(change);
    }
}

// ---- sending ----

// Once, for the first time (`call`) or again, as its header says.
static int send(struct remote *remote, struct change *change, const struct remote_slot *slot,
                const struct remote_change_call *call)
{
    if (change->buffer_at != 0) {
        struct fs_buffer *buffer = (struct fs_buffer *)(change->request + change->buffer_at);
        *buffer = slot->buffer;
        if (change->operation != FS_ALLOCATE)
            buffer->bytes = change->text_bytes;
    }
    uint64_t unused[MESSAGE_WORDS];
    struct remote_call once = {
        .operation = change->operation,
        .request = change->request,
        .request_bytes = change->request_bytes,
        .reply = call != NULL ? call->reply : unused,
        .reply_bytes = call != NULL ? call->reply_bytes : sizeof(struct fs_stable_reply),
        .text = change->text,
        .text_bytes = change->text_bytes,
        .slot = slot,
    };
    int error = remote_exchange(remote, &once, HANDLE_NONE);
    if (error == 0 && call != NULL && call->extents != NULL)
        memcpy(call->extents, slot->data, REMOTE_SLOT_BYTES);
    return error;
}

static uint64_t stable_of(const struct remote_change_call *call)
{
    if (call->operation == FS_ALLOCATE)
        return ((const struct fs_map_reply *)call->reply)->stable;
    return ((const struct fs_stable_reply *)call->reply)->stable; // they all begin with it
}

// What a repetition is to come out as.
static void note_outcome(struct change *change, const struct remote_change_call *call)
{
    switch (change->operation) {
    case FS_CREATE:
    case FS_MKDIR:
    case FS_SYMLINK: {
        const struct fs_make_reply *reply = call->reply;
        ((struct fs_make_request *)change->request)->wanted =
            (struct fs_inode_id){.ino = reply->inode.ino, .generation = reply->inode.generation};
        break;
    }
    case FS_ALLOCATE: {
        const struct fs_map_reply *reply = call->reply;
        uint64_t count = reply->extents < REMOTE_EXTENTS ? reply->extents : REMOTE_EXTENTS;
        change->text_bytes = (uint32_t)(count * sizeof(struct fs_extent));
        memcpy(change->text, call->extents, change->text_bytes);
        ((struct fs_allocate_request *)change->request)->wanted_extents = count;
        break;
    }
    default:
        break;
    }
}

// Answered: the number is used, and what succeeded is kept.
static void finish(struct remote *remote, struct change *change,
                   const struct remote_change_call *call, int error)
{
    remote->sequence = header_of(change)->sequence;
    if (error != 0) {
        free(change);
        return;
    }
    note_outcome(change, call);
    struct change *shorter = realloc(change, sizeof(*change) + change->text_bytes);
    change = shorter != NULL ? shorter : change;
    list_add_tail(&remote->changes, &change->node);
    remote->change_count++;
    uint64_t stable = stable_of(call);
    remote_changes_stable(remote, stable < remote->sequence ? stable : remote->sequence);
}

static int carry_out(struct remote *remote, struct change *change,
                     const struct remote_change_call *call)
{
    // -E_PROTO: perhaps the server counts otherwise; attached anew it says how.
    for (int attempt = 0; attempt < REMOTE_RESTARTS_MAX; attempt++) {
        struct remote_slot slot = remote_slot_take(remote);
        uint64_t mount = remote->mount;
        header_of(change)->mount = mount;
        header_of(change)->sequence = remote->sequence + 1;
        int error = send(remote, change, &slot, call);
        remote_slot_give(remote, &slot);
        if (error != -E_RESTARTED && (error != -E_PROTO || attempt != 0)) {
            finish(remote, change, call, error);
            return error == -E_SRCH ? -E_IO : error;
        }
        error = remote_attach_again(remote, mount);
        if (error != 0) {
            free(change);
            return error;
        }
    }
    free(change);
    return -E_IO;
}

int remote_change(struct remote *remote, const struct remote_change_call *call)
{
    if (remote->superblock->flags & SUPERBLOCK_READ_ONLY)
        return -E_ROFS;
    if (call->text_bytes[0] + call->text_bytes[1] > REMOTE_SLOT_BYTES)
        return -E_NAMETOOLONG;
    struct change *change = change_make(call);
    if (change == NULL)
        return -E_NOMEM;
    while (remote->changing)
        (void)wait_sleep(&remote->wait, DEADLINE_NEVER, WAIT_UNINTERRUPTIBLE);
    remote->changing = true;
    int error = remote->change_count >= KEPT_MAX ? remote_make_stable(remote, NULL, 0) : 0;
    if (error == 0)
        error = carry_out(remote, change, call);
    else
        free(change);
    remote->changing = false;
    wait_wake_all(&remote->wait);
    return error;
}

static struct remote_call sync_call(struct fs_sync_request *request, struct fs_stable_reply *reply)
{
    return (struct remote_call){
        .operation = FS_SYNC,
        .request = request,
        .request_bytes = sizeof(*request),
        .reply = reply,
        .reply_bytes = sizeof(*reply),
    };
}

int remote_make_stable(struct remote *remote, const struct fs_inode_id *inode, uint64_t flags)
{
    struct fs_stable_reply reply;
    struct fs_sync_request request = {.flags = flags};
    struct remote_call call = sync_call(&request, &reply);
    if (inode != NULL)
        request.inode = *inode;
    int error = remote_call(remote, &call);
    if (error == 0)
        remote_changes_stable(remote, reply.stable);
    return error;
}

// ---- a successor ----

// So that one that dies soon has to do less the next time.
static int make_part_stable(struct remote *remote, uint64_t mount)
{
    struct fs_stable_reply reply;
    struct fs_sync_request request = {.mount = mount, .inode = remote->root};
    struct remote_call call = sync_call(&request, &reply);
    return remote_exchange(remote, &call, HANDLE_NONE);
}

int remote_changes_repeat(struct remote *remote, uint64_t mount, uint64_t applied,
                          const struct remote_slot *slot)
{
    uint64_t sequence = applied, repeated = 0;
    if (remote->change_count != 0 && applied > remote->sequence)
        return -E_PROTO;
    remote_changes_stable(remote, applied);
    list_for_each(node, &remote->changes)
    {
        struct change *change = list_entry(node, struct change, node);
        header_of(change)->mount = mount;
        header_of(change)->sequence = ++sequence;
        int error = send(remote, change, slot, NULL);
        if (error == 0 && ++repeated % REPEATED_AT_ONCE == 0)
            error = make_part_stable(remote, mount);
        if (error != 0)
            return error;
    }
    remote->sequence = sequence;
    if (repeated != 0)
        log_info("%s: %u changes repeated", remote->device, (unsigned)repeated);
    return 0;
}
