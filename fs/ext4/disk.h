// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// ext4 on the disk: layouts and bits only. Source: "ext4 Data Structures and Algorithms" (the Linux
// kernel's documentation of the format), sections "Super Block", "Group Descriptors", "Index
// Nodes", "The Contents of inode.i_block", "Directory Entries", "Extended Attributes", "Checksums".
// Names of features and fields are those of that document. All numbers are little-endian.

#pragma once

#include "abi/types.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "structures are used in place");

// ---- superblock: 1024 bytes at byte 1024 of the device ----

enum {
    EXT4_SUPER_OFFSET = 1024,
    EXT4_SUPER_BYTES = 1024,
    EXT4_SUPER_MAGIC = 0xEF53,
    EXT4_SUPER_CHECKSUM_OFFSET = 0x3FC,
    EXT4_BLOCK_BYTES_MIN = 1024,
    EXT4_BLOCK_BYTES_MAX = 65536,
    EXT4_CRC32C_CHKSUM = 1, // s_checksum_type
    EXT4_CLIENT_MAGIC = 0x4D494E58,
    EXT4_GOOD_OLD_REV = 0,
    EXT4_DYNAMIC_REV = 1,
    EXT4_GOOD_OLD_INODE_SIZE = 128,
    EXT4_GOOD_OLD_FIRST_INO = 11,
    EXT4_MIN_DESC_SIZE = 32,
    EXT4_MIN_DESC_SIZE_64BIT = 64,
};

enum ext4_state {
    EXT4_VALID_FS = 1,
    EXT4_ERROR_FS = 2,
    EXT4_ORPHAN_FS = 4,
};

enum ext4_super_flags {
    EXT2_FLAGS_SIGNED_HASH = 1,
    EXT2_FLAGS_UNSIGNED_HASH = 2,
};

enum ext4_feature_compat {
    COMPAT_DIR_PREALLOC = 0x1,
    COMPAT_IMAGIC_INODES = 0x2,
    COMPAT_HAS_JOURNAL = 0x4,
    COMPAT_EXT_ATTR = 0x8,
    COMPAT_RESIZE_INODE = 0x10,
    COMPAT_DIR_INDEX = 0x20,
    COMPAT_SPARSE_SUPER2 = 0x200,
    COMPAT_FAST_COMMIT = 0x400,
    COMPAT_STABLE_INODES = 0x800,
    COMPAT_ORPHAN_FILE = 0x1000,
};

enum ext4_feature_incompat {
    INCOMPAT_COMPRESSION = 0x1,
    INCOMPAT_FILETYPE = 0x2,
    INCOMPAT_RECOVER = 0x4,
    INCOMPAT_JOURNAL_DEV = 0x8,
    INCOMPAT_META_BG = 0x10,
    INCOMPAT_EXTENTS = 0x40,
    INCOMPAT_64BIT = 0x80,
    INCOMPAT_MMP = 0x100,
    INCOMPAT_FLEX_BG = 0x200,
    INCOMPAT_EA_INODE = 0x400,
    INCOMPAT_DIRDATA = 0x1000,
    INCOMPAT_CSUM_SEED = 0x2000,
    INCOMPAT_LARGEDIR = 0x4000,
    INCOMPAT_INLINE_DATA = 0x8000,
    INCOMPAT_ENCRYPT = 0x10000,
    INCOMPAT_CASEFOLD = 0x20000,
};

enum ext4_feature_ro_compat {
    RO_COMPAT_SPARSE_SUPER = 0x1,
    RO_COMPAT_LARGE_FILE = 0x2,
    RO_COMPAT_BTREE_DIR = 0x4,
    RO_COMPAT_HUGE_FILE = 0x8,
    RO_COMPAT_GDT_CSUM = 0x10,
    RO_COMPAT_DIR_NLINK = 0x20,
    RO_COMPAT_EXTRA_ISIZE = 0x40,
    RO_COMPAT_QUOTA = 0x100,
    RO_COMPAT_BIGALLOC = 0x200,
    RO_COMPAT_METADATA_CSUM = 0x400,
    RO_COMPAT_READONLY = 0x1000,
    RO_COMPAT_PROJECT = 0x2000,
    RO_COMPAT_VERITY = 0x8000,
    RO_COMPAT_ORPHAN_PRESENT = 0x10000,
};

