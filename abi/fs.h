// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The protocol between the VFS (client, in posix) and a file-system server.
//
// Shape. Every operation is one `call` on the server's endpoint: the label is an enum fs_operation,
// the words are the operation's `struct fs_*_request`, the reply's label is 0 or a negative enum
// error, its words are the operation's `struct fs_*_reply` (a reply with an error has no words).
// Words are the structs' bytes in memory order. Names, link targets and arrays do not fit into a
// message: they sit in the session memory, a memory object that the client makes, owns and hands
// over at FS_MOUNT (one for each mount). A request names the part of it that it uses (struct
// fs_buffer); the client never gives overlapping parts to two calls under way at the same time, nor
// to an FS_MOUNT that comes between a call and its repetition. The server copies a name out before
// it checks it; it writes only inside the part named; the client, in turn, checks every length it
// reads there.
//
// Identity. A mount is named by `mount`, a generation number that no other attachment to this
// server's endpoint has or had; an inode by (ino, generation) as in its attributes. The server
// keeps nothing else about a client: no open files, no positions. So a successor needs only the
// mounts again.
//
// Restart. A call that ends with -E_RESTARTED (from the kernel: the server died while it held the
// call; from the server: it does not know this `mount`) was answered by nobody. The client sends
// FS_MOUNT again with the same session memory, gets a new `mount`, and repeats the call. Two
// classes of operations:
//
// - Reading ones are idempotent: simply repeated.
//
// - Writing ones (FS_CREATE and above) carry `sequence`, numbered by the client 1, 2, 3 ... per
//   device, in the order in which they are sent. The reply's `stable` says: operations up to this
//   one are on the device for good. The client keeps the request of every operation above `stable`.
//   FS_MOUNT's reply says in `applied` how far a successor finds them done (exactly those up to it,
//   none above); the client repeats the rest in order, with `wanted` filled from the first reply,
//   so that inode numbers and blocks come out the same. An operation whose sequence is not above
//   what was applied fails with -E_ALREADY; a gap with -E_PROTO.
//
// File data never passes through the server. FS_MAP hands out extents of the device; page cache and
// block driver move the data. A write is: FS_ALLOCATE (blocks appear as unwritten), data to the
// device, FS_COMMIT (written, size): data reaches the device before the transaction that makes it
// visible.
//
// Units. Sizes and offsets are bytes, 64 bits wide; a device offset counts from the start of the
// device (or partition) that FS_MOUNT named. Times are seconds since 1970 and nanoseconds. Modes
// are Linux's (S_IFMT and permission bits), as are rdev numbers (major << 32 | minor here).
//
// Blocking. Every call may wait for the device. The client sets no deadline: a server that hangs is
// replaced by rs, and the call ends with -E_RESTARTED.
//
// Permissions are the client's business: the server checks none.
//
// Errors that any operation may return:
//
// -E_RESTARTED  see above
//
// -E_IO         the device failed
//
// -E_UCLEAN     a structure on the device is inconsistent (logged once)
//
// -E_BADMSG     the checksum of a structure on the device is wrong (logged once)
//
// -E_NOMEM      the server's memory is used up
//
// -E_PROTO      a request shorter than its struct, or a part outside the session memory
//
// -E_NOSYS      no such operation here
//
// -E_SRCH       (ino, generation) names no inode in use: the client's knowledge is stale (ESTALE)
//
// -E_ROFS       a writing operation on a read-only mount
//
// What an operation may return besides stands beside it.

#pragma once

#include "abi/message.h"
#include "abi/types.h"

enum {
    FS_NAME_MAX = 255,  // bytes in a name
    FS_LINK_MAX = 4095, // bytes in a symbolic link's target
    FS_DEVICE_NAME_MAX = 63,
    FS_OPTIONS_MAX = 1023,
    FS_SESSION_BYTES_MIN = 16 * 1024,
    FS_SESSION_BYTES = 64 * 1024, // what a client gives without a reason for another size
    FS_SESSION_BYTES_MAX = 1024 * 1024,
};

