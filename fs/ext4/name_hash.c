// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Hashes of names for indexed directories: legacy, half MD4 and TEA, over signed or unsigned
// characters. Rivest, RFC 1320 (MD4; here with 8 of 16 words, 24 of 48 steps); Wheeler & Needham,
// "TEA, a Tiny Encryption Algorithm", 1994.

#include "fs/ext4/internal.h"

#include <string.h>

enum { MD4_WORDS = 8, TEA_WORDS = 4, TEA_ROUNDS = 16 };

#define HASH_EOF 0xFFFFFFFEu // marks the end of a directory elsewhere, so no name may have it

static uint32_t rotate(uint32_t value, unsigned bits)
{
    return value << bits | value >> (32 - bits);
}

static uint32_t md4_f(uint32_t x, uint32_t y, uint32_t z)
{
    return z ^ (x & (y ^ z));
}

static uint32_t md4_g(uint32_t x, uint32_t y, uint32_t z)
{
    return (x & y) + ((x ^ y) & z);
}

static uint32_t md4_h(uint32_t x, uint32_t y, uint32_t z)
{
    return x ^ y ^ z;
}

static void half_md4(uint32_t state[4], const uint32_t in[MD4_WORDS])
{
    static const struct {
        uint32_t (*mix)(uint32_t, uint32_t, uint32_t);
        uint32_t constant;
        uint8_t shift[4];
        uint8_t word[MD4_WORDS];
    } rounds[] = {
        {md4_f, 0, {3, 7, 11, 19}, {0, 1, 2, 3, 4, 5, 6, 7}},
        {md4_g, 0x5A827999, {3, 5, 9, 13}, {1, 3, 5, 7, 0, 2, 4, 6}},
        {md4_h, 0x6ED9EBA1, {3, 9, 11, 15}, {3, 7, 2, 6, 1, 5, 0, 4}},
    };
    uint32_t v[4] = {state[0], state[1], state[2], state[3]};

    for (unsigned round = 0; round < 3; round++) {
        for (unsigned step = 0; step < MD4_WORDS; step++) {
            // Steps change a, d, c, b, a ... in turn, each from the three others.
            uint32_t *a = &v[(4 - step) & 3];
            uint32_t mixed =
                rounds[round].mix(v[(5 - step) & 3], v[(6 - step) & 3], v[(7 - step) & 3]);
            *a = rotate(*a + mixed + in[rounds[round].word[step]] + rounds[round].constant,
                        rounds[round].shift[step & 3]);
        }
    }
    for (unsigned i = 0; i < 4; i++)
        state[i] += v[i];
}

static void tea(uint32_t state[4], const uint32_t in[TEA_WORDS])
{
    uint32_t sum = 0, y = state[0], z = state[1];
    for (unsigned i = 0; i < TEA_ROUNDS; i++) {
        sum += 0x9E3779B9;
        y += ((z << 4) + in[0]) ^ (z + sum) ^ ((z >> 5) + in[1]);
        z += ((y << 4) + in[2]) ^ (y + sum) ^ ((y >> 5) + in[3]);
    }
    state[0] += y;
    state[1] += z;
}

static uint32_t character(char c, bool is_signed)
{
    return is_signed ? (uint32_t)(int32_t)(signed char)c : (uint32_t)(unsigned char)c;
}

static uint32_t legacy(const char *name, unsigned length, bool is_signed)
{
    uint32_t hash, before = 0x12A3FE2D, before_that = 0x37ABE8F9;
    for (unsigned i = 0; i < length; i++) {
        hash = before_that + (before ^ character(name[i], is_signed) * 7152373u);
        if (hash & 0x80000000u)
            hash -= 0x7FFFFFFFu;
        before_that = before;
        before = hash;
    }
    return before << 1;
}

// Packs up to words * 4 characters, big end first; what is missing is the length, repeated.
static void pack(const char *name, unsigned length, bool is_signed, uint32_t *out, unsigned words)
{
    uint32_t pad = (length & 0xFF) * 0x01010101u;
    if (length > words * 4)
        length = words * 4;
    for (unsigned word = 0, at = 0; word < words; word++) {
        out[word] = pad;
        for (unsigned i = 0; i < 4 && at < length; i++, at++)
            out[word] = character(name[at], is_signed) + (out[word] << 8);
    }
}

uint32_t ext4_name_hash(enum ext4_hash_version version, const uint32_t seed[4], const char *name,
                        unsigned length)
{
    uint32_t state[4] = {0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476};
    bool is_signed = version < DX_HASH_LEGACY_UNSIGNED;
    bool is_md4 = version == DX_HASH_HALF_MD4 || version == DX_HASH_HALF_MD4_UNSIGNED;
    uint32_t in[MD4_WORDS];
    uint32_t hash;

    if (seed[0] | seed[1] | seed[2] | seed[3])
        memcpy(state, seed, sizeof(state));
    if (version == DX_HASH_LEGACY || version == DX_HASH_LEGACY_UNSIGNED) {
        hash = legacy(name, length, is_signed);
    } else {
        unsigned words = is_md4 ? MD4_WORDS : TEA_WORDS;
        for (unsigned at = 0; at < length; at += words * 4) {
            pack(name + at, length - at, is_signed, in, words);
            if (is_md4)
                half_md4(state, in);
            else
                tea(state, in);
        }
        hash = is_md4 ? state[1] : state[0];
    }
    hash &= ~1u;
    return hash == HASH_EOF ? HASH_EOF - 2 : hash;
}
