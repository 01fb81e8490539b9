// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Opening: from a path and flags to an open file.

#include "servers/posix/device.h"
#include "servers/posix/io/pipe.h"
#include "servers/posix/vfs/modify.h"

enum {
    STATUS_FLAGS_DROPPED =
        LINUX_O_CREAT | LINUX_O_EXCL | LINUX_O_NOCTTY | LINUX_O_TRUNC | LINUX_O_CLOEXEC
};

static const struct file_operations path_only_operations; // O_PATH: everything fails

bool file_is_path_only(const struct file *file)
{
    return file->ops == &path_only_operations;
}

static uint32_t access_wanted(uint32_t flags)
{
    static const uint32_t access[] = {MAY_READ, MAY_WRITE, MAY_READ | MAY_WRITE,
                                      MAY_READ | MAY_WRITE};
    uint32_t wanted = access[flags & LINUX_O_ACCMODE];
    if (flags & LINUX_O_TRUNC)
        wanted |= MAY_WRITE;
    return wanted;
}

// What the kind of file and the mount forbid, and permissions.
static int open_check(const struct vfs_caller *who, const struct path *path, uint32_t flags,
                      bool created)
{
    struct inode *inode = path->dentry->inode;
    uint32_t wanted = access_wanted(flags);
    uint32_t type = inode->mode & LINUX_S_IFMT;
    if (type == LINUX_S_IFLNK)
        return -E_LOOP;
    if (type == LINUX_S_IFDIR && (wanted & MAY_WRITE) != 0)
        return -E_ISDIR;
    if ((type == LINUX_S_IFCHR || type == LINUX_S_IFBLK) &&
        (path->mount->flags & MOUNT_NO_DEVICE) != 0)
        return -E_ACCES;
    if ((flags & LINUX_O_DIRECTORY) != 0 && type != LINUX_S_IFDIR)
        return -E_NOTDIR;
    if (!created) {
        int error = vfs_permission(who, path, wanted);
        if (error != 0)
            return error;
        if ((flags & LINUX_O_NOATIME) != 0 && !caller_owns(who, inode))
            return -E_PERM;
    }
    if ((wanted & MAY_WRITE) != 0 && type == LINUX_S_IFREG && inode->executing != 0)
        return -E_TXTBSY;
    return 0;
}

// Lets the kind of file set up `file`, whose path and inode are set.
static int open_kind(const struct vfs_caller *who, struct file *file, uint32_t flags)
{
    struct inode *inode = file->inode;
    uint32_t type = inode->mode & LINUX_S_IFMT;
    switch (type) {
    case LINUX_S_IFREG:
    case LINUX_S_IFDIR:
        file->kind = FILE_POSITION;
        file->ops = inode->file_ops;
        inode->flags |= INODE_ACCESS_DUE;
        return inode->ops->open != NULL ? inode->ops->open(inode, file, who, flags) : 0;
    case LINUX_S_IFCHR:
    case LINUX_S_IFBLK: {
        struct device *device = device_find(type, inode->special_device);
        return device != NULL ? device->open(device, file, who, flags) : -E_NXIO;
    }
    case LINUX_S_IFIFO:
        return pipe_open_fifo(file);
    default:
        return -E_NXIO; // a socket's name
    }
}

// Opens the object at `path` into `file`, which takes a reference to the path.
static int open_path(const struct vfs_caller *who, const struct path *path, uint32_t flags,
                     bool created, struct file *file)
{
    struct inode *inode = path->dentry->inode;
    file->flags = (flags & ~(uint32_t)STATUS_FLAGS_DROPPED) | LINUX_O_LARGEFILE;
    if (flags & LINUX_O_PATH) {
        if ((flags & LINUX_O_DIRECTORY) != 0 && !linux_s_isdir(inode->mode))
            return -E_NOTDIR;
        file->flags = flags & (LINUX_O_PATH | LINUX_O_DIRECTORY | LINUX_O_NOFOLLOW);
        file->ops = &path_only_operations;
        file->path = *path;
        vfs_path_get(path);
        file->inode = inode_hold(inode);
        return 0;
    }
    int error = open_check(who, path, flags, created);
    if (error != 0)
        return error;
    file->path = *path;
    vfs_path_get(path);
    file->inode = inode_hold(inode);
    error = open_kind(who, file, flags);
    if (error != 0) {
        file->ops = &path_only_operations; // no release: it was never opened
        return error;
    }
    if ((flags & LINUX_O_ACCMODE) != LINUX_O_RDONLY && linux_s_isreg(inode->mode)) {
        inode->writers++;
        file->kind |= FILE_WRITING;
    }
    if ((flags & LINUX_O_TRUNC) != 0 && !created && linux_s_isreg(inode->mode)) {
        inode_drop_privilege_bits(who, inode);
        error = inode_truncate(inode, 0);
    }
    return error;
}

