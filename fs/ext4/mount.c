// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Beginning and end of writing: the superblock's state, the journal's, the client's lineage, and
// orphans that nobody uses any more.
//
// While a file system is mounted writable its superblock has INCOMPAT_RECOVER: whoever finds it
// that way looks into the journal. States: clean -> (ext4_write_start) needs recovery ->
// (ext4_close: the journal is empty) clean.

#include "fs/ext4/edit.h"

#include <string.h>

bool ext4_writable(const struct ext4 *fs)
{
    return fs->writable && !fs->aborted;
}

// ---- superblock ----

static uint64_t words_join(const uint32_t words[2])
{
    return words[0] | (uint64_t)words[1] << 32;
}

static void words_split(uint32_t words[2], uint64_t value)
{
    words[0] = (uint32_t)value;
    words[1] = (uint32_t)(value >> 32);
}

static void checksum_set(struct ext4 *fs)
{
    if (fs->metadata_csum)
        fs->super.s_checksum = ext4_crc32c(~0u, &fs->super, EXT4_SUPER_CHECKSUM_OFFSET);
}

enum { WTIME_HI, MTIME_HI }; // in s_time_hi

static void time_set(uint32_t *low, uint8_t *high, const struct fs_time *now)
{
    *low = (uint32_t)now->seconds;
    *high = (uint8_t)((uint64_t)now->seconds >> 32);
}

static void buffer_store(struct ext4 *fs)
{
    checksum_set(fs);
    memcpy(fs->journal.super_buffer->data + (EXT4_SUPER_OFFSET & (fs->block_bytes - 1)), &fs->super,
           EXT4_SUPER_BYTES);
}

void ext4_super_store(struct ext4 *fs)
{
    struct ext4_super_block *super = &fs->super;
    if (fs->operation.now.seconds)
        time_set(&super->s_wtime, &super->s_time_hi[WTIME_HI], &fs->operation.now);
    words_split(super->s_applied, fs->journal.applied);
    buffer_store(fs);
}

// Past the journal, which is empty.
static int super_write(struct ext4 *fs)
{
    checksum_set(fs);
    int error =
        fs->source.write(fs->source.context, EXT4_SUPER_OFFSET, EXT4_SUPER_BYTES, &fs->super);
    return error ? error : fs->source.flush(fs->source.context);
}

// ---- beginning ----

static bool same_client(const struct ext4 *fs, uint64_t client)
{
    return fs->super.s_client_magic == EXT4_CLIENT_MAGIC &&
           words_join(fs->super.s_client) == client;
}

// Room for an operation and a transaction; false: too little of either.
static bool limits_set(struct ext4 *fs)
{
    struct ext4_journal *journal = &fs->journal;
    journal->transaction_blocks = (journal->end - journal->first) / 4;
    journal->operation_blocks = fs->cache.count / 4;
    if (journal->operation_blocks > EXT4_OPERATION_BLOCKS)
        journal->operation_blocks = EXT4_OPERATION_BLOCKS;
    if (journal->operation_blocks >= EXT4_OPERATION_BLOCKS_MIN)
        return true;
    ext4_log(fs, "ext4: read-only: too little memory for blocks of %u", fs->block_bytes);
    return false;
}

// Others keep the superblock's free counts up to date only now and then: after their crash the
// groups' are right.
static int counts_set(struct ext4 *fs)
{
    struct ext4_super_block *super = &fs->super;
    uint64_t blocks = 0;
    uint32_t inodes = 0;
    for (uint64_t i = 0; i < fs->groups; i++) {
        struct ext4_group group;
        int error = ext4_group_get(fs, i, &group);
        if (error)
            return error;
        blocks += group.free_blocks;
        inodes += group.free_inodes;
    }
    super->s_free_blocks_count_lo = (uint32_t)blocks;
    if (ext4_has_incompat(fs, INCOMPAT_64BIT))
        super->s_free_blocks_count_hi = (uint32_t)(blocks >> 32);
    super->s_free_inodes_count = inodes;
    return 0;
}

static bool is_carried(struct ext4 *fs, const struct ext4_setup *setup, int *error)
{
    if (!setup->writable || !fs->source.write || !ext4_features_writable(fs))
        return false;
    *error = ext4_journal_load(fs);
    if (!*error)
        *error = counts_set(fs);
    if (*error == -E_OPNOTSUPP || *error == -E_UCLEAN || *error == -E_BADMSG) {
        ext4_log(fs, "ext4: read-only because of the journal or the groups");
        *error = 0;
        return false;
    }
    return !*error && limits_set(fs);
}

