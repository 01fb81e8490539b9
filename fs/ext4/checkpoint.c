// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Checkpoint: dirty buffers go home, then the log is empty. It starts with a commit, so that no
// buffer holds a change that is not committed (write.h, invariant 2).

#include "fs/ext4/write.h"

#include <string.h>

static struct ext4_buffer *dirty_find(const struct ext4 *fs, uint64_t block)
{
    struct ext4_buffer *buffer = ext4_buffer_find(fs, block);
    return buffer && (buffer->state & EXT4_BUFFER_DIRTY) ? buffer : NULL;
}

// Writes the dirty blocks that lie in a row from `buffer` on, several at once.
static int row_write(struct ext4 *fs, const struct ext4_buffer *buffer)
{
    uint64_t first = buffer->block;
    while (buffer) {
        uint32_t count = 0;
        for (; buffer && count < fs->cache.staging_blocks; count++) {
            memcpy(fs->cache.staging + ((size_t)count << fs->block_shift), buffer->data,
                   fs->block_bytes);
            buffer = dirty_find(fs, first + count + 1);
        }
        int error = fs->source.write(fs->source.context, first << fs->block_shift,
                                     (size_t)count << fs->block_shift, fs->cache.staging);
        if (error)
            return error;
        first += count;
    }
    return 0;
}

static int homes_write(struct ext4 *fs)
{
    for (uint32_t i = 0; i < fs->cache.count; i++) {
        const struct ext4_buffer *buffer = &fs->cache.buffers[i];
        if (!(buffer->state & EXT4_BUFFER_DIRTY))
            continue;
        if (buffer->block > 0 && dirty_find(fs, buffer->block - 1))
            continue; // part of a row that begins before
        int error = row_write(fs, buffer);
        if (error)
            return error;
    }
    return fs->source.flush(fs->source.context);
}

int ext4_checkpoint(struct ext4 *fs)
{
    struct ext4_journal *journal = &fs->journal;
    int error = ext4_commit(fs);
    if (error || journal->used == 0)
        return error;
    error = homes_write(fs);
    if (!error)
        error = ext4_journal_super_write(fs, 0, journal->sequence);
    if (!error)
        error = fs->source.flush(fs->source.context);
    if (error)
        return ext4_journal_abort(fs, error, "writing metadata home failed");
    for (uint32_t i = 0; i < fs->cache.count; i++)
        if (fs->cache.buffers[i].state)
            ext4_buffer_state_set(fs, &fs->cache.buffers[i], 0);
    journal->used = 0;
    return 0;
}

// Without a transaction there may still be file data in the device's cache.
int ext4_sync(struct ext4 *fs, bool whole)
{
    if (!fs->writable)
        return 0;
    if (fs->aborted)
        return -E_IO;
    bool flushes = ext4_transaction_open(fs);
    int error = whole ? ext4_checkpoint(fs) : ext4_commit(fs);
    return error || flushes ? error : fs->source.flush(fs->source.context);
}
