// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Log lines. A fault on the disk is logged once, not each time somebody walks over it.

#include "fs/ext4/internal.h"

#include <string.h>

void ext4_log(struct ext4 *fs, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fs->log(fs->log_context, format, arguments);
    va_end(arguments);
}

static bool reported_before(struct ext4 *fs, const char *what, uint64_t ino, uint64_t block)
{
    uint64_t key = ext4_crc32c(~0u, what, strlen(what));
    key = (key << 32 | ino) * 0x9E3779B97F4A7C15ull + block + 1;
    for (unsigned i = 0; i < EXT4_REPORTS; i++)
        if (fs->report[i] == key)
            return true;
    fs->report[fs->report_next++ % EXT4_REPORTS] = key;
    return false;
}

int ext4_report(struct ext4 *fs, int error, const char *what, uint64_t ino, uint64_t block)
{
    if (!reported_before(fs, what, ino, block))
        ext4_log(fs, "ext4: %s: inode %llu, block %llu", what, (unsigned long long)ino,
                 (unsigned long long)block);
    return error;
}
