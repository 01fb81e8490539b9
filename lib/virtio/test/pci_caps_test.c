// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Unit tests of the capability walk, and of mapping what it finds.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "abi/error.h"
#include "lib/virtio/pci.h"
#include "lib/virtio/virtio_hw.h"

static void put_cap(uint8_t *config, unsigned at, unsigned next, uint8_t type, uint8_t bar,
                    uint32_t offset, uint32_t length)
{
    struct virtio_pci_notify_cap cap = {
        .cap = {.cap_vndr = PCI_CAPABILITY_VENDOR,
                .cap_next = (uint8_t)next,
                .cap_len = type == VIRTIO_PCI_CAP_NOTIFY_CFG ? 20 : 16,
                .cfg_type = type,
                .bar = bar,
                .offset = offset,
                .length = length},
        .notify_off_multiplier = 4,
    };
    memcpy(config + at, &cap, cap.cap.cap_len);
}

// The layout QEMU's virtio-blk-pci has: an MSI-X capability first, all structures in BAR 4.
static void good_device(uint8_t *config)
{
    memset(config, 0, PCI_CONFIG_BYTES);
    config[0] = 0xf4;
    config[1] = 0x1a;
    config[2] = 0x42;
    config[3] = 0x10;
    config[PCI_CFG_STATUS] = PCI_STATUS_CAPABILITIES_LIST;
    config[PCI_CFG_CAPABILITIES_POINTER] = 0x98;
    config[0x98] = 0x11;
    config[0x99] = 0x84;
    put_cap(config, 0x84, 0x70, VIRTIO_PCI_CAP_PCI_CFG, 0, 0, 0);
    put_cap(config, 0x70, 0x60, VIRTIO_PCI_CAP_NOTIFY_CFG, 4, 0x3000, 0x1000);
    put_cap(config, 0x60, 0x50, VIRTIO_PCI_CAP_DEVICE_CFG, 4, 0x2000, 0x1000);
    put_cap(config, 0x50, 0x40, VIRTIO_PCI_CAP_ISR_CFG, 4, 0x1000, 0x1000);
    put_cap(config, 0x40, 0, VIRTIO_PCI_CAP_COMMON_CFG, 4, 0, 0x1000);
}

static void test_good_device(void **state)
{
    (void)state;
    uint8_t config[PCI_CONFIG_BYTES];
    struct virtio_pci_layout layout;
    good_device(config);
    assert_int_equal(virtio_pci_find_structures(config, sizeof(config), &layout), 0);
    assert_int_equal(layout.device_type, 2);
    assert_true(layout.has_msix);
    assert_int_equal(layout.common.bar, 4);
    assert_int_equal(layout.notify.offset, 0x3000);
    assert_int_equal(layout.notify_off_multiplier, 4);
    assert_int_equal(layout.isr.offset, 0x1000);
    assert_int_equal(layout.device.offset, 0x2000);
}

static void test_transitional_device(void **state)
{
    (void)state;
    uint8_t config[PCI_CONFIG_BYTES];
    struct virtio_pci_layout layout;
    good_device(config);
    config[2] = 0x01; // 1af4:1001, subsystem 2
    config[0x2e] = 2;
    assert_int_equal(virtio_pci_find_structures(config, sizeof(config), &layout), 0);
    assert_int_equal(layout.device_type, 2);
}

static void test_first_of_a_kind_counts(void **state)
{
    (void)state;
    uint8_t config[PCI_CONFIG_BYTES];
    struct virtio_pci_layout layout;
    good_device(config);
    put_cap(config, 0x84, 0x70, VIRTIO_PCI_CAP_COMMON_CFG, 2, 0x40, 0x80);
    assert_int_equal(virtio_pci_find_structures(config, sizeof(config), &layout), 0);
    assert_int_equal(layout.common.bar, 2);
}

static void test_bad_structures_are_passed_over(void **state)
{
    (void)state;
    uint8_t config[PCI_CONFIG_BYTES];
    struct virtio_pci_layout layout;
    good_device(config);
    put_cap(config, 0x40, 0, VIRTIO_PCI_CAP_COMMON_CFG, 6, 0, 0x1000); // no such BAR
    assert_int_equal(virtio_pci_find_structures(config, sizeof(config), &layout), -E_OPNOTSUPP);
    put_cap(config, 0x40, 0, VIRTIO_PCI_CAP_COMMON_CFG, 4, 0, 55); // too small
    assert_int_equal(virtio_pci_find_structures(config, sizeof(config), &layout), -E_OPNOTSUPP);
    put_cap(config, 0x40, 0, VIRTIO_PCI_CAP_COMMON_CFG, 4, 2, 56); // misaligned
    assert_int_equal(virtio_pci_find_structures(config, sizeof(config), &layout), -E_OPNOTSUPP);
    put_cap(config, 0x40, 0, VIRTIO_PCI_CAP_COMMON_CFG, 4, 0xfffffffc, 56); // wraps
    assert_int_equal(virtio_pci_find_structures(config, sizeof(config), &layout), -E_OPNOTSUPP);
}

static void test_not_virtio(void **state)
{
    (void)state;
    uint8_t config[PCI_CONFIG_BYTES];
    struct virtio_pci_layout layout;
    good_device(config);
    config[0] = 0x86;
    assert_int_equal(virtio_pci_find_structures(config, sizeof(config), &layout), -E_NODEV);
    good_device(config);
    config[3] = 0x20;
    assert_int_equal(virtio_pci_find_structures(config, sizeof(config), &layout), -E_NODEV);
    good_device(config);
    config[PCI_CFG_STATUS] = 0;
    assert_int_equal(virtio_pci_find_structures(config, sizeof(config), &layout), -E_OPNOTSUPP);
    assert_int_equal(virtio_pci_find_structures(config, 255, &layout), -E_BADMSG);
}

