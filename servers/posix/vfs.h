// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The virtual file system as the rest of the posix server uses it: paths, opening, reading,
// mapping. Inodes, dentries, mounts and plug-ins are in filesystem.h.
//
// Everything is called with posix_lock held. Anything that walks a path or reads may sleep on a
// remote file system or a disk, and so release the lock; objects held by counted references stay
// valid.

#pragma once

#include "servers/posix/file.h"

struct inode;
struct task;

// ---- per-process place in the tree ----

// Shared by CLONE_FS.
struct fs_context {
    uint32_t references;
    uint32_t umask;
    struct path root;
    struct path cwd;
};

// NULL: no memory.
struct fs_context *fs_context_create(const struct path *root);
struct fs_context *fs_context_clone(const struct fs_context *fs);
struct fs_context *fs_context_hold(struct fs_context *fs);
void fs_context_put(struct fs_context *fs);

// ---- who asks ----

// The identity that file system calls check: everything the core needs to know of a process. Filled
// by vfs_caller_of from a task (effective ids), or by access() with the real ones.
struct vfs_caller {
    struct fs_context *fs;
    uint32_t uid, gid;
    const uint32_t *groups; // supplementary
    uint32_t group_count;
    bool privileged; // overrides discretionary access (Linux CAP_DAC_OVERRIDE, CAP_FOWNER ...)
    const struct task *task; // for /proc/self; NULL: the system itself
};

void vfs_caller_of(struct task *task, struct vfs_caller *out);

// ---- paths ----

void vfs_path_get(const struct path *path);
void vfs_path_put(const struct path *path); // both members may be NULL

enum lookup_flag {
    LOOKUP_FOLLOW = 1,    // a symbolic link in the last component is followed
    LOOKUP_DIRECTORY = 2, // E_NOTDIR unless it ends at a directory
    LOOKUP_EMPTY = 4,     // an empty path names the start (AT_EMPTY_PATH)
    LOOKUP_BENEATH = 8,   // openat2 RESOLVE_*: E_XDEV when the walk would leave the start
    LOOKUP_IN_ROOT = 16,  // the start is the root
    LOOKUP_NO_XDEV = 32,  // E_XDEV at a mount crossing
    LOOKUP_NO_SYMLINKS = 64,
    LOOKUP_NO_MAGICLINKS = 128,
    LOOKUP_CACHED = 256, // E_AGAIN instead of asking a file system
};

// Walk `path` (NUL-terminated, in the server's memory) from `start` (NULL: the caller's working
// directory). On success *out is counted: vfs_path_put it. Errors as path_resolution(7): E_NOENT
// E_NOTDIR E_ACCES E_LOOP (more than 40 links) E_NAMETOOLONG E_IO, and what the file system says.
// May sleep.
int vfs_lookup(const struct vfs_caller *who, const struct path *start, const char *path,
               uint32_t flags, struct path *out);

// The same for a task and a descriptor number or LINUX_AT_FDCWD. E_BADF.
int vfs_lookup_at(struct task *task, int dirfd, const char *path, uint32_t flags, struct path *out);

// Text of a path as seen from `root`, as /proc/<pid>/exe, getcwd and /proc/<pid>/maps give it ("
// (deleted)" appended when it is; "(unreachable)" first when outside root). Written at the end of
// `buffer`; returns its start, NULL if it does not fit.
char *vfs_path_text(const struct path *path, const struct path *root, char *buffer, size_t size);

// ---- opening ----

// openat for the server itself and for sys_open*: `flags` LINUX_O_*, `mode` for O_CREAT (the umask
// is applied here). The result has one reference. May sleep.
int vfs_open(const struct vfs_caller *who, const struct path *start, const char *path,
             uint32_t flags, uint32_t mode, struct file **out);
int vfs_open_at(struct task *task, int dirfd, const char *path, uint32_t flags, uint32_t mode,
                struct file **out);

// Open a file to execute it: regular, execute permission, not on a noexec mount, not open for
// writing (E_TXTBSY, as long as the file lives). E_ACCES E_NOENT ... Release with vfs_exec_put, not
// file_put. May sleep.
int vfs_open_exec(const struct vfs_caller *who, const struct path *start, const char *path,
                  uint32_t lookup_flags, struct file **out);
void vfs_exec_hold(struct file *file); // one more process runs it (fork)
void vfs_exec_put(struct file *file);

// Ids that executing the file gives: its set-user-id and set-group-id bits, unless the mount says
// nosuid. False: none.
bool vfs_exec_ids(const struct file *file, uint32_t *uid, uint32_t *gid, bool *set_uid,
                  bool *set_gid);

// Read into the server's own memory. Bytes read (short at the end of the file), or an error. May
// sleep.
int64_t vfs_pread(struct file *file, void *to, size_t bytes, uint64_t offset);

// Whether `who` may read (4), write (2), execute or search (1). 0 or E_ACCES, E_ROFS.
int vfs_permission(const struct vfs_caller *who, const struct path *path, uint32_t access);

// ---- mapping ----

// Memory that shows a file, for SYS_ASPACE_MAP. `memory` belongs to the inode and lives as long as
// it. The process that maps it must hold the file (file_hold) as long as any region with it exists;
// its tag may be the file's address.
struct file_mapping {
    handle_t memory; // HANDLE_NONE: map anonymous zero pages (/dev/zero)
    uint64_t offset; // into memory
    bool paged;      // faults arrive as GUEST_EXIT_PAGE: answer with pagecache_supply(file->inode,
                     // memory_offset)
};

// Checks as mmap(2): E_ACCES (access mode against `prot` and sharing, noexec mount), E_NODEV,
// E_OVERFLOW. `prot`: PROT_*.
int vfs_mmap(struct file *file, uint64_t offset, uint64_t bytes, uint32_t prot, bool shared,
             struct file_mapping *out);
// A region mapped shared and writable came (+1) or went (-1): such pages count as dirty, and
// truncation must cut them.
void vfs_mmap_writable(struct file *file, int change);

// ---- start-up ----

// Registers the built-in file systems, creates the caches. E_NOMEM.
int vfs_init(void);
// `flags` as mount(2)'s MS_*; `options` may be NULL.
// Mounts `type` from `source` as the root of the whole tree; *root is counted. Then use vfs_mount.
int vfs_mount_root(const char *type, const char *source, uint32_t flags, const char *options,
                   struct path *root);
// mount(2) by the server itself at `target` of the initial root.
int vfs_mount(const struct vfs_caller *who, const char *source, const char *target,
              const char *type, uint64_t flags, const char *options);
