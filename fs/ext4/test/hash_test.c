// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Checksums and hashes of names, against known values and against debugfs.

#include "fs/ext4/internal.h"
#include "fs/ext4/test/image.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

// "123456789" is the usual check string of CRC catalogues.
static void known_checksums(void)
{
    assert_int_equal(ext4_crc32c(~0u, "123456789", 9) ^ ~0u, 0xE3069283u);
    assert_int_equal(ext4_crc16(0, "123456789", 9), 0xBB3D);
    assert_int_equal(ext4_crc32c(7, "", 0), 7);
}

static uint32_t bit_by_bit(uint32_t crc, const uint8_t *data, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        crc ^= data[i];
        for (unsigned bit = 0; bit < 8; bit++)
            crc = (crc & 1) != 0 ? crc >> 1 ^ 0x82F63B78u : crc >> 1;
    }
    return crc;
}

static void checksum_in_parts(void)
{
    uint8_t data[100];
    for (unsigned i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)(i * 37);
    uint32_t whole = bit_by_bit(~0u, data, sizeof(data));
    for (unsigned cut = 0; cut <= sizeof(data); cut++) {
        uint32_t part = ext4_crc32c(~0u, data, cut);
        assert_int_equal(ext4_crc32c(part, data + cut, sizeof(data) - cut), whole);
    }
}

static void test_checksums_by_table(void **state)
{
    (void)state;
    ext4_checksum_init(false);
    known_checksums();
    checksum_in_parts();
}

// By table again, where the processor has no such instruction.
static void test_checksums_by_instruction(void **state)
{
    (void)state;
    ext4_checksum_init(true);
    known_checksums();
    checksum_in_parts();
}

enum { VERSIONS = DX_HASH_TEA_UNSIGNED + 1, NAMES = 40 };

// Names of all lengths, with and without bytes above 127; no blanks or quotes, for debugfs's sake.
static void make_name(char *name, unsigned which)
{
    unsigned length = which < 20 ? which + 1 : which * 6;
    for (unsigned i = 0; i < length; i++) {
        unsigned c = (which * 131 + i * 29) % 52;
        name[i] = (char)(which % 3 == 2 && i % 2 ? 0xC0 + c : (c < 26 ? 'a' + c : 'A' + c - 26));
    }
    name[length] = 0;
}

static void compare_with_debugfs(const char *image, const char *seed_text, const uint32_t *seed)
{
    const char *scratch = getenv("SCRATCH");
    char path[256], line[1024], name[300];
    snprintf(path, sizeof(path), "%s/commands", scratch);
    FILE *commands = fopen(path, "w");
    assert_non_null(commands);
    for (unsigned v = 0; v < VERSIONS; v++) {
        for (unsigned n = 0; n < NAMES; n++) {
            make_name(name, n);
            fprintf(commands, "dx_hash -h %u %s%s %s\n", v, seed ? "-s " : "",
                    seed ? seed_text : "", name);
        }
    }
    fclose(commands);
    snprintf(line, sizeof(line), "debugfs -f %s %s 2>/dev/null", path, image);
    FILE *pipe = popen(line, "r");
    assert_non_null(pipe);
    unsigned compared = 0;
    static const uint32_t standard[4];
    while (fgets(line, sizeof(line), pipe)) {
        char *at = strstr(line, " is 0x");
        if (strncmp(line, "Hash of ", 8) != 0 || !at)
            continue;
        make_name(name, compared % NAMES);
        uint32_t expected = (uint32_t)strtoul(at + 4, NULL, 16);
        uint32_t hash = ext4_name_hash((enum ext4_hash_version)(compared / NAMES),
                                       seed ? seed : standard, name, (unsigned)strlen(name));
        assert_int_equal(hash, expected);
        compared++;
    }
    pclose(pipe);
    assert_int_equal(compared, VERSIONS * NAMES);
}

static void test_name_hashes(void **state)
{
    (void)state;
    const char *scratch = scratch_make();
    char image[256];
    static const uint32_t seed[4] = {0x33221100, 0x77665544, 0xBBAA9988, 0xFFEEDDCC};
    setenv("SCRATCH", scratch, 1);
    snprintf(image, sizeof(image), "%s/image", scratch);
    run("mke2fs -q -F %s 1M >/dev/null", image);
    compare_with_debugfs(image, "", NULL);
    compare_with_debugfs(image, "00112233-4455-6677-8899-aabbccddeeff", seed);
    scratch_remove();
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_checksums_by_table),
        cmocka_unit_test(test_checksums_by_instruction),
        cmocka_unit_test(test_name_hashes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
