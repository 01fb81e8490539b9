// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// mount(2) and umount2(2): new file systems, binds, moves, remounts.

#include <string.h>

#include "servers/posix/vfs/operations.h"

enum mount_call_flag { // MS_*
    MS_RDONLY = 1,
    MS_NOSUID = 2,
    MS_NODEV = 4,
    MS_NOEXEC = 8,
    MS_REMOUNT = 32,
    MS_NOATIME = 1024,
    MS_NODIRATIME = 2048,
    MS_BIND = 4096,
    MS_MOVE = 8192,
    MS_UNBINDABLE = 1 << 17,
    MS_PRIVATE = 1 << 18,
    MS_SLAVE = 1 << 19,
    MS_SHARED = 1 << 20,
    MS_STRICTATIME = 1 << 24,
};

enum unmount_flag { MNT_FORCE = 1, MNT_DETACH = 2, MNT_EXPIRE = 4, UMOUNT_NOFOLLOW = 8 };

static uint32_t mount_flags_of(uint64_t flags)
{
    static const struct {
        uint64_t call;
        uint32_t mount;
    } table[] = {
        {MS_RDONLY, MOUNT_READ_ONLY},         {MS_NOSUID, MOUNT_NO_SUID},
        {MS_NODEV, MOUNT_NO_DEVICE},          {MS_NOEXEC, MOUNT_NO_EXECUTE},
        {MS_NOATIME, MOUNT_NO_ATIME},         {MS_NODIRATIME, MOUNT_NO_DIRATIME},
        {MS_STRICTATIME, MOUNT_STRICT_ATIME},
    };
    uint32_t result = 0;
    for (unsigned i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        if (flags & table[i].call)
            result |= table[i].mount;
    }
    return result;
}

static bool is_mount_root(const struct path *path)
{
    return path->dentry == path->mount->root;
}

static int remount(const struct path *target, uint64_t flags, const char *options)
{
    if (!is_mount_root(target))
        return -E_INVAL;
    struct mount *mount = target->mount;
    if ((flags & MS_BIND) == 0) {
        struct superblock *superblock = mount->superblock;
        if (*options != '\0' && superblock->ops->remount == NULL)
            return -E_INVAL;
        if (superblock->ops->remount != NULL) {
            int error = superblock->ops->remount(superblock, options, (flags & MS_RDONLY) != 0);
            if (error != 0)
                return error;
        }
        // A super-block that came up read-only because its file system cannot write stays so.
        if ((superblock->flags & SUPERBLOCK_SLEEPS) == 0) {
            if (flags & MS_RDONLY)
                superblock->flags |= SUPERBLOCK_READ_ONLY;
            else
                superblock->flags &= ~(uint32_t)SUPERBLOCK_READ_ONLY;
        } else if ((flags & MS_RDONLY) == 0 && (superblock->flags & SUPERBLOCK_READ_ONLY) != 0) {
            return -E_ROFS;
        }
    }
    mount->flags = mount_flags_of(flags);
    return 0;
}

static int bind(const struct vfs_caller *who, const char *source, const struct path *target)
{
    struct path from;
    struct mount *mount;
    int error = vfs_lookup(who, NULL, source, LOOKUP_FOLLOW, &from);
    if (error != 0)
        return error;
    error = mount_create_bind(&from, &mount);
    if (error == 0) {
        error = mount_attach(mount, target);
        if (error != 0)
            mount_put(mount);
    }
    vfs_path_put(&from);
    return error;
}

static int move(const struct vfs_caller *who, const char *source, const struct path *target)
{
    struct path from;
    int error = vfs_lookup(who, NULL, source, LOOKUP_FOLLOW, &from);
    if (error != 0)
        return error;
    struct mount *mount = from.mount;
    error = -E_INVAL;
    if (is_mount_root(&from) && mount->parent != NULL && mount->parent != mount) {
        error = 0;
        for (struct mount *at = target->mount; at != NULL; at = at->parent) {
            if (at == mount)
                error = -E_LOOP;
            if (at->parent == at)
                break;
        }
    }
    if (error == 0)
        error = mount_reattach(mount, target);
    vfs_path_put(&from);
    return error;
}

int vfs_mount_at(const struct vfs_caller *who, const char *source, const struct path *target,
                 const char *type, uint64_t flags, const char *options)
{
    enum { PROPAGATION = MS_UNBINDABLE | MS_PRIVATE | MS_SLAVE | MS_SHARED };
    if (flags & MS_REMOUNT)
        return remount(target, flags, options);
    if (flags & MS_BIND)
        return bind(who, source, target);
    if (flags & PROPAGATION)
        return is_mount_root(target) ? 0 : -E_INVAL; // there is one name space: nothing propagates
    if (flags & MS_MOVE)
        return move(who, source, target);
    struct filesystem *filesystem = filesystem_find(type);
    if (filesystem == NULL)
        return -E_NODEV;
    if (!linux_s_isdir(target->dentry->inode->mode))
        return -E_NOTDIR;
    struct mount *mount;
    int error = mount_create(filesystem, source, options, mount_flags_of(flags),
                             (flags & MS_RDONLY) != 0, &mount);
    if (error != 0)
        return error;
    if (is_mount_root(target) && target->mount->superblock == mount->superblock)
        error = -E_BUSY; // the same over itself
    else
        error = mount_attach(mount, target);
    if (error != 0)
        mount_put(mount);
    return error;
}

int vfs_unmount(const struct vfs_caller *who, const struct path *target, uint32_t flags)
{
    struct mount *mount = target->mount;
    (void)who;
    if ((flags & ~(uint32_t)(MNT_FORCE | MNT_DETACH | MNT_EXPIRE | UMOUNT_NOFOLLOW)) != 0 ||
        (flags & MNT_EXPIRE) != 0)
        return -E_INVAL;
    if (!is_mount_root(target) || mount->parent == NULL)
        return -E_INVAL;
    if (mount == mount_root)
        return -E_BUSY;
    if ((flags & MNT_DETACH) == 0 && mount_is_busy(mount))
        return -E_BUSY;
    mount_detach(mount);
    return 0;
}

int vfs_mount(const struct vfs_caller *who, const char *source, const char *target,
              const char *type, uint64_t flags, const char *options)
{
    struct path path;
    int error = vfs_lookup(who, NULL, target, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &path);
    if (error != 0)
        return error;
    error = vfs_mount_at(who, source, &path, type, flags, options != NULL ? options : "");
    vfs_path_put(&path);
    return error;
}

int vfs_mount_root(const char *type, const char *source, uint32_t flags, const char *options,
                   struct path *root)
{
    struct mount *mount;
    struct filesystem *filesystem = filesystem_find(type);
    if (filesystem == NULL)
        return -E_NODEV;
    int error = mount_create(filesystem, source, options != NULL ? options : "",
                             mount_flags_of(flags), (flags & MS_RDONLY) != 0, &mount);
    if (error != 0)
        return error;
    error = mount_attach(mount, NULL);
    if (error != 0) {
        mount_put(mount);
        return error;
    }
    *root = (struct path){mount, mount->root};
    vfs_path_get(root);
    return 0;
}
