// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// ACPI tables as q35's firmware lays them out, then every way of damaging them: each byte altered,
// each length changed with the checksum put right again, tables that point outside of memory, and
// random tables with right checksums.

// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on

#include <stdlib.h>
#include <string.h>

#include "abi/error.h"
#include "servers/devmgr/acpi_private.h"

enum { BASE = 0xe0000, BYTES = 0x2000, RSDP = 0, XSDT = 0x40, RSDT = 0xc0, FADT = 0x100 };
enum { MADT = 0x300, MCFG = 0x400, HPET = 0x480, DSDT = 0x500, DSDT_BYTES = 700 };

struct fake {
    uint8_t memory[BYTES];
    unsigned reads;
};

static int fake_read(void *context, uint64_t address, void *buffer, size_t bytes)
{
    struct fake *fake = context;

    fake->reads++;
    assert_true(fake->reads < 100000); // nothing loops
    if (address < BASE || address - BASE > BYTES || bytes > BYTES - (address - BASE))
        return -E_FAULT;
    memcpy(buffer, fake->memory + (address - BASE), bytes);
    return 0;
}

static void put(struct fake *fake, uint32_t at, uint64_t value, size_t bytes)
{
    memcpy(fake->memory + at, &value, bytes);
}

static void seal(struct fake *fake, uint32_t at, uint32_t length, uint32_t checksum_at)
{
    uint8_t sum = 0;

    fake->memory[at + checksum_at] = 0;
    for (uint32_t i = 0; i < length && at + i < BYTES; i++)
        sum = (uint8_t)(sum + fake->memory[at + i]);
    fake->memory[at + checksum_at] = (uint8_t)-sum;
}

static void table(struct fake *fake, uint32_t at, const char *signature, uint32_t length)
{
    memcpy(fake->memory + at, signature, 4);
    put(fake, at + 4, length, 4);
    seal(fake, at, length, 9);
}

static const uint8_t s5[] = {0x08, '_', 'S', '5', '_', 0x12, 0x06, 0x04, 0x0a, 0x05, 0x01, 0, 0};

static void fill_madt(struct fake *fake)
{
    static const uint8_t entries[] = {
        0,    8,  0,    0, 1, 0, 0,    0,                             // CPU 0
        0,    8,  1,    1, 1, 0, 0,    0,                             // CPU 1
        0,    8,  2,    2, 0, 0, 0,    0,                             // not enabled
        1,    12, 7,    0, 0, 0, 0xc0, 0xfe, 0,  0, 0, 0,             // I/O APIC at fec00000
        2,    10, 0,    0, 2, 0, 0,    0,    0,  0,                   // timer on GSI 2
        2,    10, 0,    9, 9, 0, 0,    0,    15, 0,                   // SCI, level, active low
        9,    16, 0,    0, 5, 1, 0,    0,    1,  0, 0, 0, 3, 0, 0, 0, // x2APIC 0x105
        0x7f, 3,  0xff,                                               // of a kind nobody knows
    };

    put(fake, MADT + 36, 0xfee00000, 4);
    memcpy(fake->memory + MADT + 44, entries, sizeof entries);
    table(fake, MADT, "APIC", 44 + sizeof entries);
}

static void fill_fadt(struct fake *fake)
{
    put(fake, FADT + 40, BASE + DSDT, 4);
    put(fake, FADT + 46, 9, 2);
    put(fake, FADT + 48, 0xb2, 4);
    put(fake, FADT + 52, 2, 1);
    put(fake, FADT + 56, 0x600, 4);
    put(fake, FADT + 64, 0x604, 4);
    put(fake, FADT + 88, 4, 1);
    put(fake, FADT + 112, 1 << 10, 4);
    put(fake, FADT + 116, 1 | 8 << 8, 4);
    put(fake, FADT + 120, 0xcf9, 8);
    put(fake, FADT + 128, 0x0f, 1);
    put(fake, FADT + 140, BASE + DSDT, 8);
    put(fake, FADT + 172, 1 | 16 << 8, 4);
    put(fake, FADT + 176, 0x604, 8);
    table(fake, FADT, "FACP", 244);
}

