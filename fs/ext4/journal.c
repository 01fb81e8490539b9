// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The journal's file: where its blocks lie, its superblock, its checksums.

#include "fs/ext4/write.h"

#include <string.h>

enum {
    INCOMPAT_READ =
        JBD2_INCOMPAT_REVOKE | JBD2_INCOMPAT_64BIT | JBD2_INCOMPAT_CSUM_V2 | JBD2_INCOMPAT_CSUM_V3,
};

static int not_carried(struct ext4 *fs, const char *what)
{
    ext4_log(fs, "ext4: journal: %s", what);
    return -E_OPNOTSUPP;
}

static int invalid(struct ext4 *fs, const char *what)
{
    ext4_log(fs, "ext4: journal: %s", what);
    return -E_UCLEAN;
}

// ---- places ----

static const struct ext4_run *run_of(const struct ext4_journal *journal, uint32_t block)
{
    const struct ext4_run *run = journal->run;
    while (block - run->first >= run->count)
        run++;
    return run;
}

uint64_t ext4_journal_place(const struct ext4 *fs, uint32_t block)
{
    const struct ext4_run *run = run_of(&fs->journal, block);
    return run->device + (block - run->first);
}

uint32_t ext4_journal_next(const struct ext4_journal *journal, uint32_t block)
{
    return block + 1 < journal->end ? block + 1 : journal->first;
}

uint32_t ext4_journal_contiguous(const struct ext4 *fs, uint32_t block)
{
    const struct ext4_run *run = run_of(&fs->journal, block);
    uint64_t end = run->first + run->count;
    return (uint32_t)(end < fs->journal.end ? end : fs->journal.end) - block;
}

int ext4_journal_read(struct ext4 *fs, uint32_t block, uint32_t count, void *to)
{
    return fs->source.read(fs->source.context, ext4_journal_place(fs, block) << fs->block_shift,
                           (size_t)count << fs->block_shift, to);
}

// Every block of the file, from the first on, in runs without gap.
static int runs_find(struct ext4 *fs, const struct ext4_inode *inode)
{
    struct ext4_journal *journal = &fs->journal;
    uint64_t blocks = inode->size >> fs->block_shift, logical = 0;
    journal->runs = 0;
    if (blocks < JBD2_MIN_JOURNAL_BLOCKS || blocks > UINT32_MAX)
        return invalid(fs, "impossible size");
    while (logical < blocks) {
        struct ext4_run run;
        int error = ext4_run_find(inode, logical, &run);
        if (error)
            return error;
        if (run.device == 0 || run.unwritten)
            return invalid(fs, "its file has a hole");
        uint64_t skip = logical - run.first;
        run = (struct ext4_run){logical, run.count - skip, run.device + skip, false};
        struct ext4_run *last = journal->runs ? &journal->run[journal->runs - 1] : NULL;
        if (last && last->device + last->count == run.device)
            last->count += run.count;
        else if (journal->runs == EXT4_JOURNAL_RUNS)
            return not_carried(fs, "its file lies in too many pieces");
        else
            journal->run[journal->runs++] = run;
        logical += run.count;
    }
    return 0;
}

static int file_find(struct ext4 *fs, uint32_t *blocks)
{
    struct ext4_inode inode;
    if (!ext4_has_compat(fs, COMPAT_HAS_JOURNAL) || fs->super.s_journal_inum == 0)
        return not_carried(fs, "there is none in this file system");
    int error = ext4_inode_get_any(fs, fs->super.s_journal_inum, &inode);
    if (error)
        return error == -E_SRCH ? invalid(fs, "its inode is not in use") : error;
    if (ext4_inode_type(&inode) != EXT4_S_IFREG || (inode.flags & EXT4_INLINE_DATA_FL))
        error = invalid(fs, "its inode is no file");
    else
        error = runs_find(fs, &inode);
    *blocks = (uint32_t)(inode.size >> fs->block_shift);
    ext4_inode_put(&inode);
    return error;
}

// ---- superblock ----

static uint32_t super_checksum(const struct jbd2_super *super)
{
    struct jbd2_super copy = *super;
    copy.s_checksum = 0;
    return big32(ext4_crc32c(~0u, &copy, sizeof(copy)));
}

static int super_check(struct ext4 *fs, uint32_t blocks)
{
    struct ext4_journal *journal = &fs->journal;
    const struct jbd2_super *super = &journal->super;
    uint32_t features = big32(super->s_feature_incompat);
    uint32_t csum = features & (JBD2_INCOMPAT_CSUM_V2 | JBD2_INCOMPAT_CSUM_V3);

    if (super->header.h_magic != big32((uint32_t)JBD2_MAGIC_NUMBER))
        return invalid(fs, "wrong magic number");
    if (super->header.h_blocktype != big32(JBD2_SUPERBLOCK_V2))
        return not_carried(fs, "not of version 2");
    if (csum && super->s_checksum != super_checksum(super)) {
        ext4_log(fs, "ext4: journal: checksum of its superblock");
        return -E_BADMSG;
    }
    if ((features & ~(uint32_t)INCOMPAT_READ) || super->s_feature_ro_compat ||
        (big32(super->s_feature_compat) & ~(uint32_t)JBD2_COMPAT_CHECKSUM)) {
        ext4_log(fs, "ext4: journal: features not supported: incompat %x, ro_compat %x, compat %x",
                 features, big32(super->s_feature_ro_compat), big32(super->s_feature_compat));
        return -E_OPNOTSUPP;
    }
    if (csum == (JBD2_INCOMPAT_CSUM_V2 | JBD2_INCOMPAT_CSUM_V3) ||
        (csum && super->s_checksum_type != JBD2_CRC32C_CHKSUM))
        return invalid(fs, "unknown kind of checksum");
    uint32_t first = big32(super->s_first), end = big32(super->s_maxlen);
    uint32_t start = big32(super->s_start);
    if (big32(super->s_blocksize) != fs->block_bytes || end > blocks || first == 0 ||
        first >= end || end - first < JBD2_MIN_JOURNAL_BLOCKS - 1 || start >= end ||
        (start && start < first))
        return invalid(fs, "impossible geometry");
    return 0;
}

