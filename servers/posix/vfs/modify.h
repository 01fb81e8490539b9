// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// What modify.c, rename.c and open.c share.

#pragma once

#include "servers/posix/vfs/operations.h"

// The lock of a directory whose file system sleeps; nothing for others, whose operations cannot be
// interleaved.
void directory_lock(struct inode *directory);
void directory_unlock(struct inode *directory);

// The dentry is still what (directory, name) leads to.
bool dentry_is_current(const struct dentry *dentry, const struct dentry *directory);

// Group of something made in `directory`.
uint32_t inode_new_gid(const struct vfs_caller *who, const struct inode *directory);

// Makes what the negative `dentry` in `directory` is to refer to.
int directory_make(const struct vfs_caller *who, const struct path *directory,
                   struct dentry *dentry, const struct inode_make *what);
