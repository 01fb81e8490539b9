// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// PCI scan, BARs, capabilities, reset, routing and address assignment against the made-up PCI of
// fake_pci.h; then devices that lie: loops, holes in masks, tables outside of BARs, random
// configuration spaces.

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
#include "servers/devmgr/pci_registers.h"
#include "servers/devmgr/test/fake_pci.h"

static struct fake_pci fake;
static struct pci_tree tree;

static int setup(void **state)
{
    (void)state;
    memset(&fake, 0, sizeof fake);
    return 0;
}

static struct pci_access scan(void)
{
    struct pci_access access = fake_pci_access(&fake);

    pci_scan(&access, fake.root_bus, &tree);
    return access;
}

static void test_empty_bus(void **state)
{
    (void)state;
    scan();
    assert_int_equal(tree.functions, 0);
}

static void test_functions_and_identity(void **state)
{
    struct fake_function *f;

    (void)state;
    f = fake_add(&fake, -1, 2, 0, false);
    fake_put(f, PCI_CLASS_CODE, 0x01000001, 4);
    fake_put(f, PCI_SUBSYSTEM_VENDOR_ID, 0x1af4, 2);
    fake_put(f, PCI_SUBSYSTEM_ID, 0x1100, 2);
    fake_add(&fake, -1, 2, 1, false); // not seen: function 0 does not say multi-function
    f = fake_add(&fake, -1, 31, 0, false);
    fake_put(f, PCI_HEADER_TYPE, PCI_HEADER_MULTI_FUNCTION, 1);
    fake_add(&fake, -1, 31, 7, false);
    scan();
    assert_int_equal(tree.functions, 3);
    assert_int_equal(tree.function[0].address, PCI_ADDRESS(0, 2, 0));
    assert_int_equal(tree.function[0].class, 0x010000);
    assert_int_equal(tree.function[0].revision, 1);
    assert_int_equal(tree.function[0].subsystem, 0x1100);
    assert_int_equal(tree.function[2].address, PCI_ADDRESS(0, 31, 7));
}

static void test_bars(void **state)
{
    struct fake_function *f = fake_add(&fake, -1, 1, 0, false);
    struct pci_bar *bar = tree.function[0].bar;

    (void)state;
    fake_put(f, PCI_COMMAND, PCI_COMMAND_MEMORY_SPACE, 2);
    fake_bar(f, 0, 0x20, PCI_BAR_SPACE_IO, 0xc040);
    fake_bar(f, 1, 0x1000, 0, 0xfebd1000);
    fake_bar(f, 4, 0x4000, PCI_BAR_TYPE_64 | PCI_BAR_PREFETCHABLE, 0x8000000000);
    scan();
    assert_int_equal(bar[0].kind, PCI_BAR_IO);
    assert_int_equal(bar[0].base, 0xc040);
    assert_int_equal(bar[0].size, 0x20);
    assert_int_equal(bar[1].kind, PCI_BAR_MEMORY32);
    assert_int_equal(bar[1].base, 0xfebd1000);
    assert_int_equal(bar[2].kind, PCI_BAR_NONE);
    assert_int_equal(bar[4].kind, PCI_BAR_MEMORY64);
    assert_true(bar[4].prefetchable);
    assert_true(bar[4].base == 0x8000000000 && bar[4].size == 0x4000);
    assert_int_equal(bar[5].kind, PCI_BAR_UPPER);
    assert_int_equal(fake_get(f, PCI_BASE_ADDRESS + 4, 4), 0xfebd1000); // put back
    assert_int_equal(fake_get(f, PCI_COMMAND, 2), PCI_COMMAND_MEMORY_SPACE);
}

static void test_bar_larger_than_4g(void **state)
{
    struct fake_function *f = fake_add(&fake, -1, 1, 0, false);

    (void)state;
    fake_bar(f, 0, 1ull << 34, PCI_BAR_TYPE_64, 1ull << 40);
    scan();
    assert_true(tree.function[0].bar[0].size == 1ull << 34);
    assert_true(tree.function[0].bar[0].base == 1ull << 40);
}

