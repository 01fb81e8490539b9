// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// What a successor is told of board and devices: all of it, or nothing.

// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/log.h"
#include "lib/checkpoint/checkpoint.h"
#include "servers/devmgr/device.h"

enum { MEMORY_BYTES = 512 << 10, DEVICES = 3 };

static uint64_t memory[MEMORY_BYTES / 8]; // what outlives a process
static struct devmgr *old, *new;

void sys_log_at(enum log_level level, const char *format, ...)
{
    (void)level;
    (void)format;
}

int checkpoint_open_granted(struct checkpoint *checkpoint)
{
    return checkpoint_open(checkpoint, memory, sizeof memory);
}

static void fill_table(struct devmgr *devmgr)
{
    devmgr->devices = DEVICES;
    for (uint32_t i = 0; i < DEVICES; i++) {
        devmgr->device[i].info.id = i;
        snprintf(devmgr->device[i].info.where, sizeof devmgr->device[i].info.where, "pci %u", i);
    }
}

static void fill_device(struct device *device)
{
    device->known = true;
    device->irq_mode = DEVICE_IRQ_MSIX;
    device->irqs = 2;
    device->irq[1] = (struct device_irq){.handle = 9, .msi_address = 1ull << 40, .msi_data = 7};
    device->dma_known = (struct rs_dma){.protection = RS_DMA_CONFINED, .faults = 3};
    device->dma_window_faults = 2;
}

static int setup(void **state)
{
    (void)state;
    memset(memory, 0, sizeof memory);
    old = calloc(1, sizeof *old);
    new = calloc(1, sizeof *new);
    fill_table(old);
    fill_table(new);
    saved_open();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    free(old);
    free(new);
    return 0;
}

static void test_nothing_at_first(void **state)
{
    (void)state;
    assert_false(saved_load_board(new));
    saved_load_devices(new);
    for (uint32_t i = 0; i < DEVICES; i++)
        assert_false(new->device[i].known);
}

static void test_board(void **state)
{
    (void)state;
    old->acpi.cpus = 4;
    old->board.gic_version = 3;
    old->tree.functions = 2;
    old->tree.function[1].bar[0].base = 0xfe000000;
    old->platform.devices = 1;
    saved_store_board(old);
    saved_open();
    assert_true(saved_load_board(new));
    assert_memory_equal(&old->acpi, &new->acpi, sizeof old->acpi);
    assert_memory_equal(&old->board, &new->board, sizeof old->board);
    assert_memory_equal(&old->tree, &new->tree, sizeof old->tree);
    assert_memory_equal(&old->platform, &new->platform, sizeof old->platform);
}

static void test_devices(void **state)
{
    (void)state;
    fill_device(&old->device[1]);
    old->device[2].irqs = 1; // not known: it has not got all yet
    saved_store_devices(old);
    saved_load_devices(new);
    const struct device *device = &new->device[1];
    assert_true(device->known);
    assert_int_equal(device->irq_mode, DEVICE_IRQ_MSIX);
    assert_int_equal(device->irqs, 2);
    assert_int_equal(device->irq[1].handle, HANDLE_NONE);
    assert_int_equal(device->irq[1].msi_address, 1ull << 40);
    assert_int_equal(device->irq[1].msi_data, 7);
    assert_memory_equal(&device->dma_known, &old->device[1].dma_known, sizeof device->dma_known);
    assert_int_equal(device->dma_window_faults, 2);
    assert_false(new->device[0].known);
    assert_false(new->device[2].known);
    assert_int_equal(new->device[2].irqs, 0);
}

static void test_other_devices(void **state)
{
    (void)state;
    fill_device(&old->device[1]);
    saved_store_devices(old);
    snprintf(new->device[1].info.where, sizeof new->device[1].info.where, "pci 8");
    saved_load_devices(new);
    assert_false(new->device[1].known);
    snprintf(new->device[1].info.where, sizeof new->device[1].info.where, "pci 1");
    new->devices = DEVICES - 1;
    saved_load_devices(new);
    assert_false(new->device[1].known);
}

// A bit of what was saved: the board is not taken, as a whole.
static void test_damage(void **state)
{
    (void)state;
    uint8_t *byte = (uint8_t *)memory;
    memset(&old->tree, 0x5a, sizeof old->tree); // so it is found again
    saved_store_board(old);
    for (size_t at = 0; at + 1 < sizeof memory; at += 509) {
        if (byte[at] != 0x5a || byte[at + 1] != 0x5a)
            continue;
        byte[at] ^= 0x10;
        assert_false(saved_load_board(new));
        byte[at] ^= 0x10;
        assert_true(saved_load_board(new));
    }
}

static void test_starts_that_fail(void **state)
{
    (void)state;
    saved_store_board(old);
    saved_worked();
    for (int i = 0; i < 4; i++) {
        saved_open();
        assert_true(saved_load_board(new));
    }
    saved_open(); // four in a row did not come to serve
    assert_false(saved_load_board(new));
    saved_store_board(old);
    saved_worked();
    for (int i = 0; i < 10; i++) {
        saved_open();
        assert_true(saved_load_board(new));
        saved_worked();
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_nothing_at_first), TEST(test_board),  TEST(test_devices),
        TEST(test_other_devices),    TEST(test_damage), TEST(test_starts_that_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