static int open_existing(const struct vfs_caller *who, const struct path *start, const char *text,
                         uint32_t flags, uint32_t lookup_flags, struct file *file)
{
    struct walk walk;
    if ((flags & LINUX_O_NOFOLLOW) == 0)
        lookup_flags |= LOOKUP_FOLLOW;
    if (flags & LINUX_O_DIRECTORY)
        lookup_flags |= LOOKUP_DIRECTORY;
    int error = walk_begin(&walk, who, start, text, lookup_flags);
    if (error == 0)
        error = walk_all(&walk, text);
    if (error == 0)
        error = open_path(who, &walk.at, flags, false, file);
    walk_end(&walk);
    return error;
}

// What the last component of a creating open led to.
struct open_last {
    struct path path; // counted
    bool created;
    bool again; // a link was followed, or somebody else created it: look at walk->last anew
};

static int open_make(const struct vfs_caller *who, struct walk *walk, struct dentry *dentry,
                     uint32_t flags, uint32_t mode, struct open_last *last)
{
    struct inode *directory = walk->at.dentry->inode;
    struct inode_make what = {
        .mode = LINUX_S_IFREG | (mode & 07777 & ~who->fs->umask),
        .uid = who->uid,
        .gid = inode_new_gid(who, directory),
    };
    int error = directory_make(who, &walk->at, dentry, &what);
    if (error == -E_EXIST && (flags & LINUX_O_EXCL) == 0) {
        last->again = true;
        return 0;
    }
    last->created = error == 0;
    return error;
}

static int open_last_component(const struct vfs_caller *who, struct walk *walk, uint32_t flags,
                               uint32_t mode, struct open_last *last)
{
    *last = (struct open_last){.created = false};
    if (walk->last_kind != LAST_NORMAL)
        return (flags & LINUX_O_EXCL) ? -E_EXIST : -E_ISDIR;
    if (walk->trailing_slash)
        return -E_ISDIR;
    struct dentry *dentry;
    int error = walk_last(walk, &dentry);
    if (error != 0)
        return error;
    if (dentry->inode == NULL) {
        error = open_make(who, walk, dentry, flags, mode, last);
    } else if (flags & LINUX_O_EXCL) {
        error = -E_EXIST;
    } else if (linux_s_islnk(dentry->inode->mode)) {
        bool done = false;
        error = (flags & LINUX_O_NOFOLLOW) ? -E_LOOP : walk_follow_last(walk, dentry, &done);
        last->again = error == 0 && !done;
        if (error == 0 && done) {
            dentry_put(dentry);
            dentry = dentry_get(walk->at.dentry);
        }
    }
    if (error == 0 && !last->again) {
        last->path = (struct path){walk->at.mount, dentry};
        mount_descend(&last->path);
        vfs_path_get(&last->path);
    }
    dentry_put(dentry);
    return error;
}

static int open_creating(const struct vfs_caller *who, const struct path *start, const char *text,
                         uint32_t flags, uint32_t mode, uint32_t lookup_flags, struct file *file)
{
    struct walk walk;
    struct open_last last = {.again = true};
    int error = walk_begin(&walk, who, start, text, lookup_flags);
    if (error == 0)
        error = walk_parent(&walk, text);
    while (error == 0 && last.again)
        error = open_last_component(who, &walk, flags, mode, &last);
    if (error == 0) {
        if (linux_s_isdir(last.path.dentry->inode->mode))
            error = -E_ISDIR;
        else
            error = open_path(who, &last.path, flags, last.created, file);
        vfs_path_put(&last.path);
    }
    walk_end(&walk);
    return error;
}

