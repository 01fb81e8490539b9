// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Discretionary access: owner, group, others; the sticky bit; what the privileged may.

#include "servers/posix/vfs/tree.h"

bool caller_in_group(const struct vfs_caller *who, uint32_t gid)
{
    if (who->gid == gid)
        return true;
    for (uint32_t i = 0; i < who->group_count; i++) {
        if (who->groups[i] == gid)
            return true;
    }
    return false;
}

int inode_permission(const struct vfs_caller *who, struct inode *inode, uint32_t access)
{
    if (inode->ops->permission != NULL)
        return inode->ops->permission(inode, who, access);
    uint32_t mode = inode->mode;
    uint32_t allowed;
    if (who->uid == inode->uid)
        allowed = mode >> 6;
    else if (caller_in_group(who, inode->gid))
        allowed = mode >> 3;
    else
        allowed = mode;
    if ((access & ~allowed & 7) == 0)
        return 0;
    if (!who->privileged)
        return -E_ACCES;
    // The privileged may all, but execute only what somebody may execute.
    if ((access & MAY_EXECUTE) != 0 && !linux_s_isdir(mode) && (mode & 0111) == 0)
        return -E_ACCES;
    return 0;
}

int vfs_permission(const struct vfs_caller *who, const struct path *path, uint32_t access)
{
    struct inode *inode = path->dentry->inode;
    uint32_t type = inode->mode & LINUX_S_IFMT;
    if ((access & MAY_WRITE) != 0 && mount_is_read_only(path->mount) &&
        (type == LINUX_S_IFREG || type == LINUX_S_IFDIR || type == LINUX_S_IFLNK))
        return -E_ROFS;
    if ((access & MAY_EXECUTE) != 0 && type == LINUX_S_IFREG &&
        (path->mount->flags & MOUNT_NO_EXECUTE) != 0)
        return -E_ACCES;
    return inode_permission(who, inode, access);
}

int directory_may_add(const struct vfs_caller *who, const struct path *directory)
{
    struct inode *inode = directory->dentry->inode;
    if (inode->flags & INODE_DEAD)
        return -E_NOENT;
    return vfs_permission(who, directory, MAY_WRITE | MAY_EXECUTE);
}

int directory_may_remove(const struct vfs_caller *who, const struct path *directory,
                         const struct inode *victim)
{
    struct inode *inode = directory->dentry->inode;
    int error = vfs_permission(who, directory, MAY_WRITE | MAY_EXECUTE);
    if (error != 0)
        return error;
    if ((inode->mode & LINUX_S_ISVTX) != 0 && !who->privileged && who->uid != victim->uid &&
        who->uid != inode->uid)
        return -E_PERM;
    return 0;
}
