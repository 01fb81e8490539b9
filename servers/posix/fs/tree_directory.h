// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Directories that live in memory: entries in order of creation, found by a hash that grows with
// them. Used by every file system of posix that keeps its own tree (tmpfs, devtmpfs).
//
// An entry holds a reference to its inode. Cookies only grow, so reading a directory goes on at the
// right place whatever was made or removed meanwhile.

#pragma once

#include "servers/posix/filesystem.h"

struct tree_entry {
    struct list node; // in order of cookies
    struct tree_entry *hash_next;
    struct inode *inode;
    uint64_t cookie;
    uint32_t hash;
    uint32_t length;
    char name[];
};

struct tree_directory {
    struct list entries;
    struct tree_entry **bucket; // NULL while there are few
    uint32_t buckets;
    uint32_t count;
    uint64_t next_cookie;
};

void tree_directory_init(struct tree_directory *directory);
struct tree_entry *tree_directory_find(const struct tree_directory *directory, const char *name,
                                       size_t length);
// Takes over the caller's reference to the inode. E_NOMEM. The name is known to be new.
int tree_directory_add(struct tree_directory *directory, const char *name, size_t length,
                       struct inode *inode);
// Takes the entry out and frees it; the inode's reference goes to the caller.
struct inode *tree_directory_remove(struct tree_directory *directory, struct tree_entry *entry);
// Emits entries from file->position (at least 2) on.
int tree_directory_read(const struct tree_directory *directory, struct file *file,
                        struct readdir_sink *sink);
// Frees the hash; the entries must be gone.
void tree_directory_destroy(struct tree_directory *directory);
