// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Inodes of a file system served by another process: names and attributes come from the server,
// data goes straight between disk and page cache along extents, of which each file keeps a window.
//
// While an inode is in use here, its size and times are this side's: writing changes them in
// memory, and they reach the server with the data (FS_COMMIT), at a sync, or when the inode is let
// go. Owner, mode, links and names are changed at the server first.

#pragma once

#include "servers/posix/fs/remote.h"

struct remote_inode {
    struct fs_inode_id id;
    uint32_t flags; // enum fs_inode_flag
    char *target;   // of a symbolic link, once read; NUL-terminated
    // Extents of the file from map_start to map_end; the array is owned here.
    uint64_t map_start, map_end;
    uint32_t extents;
    struct fs_extent *extent;
    uint64_t map_version; // counts changes of what lies where
    // What the server has, where it may differ from what is here.
    uint64_t stored_size;
    uint64_t allocated_end; // blocks were asked for up to here, perhaps beyond the size
    struct file_time stored_access;
};

static inline struct remote *remote_of(const struct inode *inode)
{
    return inode->superblock->data;
}

struct file_time remote_time(struct fs_time time);
void remote_take_counts(struct inode *inode, const struct fs_attributes *attributes);

// ---- remote_data.c ----

int remote_read_pages(struct inode *inode, struct page **pages, unsigned count);
int remote_write_pages(struct inode *inode, struct page **pages, unsigned count);
int remote_prepare_write(struct inode *inode, uint64_t offset, uint64_t bytes);
int remote_allocate(struct inode *inode, uint32_t mode, uint64_t offset, uint64_t bytes);
int64_t remote_seek_data(struct inode *inode, uint64_t offset, bool hole);
// The server's size becomes this, and then ours.
int remote_set_size(struct inode *inode, const struct attributes *change);
void remote_forget_map(struct inode *inode);

// ---- remote_write.c ----

int remote_make(struct inode *directory, const char *name, size_t length,
                const struct inode_make *what, struct inode **out);
int remote_link(struct inode *directory, const char *name, size_t length, struct inode *inode);
int remote_unlink(struct inode *directory, const char *name, size_t length, struct inode *inode);
int remote_rmdir(struct inode *directory, const char *name, size_t length, struct inode *inode);
int remote_rename(struct inode *old_directory, const char *old_name, size_t old_length,
                  struct inode *inode, struct inode *new_directory, const char *new_name,
                  size_t new_length, struct inode *target, bool exchange);
int remote_set_attributes(struct inode *inode, const struct attributes *change);
// At the server only.
int remote_store_attributes(struct inode *inode, const struct attributes *change);
int remote_set_xattr(struct inode *inode, const char *name, const void *value, size_t size,
                     uint32_t flags);
int remote_remove_xattr(struct inode *inode, const char *name);
// Everything the server was told reaches the device.
int remote_sync_inode(struct inode *inode, bool data_only);
int remote_sync_all(struct superblock *superblock);
// Nobody uses the inode any more: what only we knew goes to the server.
void remote_let_go(struct inode *inode);
