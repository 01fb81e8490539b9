// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Disks that say sense and nonsense of themselves.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "abi/error.h"
#include "drivers/block/ahci/identity.h"

static uint16_t words[ATA_ID_WORDS];
static struct ata_identity identity;

static int set_up(void **state)
{
    (void)state;
    memset(words, 0, sizeof(words));
    words[ATA_ID_COMMANDS_83] = 0x4000 | ATA_ID_83_LBA48 | ATA_ID_83_FLUSH_EXT;
    words[ATA_ID_LBA48] = 1000;
    return 0;
}

static void test_sizes(void **state)
{
    (void)state;
    assert_int_equal(ata_identity_parse(words, &identity), 0);
    assert_int_equal(identity.sector_bytes, 512);
    assert_int_equal(identity.physical_bytes, 512);
    words[ATA_ID_SECTOR_SIZE] =
        ATA_ID_106_VALID | ATA_ID_106_LONG_LOGICAL | ATA_ID_106_PHYSICAL | 1;
    words[ATA_ID_SECTOR_WORDS] = 1024; // 2048 bytes
    assert_int_equal(ata_identity_parse(words, &identity), 0);
    assert_int_equal(identity.sector_bytes, 2048);
    assert_int_equal(identity.physical_bytes, 4096);
    words[ATA_ID_SECTOR_SIZE] = ATA_ID_106_VALID | ATA_ID_106_PHYSICAL | 15; // 16 MiB: no
    assert_int_equal(ata_identity_parse(words, &identity), 0);
    assert_int_equal(identity.physical_bytes, 512);
}

static void test_impossible_sizes(void **state)
{
    static const uint32_t sizes[] = {0, 1, 128, 255, 257, 260, 264, 3000, 4096, UINT32_MAX};

    (void)state;
    words[ATA_ID_SECTOR_SIZE] = ATA_ID_106_VALID | ATA_ID_106_LONG_LOGICAL;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        words[ATA_ID_SECTOR_WORDS] = (uint16_t)sizes[i];
        words[ATA_ID_SECTOR_WORDS + 1] = (uint16_t)(sizes[i] >> 16);
        assert_int_equal(ata_identity_parse(words, &identity), -E_OPNOTSUPP);
    }
}

static void test_impossible_capacities(void **state)
{
    (void)state;
    words[ATA_ID_LBA48] = 0;
    assert_int_equal(ata_identity_parse(words, &identity), -E_PROTO);
    words[ATA_ID_LBA48 + 3] = 1; // 2^48: the last that addresses reach
    assert_int_equal(ata_identity_parse(words, &identity), 0);
    words[ATA_ID_LBA48] = 1;
    assert_int_equal(ata_identity_parse(words, &identity), -E_PROTO);
    memset(words, 0xff, sizeof(words));
    assert_int_equal(ata_identity_parse(words, &identity), -E_PROTO);
    memset(words, 0, sizeof(words));
    assert_int_equal(ata_identity_parse(words, &identity), -E_PROTO);
    words[ATA_ID_COMMANDS_83] = 0x4000;
    assert_int_equal(ata_identity_parse(words, &identity), -E_OPNOTSUPP);
}

static void test_strings(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 10; i++)
        words[ATA_ID_SERIAL + i] = 0x2020;
    assert_int_equal(ata_identity_parse(words, &identity), 0);
    assert_string_equal(identity.serial, "");
    words[ATA_ID_SERIAL + 1] = 'A' << 8 | 0x07; // a bell
    words[ATA_ID_SERIAL + 2] = 'B' << 8 | 0xff;
    assert_int_equal(ata_identity_parse(words, &identity), 0);
    assert_string_equal(identity.serial, "A B");
    for (unsigned i = 0; i < 10; i++)
        words[ATA_ID_SERIAL + i] = 'x' << 8 | 'y';
    assert_int_equal(ata_identity_parse(words, &identity), 0);
    assert_int_equal(strlen(identity.serial), 20);
}

static void test_features(void **state)
{
    (void)state;
    words[ATA_ID_QUEUE_DEPTH] = 0xffff;
    assert_int_equal(ata_identity_parse(words, &identity), 0);
    assert_int_equal(identity.queue_depth, 0);
    words[ATA_ID_SATA] = ATA_ID_SATA_NCQ;
    assert_int_equal(ata_identity_parse(words, &identity), 0);
    assert_int_equal(identity.queue_depth, 32);
    words[ATA_ID_SATA] = 0xffff; // not Serial ATA
    words[ATA_ID_COMMANDS_82] = ATA_ID_82_WRITE_CACHE;
    assert_int_equal(ata_identity_parse(words, &identity), 0);
    assert_int_equal(identity.queue_depth, 0);
    assert_false(identity.write_cache); // it is switched off
    words[ATA_ID_ENABLED_85] = ATA_ID_85_WRITE_CACHE;
    words[ATA_ID_DSM] = ATA_ID_DSM_TRIM;
    assert_int_equal(ata_identity_parse(words, &identity), 0);
    assert_true(identity.write_cache);
    assert_int_equal(identity.trim_blocks, 1);
}

static void test_capacity_of_a_cd(void **state)
{
    static const uint8_t good[8] = {0, 0, 1, 0, 0, 0, 8, 0};
    static const uint8_t endless[8] = {255, 255, 255, 255, 0, 0, 8, 0};
    static const uint8_t odd[8] = {0, 0, 1, 0, 0, 0, 9, 0x30};
    static const uint8_t none[8] = {0};

    (void)state;
    assert_int_equal(ata_capacity_parse(good, &identity), 0);
    assert_int_equal(identity.sectors, 257);
    assert_int_equal(identity.sector_bytes, 2048);
    assert_int_equal(ata_capacity_parse(endless, &identity), -E_PROTO);
    assert_int_equal(ata_capacity_parse(odd, &identity), -E_PROTO);
    assert_int_equal(ata_capacity_parse(none, &identity), -E_PROTO);
}

static void test_error_log(void **state)
{
    uint8_t log[ATA_SECTOR_BYTES] = {17};

    (void)state;
    assert_int_equal(ata_ncq_error_tag(log), -E_PROTO); // checksum
    log[511] = (uint8_t)-17;
    assert_int_equal(ata_ncq_error_tag(log), 17);
    log[0] |= ATA_NCQ_ERROR_NQ;
    log[511] = (uint8_t)-log[0];
    assert_int_equal(ata_ncq_error_tag(log), -E_NOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_sizes, set_up),
        cmocka_unit_test_setup(test_impossible_sizes, set_up),
        cmocka_unit_test_setup(test_impossible_capacities, set_up),
        cmocka_unit_test_setup(test_strings, set_up),
        cmocka_unit_test_setup(test_features, set_up),
        cmocka_unit_test(test_capacity_of_a_cd),
        cmocka_unit_test(test_error_log),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
