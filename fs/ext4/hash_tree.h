// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The way through a directory's hash tree, for reading and changing it.

#pragma once

#include "fs/ext4/internal.h"

enum {
    EXT4_HASH_LEVELS_MAX = 3, // of nodes, with INCOMPAT_LARGEDIR; else 2
    EXT4_HASH_ENTRY_BYTES = sizeof(struct ext4_dx_entry),
    EXT4_HASH_COLLISION = 1, // bit of an entry's hash: the hash began in the block before
};

// One node on the way from the root to a block of entries.
struct ext4_hash_step {
    struct ext4_buffer *buffer;
    unsigned at; // the entry that was taken
};

struct ext4_hash_path {
    const struct ext4_inode *directory;
    struct ext4_hash_step step[EXT4_HASH_LEVELS_MAX];
    unsigned pinned; // steps with a buffer
    unsigned levels;
};

// Pins the nodes from the root to the one above the first block that the hash may be in. On an
// error nothing stays pinned.
int ext4_hash_path_find(struct ext4_hash_path *path, const struct ext4_inode *directory,
                        uint32_t hash);
void ext4_hash_path_cut(struct ext4_hash_path *path, unsigned keep);
// The logical block that the last step points to.
uint64_t ext4_hash_path_block(const struct ext4_hash_path *path);

const struct ext4_dx_entry *ext4_hash_entries(const struct ext4_hash_path *path, unsigned level);
unsigned ext4_hash_count(const struct ext4_hash_path *path, unsigned level);
unsigned ext4_hash_levels_max(const struct ext4 *fs);

// The checksum of a node whose entries begin at `offset`.
uint32_t ext4_hash_node_checksum(const struct ext4_inode *directory, const uint8_t *data,
                                 size_t offset, const struct ext4_dx_tail **tail);

// The hash of a name as this root says.
uint32_t ext4_hash_of(const struct ext4 *fs, const struct ext4_buffer *root,
                      const struct ext4_name *name);
