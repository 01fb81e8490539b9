// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// What the parts of the ext4 library share.
//
// Invariants:
// 1. A buffer's block number lies within the file system, and no two buffers hold the same block.
// 2. A buffer with pins is not on the list of reusable ones; pins count the holders.
// 3. A buffer's `verified` names the kind of structure, and the inode it belongs to, that its
// content
//    was checked as. Reading it from the device clears that. Nobody walks a structure in a buffer
//    that is not verified as just this.
// 4. struct ext4's geometry (block size, groups, inode size, descriptor size) passed ext4_open's
//    checks, so arithmetic on it needs none.

#pragma once

#include "fs/ext4/disk.h"
#include "fs/ext4/ext4.h"
#include "fs/ext4/journal.h"

// ---- checksums (checksum.c) ----

// With the processor's crc32c, if wanted and there.
void ext4_checksum_init(bool instruction);
uint32_t ext4_crc32c(uint32_t crc, const void *data, size_t bytes); // start value ~0
uint16_t ext4_crc16(uint16_t crc, const void *data, size_t bytes);

// ---- the cache of metadata blocks (cache.c) ----

enum ext4_kind { // what a block was verified as
    EXT4_KIND_NONE,
    EXT4_KIND_EXTENTS,
    EXT4_KIND_DIRECTORY,
    EXT4_KIND_HASH_ROOT,
    EXT4_KIND_HASH_NODE,
    EXT4_KIND_XATTR,
    EXT4_KIND_BLOCK_BITMAP, // `verified_ino` is the group
    EXT4_KIND_INODE_BITMAP,
};

struct ext4_buffer {
    struct ext4_buffer *newer, *older; // reusable ones, by last use
    struct ext4_buffer *chain;         // same hash
    uint64_t block;
    uint8_t *data; // a block
    uint32_t pins;
    uint32_t verified_ino;
    uint8_t verified; // enum ext4_kind
    bool valid;       // holds the block's content
    // Writing only (write.h).
    uint8_t state;              // enum ext4_buffer_state
    bool fresh;                 // this operation took it without reading it
    struct ext4_buffer *before; // what it was before this operation; on no list
    struct ext4_buffer *next;   // modified by this operation
};

enum ext4_buffer_state { // bits
    EXT4_BUFFER_RUNNING = 1 << 0,
    EXT4_BUFFER_DIRTY = 1 << 1,
    EXT4_BUFFER_FORGOTTEN = 1 << 2,
};

struct ext4_cache {
    struct ext4_buffer *buffers;
    struct ext4_buffer **hash;
    uint8_t *staging; // for reading several blocks at once
    struct ext4_buffer *newest, *oldest;
    uint32_t count;
    uint32_t hash_mask;
    uint32_t staging_blocks;
    uint64_t hits, misses;
};

enum {
    EXT4_STAGING_BYTES = 32 * 1024,
    EXT4_REPORTS = 32, // faults remembered, so that each is logged once
    // Larger blocks are only read: some parts work on a copy of a block on the stack.
    EXT4_WRITE_BLOCK_MAX = 4096,
    EXT4_OPERATION_BLOCKS_MIN = 32, // a file system with room for fewer is not mounted writable
    EXT4_OPERATION_BLOCKS = 80,     // an operation changes this many blocks at most
    EXT4_OPERATION_FREED = 128,     // and frees this many runs
};

// The operation under way (write.h).
struct ext4_operation {
    bool open;
    uint32_t blocks; // modified so far
    uint32_t freed_before;
    uint64_t sequence;
    struct fs_time now;
    struct ext4_buffer *modified;  // list by `next`
    struct ext4_super_block super; // as it was before
};

struct ext4 {
    struct block_source source;
    void (*log)(void *context, const char *format, va_list arguments);
    void *log_context;
    struct ext4_cache cache;
    uint64_t report[EXT4_REPORTS];
    uint32_t report_next;

    uint64_t blocks;
    uint64_t groups;
    uint32_t block_bytes;
    uint32_t block_shift;
    uint32_t inodes;
    uint32_t first_ino;
    uint32_t inode_bytes;
    uint32_t desc_bytes;
    uint32_t first_data_block;
    uint32_t checksum_seed;
    bool metadata_csum;
    bool gdt_csum; // RO_COMPAT_GDT_CSUM or metadata_csum: unused inodes are counted
    struct ext4_super_block super;

    // Writing only (write.h).
    bool writable;
    bool aborted; // the journal gave up: reading only from then on
    struct ext4_operation operation;
    struct ext4_journal journal;
};

void ext4_cache_init(struct ext4 *fs, uint8_t *memory, size_t bytes);