// Each with its request and reply; without a reply, the label is all.
enum fs_operation {
    // Reading.
    FS_MOUNT = 1,       // fs_mount_request, fs_mount_reply; handle 0: the session memory
    FS_UNMOUNT = 2,     // fs_mount_only_request; 0 also for an unknown mount
    FS_LOOKUP = 3,      // fs_lookup_request, fs_attributes
    FS_GETATTR = 4,     // fs_inode_request, fs_attributes
    FS_READDIR = 5,     // fs_readdir_request, fs_readdir_reply
    FS_READLINK = 6,    // fs_buffer_request, fs_bytes_reply; the target without NUL
    FS_MAP = 7,         // fs_map_request, fs_map_reply
    FS_READ_INLINE = 8, // fs_buffer_request, fs_bytes_reply; FS_INODE_INLINE only
    FS_STATFS = 9,      // fs_mount_only_request, fs_statfs_reply
    FS_SYNC = 10,       // fs_sync_request, fs_stable_reply
    FS_GETXATTR = 11,   // fs_xattr_request, fs_bytes_reply
    FS_LISTXATTR = 12,  // fs_xattr_request, fs_bytes_reply; NUL-terminated names

    // Writing.
    FS_CREATE = 32,   // fs_make_request, fs_make_reply; file, FIFO, socket, device node by mode
    FS_MKDIR = 33,    // fs_make_request, fs_make_reply
    FS_SYMLINK = 34,  // fs_make_request, fs_make_reply
    FS_LINK = 35,     // fs_link_request, fs_make_reply
    FS_UNLINK = 36,   // fs_remove_request, fs_remove_reply; not a directory
    FS_RMDIR = 37,    // fs_remove_request, fs_remove_reply
    FS_RENAME = 38,   // fs_rename_request, fs_rename_reply
    FS_RELEASE = 39,  // fs_release_request, fs_stable_reply
    FS_SETATTR = 40,  // fs_setattr_request, fs_inode_reply
    FS_ALLOCATE = 41, // fs_allocate_request, fs_map_reply
    FS_COMMIT = 42,   // fs_commit_request, fs_inode_reply
    FS_SETXATTR = 43, // fs_setxattr_request, fs_inode_reply
};

// ---- shared parts ----

// Part of the session memory. `offset` is a multiple of 8.
struct fs_buffer {
    uint32_t offset;
    uint32_t bytes;
};

struct fs_inode_id {
    uint64_t ino;
    uint64_t generation;
};

struct fs_time {
    int64_t seconds;
    uint32_t nanoseconds; // below 10^9
    uint32_t reserved;
};

enum fs_inode_flag {
    FS_INODE_INLINE = 1 << 0, // content comes by FS_READ_INLINE, FS_MAP does not apply
    FS_INODE_IMMUTABLE = 1 << 1,
    FS_INODE_APPEND_ONLY = 1 << 2,
    FS_INODE_NO_ATIME = 1 << 3,
    FS_INODE_SYNC = 1 << 4,
};

struct fs_attributes {
    uint64_t ino;
    uint32_t generation;
    uint32_t mode; // Linux's: type and permissions
    uint32_t uid;
    uint32_t gid;
    uint32_t links;
    uint32_t flags;  // enum fs_inode_flag
    uint64_t size;   // bytes
    uint64_t blocks; // in use, of 512 bytes
    uint64_t rdev;   // device nodes: major << 32 | minor
    struct fs_time atime, mtime, ctime;
    struct fs_time btime; // creation; all zero if the file system does not record it
};

_Static_assert(sizeof(struct fs_buffer) == 8, "one word");
_Static_assert(sizeof(struct fs_inode_id) == 16, "two words");
_Static_assert(sizeof(struct fs_time) == 16, "two words");
_Static_assert(sizeof(struct fs_attributes) == 120, "15 words, so that a reply holds two");
_Static_assert(offsetof(struct fs_attributes, size) == 32, "layout");
_Static_assert(offsetof(struct fs_attributes, atime) == 56, "layout");

struct fs_mount_only_request {
    uint64_t mount;
};

struct fs_inode_request {
    uint64_t mount;
    struct fs_inode_id inode;
};

struct fs_buffer_request {
    uint64_t mount;
    struct fs_inode_id inode;
    struct fs_buffer buffer; // where the result goes
};

