// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The tree on the build machine that images are made from, and comparing an image with it.

#pragma once

#include "fs/ext4/ext4.h"

enum {
    MANY_NAMES = 560,       // of 200 bytes: a hash tree of two levels with 1 KiB blocks
    FRAGMENTS = 1500,       // in one file: an extent tree of depth 2
    FRAGMENT_STRIDE = 8192, // every second half is a hole
};

// Makes the tree below `path`, which does not exist yet.
void tree_make(const char *path);

// Every name, attribute, link target and byte below `path` is the same in the image's directory
// `ino`. Fails the running test otherwise. Returns the number of files and directories compared.
unsigned tree_compare(struct ext4 *fs, uint32_t ino, const char *path);

// Follows a path of plain names from the root; the test fails if one is missing.
uint32_t path_lookup(struct ext4 *fs, const char *path);
