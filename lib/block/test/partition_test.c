// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Unit tests of the partition tables: made here byte by byte, then damaged, then fuzzed with a
// fixed seed.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "abi/error.h"
#include "lib/block/partition.h"
#include "lib/block/partition_hw.h"

enum { BLOCKS = 4096 };

struct memory_disk {
    struct block_disk disk;
    uint8_t *bytes;
    unsigned reads;
    uint64_t bad_offset; // reading here fails
};

static int read_memory(void *context, uint64_t offset, void *to, uint32_t bytes)
{
    struct memory_disk *m = context;
    assert_int_equal(offset % m->disk.block_bytes, 0);
    assert_int_equal(bytes % m->disk.block_bytes, 0);
    assert_true(bytes <= m->disk.capacity && offset <= m->disk.capacity - bytes);
    m->reads++;
    if (offset == m->bad_offset)
        return -E_IO;
    memcpy(to, m->bytes + offset, bytes);
    return 0;
}

static void set_up(struct memory_disk *m, uint32_t block_bytes)
{
    *m = (struct memory_disk){.bad_offset = UINT64_MAX};
    m->bytes = calloc(BLOCKS, block_bytes);
    m->disk = (struct block_disk){.read = read_memory,
                                  .context = m,
                                  .capacity = (uint64_t)BLOCKS * block_bytes,
                                  .block_bytes = block_bytes};
}

static void tear_down(struct memory_disk *m)
{
    free(m->bytes);
}

static void *block_at(struct memory_disk *m, uint64_t lba)
{
    return m->bytes + lba * m->disk.block_bytes;
}

static void put_mbr_entry(struct memory_disk *m, uint64_t lba, unsigned index, uint8_t type,
                          uint32_t first, uint32_t blocks)
{
    struct mbr *mbr = block_at(m, lba);
    mbr->signature = MBR_SIGNATURE;
    mbr->entry[index] = (struct mbr_entry){.type = type, .first_lba = first, .blocks = blocks};
}

// ---- GPT under construction ----

enum { GPT_COUNT = 128, ARRAY_LBA = 2 };

static uint64_t array_blocks(const struct memory_disk *m)
{
    return GPT_COUNT * sizeof(struct gpt_entry) / m->disk.block_bytes;
}

static void seal_gpt(struct memory_disk *m, uint64_t lba, uint64_t array_lba)
{
    struct gpt_header *header = block_at(m, lba);
    uint64_t blocks = array_blocks(m);
    *header = (struct gpt_header){
        .signature = GPT_SIGNATURE,
        .revision = GPT_REVISION,
        .header_bytes = GPT_HEADER_BYTES_MIN,
        .my_lba = lba,
        .alternate_lba = lba == 1 ? BLOCKS - 1 : 1,
        .first_usable_lba = ARRAY_LBA + blocks,
        .last_usable_lba = BLOCKS - 2 - blocks,
        .partition_entry_lba = array_lba,
        .number_of_partition_entries = GPT_COUNT,
        .size_of_partition_entry = sizeof(struct gpt_entry),
    };
    header->partition_entry_array_crc32 =
        block_crc32(0, block_at(m, array_lba), GPT_COUNT * sizeof(struct gpt_entry));
    header->header_crc32 = block_crc32(0, header, GPT_HEADER_BYTES_MIN);
}

static void put_gpt_entry(struct memory_disk *m, unsigned index, uint64_t first, uint64_t last,
                          const char *name)
{
    struct gpt_entry *entry = (struct gpt_entry *)block_at(m, ARRAY_LBA) + index;
    memset(entry->partition_type_guid, 0x11 + (int)index, 16);
    entry->starting_lba = first;
    entry->ending_lba = last;
    for (unsigned i = 0; i < GPT_NAME_UNITS && name[i] != '\0'; i++)
        entry->partition_name[i] = (uint8_t)name[i];
}

// Copies the array to the backup and writes both headers.
static void seal_both(struct memory_disk *m)
{
    uint64_t backup_array = BLOCKS - 1 - array_blocks(m);
    memcpy(block_at(m, backup_array), block_at(m, ARRAY_LBA), GPT_COUNT * sizeof(struct gpt_entry));
    put_mbr_entry(m, 0, 0, MBR_TYPE_GPT_PROTECTIVE, 1, BLOCKS - 1);
    seal_gpt(m, 1, ARRAY_LBA);
    seal_gpt(m, BLOCKS - 1, backup_array);
}

static void good_gpt(struct memory_disk *m, uint32_t block_bytes)
{
    set_up(m, block_bytes);
    put_gpt_entry(m, 0, 100, 199, "root");
    put_gpt_entry(m, 4, 200, 200, "one block");
    put_gpt_entry(m, 127, 3000, 3999, "abcdefghijklmnopqrstuvwxyz0123456789");
    seal_both(m);
}

