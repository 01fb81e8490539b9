// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Recovery: what the log holds goes home. Three walks over the log. The first finds its end (behind
// the last transaction with a good commit block) and verifies every block of it, the second
// collects the revoke records and which copy of a block is the last, the third writes each block
// home unless a later copy comes or it was revoked by its own or a later transaction. So a log that
// contradicts itself changes nothing.
//
// Whoever replays may be killed again and again (docs/recovery.md), so the third walk moves the
// log's beginning behind what is home already: each attempt leaves less to do.

#include "fs/ext4/write.h"

#include <string.h>

enum {
    WINDOW_BYTES = 64 * 1024, // of the log in one read; no block is larger
    HOME_MAX = 32,            // blocks that go home before the log's beginning moves
};

// What later transactions do to the copies of a block. An entry is made by the first of either
// kind; the other number then says nothing that this one does not say.
struct fate {
    uint64_t block;   // 0: unused entry (block 0 is never revoked, and always written)
    uint32_t revoked; // by this transaction: copies up to it mean nothing
    uint32_t copied;  // the last transaction with a copy
};

enum walk { WALK_VERIFY, WALK_COLLECT, WALK_WRITE };

struct replay {
    struct ext4 *fs;
    enum walk walk;
    uint8_t *block, *data; // of the log: a descriptor or the like; data
    uint8_t *window;       // `window_count` blocks of the log from `window_first` on
    uint32_t window_first, window_count;
    struct fate *fate;
    uint8_t *fate_end; // of the memory for them
    uint32_t fate_mask, fates;
    uint64_t entries; // tags and revoke records of the log
    uint32_t at;      // next block of the log
    uint32_t walked;  // blocks so far
    uint32_t next;    // sequence number expected
    uint32_t end;     // after the first walk: first sequence number not to replay
    bool damaged;     // a checksum in the transaction being walked is wrong
    uint64_t written; // blocks that went home
    uint64_t settled; // so many of them when the log's beginning moved last
};

// ---- fates of blocks ----

static struct fate *fate_of(const struct replay *replay, uint64_t block)
{
    uint32_t index = (uint32_t)(block * 0x9E3779B97F4A7C15ull >> 32) & replay->fate_mask;
    while (replay->fate[index].block && replay->fate[index].block != block)
        index = (index + 1) & replay->fate_mask;
    return &replay->fate[index];
}

static int revoke(struct replay *replay, uint64_t block)
{
    if (block == 0 || block >= replay->fs->blocks)
        return ext4_report(replay->fs, -E_UCLEAN, "journal: revoke record", 0, block);
    struct fate *fate = fate_of(replay, block);
    if (fate->block == 0) {
        if (++replay->fates > replay->fate_mask / 4 * 3) {
            ext4_log(replay->fs, "ext4: journal: too many revoke records for the memory given");
            return -E_NOMEM;
        }
        *fate = (struct fate){.block = block, .copied = replay->next};
    }
    fate->revoked = replay->next;
    return 0;
}

// Without room only time is lost: each copy is written then. Half of the room is for revoke
// records.
static void note_copy(struct replay *replay, uint64_t block)
{
    struct fate *fate = fate_of(replay, block);
    if (fate->block == 0) {
        if (block == 0 || replay->fates >= replay->fate_mask / 8 * 3)
            return;
        replay->fates++;
        *fate = (struct fate){.block = block, .revoked = replay->next - 1};
    }
    fate->copied = replay->next;
}

// This transaction's copy.
static bool goes_home(const struct replay *replay, uint64_t block)
{
    const struct fate *fate = fate_of(replay, block);
    return fate->block == 0 || ((int32_t)(fate->revoked - replay->next) < 0 &&
                                (int32_t)(fate->copied - replay->next) <= 0);
}

// Room for all that the log names, if the memory has it.
static void fates_begin(struct replay *replay)
{
    size_t room = (size_t)(replay->fate_end - (uint8_t *)replay->fate) / sizeof(struct fate);
    uint32_t size = 16;
    while (size < replay->entries * 2 && size * 2ull <= room)
        size *= 2;
    replay->fate_mask = size - 1;
    memset(replay->fate, 0, size * sizeof(struct fate));
}

// ---- blocks of the log ----

// From replay->at on, as much as the window takes; one block if more cannot be read, for what lies
// behind the log's end may be unreadable.
static int window_fill(struct replay *replay)
{
    struct ext4 *fs = replay->fs;
    uint32_t count = WINDOW_BYTES >> fs->block_shift;
    uint32_t contiguous = ext4_journal_contiguous(fs, replay->at);
    count = count > contiguous ? contiguous : count;
    replay->window_count = 0;
    int error = ext4_journal_read(fs, replay->at, count, replay->window);
    if (error && count > 1) {
        count = 1;
        error = ext4_journal_read(fs, replay->at, count, replay->window);
    }
    if (error)
        return error;
    replay->window_first = replay->at;
    replay->window_count = count;
    return 0;
}