// O_TMPFILE: a file in the directory's file system without a name; linkat may give it one.
static int open_unnamed(const struct vfs_caller *who, const struct path *start, const char *text,
                        uint32_t flags, uint32_t mode, uint32_t lookup_flags, struct file *file)
{
    if ((flags & LINUX_O_ACCMODE) == LINUX_O_RDONLY)
        return -E_INVAL;
    struct path directory;
    int error =
        vfs_lookup(who, start, text, lookup_flags | LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &directory);
    if (error != 0)
        return error;
    struct inode *parent = directory.dentry->inode;
    struct inode *inode = NULL;
    error = directory_may_add(who, &directory);
    if (error == 0 && parent->ops->make_unnamed == NULL)
        error = -E_OPNOTSUPP;
    if (error == 0) {
        struct inode_make what = {
            .mode = LINUX_S_IFREG | (mode & 07777 & ~who->fs->umask),
            .uid = who->uid,
            .gid = inode_new_gid(who, parent),
        };
        error = parent->ops->make_unnamed(parent, &what, &inode);
    }
    if (error == 0) {
        struct name name = name_of("#", 1);
        struct dentry *dentry = dentry_create(directory.dentry, &name);
        if (dentry == NULL) {
            inode_put(inode);
            error = -E_NOMEM;
        } else {
            if ((flags & LINUX_O_EXCL) == 0)
                inode->flags |= INODE_MAY_LINK;
            dentry_set_inode(dentry, inode);
            struct path path = {directory.mount, dentry};
            error = open_path(who, &path, flags & ~(uint32_t)LINUX_O_DIRECTORY, true, file);
            dentry_put(dentry);
        }
    }
    vfs_path_put(&directory);
    return error;
}

int vfs_open_lookup(const struct vfs_caller *who, const struct path *start, const char *path,
                    uint32_t flags, uint32_t mode, uint32_t lookup_flags, struct file **out)
{
    struct file *file = file_create(&path_only_operations, flags, NULL);
    int error;
    if (file == NULL)
        return -E_NOMEM;
    if (flags & LINUX_O_PATH)
        flags &= LINUX_O_PATH | LINUX_O_DIRECTORY | LINUX_O_NOFOLLOW | LINUX_O_CLOEXEC;
    if ((flags & LINUX_O_TMPFILE) == LINUX_O_TMPFILE)
        error = open_unnamed(who, start, path, flags, mode, lookup_flags, file);
    else if (flags & LINUX_O_CREAT)
        error = (flags & LINUX_O_DIRECTORY)
                    ? -E_INVAL
                    : open_creating(who, start, path, flags, mode, lookup_flags, file);
    else
        error = open_existing(who, start, path, flags, lookup_flags, file);
    if (error != 0) {
        file_put(file);
        return error;
    }
    *out = file;
    return 0;
}

int vfs_open(const struct vfs_caller *who, const struct path *start, const char *path,
             uint32_t flags, uint32_t mode, struct file **out)
{
    return vfs_open_lookup(who, start, path, flags, mode, 0, out);
}

// ---- executing ----

int vfs_open_exec(const struct vfs_caller *who, const struct path *start, const char *path,
                  uint32_t lookup_flags, struct file **out)
{
    struct path at;
    int error = vfs_lookup(who, start, path, lookup_flags, &at);
    if (error != 0)
        return error;
    struct inode *inode = at.dentry->inode;
    struct file *file = NULL;
    if (linux_s_islnk(inode->mode))
        error = -E_LOOP;
    else if (!linux_s_isreg(inode->mode))
        error = -E_ACCES;
    else
        error = vfs_permission(who, &at, MAY_EXECUTE);
    if (error == 0 && inode->writers != 0)
        error = -E_TXTBSY;
    if (error == 0 && (file = file_create(&path_only_operations, LINUX_O_RDONLY, NULL)) == NULL)
        error = -E_NOMEM;
    if (error == 0) {
        file->path = at;
        vfs_path_get(&at);
        file->inode = inode_hold(inode);
        file->flags = LINUX_O_RDONLY | LINUX_O_LARGEFILE;
        error = open_kind(who, file, LINUX_O_RDONLY);
        if (error != 0) {
            file->ops = &path_only_operations;
            file_put(file);
        }
    }
    if (error == 0) {
        inode->executing++;
        *out = file;
    }
    vfs_path_put(&at);
    return error;
}

void vfs_exec_hold(struct file *file)
{
    file->inode->executing++;
    file_hold(file);
}

void vfs_exec_put(struct file *file)
{
    file->inode->executing--;
    file_put(file);
}

bool vfs_exec_ids(const struct file *file, uint32_t *uid, uint32_t *gid, bool *set_uid,
                  bool *set_gid)
{
    const struct inode *inode = file->inode;
    *set_uid = *set_gid = false;
    if (file->path.mount->flags & MOUNT_NO_SUID)
        return false;
    if (inode->mode & LINUX_S_ISUID) {
        *set_uid = true;
        *uid = inode->uid;
    }
    if ((inode->mode & (LINUX_S_ISGID | 0010)) == (LINUX_S_ISGID | 0010)) {
        *set_gid = true;
        *gid = inode->gid;
    }
    return *set_uid || *set_gid;
}
