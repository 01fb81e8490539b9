// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The journal's state, and what its parts share. See write.h for how it is used.
//
// The log is a ring of blocks. `tail` is the first one that a replay would read, `head` the next to
// be written, `used` their distance. The tail moves only when a checkpoint has emptied the log:
// then s_start on the device is 0 and the next commit begins a new log at head.
//
// Invariants:
// 1. The running transaction and one more operation fit into the rest of the log, and their buffers
//    and copies into the cache: ext4_op_begin sees to it. So a commit never lacks room.
// 2. A block of the log that a replay would read is not overwritten before a checkpoint has emptied
//    the log, with a flush of the device between the homes and s_start, and one behind it.
// 3. The journal's superblock names the log's start before the first commit block of it can reach
//    the device.

#pragma once

#include "abi/fs.h"
#include "fs/ext4/journal_disk.h"

struct ext4;
struct ext4_buffer;

enum {
    EXT4_JOURNAL_RUNS = 128, // pieces that the journal's file may lie in
    EXT4_JOURNAL_RUNNING_MAX_S = 5,
};

// A run of logical blocks that all lie in a row on the device, or all nowhere.
struct ext4_run {
    uint64_t first;  // logical; at or before the block asked for
    uint64_t count;  // not 0
    uint64_t device; // block; 0: hole
    bool unwritten;
};

// A run of blocks.
struct ext4_blocks {
    uint64_t first;
    uint64_t count;
};

enum { EXT4_FREED_RUNS = 1024 }; // in a transaction

struct ext4_journal {
    struct jbd2_super super;
    struct ext4_run run[EXT4_JOURNAL_RUNS];
    uint32_t runs;

    uint32_t first, end; // the ring: [first, end)
    uint32_t tail, head, used;
    uint32_t sequence; // of the running transaction
    uint32_t features; // enum jbd2_feature_incompat
    uint32_t seed;     // of checksums
    bool checksums;    // csum v2 or v3

    struct ext4_buffer *super_buffer; // the file system's superblock, pinned while writable
    uint64_t applied, stable;         // write.h
    struct fs_time started;           // the running transaction's first operation
    uint32_t operation_blocks;        // an operation may change
    uint32_t transaction_blocks;      // of the log, a transaction may take
    uint32_t held;                    // buffers that are not clean
    uint32_t running;                 // buffers that the running transaction changed or forgot
    struct ext4_blocks freed[EXT4_FREED_RUNS]; // by the running transaction
    uint32_t freed_count;
    bool super_changed; // by the running transaction
};

// ---- the journal's file (journal.c) ----

// Finds the journal's file and checks its superblock. Needs the cache.
//   -E_OPNOTSUPP  none, elsewhere, or with features not carried: the log says so; -E_UCLEAN
int ext4_journal_load(struct ext4 *fs);

// Where a block of the journal lies on the device (below s_maxlen).
uint64_t ext4_journal_place(const struct ext4 *fs, uint32_t block);

// How many blocks, itself included, follow it on the device, up to the journal's end.
uint32_t ext4_journal_contiguous(const struct ext4 *fs, uint32_t block);

// `count` of them, at most the contiguous ones.
int ext4_journal_read(struct ext4 *fs, uint32_t block, uint32_t count, void *to);

// Writes the journal's superblock: log start (0: empty) and the sequence number there. No flush.
int ext4_journal_super_write(struct ext4 *fs, uint32_t start, uint32_t sequence);

// The block behind, with the wrap.
uint32_t ext4_journal_next(const struct ext4_journal *journal, uint32_t block);

// Bytes of a tag without UUID, and of a block number in a revoke record, by features.
uint32_t ext4_journal_tag_bytes(const struct ext4_journal *journal);
uint32_t ext4_journal_revoke_bytes(const struct ext4_journal *journal);

// Checksums of a block with the four bytes at `at` taken as 0; and of a data block.
uint32_t ext4_journal_checksum(const struct ext4 *fs, const uint8_t *block, uint32_t at);
uint32_t ext4_journal_data_checksum(const struct ext4 *fs, uint32_t sequence, const uint8_t *data);

// Takes the features that a log written here has. The log must be empty; ext4_journal_super_write
// brings it to the device.
void ext4_journal_features_write(struct ext4 *fs);

// Gives up: no writing from now on. Returns `error`.
int ext4_journal_abort(struct ext4 *fs, int error, const char *what);

// ---- recovery (replay.c) ----

// Brings home what the log holds and empties it, in `bytes` of scratch memory.
//   -E_BADMSG, -E_UCLEAN  the log contradicts itself: nothing was changed
//   -E_NOMEM              more revoked blocks than the memory holds
int ext4_journal_replay(struct ext4 *fs, uint8_t *memory, size_t bytes);

// ---- operations (operation.c) ----

void ext4_buffer_state_set(struct ext4 *fs, struct ext4_buffer *buffer, uint8_t state);

// ---- commit.c ----

// Is there anything to commit?
bool ext4_transaction_open(const struct ext4 *fs);

// Blocks of the log for a transaction of so many changed and forgotten buffers, at most.
uint32_t ext4_commit_blocks(const struct ext4 *fs, uint32_t buffers);
