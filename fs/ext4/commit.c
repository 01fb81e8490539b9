// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Commit: the running transaction goes to the log as revoke blocks, descriptor blocks each with the
// data that it describes, a flush, the commit block, a flush. The buffers are dirty then.

#include "fs/ext4/write.h"

#include <string.h>

// The log being written: blocks gather in the cache's staging area (nothing is read meanwhile) and
// go out as long as they lie in a row.
struct log {
    struct ext4 *fs;
    uint32_t at;    // next block of the journal
    uint32_t count; // blocks so far
    uint64_t device;
    uint32_t pending;
    int error;
};

static void log_write(struct log *log)
{
    struct ext4 *fs = log->fs;
    if (log->pending > 0 && !log->error)
        log->error = fs->source.write(fs->source.context, log->device << fs->block_shift,
                                      (size_t)log->pending << fs->block_shift, fs->cache.staging);
    log->pending = 0;
}

// Room for the next block, zeroed; to be filled before the next call.
static uint8_t *log_block(struct log *log)
{
    struct ext4 *fs = log->fs;
    uint64_t device = ext4_journal_place(fs, log->at);
    if (log->pending == fs->cache.staging_blocks || device != log->device + log->pending)
        log_write(log);
    if (log->pending == 0)
        log->device = device;
    uint8_t *block = fs->cache.staging + ((size_t)log->pending++ << fs->block_shift);
    log->at = ext4_journal_next(&fs->journal, log->at);
    log->count++;
    memset(block, 0, fs->block_bytes);
    return block;
}

static void header_set(struct log *log, uint8_t *block, enum jbd2_blocktype type)
{
    struct jbd2_header *header = (struct jbd2_header *)block;
    header->h_magic = big32((uint32_t)JBD2_MAGIC_NUMBER);
    header->h_blocktype = big32(type);
    header->h_sequence = big32(log->fs->journal.sequence);
}

// Checksum of the block in its last four bytes.
static void tail_set(struct log *log, uint8_t *block)
{
    uint32_t at = log->fs->block_bytes - JBD2_TAIL_BYTES;
    if (!log->fs->journal.checksums)
        return;
    uint32_t checksum = big32(ext4_journal_checksum(log->fs, block, at));
    memcpy(block + at, &checksum, sizeof(checksum));
}

static uint32_t tail_bytes(const struct ext4 *fs)
{
    return fs->journal.checksums ? JBD2_TAIL_BYTES : 0;
}

// ---- how much fits a block ----

static uint32_t tags_in_block(const struct ext4 *fs)
{
    uint32_t room = fs->block_bytes - (uint32_t)sizeof(struct jbd2_header) - tail_bytes(fs);
    return (room - JBD2_UUID_BYTES) / ext4_journal_tag_bytes(&fs->journal);
}

static uint32_t revokes_in_block(const struct ext4 *fs)
{
    uint32_t room = fs->block_bytes - (uint32_t)sizeof(struct jbd2_revoke) - tail_bytes(fs);
    return room / ext4_journal_revoke_bytes(&fs->journal);
}

// The superblock comes to it, the commit block, and a descriptor and a revoke block partly filled.
uint32_t ext4_commit_blocks(const struct ext4 *fs, uint32_t buffers)
{
    return buffers + buffers / tags_in_block(fs) + 4;
}

// ---- revoke records ----

// The next forgotten buffer with a copy in the log, from *index on. NULL: none.
static struct ext4_buffer *revoked_next(struct ext4 *fs, uint32_t *index)
{
    const uint8_t wanted = EXT4_BUFFER_FORGOTTEN | EXT4_BUFFER_DIRTY;
    while (*index < fs->cache.count) {
        struct ext4_buffer *buffer = &fs->cache.buffers[(*index)++];
        if ((buffer->state & wanted) == wanted)
            return buffer;
    }
    return NULL;
}

