// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// What a file system inside the posix server implements, and the objects it works on: super-blocks,
// inodes.
//
// A plug-in registers a `struct filesystem` by name; mounting makes a super-block with a root
// inode; the core (servers/posix/vfs/) keeps dentries, mounts, permissions and path walks and calls
// the operations below. They are called with posix_lock held, permissions and names checked (a name
// has 1 .. 255 bytes, no slash, is not "." or ".."). An operation that may sleep belongs to a
// super-block with SUPERBLOCK_SLEEPS: the core then holds the directory's inode lock (inode_lock)
// around lookup and every operation that changes the directory.

#pragma once

#include "abi/error.h"
#include "abi/linux_file.h"
#include "abi/types.h"
#include "servers/posix/file.h"
#include "servers/posix/list.h"
#include "servers/posix/vfs/page_tree.h"
#include "servers/posix/wait.h"

struct page;
struct pipe;
struct superblock;
struct vfs_caller;

struct file_time {
    int64_t seconds; // since 1970
    uint32_t nanoseconds;
};

// The present wall-clock time.
struct file_time file_time_now(void);

static inline bool file_time_before(struct file_time a, struct file_time b)
{
    return a.seconds != b.seconds ? a.seconds < b.seconds : a.nanoseconds < b.nanoseconds;
}

// ---- inodes ----

struct inode_operations;
struct file_lock_list;

enum inode_flag {
    INODE_DEAD = 1,         // removed directory: nothing can be created in it
    INODE_LOCKED = 2,       // inode_lock
    INODE_CACHED_DATA = 4,  // regular file whose contents are in the page cache
    INODE_ACCESS_DUE = 16,  // see inode_mark_accessed
    INODE_MAY_LINK = 8,     // has no name, but linkat may give it one (O_TMPFILE)
    INODE_SYNCING = 32,     // a thread writes its pages back
    INODE_DIRTY = 64,       // in the list of inodes with dirty pages, which holds it
    INODE_DIRTY_LONG = 128, // was so when the write-back thread last looked
};

// Counted by dentries, open files and whoever holds it across a sleep.
struct inode {
    struct superblock *superblock;
    const struct inode_operations *ops;
    const struct file_operations *file_ops; // of an open regular file or directory
    void *data;                             // the file system's own
    uint64_t number;
    uint32_t references;
    uint32_t flags; // enum inode_flag
    uint32_t mode;  // type and permissions
    uint32_t uid, gid;
    uint32_t links;
    uint32_t generation;
    uint64_t special_device; // linux_dev()
    uint64_t size;           // bytes
    uint64_t blocks;         // of 512 bytes
    struct file_time accessed, modified, changed, created;

    // Page cache (vfs/pagecache.c).
    struct page_tree pages; // struct page by index
    uint64_t dirty_pages;
    handle_t memory; // what guests map; HANDLE_NONE until somebody does
    uint64_t memory_bytes;
    int write_error; // the first since the last fsync

    uint32_t writers;         // open for writing
    uint32_t executing;       // being executed: no opening for writing
    uint32_t shared_writable; // shared writable mappings

    struct wait_queue wait;  // inode lock, busy pages, end of a sync
    struct list hash_node;   // inode_find
    struct list dirty_node;  // vfs/writeback.c
    struct list posix_locks; // locks.c
    struct list flocks;
    struct wait_queue lock_wait;
    struct pipe *pipe; // FIFO with users
};

// What to make: regular file, directory, node, FIFO, socket by the type in `mode`; `target` for a
// symbolic link.
struct inode_make {
    uint32_t mode, uid, gid;
    uint64_t special_device;
    const char *target;
};

enum attribute_valid {
    ATTRIBUTE_MODE = 1,
    ATTRIBUTE_UID = 2,
    ATTRIBUTE_GID = 4,
    ATTRIBUTE_SIZE = 8,
    ATTRIBUTE_ACCESSED = 16,
    ATTRIBUTE_MODIFIED = 32,
    ATTRIBUTE_CHANGED = 64,
};

struct attributes {
    uint32_t valid; // enum attribute_valid
    uint32_t mode, uid, gid;
    uint64_t size;
    struct file_time accessed, modified, changed;
};

// A symbolic link may lead straight to an object (/proc/<pid>/fd/N): the counted path.
typedef int inode_follow_t(struct inode *link, const struct vfs_caller *who, struct path *out);

