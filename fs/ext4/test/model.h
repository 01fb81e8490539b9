// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// A tree in memory that says what a file system should hold: random operations go to both, and the
// results are compared.

#pragma once

#include "fs/ext4/change.h"

enum {
    MODEL_BLOCKS = 64, // of a file that hold something; the rest are holes
    MODEL_ATTRIBUTES = 4,
    MODEL_VALUE_MAX = 600,
};

struct model_node;

struct model_name {
    char name[FS_NAME_MAX + 1];
    struct model_node *node;
};

struct model_node {
    unsigned mode, links;
    uint64_t ino, generation, size;
    uint32_t uid;
    bool used;
    // Directories.
    struct model_node *parent;
    struct model_name *names;
    unsigned count, room;
    // Files: block i * stride of the file is filled with this byte; 0: zeros.
    uint8_t block[MODEL_BLOCKS];
    unsigned stride;
    char target[FS_LINK_MAX + 1];
    struct {
        unsigned length; // 0: not there
        uint8_t value[MODEL_VALUE_MAX];
    } attribute[MODEL_ATTRIBUTES];
};

struct model {
    struct ext4 *fs;
    uint8_t *device; // the image's bytes
    uint64_t random;
    uint64_t sequence, now;
    struct model_node *root, *favourite; // a directory that gets most of the names
    struct model_node **node;            // all in use, orphans too
    unsigned count, room;
    unsigned done[16], failed;          // operations that succeeded, by kind
    bool faults;                        // some modifications fail
    unsigned long_names;                // of 100
    unsigned grow;                      // of 100: how much more is made than removed
    void (*after)(struct model *model); // called behind each operation; may be NULL
};

void model_begin(struct model *model, struct ext4 *fs, uint8_t *device, uint64_t seed);
void model_end(struct model *model);
void model_step(struct model *model);
// Ends the program with a message if the file system does not hold what the model says.
void model_compare(struct model *model);
void model_release_orphans(struct model *model);
