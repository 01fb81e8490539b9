// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Orphans: inodes that lost their last name while they were in use, or were cut in the middle.
// Not implemented: freeing them; e2fsck does.

#include "fs/ext4/write.h"

int ext4_orphan_finish(struct ext4 *fs, uint32_t ino, const struct fs_time *now)
{
    (void)fs;
    (void)ino;
    (void)now;
    return -E_NOSYS;
}
