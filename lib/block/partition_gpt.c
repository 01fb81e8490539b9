// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// GUID partition table (partition.h). A copy counts only if both its checksums are right.

#include <string.h>

#include "abi/error.h"
#include "lib/block/partition.h"
#include "lib/block/partition_hw.h"

// Bounds the work on a hostile header; UEFI asks for 16 KiB, common tools write that.
enum { GPT_ARRAY_BYTES_MAX = 1 << 20, GPT_ENTRY_BYTES_MAX = 4096 };

struct gpt_copy {
    struct gpt_header header;
    uint64_t array_bytes;
};

// Checks everything in the header that can be checked without the array.
static bool header_is_good(const struct block_disk *disk, const uint8_t *block, uint64_t lba,
                           struct gpt_copy *copy)
{
    struct gpt_header *header = &copy->header;
    memcpy(header, block, sizeof(*header));
    if (header->signature != GPT_SIGNATURE || header->revision != GPT_REVISION)
        return false;
    if (header->header_bytes < GPT_HEADER_BYTES_MIN || header->header_bytes > disk->block_bytes)
        return false;
    static const uint8_t zero[sizeof(header->header_crc32)];
    const size_t crc_at = offsetof(struct gpt_header, header_crc32);
    uint32_t crc = block_crc32(0, block, crc_at);
    crc = block_crc32(crc, zero, sizeof(zero));
    crc = block_crc32(crc, block + crc_at + sizeof(zero),
                      header->header_bytes - crc_at - sizeof(zero));
    if (crc != header->header_crc32 || header->my_lba != lba)
        return false;

    uint64_t blocks = disk->capacity / disk->block_bytes;
    if (header->first_usable_lba > header->last_usable_lba || header->last_usable_lba >= blocks)
        return false;
    uint32_t entry_bytes = header->size_of_partition_entry;
    if (entry_bytes < GPT_ENTRY_BYTES_MIN || entry_bytes > GPT_ENTRY_BYTES_MAX ||
        (entry_bytes & (entry_bytes - 1)) != 0)
        return false;
    copy->array_bytes = (uint64_t)header->number_of_partition_entries * entry_bytes;
    if (copy->array_bytes == 0 || copy->array_bytes > GPT_ARRAY_BYTES_MAX)
        return false;
    uint64_t array_blocks = (copy->array_bytes + disk->block_bytes - 1) / disk->block_bytes;
    return array_blocks <= blocks && header->partition_entry_lba <= blocks - array_blocks;
}

// Calls nothing but read and crc: is the array what the header says?
static int array_is_good(const struct block_disk *disk, const struct gpt_copy *copy, bool *good)
{
    uint8_t block[BLOCK_PARTITION_BLOCK_MAX];
    uint64_t offset = copy->header.partition_entry_lba * disk->block_bytes;
    uint64_t left = copy->array_bytes;
    uint32_t crc = 0;
    while (left > 0) {
        uint32_t bytes = left < disk->block_bytes ? (uint32_t)left : disk->block_bytes;
        int status = disk->read(disk->context, offset, block, disk->block_bytes);
        if (status < 0)
            return status;
        crc = block_crc32(crc, block, bytes);
        offset += disk->block_bytes;
        left -= bytes;
    }
    *good = crc == copy->header.partition_entry_array_crc32;
    return 0;
}

