// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Which partition table a disk has, and what both parsers share (partition.h).

#include "lib/block/partition.h"

#include <string.h>

#include "abi/error.h"
#include "lib/block/partition_hw.h"

uint32_t block_crc32(uint32_t crc, const void *data, size_t bytes)
{
    const uint8_t *byte = data;
    crc = ~crc;
    for (size_t i = 0; i < bytes; i++) {
        crc ^= byte[i];
        for (unsigned bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ ((crc & 1) != 0 ? 0xedb88320u : 0);
    }
    return ~crc;
}

static bool overlaps(const struct block_partition *partition, uint64_t start, uint64_t bytes)
{
    return start < partition->start + partition->bytes && partition->start < start + bytes;
}

struct block_partition *block_table_add(const struct block_disk *disk, struct block_table *table,
                                        uint32_t number, uint64_t start, uint64_t blocks)
{
    uint64_t blocks_all = disk->capacity / disk->block_bytes;
    if (blocks == 0 || blocks > blocks_all || start > blocks_all - blocks)
        return NULL;
    if (table->count == BLOCK_PARTITIONS_MAX || number == 0 || number > BLOCK_PARTITIONS_MAX)
        return NULL;
    uint64_t first = start * disk->block_bytes;
    uint64_t bytes = blocks * disk->block_bytes;
    for (uint32_t i = 0; i < table->count; i++)
        if (overlaps(&table->partition[i], first, bytes))
            return NULL;
    struct block_partition *partition = &table->partition[table->count++];
    *partition = (struct block_partition){.number = number, .start = first, .bytes = bytes};
    return partition;
}

const struct block_partition *block_table_find(const struct block_table *table, uint32_t number)
{
    for (uint32_t i = 0; i < table->count; i++)
        if (table->partition[i].number == number)
            return &table->partition[i];
    return NULL;
}

static bool has_mbr(const uint8_t *block)
{
    const struct mbr *mbr = (const struct mbr *)(const void *)block;
    if (mbr->signature != MBR_SIGNATURE)
        return false;
    for (unsigned i = 0; i < MBR_ENTRIES; i++) {
        uint8_t status = mbr->entry[i].status;
        if (status != MBR_STATUS_INACTIVE && status != MBR_STATUS_ACTIVE)
            return false; // a boot sector of a file system has code here
    }
    return true;
}

static bool is_protective(const uint8_t *block)
{
    const struct mbr *mbr = (const struct mbr *)(const void *)block;
    for (unsigned i = 0; i < MBR_ENTRIES; i++)
        if (mbr->entry[i].type == MBR_TYPE_GPT_PROTECTIVE)
            return true;
    return false;
}

int block_table_read(const struct block_disk *disk, struct block_table *table)
{
    memset(table, 0, sizeof(*table));
    uint32_t block_bytes = disk->block_bytes;
    if (block_bytes < BLOCK_SECTOR_BYTES || block_bytes > BLOCK_PARTITION_BLOCK_MAX ||
        (block_bytes & (block_bytes - 1)) != 0)
        return -E_INVAL;
    if (disk->capacity < block_bytes)
        return 0; // no medium, or too small for any table
    _Alignas(8) uint8_t block[BLOCK_PARTITION_BLOCK_MAX];
    int status = disk->read(disk->context, 0, block, block_bytes);
    if (status < 0 || !has_mbr(block))
        return status;
    status = is_protective(block) ? block_table_read_gpt(disk, table)
                                  : block_table_read_mbr(disk, block, table);
    if (status < 0)
        memset(table, 0, sizeof(*table));
    return status;
}
