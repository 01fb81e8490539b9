// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The list of orphans: inodes that must not survive the next mount as they are, because they have
// no name any more or because a truncation is under way. It starts in the superblock and goes on
// through i_dtime.

#include "fs/ext4/edit.h"

static int next_set(struct ext4_inode *inode, uint32_t next)
{
    struct ext4_disk_inode *disk;
    int error = ext4_inode_edit(inode, &disk);
    if (error)
        return error;
    disk->i_dtime = next;
    ext4_inode_seal(inode);
    return 0;
}

int ext4_orphan_add(struct ext4_inode *inode)
{
    struct ext4_super_block *super = &inode->fs->super;
    int error = next_set(inode, super->s_last_orphan);
    if (!error)
        super->s_last_orphan = inode->ino;
    return error;
}

int ext4_orphan_remove(struct ext4_inode *inode)
{
    struct ext4 *fs = inode->fs;
    uint32_t next = ext4_disk_inode(inode)->i_dtime;
    if (fs->super.s_last_orphan == inode->ino) {
        fs->super.s_last_orphan = next;
        return next_set(inode, 0);
    }
    uint32_t at = fs->super.s_last_orphan;
    for (uint32_t seen = 0; at != 0 && seen < fs->inodes; seen++) {
        struct ext4_inode other;
        int error = ext4_inode_get_unlinked(fs, at, &other);
        if (error)
            return error == -E_SRCH ? ext4_report(fs, -E_UCLEAN, "broken list of orphans", at, 0)
                                    : error;
        at = ext4_disk_inode(&other)->i_dtime;
        if (at == inode->ino)
            error = next_set(&other, next);
        ext4_inode_put(&other);
        if (error || at == inode->ino)
            return error ? error : next_set(inode, 0);
    }
    return ext4_report(fs, -E_UCLEAN, "an orphan that is not on the list", inode->ino, 0);
}

int ext4_orphan_next_cut(struct ext4 *fs, uint32_t *ino)
{
    *ino = fs->super.s_last_orphan;
    for (uint32_t seen = 0; *ino != 0 && seen < fs->inodes; seen++) {
        struct ext4_inode inode;
        int error = ext4_inode_get_unlinked(fs, *ino, &inode);
        if (error)
            return error == -E_SRCH ? ext4_report(fs, -E_UCLEAN, "broken list of orphans", *ino, 0)
                                    : error;
        bool cut = ext4_inode_links(&inode) > 0;
        uint32_t next = ext4_disk_inode(&inode)->i_dtime;
        ext4_inode_put(&inode);
        if (cut)
            return 0;
        *ino = next;
    }
    return *ino ? ext4_report(fs, -E_UCLEAN, "cycle in the list of orphans", *ino, 0) : 0;
}
