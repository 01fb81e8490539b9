// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Names and attributes of a file system that another process serves, changed: at the server first,
// then here.

#include <string.h>

#include "lib/sys/log.h"
#include "servers/posix/fs/remote_inode.h"
#include "servers/posix/vfs/writeback.h"

static const struct remote_inode *own_of(const struct inode *inode)
{
    return inode->data;
}

static struct fs_time fs_time_of(struct file_time time)
{
    return (struct fs_time){.seconds = time.seconds, .nanoseconds = time.nanoseconds};
}

// ---- names ----

int remote_make(struct inode *directory, const char *name, size_t length,
                const struct inode_make *what, struct inode **out)
{
    struct remote *remote = remote_of(directory);
    struct fs_make_reply reply;
    struct fs_make_request request = {
        .directory = own_of(directory)->id,
        .name_bytes = (uint32_t)length,
        .target_bytes = what->target != NULL ? (uint32_t)strlen(what->target) : 0,
        .mode = what->mode,
        .uid = what->uid,
        .gid = what->gid,
        .rdev = (uint64_t)linux_dev_major(what->special_device) << 32 |
                linux_dev_minor(what->special_device),
    };
    struct remote_change_call call = {
        .operation = linux_s_isdir(what->mode)   ? FS_MKDIR
                     : linux_s_islnk(what->mode) ? FS_SYMLINK
                                                 : FS_CREATE,
        .now = file_time_now(),
        .request = &request,
        .request_bytes = sizeof(request),
        .buffer_at = offsetof(struct fs_make_request, buffer),
        .text = {name, what->target},
        .text_bytes = {length, request.target_bytes},
        .reply = &reply,
        .reply_bytes = sizeof(reply),
    };
    int error = remote_change(remote, &call);
    if (error != 0)
        return error;
    remote_take_counts(directory, &reply.directory);
    return remote_inode_get(remote, &reply.inode, out);
}

int remote_link(struct inode *directory, const char *name, size_t length, struct inode *inode)
{
    struct fs_make_reply reply;
    struct fs_link_request request = {.inode = own_of(inode)->id,
                                      .directory = own_of(directory)->id};
    struct remote_change_call call = {
        .operation = FS_LINK,
        .now = file_time_now(),
        .request = &request,
        .request_bytes = sizeof(request),
        .buffer_at = offsetof(struct fs_link_request, name),
        .text = {name},
        .text_bytes = {length},
        .reply = &reply,
        .reply_bytes = sizeof(reply),
    };
    int error = remote_change(remote_of(directory), &call);
    if (error != 0)
        return error;
    remote_take_counts(directory, &reply.directory);
    remote_take_counts(inode, &reply.inode);
    inode->changed = call.now;
    return 0;
}

static int remove_name(enum fs_operation operation, struct inode *directory, const char *name,
                       size_t length, struct inode *inode)
{
    struct fs_remove_reply reply;
    struct fs_remove_request request = {.directory = own_of(directory)->id,
                                        .expected = own_of(inode)->id};
    struct remote_change_call call = {
        .operation = operation,
        .now = file_time_now(),
        .request = &request,
        .request_bytes = sizeof(request),
        .buffer_at = offsetof(struct fs_remove_request, name),
        .text = {name},
        .text_bytes = {length},
        .reply = &reply,
        .reply_bytes = sizeof(reply),
    };
    int error = remote_change(remote_of(directory), &call);
    if (error != 0)
        return error;
    remote_take_counts(directory, &reply.directory);
    remote_take_counts(inode, &reply.inode);
    inode->changed = call.now;
    return 0;
}

int remote_unlink(struct inode *directory, const char *name, size_t length, struct inode *inode)
{
    return remove_name(FS_UNLINK, directory, name, length, inode);
}

int remote_rmdir(struct inode *directory, const char *name, size_t length, struct inode *inode)
{
    return remove_name(FS_RMDIR, directory, name, length, inode);
}