static void features_set(struct ext4_journal *journal, uint32_t features)
{
    journal->features = features;
    journal->checksums = (features & (JBD2_INCOMPAT_CSUM_V2 | JBD2_INCOMPAT_CSUM_V3)) != 0;
    journal->seed = ext4_crc32c(~0u, journal->super.s_uuid, sizeof(journal->super.s_uuid));
}

int ext4_journal_load(struct ext4 *fs)
{
    struct ext4_journal *journal = &fs->journal;
    uint32_t blocks;
    int error = file_find(fs, &blocks);
    if (error)
        return error;
    error = fs->source.read(fs->source.context, ext4_journal_place(fs, 0) << fs->block_shift,
                            JBD2_SUPER_BYTES, &journal->super);
    if (error)
        return error;
    error = super_check(fs, blocks);
    if (error)
        return error;
    journal->first = big32(journal->super.s_first);
    journal->end = big32(journal->super.s_maxlen);
    journal->sequence = big32(journal->super.s_sequence);
    journal->head = journal->first;
    journal->used = 0;
    features_set(journal, big32(journal->super.s_feature_incompat));
    return 0;
}

void ext4_journal_features_write(struct ext4 *fs)
{
    struct jbd2_super *super = &fs->journal.super;
    uint32_t features = JBD2_INCOMPAT_REVOKE;
    if (ext4_has_incompat(fs, INCOMPAT_64BIT))
        features |= JBD2_INCOMPAT_64BIT;
    if (fs->metadata_csum)
        features |= JBD2_INCOMPAT_CSUM_V3;
    super->s_feature_compat &= ~big32(JBD2_COMPAT_CHECKSUM);
    super->s_feature_incompat = big32(features);
    super->s_checksum_type = fs->metadata_csum ? JBD2_CRC32C_CHKSUM : 0;
    features_set(&fs->journal, features);
}

int ext4_journal_super_write(struct ext4 *fs, uint32_t start, uint32_t sequence)
{
    struct jbd2_super *super = &fs->journal.super;
    super->s_start = big32(start);
    super->s_sequence = big32(sequence);
    super->s_checksum = fs->journal.checksums ? super_checksum(super) : 0;
    return fs->source.write(fs->source.context, ext4_journal_place(fs, 0) << fs->block_shift,
                            JBD2_SUPER_BYTES, super);
}

// The error is recorded in the journal's superblock, if the device takes that: whoever mounts it
// next marks the file system as one to be checked.
int ext4_journal_abort(struct ext4 *fs, int error, const char *what)
{
    struct jbd2_super *super = &fs->journal.super;
    fs->aborted = true;
    ext4_log(fs, "ext4: %s (error %u): read-only from now on", what, (unsigned)-error);
    super->s_errno = big32((uint32_t)error);
    if (ext4_journal_super_write(fs, big32(super->s_start), big32(super->s_sequence)) ||
        fs->source.flush(fs->source.context))
        ext4_log(fs, "ext4: the error cannot be recorded on the device");
    return error;
}

// ---- formats that depend on features ----

uint32_t ext4_journal_tag_bytes(const struct ext4_journal *journal)
{
    if (journal->features & JBD2_INCOMPAT_CSUM_V3)
        return sizeof(struct jbd2_tag3);
    uint32_t bytes = sizeof(struct jbd2_tag);
    if (journal->features & JBD2_INCOMPAT_CSUM_V2)
        bytes += sizeof(uint16_t);
    if (!(journal->features & JBD2_INCOMPAT_64BIT))
        bytes -= sizeof(uint32_t);
    return bytes;
}

uint32_t ext4_journal_revoke_bytes(const struct ext4_journal *journal)
{
    return journal->features & JBD2_INCOMPAT_64BIT ? sizeof(uint64_t) : sizeof(uint32_t);
}

uint32_t ext4_journal_checksum(const struct ext4 *fs, const uint8_t *block, uint32_t at)
{
    static const uint32_t zero;
    uint32_t behind = at + (uint32_t)sizeof(zero);
    uint32_t crc = ext4_crc32c(fs->journal.seed, block, at);
    crc = ext4_crc32c(crc, &zero, sizeof(zero));
    return ext4_crc32c(crc, block + behind, fs->block_bytes - behind);
}

uint32_t ext4_journal_data_checksum(const struct ext4 *fs, uint32_t sequence, const uint8_t *data)
{
    uint32_t number = big32(sequence);
    uint32_t crc = ext4_crc32c(fs->journal.seed, &number, sizeof(number));
    return ext4_crc32c(crc, data, fs->block_bytes);
}
