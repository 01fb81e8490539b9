// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// See identity.h. Sections of ACS-3 beside the words.

#include "drivers/block/ahci/identity.h"

#include <string.h>

#include "abi/error.h"

enum { SECTOR_BYTES_MAX = 4096, PHYSICAL_SHIFT_MAX = 8 };

// 3.3.10: two characters a word, the first in the upper byte; padded with blanks.
static void copy_string(const uint16_t *words, unsigned bytes, char *to)
{
    unsigned length = 0;
    unsigned lead = 0;
    for (unsigned i = 0; i < bytes; i++) {
        char c = (char)(i % 2 == 0 ? words[i / 2] >> 8 : words[i / 2] & 0xff);
        to[i] = c >= ' ' && c <= '~' ? c : ' ';
        if (to[i] != ' ')
            length = i + 1;
    }
    while (lead < length && to[lead] == ' ')
        lead++;
    memmove(to, to + lead, length - lead);
    to[length - lead] = '\0';
}

static uint64_t sectors_of(const uint16_t *words)
{
    uint64_t sectors = 0;
    for (unsigned i = 4; i-- > 0;)
        sectors = sectors << 16 | words[ATA_ID_LBA48 + i];
    return sectors;
}

// 7.12.7.61, 7.12.7.67
static int parse_sizes(const uint16_t *words, struct ata_identity *identity)
{
    uint32_t size = words[ATA_ID_SECTOR_SIZE];
    uint64_t bytes = ATA_SECTOR_BYTES;
    uint32_t shift = 0;
    if ((size & ATA_ID_106_VALID_MASK) == ATA_ID_106_VALID) {
        uint64_t long_words = words[ATA_ID_SECTOR_WORDS] | (uint64_t)words[ATA_ID_SECTOR_WORDS + 1]
                                                               << 16;
        if ((size & ATA_ID_106_LONG_LOGICAL) != 0)
            bytes = long_words * 2;
        if ((size & ATA_ID_106_PHYSICAL) != 0)
            shift = size & ATA_ID_106_PHYSICAL_SHIFT;
    }
    if (bytes < ATA_SECTOR_BYTES || bytes > SECTOR_BYTES_MAX || (bytes & (bytes - 1)) != 0)
        return -E_OPNOTSUPP;
    identity->sector_bytes = (uint32_t)bytes;
    identity->physical_bytes = (uint32_t)bytes << (shift <= PHYSICAL_SHIFT_MAX ? shift : 0);
    return 0;
}

static void parse_features(const uint16_t *words, struct ata_identity *identity)
{
    // 7.12.7.34: word 76 is all zeroes or all ones on what is not Serial ATA.
    uint16_t sata = words[ATA_ID_SATA] == UINT16_MAX ? 0 : words[ATA_ID_SATA];
    if ((sata & ATA_ID_SATA_NCQ) != 0)
        identity->queue_depth = (words[ATA_ID_QUEUE_DEPTH] & 0x1fu) + 1;
    uint16_t enabled = words[ATA_ID_COMMANDS_82] & words[ATA_ID_ENABLED_85];
    identity->write_cache = (enabled & ATA_ID_85_WRITE_CACHE) != 0 &&
                            (words[ATA_ID_COMMANDS_83] & ATA_ID_83_FLUSH_EXT) != 0;
    identity->smart = (enabled & ATA_ID_85_SMART) != 0;
    if ((words[ATA_ID_DSM] & ATA_ID_DSM_TRIM) != 0) // 7.12.7.60: 0 blocks: not told
        identity->trim_blocks = words[ATA_ID_DSM_BLOCKS] != 0 ? words[ATA_ID_DSM_BLOCKS] : 1;
    identity->cylinders = words[ATA_ID_CYLINDERS];
    identity->heads = words[ATA_ID_HEADS];
    identity->sectors_per_track = words[ATA_ID_SECTORS];
}

int ata_identity_parse(const uint16_t words[ATA_ID_WORDS], struct ata_identity *identity)
{
    memset(identity, 0, sizeof(*identity));
    copy_string(&words[ATA_ID_SERIAL], ATA_ID_SERIAL_BYTES, identity->serial);
    copy_string(&words[ATA_ID_MODEL], ATA_ID_MODEL_BYTES, identity->model);
    if ((words[ATA_ID_COMMANDS_83] & 0xc000u) != 0x4000u) // 7.12.7.38: else the word is not valid
        return -E_PROTO;
    if ((words[ATA_ID_COMMANDS_83] & ATA_ID_83_LBA48) == 0)
        return -E_OPNOTSUPP;
    identity->sectors = sectors_of(words);
    if (identity->sectors == 0 || identity->sectors > ATA_LBA48_END)
        return -E_PROTO;
    int status = parse_sizes(words, identity);
    if (status == 0)
        parse_features(words, identity);
    return status;
}

void ata_identity_parse_packet(const uint16_t words[ATA_ID_WORDS], struct ata_identity *identity)
{
    memset(identity, 0, sizeof(*identity));
    copy_string(&words[ATA_ID_SERIAL], ATA_ID_SERIAL_BYTES, identity->serial);
    copy_string(&words[ATA_ID_MODEL], ATA_ID_MODEL_BYTES, identity->model);
}

static uint32_t big_endian(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

int ata_capacity_parse(const uint8_t answer[SCSI_CAPACITY_BYTES], struct ata_identity *identity)
{
    uint64_t last = big_endian(answer);
    uint32_t bytes = big_endian(answer + 4);
    if (bytes < ATA_SECTOR_BYTES || bytes > SECTOR_BYTES_MAX || (bytes & (bytes - 1)) != 0 ||
        last == UINT32_MAX)
        return -E_PROTO;
    identity->sectors = last + 1;
    identity->sector_bytes = identity->physical_bytes = bytes;
    return 0;
}

bool ata_identity_is_same(const struct ata_identity *a, const struct ata_identity *b)
{
    return a->sectors == b->sectors && a->sector_bytes == b->sector_bytes &&
           strcmp(a->serial, b->serial) == 0 && strcmp(a->model, b->model) == 0;
}

int ata_ncq_error_tag(const uint8_t log[ATA_SECTOR_BYTES])
{
    uint8_t sum = 0;
    for (unsigned i = 0; i < ATA_SECTOR_BYTES; i++)
        sum = (uint8_t)(sum + log[i]);
    if (sum != 0)
        return -E_PROTO;
    if ((log[0] & ATA_NCQ_ERROR_NQ) != 0)
        return -E_NOENT; // the command that failed was not a queued one
    return log[0] & ATA_NCQ_ERROR_TAG;
}
