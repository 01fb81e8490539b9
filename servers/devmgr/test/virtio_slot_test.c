// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Unit tests of finding virtio-mmio slots in a command line and in AML.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "abi/error.h"
#include "servers/devmgr/virtio_slot.h"

static void test_command_line(void **state)
{
    (void)state;
    const char *text = "console=ttyS0 virtio_mmio.device=512@0xfeb00e00:12  root=/dev/vda "
                       "virtio_mmio.device=4K@0xd0000000:0x20:7";
    const char *bad;
    struct virtio_slot slot;
    assert_int_equal(virtio_slot_from_command_line(&text, &slot, &bad), 1);
    assert_true(slot.base == 0xfeb00e00 && slot.bytes == 512 && slot.line == 12);
    assert_true(slot.level && !slot.active_low);
    assert_int_equal(virtio_slot_from_command_line(&text, &slot, &bad), 1);
    assert_true(slot.base == 0xd0000000 && slot.bytes == 4096 && slot.line == 32);
    assert_int_equal(virtio_slot_from_command_line(&text, &slot, &bad), 0);
    assert_int_equal(virtio_slot_from_command_line(&text, &slot, &bad), 0);
}

static void test_bad_command_lines(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "virtio_mmio.device=",
        "virtio_mmio.device=512",
        "virtio_mmio.device=512@:5",
        "virtio_mmio.device=512@0x:5",
        "virtio_mmio.device=512@0xfeb00000",
        "virtio_mmio.device=512@0xfeb00000:",
        "virtio_mmio.device=512@0xfeb00000:5x",
        "virtio_mmio.device=512@0xfeb00000:5:",
        "virtio_mmio.device=512@0xfeb00000:99999999",
        "virtio_mmio.device=0@0xfeb00000:5",
        "virtio_mmio.device=1M@0xfeb00000:5",
        "virtio_mmio.device=512@0:5",
        "virtio_mmio.device=512@0xffffffffffffff00:5",
        "virtio_mmio.device=512@0x1ffffffffffffffff:5",
        "virtio_mmio.device=99999999999999999999K@0xfeb00000:5",
        "virtio_mmio.device=18446744073709551615M@0xfeb00000:5",
    };
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        const char *text = lines[i], *bad;
        struct virtio_slot slot;
        assert_int_equal(virtio_slot_from_command_line(&text, &slot, &bad), -E_INVAL);
        assert_ptr_equal(bad, lines[i]);
        assert_int_equal(*text, '\0');
    }
}

enum { AML_BYTES = 1024 };

static int read_aml(void *context, uint64_t address, void *buffer, size_t bytes)
{
    assert_true(address <= AML_BYTES && bytes <= AML_BYTES - address);
    memcpy(buffer, (const uint8_t *)context + address, bytes);
    return 0;
}

// As QEMU writes it: hardware id, _UID, _CCA, then the buffer of _CRS.
static const uint8_t object[] = {
    'L',  'N',  'R', 'O', '0',  '0',  '0',  '5',  0,    8,  '_', 'U', 'I',  'D',  0,    8,
    '_',  'C',  'R', 'S', 0x11, 0x1a, 0x0a, 0x17, 0x86, 9,  0,   1,   0x00, 0x02, 0xb0, 0xfe,
    0x00, 0x02, 0,   0,   0x89, 6,    0,    1,    1,    24, 0,   0,   0,    0x79, 0};

static void test_aml_at_every_offset(void **state)
{
    (void)state;
    for (uint32_t at = 0; at + sizeof(object) <= AML_BYTES; at++) {
        uint8_t aml[AML_BYTES] = {0};
        struct acpi_memory memory = {.read = read_aml, .context = aml};
        struct virtio_slot slot;
        uint32_t offset = 0;
        memcpy(aml + at, object, sizeof(object));
        assert_int_equal(virtio_slot_from_aml(&memory, 0, AML_BYTES, &offset, &slot), 1);
        assert_true(slot.base == 0xfeb00200 && slot.bytes == 512 && slot.line == 24);
        assert_true(slot.level && !slot.active_low);
        assert_int_equal(virtio_slot_from_aml(&memory, 0, AML_BYTES, &offset, &slot), 0);
    }
}

// A device whose descriptors miss takes none of its successor's.
static void test_aml_without_interrupt(void **state)
{
    (void)state;
    uint8_t aml[AML_BYTES] = {0};
    struct acpi_memory memory = {.read = read_aml, .context = aml};
    struct virtio_slot slot;
    uint32_t offset = 0;
    memcpy(aml, object, sizeof(object));
    memcpy(aml + 36, object, sizeof(object));
    aml[36 + 28] = 4; // the second one's base
    assert_int_equal(virtio_slot_from_aml(&memory, 0, AML_BYTES, &offset, &slot), 1);
    assert_true(slot.base == 0xfeb00204);
    assert_int_equal(virtio_slot_from_aml(&memory, 0, AML_BYTES, &offset, &slot), 0);
}

static void test_aml_cut_off_and_random(void **state)
{
    (void)state;
    uint64_t seed = 1;
    for (unsigned round = 0; round < 20000; round++) {
        uint8_t aml[AML_BYTES] = {0};
        struct acpi_memory memory = {.read = read_aml, .context = aml};
        struct virtio_slot slot;
        uint32_t offset = 0, length = AML_BYTES - round % 200;
        for (uint32_t at = 0; at + sizeof(object) <= AML_BYTES; at += sizeof(object) - round % 5)
            memcpy(aml + at, object, sizeof(object));
        for (unsigned i = 0; i < round % 64; i++) {
            seed = seed * 6364136223846793005ull + 1442695040888963407ull;
            aml[(seed >> 40) % AML_BYTES] = (uint8_t)(seed >> 32);
        }
        unsigned found = 0;
        while (virtio_slot_from_aml(&memory, 0, length, &offset, &slot) > 0) {
            assert_true(slot.bytes != 0 && slot.bytes <= VIRTIO_SLOT_BYTES_MAX);
            assert_true(++found < AML_BYTES);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_command_line),           cmocka_unit_test(test_bad_command_lines),
        cmocka_unit_test(test_aml_at_every_offset),    cmocka_unit_test(test_aml_without_interrupt),
        cmocka_unit_test(test_aml_cut_off_and_random),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
