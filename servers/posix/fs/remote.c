// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The session with a file-system server: session memory, calls, attaching again after the server
// restarted. Operations that write are in remote_change.c.

#include "servers/posix/fs/remote_inode.h"

#include <stdlib.h>
#include <string.h>

#include "lib/sys/log.h"
#include "lib/sys/start.h"
#include "lib/sys/sys.h"
#include "servers/posix/fs/types.h"
#include "servers/posix/io/disk.h"
#include "servers/posix/random.h"

// ---- slots ----

static struct remote_slot slot_at(const struct remote *remote, unsigned number)
{
    uint32_t offset = number * REMOTE_SLOT_BYTES;
    return (struct remote_slot){
        .buffer = {.offset = offset, .bytes = REMOTE_SLOT_BYTES},
        .data = remote->base + offset,
        .number = number,
    };
}

struct remote_slot remote_slot_take(struct remote *remote)
{
    while (remote->used_slots == (1u << REMOTE_CALL_SLOTS) - 1)
        (void)wait_sleep(&remote->wait, DEADLINE_NEVER, WAIT_UNINTERRUPTIBLE);
    unsigned number = (unsigned)__builtin_ctz(~remote->used_slots);
    remote->used_slots |= 1u << number;
    return slot_at(remote, number);
}

struct remote_slot remote_slot_for_attaching(const struct remote *remote)
{
    return slot_at(remote, REMOTE_CALL_SLOTS);
}

void remote_slot_give(struct remote *remote, const struct remote_slot *slot)
{
    remote->used_slots &= ~(1u << slot->number);
    if (!wait_queue_empty(&remote->wait))
        wait_wake_all(&remote->wait);
}

// ---- calls ----

int remote_exchange(struct remote *remote, const struct remote_call *call, handle_t memory)
{
    struct message message;
    int64_t words = 0;
    if (call->text_bytes != 0)
        memcpy(call->slot->data, call->text, call->text_bytes);
    words = message_put_bytes(&message, 0, call->request, call->request_bytes);
    if (words < 0)
        return (int)words;
    message.tag = message_tag((int32_t)call->operation, (unsigned)words, memory != HANDLE_NONE);
    message.handle[0] = memory;
    posix_unlock();
    int64_t result = message_call(remote->server, &message);
    posix_lock();
    if (result < 0)
        return (int)result;
    message_close_handles(&message);
    if (call->reply_bytes != 0)
        return (int)message_get_bytes(&message, 0, call->reply, call->reply_bytes);
    return 0;
}

// FS_MOUNT, first or after a restart; the attachment is the caller's to use. `slot` holds the
// names.
static int attach(struct remote *remote, const struct remote_slot *slot,
                  struct fs_mount_reply *reply)
{
    char text[sizeof(remote->device) + sizeof(remote->options)];
    size_t device = strlen(remote->device), options = strlen(remote->options);
    memcpy(text, remote->device, device);
    memcpy(text + device, remote->options, options);
    struct file_time now = file_time_now();
    struct fs_mount_request request = {
        .session_bytes = FS_SESSION_BYTES,
        .flags = remote->read_only ? FS_MOUNT_READ_ONLY : 0,
        .buffer = slot->buffer,
        .device_name_bytes = (uint32_t)device,
        .options_bytes = (uint32_t)options,
        .client = remote->client,
        .now = {.seconds = now.seconds, .nanoseconds = now.nanoseconds},
    };
    struct remote_call call = {
        .operation = FS_MOUNT,
        .request = &request,
        .request_bytes = sizeof(request),
        .reply = reply,
        .reply_bytes = sizeof(*reply),
        .text = text,
        .text_bytes = device + options,
        .slot = slot,
    };
    int error = remote_exchange(remote, &call, remote->memory);
    for (int i = 0; error == -E_RESTARTED && i < REMOTE_RESTARTS_MAX; i++)
        error = remote_exchange(remote, &call, remote->memory);
    return error;
}

// The server may mount read-only what was to be writable.
static void take_mode(struct remote *remote, const struct fs_mount_reply *reply)
{
    struct superblock *superblock = remote->superblock;
    if (reply->flags & FS_MOUNT_READ_ONLY)
        superblock->flags |= SUPERBLOCK_READ_ONLY;
    else
        superblock->flags &= ~(uint32_t)SUPERBLOCK_READ_ONLY;
}