static void fill(struct fake *fake, uint32_t s5_at)
{
    static const uint32_t addresses[] = {FADT, MADT, MCFG, HPET};

    memset(fake, 0, sizeof *fake);
    memset(fake->memory + DSDT + 36, 0x5b, DSDT_BYTES - 36);
    memcpy(fake->memory + DSDT + s5_at, s5, sizeof s5);
    table(fake, DSDT, "DSDT", DSDT_BYTES);
    fill_fadt(fake);
    fill_madt(fake);
    put(fake, MCFG + 44, 0xb0000000, 8);
    put(fake, MCFG + 54, 0xff00, 2);
    table(fake, MCFG, "MCFG", 60);
    put(fake, HPET + 44, 0xfed00000, 8);
    table(fake, HPET, "HPET", 56);
    for (uint32_t i = 0; i < 4; i++) {
        put(fake, XSDT + 36 + 8 * i, BASE + addresses[i], 8);
        put(fake, RSDT + 36 + 4 * i, BASE + addresses[i], 4);
    }
    table(fake, XSDT, "XSDT", 36 + 32);
    table(fake, RSDT, "RSDT", 36 + 16);
    memcpy(fake->memory + RSDP, "RSD PTR ", 8);
    put(fake, RSDP + 15, 2, 1);
    put(fake, RSDP + 16, BASE + RSDT, 4);
    put(fake, RSDP + 20, 36, 4);
    put(fake, RSDP + 24, BASE + XSDT, 8);
    seal(fake, RSDP, 20, 8);
    seal(fake, RSDP, 36, 32);
}

static int read_all(struct fake *fake, struct acpi_info *info)
{
    struct acpi_memory memory = {fake_read, fake};

    fake->reads = 0;
    return acpi_read(&memory, BASE + RSDP, info);
}

static void test_all_tables(void **state)
{
    struct fake fake;
    struct acpi_info info;

    (void)state;
    fill(&fake, 100);
    assert_int_equal(read_all(&fake, &info), 0);
    assert_int_equal(info.bad_tables, 0);
    assert_int_equal(info.cpus, 3);
    assert_int_equal(info.cpu_apic_id[1], 1);
    assert_int_equal(info.cpu_apic_id[2], 0x105);
    assert_int_equal(info.ioapics, 1);
    assert_int_equal(info.ioapic[0].address, 0xfec00000);
    assert_int_equal(info.overrides, 2);
    assert_int_equal(info.segments, 1);
    assert_int_equal(info.segment[0].base, 0xb0000000);
    assert_int_equal(info.segment[0].bus_end, 255);
    assert_int_equal(info.hpet_address, 0xfed00000);
    assert_int_equal(info.pm1a_control.address, 0x604);
    assert_int_equal(info.pm1b_control.address, 0);
    assert_true(info.pm1a_event.address == 0x600 && info.pm1_event_bytes == 4);
    assert_true(info.sci == 9 && info.has_power_button);
    assert_true(info.can_reset);
    assert_int_equal(info.reset.address, 0xcf9);
    assert_int_equal(info.reset_value, 0x0f);
    assert_true(info.has_s5);
    assert_int_equal(info.s5_type_a, 5);
    assert_int_equal(info.s5_type_b, 1);
}

static void test_isa_interrupts(void **state)
{
    struct fake fake;
    struct acpi_info info;

    (void)state;
    fill(&fake, 100);
    assert_int_equal(read_all(&fake, &info), 0);
    assert_int_equal(acpi_isa_interrupt(&info, 0).gsi, 2);
    assert_false(acpi_isa_interrupt(&info, 0).level);
    assert_int_equal(acpi_isa_interrupt(&info, 4).gsi, 4);
    assert_true(acpi_isa_interrupt(&info, 9).level);
    assert_true(acpi_isa_interrupt(&info, 9).active_low);
    info.overrides = 0; // without one the SCI is still level and active low, others are ISA's
    assert_true(acpi_isa_interrupt(&info, 9).level && acpi_isa_interrupt(&info, 9).active_low);
    assert_false(acpi_isa_interrupt(&info, 4).level);
}

static void test_root_table_of_acpi_1(void **state)
{
    struct fake fake;
    struct acpi_info info;

    (void)state;
    fill(&fake, 100);
    put(&fake, RSDP + 15, 0, 1);
    seal(&fake, RSDP, 20, 8);
    memset(fake.memory + XSDT, 0xff, 36);
    assert_int_equal(read_all(&fake, &info), 0);
    assert_int_equal(info.cpus, 3);
}

// _S5_ anywhere, so also across the borders of the windows it is looked for in.
static void test_s5_at_every_offset(void **state)
{
    struct fake fake;
    struct acpi_info info;

    (void)state;
    for (uint32_t at = 36; at + sizeof s5 <= DSDT_BYTES; at++) {
        fill(&fake, at);
        assert_int_equal(read_all(&fake, &info), 0);
        assert_true(info.has_s5);
        assert_int_equal(info.s5_type_a, 5);
    }
}

