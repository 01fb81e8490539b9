// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// What an ATA or ATAPI device says and is told: "ATA/ATAPI Command Set - 3 (ACS-3)" with its
// sections, "Serial ATA 3.2" for the frames (FIS), "Multi-Media Commands - 6 (MMC-6)" and "SCSI
// Primary Commands - 4 (SPC-4)" for packets.

#pragma once

#include <stddef.h>
#include <stdint.h>

// ACS-3, 7: command codes
enum {
    ATA_DATA_SET_MANAGEMENT = 0x06,
    ATA_READ_DMA_EXT = 0x25,
    ATA_READ_LOG_EXT = 0x2f,
    ATA_WRITE_DMA_EXT = 0x35,
    ATA_READ_FPDMA_QUEUED = 0x60,
    ATA_WRITE_FPDMA_QUEUED = 0x61,
    ATA_PACKET = 0xa0,
    ATA_IDENTIFY_PACKET_DEVICE = 0xa1,
    ATA_SMART = 0xb0,
    ATA_FLUSH_CACHE_EXT = 0xea,
    ATA_IDENTIFY_DEVICE = 0xec,
};

// ACS-3, 6.2: status
enum {
    ATA_STATUS_ERR = 0x01, // CHK for packets
    ATA_STATUS_DRQ = 0x08,
    ATA_STATUS_DF = 0x20,
    ATA_STATUS_BSY = 0x80,
};

enum {
    ATA_DEVICE_LBA = 0x40,
    ATA_DSM_TRIM = 0x01,     // 7.5: features of DATA SET MANAGEMENT
    ATA_SMART_STATUS = 0xda, // 7.48.8: features; LBA mid and high as follows
    ATA_SMART_MID = 0x4f,    // also in the answer: healthy
    ATA_SMART_HIGH = 0xc2,   //
    ATA_SMART_FAILED_MID = 0xf4,
    ATA_SMART_FAILED_HIGH = 0x2c,
    ATA_LOG_NCQ_ERROR = 0x10,  // 9.14
    ATA_NCQ_TAG_SHIFT = 3,     // 7.23: in the count field
    ATA_PACKET_DMA = 0x01,     // 7.18: features of PACKET
    ATA_PACKET_DMADIR = 0x04,  // to the host
    ATA_SECTOR_BYTES = 512,    // of IDENTIFY, logs and range entries
    ATA_BLOCK_RANGES = 64,     // 7.5.3: range entries in one block
    ATA_RANGE_SECTORS = 65535, // of one entry
};

// 9.14: NCQ command error log
enum { ATA_NCQ_ERROR_NQ = 0x80, ATA_NCQ_ERROR_TAG = 0x1f };

// Serial ATA 10.5.5: register FIS, host to device
struct ata_fis_h2d {
    uint8_t type;
    uint8_t flags;
    uint8_t command;
    uint8_t features;
    uint8_t lba_low[3];
    uint8_t device;
    uint8_t lba_high[3];
    uint8_t features_high;
    uint8_t count;
    uint8_t count_high;
    uint8_t icc;
    uint8_t control;
    uint8_t auxiliary[4];
};
_Static_assert(sizeof(struct ata_fis_h2d) == 20, "five double words");
_Static_assert(offsetof(struct ata_fis_h2d, count) == 12, "10.5.5");

enum { ATA_FIS_H2D = 0x27, ATA_FIS_D2H = 0x34, ATA_FIS_H2D_COMMAND = 0x80 };

// Serial ATA 10.5.6: register FIS, device to host: where the answer of SMART RETURN STATUS is
enum { ATA_FIS_D2H_LBA_MID = 5, ATA_FIS_D2H_LBA_HIGH = 6 };

// ACS-3, 7.12.7: words of IDENTIFY DEVICE
enum {
    ATA_ID_CONFIG = 0,
    ATA_ID_CYLINDERS = 1,
    ATA_ID_HEADS = 3,
    ATA_ID_SECTORS = 6,
    ATA_ID_SERIAL = 10, // 10 words
    ATA_ID_MODEL = 27,  // 20 words
    ATA_ID_QUEUE_DEPTH = 75,
    ATA_ID_SATA = 76,
    ATA_ID_COMMANDS_82 = 82,
    ATA_ID_COMMANDS_83 = 83,
    ATA_ID_ENABLED_85 = 85,
    ATA_ID_LBA48 = 100, // 4 words
    ATA_ID_DSM_BLOCKS = 105,
    ATA_ID_SECTOR_SIZE = 106,
    ATA_ID_SECTOR_WORDS = 117, // 2 words
    ATA_ID_DSM = 169,
    ATA_ID_WORDS = 256,
    ATA_ID_SERIAL_BYTES = 20,
    ATA_ID_MODEL_BYTES = 40,
};
#define ATA_ID_SATA_NCQ           (1u << 8)
#define ATA_ID_82_SMART           (1u << 0)
#define ATA_ID_82_WRITE_CACHE     (1u << 5)
#define ATA_ID_83_LBA48           (1u << 10)
#define ATA_ID_83_FLUSH_EXT       (1u << 13)
#define ATA_ID_85_SMART           (1u << 0)
#define ATA_ID_85_WRITE_CACHE     (1u << 5)
#define ATA_ID_106_VALID_MASK     0xc000u
#define ATA_ID_106_VALID          0x4000u
#define ATA_ID_106_PHYSICAL       (1u << 13)
#define ATA_ID_106_LONG_LOGICAL   (1u << 12)
#define ATA_ID_106_PHYSICAL_SHIFT 0x000fu
#define ATA_ID_DSM_TRIM           (1u << 0)
#define ATA_LBA48_END             (1ull << 48)

// Packets: SPC-4 6.33 and 6.43, MMC-6 6.20 and 6.23
enum {
    SCSI_TEST_UNIT_READY = 0x00,
    SCSI_REQUEST_SENSE = 0x03,
    SCSI_READ_CAPACITY_10 = 0x25,
    SCSI_READ_10 = 0x28,
    SCSI_PACKET_BYTES = 12,
    SCSI_SENSE_BYTES = 18,
    SCSI_CAPACITY_BYTES = 8,
    SCSI_SENSE_KEY = 2, // offsets in sense data
    SCSI_SENSE_ASC = 12,
    SCSI_KEY_NOT_READY = 2,
    SCSI_KEY_UNIT_ATTENTION = 6,
};