static void test_broken_bars(void **state)
{
    struct fake_function *f = fake_add(&fake, -1, 1, 0, false);

    (void)state;
    fake_bar(f, 0, 0x1000, 0, 0);
    f->writable[PCI_BASE_ADDRESS + 2] = 0xa5; // a mask with holes
    fake_bar(f, 1, 0x10000000, 0, 0xf0000000);
    fake_put(f, PCI_BASE_ADDRESS + 8, PCI_BAR_TYPE_64, 4);  // only the type, no address bits
    fake_put(f, PCI_BASE_ADDRESS + 20, PCI_BAR_TYPE_64, 4); // 64 bits wide, in the last register
    f->writable[PCI_BASE_ADDRESS + 23] = 0xff;
    scan();
    assert_int_equal(tree.function[0].bar[0].kind, PCI_BAR_NONE);
    assert_int_equal(tree.function[0].bar[1].base, 0xf0000000);
    assert_int_equal(tree.function[0].bar[1].size, 0x10000000);
    assert_int_equal(tree.function[0].bar[2].kind, PCI_BAR_NONE);
    assert_int_equal(tree.function[0].bar[5].kind, PCI_BAR_NONE);
}

static void add_msix(struct fake_function *f, uint16_t entries, uint32_t table, uint32_t pending)
{
    uint8_t at = fake_capability(f, PCI_CAP_MSIX, 12);

    fake_put(f, at + PCI_MSIX_CONTROL, entries - 1u, 2);
    fake_put(f, at + PCI_MSIX_TABLE, table, 4);
    fake_put(f, at + PCI_MSIX_PENDING, pending, 4);
    memset(f->writable + at + PCI_MSIX_TABLE, 0, 8);
}

static void test_msix_facts(void **state)
{
    struct fake_function *f = fake_add(&fake, -1, 1, 0, false);

    (void)state;
    fake_bar(f, 1, 0x1000, 0, 0xfebd1000);
    add_msix(f, 5, 1, 0x800 | 1);
    scan();
    assert_int_equal(tree.function[0].msix.entries, 5);
    assert_int_equal(tree.function[0].msix.table_bar, 1);
    assert_int_equal(tree.function[0].msix.pending_offset, 0x800);
}

static void test_msix_outside_of_its_bar(void **state)
{
    static const struct {
        uint16_t entries;
        uint32_t table, pending;
    } bad[] = {
        {5, 0, 0x800 | 1},          // BAR 0 is not there
        {5, 7, 0x800 | 1},          // no BAR 7
        {5, 0x1000 | 1, 0x800 | 1}, // begins past the end
        {5, 0xff8 | 1, 0x800 | 1},  // ends past the end
        {2048, 1, 0x800 | 1},       // too long
        {5, 1, 0xfffffff8 | 1},     // wraps
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct fake_function *f;

        setup(NULL);
        f = fake_add(&fake, -1, 1, 0, false);
        fake_bar(f, 1, 0x1000, 0, 0xfebd1000);
        add_msix(f, bad[i].entries, bad[i].table, bad[i].pending);
        scan();
        assert_int_equal(tree.function[0].msix.entries, 0);
        assert_int_equal(tree.function[0].capability.msix, 0);
    }
}

static void test_capability_loop(void **state)
{
    struct fake_function *f = fake_add(&fake, -1, 1, 0, false);
    uint8_t first = fake_capability(f, PCI_CAP_VENDOR, 16);
    uint8_t second = fake_capability(f, PCI_CAP_MSI, 16);

    (void)state;
    f->config[second + 1] = first;
    scan();
    assert_int_equal(tree.function[0].capability.msi, second);
    assert_true(fake.accesses < 10000);
}

// Bridges as on a board without firmware: no bus numbers, a bridge behind a bridge, one beside
// them.
static void add_bridges(void)
{
    fake_add(&fake, -1, 1, 0, true); // 0
    fake_add(&fake, 0, 0, 0, true);  // 1, behind 0
    fake_add(&fake, 1, 3, 0, false); // 2, behind 1
    fake_add(&fake, -1, 2, 0, true); // 3
    fake_add(&fake, 3, 0, 0, false); // 4, behind 3
}