struct fs_bytes_reply {
    uint64_t bytes; // written to the buffer
};

struct fs_stable_reply {
    uint64_t stable;
};

_Static_assert(sizeof(struct fs_mount_only_request) == 8, "1 word");
_Static_assert(sizeof(struct fs_inode_request) == 24, "3 words");
_Static_assert(sizeof(struct fs_buffer_request) == 32, "4 words");
_Static_assert(sizeof(struct fs_bytes_reply) == 8, "1 word");
_Static_assert(sizeof(struct fs_stable_reply) == 8, "1 word");

// ---- FS_MOUNT, FS_UNMOUNT ----
// The buffer holds the device's name (as devmgr knows it, such as "vda" or "vdb1"), then the
// options (comma separated text, may be empty). A device is mounted by one client once; mounting it
// again (same badge, same name) replaces the old attachment: that is how a client reattaches.
//
//   -E_NODEV       no such device             -E_BUSY      another client has it mounted
//   -E_INVAL       not this kind of file system, or an option that is not known
//   -E_OPNOTSUPP   it has a feature this server does not carry (the log names it), or its journal
//   needs replay -E_NAMETOOLONG a text longer than its limit

enum fs_mount_flag {
    FS_MOUNT_READ_ONLY = 1 << 0,
};

struct fs_mount_request {
    uint64_t session_bytes; // of the memory object: FS_SESSION_BYTES_MIN .. FS_SESSION_BYTES_MAX,
                            // multiple of PAGE_SIZE
    uint64_t flags;         // enum fs_mount_flag
    struct fs_buffer buffer;
    uint32_t device_name_bytes; // at the buffer's start
    uint32_t options_bytes;     // right behind
    uint64_t client;            // who numbers the writing operations: a random number that lasts as
                                // long as the numbers do; 0: nobody will write
    struct fs_time now;
};

struct fs_mount_reply {
    uint64_t mount;       // never 0
    uint64_t flags;       // as they are: READ_ONLY may be set though it was not asked for
    uint64_t block_bytes; // granularity of extents; a power of two from 512 to 65536
    uint64_t applied; // writing operations found done: see above; 0 where there is no memory of any
    uint64_t max_file_bytes;
    struct fs_attributes root;
};

_Static_assert(sizeof(struct fs_mount_request) == 56, "7 words");
_Static_assert(offsetof(struct fs_mount_request, device_name_bytes) == 24, "layout");
_Static_assert(sizeof(struct fs_mount_reply) == 160, "20 words");

// ---- FS_LOOKUP ----
// Finds `name` (buffer: its bytes, no NUL; "." and ".." are found as the directory records them).
//   -E_NOENT  no such name    -E_NOTDIR  not a directory    -E_NAMETOOLONG  above FS_NAME_MAX
//   -E_INVAL  empty, or holds '/' or NUL

struct fs_lookup_request {
    uint64_t mount;
    struct fs_inode_id directory;
    struct fs_buffer name;
};

_Static_assert(sizeof(struct fs_lookup_request) == 32, "4 words");

// ---- FS_READDIR ----
// Fills the buffer with entries, each a struct fs_dirent, its name, padding to a multiple of 8
// bytes and, if attributes were asked for, a struct fs_attributes. "." and ".." are among them.
// Cookies are the server's own, valid across restarts; 0 starts. The reply has bytes 0 at the end
// of the directory, and only then.
//   -E_NOTDIR    -E_INVAL  no such cookie, or the buffer is too small for one entry

enum fs_readdir_flag {
    FS_READDIR_ATTRIBUTES = 1 << 0,
};

struct fs_readdir_request {
    uint64_t mount;
    struct fs_inode_id directory;
    uint64_t cookie;
    struct fs_buffer buffer;
    uint64_t flags; // enum fs_readdir_flag
};

struct fs_readdir_reply {
    uint64_t bytes;
    uint64_t next; // cookie behind the last entry
    uint64_t entries;
};

