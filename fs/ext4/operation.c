// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Operations: changing buffers so that all of it can be undone. See write.h.

#include "fs/ext4/write.h"

#include <string.h>

static bool in_transaction(uint8_t state)
{
    return (state & (EXT4_BUFFER_RUNNING | EXT4_BUFFER_FORGOTTEN)) != 0;
}

// Every change of a buffer's state: keeps the counts and the journal's pin.
void ext4_buffer_state_set(struct ext4 *fs, struct ext4_buffer *buffer, uint8_t state)
{
    struct ext4_journal *journal = &fs->journal;
    uint8_t before = buffer->state;
    buffer->state = state;
    if (in_transaction(state) != in_transaction(before))
        journal->running += in_transaction(state) ? 1u : -1u;
    if (!state == !before)
        return;
    if (state) {
        journal->held++;
        buffer->pins++;
    } else {
        journal->held--;
        ext4_buffer_put(fs, buffer);
    }
}

// ---- room ----

// Two buffers for each block: itself and its copy. A quarter of the cache stays for reading.
static bool cache_has_room(const struct ext4 *fs)
{
    uint64_t needed = fs->journal.held + 2ull * fs->journal.operation_blocks;
    return needed <= fs->cache.count - fs->cache.count / 4;
}

static bool log_has_room(const struct ext4 *fs)
{
    const struct ext4_journal *journal = &fs->journal;
    uint32_t needed = ext4_commit_blocks(fs, journal->running + journal->operation_blocks);
    return needed <= journal->end - journal->first - journal->used;
}

static bool transaction_has_room(const struct ext4 *fs)
{
    const struct ext4_journal *journal = &fs->journal;
    return ext4_commit_blocks(fs, journal->running + journal->operation_blocks) <=
               journal->transaction_blocks &&
           journal->freed_count + EXT4_OPERATION_FREED <= EXT4_FREED_RUNS;
}

static int room_make(struct ext4 *fs, const struct fs_time *now)
{
    if (!cache_has_room(fs) || !log_has_room(fs))
        return ext4_checkpoint(fs);
    if (!transaction_has_room(fs) || ext4_commit_due(fs, now)) {
        int error = ext4_commit(fs);
        if (error)
            return error;
    }
    return log_has_room(fs) ? 0 : ext4_checkpoint(fs);
}

unsigned ext4_op_room(const struct ext4 *fs)
{
    return fs->journal.operation_blocks - fs->operation.blocks;
}

unsigned ext4_op_freed_room(const struct ext4 *fs)
{
    return EXT4_OPERATION_FREED - (fs->journal.freed_count - fs->operation.freed_before);
}

// ---- operations ----

int ext4_op_begin(struct ext4 *fs, uint64_t sequence, const struct fs_time *now)
{
    struct ext4_operation *operation = &fs->operation;
    if (!fs->writable || fs->aborted)
        return -E_ROFS;
    int error = room_make(fs, now);
    if (error)
        return error;
    if (!ext4_transaction_open(fs))
        fs->journal.started = *now;
    operation->open = true;
    operation->blocks = 0;
    operation->freed_before = fs->journal.freed_count;
    operation->sequence = sequence;
    operation->now = *now;
    operation->modified = NULL;
    operation->super = fs->super;
    return 0;
}

static void operation_close(struct ext4 *fs)
{
    struct ext4_operation *operation = &fs->operation;
    operation->open = false;
    operation->modified = NULL;
    if (operation->sequence)
        fs->journal.applied = operation->sequence;
}

void ext4_op_end(struct ext4 *fs)
{
    struct ext4_operation *operation = &fs->operation;
    for (struct ext4_buffer *buffer = operation->modified; buffer; buffer = buffer->next) {
        if (buffer->before)
            ext4_buffer_spare_return(fs, buffer->before);
        buffer->before = NULL;
        buffer->fresh = false;
    }
    if (memcmp(&operation->super, &fs->super, sizeof(fs->super)) != 0)
        fs->journal.super_changed = true;
    operation_close(fs);
}

static void buffer_restore(struct ext4 *fs, struct ext4_buffer *buffer)
{
    struct ext4_buffer *before = buffer->before;
    uint8_t state = 0;
    if (before) {
        memcpy(buffer->data, before->data, fs->block_bytes);
        buffer->verified = before->verified;
        buffer->verified_ino = before->verified_ino;
        state = before->state;
        buffer->before = NULL;
        ext4_buffer_spare_return(fs, before);
    } else {
        ext4_buffer_drop(fs, buffer);
    }
    buffer->fresh = false;
    ext4_buffer_state_set(fs, buffer, state);
}

void ext4_op_undo(struct ext4 *fs)
{
    struct ext4_operation *operation = &fs->operation;
    struct ext4_buffer *buffer = operation->modified;
    while (buffer) {
        struct ext4_buffer *next = buffer->next;
        buffer_restore(fs, buffer);
        buffer = next;
    }
    fs->super = operation->super;
    fs->journal.freed_count = operation->freed_before;
    operation_close(fs);
}

void ext4_op_retract(struct ext4 *fs)
{
    fs->operation.sequence = 0;
    ext4_op_undo(fs);
}

// ---- buffers ----

static void operation_add(struct ext4 *fs, struct ext4_buffer *buffer)
{
    buffer->next = fs->operation.modified;
    fs->operation.modified = buffer;
    fs->operation.blocks++;
    ext4_buffer_state_set(fs, buffer, buffer->state | EXT4_BUFFER_RUNNING);
}

int ext4_buffer_modify(struct ext4 *fs, struct ext4_buffer *buffer)
{
    if (buffer->before || buffer->fresh)
        return 0;
    if (buffer->state & EXT4_BUFFER_FORGOTTEN)
        return ext4_report(fs, -E_UCLEAN, "a block that was freed is in use", 0, buffer->block);
    if (ext4_op_room(fs) == 0)
        return -E_NOMEM;
    struct ext4_buffer *before = ext4_buffer_spare(fs);
    if (!before)
        return -E_NOMEM;
    memcpy(before->data, buffer->data, fs->block_bytes);
    before->verified = buffer->verified;
    before->verified_ino = buffer->verified_ino;
    before->state = buffer->state;
    buffer->before = before;
    operation_add(fs, buffer);
    return 0;
}

int ext4_buffer_fresh(struct ext4 *fs, uint64_t block, struct ext4_buffer **out)
{
    bool cached;
    struct ext4_buffer *buffer;
    if (ext4_op_room(fs) == 0)
        return -E_NOMEM;
    int error = ext4_buffer_enter(fs, block, &cached, &buffer);
    if (error)
        return error;
    if (cached) {
        error = ext4_buffer_modify(fs, buffer);
        if (error) {
            ext4_buffer_put(fs, buffer);
            return error;
        }
    } else {
        buffer->fresh = true;
        operation_add(fs, buffer);
    }
    memset(buffer->data, 0, fs->block_bytes);
    buffer->verified = EXT4_KIND_NONE;
    *out = buffer;
    return 0;
}
