// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Inodes of things that are no files anywhere: pipes, memfds. Each kind has a super-block that is
// never mounted in the tree; its mount serves paths of /proc/<pid>/fd/N.

#pragma once

#include "servers/posix/filesystem.h"

enum anonymous_kind { ANONYMOUS_PIPE, ANONYMOUS_MEMORY, ANONYMOUS_KINDS };

int anonymous_init(void);
// The internal mount of a kind.
struct mount *anonymous_mount(enum anonymous_kind kind);
struct superblock *anonymous_superblock(enum anonymous_kind kind);
uint64_t anonymous_number(void); // for an inode
// A counted path that leads to the inode of a file that has none of its own; E_NOMEM.
int anonymous_path(struct inode *inode, struct path *out);
