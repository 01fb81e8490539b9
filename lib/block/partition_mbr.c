// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// MBR with extended partitions (partition.h).
//
// The extended partition holds a chain of extended boot records. Each has the layout of an MBR; its
// first entry is one logical partition, counted from the record itself, its second the next record,
// counted from the extended partition.

#include <string.h>

#include "abi/error.h"
#include "lib/block/partition.h"
#include "lib/block/partition_hw.h"

static bool is_extended(uint8_t type)
{
    return type == MBR_TYPE_EXTENDED || type == MBR_TYPE_EXTENDED_LBA ||
           type == MBR_TYPE_EXTENDED_LINUX;
}

// Follows the chain of one extended partition. Damage ends it: what came before stays. Each record
// must lie inside the extended partition, and there are at most as many as numbers, so a circle
// ends too.
static int read_extended(const struct block_disk *disk, struct block_table *table,
                         uint64_t extended_start, uint64_t extended_blocks)
{
    _Alignas(8) uint8_t block[BLOCK_PARTITION_BLOCK_MAX];
    const struct mbr *record = (const struct mbr *)(const void *)block;
    uint64_t blocks_all = disk->capacity / disk->block_bytes;
    uint64_t at = 0; // of the record, within the extended partition
    for (uint32_t number = MBR_LOGICAL_FIRST; number <= BLOCK_PARTITIONS_MAX; number++) {
        if (at >= extended_blocks || extended_start + at >= blocks_all)
            return 0;
        int status = disk->read(disk->context, (extended_start + at) * disk->block_bytes, block,
                                disk->block_bytes);
        if (status < 0)
            return status;
        if (record->signature != MBR_SIGNATURE)
            return 0;
        const struct mbr_entry *logical = &record->entry[0];
        const struct mbr_entry *next = &record->entry[1];
        if (logical->type != MBR_TYPE_EMPTY && !is_extended(logical->type)) {
            struct block_partition *added = block_table_add(
                disk, table, number, extended_start + at + logical->first_lba, logical->blocks);
            if (added != NULL)
                added->type = logical->type;
        }
        if (!is_extended(next->type) || next->first_lba == 0)
            return 0;
        at = next->first_lba;
    }
    return 0;
}

int block_table_read_mbr(const struct block_disk *disk, const uint8_t *first_block,
                         struct block_table *table)
{
    const struct mbr *mbr = (const struct mbr *)(const void *)first_block;
    table->kind = BLOCK_TABLE_MBR;
    for (unsigned i = 0; i < MBR_ENTRIES; i++) {
        const struct mbr_entry *entry = &mbr->entry[i];
        if (entry->type == MBR_TYPE_EMPTY || is_extended(entry->type))
            continue;
        struct block_partition *added =
            block_table_add(disk, table, i + 1, entry->first_lba, entry->blocks);
        if (added != NULL)
            added->type = entry->type;
    }
    // There can be one extended partition (a second would need the same numbers).
    for (unsigned i = 0; i < MBR_ENTRIES; i++)
        if (is_extended(mbr->entry[i].type))
            return read_extended(disk, table, mbr->entry[i].first_lba, mbr->entry[i].blocks);
    return 0;
}