static void test_bridges_numbered(void **state)
{
    (void)state;
    add_bridges();
    scan();
    assert_int_equal(tree.functions, 5);
    assert_int_equal(tree.function[0].secondary, 1);
    assert_int_equal(tree.function[0].subordinate, 2);
    assert_int_equal(tree.function[1].secondary, 2);
    assert_int_equal(tree.function[2].address, PCI_ADDRESS(2, 3, 0));
    assert_int_equal(tree.function[2].parent, 1);
    assert_int_equal(tree.function[3].secondary, 3);
    assert_int_equal(tree.function[4].address, PCI_ADDRESS(3, 0, 0));
}

static void test_bridge_numbers_of_firmware_kept(void **state)
{
    (void)state;
    add_bridges();
    memcpy(fake.function[0].config + PCI_PRIMARY_BUS, (uint8_t[]){0, 5, 9}, 3);
    memcpy(fake.function[1].config + PCI_PRIMARY_BUS, (uint8_t[]){5, 6, 6}, 3);
    memcpy(fake.function[3].config + PCI_PRIMARY_BUS, (uint8_t[]){0, 12, 12}, 3);
    scan();
    assert_int_equal(tree.function[1].secondary, 6);
    assert_int_equal(tree.function[2].address, PCI_ADDRESS(6, 3, 0));
    assert_int_equal(tree.function[4].address, PCI_ADDRESS(12, 0, 0));
}

// Two bridges that claim the same bus, and one that claims its own: each function is found once.
static void test_bridges_that_lie(void **state)
{
    (void)state;
    add_bridges();
    memcpy(fake.function[0].config + PCI_PRIMARY_BUS, (uint8_t[]){0, 1, 255}, 3);
    memcpy(fake.function[1].config + PCI_PRIMARY_BUS, (uint8_t[]){1, 1, 255}, 3);
    memcpy(fake.function[3].config + PCI_PRIMARY_BUS, (uint8_t[]){0, 1, 1}, 3);
    scan();
    assert_true(tree.functions <= 8);
    for (uint32_t i = 0; i < tree.functions; i++) {
        for (uint32_t j = 0; j < i; j++)
            assert_int_not_equal(tree.function[i].address, tree.function[j].address);
    }
}

static void test_too_deep(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++)
        fake_add(&fake, i - 1, 0, 0, true);
    scan();
    assert_int_equal(tree.functions, PCI_BRIDGE_DEPTH_MAX + 1);
}

static void test_too_many_functions(void **state)
{
    (void)state;
    for (unsigned bridge = 0; bridge < 2; bridge++)
        fake_add(&fake, -1, (uint8_t)bridge, 0, true);
    for (unsigned i = 0; i < FAKE_FUNCTIONS - 2; i++)
        fake_add(&fake, (int)(i % 2), (uint8_t)(i / 2), 0, false);
    for (unsigned i = 2; i < FAKE_FUNCTIONS; i++)
        fake_put(&fake.function[i], PCI_HEADER_TYPE, 0, 1);
    scan();
    assert_int_equal(tree.functions, FAKE_FUNCTIONS);
    assert_false(tree.truncated);
}

