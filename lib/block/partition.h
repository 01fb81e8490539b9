// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Partition tables: GPT (UEFI 2.10, chapter 5) and MBR with extended partitions. Pure: what is on
// the disk comes through a callback, and nothing of it is believed before it is checked.
//
// A disk whose first block holds a protective MBR is read as GPT, from the backup if the primary is
// damaged; else as MBR; else it has no partitions. Entries that lie outside the disk or overlap an
// earlier one are left out.

#pragma once

#include <stdint.h>

#include "abi/block.h"

// Reads bytes of the disk; offset and bytes are multiples of the block size. 0 or a negative error.
typedef int (*block_partition_read_t)(void *context, uint64_t offset, void *to, uint32_t bytes);

struct block_disk {
    block_partition_read_t read;
    void *context;
    uint64_t capacity;    // bytes
    uint32_t block_bytes; // 512 .. BLOCK_PARTITION_BLOCK_MAX, a power of two
};

enum { BLOCK_PARTITION_BLOCK_MAX = 4096 };

enum block_table_kind { BLOCK_TABLE_NONE, BLOCK_TABLE_MBR, BLOCK_TABLE_GPT };

enum { BLOCK_TYPE_GPT = 0xee };

struct block_partition {
    uint32_t number; // as Linux counts: GPT entry + 1; MBR primary 1-4, logical from 5
    uint32_t type;   // MBR type byte, or BLOCK_TYPE_GPT
    uint64_t start;  // bytes
    uint64_t bytes;
    uint8_t type_guid[16];
    char label[BLOCK_LABEL_MAX];
};

struct block_table {
    enum block_table_kind kind;
    bool from_backup; // the primary GPT is damaged
    uint32_t count;
    struct block_partition partition[BLOCK_PARTITIONS_MAX];
};

// 0, also for a disk without a table; -E_INVAL bad geometry; -E_BADMSG both copies of a GPT are
// damaged; or the error of `read`. With an error the table is empty.
int block_table_read(const struct block_disk *disk, struct block_table *table);

// NULL: no such partition.
const struct block_partition *block_table_find(const struct block_table *table, uint32_t number);

// ---- shared by the parsers ----

int block_table_read_mbr(const struct block_disk *disk, const uint8_t *first_block,
                         struct block_table *table);
int block_table_read_gpt(const struct block_disk *disk, struct block_table *table);

// Adds a partition of `blocks` blocks from block `start`, unless it is empty, beyond the disk,
// overlaps another, or the table is full. Returns the new entry or NULL.
struct block_partition *block_table_add(const struct block_disk *disk, struct block_table *table,
                                        uint32_t number, uint64_t start, uint64_t blocks);

// CRC-32 as GPT uses it (ISO 3309, reflected, 0xedb88320). Start with 0, feed pieces.
uint32_t block_crc32(uint32_t crc, const void *data, size_t bytes);
