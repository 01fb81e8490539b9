// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// BLAKE2s (RFC 7693; section numbers are its).

#include "servers/posix/blake2s.h"

#include <string.h>

enum { BLOCK_BYTES = 64, WORDS = 8, MESSAGE_WORDS = 16, ROUNDS = 10 };

static const uint32_t iv[WORDS] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                   0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19}; // 2.6

static const uint8_t sigma[ROUNDS][MESSAGE_WORDS] = {
    // 2.7
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
    {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
    {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4},
    {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
    {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13},
    {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
    {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11},
    {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
    {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5},
    {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0},
};

static uint32_t rotate(uint32_t value, unsigned bits)
{
    return value >> bits | value << (32 - bits);
}

// 3.1
static void mix(uint32_t *v, unsigned a, unsigned b, unsigned c, unsigned d, uint32_t x, uint32_t y)
{
    v[a] += v[b] + x;
    v[d] = rotate(v[d] ^ v[a], 16);
    v[c] += v[d];
    v[b] = rotate(v[b] ^ v[c], 12);
    v[a] += v[b] + y;
    v[d] = rotate(v[d] ^ v[a], 8);
    v[c] += v[d];
    v[b] = rotate(v[b] ^ v[c], 7);
}

// 3.2; `offset` counts the bytes up to this block's end.
static void compress(uint32_t h[WORDS], const uint8_t block[BLOCK_BYTES], uint64_t offset,
                     int is_last)
{
    uint32_t v[2 * WORDS], m[MESSAGE_WORDS];

    memcpy(m, block, sizeof(m)); // both processors are little-endian
    memcpy(v, h, WORDS * sizeof(*v));
    memcpy(v + WORDS, iv, sizeof(iv));
    v[12] ^= (uint32_t)offset;
    v[13] ^= (uint32_t)(offset >> 32);
    if (is_last)
        v[14] = ~v[14];
    for (unsigned i = 0; i < ROUNDS; i++) {
        const uint8_t *s = sigma[i];
        for (unsigned j = 0; j < 4; j++)
            mix(v, j, 4 + j, 8 + j, 12 + j, m[s[2 * j]], m[s[2 * j + 1]]);
        for (unsigned j = 0; j < 4; j++)
            mix(v, j, 4 + (j + 1) % 4, 8 + (j + 2) % 4, 12 + (j + 3) % 4, m[s[8 + 2 * j]],
                m[s[9 + 2 * j]]);
    }
    for (unsigned i = 0; i < WORDS; i++)
        h[i] ^= v[i] ^ v[i + WORDS];
}

void blake2s(uint8_t *hash, size_t hash_bytes, const void *key, size_t key_bytes, const void *data,
             size_t bytes)
{
    const uint8_t *from = data;
    uint8_t block[BLOCK_BYTES] = {0};
    uint64_t offset = 0;
    uint32_t h[WORDS];

    memcpy(h, iv, sizeof(h));
    h[0] ^= 0x01010000 ^ (uint32_t)(key_bytes << 8) ^ (uint32_t)hash_bytes; // 3.3
    if (key_bytes > 0) {
        memcpy(block, key, key_bytes);
        offset += BLOCK_BYTES;
        if (bytes > 0)
            compress(h, block, offset, 0);
    }
    for (; bytes > BLOCK_BYTES; bytes -= BLOCK_BYTES, from += BLOCK_BYTES) {
        offset += BLOCK_BYTES;
        compress(h, from, offset, 0);
    }
    if (bytes > 0 || key_bytes == 0) {
        memset(block, 0, sizeof(block));
        if (bytes > 0)
            memcpy(block, from, bytes);
        offset += bytes;
    }
    compress(h, block, offset, 1);
    memcpy(hash, h, hash_bytes);
}