enum fs_dirent_type { // Linux's DT_*
    FS_TYPE_UNKNOWN = 0,
    FS_TYPE_FIFO = 1,
    FS_TYPE_CHARACTER = 2,
    FS_TYPE_DIRECTORY = 4,
    FS_TYPE_BLOCK = 6,
    FS_TYPE_REGULAR = 8,
    FS_TYPE_SYMLINK = 10,
    FS_TYPE_SOCKET = 12,
};

struct fs_dirent {
    uint64_t ino;
    uint64_t next;        // cookie behind this entry
    uint16_t entry_bytes; // whole entry, with padding and attributes: the distance to the next
    uint8_t type;         // enum fs_dirent_type
    uint8_t name_bytes;
    uint32_t attributes_offset; // from the entry's start; 0: none (not asked for, or the inode is
                                // unreadable)
    // char name[name_bytes], no NUL
};

_Static_assert(sizeof(struct fs_readdir_request) == 48, "6 words");
_Static_assert(sizeof(struct fs_readdir_reply) == 24, "3 words");
_Static_assert(sizeof(struct fs_dirent) == 24, "fixed part");

// ---- FS_READLINK, FS_READ_INLINE ----
// Inline content comes as a whole. A file may be longer than it (at most by a hole): bytes from
// there to the file's size read as zeros.
//
//   -E_INVAL  not a symbolic link; not an FS_INODE_INLINE file    -E_OVERFLOW  the buffer is too
//   small

// ---- FS_MAP ----
// Says where bytes [offset, offset + bytes) of a regular file (or directory) lie, as an array of
// struct fs_extent in the buffer: ascending, without gap, the first one holding `offset`, cut to
// the range (rounded outward to blocks). Bytes that have no place are FS_EXTENT_HOLE. The server
// may stop early when the buffer is full; `end` says where. Blocks behind the file's size are
// reported as they are. Extents stay valid until a writing operation on the same inode.
//   -E_INVAL  FS_INODE_INLINE, or neither file nor directory; room for no extent    -E_FBIG  the
//   range passes max_file_bytes

enum fs_extent_flag {
    FS_EXTENT_HOLE = 1 << 0,      // reads as zeros; device_offset is 0
    FS_EXTENT_UNWRITTEN = 1 << 1, // blocks are allocated and read as zeros
};

struct fs_extent {
    uint64_t offset; // in the file, multiple of block_bytes
    uint64_t device_offset;
    uint64_t bytes; // multiple of block_bytes, not 0
    uint64_t flags; // enum fs_extent_flag
};

struct fs_map_request {
    uint64_t mount;
    struct fs_inode_id inode;
    uint64_t offset;
    uint64_t bytes; // not 0
    struct fs_buffer buffer;
};

struct fs_map_reply {
    uint64_t extents;
    uint64_t end;    // first byte of the file behind the last extent
    uint64_t stable; // FS_ALLOCATE only
};

_Static_assert(sizeof(struct fs_extent) == 32, "array element");
_Static_assert(sizeof(struct fs_map_request) == 48, "6 words");
_Static_assert(sizeof(struct fs_map_reply) == 24, "3 words");

// ---- FS_STATFS ----

struct fs_statfs_reply {
    uint64_t magic; // Linux's f_type
    uint64_t block_bytes;
    uint64_t blocks, free_blocks, available_blocks;
    uint64_t inodes, free_inodes;
    uint64_t id; // of the file system, from its UUID
    uint64_t name_max;
    uint64_t flags; // enum fs_mount_flag
};

_Static_assert(sizeof(struct fs_statfs_reply) == 80, "10 words");

// ---- FS_SYNC ----
// When it returns, every writing operation answered before is on the device, and the device's cache
// is flushed.

enum fs_sync_flag {
    FS_SYNC_DATA_ONLY = 1 << 0, // times need not be there
};

struct fs_sync_request {
    uint64_t mount;
    struct fs_inode_id inode; // ino 0: the whole file system
    uint64_t flags;           // enum fs_sync_flag
};

_Static_assert(sizeof(struct fs_sync_request) == 32, "4 words");

// ---- FS_GETXATTR, FS_LISTXATTR ----
// The buffer holds the full name ("user.mime_type") on the way in and the value on the way out.
// With name_bytes 0 (FS_LISTXATTR) all names come back.
//   -E_NODATA  no such attribute    -E_RANGE  the buffer is too small    -E_OPNOTSUPP  an unknown
//   name space

