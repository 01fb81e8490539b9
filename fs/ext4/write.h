// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Changing a file system: what the parts that write (allocation, inodes, directories ...) share
// with the journal below them.
//
// How it fits together. The library is single-threaded and one operation runs at a time:
//
//     error = ext4_op_begin(fs, sequence, &now);
//     ... ext4_buffer_get / ext4_buffer_fresh, ext4_buffer_modify, stores into the buffers,
//         stores into fs->super, ext4_forget, ext4_freed ...
//     error ? ext4_op_undo(fs) : ext4_op_end(fs);
//
// The operations since the last commit are the running transaction. It lives in memory until
// ext4_commit writes it to the journal as one: after a crash the device holds all of its operations
// or none. Metadata goes to its home later (ext4_checkpoint).
//
// States of a buffer, a set of these:
//   clean      none of the below; may be dropped
//   running    changed by an operation of the running transaction
//   dirty      in the journal by a commit, not at home yet
//   forgotten  freed by the running transaction: only remembered for its revoke record
// A buffer that is not clean holds a pin for this, whoever else has pinned it.
//
// Invariants:
// 1. A buffer's content is changed only between ext4_buffer_modify in this operation and the
//    operation's end. The first one in an operation keeps a copy, so ext4_op_undo puts every byte
//    back: an operation that failed has changed nothing.
// 2. Metadata reaches its home only by a checkpoint, and a checkpoint runs only when no transaction
//    does: so a home never holds what is not committed.
// 3. A block freed by the running transaction is not given out before that is committed
//    (ext4_freed_end): until then its old content may still be needed.
// 4. File data reaches the device before the operation that makes it visible begins (FS_COMMIT), so
//    a commit has no data to wait for.
// 5. The superblock is part of every transaction. Beside the counts it records the client and the
//    sequence number of the last operation: what a successor finds applied is exactly the
//    transaction's end.
//
// Numbers that are kept in memory are either hints (wrong ones cost time only) or lie in fs->super.

#pragma once

#include "fs/ext4/internal.h"

// ---- operations (operation.c) ----

// Starts an operation. `sequence`: the client's number, one above ext4_applied; 0: housekeeping
// that no client asked for. `now` becomes the times of what changes (fs->operation.now). Commits
// first if the running transaction is old or has no room for one more operation: may block.
//   -E_ROFS  mounted read-only, or the journal gave up after an error of the device
int ext4_op_begin(struct ext4 *fs, uint64_t sequence, const struct fs_time *now);

// The operation has succeeded and is part of the running transaction. Cannot fail.
void ext4_op_end(struct ext4 *fs);

// Everything is as before ext4_op_begin, but the sequence number counts as used. Buffers got by
// ext4_buffer_fresh must have been put; others may still be held, their content is the old one.
// What was decoded from buffers (struct ext4_inode) is stale.
void ext4_op_undo(struct ext4 *fs);

// The same for an operation that is tried once more: its sequence number stays free.
void ext4_op_retract(struct ext4 *fs);

// How many more blocks this operation may add with ext4_buffer_modify, at least
// EXT4_OPERATION_BLOCKS_MIN at its beginning; and how many more runs it may free. Long work
// (truncation) ends the operation when one is low, leaving an orphan, and goes on in another.
unsigned ext4_op_room(const struct ext4 *fs);
unsigned ext4_op_freed_room(const struct ext4 *fs);

// Before the first store into a buffer in this operation; again does no harm. The caller holds a
// pin.
//   -E_NOMEM  beyond ext4_op_room, or no memory for the copy: the operation must be undone
int ext4_buffer_modify(struct ext4 *fs, struct ext4_buffer *buffer);

// Pins a block that this operation has allocated, without reading it: zeroed and modified.
// -E_UCLEAN: outside the file system; -E_NOMEM: as above.
int ext4_buffer_fresh(struct ext4 *fs, uint64_t block, struct ext4_buffer **out);

// fs->super needs no call: stores into it belong to the operation, it reaches its block (with
// checksum and s_wtime) with the commit.

// ---- freed blocks (freed.c) ----

// Blocks were freed (their bits in the bitmap are clear by now). ext4_forget: blocks that held
// metadata (extents, directories, attributes, long link targets), ext4_freed: file data. Nobody
// holds a pin on them. -E_NOMEM: beyond ext4_op_freed_room.
int ext4_forget(struct ext4 *fs, uint64_t block, uint64_t count);
int ext4_freed(struct ext4 *fs, uint64_t block, uint64_t count);

// 0: the block may be given out if its bit is clear. Else the first block behind the run that still
// waits for the commit.
uint64_t ext4_freed_end(const struct ext4 *fs, uint64_t block);

// Does any block wait? Then a search that found nothing may succeed after op_undo and ext4_commit.
bool ext4_freed_waiting(const struct ext4 *fs);

// ---- transactions (journal.c, checkpoint.c); not inside an operation ----

// Makes every operation that has ended durable. Returns when the device has it.
// Errors of the device: the file system is read-only from then on (-E_ROFS).
int ext4_commit(struct ext4 *fs);

// Commits, then writes all metadata home and empties the journal.
int ext4_checkpoint(struct ext4 *fs);

// As FS_SYNC: the operations and the file data written before them stay; `whole`: by a checkpoint.
//   -E_IO  operations that were answered are lost: the journal gave up
int ext4_sync(struct ext4 *fs, bool whole);

// Is there something to commit, and has it waited longer than it should? (`now`: as op_begin's.)
bool ext4_commit_due(const struct ext4 *fs, const struct fs_time *now);

// The last operation that is in the running transaction or before; the last one that is committed.
uint64_t ext4_applied(const struct ext4 *fs);
uint64_t ext4_stable(const struct ext4 *fs);

// ---- orphans ----

// Frees the inode (links 0) or what is behind its size (links left), and takes it off the list that
// starts at s_last_orphan, in operations with sequence 0. Called at mount, when no client of before
// is left, for the list's first inode until the list is empty.
int ext4_orphan_finish(struct ext4 *fs, uint32_t ino, const struct fs_time *now);