static void test_lists_that_do_not_end(void **state)
{
    (void)state;
    uint8_t config[PCI_CONFIG_BYTES];
    struct virtio_pci_layout layout;
    good_device(config);
    config[0x41] = 0x98; // circle
    assert_int_equal(virtio_pci_find_structures(config, sizeof(config), &layout), -E_BADMSG);
    config[0x41] = 0x10; // into the header
    assert_int_equal(virtio_pci_find_structures(config, sizeof(config), &layout), -E_BADMSG);
}

static void test_random_config_space(void **state)
{
    (void)state;
    uint64_t seed = 1;
    for (unsigned round = 0; round < 100000; round++) {
        uint8_t config[PCI_CONFIG_BYTES];
        good_device(config);
        for (unsigned i = 0; i < 1 + round % 8; i++) {
            seed = seed * 6364136223846793005ull + 1442695040888963407ull;
            config[(seed >> 40) % PCI_CONFIG_BYTES] = (uint8_t)(seed >> 32);
        }
        struct virtio_pci_layout layout;
        if (virtio_pci_find_structures(config, sizeof(config), &layout) < 0)
            continue;
        assert_true(layout.common.bar < PCI_BARS && layout.common.bytes >= 56);
        assert_true(layout.notify.bar < PCI_BARS && layout.notify.bytes >= 2);
        assert_true(layout.isr.bar < PCI_BARS && layout.isr.bytes >= 1);
    }
}

struct bars {
    uint64_t bytes;
    unsigned maps;
    _Alignas(16) uint8_t memory[0x4000];
};

static int map_bar(void *context, unsigned bar, void **address, uint64_t *bytes)
{
    struct bars *bars = context;
    if (bar != 4)
        return -E_NOENT;
    bars->maps++;
    *address = bars->memory;
    *bytes = bars->bytes;
    return 0;
}

static void test_mapping(void **state)
{
    (void)state;
    static struct bars bars = {.bytes = 0x4000};
    uint8_t config[PCI_CONFIG_BYTES];
    struct virtio_pci pci;
    good_device(config);
    assert_int_equal(virtio_pci_init(&pci, config, sizeof(config), map_bar, &bars), 0);
    assert_int_equal(bars.maps, 1);
    assert_ptr_equal(pci.common, bars.memory);
    assert_ptr_equal(pci.device, bars.memory + 0x2000);
    bars.bytes = 0x3fff; // the BAR is shorter than the device says
    assert_int_equal(virtio_pci_init(&pci, config, sizeof(config), map_bar, &bars), -E_BADMSG);
    put_cap(config, 0x50, 0x40, VIRTIO_PCI_CAP_ISR_CFG, 1, 0, 1); // a BAR that was not granted
    assert_int_equal(virtio_pci_init(&pci, config, sizeof(config), map_bar, &bars), -E_BADMSG);
    bars.bytes = 0x4000;
    assert_int_equal(virtio_pci_init(&pci, config, sizeof(config), map_bar, &bars), -E_NOENT);
}

// The common structure as plain memory: what a well-behaved device would have latched.
static void test_queue_setup(void **state)
{
    (void)state;
    static struct bars bars = {.bytes = 0x4000};
    uint8_t config[PCI_CONFIG_BYTES];
    struct virtio_pci pci;
    good_device(config);
    assert_int_equal(virtio_pci_init(&pci, config, sizeof(config), map_bar, &bars), 0);
    const struct virtio_transport_ops *ops = pci.transport.ops;
    pci.common->num_queues = 2;
    pci.common->queue_size = 256;
    pci.common->queue_notify_off = 3;
    struct virtio_queue_setup setup = {.size = 128,
                                       .vector = 1,
                                       .descriptors = 0x123456789000,
                                       .available = 0x2000,
                                       .used = 0x3000};
    assert_int_equal(ops->queue_size_max(&pci.transport, 1), 256);
    assert_int_equal(ops->queue_size_max(&pci.transport, 2), 0);
    assert_int_equal(ops->queue_enable(&pci.transport, 2, &setup), -E_NOENT);
    assert_int_equal(ops->queue_enable(&pci.transport, 1, &setup), 0);
    assert_int_equal(pci.common->queue_desc_lo, 0x56789000);
    assert_int_equal(pci.common->queue_desc_hi, 0x1234);
    ops->queue_notify(&pci.transport, 1);
    assert_int_equal(bars.memory[0x3000 + 3 * 4], 1);
    setup.size = 256; // now more than the 128 that the register holds
    assert_int_equal(ops->queue_enable(&pci.transport, 1, &setup), -E_IO);
    setup.size = 128;
    pci.common->queue_notify_off = 0x400; // just beyond the structure
    assert_int_equal(ops->queue_enable(&pci.transport, 1, &setup), -E_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_device),
        cmocka_unit_test(test_transitional_device),
        cmocka_unit_test(test_first_of_a_kind_counts),
        cmocka_unit_test(test_bad_structures_are_passed_over),
        cmocka_unit_test(test_not_virtio),
        cmocka_unit_test(test_lists_that_do_not_end),
        cmocka_unit_test(test_random_config_space),
        cmocka_unit_test(test_mapping),
        cmocka_unit_test(test_queue_setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