static void test_assign_without_firmware(void **state)
{
    struct pci_windows windows = {
        .space = {
            [PCI_SPACE_IO] = {.start = 0x1000, .end = 0x10000},
            [PCI_SPACE_MEMORY32] = {.start = 0x10000000, .end = 0x20000000},
            [PCI_SPACE_MEMORY64] = {.start = 0x8000000000, .end = 0x9000000000},
        }};
    struct pci_access access;
    struct pci_function *deep;

    (void)state;
    add_bridges();
    fake_bar(&fake.function[2], 0, 0x100000, 0, 0);
    fake_bar(&fake.function[2], 1, 0x100, 0, 0);
    fake_bar(&fake.function[2], 2, 0x4000, PCI_BAR_TYPE_64 | PCI_BAR_PREFETCHABLE, 0);
    fake_bar(&fake.function[4], 0, 0x40, PCI_BAR_SPACE_IO, 0);
    access = scan();
    assert_int_equal(pci_assign(&access, &tree, &windows), 0);
    deep = &tree.function[2];
    assert_true(deep->bar[0].base >= 0x10000000 && deep->bar[0].base % 0x100000 == 0);
    assert_int_equal(deep->bar[1].base % 0x1000, 0);
    assert_true(deep->bar[2].base >= 0x8000000000);
    for (int bridge = 0; bridge < 2; bridge++) { // both forward what is behind them
        struct pci_window *window = tree.function[bridge].forwards.space;

        assert_true(window[PCI_SPACE_MEMORY32].start <= deep->bar[0].base);
        assert_true(window[PCI_SPACE_MEMORY32].end >= deep->bar[0].base + 0x100000);
        assert_true(window[PCI_SPACE_MEMORY64].start <= deep->bar[2].base);
        assert_true(window[PCI_SPACE_MEMORY64].end >= deep->bar[2].base + 0x4000);
    }
    assert_int_equal(fake_get(&fake.function[2], PCI_BASE_ADDRESS, 4), deep->bar[0].base);
    assert_int_equal(fake_get(&fake.function[0], PCI_MEMORY_BASE, 2),
                     tree.function[0].forwards.space[PCI_SPACE_MEMORY32].start >> 16);
    assert_int_equal(fake_get(&fake.function[0], PCI_PREFETCH_BASE_UPPER, 4), 0x80);
    assert_true(tree.function[4].bar[0].base >= 0x1000);
    for (int bridge = 0; bridge < 4; bridge += 3) { // they forward, but not what nobody was given
        const struct fake_function *f = &fake.function[bridge];

        assert_int_equal(fake_get(f, PCI_COMMAND, 2),
                         PCI_COMMAND_IO_SPACE | PCI_COMMAND_MEMORY_SPACE | PCI_COMMAND_BUS_MASTER);
        assert_int_equal(fake_get(f, PCI_IO_BASE, 1) > fake_get(f, PCI_IO_LIMIT, 1), bridge == 0);
        assert_int_equal(fake_get(f, PCI_MEMORY_BASE, 2) > fake_get(f, PCI_MEMORY_LIMIT, 2),
                         bridge == 3);
    }
}

// A base of 0 stands for "no address": nothing may be placed there, or it would be placed for ever.
static void test_assign_in_a_window_from_zero(void **state)
{
    struct pci_windows windows = {.space = {[PCI_SPACE_IO] = {.start = 0, .end = 0x10000},
                                            [PCI_SPACE_MEMORY32] = {.start = 0, .end = 0x2000}}};
    struct pci_access access;

    (void)state;
    fake_bar(fake_add(&fake, -1, 1, 0, false), 0, 0x20, PCI_BAR_SPACE_IO, 0);
    fake_bar(fake_add(&fake, -1, 2, 0, false), 0, 0x1000, 0, 0);
    fake_bar(fake_add(&fake, -1, 3, 0, false), 0, 0x1000, 0, 0);
    access = scan();
    assert_int_equal(pci_assign(&access, &tree, &windows), 1);
    assert_int_equal(tree.function[0].bar[0].base, 0x20);
    assert_int_equal(tree.function[1].bar[0].base, 0x1000);
    assert_true(tree.function[2].bar[0].no_room);
}

static void test_assign_around_firmware(void **state)
{
    struct pci_windows windows = {
        .space = {[PCI_SPACE_MEMORY32] = {.start = 0xc0000000, .end = 0xc0004000}}};
    struct pci_access access;

    (void)state;
    fake_bar(fake_add(&fake, -1, 1, 0, false), 0, 0x1000, 0, 0xc0000000);
    fake_bar(fake_add(&fake, -1, 2, 0, false), 0, 0x1000, 0, 0xc0002000);
    fake_bar(fake_add(&fake, -1, 3, 0, false), 0, 0x1000, 0, 0);
    fake_bar(fake_add(&fake, -1, 4, 0, false), 0, 0x1000, 0, 0);
    fake_bar(fake_add(&fake, -1, 5, 0, false), 0, 0x1000, 0, 0);
    fake_bar(fake_add(&fake, -1, 6, 0, false), 0, 1ull << 63, PCI_BAR_TYPE_64, 0);
    access = scan();
    assert_int_equal(pci_assign(&access, &tree, &windows), 2);
    assert_int_equal(tree.function[2].bar[0].base, 0xc0001000);
    assert_int_equal(tree.function[3].bar[0].base, 0xc0003000);
    assert_true(tree.function[4].bar[0].no_room);
    assert_true(tree.function[5].bar[0].no_room);
}