// With what the server had not made stable: until that is there nobody uses the attachment.
static int attach_and_repeat(struct remote *remote)
{
    struct fs_mount_reply reply;
    int error = -E_RESTARTED;
    uint64_t last = 0;
    for (int i = 0; error == -E_RESTARTED && i < REMOTE_RESTARTS_MAX; i++) {
        struct remote_slot slot = remote_slot_for_attaching(remote);
        error = attach(remote, &slot, &reply);
        if (error == 0 && reply.applied > last)
            i = 0; // the one that died did something
        last = error == 0 ? reply.applied : last;
        if (error == 0)
            error = remote_changes_repeat(remote, reply.mount, reply.applied, &slot);
    }
    if (error == 0) {
        remote->mount = reply.mount;
        take_mode(remote, &reply);
    }
    return error;
}

int remote_attach_again(struct remote *remote, uint64_t stale)
{
    while (remote->attaching)
        (void)wait_sleep(&remote->wait, DEADLINE_NEVER, WAIT_UNINTERRUPTIBLE);
    if (remote->mount != stale)
        return 0;
    if (remote->lost)
        return -E_IO;
    remote->attaching = true;
    int error = attach_and_repeat(remote);
    remote->attaching = false;
    wait_wake_all(&remote->wait);
    if (error == 0) {
        log_info("%s: attached to the restarted %s server", remote->device,
                 remote->superblock->type->name);
        return 0;
    }
    log_error("%s: the restarted %s server does not take it: error %d", remote->device,
              remote->superblock->type->name, -error);
    remote->lost = true;
    remote->superblock->flags |= SUPERBLOCK_READ_ONLY;
    return -E_IO;
}

int remote_call(struct remote *remote, const struct remote_call *call)
{
    for (int attempt = 0;; attempt++) {
        uint64_t mount = remote->mount;
        memcpy(call->request, &mount, sizeof(mount)); // every request begins with it
        int error = remote_exchange(remote, call, HANDLE_NONE);
        if (error != -E_RESTARTED)
            return error == -E_SRCH ? -E_IO : error;
        if (attempt == REMOTE_RESTARTS_MAX)
            return -E_IO;
        error = remote_attach_again(remote, mount);
        if (error != 0)
            return error;
    }
}

// ---- the super-block ----

static int remote_statfs(struct superblock *superblock, struct linux_statfs *out)
{
    struct remote *remote = superblock->data;
    struct fs_mount_only_request request;
    struct fs_statfs_reply reply;
    struct remote_call call = {
        .operation = FS_STATFS,
        .request = &request,
        .request_bytes = sizeof(request),
        .reply = &reply,
        .reply_bytes = sizeof(reply),
    };
    int error = remote_call(remote, &call);
    if (error != 0)
        return error;
    out->block_size = (int64_t)reply.block_bytes;
    out->blocks = reply.blocks;
    out->free_blocks = reply.free_blocks;
    out->available_blocks = reply.available_blocks;
    out->files = reply.inodes;
    out->free_files = reply.free_inodes;
    out->name_length = (int64_t)reply.name_max;
    return 0;
}

static void session_destroy(struct remote *remote)
{
    if (remote->base != NULL)
        (void)sys_aspace_unmap(HANDLE_SELF, (uint64_t)(uintptr_t)remote->base, FS_SESSION_BYTES);
    if (remote->memory != HANDLE_NONE)
        (void)sys_handle_close(remote->memory);
    remote_changes_stable(remote, UINT64_MAX);
    free(remote);
}

static void remote_unmount(struct superblock *superblock)
{
    struct remote *remote = superblock->data;
    struct fs_mount_only_request request;
    struct remote_call call = {
        .operation = FS_UNMOUNT, .request = &request, .request_bytes = sizeof(request)};
    int error = remote_call(remote, &call);
    if (error != 0)
        log_warning("%s: unmounting: error %d", remote->device, -error);
    session_destroy(remote);
}