struct fs_xattr_request {
    uint64_t mount;
    struct fs_inode_id inode;
    struct fs_buffer buffer;
    uint64_t name_bytes;
};

_Static_assert(sizeof(struct fs_xattr_request) == 40, "5 words");

// ---- writing operations ----
// Further errors of all: -E_NOSPC, -E_ALREADY (sequence applied before), -E_PROTO (sequence leaves
// a gap). An operation that failed has changed nothing, and its sequence number counts as used.

struct fs_write_header {
    uint64_t mount;
    uint64_t sequence;
    struct fs_time now; // becomes mtime and ctime of what changes: the client has the clock
};

_Static_assert(sizeof(struct fs_write_header) == 32, "4 words");

// FS_CREATE, FS_MKDIR, FS_SYMLINK. The buffer holds the name and, right behind, a symbolic link's
// target.
//   -E_EXIST    -E_NOTDIR    -E_NAMETOOLONG    -E_MLINK  (mkdir)    -E_NOENT  the directory has
//   been removed

struct fs_make_request {
    struct fs_write_header header;
    struct fs_inode_id directory;
    struct fs_buffer buffer;
    uint32_t name_bytes;
    uint32_t target_bytes;
    uint32_t mode; // with type
    uint32_t uid, gid;
    uint32_t reserved;
    uint64_t rdev;
    struct fs_inode_id wanted; // repeating: from the first reply; else ino 0
};

struct fs_make_reply {
    uint64_t stable;
    struct fs_attributes inode;
    struct fs_attributes directory;
};

_Static_assert(sizeof(struct fs_make_request) == 104, "13 words");
_Static_assert(offsetof(struct fs_make_request, rdev) == 80, "layout");
_Static_assert(sizeof(struct fs_make_reply) == 248, "31 words");

// FS_LINK.   -E_EXIST    -E_NOTDIR    -E_PERM  a directory    -E_MLINK

struct fs_link_request {
    struct fs_write_header header;
    struct fs_inode_id inode;
    struct fs_inode_id directory;
    struct fs_buffer name;
};

_Static_assert(sizeof(struct fs_link_request) == 72, "9 words");

// FS_UNLINK, FS_RMDIR. An inode whose last name goes stays, with links 0 and remembered on the
// device as an orphan, until FS_RELEASE: a program may still use it. `expected` guards against a
// name that means something else by now.
//   -E_NOENT    -E_NOTDIR    -E_ISDIR    -E_NOTEMPTY    -E_SRCH  the name leads to another inode
//   than expected

struct fs_remove_request {
    struct fs_write_header header;
    struct fs_inode_id directory;
    struct fs_buffer name;
    struct fs_inode_id expected;
};

struct fs_remove_reply {
    uint64_t stable;
    struct fs_attributes inode; // links 0: FS_RELEASE is due when the last user is gone
    struct fs_attributes directory;
};

_Static_assert(sizeof(struct fs_remove_request) == 72, "9 words");
_Static_assert(sizeof(struct fs_remove_reply) == 248, "31 words");

// FS_RENAME. The buffer holds the old name, then the new one. An inode that loses its last name
// this way becomes an orphan as by FS_UNLINK. The client refreshes the two directories by
// FS_GETATTR.
//   -E_NOENT    -E_EXIST (NO_REPLACE)    -E_NOTDIR    -E_ISDIR    -E_NOTEMPTY    -E_INVAL  into its
//   own subtree    -E_MLINK

enum fs_rename_flag {
    FS_RENAME_NO_REPLACE = 1 << 0,
    FS_RENAME_EXCHANGE = 1 << 1,
};

struct fs_rename_request {
    struct fs_write_header header;
    struct fs_inode_id old_directory;
    struct fs_inode_id new_directory;
    struct fs_buffer buffer;
    uint32_t old_name_bytes;
    uint32_t new_name_bytes;
    uint64_t flags; // enum fs_rename_flag
};

struct fs_rename_reply {
    uint64_t stable;
    struct fs_attributes inode;    // the one renamed
    struct fs_attributes replaced; // ino 0: none
};

