// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Attributes: stat, chmod, chown, utimensat, truncate, statfs.

#include <string.h>

#include "servers/posix/pagecache.h"
#include "servers/posix/vfs/operations.h"

void inode_apply_attributes(struct inode *inode, const struct attributes *change)
{
    if (change->valid & ATTRIBUTE_MODE)
        inode->mode = (inode->mode & LINUX_S_IFMT) | (change->mode & 07777);
    if (change->valid & ATTRIBUTE_UID)
        inode->uid = change->uid;
    if (change->valid & ATTRIBUTE_GID)
        inode->gid = change->gid;
    if (change->valid & ATTRIBUTE_ACCESSED)
        inode->accessed = change->accessed;
    if (change->valid & ATTRIBUTE_MODIFIED)
        inode->modified = change->modified;
    if (change->valid & ATTRIBUTE_CHANGED)
        inode->changed = change->changed;
    inode->flags |= INODE_ACCESS_DUE;
}

static int inode_change(struct inode *inode, struct attributes *change)
{
    if (inode->ops->set_attributes == NULL)
        return -E_PERM;
    change->valid |= ATTRIBUTE_CHANGED;
    change->changed = file_time_now();
    return inode->ops->set_attributes(inode, change);
}

int vfs_chmod(const struct vfs_caller *who, const struct path *path, uint32_t mode)
{
    struct inode *inode = path->dentry->inode;
    if (mount_is_read_only(path->mount))
        return -E_ROFS;
    if (linux_s_islnk(inode->mode))
        return -E_OPNOTSUPP;
    if (!caller_owns(who, inode))
        return -E_PERM;
    if (!who->privileged && !caller_in_group(who, inode->gid))
        mode &= ~(uint32_t)LINUX_S_ISGID;
    struct attributes change = {.valid = ATTRIBUTE_MODE, .mode = mode & 07777};
    return inode_change(inode, &change);
}

// The set-id bits that a change of owner or contents takes away.
static uint32_t mode_without_privilege(uint32_t mode)
{
    if (linux_s_isdir(mode))
        return mode;
    mode &= ~(uint32_t)LINUX_S_ISUID;
    if (mode & 0010)
        mode &= ~(uint32_t)LINUX_S_ISGID;
    return mode;
}

int vfs_chown(const struct vfs_caller *who, const struct path *path, uint32_t uid, uint32_t gid)
{
    struct inode *inode = path->dentry->inode;
    bool set_uid = uid != UINT32_MAX, set_gid = gid != UINT32_MAX;
    if (mount_is_read_only(path->mount))
        return -E_ROFS;
    if (!who->privileged) {
        if (set_uid && (who->uid != inode->uid || uid != inode->uid))
            return -E_PERM;
        if (set_gid &&
            (who->uid != inode->uid || (gid != inode->gid && !caller_in_group(who, gid))))
            return -E_PERM;
    }
    struct attributes change = {
        .valid = (set_uid ? ATTRIBUTE_UID : 0u) | (set_gid ? ATTRIBUTE_GID : 0u) | ATTRIBUTE_MODE,
        .uid = uid,
        .gid = gid,
        .mode = mode_without_privilege(inode->mode),
    };
    return inode_change(inode, &change);
}

void inode_drop_privilege_bits(const struct vfs_caller *who, struct inode *inode)
{
    if ((inode->mode & (LINUX_S_ISUID | LINUX_S_ISGID)) == 0 || who->privileged)
        return;
    struct attributes change = {.valid = ATTRIBUTE_MODE,
                                .mode = mode_without_privilege(inode->mode)};
    if (change.mode != inode->mode)
        (void)inode_change(inode, &change); // as Linux: the write itself does not fail for it
}

int inode_truncate(struct inode *inode, uint64_t size)
{
    if (size > inode->superblock->max_bytes)
        return -E_FBIG;
    struct file_time now = file_time_now();
    struct attributes change = {
        .valid = ATTRIBUTE_SIZE | ATTRIBUTE_MODIFIED, .size = size, .modified = now};
    return inode_change(inode, &change);
}

int vfs_truncate(const struct vfs_caller *who, const struct path *path, uint64_t size)
{
    struct inode *inode = path->dentry->inode;
    if (linux_s_isdir(inode->mode))
        return -E_ISDIR;
    if (!linux_s_isreg(inode->mode))
        return -E_INVAL;
    int error = vfs_permission(who, path, MAY_WRITE);
    if (error != 0)
        return error;
    if (inode->executing != 0)
        return -E_TXTBSY;
    inode_drop_privilege_bits(who, inode);
    return inode_truncate(inode, size);
}

