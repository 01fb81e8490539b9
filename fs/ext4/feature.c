// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Feature flags: what this library carries, by allow-list, and the flags' names for messages.

#include "fs/ext4/internal.h"

#include <string.h>

enum {
    INCOMPAT_CARRIED = INCOMPAT_FILETYPE | INCOMPAT_META_BG | INCOMPAT_EXTENTS | INCOMPAT_64BIT |
                       INCOMPAT_FLEX_BG | INCOMPAT_EA_INODE | INCOMPAT_CSUM_SEED |
                       INCOMPAT_LARGEDIR | INCOMPAT_INLINE_DATA,
    RO_COMPAT_CARRIED = RO_COMPAT_SPARSE_SUPER | RO_COMPAT_LARGE_FILE | RO_COMPAT_HUGE_FILE |
                        RO_COMPAT_GDT_CSUM | RO_COMPAT_DIR_NLINK | RO_COMPAT_EXTRA_ISIZE |
                        RO_COMPAT_METADATA_CSUM,
    // Compatible for writing: those that are ignored are COMPAT_ORPHAN_FILE (nothing is in it
    // without RO_COMPAT_ORPHAN_PRESENT) and COMPAT_FAST_COMMIT (the journal says if it is in use).
    INCOMPAT_WRITTEN = INCOMPAT_FILETYPE | INCOMPAT_RECOVER | INCOMPAT_META_BG | INCOMPAT_EXTENTS |
                       INCOMPAT_64BIT | INCOMPAT_FLEX_BG | INCOMPAT_CSUM_SEED | INCOMPAT_LARGEDIR,
};

struct feature_name {
    uint32_t feature;
    const char *name;
};

static const struct feature_name incompat_names[] = {
    {INCOMPAT_COMPRESSION, "compression"},
    {INCOMPAT_FILETYPE, "filetype"},
    {INCOMPAT_RECOVER, "needs_recovery"},
    {INCOMPAT_JOURNAL_DEV, "journal_dev"},
    {INCOMPAT_META_BG, "meta_bg"},
    {INCOMPAT_EXTENTS, "extents"},
    {INCOMPAT_64BIT, "64bit"},
    {INCOMPAT_MMP, "mmp"},
    {INCOMPAT_FLEX_BG, "flex_bg"},
    {INCOMPAT_EA_INODE, "ea_inode"},
    {INCOMPAT_DIRDATA, "dirdata"},
    {INCOMPAT_CSUM_SEED, "metadata_csum_seed"},
    {INCOMPAT_LARGEDIR, "large_dir"},
    {INCOMPAT_INLINE_DATA, "inline_data"},
    {INCOMPAT_ENCRYPT, "encrypt"},
    {INCOMPAT_CASEFOLD, "casefold"},
    {0, NULL},
};

static const struct feature_name ro_compat_names[] = {
    {RO_COMPAT_SPARSE_SUPER, "sparse_super"},
    {RO_COMPAT_LARGE_FILE, "large_file"},
    {RO_COMPAT_BTREE_DIR, "btree_dir"},
    {RO_COMPAT_HUGE_FILE, "huge_file"},
    {RO_COMPAT_GDT_CSUM, "uninit_bg"},
    {RO_COMPAT_DIR_NLINK, "dir_nlink"},
    {RO_COMPAT_EXTRA_ISIZE, "extra_isize"},
    {RO_COMPAT_QUOTA, "quota"},
    {RO_COMPAT_BIGALLOC, "bigalloc"},
    {RO_COMPAT_METADATA_CSUM, "metadata_csum"},
    {RO_COMPAT_READONLY, "read-only"},
    {RO_COMPAT_PROJECT, "project"},
    {RO_COMPAT_VERITY, "verity"},
    {RO_COMPAT_ORPHAN_PRESENT, "orphan_present"},
    {0, NULL},
};

static void text_append(char *text, size_t room, const char *more)
{
    size_t used = strlen(text);
    while (*more && used + 1 < room)
        text[used++] = *more++;
    text[used] = 0;
}

// "casefold encrypt 0x80000": names of the bits, unnamed ones as numbers.
static void features_text(const struct feature_name *names, uint32_t bits, char *text, size_t room)
{
    text[0] = 0;
    for (unsigned bit = 0; bit < 32; bit++) {
        uint32_t feature = bits & 1u << bit;
        if (!feature)
            continue;
        const struct feature_name *row = names;
        while (row->name && row->feature != feature)
            row++;
        char number[] = "0x00000000";
        for (unsigned digit = 0; digit < 8; digit++)
            number[2 + digit] = "0123456789abcdef"[feature >> (28 - 4 * digit) & 15];
        text_append(text, room, text[0] ? " " : "");
        text_append(text, room, row->name ? row->name : number);
    }
}

int ext4_features_check(struct ext4 *fs)
{
    char text[EXT4_REASON_MAX];
    uint32_t unknown = fs->super.s_feature_incompat & ~(uint32_t)INCOMPAT_CARRIED;

    if (unknown == INCOMPAT_RECOVER && !fs->source.write) {
        ext4_log(fs, "ext4: the journal needs replay, and the device cannot be written");
        return -E_OPNOTSUPP;
    }
    if (unknown == INCOMPAT_RECOVER && ext4_has_compat(fs, COMPAT_HAS_JOURNAL))
        unknown = 0;
    if (unknown) {
        features_text(incompat_names, unknown, text, sizeof(text));
        ext4_log(fs, "ext4: cannot mount: features not supported: %s", text);
        return -E_OPNOTSUPP;
    }
    unknown = fs->super.s_feature_ro_compat & ~(uint32_t)RO_COMPAT_CARRIED;
    if (unknown) {
        features_text(ro_compat_names, unknown, text, sizeof(text));
        ext4_log(fs, "ext4: can only be mounted read-only because of features: %s", text);
    }
    return 0;
}

bool ext4_features_writable(struct ext4 *fs)
{
    char text[EXT4_REASON_MAX];
    uint32_t unknown = fs->super.s_feature_incompat & ~(uint32_t)INCOMPAT_WRITTEN;
    if (unknown) {
        features_text(incompat_names, unknown, text, sizeof(text));
        ext4_log(fs, "ext4: can only be mounted read-only because of features: %s", text);
        return false;
    }
    if (!ext4_has_incompat(fs, INCOMPAT_EXTENTS)) {
        ext4_log(fs, "ext4: can only be mounted read-only: no extents");
        return false;
    }
    if (fs->block_bytes > EXT4_WRITE_BLOCK_MAX) {
        ext4_log(fs, "ext4: can only be mounted read-only: blocks of %u bytes", fs->block_bytes);
        return false;
    }
    return !(fs->super.s_feature_ro_compat & ~(uint32_t)RO_COMPAT_CARRIED); // logged at opening
}