struct ext4_super_block {
    uint32_t s_inodes_count;
    uint32_t s_blocks_count_lo;
    uint32_t s_r_blocks_count_lo;
    uint32_t s_free_blocks_count_lo;
    uint32_t s_free_inodes_count;
    uint32_t s_first_data_block;
    uint32_t s_log_block_size; // block size is 1024 << this
    uint32_t s_log_cluster_size;
    uint32_t s_blocks_per_group;
    uint32_t s_clusters_per_group;
    uint32_t s_inodes_per_group;
    uint32_t s_mtime;
    uint32_t s_wtime;
    uint16_t s_mnt_count;
    uint16_t s_max_mnt_count;
    uint16_t s_magic;
    uint16_t s_state; // enum ext4_state
    uint16_t s_errors;
    uint16_t s_minor_rev_level;
    uint32_t s_lastcheck;
    uint32_t s_checkinterval;
    uint32_t s_creator_os;
    uint32_t s_rev_level;
    uint16_t s_def_resuid;
    uint16_t s_def_resgid;
    uint32_t s_first_ino;
    uint16_t s_inode_size;
    uint16_t s_block_group_nr;
    uint32_t s_feature_compat;
    uint32_t s_feature_incompat;
    uint32_t s_feature_ro_compat;
    uint8_t s_uuid[16];
    char s_volume_name[16];
    char s_last_mounted[64];
    uint32_t s_algorithm_usage_bitmap;
    uint8_t s_prealloc_blocks;
    uint8_t s_prealloc_dir_blocks;
    uint16_t s_reserved_gdt_blocks;
    uint8_t s_journal_uuid[16];
    uint32_t s_journal_inum;
    uint32_t s_journal_dev;
    uint32_t s_last_orphan;
    uint32_t s_hash_seed[4];
    uint8_t s_def_hash_version;
    uint8_t s_jnl_backup_type;
    uint16_t s_desc_size;
    uint32_t s_default_mount_opts;
    uint32_t s_first_meta_bg;
    uint32_t s_mkfs_time;
    uint32_t s_jnl_blocks[17];
    uint32_t s_blocks_count_hi;
    uint32_t s_r_blocks_count_hi;
    uint32_t s_free_blocks_count_hi;
    uint16_t s_min_extra_isize;
    uint16_t s_want_extra_isize;
    uint32_t s_flags; // enum ext4_super_flags
    uint16_t s_raid_stride;
    uint16_t s_mmp_interval;
    uint64_t s_mmp_block;
    uint32_t s_raid_stripe_width;
    uint8_t s_log_groups_per_flex;
    uint8_t s_checksum_type;
    uint16_t s_reserved_pad;
    uint64_t s_kbytes_written;
    uint32_t s_snapshot_inum;
    uint32_t s_snapshot_id;
    uint64_t s_snapshot_r_blocks_count;
    uint32_t s_snapshot_list;
    uint32_t s_error_count;
    uint8_t s_error_details[0x200 - 0x198]; // first and last error: time, inode, block, function
    uint8_t s_mount_opts[64];
    uint32_t s_usr_quota_inum;
    uint32_t s_grp_quota_inum;
    uint32_t s_overhead_blocks;
    uint32_t s_backup_bgs[2]; // COMPAT_SPARSE_SUPER2: groups with a copy of the superblock
    uint8_t s_encrypt_algos[4];
    uint8_t s_encrypt_pw_salt[16];
    uint32_t s_lpf_ino;
    uint32_t s_prj_quota_inum;
    uint32_t s_checksum_seed; // INCOMPAT_CSUM_SEED
    uint8_t s_time_hi[8]; // wtime, mtime, mkfs_time, lastcheck, first and last error: bits 32-39
    uint16_t s_encoding;
    uint16_t s_encoding_flags;
    uint32_t s_orphan_file_inum;
    uint32_t s_reserved[89];
    // The end of what the format reserves, used here: who changed the file system last, and how
    // far. Others ignore it.
    uint32_t s_client_magic; // EXT4_CLIENT_MAGIC: the rest means something
    uint32_t s_client[2];    // lineage (low word first)
    uint32_t s_applied[2];   // sequence number of its last operation in this state
    uint32_t s_checksum;     // crc32c of all before, start ~0
};