// A directory after a rename, of which the reply says nothing.
static void refresh(struct inode *directory)
{
    struct fs_attributes attributes;
    struct fs_inode_request request = {.inode = own_of(directory)->id};
    struct remote_call call = {
        .operation = FS_GETATTR,
        .request = &request,
        .request_bytes = sizeof(request),
        .reply = &attributes,
        .reply_bytes = sizeof(attributes),
    };
    if (remote_call(remote_of(directory), &call) == 0)
        remote_take_counts(directory, &attributes);
}

int remote_rename(struct inode *old_directory, const char *old_name, size_t old_length,
                  struct inode *inode, struct inode *new_directory, const char *new_name,
                  size_t new_length, struct inode *target, bool exchange)
{
    struct fs_rename_reply reply;
    struct fs_rename_request request = {
        .old_directory = own_of(old_directory)->id,
        .new_directory = own_of(new_directory)->id,
        .old_name_bytes = (uint32_t)old_length,
        .new_name_bytes = (uint32_t)new_length,
        .flags = exchange         ? FS_RENAME_EXCHANGE
                 : target == NULL ? FS_RENAME_NO_REPLACE
                                  : 0,
    };
    struct remote_change_call call = {
        .operation = FS_RENAME,
        .now = file_time_now(),
        .request = &request,
        .request_bytes = sizeof(request),
        .buffer_at = offsetof(struct fs_rename_request, buffer),
        .text = {old_name, new_name},
        .text_bytes = {old_length, new_length},
        .reply = &reply,
        .reply_bytes = sizeof(reply),
    };
    int error = remote_change(remote_of(inode), &call);
    if (error != 0)
        return error;
    remote_take_counts(inode, &reply.inode);
    inode->changed = call.now;
    if (target != NULL && reply.replaced.ino == target->number) {
        remote_take_counts(target, &reply.replaced);
        target->changed = call.now;
    }
    refresh(old_directory);
    if (new_directory != old_directory)
        refresh(new_directory);
    return 0;
}

// ---- attributes ----

static uint64_t valid_of(uint32_t valid)
{
    static const uint64_t names[][2] = {
        {ATTRIBUTE_MODE, FS_VALID_MODE},      {ATTRIBUTE_UID, FS_VALID_UID},
        {ATTRIBUTE_GID, FS_VALID_GID},        {ATTRIBUTE_SIZE, FS_VALID_SIZE},
        {ATTRIBUTE_ACCESSED, FS_VALID_ATIME}, {ATTRIBUTE_MODIFIED, FS_VALID_MTIME},
    };
    uint64_t result = 0;
    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (valid & names[i][0])
            result |= names[i][1];
    return result;
}

int remote_store_attributes(struct inode *inode, const struct attributes *change)
{
    struct remote_inode *own = inode->data;
    struct fs_inode_reply reply;
    struct fs_setattr_request request = {
        .inode = own->id,
        .valid = valid_of(change->valid),
        .mode = (inode->mode & LINUX_S_IFMT) | (change->mode & 07777),
        .uid = change->uid,
        .gid = change->gid,
        .size = change->size,
        .atime = fs_time_of(change->accessed),
        .mtime = fs_time_of(change->modified),
    };
    struct remote_change_call call = {
        .operation = FS_SETATTR,
        .now = change->valid & ATTRIBUTE_CHANGED ? change->changed : inode->changed,
        .request = &request,
        .request_bytes = sizeof(request),
        .reply = &reply,
        .reply_bytes = sizeof(reply),
    };
    int error = remote_change(remote_of(inode), &call);
    if (error != 0)
        return error;
    if (change->valid & ATTRIBUTE_ACCESSED)
        own->stored_access = change->accessed;
    remote_take_counts(inode, &reply.inode);
    return 0;
}