// UTF-16 to UTF-8, as much as fits whole; a lone surrogate becomes U+FFFD.
static void convert_name(char *label, const uint16_t *name)
{
    size_t used = 0;
    for (unsigned i = 0; i < GPT_NAME_UNITS && name[i] != 0; i++) {
        uint32_t code = name[i];
        if (code >= 0xd800 && code < 0xe000) {
            bool pair = code < 0xdc00 && i + 1 < GPT_NAME_UNITS && name[i + 1] >= 0xdc00 &&
                        name[i + 1] < 0xe000;
            code = pair ? 0x10000 + ((code - 0xd800) << 10) + (name[++i] - 0xdc00u) : 0xfffd;
        }
        char utf8[4];
        size_t bytes = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
        static const uint8_t lead[] = {0, 0x00, 0xc0, 0xe0, 0xf0};
        for (size_t k = bytes; k-- > 1; code >>= 6)
            utf8[k] = (char)(0x80 | (code & 0x3f));
        utf8[0] = (char)(lead[bytes] | code);
        if (used + bytes >= BLOCK_LABEL_MAX)
            break;
        memcpy(label + used, utf8, bytes);
        used += bytes;
    }
    label[used] = '\0';
}

static void add_entry(const struct block_disk *disk, const struct gpt_copy *copy,
                      struct block_table *table, uint32_t number, const struct gpt_entry *entry)
{
    static const uint8_t unused[16];
    if (memcmp(entry->partition_type_guid, unused, sizeof(unused)) == 0)
        return;
    if (entry->starting_lba > entry->ending_lba ||
        entry->starting_lba < copy->header.first_usable_lba ||
        entry->ending_lba > copy->header.last_usable_lba)
        return;
    struct block_partition *added = block_table_add(disk, table, number, entry->starting_lba,
                                                    entry->ending_lba - entry->starting_lba + 1);
    if (added == NULL)
        return;
    added->type = BLOCK_TYPE_GPT;
    memcpy(added->type_guid, entry->partition_type_guid, sizeof(added->type_guid));
    convert_name(added->label, entry->partition_name);
}

static int add_entries(const struct block_disk *disk, const struct gpt_copy *copy,
                       struct block_table *table)
{
    _Alignas(8) uint8_t block[BLOCK_PARTITION_BLOCK_MAX];
    uint32_t entry_bytes = copy->header.size_of_partition_entry;
    uint32_t count = copy->header.number_of_partition_entries;
    uint64_t array = copy->header.partition_entry_lba * disk->block_bytes;
    uint64_t loaded = UINT64_MAX;
    for (uint32_t i = 0; i < count && i < BLOCK_PARTITIONS_MAX; i++) {
        // Entries are 128 * 2^n bytes and so never straddle a block, but may be larger than one.
        uint64_t offset = (uint64_t)i * entry_bytes;
        uint64_t start = offset & ~(uint64_t)(disk->block_bytes - 1);
        if (start != loaded) {
            int status = disk->read(disk->context, array + start, block, disk->block_bytes);
            if (status < 0)
                return status;
            loaded = start;
        }
        struct gpt_entry entry;
        memcpy(&entry, block + (offset - start), sizeof(entry));
        add_entry(disk, copy, table, i + 1, &entry);
    }
    return 0;
}

// -E_BADMSG: this copy is damaged.
static int read_copy(const struct block_disk *disk, uint64_t lba, struct block_table *table)
{
    uint8_t block[BLOCK_PARTITION_BLOCK_MAX];
    struct gpt_copy copy;
    int status = disk->read(disk->context, lba * disk->block_bytes, block, disk->block_bytes);
    if (status < 0)
        return status;
    if (!header_is_good(disk, block, lba, &copy))
        return -E_BADMSG;
    bool good = false;
    status = array_is_good(disk, &copy, &good);
    if (status < 0)
        return status;
    return good ? add_entries(disk, &copy, table) : -E_BADMSG;
}

int block_table_read_gpt(const struct block_disk *disk, struct block_table *table)
{
    uint64_t blocks = disk->capacity / disk->block_bytes;
    if (blocks <= GPT_PRIMARY_LBA)
        return -E_BADMSG;
    table->kind = BLOCK_TABLE_GPT;
    int status = read_copy(disk, GPT_PRIMARY_LBA, table);
    if (status >= 0)
        return 0;
    table->from_backup = true;
    table->count = 0;
    return read_copy(disk, blocks - 1, table);
}