static void super_begin(struct ext4 *fs, const struct ext4_setup *setup)
{
    struct ext4_super_block *super = &fs->super;
    bool same = same_client(fs, setup->client);
    fs->journal.applied = same ? words_join(super->s_applied) : 0;
    fs->journal.stable = fs->journal.applied;
    super->s_client_magic = EXT4_CLIENT_MAGIC;
    words_split(super->s_client, setup->client);
    words_split(super->s_applied, fs->journal.applied);
    super->s_feature_incompat |= INCOMPAT_RECOVER;
    super->s_mnt_count++;
    if (fs->journal.super.s_errno)
        super->s_state |= EXT4_ERROR_FS;
    fs->journal.super.s_errno = 0;
    if (setup->now.seconds) {
        time_set(&super->s_mtime, &super->s_time_hi[MTIME_HI], &setup->now);
        time_set(&super->s_wtime, &super->s_time_hi[WTIME_HI], &setup->now);
    }
}

// Inodes without a name that a client used which is gone. The client that mounts again uses them
// still.
static int orphans_finish(struct ext4 *fs, const struct fs_time *now)
{
    unsigned finished = 0;
    while (fs->super.s_last_orphan) {
        uint32_t ino = fs->super.s_last_orphan;
        int error = ext4_orphan_finish(fs, ino, now);
        if (!error && fs->super.s_last_orphan == ino)
            error = ext4_report(fs, -E_UCLEAN, "list of orphans", ino, 0);
        if (error)
            return error;
        finished++;
    }
    if (finished)
        ext4_log(fs, "ext4: %u orphaned inodes freed", finished);
    return 0;
}

// The client that mounts again still uses inodes without names, but a truncation that was cut short
// is nobody's any more: its inode must leave the list before another one puts it there.
static int cuts_finish(struct ext4 *fs, const struct fs_time *now)
{
    uint32_t before = 0, ino;
    for (;;) {
        int error = ext4_orphan_next_cut(fs, &ino);
        if (error || ino == 0)
            return error;
        if (ino == before)
            return ext4_report(fs, -E_UCLEAN, "list of orphans", ino, 0);
        error = ext4_orphan_finish(fs, ino, now);
        if (error)
            return error;
        before = ino;
    }
}

static int writing_begin(struct ext4 *fs, const struct ext4_setup *setup)
{
    struct ext4_journal *journal = &fs->journal;
    ext4_journal_features_write(fs);
    int error =
        ext4_buffer_get(fs, EXT4_SUPER_OFFSET >> fs->block_shift, 0, &journal->super_buffer);
    if (error)
        return error;
    error = ext4_journal_super_write(fs, 0, journal->sequence);
    if (!error)
        error = super_write(fs);
    if (error)
        return error;
    buffer_store(fs);
    fs->operation.now = setup->now;
    fs->writable = true;
    return 0;
}

// A replay has left the journal empty, but the superblock as it was.
static int recovery_end(struct ext4 *fs)
{
    if (!ext4_has_incompat(fs, INCOMPAT_RECOVER))
        return 0;
    int error = counts_set(fs);
    if (error && error != -E_UCLEAN && error != -E_BADMSG)
        return error;
    fs->super.s_feature_incompat &= ~(uint32_t)INCOMPAT_RECOVER;
    return super_write(fs);
}

int ext4_write_start(struct ext4 *fs, const struct ext4_setup *setup)
{
    int error = 0;
    if (!is_carried(fs, setup, &error))
        return error ? error : recovery_end(fs);
    bool same = same_client(fs, setup->client);
    super_begin(fs, setup);
    error = writing_begin(fs, setup);
    if (error)
        return error;
    error = same ? cuts_finish(fs, &setup->now) : orphans_finish(fs, &setup->now);
    if (error) // what is left of them costs space only
        ext4_log(fs, "ext4: orphaned inodes remain (error %u): e2fsck is advised",
                 (unsigned)-error);
    return 0;
}

// ---- end ----

int ext4_close(struct ext4 *fs)
{
    if (!fs->writable)
        return 0;
    int error = ext4_checkpoint(fs);
    if (error)
        return error;
    fs->super.s_feature_incompat &= ~(uint32_t)INCOMPAT_RECOVER;
    error = super_write(fs);
    fs->writable = false;
    ext4_buffer_put(fs, fs->journal.super_buffer);
    fs->journal.super_buffer = NULL;
    return error;
}