// The same server, attached anew with the other kind of mount.
static int remote_remount(struct superblock *superblock, const char *options, bool read_only)
{
    struct remote *remote = superblock->data;
    if (*options != '\0' && strcmp(options, remote->options) != 0)
        return -E_INVAL;
    if (read_only == ((superblock->flags & SUPERBLOCK_READ_ONLY) != 0))
        return 0;
    int error = read_only ? remote_sync_all(superblock) : 0;
    if (error != 0)
        return error;
    remote->read_only = read_only;
    error = remote_attach_again(remote, remote->mount);
    return error != 0                                               ? error
           : !read_only && superblock->flags & SUPERBLOCK_READ_ONLY ? -E_ROFS
                                                                    : 0;
}

static const struct superblock_operations remote_superblock_operations = {
    .statfs = remote_statfs,
    .sync = remote_sync_all,
    .remount = remote_remount,
    .evict = remote_inode_evict,
    .unmount = remote_unmount,
};

static int session_create(struct superblock *superblock, const char *device, const char *options,
                          struct remote **out)
{
    if (strlen(device) > FS_DEVICE_NAME_MAX || strlen(options) > FS_OPTIONS_MAX)
        return -E_NAMETOOLONG;
    struct remote *remote = calloc(1, sizeof(*remote));
    if (remote == NULL)
        return -E_NOMEM;
    memcpy(remote->device, device, strlen(device));
    memcpy(remote->options, options, strlen(options));
    remote->superblock = superblock;
    remote->server = startup_handle(superblock->type->name);
    remote->read_only = (superblock->flags & SUPERBLOCK_READ_ONLY) != 0;
    remote->client = random_u64() | 1;
    wait_queue_init(&remote->wait);
    list_init(&remote->changes);
    int64_t memory = sys_memory_create(FS_SESSION_BYTES, 0, HANDLE_NONE);
    if (memory >= 0) {
        remote->memory = (handle_t)memory;
        struct aspace_map_args args = {.bytes = FS_SESSION_BYTES,
                                       .memory = remote->memory,
                                       .prot = PROT_READ | PROT_WRITE,
                                       .flags = MAP_POPULATE};
        memory = sys_aspace_map(HANDLE_SELF, &args);
        if (memory > 0)
            remote->base = (uint8_t *)(uintptr_t)memory;
    }
    if (memory < 0) {
        session_destroy(remote);
        return (int)memory;
    }
    *out = remote;
    return 0;
}

static int remote_mount(struct superblock *superblock, const char *source, const char *options,
                        struct inode **root)
{
    struct remote *remote;
    struct fs_mount_reply reply;
    const char *device = strncmp(source, "/dev/", 5) == 0 ? source + 5 : source;
    struct disk *disk = disk_find(device);
    if (disk == NULL)
        return *device == '\0' ? -E_NOENT : -E_NXIO;
    if (startup_handle(superblock->type->name) == HANDLE_NONE)
        return -E_NODEV;
    int error = session_create(superblock, device, options, &remote);
    if (error != 0)
        return error;
    remote->disk = disk;
    struct remote_slot slot = remote_slot_take(remote);
    error = attach(remote, &slot, &reply);
    remote_slot_give(remote, &slot);
    if (error != 0) {
        session_destroy(remote);
        return error;
    }
    remote->mount = reply.mount;
    remote->sequence = reply.applied;
    remote->block_bytes = reply.block_bytes;
    remote->root = (struct fs_inode_id){reply.root.ino, reply.root.generation};
    superblock->data = remote;
    superblock->ops = &remote_superblock_operations;
    superblock->flags |= SUPERBLOCK_SLEEPS | SUPERBLOCK_UNIQUE_INODES;
    take_mode(remote, &reply);
    superblock->block_bytes = (uint32_t)reply.block_bytes;
    superblock->max_bytes = reply.max_file_bytes < INT64_MAX ? reply.max_file_bytes : INT64_MAX;
    superblock->device = disk_device_number(disk);
    superblock->magic = 0xef53; // of ext2, ext3 and ext4
    error = remote_inode_get(remote, &reply.root, root);
    if (error != 0)
        remote_unmount(superblock);
    return error;
}

struct filesystem ext4_type = {
    .name = "ext4",
    .flags = FILESYSTEM_NEEDS_DEVICE,
    .mount = remote_mount,
};
