// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Small operations that use all of write.h, for tests of the journal: on a few files of a file
// system of one group. Each changes several blocks that must change together; e2fsck judges them.

#pragma once

#include "fs/ext4/test/recorder.h"
#include "fs/ext4/write.h"

enum { TOY_FILES = 10 };

// What the files are like; a test keeps one for each operation.
struct toy_state {
    struct toy_file {
        uint32_t stamp;   // mtime, of all files alike: the number of the operation that set it
        uint32_t note;    // value of the attribute in a block of its own; 0: none
        uint32_t content; // number that fills its one block; 0: no block; TOY_UNWRITTEN
    } file[TOY_FILES];
};

enum { TOY_UNWRITTEN = 1, TOY_TIME = 1000000 };

struct toy {
    struct ext4 *fs;
    uint32_t ino[TOY_FILES];
    struct toy_state state;
};

// Makes the image: mke2fs with the options, TOY_FILES empty files.
void toy_image_make(const char *scratch, const char *path, const char *options);

// Opens the file system on the device, in memory of its own: one at a time. The log goes to the
// standard output with EXT4_LOG in the environment.
int toy_mount(struct recorder *recorder, bool writable, uint64_t client, struct ext4 **fs);

// Finds the files of an open file system. 0 or an error.
int toy_open(struct toy *toy, struct ext4 *fs);

// Reads the state back from the device; aborts if it contradicts itself. 0 or an error.
int toy_read(struct toy *toy, struct toy_state *out);

// Each is one operation with the sequence number; toy->state follows. With `undo` it is undone at
// its end. 0 or the error that it was undone for.
int toy_stamp(struct toy *toy, uint64_t sequence, bool undo);
// Gives the file an attribute block, or takes it away, and stamps it.
int toy_note(struct toy *toy, uint64_t sequence, unsigned file, bool undo);
// Step by step: no block -> unwritten -> written (the content reaches the device before) -> none.
int toy_content(struct toy *toy, uint64_t sequence, unsigned file, bool undo);
