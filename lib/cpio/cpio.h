// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Reads cpio archives in the "newc" format (SVR4 portable without checksum: magic 070701, cpio(5)).
// Pure; the archive may hold anything. Entries point into the archive; nothing is copied.

#pragma once

#include <stddef.h>
#include <stdint.h>

struct cpio_reader {
    const uint8_t *archive;
    size_t bytes;
    size_t position; // of the next header
};

struct cpio_entry {
    const char *name; // NUL-terminated; without a leading "./"
    const void *data;
    size_t bytes;
    uint32_t mode; // with S_IFMT
};

void cpio_open(struct cpio_reader *reader, const void *archive, size_t bytes);

// 1: *entry is the next one; 0: the trailer was reached; -E_BADMSG: broken at reader->position.
int cpio_next(struct cpio_reader *reader, struct cpio_entry *entry);

// The regular file of this name: 1, 0 if there is none, or -E_BADMSG if the archive breaks off
// before it is found.
int cpio_find(const void *archive, size_t bytes, const char *name, struct cpio_entry *entry);
