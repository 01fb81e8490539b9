// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// On-disk layouts of partition tables, in the words of the UEFI Specification 2.10: legacy MBR
// (5.2.1), GPT header (5.3.2) and GPT partition entry (5.3.3). Little-endian. Offsets within the
// MBR are not naturally aligned.

#pragma once

#include <stddef.h>
#include <stdint.h>

enum {
    MBR_SIGNATURE = 0xaa55,
    MBR_ENTRIES = 4,
    MBR_STATUS_INACTIVE = 0x00,
    MBR_STATUS_ACTIVE = 0x80,
    MBR_TYPE_EMPTY = 0x00,
    MBR_TYPE_EXTENDED = 0x05, // with CHS addresses
    MBR_TYPE_EXTENDED_LBA = 0x0f,
    MBR_TYPE_EXTENDED_LINUX = 0x85,
    MBR_TYPE_GPT_PROTECTIVE = 0xee,
    MBR_LOGICAL_FIRST = 5, // number of the first logical partition
};

struct mbr_entry {
    uint8_t status;
    uint8_t first_chs[3];
    uint8_t type;
    uint8_t last_chs[3];
    uint32_t first_lba;
    uint32_t blocks;
} __attribute__((packed));
_Static_assert(sizeof(struct mbr_entry) == 16, "5.2.1");

struct mbr {
    uint8_t code[446];
    struct mbr_entry entry[MBR_ENTRIES];
    uint16_t signature;
} __attribute__((packed));
_Static_assert(sizeof(struct mbr) == 512, "5.2.1");
_Static_assert(offsetof(struct mbr, entry) == 446, "5.2.1");

enum {
    GPT_PRIMARY_LBA = 1,
    GPT_REVISION = 0x00010000,
    GPT_HEADER_BYTES_MIN = 92,
    GPT_ENTRY_BYTES_MIN = 128, // 128 * 2^n
    GPT_NAME_UNITS = 36,
};
#define GPT_SIGNATURE 0x5452415020494645ull // "EFI PART"

struct gpt_header {
    uint64_t signature;
    uint32_t revision;
    uint32_t header_bytes;
    uint32_t header_crc32; // of header_bytes bytes, with this field 0
    uint32_t reserved;
    uint64_t my_lba;
    uint64_t alternate_lba;
    uint64_t first_usable_lba;
    uint64_t last_usable_lba;
    uint8_t disk_guid[16];
    uint64_t partition_entry_lba;
    uint32_t number_of_partition_entries;
    uint32_t size_of_partition_entry;
    uint32_t partition_entry_array_crc32;
} __attribute__((packed));
_Static_assert(sizeof(struct gpt_header) == GPT_HEADER_BYTES_MIN, "5.3.2");

struct gpt_entry {
    uint8_t partition_type_guid[16];
    uint8_t unique_partition_guid[16];
    uint64_t starting_lba;
    uint64_t ending_lba; // inclusive
    uint64_t attributes;
    uint16_t partition_name[GPT_NAME_UNITS]; // UTF-16
};
_Static_assert(sizeof(struct gpt_entry) == GPT_ENTRY_BYTES_MIN, "5.3.3");
