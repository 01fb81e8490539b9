// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// What a writing operation of abi/fs.h does, for one operation (write.h) each: the caller begins it
// and ends or, after an error, undoes it. Inodes that are handed out are open, to be put; after an
// error none is. Names have 1 .. 255 bytes without '/' and NUL. Errors: those of abi/fs.h for the
// operation, and of edit.h; -E_AGAIN: undo, commit, try again.

#pragma once

#include "fs/ext4/edit.h"

// A result that is no error: the rest is for ext4_truncate_finish or ext4_orphan_finish (write.h),
// after the operation's end. The inode is on the list of orphans until then.
enum { EXT4_UNFINISHED = 1 };

// ---- names (names.c, rename.c) ----

// A symbolic link's target has `target_bytes` bytes, others none.
int ext4_make(struct ext4_inode *directory, const struct ext4_name *name,
              const struct ext4_make *make, const char *target, uint32_t target_bytes,
              struct ext4_inode *inode);

int ext4_link(struct ext4_inode *inode, struct ext4_inode *directory, const struct ext4_name *name);

// `rmdir`: of a directory, else of anything but a directory. One without links is an orphan then.
int ext4_remove(struct ext4_inode *directory, const struct ext4_name *name, bool rmdir,
                const struct fs_inode_id *expected, struct ext4_inode *inode);

struct ext4_rename {
    struct ext4_inode *old_directory, *new_directory; // the same pointer for the same directory
    struct ext4_name old_name, new_name;
    uint64_t flags; // enum fs_rename_flag
};

// `replaced->buffer` is NULL if there was none.
int ext4_rename(const struct ext4_rename *rename, struct ext4_inode *moved,
                struct ext4_inode *replaced);

// Has it blocks, or room to note some? Old block maps (without EXT4_EXTENTS_FL) are not changed.
bool ext4_inode_has_map(const struct ext4_inode *inode);

// Shared by the two files: the inode behind a name that was found; an inode whose name went.
int ext4_inode_of_name(struct ext4 *fs, uint32_t ino, struct ext4_inode *inode);
int ext4_inode_lose_name(struct ext4_inode *inode);

// ---- content (file_write.c) ----

// As FS_ALLOCATE; returns the number of extents. `wanted`: extents of before, or none.
struct ext4_allocation {
    uint64_t offset, bytes;
    const struct fs_extent *wanted;
    unsigned wanted_count;
    struct fs_extent *extents;
    unsigned room;
    uint64_t end; // set
};

int ext4_allocate(struct ext4_inode *inode, struct ext4_allocation *allocation);
int ext4_commit_written(struct ext4_inode *inode, uint64_t offset, uint64_t bytes, uint64_t size);
// May return EXT4_UNFINISHED: for ext4_truncate_finish.
int ext4_truncate(struct ext4_inode *inode, uint64_t size);
// Frees an inode without links; one with links stays. May return EXT4_UNFINISHED: for
// ext4_orphan_finish.
int ext4_release(struct ext4_inode *inode);
// Not inside an operation: frees what is behind the inode's size.
int ext4_truncate_finish(struct ext4 *fs, uint32_t ino, const struct fs_time *now);
// FS_SETATTR, all of it. May return EXT4_UNFINISHED: as ext4_truncate.
int ext4_set_attributes(struct ext4_inode *inode, const struct fs_setattr_request *request);