static void revokes_write(struct log *log)
{
    struct ext4 *fs = log->fs;
    uint32_t index = 0, each = ext4_journal_revoke_bytes(&fs->journal);
    struct ext4_buffer *buffer = revoked_next(fs, &index);
    while (buffer) {
        uint8_t *block = log_block(log);
        uint32_t bytes = sizeof(struct jbd2_revoke);
        for (uint32_t left = revokes_in_block(fs); buffer && left > 0; left--) {
            uint64_t number = big64(buffer->block);
            memcpy(block + bytes, (uint8_t *)&number + sizeof(number) - each, each);
            bytes += each;
            buffer = revoked_next(fs, &index);
        }
        header_set(log, block, JBD2_REVOKE_BLOCK);
        ((struct jbd2_revoke *)block)->r_count = big32(bytes);
        tail_set(log, block);
    }
}

// ---- descriptors and data ----

static struct ext4_buffer *changed_next(struct ext4 *fs, uint32_t *index)
{
    while (*index < fs->cache.count) {
        struct ext4_buffer *buffer = &fs->cache.buffers[(*index)++];
        if (buffer->state & EXT4_BUFFER_RUNNING)
            return buffer;
    }
    return NULL;
}

static bool begins_with_magic(const uint8_t *data)
{
    uint32_t magic = big32((uint32_t)JBD2_MAGIC_NUMBER);
    return memcmp(data, &magic, sizeof(magic)) == 0;
}

// As the block stands in the log: a magic number at its start would look like a block of the log.
static void data_copy(const struct ext4 *fs, uint8_t *to, const struct ext4_buffer *buffer)
{
    memcpy(to, buffer->data, fs->block_bytes);
    if (begins_with_magic(to))
        memset(to, 0, sizeof(uint32_t));
}

static uint32_t data_checksum(const struct ext4 *fs, struct ext4_buffer *buffer)
{
    if (!fs->journal.checksums)
        return 0;
    uint32_t magic = 0;
    bool escape = begins_with_magic(buffer->data);
    if (escape)
        memcpy(buffer->data, &magic, sizeof(magic));
    uint32_t checksum = ext4_journal_data_checksum(fs, fs->journal.sequence, buffer->data);
    magic = big32((uint32_t)JBD2_MAGIC_NUMBER);
    if (escape)
        memcpy(buffer->data, &magic, sizeof(magic));
    return checksum;
}

// Returns where the next tag goes.
static uint8_t *tag_put(const struct ext4 *fs, uint8_t *at, struct ext4_buffer *buffer,
                        uint32_t flags)
{
    const struct ext4_journal *journal = &fs->journal;
    if (begins_with_magic(buffer->data))
        flags |= JBD2_FLAG_ESCAPE;
    if (journal->features & JBD2_INCOMPAT_CSUM_V3) {
        struct jbd2_tag3 tag = {
            .t_blocknr = big32((uint32_t)buffer->block),
            .t_flags = big32(flags),
            .t_blocknr_high = big32((uint32_t)(buffer->block >> 32)),
            .t_checksum = big32(data_checksum(fs, buffer)),
        };
        memcpy(at, &tag, sizeof(tag));
    } else {
        struct jbd2_tag tag = {
            .t_blocknr = big32((uint32_t)buffer->block),
            .t_flags = big16((uint16_t)flags),
            .t_blocknr_high = big32((uint32_t)(buffer->block >> 32)),
        };
        memcpy(at, &tag, ext4_journal_tag_bytes(journal));
    }
    at += ext4_journal_tag_bytes(journal);
    if (flags & JBD2_FLAG_SAME_UUID)
        return at;
    memcpy(at, journal->super.s_uuid, JBD2_UUID_BYTES);
    return at + JBD2_UUID_BYTES;
}

// A descriptor block for the buffers from `index` on; returns how many it describes.
static uint32_t descriptor_write(struct log *log, uint32_t index)
{
    struct ext4 *fs = log->fs;
    uint8_t *block = log_block(log);
    uint8_t *at = block + sizeof(struct jbd2_header);
    uint32_t count = 0, room = tags_in_block(fs);
    struct ext4_buffer *buffer = changed_next(fs, &index);
    header_set(log, block, JBD2_DESCRIPTOR_BLOCK);
    while (buffer && count < room) {
        struct ext4_buffer *next = changed_next(fs, &index);
        uint32_t flags = count == 0 ? 0 : JBD2_FLAG_SAME_UUID;
        count++;
        if (!next || count == room)
            flags |= JBD2_FLAG_LAST_TAG;
        at = tag_put(fs, at, buffer, flags);
        buffer = next;
    }
    tail_set(log, block);
    return count;
}

