// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Parts that change the file system, from bitmaps up to directories. Everything here runs inside an
// operation (write.h) unless it says otherwise. An error leaves things half done: the operation
// must be undone. A buffer that was modified stays pinned until the operation's end, so pointers
// into it stay good without a pin of one's own.
//
// Checksums are brought up to date ("sealed") with each change, not at the commit.
//
// Errors of all functions besides their own: those of ext4.h, and -E_NOMEM as of
// ext4_buffer_modify.

#pragma once

#include "fs/ext4/write.h"

// ---- bitmaps (bitmap.c) ----

enum ext4_bitmap {
    EXT4_BITMAP_BLOCKS,
    EXT4_BITMAP_INODES,
};

// A group's bitmap and descriptor, both modified.
struct ext4_bitmap_edit {
    struct ext4 *fs;
    uint64_t group;
    enum ext4_bitmap which;
    uint8_t *bits;
    struct ext4_group_desc *desc;
    struct ext4_group decoded; // the descriptor as it was
};

// Pins the verified bitmap. *buffer is NULL if the group's is not made yet (EXT4_BG_*_UNINIT).
int ext4_bitmap_get(struct ext4 *fs, uint64_t group, enum ext4_bitmap which,
                    const struct ext4_group *decoded, struct ext4_buffer **buffer);
// Opens it for changes, making it if need be.
int ext4_bitmap_edit(struct ext4 *fs, uint64_t group, enum ext4_bitmap which,
                     struct ext4_bitmap_edit *edit);
// Sets or clears bits that were the opposite before, and the free counts of group and superblock.
// -E_UCLEAN: one was not.
int ext4_bitmap_set(struct ext4_bitmap_edit *edit, uint32_t first, uint32_t count, bool used);
// After changes of bits or descriptor.
void ext4_bitmap_seal(struct ext4_bitmap_edit *edit);

// First clear (set) bit in [from, end), else end.
uint32_t ext4_bits_next_clear(const uint8_t *bits, uint32_t from, uint32_t end);
uint32_t ext4_bits_next_set(const uint8_t *bits, uint32_t from, uint32_t end);

uint64_t ext4_free_blocks(const struct ext4 *fs);

// ---- blocks (block_alloc.c) ----

// Finds 1 .. max blocks in a row, near `goal` (any number will do).
//   -E_NOSPC
//   -E_AGAIN  none now, but some wait for the commit: undo, commit, again
int ext4_blocks_allocate(struct ext4 *fs, uint64_t goal, uint32_t max, uint64_t *block,
                         uint32_t *count);
// Just these. -E_NOSPC: one is in use.
int ext4_blocks_take(struct ext4 *fs, uint64_t block, uint32_t count);
// Of a group: at most ext4_group_blocks' bits behind each other. `metadata`: what ext4_forget says.
int ext4_blocks_free(struct ext4 *fs, uint64_t block, uint64_t count, bool metadata);

// ---- inodes (inode_alloc.c, inode_write.c) ----

struct ext4_make {
    uint32_t mode, uid, gid;
    uint64_t rdev;
    struct fs_inode_id wanted; // ino 0: any
};

// A new inode, links 0, open. -E_NOSPC: none free, or the wanted one is not.
int ext4_inode_create(struct ext4_inode *parent, const struct ext4_make *make,
                      struct ext4_inode *inode);
// Gives the number back. Its blocks are free by now.
int ext4_inode_free(struct ext4_inode *inode);

// Also one without links that is in use (an orphan), or has just been made.
int ext4_inode_get_used(struct ext4 *fs, uint64_t ino, struct ext4_inode *inode);

// For changes to the raw inode, which ext4_inode_seal ends.
int ext4_inode_edit(struct ext4_inode *inode, struct ext4_disk_inode **disk);
// Checksum, and what struct ext4_inode has decoded.
void ext4_inode_seal(struct ext4_inode *inode);

enum ext4_touch {
    EXT4_TOUCH_ATIME = 1,
    EXT4_TOUCH_MTIME = 2,
    EXT4_TOUCH_CTIME = 4,
    EXT4_TOUCH_BTIME = 8,
};

