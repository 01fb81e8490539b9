// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The ext2/ext3/ext4 format as a library: pure C over a struct block_source, for the server
// (main.c), unit tests and fuzzers. docs/ext4.md lists the features carried.
//
// Nothing on the device is trusted: a wrong checksum gives -E_BADMSG, an impossible structure
// -E_UCLEAN, each with one log line; neither stops the library, other files stay readable.
//
// All memory is what the caller gives at ext4_open: this struct and a cache of metadata blocks. The
// library allocates nothing. It is not thread-safe: one thread at a time for each struct ext4.
// Every function may block in the source's read. Functions return 0 (or a count) or a negative
// error:
//   -E_IO and other errors of the source; -E_UCLEAN; -E_BADMSG;
//   -E_NOMEM  every cache block is pinned (the memory given is too small for the block size)
// Further errors stand at each function.

#pragma once

#include "abi/error.h"
#include "abi/fs.h"
#include "lib/fs/block_source.h"

#include <stdarg.h>

struct ext4;        // a file system that is open
struct ext4_buffer; // a metadata block in the cache

enum {
    EXT4_MEMORY_MIN =
        512 * 1024, // for blocks of up to 4 KiB; EXT4_MEMORY_MIN_LARGE for larger ones
    EXT4_MEMORY_MIN_LARGE = 4 * 1024 * 1024,
    EXT4_REASON_MAX = 160,
};

struct ext4_setup {
    struct block_source source;
    void *memory; // aligned to 4096; the caller's again when it drops the file system
    size_t memory_bytes;
    // A line for the log, without newline. Formats used: %s %u %x %llu %llx.
    void (*log)(void *context, const char *format, va_list arguments);
    void *log_context;
    // To be written to: wanted, not promised (ext4_writable says what came of it).
    bool writable;
    uint64_t client;    // its lineage: who numbers the operations; not 0
    struct fs_time now; // for the superblock
};

// Reads and checks the superblock; replays the journal if it holds something (that writes, also
// for reading only). *out lies in the memory given.
//   -E_INVAL       no ext4, or its geometry cannot be; memory too small or misaligned
//   -E_OPNOTSUPP   a feature that this library does not carry, or a journal that needs replay on a
//                  device that cannot be written
int ext4_open(const struct ext4_setup *setup, struct ext4 **out);

// Can it be changed (write.h)? No: features or a journal that only reading is carried for, or no
// wish for it; the log says why.
bool ext4_writable(const struct ext4 *fs);

// Ends writing: commits, brings everything home and marks the file system clean. Nothing to do
// where it is not writable. After an error, the journal holds what is committed.
int ext4_close(struct ext4 *fs);

void ext4_statistics(struct ext4 *fs, struct fs_statfs_reply *out);
uint64_t ext4_block_bytes(const struct ext4 *fs);
uint64_t ext4_max_file_bytes(const struct ext4 *fs);

// ---- inodes ----

enum { EXT4_ROOT = 2 };

// An inode in use: its block stays pinned until ext4_inode_put. A caller keeps few of them (each
// pins a cache block) and none over an idle time.
struct ext4_inode {
    struct ext4 *fs;
    struct ext4_buffer *buffer;
    const uint8_t *raw; // s_inode_size bytes in the buffer
    uint32_t ino;
    uint32_t generation;
    uint32_t flags; // enum ext4_inode_flags
    uint32_t checksum_seed;
    uint64_t size;
    uint16_t mode;
    uint16_t extra_isize;
};

// -E_SRCH: no such inode, or it is not in use.
int ext4_inode_get(struct ext4 *fs, uint64_t ino, struct ext4_inode *inode);
void ext4_inode_put(struct ext4_inode *inode);

void ext4_inode_attributes(const struct ext4_inode *inode, struct fs_attributes *out);

// Room for a symbolic link's target (no NUL is added); returns its length. -E_INVAL: not a link;
// -E_OVERFLOW: `room` is too small.
int ext4_readlink(const struct ext4_inode *inode, char *target, size_t room);

// Where [offset, offset + bytes) lies, as FS_MAP says (abi/fs.h). Returns the number of extents, at
// most `room`; *end is the first byte behind the last one.
//   -E_INVAL  inline data, neither file nor directory nor link, bytes or room is 0
//   -E_FBIG   the range passes ext4_max_file_bytes
int ext4_map(const struct ext4_inode *inode, uint64_t offset, uint64_t bytes,
             struct fs_extent *extents, unsigned room, uint64_t *end);

// The content of a file with inline data; returns its length. If that is less than the file's size,
// the rest is zeros. -E_INVAL: not such a file; -E_OVERFLOW: `room` is too small.
int ext4_read_inline(const struct ext4_inode *inode, void *buffer, size_t room);

// Content of a file, straight from the source past the cache (`bytes` at most 1 GiB). Returns the
// number of bytes read, less than asked for only at the end of the file.
// For tools and tests: in the system file data goes along ext4_map's extents.
int ext4_read(const struct ext4_inode *inode, uint64_t offset, void *buffer, uint32_t bytes);

// ---- directories ----

// Finds a name of 1 .. 255 bytes. -E_NOENT; -E_NOTDIR.
int ext4_lookup(const struct ext4_inode *directory, const char *name, unsigned length,
                uint32_t *ino);

struct ext4_entry {
    uint64_t next; // cookie behind this entry
    uint32_t ino;
    uint8_t type; // enum fs_dirent_type
    uint8_t name_bytes;
    const char *name; // not terminated; valid inside `emit` only
};

// Calls `emit` for each entry from cookie `*position` (0: the first) on, and moves *position behind
// it; emit returns false if it has not taken the entry: the walk ends there. Entries of one
// directory must not be changed meanwhile. -E_NOTDIR; -E_INVAL: no such cookie.
typedef bool (*ext4_emit_t)(void *context, const struct ext4_entry *entry);
int ext4_readdir(const struct ext4_inode *directory, uint64_t *position, ext4_emit_t emit,
                 void *context);

// ---- extended attributes ----

// Value of the attribute with this full name ("user.note"); returns its length. With room 0 only
// the length. -E_NODATA: no such attribute; -E_RANGE: `room` is too small; -E_OPNOTSUPP: unknown
// name space.
int ext4_xattr_get(const struct ext4_inode *inode, const char *name, size_t length, void *value,
                   size_t room);

// All full names, each NUL-terminated; returns the bytes needed. With room 0 only that. -E_RANGE.
int ext4_xattr_list(const struct ext4_inode *inode, char *names, size_t room);