static void expect_good_gpt(const struct memory_disk *m, const struct block_table *table)
{
    assert_int_equal(table->kind, BLOCK_TABLE_GPT);
    assert_int_equal(table->count, 3);
    const struct block_partition *p = block_table_find(table, 1);
    assert_int_equal(p->start, 100ull * m->disk.block_bytes);
    assert_int_equal(p->bytes, 100ull * m->disk.block_bytes);
    assert_string_equal(p->label, "root");
    assert_int_equal(p->type_guid[3], 0x11);
    assert_int_equal(block_table_find(table, 5)->bytes, m->disk.block_bytes);
    assert_string_equal(block_table_find(table, 128)->label,
                        "abcdefghijklmnopqrstuvwxyz0123456789");
    assert_null(block_table_find(table, 2));
    assert_null(block_table_find(table, 0));
}

// ---- tests ----

static void test_crc(void **state)
{
    (void)state;
    assert_int_equal(block_crc32(0, "123456789", 9), 0xcbf43926);
    assert_int_equal(block_crc32(block_crc32(0, "1234", 4), "56789", 5), 0xcbf43926);
}

static void test_no_table(void **state)
{
    (void)state;
    struct memory_disk m;
    struct block_table table;
    set_up(&m, 512);
    assert_int_equal(block_table_read(&m.disk, &table), 0);
    assert_int_equal(table.kind, BLOCK_TABLE_NONE);
    ((struct mbr *)block_at(&m, 0))->signature = MBR_SIGNATURE;
    ((struct mbr *)block_at(&m, 0))->entry[2].status = 0x6e; // text of a boot sector
    assert_int_equal(block_table_read(&m.disk, &table), 0);
    assert_int_equal(table.kind, BLOCK_TABLE_NONE);
    m.disk.capacity = 0;
    assert_int_equal(block_table_read(&m.disk, &table), 0);
    m.disk.block_bytes = 520;
    assert_int_equal(block_table_read(&m.disk, &table), -E_INVAL);
    m.disk.block_bytes = 8192;
    assert_int_equal(block_table_read(&m.disk, &table), -E_INVAL);
    tear_down(&m);
}

static void test_mbr_primary(void **state)
{
    (void)state;
    struct memory_disk m;
    struct block_table table;
    set_up(&m, 512);
    put_mbr_entry(&m, 0, 0, 0x83, 100, 50);
    put_mbr_entry(&m, 0, 1, 0x82, 120, 50);         // overlaps the first
    put_mbr_entry(&m, 0, 2, 0x0c, BLOCKS - 10, 11); // beyond the end
    put_mbr_entry(&m, 0, 3, 0x0c, BLOCKS - 10, 10);
    assert_int_equal(block_table_read(&m.disk, &table), 0);
    assert_int_equal(table.kind, BLOCK_TABLE_MBR);
    assert_int_equal(table.count, 2);
    assert_int_equal(block_table_find(&table, 1)->start, 51200);
    assert_int_equal(block_table_find(&table, 1)->type, 0x83);
    assert_int_equal(block_table_find(&table, 4)->bytes, 5120);
    put_mbr_entry(&m, 0, 0, 0x83, UINT32_MAX, UINT32_MAX);
    assert_int_equal(block_table_read(&m.disk, &table), 0);
    assert_null(block_table_find(&table, 1));
    tear_down(&m);
}

static void test_mbr_extended(void **state)
{
    (void)state;
    struct memory_disk m;
    struct block_table table;
    set_up(&m, 512);
    put_mbr_entry(&m, 0, 0, 0x83, 10, 90);
    put_mbr_entry(&m, 0, 1, MBR_TYPE_EXTENDED_LBA, 1000, 1000);
    put_mbr_entry(&m, 1000, 0, 0x83, 10, 90);
    put_mbr_entry(&m, 1000, 1, MBR_TYPE_EXTENDED, 200, 100);
    put_mbr_entry(&m, 1200, 0, 0x82, 5, 20);
    put_mbr_entry(&m, 1200, 1, MBR_TYPE_EXTENDED, 400, 100);
    put_mbr_entry(&m, 1400, 0, 0x07, 1, 1);
    assert_int_equal(block_table_read(&m.disk, &table), 0);
    assert_int_equal(table.count, 4);
    assert_int_equal(block_table_find(&table, 5)->start, 1010 * 512);
    assert_int_equal(block_table_find(&table, 6)->start, 1205 * 512);
    assert_int_equal(block_table_find(&table, 7)->start, 1401 * 512);
    assert_int_equal(block_table_find(&table, 7)->type, 0x07);
    tear_down(&m);
}

