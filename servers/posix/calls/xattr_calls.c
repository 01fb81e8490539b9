// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Extended attributes. What a file system stores is its own affair; here are the name spaces' rules
// (xattr(7)) and the access control list that says no more than the mode bits, which is what
// copying tools set.

#include <stdlib.h>
#include <string.h>

#include "servers/posix/calls/call.h"

enum { NAME_BYTES = 256, VALUE_MAX = 65536 };

// The object of a call: by path (following a last link or not) or by descriptor; counted.
enum object_kind { BY_PATH, BY_LINK, BY_DESCRIPTOR };

static int object_get(struct task *task, const struct vfs_caller *who, enum object_kind kind,
                      uint64_t argument, struct path *out)
{
    if (kind != BY_DESCRIPTOR)
        return call_lookup(task, who, CALL_CWD, argument, kind == BY_PATH ? LOOKUP_FOLLOW : 0, out);
    struct file *file = file_table_peek(task->files, (int)(uint32_t)argument);
    if (file == NULL || file_is_path_only(file))
        return -E_BADF;
    if (file->path.dentry == NULL)
        return -E_OPNOTSUPP;
    *out = file->path;
    vfs_path_get(out);
    return 0;
}

static int name_get(struct task *task, uint64_t address, char name[NAME_BYTES])
{
    int64_t length = user_read_string(task, name, address, NAME_BYTES);
    if (length == -E_NAMETOOLONG || length == 0)
        return -E_RANGE;
    return length < 0 ? (int)length : 0;
}

static bool has_prefix(const char *name, const char *prefix)
{
    return strncmp(name, prefix, strlen(prefix)) == 0;
}

// May `who` use this name on this object at all?
static int check_name(const struct vfs_caller *who, const struct path *path, const char *name,
                      bool set)
{
    const struct inode *inode = path->dentry->inode;
    if (set && mount_is_read_only(path->mount))
        return -E_ROFS;
    if (has_prefix(name, "trusted."))
        return who->privileged ? 0 : set ? -E_PERM : -E_NODATA;
    if (has_prefix(name, "user.")) {
        if (!linux_s_isreg(inode->mode) && !linux_s_isdir(inode->mode))
            return set ? -E_PERM : -E_NODATA;
        return vfs_permission(who, path, set ? MAY_WRITE : MAY_READ);
    }
    if (has_prefix(name, "security."))
        return set && !who->privileged ? -E_PERM : 0;
    return has_prefix(name, "system.") ? 0 : -E_OPNOTSUPP;
}

// ---- access control lists ----

static bool name_is_acl(const char *name)
{
    return strcmp(name, "system.posix_acl_access") == 0 ||
           strcmp(name, "system.posix_acl_default") == 0;
}

struct acl_entry {
    uint16_t tag, permissions;
    uint32_t id;
};

// A list of owner, group and others is the mode; anything more is not kept.
static int set_acl(const struct vfs_caller *who, const struct path *path, const char *name,
                   const uint8_t *value, size_t size)
{
    enum {
        VERSION = 2,
        OWNER = 1,
        GROUP = 4,
        OTHERS = 32,
        MINIMAL = 4 + 3 * sizeof(struct acl_entry)
    };
    uint32_t version;
    if (size < sizeof(version))
        return size == 0 ? 0 : -E_INVAL;
    memcpy(&version, value, sizeof(version));
    if (version != VERSION)
        return -E_OPNOTSUPP;
    if (size == sizeof(version))
        return 0; // none
    if (size != MINIMAL || strcmp(name, "system.posix_acl_access") != 0)
        return -E_OPNOTSUPP;
    struct acl_entry entry[3];
    memcpy(entry, value + sizeof(version), sizeof(entry));
    if (entry[0].tag != OWNER || entry[1].tag != GROUP || entry[2].tag != OTHERS ||
        ((entry[0].permissions | entry[1].permissions | entry[2].permissions) & ~7) != 0)
        return -E_INVAL;
    uint32_t mode = (path->dentry->inode->mode & 07000) | (uint32_t)entry[0].permissions << 6 |
                    (uint32_t)entry[1].permissions << 3 | entry[2].permissions;
    return vfs_chmod(who, path, mode);
}

// ---- the calls ----

static int64_t xattr_set(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS],
                         enum object_kind kind)
{
    struct vfs_caller who;
    struct path path;
    char name[NAME_BYTES];
    uint64_t size = argument[3], flags = argument[4];
    if ((flags & ~3ull) != 0 || flags == 3)
        return -E_INVAL;
    int error = name_get(task, argument[1], name);
    if (error != 0)
        return error;
    if (size > VALUE_MAX)
        return -E_2BIG;
    void *value = malloc(size != 0 ? (size_t)size : 1);
    if (value == NULL)
        return -E_NOMEM;
    vfs_caller_of(task, &who);
    error = user_read(task, value, argument[2], (size_t)size);
    if (error == 0 && (error = object_get(task, &who, kind, argument[0], &path)) == 0) {
        struct inode *inode = path.dentry->inode;
        error = check_name(&who, &path, name, true);
        if (error == 0 && name_is_acl(name))
            error = set_acl(&who, &path, name, value, (size_t)size);
        else if (error == 0)
            error = inode->ops->set_xattr != NULL
                        ? inode->ops->set_xattr(inode, name, value, (size_t)size, (uint32_t)flags)
                        : -E_OPNOTSUPP;
        vfs_path_put(&path);
    }
    free(value);
    return error;
}