int remote_set_attributes(struct inode *inode, const struct attributes *change)
{
    int error = change->valid & ATTRIBUTE_SIZE ? remote_set_size(inode, change)
                                               : remote_store_attributes(inode, change);
    if (error == 0)
        inode_apply_attributes(inode, change);
    return error;
}

static int set_xattr(struct inode *inode, const char *name, const void *value, size_t size,
                     uint64_t flags)
{
    struct fs_inode_reply reply;
    struct fs_setxattr_request request = {
        .inode = own_of(inode)->id,
        .name_bytes = (uint32_t)strlen(name),
        .value_bytes = (uint32_t)size,
        .flags = flags,
    };
    struct remote_change_call call = {
        .operation = FS_SETXATTR,
        .now = file_time_now(),
        .request = &request,
        .request_bytes = sizeof(request),
        .buffer_at = offsetof(struct fs_setxattr_request, buffer),
        .text = {name, value},
        .text_bytes = {request.name_bytes, size},
        .reply = &reply,
        .reply_bytes = sizeof(reply),
    };
    if (size > REMOTE_SLOT_BYTES - request.name_bytes)
        return -E_NOSPC;
    int error = remote_change(remote_of(inode), &call);
    if (error != 0)
        return error;
    remote_take_counts(inode, &reply.inode);
    inode->changed = call.now;
    return 0;
}

int remote_set_xattr(struct inode *inode, const char *name, const void *value, size_t size,
                     uint32_t flags)
{
    enum { XATTR_CREATE = 1, XATTR_REPLACE = 2 }; // Linux's
    return set_xattr(inode, name, value, size,
                     (flags & XATTR_CREATE ? FS_XATTR_CREATE : 0u) |
                         (flags & XATTR_REPLACE ? FS_XATTR_REPLACE : 0u));
}

int remote_remove_xattr(struct inode *inode, const char *name)
{
    return set_xattr(inode, name, NULL, 0, FS_XATTR_REMOVE);
}

// ---- to the device ----

int remote_sync_inode(struct inode *inode, bool data_only)
{
    return remote_make_stable(remote_of(inode), &own_of(inode)->id,
                              data_only ? FS_SYNC_DATA_ONLY : 0);
}

int remote_sync_all(struct superblock *superblock)
{
    if (superblock->flags & SUPERBLOCK_READ_ONLY)
        return 0;
    int error = writeback_all(superblock);
    int result = remote_make_stable(superblock->data, NULL, 0);
    return error != 0 ? error : result;
}

// ---- letting go ----

static int release(struct inode *inode)
{
    struct fs_stable_reply reply;
    struct fs_release_request request = {.inode = own_of(inode)->id};
    struct remote_change_call call = {
        .operation = FS_RELEASE,
        .now = file_time_now(),
        .request = &request,
        .request_bytes = sizeof(request),
        .reply = &reply,
        .reply_bytes = sizeof(reply),
    };
    return remote_change(remote_of(inode), &call);
}

// Blocks that were given ahead, and the last access.
static int store_rest(struct inode *inode)
{
    const struct remote_inode *own = own_of(inode);
    struct attributes change = {
        .valid = 0, .size = inode->size, .accessed = inode->accessed, .modified = inode->modified};
    if (own->allocated_end > own->stored_size && inode->size == own->stored_size)
        change.valid |= ATTRIBUTE_SIZE | ATTRIBUTE_MODIFIED; // else cutting it would be one
    if (file_time_before(own->stored_access, inode->accessed))
        change.valid |= ATTRIBUTE_ACCESSED;
    return change.valid != 0 ? remote_store_attributes(inode, &change) : 0;
}

void remote_let_go(struct inode *inode)
{
    const struct remote *remote = remote_of(inode);
    if ((inode->superblock->flags & SUPERBLOCK_READ_ONLY) != 0 || remote->lost)
        return;
    int error = inode->links == 0 ? release(inode) : store_rest(inode);
    if (error != 0)
        log_warning("%s: inode %lu: error %d", remote->device, (unsigned long)inode->number,
                    -error);
}