// Pins a block, reading it if need be together with up to `ahead` blocks behind it.
// -E_UCLEAN: outside the file system.
int ext4_buffer_get(struct ext4 *fs, uint64_t block, uint32_t ahead, struct ext4_buffer **out);
void ext4_buffer_put(struct ext4 *fs, struct ext4_buffer *buffer);

// Pinned by somebody else than the journal.
uint32_t ext4_buffers_pinned(const struct ext4 *fs);

// For the journal. The cached block, or NULL; not pinned by this.
struct ext4_buffer *ext4_buffer_find(const struct ext4 *fs, uint64_t block);
// Pins a block without reading it: if it was not cached, its content is undefined and *cached
// false.
int ext4_buffer_enter(struct ext4 *fs, uint64_t block, bool *cached, struct ext4_buffer **out);
// The buffer's content is void, nobody finds it any more; holders of pins still put it.
void ext4_buffer_drop(struct ext4 *fs, struct ext4_buffer *buffer);
// A buffer for another use, on no list and without a block, until it is returned. NULL: none left.
struct ext4_buffer *ext4_buffer_spare(struct ext4 *fs);
void ext4_buffer_spare_return(struct ext4 *fs, struct ext4_buffer *buffer);

// Which invariant of the cache is broken, or NULL. For tests: it looks at everything.
const char *ext4_cache_fault(const struct ext4 *fs);

// ---- faults (report.c) ----

// One log line "ext4: <what>: inode I, block B", unless the same was reported lately. Returns
// `error`.
int ext4_report(struct ext4 *fs, int error, const char *what, uint64_t ino, uint64_t block);
void ext4_log(struct ext4 *fs, const char *format, ...) __attribute__((format(printf, 2, 3)));

// ---- superblock (super.c), features (feature.c) ----

// 0, or -E_OPNOTSUPP with the reason logged.
int ext4_features_check(struct ext4 *fs);
// Are they carried for writing too? If not, the log says why.
bool ext4_features_writable(struct ext4 *fs);

// ---- mount.c ----

// Behind a replay, if there was one: readies the file system for writing if that is wished for and
// carried (fs->writable), and leaves it marked clean otherwise. Errors of the device only.
int ext4_write_start(struct ext4 *fs, const struct ext4_setup *setup);

// Brings fs->super into its buffer, with checksum, times and the client's progress.
void ext4_super_store(struct ext4 *fs);

static inline bool ext4_has_compat(const struct ext4 *fs, uint32_t feature)
{
    return (fs->super.s_feature_compat & feature) != 0;
}

static inline bool ext4_has_incompat(const struct ext4 *fs, uint32_t feature)
{
    return (fs->super.s_feature_incompat & feature) != 0;
}

static inline bool ext4_has_ro_compat(const struct ext4 *fs, uint32_t feature)
{
    return (fs->super.s_feature_ro_compat & feature) != 0;
}

// Is [block, block + count) inside the file system, behind the boot block and superblock?
static inline bool ext4_blocks_valid(const struct ext4 *fs, uint64_t block, uint64_t count)
{
    return block > fs->first_data_block && block < fs->blocks && count <= fs->blocks - block;
}

// ---- groups (group.c) ----

struct ext4_group {
    uint64_t block_bitmap, inode_bitmap, inode_table;
    uint32_t unused_inodes; // at the table's end
    uint32_t free_blocks, free_inodes, directories;
    uint16_t flags;
};

// Reads and verifies the descriptor of group `index` (below fs->groups).
int ext4_group_get(struct ext4 *fs, uint64_t index, struct ext4_group *out);
// The same, and where it lies; *buffer is pinned.
int ext4_group_find(struct ext4 *fs, uint64_t index, struct ext4_buffer **buffer,
                    struct ext4_group_desc **desc, struct ext4_group *group);
uint16_t ext4_group_checksum(const struct ext4 *fs, uint64_t index,
                             const struct ext4_group_desc *desc);
uint64_t ext4_group_first_block(const struct ext4 *fs, uint64_t index);
uint32_t ext4_group_blocks(const struct ext4 *fs, uint64_t index); // fewer in the last one
// Blocks at a group's start that copies of superblock and descriptors take.
uint32_t ext4_group_head_blocks(const struct ext4 *fs, uint64_t index);

// ---- inodes (inode.c) ----

// Is the field inside what i_extra_isize says is used?
#define EXT4_INODE_HAS(inode, field)                    \
    (EXT4_GOOD_OLD_INODE_SIZE + (inode)->extra_isize >= \
     offsetof(struct ext4_disk_inode, field) + sizeof(((struct ext4_disk_inode *)0)->field))

