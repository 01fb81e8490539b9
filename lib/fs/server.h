// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The part that every file-system server shares: the protocol of abi/fs.h on one side, the
// functions of a format on the other. It keeps the mounts, checks requests, copies names out of the
// session memory, and answers what it can alone (unknown mounts, writing to a read-only one).
//
// A server is a struct fs_format and a main() that calls fs_server_run.

#pragma once

#include "abi/error.h"
#include "abi/fs.h"

enum {
    FS_MOUNTS_MAX = 16,
    FS_XATTR_NAME_MAX = 300,
    FS_XATTR_VALUE_MAX = 4096, // that can be set
};

struct fs_listing;

// What a format does. `volume` is its own; all functions return 0 (or what is said) or a negative
// error as abi/fs.h lists them for the operation. Names are copies, of the length checked there.
// Buffers
// (`to`, `room`) lie in the session memory, which the client can change at any time: written, never
// read back. Calls come one at a time and may block.
struct fs_format {
    const char *name;
    // Opens a device; the texts are NUL-terminated. Fills `reply` but for its `mount`.
    int (*mount)(const char *device, const char *options, const struct fs_mount_request *request,
                 void **volume, struct fs_mount_reply *reply);
    void (*unmount)(void *volume);
    int (*lookup)(void *volume, const struct fs_inode_id *directory, const char *name,
                  unsigned length, struct fs_attributes *out);
    int (*getattr)(void *volume, const struct fs_inode_id *inode, struct fs_attributes *out);
    // Puts entries with fs_listing_add; sets *next.
    int (*readdir)(void *volume, const struct fs_inode_id *directory, uint64_t cookie,
                   bool attributes, struct fs_listing *listing, uint64_t *next);
    // -> length
    int (*readlink)(void *volume, const struct fs_inode_id *inode, char *to, size_t room);
    // -> number of extents; sets *end
    int (*map)(void *volume, const struct fs_inode_id *inode, uint64_t offset, uint64_t bytes,
               struct fs_extent *extents, unsigned room, uint64_t *end);
    // -> bytes
    int (*read_inline)(void *volume, const struct fs_inode_id *inode, void *to, size_t room);
    int (*statfs)(void *volume, struct fs_statfs_reply *out);
    int (*sync)(void *volume, const struct fs_inode_id *inode, uint64_t flags, uint64_t *stable);
    // Makes durable what writing operations have left to wait: called FS_SETTLE_NS after one. NULL:
    // nothing waits. Failures are the format's to log.
    void (*settle)(void *volume);
    // -> bytes
    int (*getxattr)(void *volume, const struct fs_inode_id *inode, const char *name, size_t length,
                    void *to, size_t room);
    int (*listxattr)(void *volume, const struct fs_inode_id *inode, char *to, size_t room);

    // Writing; not called, and may be NULL, where every mount is read-only. The sequence number is
    // the next one. The request's buffers are not to be looked at: what was in them is given too.
    int (*make)(void *volume, const struct fs_make_request *request, const char *name,
                const char *target, struct fs_make_reply *reply);
    int (*link)(void *volume, const struct fs_link_request *request, const char *name,
                struct fs_make_reply *reply);
    int (*remove)(void *volume, const struct fs_remove_request *request, bool rmdir,
                  const char *name, struct fs_remove_reply *reply);
    int (*rename)(void *volume, const struct fs_rename_request *request, const char *old_name,
                  const char *new_name, struct fs_rename_reply *reply);
    int (*release)(void *volume, const struct fs_release_request *request,
                   struct fs_stable_reply *reply);
    int (*setattr)(void *volume, const struct fs_setattr_request *request,
                   struct fs_inode_reply *reply);
    // -> number of extents; sets reply->end and reply->stable
    int (*allocate)(void *volume, const struct fs_allocate_request *request,
                    const struct fs_extent *wanted, struct fs_extent *extents, unsigned room,
                    struct fs_map_reply *reply);
    int (*commit)(void *volume, const struct fs_commit_request *request,
                  struct fs_inode_reply *reply);
    int (*setxattr)(void *volume, const struct fs_setxattr_request *request, const char *name,
                    const void *value, struct fs_inode_reply *reply);
};

// Entries of a directory on their way into the session memory.
struct fs_listing {
    uint8_t *at;
    uint32_t room; // left
    uint32_t bytes;
    uint32_t entries;
};

// Adds an entry; `attributes` may be NULL. False: no room, nothing was added.
bool fs_listing_add(struct fs_listing *listing, uint64_t ino, uint64_t next,
                    enum fs_dirent_type type, const char *name, unsigned length,
                    const struct fs_attributes *attributes);

// ---- dispatch: no system calls, for tests too ----

struct fs_mount {
    uint64_t number; // 0: free
    uint64_t client; // badge
    uint8_t *session;
    uint32_t session_bytes;
    bool read_only;
    uint64_t sequence; // of the last writing operation
    void *volume;
    char device[FS_DEVICE_NAME_MAX + 1];
};

struct fs_server {
    const struct fs_format *format;
    uint64_t
        next_number; // no successor or predecessor gives the same: incarnation in the high half
    struct fs_mount mount[FS_MOUNTS_MAX];
    // Maps `bytes` bytes of the client's memory object for reading and writing; the mapping
    // outlives the handle. -E_INVAL: it has fewer; -E_PERM; -E_NOMEM.
    int (*session_map)(handle_t memory, uint64_t bytes, uint8_t **session);
    void (*session_unmap)(uint8_t *session, uint64_t bytes);
};

// Carries one request out; *message becomes the reply. Does not close handles.
void fs_server_dispatch(struct fs_server *server, struct message *message);

// Lets every writable mount settle.
void fs_server_settle(struct fs_server *server);

// ---- the process (loop.c) ----

// Serves until rs asks the process to end, or the endpoint is gone; returns the process's exit
// code.
int fs_server_run(const struct fs_format *format);

// A format that waits for somebody else, such as a disk, calls this from its wait, ten times a
// second or more: it answers rs's heartbeat, for the loop does not come round meanwhile.
void fs_server_breathe(void);
