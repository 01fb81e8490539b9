// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// What system calls do to the tree, with all checks, for a caller and paths in the server's memory.
// Errors are those of the call of the same name. All may sleep.

#pragma once

#include "servers/posix/vfs/tree.h"

// vfs_open with further lookup flags (openat2).
int vfs_open_lookup(const struct vfs_caller *who, const struct path *start, const char *path,
                    uint32_t flags, uint32_t mode, uint32_t lookup_flags, struct file **out);
bool file_is_path_only(const struct file *file); // O_PATH

// A path argument: `start` NULL is the caller's working directory.
struct path_argument {
    const struct path *start;
    const char *text;
};

int vfs_make(const struct vfs_caller *who, struct path_argument where, uint32_t mode,
             uint64_t special_device, const char *target);
int vfs_link(const struct vfs_caller *who, struct path_argument from, struct path_argument to,
             uint32_t lookup_flags);
int vfs_unlink(const struct vfs_caller *who, struct path_argument where);
int vfs_rmdir(const struct vfs_caller *who, struct path_argument where);

enum rename_flag { VFS_RENAME_NOREPLACE = 1, VFS_RENAME_EXCHANGE = 2 };

int vfs_rename(const struct vfs_caller *who, struct path_argument from, struct path_argument to,
               uint32_t flags);

// Change what is valid in *change as `who` asks: chmod, chown, utimensat, truncate.
int vfs_chmod(const struct vfs_caller *who, const struct path *path, uint32_t mode);
int vfs_chown(const struct vfs_caller *who, const struct path *path, uint32_t uid,
              uint32_t gid); // ~0: leave
int vfs_truncate(const struct vfs_caller *who, const struct path *path, uint64_t size);
// The inode's size, permission checked by the caller; `file`: opened for it, or NULL.
int inode_truncate(struct inode *inode, uint64_t size);

enum time_choice { TIME_LEAVE, TIME_NOW, TIME_SET };
struct time_change {
    enum time_choice choice;
    struct file_time time;
};
int vfs_set_times(const struct vfs_caller *who, const struct path *path,
                  const struct time_change *accessed, const struct time_change *modified);

// Writing takes away set-user-id and set-group-id.
void inode_drop_privilege_bits(const struct vfs_caller *who, struct inode *inode);

struct stat_data {
    uint64_t device, inode, special_device, size, blocks;
    uint32_t mode, links, uid, gid, block_bytes, mount_id;
    struct file_time accessed, modified, changed, created;
    bool mount_point; // the path is the root of a mount
};
int vfs_stat(const struct vfs_caller *who, const struct path *path, struct stat_data *out);
int file_stat(const struct vfs_caller *who, struct file *file, struct stat_data *out);
int vfs_statfs(const struct path *path, struct linux_statfs *out);

// mount(2), umount2(2) with all checks; flags as Linux's MS_* and MNT_*.
int vfs_mount_at(const struct vfs_caller *who, const char *source, const struct path *target,
                 const char *type, uint64_t flags, const char *options);
int vfs_unmount(const struct vfs_caller *who, const struct path *target, uint32_t flags);