static void test_mbr_extended_chain_is_bounded(void **state)
{
    (void)state;
    struct memory_disk m;
    struct block_table table;
    set_up(&m, 512);
    put_mbr_entry(&m, 0, 0, MBR_TYPE_EXTENDED, 1000, 1000);
    put_mbr_entry(&m, 1000, 0, 0x83, 10, 20);
    put_mbr_entry(&m, 1000, 1, MBR_TYPE_EXTENDED, 100, 100);
    put_mbr_entry(&m, 1100, 1, MBR_TYPE_EXTENDED, 100, 100); // itself
    assert_int_equal(block_table_read(&m.disk, &table), 0);
    assert_int_equal(table.count, 1);
    assert_true(m.reads <= BLOCK_PARTITIONS_MAX + 2);
    put_mbr_entry(&m, 1100, 1, MBR_TYPE_EXTENDED, 1000, 100); // outside the extended partition
    m.reads = 0;
    assert_int_equal(block_table_read(&m.disk, &table), 0);
    assert_int_equal(m.reads, 3);
    put_mbr_entry(&m, 0, 0, MBR_TYPE_EXTENDED, BLOCKS + 5, 1000); // outside the disk
    assert_int_equal(block_table_read(&m.disk, &table), 0);
    tear_down(&m);
}

static void test_gpt(void **state)
{
    (void)state;
    static const uint32_t sizes[] = {512, 1024, 4096};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct memory_disk m;
        struct block_table table;
        good_gpt(&m, sizes[i]);
        assert_int_equal(block_table_read(&m.disk, &table), 0);
        expect_good_gpt(&m, &table);
        assert_false(table.from_backup);
        tear_down(&m);
    }
}

static void test_gpt_backup(void **state)
{
    (void)state;
    static const size_t damage[] = {0, 8, 12, 16, 24, 40, 48, 72, 80, 84, 88, 1024, 1024 + 4 * 128};
    for (size_t i = 0; i < sizeof(damage) / sizeof(damage[0]); i++) {
        struct memory_disk m;
        struct block_table table;
        good_gpt(&m, 512);
        m.bytes[512 + (damage[i] < 512 ? damage[i] : damage[i] - 512)] ^= 1;
        assert_int_equal(block_table_read(&m.disk, &table), 0);
        assert_true(table.from_backup);
        expect_good_gpt(&m, &table);
        m.bytes[(BLOCKS - 1) * 512 + 20] ^= 1;
        assert_int_equal(block_table_read(&m.disk, &table), -E_BADMSG);
        assert_int_equal(table.count, 0);
        tear_down(&m);
    }
}

static void test_gpt_read_error_on_primary(void **state)
{
    (void)state;
    struct memory_disk m;
    struct block_table table;
    good_gpt(&m, 512);
    m.bad_offset = 512;
    assert_int_equal(block_table_read(&m.disk, &table), 0);
    expect_good_gpt(&m, &table);
    m.bad_offset = 0;
    assert_int_equal(block_table_read(&m.disk, &table), -E_IO);
    tear_down(&m);
}

static void test_gpt_bad_entries_are_left_out(void **state)
{
    (void)state;
    struct memory_disk m;
    struct block_table table;
    good_gpt(&m, 512);
    put_gpt_entry(&m, 5, 150, 160, "overlaps");
    put_gpt_entry(&m, 6, 300, 299, "backwards");
    put_gpt_entry(&m, 7, 10, 20, "in the table");
    put_gpt_entry(&m, 8, 4000, 4095, "in the backup");
    put_gpt_entry(&m, 9, 1ull << 63, UINT64_MAX, "far away");
    put_gpt_entry(&m, 10, 0, UINT64_MAX, "everything");
    seal_both(&m);
    assert_int_equal(block_table_read(&m.disk, &table), 0);
    expect_good_gpt(&m, &table);
    tear_down(&m);
}

static void test_gpt_hostile_header(void **state)
{
    (void)state;
    struct memory_disk m;
    struct block_table table;
    good_gpt(&m, 512);
    static const uint32_t counts[] = {0, UINT32_MAX, 1u << 25};
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        for (uint64_t lba = 1; lba < BLOCKS; lba += BLOCKS - 2) {
            struct gpt_header *header = block_at(&m, lba);
            header->number_of_partition_entries = counts[i];
            header->header_crc32 = 0;
            header->header_crc32 = block_crc32(0, header, GPT_HEADER_BYTES_MIN);
        }
        assert_int_equal(block_table_read(&m.disk, &table), -E_BADMSG);
    }
    for (uint64_t lba = 1; lba < BLOCKS; lba += BLOCKS - 2) {
        struct gpt_header *header = block_at(&m, lba);
        header->number_of_partition_entries = GPT_COUNT;
        header->partition_entry_lba = UINT64_MAX;
        header->header_crc32 = 0;
        header->header_crc32 = block_crc32(0, header, GPT_HEADER_BYTES_MIN);
    }
    assert_int_equal(block_table_read(&m.disk, &table), -E_BADMSG);
    tear_down(&m);
}