static void test_reset_by_flr(void **state)
{
    struct fake_function *f = fake_add(&fake, -1, 1, 0, false);
    struct pci_access access;

    (void)state;
    f->express_at = fake_capability(f, PCI_CAP_EXPRESS, 16);
    fake_put(f, f->express_at + PCI_EXP_DEVICE_CAPABILITIES, PCI_EXP_FLR_CAPABLE, 4);
    fake_bar(f, 0, 0x1000, 0, 0xfebd1000);
    fake_put(f, PCI_COMMAND, PCI_COMMAND_MEMORY_SPACE | PCI_COMMAND_BUS_MASTER, 2);
    access = scan();
    assert_int_equal(pci_reset(&access, &tree.function[0]), 0);
    assert_int_equal(f->resets, 1);
    assert_true(fake.slept_ms >= 100);
    assert_int_equal(fake_get(f, PCI_BASE_ADDRESS, 4), 0xfebd1000);
    assert_int_equal(fake_get(f, PCI_COMMAND, 2), PCI_COMMAND_INTERRUPT_DISABLE);
}

static void test_reset_by_power_state(void **state)
{
    struct fake_function *f = fake_add(&fake, -1, 1, 0, false);
    struct pci_access access;

    (void)state;
    f->power_at = fake_capability(f, PCI_CAP_POWER, 8);
    fake_bar(f, 0, 0x1000, 0, 0xfebd1000);
    access = scan();
    assert_int_equal(pci_reset(&access, &tree.function[0]), 0);
    assert_int_equal(f->resets, 1);
    assert_int_equal(fake_get(f, PCI_BASE_ADDRESS, 4), 0xfebd1000);
    fake_put(f, f->power_at + PCI_PM_CONTROL, PCI_PM_NO_SOFT_RESET, 2);
    assert_int_equal(pci_reset(&access, &tree.function[0]), -E_NOSYS);
}

static void test_reset_that_does_not_come_back(void **state)
{
    struct fake_function *f = fake_add(&fake, -1, 1, 0, false);
    struct pci_access access;

    (void)state;
    f->express_at = fake_capability(f, PCI_CAP_EXPRESS, 16);
    fake_put(f, f->express_at + PCI_EXP_DEVICE_CAPABILITIES, PCI_EXP_FLR_CAPABLE, 4);
    access = scan();
    fake_put(f, PCI_VENDOR_ID, 0xffff, 2);
    assert_int_equal(pci_reset(&access, &tree.function[0]), -E_TIMEDOUT);
    assert_true(fake.slept_ms < 2000);
}

static void test_msi(void **state)
{
    struct fake_function *f = fake_add(&fake, -1, 1, 0, false);
    uint8_t at = fake_capability(f, PCI_CAP_MSI, 16);
    struct pci_access access = scan();

    (void)state;
    assert_int_equal(pci_msi_set(&access, &tree.function[0], 1ull << 32, 7), -E_INVAL);
    assert_int_equal(pci_msi_set(&access, &tree.function[0], 0xfee00000, 0x41), 0);
    assert_int_equal(fake_get(f, at + PCI_MSI_DATA_32, 2), 0x41);
    assert_int_equal(fake_get(f, at + PCI_MSI_CONTROL, 2), PCI_MSI_ENABLE);
    fake_put(f, at + PCI_MSI_CONTROL, PCI_MSI_64, 2);
    assert_int_equal(pci_msi_set(&access, &tree.function[0], 0x1fee00000, 0x42), 0);
    assert_int_equal(fake_get(f, at + PCI_MSI_ADDRESS_UPPER, 4), 1);
    assert_int_equal(fake_get(f, at + PCI_MSI_DATA_64, 2), 0x42);
    pci_msi_disable(&access, &tree.function[0]);
    assert_int_equal(fake_get(f, at + PCI_MSI_CONTROL, 2), PCI_MSI_64);
}

static void test_interrupt_swizzle(void **state)
{
    uint8_t device, pin;

    (void)state;
    add_bridges();
    scan();
    pci_intx_route(&tree, &tree.function[2], &device, &pin); // device 3, then device 0, at device 1
    assert_int_equal(device, 1);
    assert_int_equal(pin, 3);
    pci_intx_route(&tree, &tree.function[4], &device, &pin);
    assert_int_equal(device, 2);
    assert_int_equal(pin, 0);
}