static int64_t get_value(const struct vfs_caller *who, const struct path *path, const char *name,
                         void *value, size_t size)
{
    struct inode *inode = path->dentry->inode;
    int error = check_name(who, path, name, false);
    if (error != 0)
        return error;
    if (inode->ops->get_xattr == NULL)
        return -E_OPNOTSUPP;
    int64_t result = inode->ops->get_xattr(inode, name, value, size);
    // Lists exist in principle wherever attributes do; this file has none.
    return result == -E_OPNOTSUPP && name_is_acl(name) ? -E_NODATA : result;
}

static int64_t xattr_get(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS],
                         enum object_kind kind)
{
    struct vfs_caller who;
    struct path path;
    char name[NAME_BYTES];
    uint64_t size = argument[3] < VALUE_MAX ? argument[3] : VALUE_MAX;
    int64_t result = name_get(task, argument[1], name);
    if (result != 0)
        return result;
    vfs_caller_of(task, &who);
    result = object_get(task, &who, kind, argument[0], &path);
    if (result != 0)
        return result;
    void *value = malloc(size != 0 ? (size_t)size : 1);
    result = value == NULL ? -E_NOMEM : get_value(&who, &path, name, value, (size_t)size);
    if (result > 0 && size != 0) {
        int error = user_write(task, argument[2], value, (size_t)result);
        if (error != 0)
            result = error;
    }
    free(value);
    vfs_path_put(&path);
    return result;
}

static int64_t xattr_list(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS],
                          enum object_kind kind)
{
    struct vfs_caller who;
    struct path path;
    uint64_t size = argument[2] < VALUE_MAX ? argument[2] : VALUE_MAX;
    vfs_caller_of(task, &who);
    int64_t result = object_get(task, &who, kind, argument[0], &path);
    if (result != 0)
        return result;
    struct inode *inode = path.dentry->inode;
    char *names = malloc(size != 0 ? (size_t)size : 1);
    if (names == NULL)
        result = -E_NOMEM;
    else if (inode->ops->list_xattr != NULL)
        result = inode->ops->list_xattr(inode, names, (size_t)size);
    if (result > 0 && size != 0) {
        int error = user_write(task, argument[1], names, (size_t)result);
        if (error != 0)
            result = error;
    }
    free(names);
    vfs_path_put(&path);
    return result;
}

static int64_t xattr_remove(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS],
                            enum object_kind kind)
{
    struct vfs_caller who;
    struct path path;
    char name[NAME_BYTES];
    int error = name_get(task, argument[1], name);
    if (error != 0)
        return error;
    vfs_caller_of(task, &who);
    error = object_get(task, &who, kind, argument[0], &path);
    if (error != 0)
        return error;
    struct inode *inode = path.dentry->inode;
    error = check_name(&who, &path, name, true);
    if (error == 0 && !name_is_acl(name))
        error =
            inode->ops->remove_xattr != NULL ? inode->ops->remove_xattr(inode, name) : -E_OPNOTSUPP;
    vfs_path_put(&path);
    return error;
}

#define XATTR_CALL(call, function, kind)                                                \
    int64_t linux_##call(struct task *task, const uint64_t argument[SYSCALL_ARGUMENTS]) \
    {                                                                                   \
        return function(task, argument, kind);                                          \
    }

XATTR_CALL(setxattr, xattr_set, BY_PATH)
XATTR_CALL(lsetxattr, xattr_set, BY_LINK)
XATTR_CALL(fsetxattr, xattr_set, BY_DESCRIPTOR)
XATTR_CALL(getxattr, xattr_get, BY_PATH)
XATTR_CALL(lgetxattr, xattr_get, BY_LINK)
XATTR_CALL(fgetxattr, xattr_get, BY_DESCRIPTOR)
XATTR_CALL(listxattr, xattr_list, BY_PATH)
XATTR_CALL(llistxattr, xattr_list, BY_LINK)
XATTR_CALL(flistxattr, xattr_list, BY_DESCRIPTOR)
XATTR_CALL(removexattr, xattr_remove, BY_PATH)
XATTR_CALL(lremovexattr, xattr_remove, BY_LINK)
XATTR_CALL(fremovexattr, xattr_remove, BY_DESCRIPTOR)
