// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Images for the tests: made by mke2fs from a tree on the build machine, held in memory, read
// through a block source that can be told to fail.

#pragma once

#include "fs/ext4/ext4.h"

struct image {
    uint8_t *bytes;
    size_t size;
    uint64_t reads;   // so far
    uint64_t fail_at; // this read fails, counted from 1; 0: none
    bool quiet;       // log lines are only counted
    unsigned lines;
    char last_line[256];
    void *memory; // for the library
    size_t memory_bytes;
    struct ext4 *fs;
};

// A fresh directory for the test's files, removed by scratch_remove.
const char *scratch_make(void);
void scratch_remove(void);

// Runs a shell command made by the format; the test program ends if it fails.
void run(const char *format, ...) __attribute__((format(printf, 1, 2)));

// First line of a command's output; false if the command fails.
bool run_line(char *line, size_t room, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

void image_load(struct image *image, const char *path);
// A second one with the same content, to be spoilt.
void image_copy(struct image *image, const struct image *from);
void image_free(struct image *image);

// Opens the file system in it, in fresh library memory of the size in memory_bytes (0: the
// minimum).
int image_open(struct image *image);