_Static_assert(sizeof(struct ext4_super_block) == EXT4_SUPER_BYTES, "layout");
_Static_assert(offsetof(struct ext4_super_block, s_magic) == 0x38, "layout");
_Static_assert(offsetof(struct ext4_super_block, s_first_ino) == 0x54, "layout");
_Static_assert(offsetof(struct ext4_super_block, s_feature_compat) == 0x5C, "layout");
_Static_assert(offsetof(struct ext4_super_block, s_uuid) == 0x68, "layout");
_Static_assert(offsetof(struct ext4_super_block, s_hash_seed) == 0xEC, "layout");
_Static_assert(offsetof(struct ext4_super_block, s_desc_size) == 0xFE, "layout");
_Static_assert(offsetof(struct ext4_super_block, s_blocks_count_hi) == 0x150, "layout");
_Static_assert(offsetof(struct ext4_super_block, s_flags) == 0x160, "layout");
_Static_assert(offsetof(struct ext4_super_block, s_checksum_type) == 0x175, "layout");
_Static_assert(offsetof(struct ext4_super_block, s_error_count) == 0x194, "layout");
_Static_assert(offsetof(struct ext4_super_block, s_backup_bgs) == 0x24C, "layout");
_Static_assert(offsetof(struct ext4_super_block, s_checksum_seed) == 0x270, "layout");
_Static_assert(offsetof(struct ext4_super_block, s_client_magic) == 0x3E8, "layout");
_Static_assert(offsetof(struct ext4_super_block, s_checksum) == 0x3FC, "layout");

// ---- group descriptor: s_desc_size bytes (INCOMPAT_64BIT) or the first 32 ----

enum ext4_group_flags {
    EXT4_BG_INODE_UNINIT = 1,
    EXT4_BG_BLOCK_UNINIT = 2,
    EXT4_BG_INODE_ZEROED = 4,
};

struct ext4_group_desc {
    uint32_t bg_block_bitmap_lo;
    uint32_t bg_inode_bitmap_lo;
    uint32_t bg_inode_table_lo;
    uint16_t bg_free_blocks_count_lo;
    uint16_t bg_free_inodes_count_lo;
    uint16_t bg_used_dirs_count_lo;
    uint16_t bg_flags; // enum ext4_group_flags
    uint32_t bg_exclude_bitmap_lo;
    uint16_t bg_block_bitmap_csum_lo;
    uint16_t bg_inode_bitmap_csum_lo;
    uint16_t bg_itable_unused_lo;
    uint16_t bg_checksum;
    uint32_t bg_block_bitmap_hi;
    uint32_t bg_inode_bitmap_hi;
    uint32_t bg_inode_table_hi;
    uint16_t bg_free_blocks_count_hi;
    uint16_t bg_free_inodes_count_hi;
    uint16_t bg_used_dirs_count_hi;
    uint16_t bg_itable_unused_hi;
    uint32_t bg_exclude_bitmap_hi;
    uint16_t bg_block_bitmap_csum_hi;
    uint16_t bg_inode_bitmap_csum_hi;
    uint32_t bg_reserved;
};

_Static_assert(sizeof(struct ext4_group_desc) == 64, "layout");
_Static_assert(offsetof(struct ext4_group_desc, bg_checksum) == 0x1E, "layout");
_Static_assert(offsetof(struct ext4_group_desc, bg_inode_table_hi) == 0x28, "layout");
_Static_assert(offsetof(struct ext4_group_desc, bg_itable_unused_hi) == 0x32, "layout");

// ---- inode ----

enum {
    EXT4_BAD_INO = 1,
    EXT4_ROOT_INO = 2,
    EXT4_INODE_SIZE_MAX = 4096,
    EXT4_NDIR_BLOCKS = 12,
    EXT4_IND_LEVELS = 3,
    EXT4_N_BLOCKS = 15,
    EXT4_I_BLOCK_BYTES = 60,
    EXT4_EPOCH_BITS = 2,
};

enum ext4_mode {
    EXT4_S_IFMT = 0xF000,
    EXT4_S_IFSOCK = 0xC000,
    EXT4_S_IFLNK = 0xA000,
    EXT4_S_IFREG = 0x8000,
    EXT4_S_IFBLK = 0x6000,
    EXT4_S_IFDIR = 0x4000,
    EXT4_S_IFCHR = 0x2000,
    EXT4_S_IFIFO = 0x1000,
};

