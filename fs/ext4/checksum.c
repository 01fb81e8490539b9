// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The two checksums of the format: crc32c (Castagnoli, reflected polynomial 0x82F63B78), eight
// bytes a step, by the processor's instruction or by tables (Kounavis & Berry, "A Systematic
// Approach to Building High Performance Software-Based CRC Generators", 2005), and crc16 (ANSI,
// reflected 0xA001) for RO_COMPAT_GDT_CSUM.

#include "fs/ext4/internal.h"

#include <string.h>

#if defined(__x86_64__)
#include "fs/ext4/arch/x86_64/crc32c.h"
#elif defined(__aarch64__)
#include "fs/ext4/arch/aarch64/crc32c.h"
#endif

enum { SLICES = 8 };

static uint32_t crc32c_table[SLICES][256];
static uint16_t crc16_table[256];
static bool by_instruction;

void ext4_checksum_init(bool instruction)
{
    by_instruction = instruction && crc32c_instruction_present();
    for (unsigned byte = 0; byte < 256; byte++) {
        uint32_t crc = byte;
        uint32_t crc16 = byte;
        for (unsigned bit = 0; bit < 8; bit++) {
            crc = (crc & 1) ? crc >> 1 ^ 0x82F63B78u : crc >> 1;
            crc16 = (crc16 & 1) ? crc16 >> 1 ^ 0xA001u : crc16 >> 1;
        }
        crc32c_table[0][byte] = crc;
        crc16_table[byte] = (uint16_t)crc16;
    }
    for (unsigned slice = 1; slice < SLICES; slice++) {
        for (unsigned byte = 0; byte < 256; byte++) {
            uint32_t before = crc32c_table[slice - 1][byte];
            crc32c_table[slice][byte] = before >> 8 ^ crc32c_table[0][before & 0xFF];
        }
    }
}

static uint64_t word_at(const uint8_t *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof(word));
    return word;
}

static uint32_t crc32c_step(uint64_t data)
{
    uint32_t crc = 0;
    for (unsigned i = 0; i < SLICES; i++)
        crc ^= crc32c_table[SLICES - 1 - i][data >> (8 * i) & 0xFF];
    return crc;
}

uint32_t ext4_crc32c(uint32_t crc, const void *data, size_t bytes)
{
    const uint8_t *at = data;
    const uint8_t *words_end = at + bytes / SLICES * SLICES;
    if (by_instruction) {
        for (; at < words_end; at += SLICES)
            crc = crc32c_instruction(crc, word_at(at));
    } else {
        for (; at < words_end; at += SLICES)
            crc = crc32c_step(word_at(at) ^ crc);
    }
    for (bytes %= SLICES; bytes > 0; bytes--)
        crc = crc >> 8 ^ crc32c_table[0][(crc ^ *at++) & 0xFF];
    return crc;
}

uint16_t ext4_crc16(uint16_t crc, const void *data, size_t bytes)
{
    const uint8_t *at = data;
    while (bytes-- > 0)
        crc = (uint16_t)(crc >> 8 ^ crc16_table[(crc ^ *at++) & 0xFF]);
    return crc;
}
