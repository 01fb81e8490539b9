// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Open files and descriptor tables.
//
// A `struct file` is one open file description: what open, pipe, socket ... create and descriptors
// refer to. Everything here is guarded by posix_lock; operations may sleep (and so release it)
// where their comment says so.

#pragma once

#include "abi/linux_file.h"
#include "abi/types.h"

struct dentry;
struct file;
struct file_mapping;
struct inode;
struct mount;
struct poll_table;
struct readdir_sink;
struct task;
struct user_buffer;

// A place in the tree: a dentry seen through a mount. Counted: vfs_path_get / vfs_path_put (vfs.h).
struct path {
    struct mount *mount;
    struct dentry *dentry;
};

// What a kind of file can do. Operations return >= 0 or a negative error; a NULL one gives the
// error in brackets. read, write, ioctl, fsync and readdir may sleep. The caller holds a reference
// to the file across the call.
struct file_operations {
    // [E_INVAL] Bytes moved. `position` is the offset to use and to advance: the file's own, or a
    // local of pread's. read and write check neither access mode nor count: file_read / file_write
    // did.
    int64_t (*read)(struct file *file, struct user_buffer *out, uint64_t *position);
    int64_t (*write)(struct file *file, struct user_buffer *in, uint64_t *position);
    // [E_SPIPE] New position.
    int64_t (*seek)(struct file *file, int64_t offset, int whence);
    // [always LINUX_POLLIN | LINUX_POLLOUT ...] Ready events; registers the file's wait queues in
    // `table` if not NULL.
    uint32_t (*poll)(struct file *file, struct poll_table *table);
    // [E_NOTTY]
    int64_t (*ioctl)(struct task *task, struct file *file, uint32_t command, uint64_t argument);
    // [E_NOTDIR] Emit entries from file->position on, see filesystem.h.
    int (*readdir)(struct file *file, struct readdir_sink *sink);
    // [E_NODEV] Memory that shows the file; see vfs_mmap in vfs.h.
    int (*mmap)(struct file *file, uint64_t offset, uint64_t bytes, struct file_mapping *out);
    // [0, nothing to do]
    int (*fsync)(struct file *file, bool data_only);
    // [nothing] A descriptor closed, in `table`: drop POSIX locks. Not the last reference.
    void (*flush)(struct file *file, const void *table);
    // [nothing] Last reference is gone. May not sleep on anything a program controls.
    void (*release)(struct file *file);
    // [nothing] Text for /proc/<pid>/fd/N of a file without a path, such as "pipe:[12]". Returns
    // the length.
    size_t (*describe)(struct file *file, char *text, size_t size);
};

enum file_kind_flag {
    FILE_POSITION =
        1, // has a position; else a stream: read and write pass position NULL, pread gives E_SPIPE
    FILE_WRITING = 2, // counted in inode->writers
};

struct file {
    uint32_t references;
    uint32_t
        flags; // LINUX_O_*: access mode and status flags; never CREAT, EXCL, NOCTTY, TRUNC, CLOEXEC
    uint32_t kind;      // enum file_kind_flag
    uint32_t readahead; // pagecache.c: pages to read ahead
    uint64_t position;
    uint64_t readahead_next; // pagecache.c: where a sequential reader goes on
    const struct file_operations *ops;
    struct path path;      // dentry NULL: none (pipe, epoll ...)
    struct inode *inode;   // counted; NULL: none (epoll, eventfd: stat gives an anonymous inode)
    void *data;            // the operations' own
    void *locks;           // locks.c: flock held through this description
    void *watchers;        // epoll.c: epoll items that watch this file
    uint32_t owner_pid;    // F_SETOWN
    uint32_t owner_signal; // F_SETSIG
};

// Opened for it.
static inline bool file_readable(const struct file *file)
{
    uint32_t mode = file->flags & LINUX_O_ACCMODE;
    return mode == LINUX_O_RDONLY || mode == LINUX_O_RDWR;
}

static inline bool file_writable(const struct file *file)
{
    uint32_t mode = file->flags & LINUX_O_ACCMODE;
    return mode == LINUX_O_WRONLY || mode == LINUX_O_RDWR;
}

// A new file with one reference, no path, no inode; NULL: no memory.
struct file *file_create(const struct file_operations *ops, uint32_t flags, void *data);
static inline struct file *file_hold(struct file *file)
{
    file->references++;
    return file;
}
// Drop a reference; the last one releases the file.
void file_release(struct file *file);
static inline void file_put(struct file *file)
{
    if (file->references > 1)
        file->references--;
    else
        file_release(file);
}

// Checked entry points of the system calls and of servers inside posix. E_BADF: access mode;
// E_INVAL: no such operation; E_ISDIR. `position` NULL: the file's own.
int64_t file_read(struct file *file, struct user_buffer *out, uint64_t *position);
int64_t file_write(struct file *file, struct user_buffer *in, uint64_t *position);

// ---- descriptor tables ----

// Only file_table.c changes it; it is here so that looking a descriptor up costs no call.
struct file_table {
    uint32_t references;
    uint32_t capacity; // descriptors, a multiple of 64
    uint32_t hint;     // no free descriptor below
    struct file **file;
    uint64_t *used; // bit a descriptor
    uint64_t *cloexec;
};

enum { FILE_TABLE_MAX = 65536 }; // hard bound; a process's own limit is RLIMIT_NOFILE

// NULL: no memory.
struct file_table *file_table_create(void);
// A copy whose descriptors share the open files (fork). NULL: no memory.
struct file_table *file_table_clone(const struct file_table *table);
struct file_table *file_table_hold(struct file_table *table);
// The last reference closes every descriptor; may sleep.
void file_table_put(struct file_table *table);
bool file_table_shared(const struct file_table *table);
// execve: close what is marked close-on-exec. May sleep.
void file_table_close_on_exec(struct file_table *table);

// Lowest free descriptor >= `from` and below `limit`, made to refer to `file` (whose reference it
// takes over on success). E_MFILE: none; E_NOMEM.
int file_table_add(struct file_table *table, struct file *file, int from, uint32_t limit,
                   bool close_on_exec);
// Make `fd` (0 <= fd < FILE_TABLE_MAX) refer to `file`, taking over its reference; what it referred
// to is closed.
int file_table_set(struct file_table *table, int fd, struct file *file, bool close_on_exec);
// E_BADF. May sleep (release).
int file_table_close(struct file_table *table, int fd);
// The file or NULL. Not counted: valid until the caller next sleeps or releases posix_lock.
static inline struct file *file_table_peek(const struct file_table *table, int fd)
{
    return (uint32_t)fd < table->capacity ? table->file[fd] : NULL;
}
bool file_table_get_cloexec(const struct file_table *table, int fd);
void file_table_set_cloexec(struct file_table *table, int fd, bool on);
// The first descriptor in use at or above `fd`, or -1.
int file_table_next(const struct file_table *table, int fd);

// What a task's descriptor refers to, counted (file_put when done), or NULL for E_BADF.
struct file *file_get(struct task *task, int fd);
// file_table_add for a task, with its RLIMIT_NOFILE.
int file_install(struct task *task, struct file *file, bool close_on_exec);
