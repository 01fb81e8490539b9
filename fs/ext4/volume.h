// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// A mounted device, as the server's operations see it: operations.c reads, operations_write.c
// writes.

#pragma once

#include "fs/ext4/ext4.h"
#include "fs/ext4/server.h"

struct ext4_volume {
    bool used;
    struct ext4_device device;
    struct ext4 *fs;
};

// The inode that a client names, also one without links. -E_SRCH: the number has another meaning by
// now, or none.
int ext4_volume_inode_open(const struct ext4_volume *volume, const struct fs_inode_id *id,
                           struct ext4_inode *inode);

// Of struct fs_format.
int ext4_server_make(void *volume, const struct fs_make_request *request, const char *name,
                     const char *target, struct fs_make_reply *reply);
int ext4_server_link(void *volume, const struct fs_link_request *request, const char *name,
                     struct fs_make_reply *reply);
int ext4_server_remove(void *volume, const struct fs_remove_request *request, bool rmdir,
                       const char *name, struct fs_remove_reply *reply);
int ext4_server_rename(void *volume, const struct fs_rename_request *request, const char *old_name,
                       const char *new_name, struct fs_rename_reply *reply);
int ext4_server_release(void *volume, const struct fs_release_request *request,
                        struct fs_stable_reply *reply);
int ext4_server_setattr(void *volume, const struct fs_setattr_request *request,
                        struct fs_inode_reply *reply);
int ext4_server_allocate(void *volume, const struct fs_allocate_request *request,
                         const struct fs_extent *wanted, struct fs_extent *extents, unsigned room,
                         struct fs_map_reply *reply);
int ext4_server_commit(void *volume, const struct fs_commit_request *request,
                       struct fs_inode_reply *reply);
int ext4_server_setxattr(void *volume, const struct fs_setxattr_request *request, const char *name,
                         const void *value, struct fs_inode_reply *reply);
