// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// ChaCha20 (RFC 8439).

#include "servers/posix/chacha.h"

#include <string.h>

enum { STATE_WORDS = 16, DOUBLE_ROUNDS = 10 };

static uint32_t rotate(uint32_t value, unsigned bits)
{
    return value << bits | value >> (32 - bits);
}

static void quarter_round(uint32_t *s, unsigned a, unsigned b, unsigned c, unsigned d)
{
    s[a] += s[b];
    s[d] = rotate(s[d] ^ s[a], 16);
    s[c] += s[d];
    s[b] = rotate(s[b] ^ s[c], 12);
    s[a] += s[b];
    s[d] = rotate(s[d] ^ s[a], 8);
    s[c] += s[d];
    s[b] = rotate(s[b] ^ s[c], 7);
}

void chacha_block(const uint32_t key[CHACHA_KEY_WORDS], uint32_t counter, const uint32_t nonce[3],
                  uint8_t out[CHACHA_BLOCK_BYTES])
{
    uint32_t start[STATE_WORDS] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};
    uint32_t state[STATE_WORDS];
    memcpy(&start[4], key, CHACHA_KEY_WORDS * sizeof(uint32_t));
    start[12] = counter;
    memcpy(&start[13], nonce, 3 * sizeof(uint32_t));
    memcpy(state, start, sizeof(state));
    for (unsigned i = 0; i < DOUBLE_ROUNDS; i++) {
        quarter_round(state, 0, 4, 8, 12);
        quarter_round(state, 1, 5, 9, 13);
        quarter_round(state, 2, 6, 10, 14);
        quarter_round(state, 3, 7, 11, 15);
        quarter_round(state, 0, 5, 10, 15);
        quarter_round(state, 1, 6, 11, 12);
        quarter_round(state, 2, 7, 8, 13);
        quarter_round(state, 3, 4, 9, 14);
    }
    for (unsigned i = 0; i < STATE_WORDS; i++)
        state[i] += start[i];
    memcpy(out, state, CHACHA_BLOCK_BYTES); // both processors are little-endian
}
