// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// BLAKE2s against RFC 7693: the example of appendix B, and the self test of appendix E, which goes
// through hash lengths, data lengths around the block size, and keys.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "servers/posix/blake2s.h"

static void test_appendix_b(void **state)
{
    (void)state;
    static const uint8_t expected[32] = {0x50, 0x8c, 0x5e, 0x8c, 0x32, 0x7c, 0x14, 0xe2,
                                         0xe1, 0xa7, 0x2b, 0xa3, 0x4e, 0xeb, 0x45, 0x2f,
                                         0x37, 0x45, 0x8b, 0x20, 0x9e, 0xd6, 0x3a, 0x29,
                                         0x4d, 0x99, 0x9b, 0x4c, 0x86, 0x67, 0x59, 0x82};
    uint8_t hash[32];
    blake2s(hash, sizeof(hash), NULL, 0, "abc", 3);
    assert_memory_equal(hash, expected, sizeof(hash));
}

// The appendix's deterministic sequence.
static void make_sequence(uint8_t *out, size_t bytes, uint32_t seed)
{
    uint32_t a = 0xdead4bad * seed, b = 1;
    for (size_t i = 0; i < bytes; i++) {
        uint32_t sum = a + b;
        a = b;
        b = sum;
        out[i] = (uint8_t)(sum >> 24);
    }
}

static void test_appendix_e(void **state)
{
    (void)state;
    static const uint8_t expected[32] = {0x6a, 0x41, 0x1f, 0x08, 0xce, 0x25, 0xad, 0xcd,
                                         0xfb, 0x02, 0xab, 0xa6, 0x41, 0x45, 0x1c, 0xec,
                                         0x53, 0xc5, 0x98, 0xb2, 0x4f, 0x4f, 0xc7, 0x87,
                                         0xfb, 0xdc, 0x88, 0x79, 0x7f, 0x4c, 0x1d, 0xfe};
    static const size_t hash_bytes[] = {16, 20, 28, 32}, data_bytes[] = {0, 3, 64, 65, 255, 1024};
    uint8_t all[2 * 6 * (16 + 20 + 28 + 32)], data[1024], key[32], hash[32];
    size_t used = 0;
    for (unsigned i = 0; i < 4; i++) {
        for (unsigned j = 0; j < 6; j++) {
            make_sequence(data, data_bytes[j], (uint32_t)data_bytes[j]);
            blake2s(all + used, hash_bytes[i], NULL, 0, data, data_bytes[j]);
            used += hash_bytes[i];
            make_sequence(key, hash_bytes[i], (uint32_t)hash_bytes[i]);
            blake2s(all + used, hash_bytes[i], key, hash_bytes[i], data, data_bytes[j]);
            used += hash_bytes[i];
        }
    }
    assert_int_equal(used, sizeof(all));
    blake2s(hash, sizeof(hash), NULL, 0, all, sizeof(all));
    assert_memory_equal(hash, expected, sizeof(hash));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_appendix_b),
        cmocka_unit_test(test_appendix_e),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
