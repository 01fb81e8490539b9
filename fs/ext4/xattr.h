// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Lists of extended attributes, for reading and changing them.

#pragma once

#include "fs/ext4/internal.h"

// A list of attributes; `room` counts from `base`, from where value offsets count.
struct ext4_xattr_area {
    const uint8_t *base;
    size_t first, room;
};

struct ext4_xattr {
    const struct ext4_xattr_entry *entry;
    const char *name;
    const uint8_t *value; // NULL: in an inode of its own
    uint32_t bytes;
};

// Reads the entry at *at and moves behind it. 1, 0 at the end of the list, or -E_UCLEAN.
int ext4_xattr_area_next(const struct ext4_xattr_area *area, size_t *at, struct ext4_xattr *out);

// The list inside the inode. False: there is none.
bool ext4_xattr_inode_area(const struct ext4_inode *inode, struct ext4_xattr_area *area);

// Pins the inode's attribute block. 1, 0 if it has none, or an error.
int ext4_xattr_block_area(const struct ext4_inode *inode, struct ext4_xattr_area *area,
                          struct ext4_buffer **buffer);
uint64_t ext4_xattr_block(const struct ext4_inode *inode); // 0: none
uint32_t ext4_xattr_block_checksum(const struct ext4 *fs, const struct ext4_buffer *buffer);

// Splits a full name: its space's number, and how long the prefix is. -E_OPNOTSUPP.
int ext4_xattr_space(const char *name, size_t length, enum ext4_xattr_index *index, size_t *prefix);