_Static_assert(sizeof(struct fs_rename_request) == 88, "11 words");
_Static_assert(sizeof(struct fs_rename_reply) == 248, "31 words");

// FS_RELEASE: nobody uses this inode without links any more; it and its blocks are freed. One that
// has links: nothing happens. Orphans whose client died are released by the server when it next
// mounts the device writable.

struct fs_release_request {
    struct fs_write_header header;
    struct fs_inode_id inode;
};

_Static_assert(sizeof(struct fs_release_request) == 48, "6 words");

// FS_SETATTR. Only what `valid` names changes (and ctime). A smaller size frees the blocks behind
// it; the client has zeroed the rest of the last block in its cache, and writes that.
//   -E_FBIG    -E_PERM  immutable    -E_ISDIR  size of a directory    -E_INVAL  type bits of mode
//   differ

enum fs_attribute_valid {
    FS_VALID_MODE = 1 << 0,
    FS_VALID_UID = 1 << 1,
    FS_VALID_GID = 1 << 2,
    FS_VALID_SIZE = 1 << 3,
    FS_VALID_ATIME = 1 << 4,
    FS_VALID_MTIME = 1 << 5,
    FS_VALID_FLAGS = 1 << 6,
};

struct fs_setattr_request {
    struct fs_write_header header;
    struct fs_inode_id inode;
    uint64_t valid; // enum fs_attribute_valid
    uint32_t mode;
    uint32_t uid, gid;
    uint32_t flags; // enum fs_inode_flag
    uint64_t size;
    struct fs_time atime, mtime;
};

struct fs_inode_reply {
    uint64_t stable;
    struct fs_attributes inode;
};

_Static_assert(sizeof(struct fs_setattr_request) == 112, "14 words");
_Static_assert(offsetof(struct fs_setattr_request, size) == 72, "layout");
_Static_assert(sizeof(struct fs_inode_reply) == 128, "16 words");

// FS_ALLOCATE: gives every block of [offset, offset + bytes) a place; new ones are
// FS_EXTENT_UNWRITTEN until FS_COMMIT (in a file system without unwritten extents the server
// remembers them and keeps them out of every transaction until then). The buffer receives extents
// as by FS_MAP. An FS_INODE_INLINE file stops being one: its content is in the block given first,
// already written. Repeating: the buffer holds on entry the extents of the first reply,
// `wanted_extents` of them.
//   -E_FBIG    -E_NOSPC  nothing was allocated (less than asked for is no error: `end` says how
//   far)

struct fs_allocate_request {
    struct fs_write_header header;
    struct fs_inode_id inode;
    uint64_t offset;
    uint64_t bytes;
    struct fs_buffer buffer;
    uint64_t wanted_extents;
};

_Static_assert(sizeof(struct fs_allocate_request) == 80, "10 words");

// FS_COMMIT: the data of [offset, offset + bytes) has reached the device: those blocks are written,
// and the size is at least `size`. A range that FS_ALLOCATE did not place: -E_INVAL.

struct fs_commit_request {
    struct fs_write_header header;
    struct fs_inode_id inode;
    uint64_t offset;
    uint64_t bytes; // 0: only the size (up) and the times
    uint64_t size;
};

_Static_assert(sizeof(struct fs_commit_request) == 72, "9 words");

// FS_SETXATTR. The buffer holds the name, then the value.   -E_EXIST / -E_NODATA by flags -E_NOSPC
// no room for it

enum fs_setxattr_flag {
    FS_XATTR_CREATE = 1 << 0,
    FS_XATTR_REPLACE = 1 << 1,
    FS_XATTR_REMOVE = 1 << 2,
};

struct fs_setxattr_request {
    struct fs_write_header header;
    struct fs_inode_id inode;
    struct fs_buffer buffer;
    uint32_t name_bytes;
    uint32_t value_bytes;
    uint64_t flags; // enum fs_setxattr_flag
};

_Static_assert(sizeof(struct fs_setxattr_request) == 72, "9 words");
_Static_assert(sizeof(struct fs_make_reply) <= MESSAGE_WORDS * 8,
               "the longest reply fits a message");