static void changes_write(struct log *log)
{
    struct ext4 *fs = log->fs;
    uint32_t index = 0, peek = 0;
    while (changed_next(fs, &peek) && !log->error) {
        uint32_t count = descriptor_write(log, index);
        for (; count > 0; count--)
            data_copy(fs, log_block(log), changed_next(fs, &index));
        peek = index;
    }
}

static void commit_block_write(struct log *log)
{
    const struct ext4 *fs = log->fs;
    uint8_t *block = log_block(log);
    struct jbd2_commit *commit = (struct jbd2_commit *)block;
    header_set(log, block, JBD2_COMMIT_BLOCK);
    commit->h_commit_sec = big64((uint64_t)fs->operation.now.seconds);
    commit->h_commit_nsec = big32(fs->operation.now.nanoseconds);
    if (fs->journal.checksums)
        commit->h_chksum[0] =
            big32(ext4_journal_checksum(fs, block, offsetof(struct jbd2_commit, h_chksum)));
}

// ---- the transaction ----

bool ext4_transaction_open(const struct ext4 *fs)
{
    const struct ext4_journal *journal = &fs->journal;
    return journal->running || journal->freed_count || journal->super_changed ||
           journal->applied != journal->stable;
}

static int transaction_write(struct ext4 *fs, uint32_t *blocks)
{
    struct ext4_journal *journal = &fs->journal;
    struct log log = {.fs = fs, .at = journal->head};
    if (journal->used == 0) {
        journal->tail = journal->head;
        int error = ext4_journal_super_write(fs, journal->tail, journal->sequence);
        if (error)
            return error;
    }
    revokes_write(&log);
    changes_write(&log);
    log_write(&log);
    if (!log.error)
        log.error = fs->source.flush(fs->source.context);
    if (log.error)
        return log.error;
    commit_block_write(&log);
    log_write(&log);
    *blocks = log.count;
    return log.error ? log.error : fs->source.flush(fs->source.context);
}

// What was running is dirty; what was forgotten is nothing any more.
static void buffers_commit(struct ext4 *fs)
{
    for (uint32_t i = 0; i < fs->cache.count; i++) {
        struct ext4_buffer *buffer = &fs->cache.buffers[i];
        if (buffer->state & EXT4_BUFFER_FORGOTTEN) {
            ext4_buffer_drop(fs, buffer);
            ext4_buffer_state_set(fs, buffer, 0);
        } else if (buffer->state & EXT4_BUFFER_RUNNING) {
            ext4_buffer_state_set(fs, buffer, EXT4_BUFFER_DIRTY);
        }
    }
}

int ext4_commit(struct ext4 *fs)
{
    struct ext4_journal *journal = &fs->journal;
    uint32_t blocks = 0;
    if (fs->aborted)
        return -E_ROFS;
    if (!fs->writable || !ext4_transaction_open(fs))
        return 0;
    ext4_super_store(fs);
    ext4_buffer_state_set(fs, journal->super_buffer,
                          journal->super_buffer->state | EXT4_BUFFER_RUNNING);
    int error = transaction_write(fs, &blocks);
    if (error)
        return ext4_journal_abort(fs, error, "writing the journal failed");
    buffers_commit(fs);
    for (uint32_t i = 0; i < blocks; i++)
        journal->head = ext4_journal_next(journal, journal->head);
    journal->used += blocks;
    journal->sequence++;
    journal->stable = journal->applied;
    journal->freed_count = 0;
    journal->super_changed = false;
    return 0;
}

bool ext4_commit_due(const struct ext4 *fs, const struct fs_time *now)
{
    return ext4_transaction_open(fs) &&
           (now->seconds - fs->journal.started.seconds >= EXT4_JOURNAL_RUNNING_MAX_S ||
            now->seconds < fs->journal.started.seconds);
}

uint64_t ext4_applied(const struct ext4 *fs)
{
    return fs->journal.applied;
}

uint64_t ext4_stable(const struct ext4 *fs)
{
    return fs->journal.stable;
}
