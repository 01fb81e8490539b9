// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// What IDENTIFY DEVICE and READ CAPACITY say, checked. Pure.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "drivers/block/ahci/ata_hw.h"

struct ata_identity {
    char serial[ATA_ID_SERIAL_BYTES + 1]; // printable, without blanks at the end; may be empty
    char model[ATA_ID_MODEL_BYTES + 1];
    uint64_t sectors;      // logical ones
    uint32_t sector_bytes; // a power of two, 512 to 4096
    uint32_t physical_bytes;
    uint32_t queue_depth; // 0: no native command queuing
    uint32_t trim_blocks; // of ranges in one command; 0: no trim
    uint16_t cylinders, heads, sectors_per_track;
    bool write_cache, smart;
};

// -E_OPNOTSUPP: no 48-bit addresses, or sectors that cannot be served; -E_PROTO: nonsense.
int ata_identity_parse(const uint16_t words[ATA_ID_WORDS], struct ata_identity *identity);

// Of an ATAPI device: serial and model only.
void ata_identity_parse_packet(const uint16_t words[ATA_ID_WORDS], struct ata_identity *identity);

// Blocks and their size from READ CAPACITY (10). -E_PROTO: nonsense.
int ata_capacity_parse(const uint8_t answer[SCSI_CAPACITY_BYTES], struct ata_identity *identity);

// Same disk: what clients were told, and who it is.
bool ata_identity_is_same(const struct ata_identity *a, const struct ata_identity *b);

// The tag of a failed queued command from the NCQ error log; negative: it does not say.
int ata_ncq_error_tag(const uint8_t log[ATA_SECTOR_BYTES]);
