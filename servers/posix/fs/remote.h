// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// A file system served by another process over abi/fs.h: what remote.c (the session) and
// remote_inode.c (the operations) share. posix_lock is held everywhere and released around calls to
// the server.

#pragma once

#include "abi/fs.h"
#include "servers/posix/filesystem.h"

struct disk;

enum {
    REMOTE_SLOT_BYTES = 4096,
    REMOTE_CALL_SLOTS = FS_SESSION_BYTES / REMOTE_SLOT_BYTES - 1, // and one for attaching again
    // Repetitions of one call or change; rs gives a service up long before.
    REMOTE_RESTARTS_MAX = 1000,
    REMOTE_EXTENTS = REMOTE_SLOT_BYTES / sizeof(struct fs_extent), // in one answer
};

struct remote {
    struct superblock *superblock;
    struct disk *disk; // NULL: not a disk that posix sees
    handle_t server;
    handle_t memory; // the session memory
    uint8_t *base;   // mapped here
    uint64_t mount;  // generation of our attachment
    uint64_t block_bytes;
    struct fs_inode_id root;
    bool attaching;         // somebody is repeating FS_MOUNT
    uint32_t used_slots;    // bit a slot
    struct wait_queue wait; // for a slot, the attachment, or the end of a change
    bool read_only;         // asked for
    bool lost;              // a successor did not take it: every call fails
    // Changes (remote_change.c).
    uint64_t client;     // for FS_MOUNT
    uint64_t sequence;   // of the last change that was answered
    bool changing;       // one is under way
    struct list changes; // answered, and perhaps not on the device: struct change
    uint32_t change_count;
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
// Of whoever attaches anew, while others wait for that with all slots in their hands.
struct remote_slot remote_slot_for_attaching(const struct remote *remote);

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

// One message to the server and its answer; the kernel's error, the server's, or 0. -E_RESTARTED:
// attach again and repeat.
int remote_exchange(struct remote *remote, const struct remote_call *call, handle_t memory);
// After -E_RESTARTED for a call that was sent to attachment `stale`: attaches again, unless
// somebody else did, and repeats what the server had not made stable. -E_IO: that failed, and the
// mount is read-only from now on.
int remote_attach_again(struct remote *remote, uint64_t stale);

// ---- changes (remote_change.c) ----

// A writing operation. The request begins with a struct fs_write_header, which is filled in here,
// and may hold a struct fs_buffer.
struct remote_change_call {
    enum fs_operation operation;
    struct file_time now;
    void *request;
    size_t request_bytes;
    size_t buffer_at;    // of the struct fs_buffer in the request; 0: none
    const void *text[2]; // what the buffer holds on the way in: a name, then another one or more
    size_t text_bytes[2];
    void *reply;
    size_t reply_bytes;
    struct fs_extent *extents; // FS_ALLOCATE: room for REMOTE_EXTENTS
};
// Sends it, after those before it were answered; repeats it where the server dies. An error of the
// operation, or E_IO.
int remote_change(struct remote *remote, const struct remote_change_call *call);

// Sends again, to attachment `mount` and through the slot, what the server had not made stable.
// -E_RESTARTED: it died again; other errors: it cannot be done.
int remote_changes_repeat(struct remote *remote, uint64_t mount, uint64_t applied,
                          const struct remote_slot *slot);
// FS_SYNC: of one inode, or NULL: of everything.
int remote_make_stable(struct remote *remote, const struct fs_inode_id *inode, uint64_t flags);
// What up to there need not be kept any more.
void remote_changes_stable(struct remote *remote, uint64_t stable);

// The inode of what the server told, counted.
int remote_inode_get(struct remote *remote, const struct fs_attributes *attributes,
                     struct inode **out);
void remote_inode_evict(struct inode *inode);