// These change one thing of an inode each, and seal.
int ext4_inode_touch(struct ext4_inode *inode, unsigned times);
int ext4_inode_set_time(struct ext4_inode *inode, enum ext4_touch which, const struct fs_time *to);
int ext4_inode_set_size(struct ext4_inode *inode, uint64_t size); // -E_FBIG
int ext4_inode_set_flags(struct ext4_inode *inode, uint32_t set, uint32_t clear);
int ext4_inode_add_blocks(struct ext4_inode *inode, int64_t blocks); // to i_blocks; -E_FBIG
// `by`: 1 or -1. -E_MLINK. A directory with too many subdirectories counts as 1 (dir_nlink).
int ext4_inode_add_links(struct ext4_inode *inode, int by);
int ext4_inode_set_links(struct ext4_inode *inode, uint16_t links);
// May it get one more name (or subdirectory)? -E_MLINK.
int ext4_inode_links_check(const struct ext4_inode *inode);

uint16_t ext4_inode_links(const struct ext4_inode *inode);
// Where its blocks should be near to when nothing better is known.
uint64_t ext4_inode_goal(const struct ext4_inode *inode);

// ---- orphans (orphan.c) ----

int ext4_orphan_add(struct ext4_inode *inode);
int ext4_orphan_remove(struct ext4_inode *inode);
// Also outside of operations: the first orphan that has names, so that only its truncation has to
// go on; 0: none.
int ext4_orphan_next_cut(struct ext4 *fs, uint32_t *ino);

// ---- extent trees (extent_write.c, extent_remove.c) ----

void ext4_extents_init(struct ext4_disk_inode *disk);

// Maps logical blocks that have no place yet, and counts them in i_blocks.
int ext4_extents_insert(struct ext4_inode *inode, const struct ext4_run *run);
// Makes [first, first + count) written. -E_INVAL: part of it has no place.
int ext4_extents_convert(struct ext4_inode *inode, uint64_t first, uint64_t count);
// Frees blocks from the file's end down to logical block `from`; stops early, returning 1, when the
// operation has no room for more.
int ext4_extents_remove(struct ext4_inode *inode, uint64_t from);

// Allocates one block at the file's logical block, written and mapped; counted in i_blocks. Its
// buffer is fresh and pinned: directories, long links.
int ext4_inode_append_block(struct ext4_inode *inode, uint64_t logical, struct ext4_buffer **out);

// ---- directories (directory_write.c, hash_write.c) ----

// The entry at the place gets another inode.
int ext4_place_change(struct ext4_inode *directory, struct ext4_place *place,
                      const struct ext4_inode *to);
int ext4_place_remove(struct ext4_inode *directory, struct ext4_place *place);

// The name must not be there. -E_NOSPC.
int ext4_name_add(struct ext4_inode *directory, const struct ext4_name *name,
                  const struct ext4_inode *to);
// The first block of a new directory.
int ext4_directory_init(struct ext4_inode *directory, const struct ext4_inode *parent);
int ext4_directory_is_empty(const struct ext4_inode *directory); // 1, 0 or an error

// Parts of these, shared by the two files.

// One more entry in [data, data + bytes), if there is room. 0 or -E_NOSPC.
int ext4_entries_add(const struct ext4 *fs, uint8_t *data, size_t bytes,
                     const struct ext4_name *name, const struct ext4_inode *to);
bool ext4_entries_room(const uint8_t *data, size_t bytes, size_t name_length, size_t *at);
void ext4_entries_init(const struct ext4 *fs, uint8_t *data); // one unused entry
// Bytes of a directory block that hold entries: a checksum may take the end.
size_t ext4_entries_bytes(const struct ext4 *fs);
// Checksum, and what the block is known to be.
void ext4_directory_block_seal(const struct ext4_inode *directory, struct ext4_buffer *buffer,
                               enum ext4_kind kind);
void ext4_hash_block_seal(const struct ext4_inode *directory, struct ext4_buffer *buffer,
                          bool root);
// One more block, zero and pinned.
int ext4_directory_append(struct ext4_inode *directory, struct ext4_buffer **out);
// In just this block of entries. -E_NOSPC: full.
int ext4_directory_block_add(struct ext4_inode *directory, uint64_t logical,
                             const struct ext4_name *name, const struct ext4_inode *to);
int ext4_hash_add(struct ext4_inode *directory, const struct ext4_name *name,
                  const struct ext4_inode *to);
// A directory of one full block gets a hash tree.
int ext4_hash_begin(struct ext4_inode *directory);

// ---- extended attributes (xattr_write.c) ----

struct ext4_xattr_value {
    const void *bytes;
    uint32_t length;
};

// `flags`: enum fs_setxattr_flag. -E_EXIST; -E_NODATA; -E_NOSPC; -E_OPNOTSUPP: unknown name space.
int ext4_xattr_set(struct ext4_inode *inode, const char *name, size_t length,
                   const struct ext4_xattr_value *value, uint64_t flags);
int ext4_xattr_free_block(struct ext4_inode *inode);