enum ext4_inode_flags {
    EXT4_SYNC_FL = 0x8,
    EXT4_IMMUTABLE_FL = 0x10,
    EXT4_APPEND_FL = 0x20,
    EXT4_NOATIME_FL = 0x80,
    EXT4_ENCRYPT_FL = 0x800,
    EXT4_INDEX_FL = 0x1000,
    EXT4_HUGE_FILE_FL = 0x40000,
    EXT4_EXTENTS_FL = 0x80000,
    EXT4_EA_INODE_FL = 0x200000,
    EXT4_INLINE_DATA_FL = 0x10000000,
    EXT4_CASEFOLD_FL = 0x40000000,
};

struct ext4_disk_inode {
    uint16_t i_mode;
    uint16_t i_uid;
    uint32_t i_size_lo;
    uint32_t i_atime;
    uint32_t i_ctime;
    uint32_t i_mtime;
    uint32_t i_dtime;
    uint16_t i_gid;
    uint16_t i_links_count;
    uint32_t i_blocks_lo;
    uint32_t i_flags; // enum ext4_inode_flags
    uint32_t i_version;
    uint32_t i_block[EXT4_N_BLOCKS];
    uint32_t i_generation;
    uint32_t i_file_acl_lo;
    uint32_t i_size_high;
    uint32_t i_obso_faddr;
    uint16_t i_blocks_high;
    uint16_t i_file_acl_high;
    uint16_t i_uid_high;
    uint16_t i_gid_high;
    uint16_t i_checksum_lo;
    uint16_t i_reserved;
    // From here on only in inodes above 128 bytes, and as far as i_extra_isize reaches.
    uint16_t i_extra_isize;
    uint16_t i_checksum_hi;
    uint32_t i_ctime_extra; // bits 0-1: bits 32-33 of the seconds; 2-31: nanoseconds
    uint32_t i_mtime_extra;
    uint32_t i_atime_extra;
    uint32_t i_crtime;
    uint32_t i_crtime_extra;
    uint32_t i_version_hi;
    uint32_t i_projid;
};

_Static_assert(sizeof(struct ext4_disk_inode) == 160, "layout");
_Static_assert(offsetof(struct ext4_disk_inode, i_block) == 0x28, "layout");
_Static_assert(offsetof(struct ext4_disk_inode, i_generation) == 0x64, "layout");
_Static_assert(offsetof(struct ext4_disk_inode, i_checksum_lo) == 0x7C, "layout");
_Static_assert(offsetof(struct ext4_disk_inode, i_extra_isize) == 0x80, "layout");
_Static_assert(offsetof(struct ext4_disk_inode, i_crtime_extra) == 0x94, "layout");

// ---- extent tree ----

enum {
    EXT4_EXT_MAGIC = 0xF30A,
    EXT4_MAX_EXTENT_DEPTH = 5,
    EXT4_INIT_MAX_LEN = 32768, // above: unwritten, of ee_len - 32768 blocks
};

struct ext4_extent_header {
    uint16_t eh_magic;
    uint16_t eh_entries;
    uint16_t eh_max;
    uint16_t eh_depth; // 0: entries are extents, else indexes
    uint32_t eh_generation;
};

struct ext4_extent_idx {
    uint32_t ei_block;
    uint32_t ei_leaf_lo;
    uint16_t ei_leaf_hi;
    uint16_t ei_unused;
};

struct ext4_extent {
    uint32_t ee_block;
    uint16_t ee_len;
    uint16_t ee_start_hi;
    uint32_t ee_start_lo;
};

struct ext4_extent_tail {
    uint32_t et_checksum; // behind eh_max entries
};

_Static_assert(sizeof(struct ext4_extent_header) == 12, "layout");
_Static_assert(sizeof(struct ext4_extent_idx) == 12, "layout");
_Static_assert(sizeof(struct ext4_extent) == 12, "layout");

// ---- directories ----

enum {
    EXT4_NAME_LEN = 255,
    EXT4_DIR_ENTRY_HEADER = 8,
    EXT4_DIR_ALIGN = 4,
    EXT4_FT_DIR_CSUM = 0xDE, // file_type of the tail
};