static void test_gpt_names(void **state)
{
    (void)state;
    struct memory_disk m;
    struct block_table table;
    good_gpt(&m, 512);
    struct gpt_entry *entry = block_at(&m, ARRAY_LBA);
    static const uint16_t name[] = {'a', 0xe4, 0x20ac, 0xd83d, 0xde00, 0xd800, 'z', 0xdc00, 0};
    memcpy(entry->partition_name, name, sizeof(name));
    for (unsigned i = 0; i < GPT_NAME_UNITS; i++)
        entry[127].partition_name[i] = 0x20ac; // three bytes each: cut off between characters
    seal_both(&m);
    assert_int_equal(block_table_read(&m.disk, &table), 0);
    assert_string_equal(block_table_find(&table, 1)->label, "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"
                                                            "\xef\xbf\xbdz\xef\xbf\xbd");
    assert_int_equal(strlen(block_table_find(&table, 128)->label), 39);
    tear_down(&m);
}

static void expect_sane(const struct memory_disk *m, const struct block_table *table)
{
    assert_true(table->count <= BLOCK_PARTITIONS_MAX);
    for (uint32_t i = 0; i < table->count; i++) {
        const struct block_partition *p = &table->partition[i];
        assert_in_range(p->number, 1, BLOCK_PARTITIONS_MAX);
        assert_true(p->bytes > 0 && p->bytes <= m->disk.capacity &&
                    p->start <= m->disk.capacity - p->bytes);
        assert_non_null(memchr(p->label, '\0', sizeof(p->label)));
        for (uint32_t k = 0; k < i; k++) {
            const struct block_partition *q = &table->partition[k];
            assert_true(p->start >= q->start + q->bytes || q->start >= p->start + p->bytes);
            assert_int_not_equal(p->number, q->number);
        }
    }
}

// Damages a good table at random; in half of the rounds checksums are made right again, so that the
// damage gets past them.
static void test_fuzz(void **state)
{
    (void)state;
    uint64_t seed = 0x5eed;
    struct memory_disk m;
    good_gpt(&m, 512);
    uint8_t *original = malloc((size_t)m.disk.capacity);
    memcpy(original, m.bytes, (size_t)m.disk.capacity);
    for (unsigned round = 0; round < 4000; round++) {
        memcpy(m.bytes, original, 64 * 512);
        bool mbr = round % 4 == 3;
        if (mbr) {
            put_mbr_entry(&m, 0, 0, MBR_TYPE_EXTENDED, 5, 4000);
            put_mbr_entry(&m, 5, 0, 0x83, 1, 1);
            put_mbr_entry(&m, 5, 1, MBR_TYPE_EXTENDED, 2, 4);
        }
        for (unsigned i = 0; i < 1 + round % 16; i++) {
            seed = seed * 6364136223846793005ull + 1442695040888963407ull;
            uint64_t at = mbr ? 446 + (seed >> 40) % (7 * 512) : (seed >> 40) % (34 * 512);
            m.bytes[at] = (uint8_t)(seed >> 32);
        }
        if (round % 2 == 0) {
            struct gpt_header *header = block_at(&m, 1);
            header->partition_entry_array_crc32 =
                block_crc32(0, block_at(&m, ARRAY_LBA), GPT_COUNT * sizeof(struct gpt_entry));
            header->header_crc32 = 0;
            header->header_crc32 = block_crc32(0, header, GPT_HEADER_BYTES_MIN);
        }
        struct block_table table;
        if (block_table_read(&m.disk, &table) == 0)
            expect_sane(&m, &table);
        else
            assert_int_equal(table.count, 0);
    }
    free(original);
    tear_down(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_crc),
        cmocka_unit_test(test_no_table),
        cmocka_unit_test(test_mbr_primary),
        cmocka_unit_test(test_mbr_extended),
        cmocka_unit_test(test_mbr_extended_chain_is_bounded),
        cmocka_unit_test(test_gpt),
        cmocka_unit_test(test_gpt_backup),
        cmocka_unit_test(test_gpt_read_error_on_primary),
        cmocka_unit_test(test_gpt_bad_entries_are_left_out),
        cmocka_unit_test(test_gpt_hostile_header),
        cmocka_unit_test(test_gpt_names),
        cmocka_unit_test(test_fuzz),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