static void test_s5_cut_off(void **state)
{
    struct fake fake;
    struct acpi_info info;

    (void)state;
    for (uint32_t missing = 3; missing < sizeof s5; missing++) { // the last two elements may miss
        fill(&fake, 100);
        memset(fake.memory + DSDT + 100, 0x5b, sizeof s5);
        memcpy(fake.memory + DSDT + DSDT_BYTES - (sizeof s5 - missing), s5, sizeof s5 - missing);
        table(&fake, DSDT, "DSDT", DSDT_BYTES);
        assert_int_equal(read_all(&fake, &info), 0);
        assert_false(info.has_s5);
    }
}

static void test_each_byte_damaged(void **state)
{
    struct fake fake;
    struct acpi_info info;

    (void)state;
    for (uint32_t at = 0; at < DSDT + DSDT_BYTES; at++) {
        fill(&fake, 100);
        fake.memory[at] ^= 0x11;
        int error = read_all(&fake, &info);
        bool inside = (at >= MADT && at < MADT + 44) || (at >= FADT && at < FADT + 244) ||
                      (at >= DSDT && at < DSDT + DSDT_BYTES);

        if (inside)
            assert_true(error == 0 && info.bad_tables == 1);
        assert_true(info.cpus <= ACPI_CPUS_MAX);
    }
}

static void test_each_length_with_right_checksum(void **state)
{
    static const struct {
        uint32_t at;
        const char *signature;
    } tables[] = {{MADT, "APIC"}, {MCFG, "MCFG"}, {HPET, "HPET"}, {FADT, "FACP"}, {DSDT, "DSDT"}};
    struct fake fake;
    struct acpi_info info;

    (void)state;
    for (size_t t = 0; t < sizeof tables / sizeof tables[0]; t++) {
        for (uint32_t length = 0; length < 800; length++) {
            fill(&fake, 100);
            table(&fake, tables[t].at, tables[t].signature, length);
            assert_int_equal(read_all(&fake, &info), 0);
        }
        fill(&fake, 100);
        put(&fake, tables[t].at + 4, UINT32_MAX, 4);
        assert_int_equal(read_all(&fake, &info), 0);
        assert_int_equal(info.bad_tables, 1);
    }
}

static void test_madt_entry_lengths(void **state)
{
    struct fake fake;
    struct acpi_info info;

    (void)state;
    for (uint32_t type = 0; type < 20; type++) {
        for (uint32_t length = 0; length < 256; length++) {
            fill(&fake, 100);
            put(&fake, MADT + 44, type | length << 8, 2);
            table(&fake, MADT, "APIC", 44 + 20);
            assert_int_equal(read_all(&fake, &info), 0);
            if (length < 2 || length > 20)
                assert_int_equal(info.bad_tables, 1);
        }
    }
}

static void test_random_bodies(void **state)
{
    static const uint32_t at[] = {MADT, MCFG, HPET, FADT, DSDT, XSDT};
    static const char *const signature[] = {"APIC", "MCFG", "HPET", "FACP", "DSDT", "XSDT"};
    static const uint32_t length[] = {200, 100, 60, 268, 700, 100};
    struct fake fake;
    struct acpi_info info;

    (void)state;
    srand(1);
    for (int round = 0; round < 20000; round++) {
        int which = rand() % 6;

        fill(&fake, 100);
        for (uint32_t i = 36; i < length[which]; i++)
            fake.memory[at[which] + i] = (uint8_t)(rand() % 3 ? rand() % 20 : rand());
        table(&fake, at[which], signature[which], length[which]);
        assert_int_equal(read_all(&fake, &info), 0);
        assert_true(info.ioapics <= ACPI_IOAPICS_MAX && info.segments <= ACPI_SEGMENTS_MAX);
    }
}

static void test_bad_pointers(void **state)
{
    static const uint64_t pointers[] = {1, BASE - 1, BASE + BYTES - 1, UINT64_MAX, UINT64_MAX - 35};
    struct fake fake;
    struct acpi_info info;

    (void)state;
    for (size_t i = 0; i < sizeof pointers / sizeof pointers[0]; i++) {
        fill(&fake, 100);
        put(&fake, XSDT + 36 + 8, pointers[i], 8);
        table(&fake, XSDT, "XSDT", 36 + 32);
        assert_int_equal(read_all(&fake, &info), 0);
        assert_int_equal(info.bad_tables, 1);
        assert_int_equal(info.segments, 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_tables),
        cmocka_unit_test(test_isa_interrupts),
        cmocka_unit_test(test_root_table_of_acpi_1),
        cmocka_unit_test(test_s5_at_every_offset),
        cmocka_unit_test(test_s5_cut_off),
        cmocka_unit_test(test_each_byte_damaged),
        cmocka_unit_test(test_each_length_with_right_checksum),
        cmocka_unit_test(test_madt_entry_lengths),
        cmocka_unit_test(test_random_bodies),
        cmocka_unit_test(test_bad_pointers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