// Results: 0 or a negative error. NULL operations: [error].
struct inode_operations {
    // [E_NOTDIR] *out: a counted inode. E_NOENT: no such name.
    int (*lookup)(struct inode *directory, const char *name, size_t length, struct inode **out);
    // [E_PERM] Makes it; the name is known not to exist. E_NOSPC, E_ROFS, E_MLINK ...
    int (*make)(struct inode *directory, const char *name, size_t length,
                const struct inode_make *what, struct inode **out);
    // [E_OPNOTSUPP] A regular file without a name (O_TMPFILE), links 0.
    int (*make_unnamed)(struct inode *directory, const struct inode_make *what, struct inode **out);
    // [E_PERM] One more name for an inode of the same super-block, not a directory.
    int (*link)(struct inode *directory, const char *name, size_t length, struct inode *inode);
    // [E_PERM] Not a directory.
    int (*unlink)(struct inode *directory, const char *name, size_t length, struct inode *inode);
    // [E_PERM] E_NOTEMPTY.
    int (*rmdir)(struct inode *directory, const char *name, size_t length, struct inode *inode);
    // [E_PERM] `target` is what new_name refers to, or NULL; loops, types and the sticky bit are
    // checked. `exchange`: swap.
    int (*rename)(struct inode *old_directory, const char *old_name, size_t old_length,
                  struct inode *inode, struct inode *new_directory, const char *new_name,
                  size_t new_length, struct inode *target, bool exchange);
    // [E_INVAL] Text without NUL to `buffer`; returns its length, which is at most `size`.
    int64_t (*readlink)(struct inode *link, const struct vfs_caller *who, char *buffer,
                        size_t size);
    // [follow the text]
    inode_follow_t *follow;
    // [E_PERM] Bring about what is valid (checked) and set the inode's fields. Size: also drops
    // page-cache pages.
    int (*set_attributes)(struct inode *inode, const struct attributes *change);
    // [the fields are right] Bring the fields up to date.
    int (*get_attributes)(struct inode *inode, const struct vfs_caller *who);
    // [use file_ops] Make file->ops and file->data right for this open. May fail. file->inode and
    // path are set.
    int (*open)(struct inode *inode, struct file *file, const struct vfs_caller *who,
                uint32_t flags);
    // [the mode bits decide] In place of them.
    int (*permission)(struct inode *inode, const struct vfs_caller *who, uint32_t access);
    // Extended attributes. [E_OPNOTSUPP] The value's size, with size 0 nothing is copied; E_NODATA,
    // E_RANGE.
    int64_t (*get_xattr)(struct inode *inode, const char *name, void *value, size_t size);
    int (*set_xattr)(struct inode *inode, const char *name, const void *value, size_t size,
                     uint32_t flags);
    int (*remove_xattr)(struct inode *inode, const char *name);
    int64_t (*list_xattr)(struct inode *inode, char *list, size_t size);

    // ---- page cache of regular files ----
    // [pages start as zeros] Fill `count` busy pages with adjacent indices; all have the same
    // result. May sleep.
    int (*read_pages)(struct inode *inode, struct page **pages, unsigned count);
    // Write back likewise.
    int (*write_pages)(struct inode *inode, struct page **pages, unsigned count);
    // [nothing] Before bytes of the cache are written: finds them a place on the device. E_NOSPC,
    // E_FBIG. May sleep.
    int (*prepare_write)(struct inode *inode, uint64_t offset, uint64_t bytes);
    // [nothing] After dirty pages were written back: fsync's other part, what describes them. May
    // sleep.
    int (*sync)(struct inode *inode, bool data_only);
    // [nothing] Account for `count` more pages of data (tmpfs' size limit). E_NOSPC.
    int (*reserve_pages)(struct inode *inode, uint64_t count);
    void (*release_pages)(struct inode *inode, uint64_t count);
    // [E_OPNOTSUPP] fallocate.
    int (*allocate)(struct inode *inode, uint32_t mode, uint64_t offset, uint64_t bytes);
    // [every byte is data] The first byte at or after `offset` that is data, or in a hole. E_NXIO:
    // none before the end.
    int64_t (*seek_data)(struct inode *inode, uint64_t offset, bool hole);
};

// A new inode of the super-block with one reference, times now, links 1. NULL: no memory.
struct inode *inode_create(struct superblock *superblock, uint64_t number, uint32_t mode);
static inline struct inode *inode_hold(struct inode *inode)
{
    inode->references++;
    return inode;
}
void inode_put(struct inode *inode); // may sleep if it is the last
// File systems with numbers from outside keep each inode once: found (counted) or NULL;
// inode_publish makes it findable.
struct inode *inode_find(struct superblock *superblock, uint64_t number);
void inode_publish(struct inode *inode);