enum ext4_file_type {
    EXT4_FT_UNKNOWN,
    EXT4_FT_REG_FILE,
    EXT4_FT_DIR,
    EXT4_FT_CHRDEV,
    EXT4_FT_BLKDEV,
    EXT4_FT_FIFO,
    EXT4_FT_SOCK,
    EXT4_FT_SYMLINK,
    EXT4_FT_COUNT,
};

struct ext4_dir_entry {
    uint32_t inode; // 0: unused
    uint16_t rec_len;
    uint8_t name_len;
    uint8_t file_type; // INCOMPAT_FILETYPE; else 0
};

struct ext4_dir_entry_tail {
    uint32_t det_reserved_zero1;
    uint16_t det_rec_len; // 12
    uint8_t det_reserved_zero2;
    uint8_t det_reserved_ft; // EXT4_FT_DIR_CSUM
    uint32_t det_checksum;
};

enum ext4_hash_version {
    DX_HASH_LEGACY = 0,
    DX_HASH_HALF_MD4 = 1,
    DX_HASH_TEA = 2,
    DX_HASH_LEGACY_UNSIGNED = 3,
    DX_HASH_HALF_MD4_UNSIGNED = 4,
    DX_HASH_TEA_UNSIGNED = 5,
};

// Block 0 of an indexed directory: entries "." and ".." of 12 bytes each (the second one's rec_len
// covers the rest of the block), then this, then the entries.
struct ext4_dx_root_info {
    uint32_t reserved_zero;
    uint8_t hash_version;
    uint8_t info_length; // 8
    uint8_t indirect_levels;
    uint8_t unused_flags;
};

enum {
    EXT4_DX_ROOT_INFO_OFFSET = 24,
    EXT4_DX_ROOT_ENTRIES_OFFSET = 32,
    EXT4_DX_NODE_ENTRIES_OFFSET = 8, // behind an unused directory entry that covers the block
    EXT4_DX_BLOCK_MASK = 0x0FFFFFFF,
};

// Entry 0 of a node has limit and count in the place of its hash, which is 0.
struct ext4_dx_countlimit {
    uint16_t limit;
    uint16_t count;
};

struct ext4_dx_entry {
    uint32_t hash;  // bit 0: names with this hash continue from the block before
    uint32_t block; // logical, in the directory
};

struct ext4_dx_tail {
    uint32_t dt_reserved;
    uint32_t dt_checksum; // behind `limit` entries
};

_Static_assert(sizeof(struct ext4_dir_entry) == EXT4_DIR_ENTRY_HEADER, "layout");
_Static_assert(sizeof(struct ext4_dir_entry_tail) == 12, "layout");
_Static_assert(sizeof(struct ext4_dx_root_info) == 8, "layout");
_Static_assert(sizeof(struct ext4_dx_countlimit) == 4, "layout");
_Static_assert(sizeof(struct ext4_dx_entry) == 8, "layout");
_Static_assert(sizeof(struct ext4_dx_tail) == 8, "layout");

// ---- extended attributes ----

enum {
    EXT4_XATTR_MAGIC = (int)0xEA020000,
    EXT4_XATTR_ALIGN = 4,
    EXT4_XATTR_VALUE_MAX = 65536,
};

enum ext4_xattr_index {
    EXT4_XATTR_INDEX_USER = 1,
    EXT4_XATTR_INDEX_POSIX_ACL_ACCESS = 2,
    EXT4_XATTR_INDEX_POSIX_ACL_DEFAULT = 3,
    EXT4_XATTR_INDEX_TRUSTED = 4,
    EXT4_XATTR_INDEX_SECURITY = 6,
    EXT4_XATTR_INDEX_SYSTEM = 7,
};

struct ext4_xattr_header { // at the start of an attribute block
    uint32_t h_magic;
    uint32_t h_refcount;
    uint32_t h_blocks; // 1
    uint32_t h_hash;
    uint32_t h_checksum;
    uint32_t h_reserved[3];
};

struct ext4_xattr_entry { // the name follows; the list ends with 4 zero bytes
    uint8_t e_name_len;
    uint8_t e_name_index;
    uint16_t e_value_offs; // from the block's start, or in an inode from the first entry
    uint32_t e_value_inum; // INCOMPAT_EA_INODE: the value is that inode's content
    uint32_t e_value_size;
    uint32_t e_hash;
};

_Static_assert(sizeof(struct ext4_xattr_header) == 32, "layout");
_Static_assert(sizeof(struct ext4_xattr_entry) == 16, "layout");