static void block_skip(struct replay *replay)
{
    replay->at = ext4_journal_next(&replay->fs->journal, replay->at);
    replay->walked++;
}

static int block_read(struct replay *replay, uint8_t *to)
{
    const struct ext4 *fs = replay->fs;
    if (replay->at - replay->window_first >= replay->window_count) {
        int error = window_fill(replay);
        if (error)
            return error;
    }
    uint32_t index = replay->at - replay->window_first;
    memcpy(to, replay->window + ((size_t)index << fs->block_shift), fs->block_bytes);
    block_skip(replay);
    return 0;
}

static bool checksum_good(const struct replay *replay, uint32_t at)
{
    uint32_t stored;
    if (!replay->fs->journal.checksums)
        return true;
    memcpy(&stored, replay->block + at, sizeof(stored));
    return big32(stored) == ext4_journal_checksum(replay->fs, replay->block, at);
}

static bool tail_good(const struct replay *replay)
{
    return checksum_good(replay, replay->fs->block_bytes - JBD2_TAIL_BYTES);
}

static uint32_t behind_entries(const struct replay *replay)
{
    const struct ext4 *fs = replay->fs;
    return fs->block_bytes - (fs->journal.checksums ? JBD2_TAIL_BYTES : 0);
}

static int revoke_block_walk(struct replay *replay)
{
    const struct ext4 *fs = replay->fs;
    uint32_t each = ext4_journal_revoke_bytes(&fs->journal);
    uint32_t end = big32(((const struct jbd2_revoke *)replay->block)->r_count);
    if (!tail_good(replay)) {
        replay->damaged = true; // its count means nothing either
        return 0;
    }
    if (end > behind_entries(replay))
        return ext4_report(replay->fs, -E_UCLEAN, "journal: revoke block", 0, 0);
    if (replay->walk == WALK_WRITE)
        return 0;
    for (uint32_t at = sizeof(struct jbd2_revoke); at + each <= end; at += each) {
        uint64_t number = 0;
        if (replay->walk == WALK_VERIFY) {
            replay->entries++;
            continue;
        }
        memcpy((uint8_t *)&number + sizeof(number) - each, replay->block + at, each);
        int error = revoke(replay, big64(number));
        if (error)
            return error;
    }
    return 0;
}

struct tag {
    uint64_t block;
    uint32_t flags;
    uint32_t checksum;
};

static struct tag tag_decode(const struct ext4_journal *journal, const uint8_t *at)
{
    uint32_t high = 0;
    struct tag out;
    if (journal->features & JBD2_INCOMPAT_CSUM_V3) {
        struct jbd2_tag3 tag;
        memcpy(&tag, at, sizeof(tag));
        out = (struct tag){big32(tag.t_blocknr), big32(tag.t_flags), big32(tag.t_checksum)};
        high = big32(tag.t_blocknr_high);
    } else {
        struct jbd2_tag tag = {0};
        uint32_t bytes = ext4_journal_tag_bytes(journal);
        memcpy(&tag, at, bytes < sizeof(tag) ? bytes : sizeof(tag));
        out = (struct tag){big32(tag.t_blocknr), big16(tag.t_flags), big16(tag.t_checksum)};
        high = big32(tag.t_blocknr_high);
    }
    if (journal->features & JBD2_INCOMPAT_64BIT)
        out.block |= (uint64_t)high << 32;
    return out;
}

static bool data_good(const struct replay *replay, const struct tag *tag)
{
    const struct ext4_journal *journal = &replay->fs->journal;
    if (!journal->checksums)
        return true;
    uint32_t checksum = ext4_journal_data_checksum(replay->fs, replay->next, replay->data);
    if (journal->features & JBD2_INCOMPAT_CSUM_V2)
        checksum &= 0xFFFF;
    return checksum == tag->checksum;
}

static int data_walk(struct replay *replay, const struct tag *tag)
{
    struct ext4 *fs = replay->fs;
    if (replay->walk == WALK_COLLECT)
        note_copy(replay, tag->block);
    if (replay->walk == WALK_COLLECT ||
        (replay->walk == WALK_WRITE && !goes_home(replay, tag->block))) {
        block_skip(replay);
        return 0;
    }
    int error = block_read(replay, replay->data);
    if (error)
        return error;
    if (!data_good(replay, tag))
        replay->damaged = true;
    if (replay->walk == WALK_VERIFY) {
        replay->entries++;
        return 0;
    }
    if (tag->flags & JBD2_FLAG_ESCAPE) {
        uint32_t magic = big32((uint32_t)JBD2_MAGIC_NUMBER);
        memcpy(replay->data, &magic, sizeof(magic));
    }
    replay->written++;
    return fs->source.write(fs->source.context, tag->block << fs->block_shift, fs->block_bytes,
                            replay->data);
}