// What set_attributes mostly does: the fields of what is valid, except the size.
void inode_apply_attributes(struct inode *inode, const struct attributes *change);

// Sleeping lock of an inode, for what must stay as it is across IPC. Order: parent before child,
// then by address.
void inode_lock(struct inode *inode);
void inode_unlock(struct inode *inode);

// An access, noted as relatime does: if the last one noted is older than a change, or than a day.
// Since the answer is no for most of many reads, INODE_ACCESS_DUE says when it has to be worked out
// again: after each open and each change.
void inode_note_accessed(struct inode *inode);
static inline void inode_mark_accessed(struct inode *inode)
{
    if (inode->flags & INODE_ACCESS_DUE)
        inode_note_accessed(inode);
}
void inode_mark_modified(struct inode *inode); // mtime and ctime now
void inode_mark_changed(struct inode *inode);  // ctime now

// ---- super-blocks and file-system types ----

enum superblock_flag {
    SUPERBLOCK_READ_ONLY = 1,
    SUPERBLOCK_SLEEPS = 2,   // operations talk to another process
    SUPERBLOCK_NO_CACHE = 4, // names come and go by themselves (/proc): dentries are never reused
    SUPERBLOCK_UNIQUE_INODES = 8, // use inode_find: drop hashed inodes from the hash when freed
};

struct superblock_operations {
    // Fill everything but type, flags, fsid (preset). [zeros]
    int (*statfs)(struct superblock *superblock, struct linux_statfs *out);
    // [nothing] Everything written so far reaches the device. May sleep.
    int (*sync)(struct superblock *superblock);
    // [nothing] The last reference to the inode is gone. links 0: free its storage. May sleep.
    void (*evict)(struct inode *inode);
    // [nothing] Options as /proc/mounts shows them behind rw/ro, each with a leading comma. Returns
    // the length.
    size_t (*show_options)(struct superblock *superblock, char *text, size_t size);
    // [E_INVAL with options] Remount. Where the file system sleeps also for reading only, or for
    // writing: sets the flag itself; [E_ROFS].
    int (*remount)(struct superblock *superblock, const char *options, bool read_only);
    // [nothing] Last mount is gone, all inodes are freed. May sleep.
    void (*unmount)(struct superblock *superblock);
};

struct superblock {
    const struct filesystem *type;
    const struct superblock_operations *ops;
    void *data;
    uint32_t flags; // enum superblock_flag
    uint32_t mounts;
    uint64_t device; // st_dev
    uint64_t magic;  // f_type
    uint32_t block_bytes;
    uint64_t max_bytes; // largest file
    struct dentry *root;
    uint64_t inodes;  // alive
    struct list node; // all super-blocks
    char source[64];
};

enum filesystem_flag {
    FILESYSTEM_NEEDS_DEVICE = 1, // /proc/filesystems says no "nodev"
    FILESYSTEM_SINGLE = 2,       // each mount shows the same super-block
    FILESYSTEM_KEEP = 4,         // which stays when the last mount goes
};

struct filesystem {
    const char *name;
    uint32_t flags;
    // Make the super-block's root: set ops, magic and so on, and *root (counted). `source` as
    // mount(2) got it.
    int (*mount)(struct superblock *superblock, const char *source, const char *options,
                 struct inode **root);
    // [nothing] The super-block has its root dentry now: fill the tree.
    void (*mounted)(struct superblock *superblock);
    struct list node; // filled by filesystem_register
};

void filesystem_register(struct filesystem *type);
struct filesystem *filesystem_find(const char *name);
void filesystem_each(void (*visit)(const struct filesystem *type, void *context), void *context);

// ---- directories ----

// file_operations of regular files in the page cache, and the seek of anything with a size.
extern const struct file_operations cached_file_operations;
int64_t file_seek(struct file *file, int64_t offset, int whence);

// Where readdir puts entries. `emit` returns false when there is no more room: the operation then
// leaves file->position at the entry that did not fit and returns 0. Positions 0 and 1 are "." and
// "..": readdir_dots emits them.
struct readdir_sink {
    bool (*emit)(struct readdir_sink *sink, const char *name, size_t length, uint64_t inode,
                 uint8_t type, uint64_t next_position);
};

static inline bool readdir_emit(struct readdir_sink *sink, const char *name, size_t length,
                                uint64_t inode, uint32_t mode, uint64_t next)
{
    return sink->emit(sink, name, length, inode, LINUX_DT_OF_MODE(mode), next);
}

// Emits "." and ".." if file->position is 0 or 1. False: no room.
bool readdir_dots(struct file *file, struct readdir_sink *sink);
