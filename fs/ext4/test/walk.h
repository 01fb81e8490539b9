// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// A walk over everything in a file system, for images that may be broken: every directory, every
// name looked up again, every map, the first bytes of every file, links, attributes.

#pragma once

#include "fs/ext4/ext4.h"

struct walk {
    unsigned inodes_max; // stop after so many names
    unsigned read_max;   // bytes of each file
    unsigned inodes;     // names seen
    unsigned directories;
    unsigned errors; // calls that failed
    int first_error;
    uint64_t content; // a hash over everything seen
};

void walk_all(struct ext4 *fs, struct walk *walk);