// A function behind ports, behind a bridge to conventional PCI, and behind an old bridge.
static void test_requester(void **state)
{
    struct pci_tree t = {.functions = 4};

    (void)state;
    t.function[0] = (struct pci_function){.address = PCI_ADDRESS(0, 4, 0), .parent = -1};
    t.function[1] =
        (struct pci_function){.address = PCI_ADDRESS(1, 2, 0), .parent = 0, .secondary = 7};
    t.function[2] = (struct pci_function){.address = PCI_ADDRESS(7, 5, 3), .parent = 1};
    for (unsigned i = 0; i < 2; i++) {
        t.function[i].capability.express = 0x40;
        t.function[i].capability.express_type = PCI_EXP_DOWNSTREAM;
    }
    assert_int_equal(pci_requester(&t, &t.function[0]), PCI_ADDRESS(0, 4, 0));
    assert_int_equal(pci_requester(&t, &t.function[2]), PCI_ADDRESS(7, 5, 3));
    t.function[1].capability.express_type = PCI_EXP_TO_PCI;
    assert_int_equal(pci_requester(&t, &t.function[2]), PCI_ADDRESS(7, 0, 0));
    t.function[0].capability.express = 0;
    assert_int_equal(pci_requester(&t, &t.function[2]), PCI_ADDRESS(0, 4, 0));
}

// For a successor: nothing is written, and whoever is another one is noticed.
static void test_known_functions(void **state)
{
    struct pci_access access;
    uint64_t accesses;

    (void)state;
    fake_add(&fake, -1, 1, 0, false);
    fake_add(&fake, -1, 2, 0, false);
    access = scan();
    accesses = fake.accesses;
    assert_true(pci_is_as_known(&access, &tree));
    assert_int_equal(fake.accesses, accesses + 4);
    tree.function[1].device++;
    assert_false(pci_is_as_known(&access, &tree));
}

static void test_random_configuration_spaces(void **state)
{
    struct pci_windows windows = {
        .space = {
            [PCI_SPACE_IO] = {.start = 0x1000, .end = 0x10000},
            [PCI_SPACE_MEMORY32] = {.start = 0x10000000, .end = 0x20000000},
            [PCI_SPACE_MEMORY64] = {.start = 0x8000000000, .end = 0x9000000000},
        }};

    (void)state;
    srand(2);
    for (int round = 0; round < 300; round++) {
        struct pci_access access;

        setup(NULL);
        for (unsigned i = 0; i < 12; i++) {
            bool bridge = rand() % 3 == 0;
            struct fake_function *f =
                fake_add(&fake, rand() % (int)(i + 1) - 1, (uint8_t)(rand() % 32), 0, bridge);

            for (unsigned at = 4; at < FAKE_CONFIG; at++) {
                if (at != PCI_HEADER_TYPE && rand() % 2)
                    f->config[at] = (uint8_t)rand();
                if (rand() % 4 == 0)
                    f->writable[at] = rand() % 2 ? 0xff : (uint8_t)rand();
            }
        }
        access = scan();
        pci_assign(&access, &tree, &windows);
        for (uint32_t i = 0; i < tree.functions; i++)
            pci_reset(&access, &tree.function[i]);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, setup)
    const struct CMUnitTest tests[] = {
        TEST(test_empty_bus),
        TEST(test_functions_and_identity),
        TEST(test_bars),
        TEST(test_bar_larger_than_4g),
        TEST(test_broken_bars),
        TEST(test_msix_facts),
        TEST(test_msix_outside_of_its_bar),
        TEST(test_capability_loop),
        TEST(test_bridges_numbered),
        TEST(test_bridge_numbers_of_firmware_kept),
        TEST(test_bridges_that_lie),
        TEST(test_too_deep),
        TEST(test_too_many_functions),
        TEST(test_assign_without_firmware),
        TEST(test_assign_in_a_window_from_zero),
        TEST(test_assign_around_firmware),
        TEST(test_reset_by_flr),
        TEST(test_reset_by_power_state),
        TEST(test_reset_that_does_not_come_back),
        TEST(test_msi),
        TEST(test_interrupt_swizzle),
        TEST(test_requester),
        TEST(test_known_functions),
        TEST(test_random_configuration_spaces),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
