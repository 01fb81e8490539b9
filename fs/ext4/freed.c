// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Blocks that the running transaction has freed: they wait for its commit before they are used
// again. Until then a crash brings back the files that own them. Metadata among them, if the log
// holds it, gets a revoke record: a replay must not write it over what the block holds by then.

#include "fs/ext4/write.h"

int ext4_freed(struct ext4 *fs, uint64_t block, uint64_t count)
{
    struct ext4_journal *journal = &fs->journal;
    if (journal->freed_count > fs->operation.freed_before) { // undo drops whole runs
        struct ext4_blocks *last = &journal->freed[journal->freed_count - 1];
        if (last->first + last->count == block) {
            last->count += count;
            return 0;
        }
        if (block + count == last->first) {
            last->first = block;
            last->count += count;
            return 0;
        }
    }
    if (ext4_op_freed_room(fs) == 0)
        return -E_NOMEM;
    journal->freed[journal->freed_count++] = (struct ext4_blocks){block, count};
    return 0;
}

// Only a buffer that is dirty has a copy in the log: those of earlier logs were checkpointed, or
// revoked when the block was freed then.
static int buffer_forget(struct ext4 *fs, struct ext4_buffer *buffer)
{
    if (!buffer->state)
        return 0; // its stale content does no harm: a block's next life starts with other content
    int error = ext4_buffer_modify(fs, buffer);
    if (error)
        return error;
    uint8_t dirty = buffer->state & EXT4_BUFFER_DIRTY;
    ext4_buffer_state_set(fs, buffer, dirty | EXT4_BUFFER_FORGOTTEN);
    return 0;
}

int ext4_forget(struct ext4 *fs, uint64_t block, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        struct ext4_buffer *buffer = ext4_buffer_find(fs, block + i);
        int error = buffer ? buffer_forget(fs, buffer) : 0;
        if (error)
            return error;
    }
    return ext4_freed(fs, block, count);
}

uint64_t ext4_freed_end(const struct ext4 *fs, uint64_t block)
{
    const struct ext4_journal *journal = &fs->journal;
    for (uint32_t i = 0; i < journal->freed_count; i++) {
        const struct ext4_blocks *run = &journal->freed[i];
        if (block >= run->first && block - run->first < run->count)
            return run->first + run->count;
    }
    return 0;
}

bool ext4_freed_waiting(const struct ext4 *fs)
{
    return fs->journal.freed_count > 0;
}