// As ext4_inode_get, also one without links, which may be free: only the bitmap knows.
int ext4_inode_get_unlinked(struct ext4 *fs, uint64_t ino, struct ext4_inode *inode);
uint32_t ext4_inode_checksum(const struct ext4_inode *inode);
// Copies of what the raw inode says: all but generation and checksum seed; those two.
void ext4_inode_decode(struct ext4_inode *inode);
void ext4_inode_seed(struct ext4_inode *inode);
// As ext4_inode_get, for the reserved ones too.
int ext4_inode_get_any(struct ext4 *fs, uint64_t ino, struct ext4_inode *inode);

static inline const struct ext4_disk_inode *ext4_disk_inode(const struct ext4_inode *inode)
{
    return (const struct ext4_disk_inode *)inode->raw;
}

static inline unsigned ext4_inode_type(const struct ext4_inode *inode)
{
    return inode->mode & EXT4_S_IFMT;
}

// ---- mapping (map.c, extent.c, indirect.c) ----

// The run that holds `logical`, not necessarily the longest possible.
int ext4_run_find(const struct ext4_inode *inode, uint64_t logical, struct ext4_run *run);
int ext4_extent_run_find(const struct ext4_inode *inode, uint64_t logical, struct ext4_run *run);
int ext4_indirect_run_find(const struct ext4_inode *inode, uint64_t logical, struct ext4_run *run);

// Logical blocks that a classic map, and this inode's kind of map, can hold.
uint64_t ext4_indirect_limit(const struct ext4 *fs);
uint64_t ext4_map_limit(const struct ext4_inode *inode);

// ---- directories (directory.c, hash_tree.c, name_hash.c, inline.c) ----

struct ext4_name {
    const char *bytes;
    unsigned length;
};

// Pins the directory's block, verified as `kind`; EXT4_KIND_NONE: as what a walk through all blocks
// takes it for. -E_UCLEAN also for a hole.
int ext4_directory_block_get(const struct ext4_inode *directory, uint64_t logical,
                             enum ext4_kind kind, struct ext4_buffer **out);

// Checks the entries in [data, data + bytes). *reason is set with -E_UCLEAN.
int ext4_entries_check(const struct ext4 *fs, const uint8_t *data, size_t bytes,
                       const char **reason);

// Where a name is. The block is pinned until ext4_place_put.
struct ext4_place {
    struct ext4_buffer *buffer;
    size_t at; // of the entry in it
    uint32_t ino;
    enum ext4_kind kind; // of the block
};

// Not for inline directories. -E_NOENT; -E_NOTDIR.
int ext4_place_find(const struct ext4_inode *directory, const struct ext4_name *name,
                    struct ext4_place *place);
void ext4_place_put(struct ext4 *fs, struct ext4_place *place);

// Looks for the name in checked entries: sets `at` and `ino`. 0 or -E_NOENT.
int ext4_entries_find(const struct ext4 *fs, const uint8_t *data, size_t bytes,
                      const struct ext4_name *name, struct ext4_place *place);

// Hands the checked entries in [data, data + bytes) to emit, skipping those before *position -
// base; position counts from `base`, the cookie of data's first byte. Returns 1 to go on, 0 when
// emit stopped.
int ext4_entries_emit(const struct ext4 *fs, const uint8_t *data, size_t bytes, uint64_t base,
                      uint64_t *position, ext4_emit_t emit, void *context);

uint32_t ext4_rec_len(const struct ext4 *fs, uint16_t raw);
bool ext4_is_indexed(const struct ext4_inode *directory);

// Verifies a block of the tree. *reason is set with an error.
int ext4_hash_block_check(const struct ext4_inode *directory, const struct ext4_buffer *buffer,
                          bool root, const char **reason);
int ext4_hash_find(const struct ext4_inode *directory, const struct ext4_name *name,
                   struct ext4_place *place);

// Hash of a name. Bit 0 is 0. `seed`: four words, or all zero for the standard one.
uint32_t ext4_name_hash(enum ext4_hash_version version, const uint32_t seed[4], const char *name,
                        unsigned length);

// Inline data: the part in i_block and the part in the attribute "system.data".
struct ext4_inline {
    const uint8_t *head, *tail;
    uint32_t head_bytes, tail_bytes;
};

int ext4_inline_find(const struct ext4_inode *inode, struct ext4_inline *out);
int ext4_inline_lookup(const struct ext4_inode *directory, const struct ext4_name *name,
                       uint32_t *ino);
int ext4_inline_readdir(const struct ext4_inode *directory, uint64_t *position, ext4_emit_t emit,
                        void *context);

// ---- extended attributes (xattr.c) ----

// The attribute inside the inode's own block; *value points into it. -E_NODATA.
int ext4_xattr_in_inode(const struct ext4_inode *inode, enum ext4_xattr_index index,
                        const char *name, size_t length, const uint8_t **value, uint32_t *bytes);
