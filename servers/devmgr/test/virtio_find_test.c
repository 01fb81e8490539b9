// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Finding the common configuration of a virtio function, right and with a capability that lies.

// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on

#include <string.h>

#include "abi/error.h"
#include "servers/devmgr/pci_registers.h"
#include "servers/devmgr/test/fake_pci.h"
#include "servers/devmgr/virtio_common.h"

static struct fake_pci fake;
static struct pci_tree tree;

static int find(uint8_t type, uint8_t bar, uint32_t offset, uint32_t length, uint64_t *found)
{
    struct pci_access access = fake_pci_access(&fake);
    struct fake_function *f;
    uint32_t which = 99;
    uint8_t at;
    int status;

    memset(&fake, 0, sizeof fake);
    f = fake_add(&fake, -1, 1, 0, false);
    fake_bar(f, 4, 0x4000, PCI_BAR_TYPE_64, 0xfe000000);
    fake_capability(f, PCI_CAP_MSIX, 12);
    at = fake_capability(f, PCI_CAP_VENDOR, 16);
    fake_put(f, at + 3u, type, 1);
    fake_put(f, at + 4u, bar, 1);
    fake_put(f, at + 8u, offset, 4);
    fake_put(f, at + 12u, length, 4);
    pci_scan(&access, 0, &tree);
    status = virtio_find_common(&access, &tree.function[0], &which, found);
    if (status == 0)
        assert_int_equal(which, bar);
    return status;
}

static void test_found(void **state)
{
    uint64_t offset;

    (void)state;
    assert_int_equal(find(1, 4, 0x1000, 0x1000, &offset), 0);
    assert_int_equal(offset, 0x1000);
}

static void test_refused(void **state)
{
    uint64_t offset;

    (void)state;
    assert_int_equal(find(2, 4, 0, 0x1000, &offset), -E_NODEV);      // not the common structure
    assert_int_equal(find(1, 6, 0, 0x1000, &offset), -E_NODEV);      // no such BAR
    assert_int_equal(find(1, 5, 0, 0x1000, &offset), -E_NODEV);      // the upper half of one
    assert_int_equal(find(1, 0, 0, 0x1000, &offset), -E_NODEV);      // not there
    assert_int_equal(find(1, 4, 0, 0x20, &offset), -E_NODEV);        // too short
    assert_int_equal(find(1, 4, 0x3ff0, 0x1000, &offset), -E_NODEV); // past the end
    assert_int_equal(find(1, 4, UINT32_MAX, 0x1000, &offset), -E_NODEV);
    assert_int_equal(find(1, 4, 0x1000, UINT32_MAX, &offset), -E_NODEV);
}

static void test_id(void **state)
{
    struct pci_function function = {.vendor = 0x1af4, .device = 0x1042, .subsystem = 9};

    (void)state;
    assert_int_equal(virtio_id(&function), 2);
    function.device = 0x1001; // transitional: the subsystem tells
    assert_int_equal(virtio_id(&function), 9);
    function.device = 0x1110; // of that vendor, but no virtio device
    assert_int_equal(virtio_id(&function), 0);
    function.vendor = 0x1b36;
    function.device = 0x1042;
    assert_int_equal(virtio_id(&function), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_found),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_id),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
