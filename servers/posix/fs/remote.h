// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// A file system served by another process over abi/fs.h: what remote.c (the session) and
// remote_inode.c (the operations) share. posix_lock is held everywhere and released around calls to
// the server.

#pragma once

#include "abi/fs.h"
#include "servers/posix/filesystem.h"

struct disk;

enum { REMOTE_SLOT_BYTES = 4096, REMOTE_SLOTS = FS_SESSION_BYTES / REMOTE_SLOT_BYTES };

struct remote {
    struct superblock *superblock;
    struct disk *disk; // NULL: not a disk that posix sees
    handle_t server;
    handle_t memory; // the session memory
    uint8_t *base;   // mapped here
    uint64_t mount;  // generation of our attachment
    uint64_t block_bytes;
    bool attaching;         // somebody is repeating FS_MOUNT
    uint32_t used_slots;    // bit a slot
    struct wait_queue wait; // for a slot, or the attachment
    char device[FS_DEVICE_NAME_MAX + 1];
    char options[FS_OPTIONS_MAX + 1];
};

// A part of the session memory for one call. Sleeps until one is free.
struct remote_slot {
    struct fs_buffer buffer;
    uint8_t *data;
    unsigned number;
};
struct remote_slot remote_slot_take(struct remote *remote);
void remote_slot_give(struct remote *remote, const struct remote_slot *slot);

// Sends a request, whose first word is the mount (filled in here), and takes the reply. After a
// restart of the server it attaches anew and repeats. `refill` (may be NULL) writes the slot's
// contents again before a repetition.
struct remote_call {
    enum fs_operation operation;
    void *request;
    size_t request_bytes;
    void *reply; // of at least reply_bytes
    size_t reply_bytes;
    const void *text; // put into the slot before each sending
    size_t text_bytes;
    const struct remote_slot *slot; // NULL: none
};
int remote_call(struct remote *remote, const struct remote_call *call);

// The inode of what the server told, counted.
int remote_inode_get(struct remote *remote, const struct fs_attributes *attributes,
                     struct inode **out);
void remote_inode_evict(struct inode *inode);
