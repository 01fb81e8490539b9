// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// tmpfs: files in memory. Also what memfd_create and devtmpfs are made of.

#pragma once

#include "servers/posix/fs/tree_directory.h"

extern struct filesystem tmpfs_type;

// The mount operation, for file systems that are a tmpfs with contents of their own.
int tmpfs_mount(struct superblock *superblock, const char *source, const char *options,
                struct inode **root);

// A regular file of a tmpfs without a name (memfd_create, O_TMPFILE): links 0. E_NOMEM, E_NOSPC.
int tmpfs_make_unnamed(struct superblock *superblock, const struct inode_make *what,
                       struct inode **out);
