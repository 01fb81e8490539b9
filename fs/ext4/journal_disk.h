// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The journal on the disk: layouts and bits only. Source: "ext4 Data Structures and Algorithms",
// section "Journal (jbd2)"; names are that document's. The journal is the content of a file
// (s_journal_inum) in blocks of the file system's size. All numbers are big-endian.

#pragma once

#include "abi/types.h"

enum {
    JBD2_MAGIC_NUMBER = (int)0xC03B3998,
    JBD2_MIN_JOURNAL_BLOCKS = 1024,
    JBD2_SUPER_BYTES = 1024,
    JBD2_CRC32C_CHKSUM = 4, // s_checksum_type
    JBD2_TAIL_BYTES = 4,    // checksum at the end of descriptor and revoke blocks (csum v2 and v3)
    JBD2_UUID_BYTES = 16,
};

enum jbd2_blocktype {
    JBD2_DESCRIPTOR_BLOCK = 1,
    JBD2_COMMIT_BLOCK = 2,
    JBD2_SUPERBLOCK_V1 = 3,
    JBD2_SUPERBLOCK_V2 = 4,
    JBD2_REVOKE_BLOCK = 5,
};

enum jbd2_feature_compat {
    JBD2_COMPAT_CHECKSUM = 0x1,
};

enum jbd2_feature_incompat {
    JBD2_INCOMPAT_REVOKE = 0x1,
    JBD2_INCOMPAT_64BIT = 0x2,
    JBD2_INCOMPAT_ASYNC_COMMIT = 0x4,
    JBD2_INCOMPAT_CSUM_V2 = 0x8,
    JBD2_INCOMPAT_CSUM_V3 = 0x10,
    JBD2_INCOMPAT_FAST_COMMIT = 0x20,
};

enum jbd2_tag_flags {
    JBD2_FLAG_ESCAPE = 1,    // the block began with the magic number; its first word is 0 here
    JBD2_FLAG_SAME_UUID = 2, // no UUID behind the tag
    JBD2_FLAG_DELETED = 4,
    JBD2_FLAG_LAST_TAG = 8,
};

struct jbd2_header { // of every block but the data
    uint32_t h_magic;
    uint32_t h_blocktype;
    uint32_t h_sequence;
};

struct jbd2_super { // block 0
    struct jbd2_header header;
    uint32_t s_blocksize;
    uint32_t s_maxlen;   // blocks
    uint32_t s_first;    // first block of the log; it wraps from s_maxlen to here
    uint32_t s_sequence; // of the transaction at s_start; the next one if that is 0
    uint32_t s_start;    // 0: nothing to replay
    uint32_t s_errno;
    uint32_t s_feature_compat;
    uint32_t s_feature_incompat;
    uint32_t s_feature_ro_compat;
    uint8_t s_uuid[JBD2_UUID_BYTES];
    uint32_t s_nr_users;
    uint32_t s_dynsuper;
    uint32_t s_max_transaction;
    uint32_t s_max_trans_data;
    uint8_t s_checksum_type;
    uint8_t s_padding2[3];
    uint32_t s_num_fc_blocks;
    uint32_t s_head;
    uint32_t s_padding[40];
    uint32_t s_checksum; // crc32c of the whole with this 0, start ~0
    uint8_t s_users[16 * 48];
};

// Tag of a descriptor block: which home the next block behind the descriptor has. With CSUM_V3
// struct jbd2_tag3; else struct jbd2_tag, without its last field unless 64BIT, and two bytes longer
// with CSUM_V2.
struct jbd2_tag {
    uint32_t t_blocknr;
    uint16_t t_checksum;
    uint16_t t_flags; // enum jbd2_tag_flags
    uint32_t t_blocknr_high;
};

struct jbd2_tag3 {
    uint32_t t_blocknr;
    uint32_t t_flags; // enum jbd2_tag_flags
    uint32_t t_blocknr_high;
    uint32_t t_checksum; // crc32c of sequence (big-endian) and block, start: that of the UUID
};

struct jbd2_commit {
    struct jbd2_header header;
    uint8_t h_chksum_type;
    uint8_t h_chksum_size;
    uint8_t h_padding[2];
    uint32_t h_chksum[8]; // [0]: csum v2 and v3, of the whole block with this 0
    uint64_t h_commit_sec;
    uint32_t h_commit_nsec;
};

struct jbd2_revoke { // block numbers follow, of 8 bytes with 64BIT, else of 4
    struct jbd2_header header;
    uint32_t r_count; // bytes used, with this header
};

_Static_assert(sizeof(struct jbd2_header) == 12, "layout");
_Static_assert(sizeof(struct jbd2_super) == JBD2_SUPER_BYTES, "layout");
_Static_assert(offsetof(struct jbd2_super, s_start) == 0x1C, "layout");
_Static_assert(offsetof(struct jbd2_super, s_uuid) == 0x30, "layout");
_Static_assert(offsetof(struct jbd2_super, s_checksum_type) == 0x50, "layout");
_Static_assert(offsetof(struct jbd2_super, s_checksum) == 0xFC, "layout");
_Static_assert(sizeof(struct jbd2_tag) == 12, "layout");
_Static_assert(sizeof(struct jbd2_tag3) == 16, "layout");
_Static_assert(offsetof(struct jbd2_commit, h_chksum) == 16, "layout");
_Static_assert(offsetof(struct jbd2_commit, h_commit_sec) == 48, "layout");
_Static_assert(sizeof(struct jbd2_revoke) == 16, "layout");

static inline uint32_t big32(uint32_t value)
{
    return __builtin_bswap32(value);
}

static inline uint64_t big64(uint64_t value)
{
    return __builtin_bswap64(value);
}

static inline uint16_t big16(uint16_t value)
{
    return __builtin_bswap16(value);
}