static int descriptor_walk(struct replay *replay)
{
    struct ext4 *fs = replay->fs;
    uint32_t bytes = ext4_journal_tag_bytes(&fs->journal);
    uint32_t at = sizeof(struct jbd2_header), end = behind_entries(replay);
    if (!tail_good(replay)) {
        replay->damaged = true; // its tags mean nothing: the walk ends here
        return 0;
    }
    while (at + bytes <= end) {
        struct tag tag = tag_decode(&fs->journal, replay->block + at);
        at += bytes + (tag.flags & JBD2_FLAG_SAME_UUID ? 0 : JBD2_UUID_BYTES);
        if (tag.block >= fs->blocks)
            return ext4_report(fs, -E_UCLEAN, "journal: home of a block", 0, tag.block);
        int error = data_walk(replay, &tag);
        if (error)
            return error;
        if (tag.flags & JBD2_FLAG_LAST_TAG)
            break;
    }
    return 0;
}

// ---- walks ----

// Reads the next block that is no data. False: it does not belong to the log any more.
static bool header_next(struct replay *replay, int *error, uint32_t *type)
{
    const struct jbd2_header *header = (const struct jbd2_header *)replay->block;
    *error = block_read(replay, replay->block);
    *type = big32(header->h_blocktype);
    return !*error && header->h_magic == big32((uint32_t)JBD2_MAGIC_NUMBER) &&
           big32(header->h_sequence) == replay->next;
}

// What went home so far need not be read again.
static int log_shorten(struct replay *replay)
{
    struct ext4 *fs = replay->fs;
    if (replay->walk != WALK_WRITE || replay->written - replay->settled < HOME_MAX)
        return 0;
    replay->settled = replay->written;
    int error = fs->source.flush(fs->source.context);
    return error ? error : ext4_journal_super_write(fs, replay->at, replay->next);
}

// A transaction with a good commit block was written as a whole: a checksum that is wrong inside
// is damage. Without one it is the crash's unfinished end. Returns false there.
static bool commit_walk(struct replay *replay, int *error)
{
    if (!checksum_good(replay, offsetof(struct jbd2_commit, h_chksum)))
        return false;
    if (replay->damaged) {
        ext4_log(replay->fs, "ext4: journal: checksum inside transaction %u: run e2fsck",
                 replay->next);
        *error = -E_BADMSG;
    }
    replay->next++;
    if (!*error)
        *error = log_shorten(replay);
    return *error == 0;
}

static int log_walk(struct replay *replay, enum walk walk)
{
    const struct ext4_journal *journal = &replay->fs->journal;
    int error = 0;
    uint32_t type;
    bool more = true;
    replay->walk = walk;
    replay->at = big32(journal->super.s_start);
    replay->next = big32(journal->super.s_sequence);
    replay->walked = 0;
    replay->damaged = false;
    while (more && !error && replay->walked < journal->end - journal->first) {
        if (walk != WALK_VERIFY && replay->next == replay->end)
            break;
        if (!header_next(replay, &error, &type))
            break;
        switch (type) {
        case JBD2_DESCRIPTOR_BLOCK:
            error = descriptor_walk(replay);
            break;
        case JBD2_REVOKE_BLOCK:
            error = revoke_block_walk(replay);
            break;
        case JBD2_COMMIT_BLOCK:
            more = commit_walk(replay, &error);
            break;
        default:
            more = false;
            break;
        }
    }
    return error;
}

// The memory: two blocks, the window, and the rest for the table.
static void memory_divide(struct replay *replay, uint8_t *memory, size_t bytes)
{
    uint32_t block_bytes = replay->fs->block_bytes;
    replay->block = memory;
    replay->data = memory + block_bytes;
    replay->window = replay->data + block_bytes;
    replay->fate = (struct fate *)(void *)(replay->window + WINDOW_BYTES);
    replay->fate_end = memory + bytes;
}

static int log_empty(struct ext4 *fs, uint32_t sequence)
{
    int error = fs->source.flush(fs->source.context);
    if (!error)
        error = ext4_journal_super_write(fs, 0, sequence);
    return error ? error : fs->source.flush(fs->source.context);
}

int ext4_journal_replay(struct ext4 *fs, uint8_t *memory, size_t bytes)
{
    struct replay replay = {.fs = fs};
    uint32_t first = big32(fs->journal.super.s_sequence);
    if (fs->journal.super.s_start == 0)
        return 0;
    memory_divide(&replay, memory, bytes);
    int error = log_walk(&replay, WALK_VERIFY);
    replay.end = replay.next;
    fates_begin(&replay);
    if (!error)
        error = log_walk(&replay, WALK_COLLECT);
    if (!error)
        error = log_walk(&replay, WALK_WRITE);
    // One number is left out: the device may hold part of a transaction that has it.
    if (!error)
        error = log_empty(fs, replay.end + 1);
    if (error)
        return error;
    ext4_log(fs, "ext4: journal: replayed %u transactions, %llu blocks", replay.end - first,
             (unsigned long long)replay.written);
    return 0;
}