int vfs_set_times(const struct vfs_caller *who, const struct path *path,
                  const struct time_change *accessed, const struct time_change *modified)
{
    struct inode *inode = path->dentry->inode;
    if (accessed->choice == TIME_LEAVE && modified->choice == TIME_LEAVE)
        return 0;
    if (mount_is_read_only(path->mount))
        return -E_ROFS;
    if (!caller_owns(who, inode)) {
        if (accessed->choice != TIME_NOW || modified->choice != TIME_NOW)
            return -E_PERM;
        int error = inode_permission(who, inode, MAY_WRITE);
        if (error != 0)
            return error;
    }
    struct file_time now = file_time_now();
    struct attributes change = {.valid = 0};
    if (accessed->choice != TIME_LEAVE) {
        change.valid |= ATTRIBUTE_ACCESSED;
        change.accessed = accessed->choice == TIME_NOW ? now : accessed->time;
    }
    if (modified->choice != TIME_LEAVE) {
        change.valid |= ATTRIBUTE_MODIFIED;
        change.modified = modified->choice == TIME_NOW ? now : modified->time;
    }
    return inode_change(inode, &change);
}

// ---- stat ----

static int inode_stat(const struct vfs_caller *who, struct inode *inode, struct stat_data *out)
{
    if (inode->ops->get_attributes != NULL) {
        int error = inode->ops->get_attributes(inode, who);
        if (error != 0)
            return error;
    }
    *out = (struct stat_data){
        .device = inode->superblock->device,
        .inode = inode->number,
        .special_device = inode->special_device,
        .size = inode->size,
        .blocks = inode->blocks,
        .mode = inode->mode,
        .links = inode->links,
        .uid = inode->uid,
        .gid = inode->gid,
        .block_bytes = inode->superblock->block_bytes,
        .accessed = inode->accessed,
        .modified = inode->modified,
        .changed = inode->changed,
        .created = inode->created,
    };
    return 0;
}

int vfs_stat(const struct vfs_caller *who, const struct path *path, struct stat_data *out)
{
    int error = inode_stat(who, path->dentry->inode, out);
    out->mount_id = path->mount->id;
    out->mount_point = path->dentry == path->mount->root;
    return error;
}

int file_stat(const struct vfs_caller *who, struct file *file, struct stat_data *out)
{
    if (file->path.dentry != NULL)
        return vfs_stat(who, &file->path, out);
    if (file->inode != NULL)
        return inode_stat(who, file->inode, out);
    // epoll, eventfd ...: Linux shows its one anonymous inode.
    *out = (struct stat_data){.inode = 1, .mode = 0600, .links = 1, .block_bytes = PAGE_SIZE};
    return 0;
}

int vfs_statfs(const struct path *path, struct linux_statfs *out)
{
    enum {
        ST_RDONLY = 1,
        ST_NOSUID = 2,
        ST_NODEV = 4,
        ST_NOEXEC = 8,
        ST_VALID = 0x20,
        ST_NOATIME = 1024,
        ST_NODIRATIME = 2048,
        ST_RELATIME = 4096
    };
    const struct mount *mount = path->mount;
    struct superblock *superblock = mount->superblock;
    memset(out, 0, sizeof(*out));
    out->block_size = superblock->block_bytes;
    out->name_length = LINUX_NAME_MAX;
    if (superblock->ops->statfs != NULL) {
        int error = superblock->ops->statfs(superblock, out);
        if (error != 0)
            return error;
    }
    out->type = (int64_t)superblock->magic;
    out->fsid[0] = (uint32_t)superblock->device;
    out->fsid[1] = (uint32_t)(superblock->device >> 32);
    if (out->fragment_size == 0)
        out->fragment_size = out->block_size;
    out->flags = ST_VALID;
    if (mount_is_read_only(mount))
        out->flags |= ST_RDONLY;
    if (mount->flags & MOUNT_NO_SUID)
        out->flags |= ST_NOSUID;
    if (mount->flags & MOUNT_NO_DEVICE)
        out->flags |= ST_NODEV;
    if (mount->flags & MOUNT_NO_EXECUTE)
        out->flags |= ST_NOEXEC;
    if (mount->flags & MOUNT_NO_ATIME)
        out->flags |= ST_NOATIME;
    else if ((mount->flags & MOUNT_STRICT_ATIME) == 0)
        out->flags |= ST_RELATIME;
    if (mount->flags & MOUNT_NO_DIRATIME)
        out->flags |= ST_NODIRATIME;
    return 0;
}
