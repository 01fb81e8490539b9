// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Names of what drivers find: the same at each start, in the order of the controllers, and never of
// something that is not there.

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

#include "abi/error.h"
#include "lib/sys/log.h"
#include "servers/devmgr/device.h"

enum { FIRST = 11, SECOND = 12, PLAIN = 13 };

static struct devmgr *devmgr;
static unsigned stored, changed;
static struct svc_manifest ahci = {
    .class = "block", .unit_patterns = 2, .unit_pattern = {"sd@", "sr%"}};
static struct svc_manifest virtio = {.class = "block", .unit = "vd@"};

void sys_log_at(enum log_level level, const char *format, ...)
{
    (void)level;
    (void)format;
}

void device_changed(struct devmgr *d)
{
    assert_ptr_equal(d, devmgr);
    changed++;
}

void saved_store_units(const struct devmgr *d)
{
    assert_ptr_equal(d, devmgr);
    stored++;
}

static void add_device(const char *where, struct svc_manifest *manifest, uint32_t instance)
{
    struct device *device = &devmgr->device[devmgr->devices++];
    snprintf(device->info.where, sizeof device->info.where, "%s", where);
    device->manifest = manifest;
    device->instance = instance;
    device->has_instance = true;
    device->info.class = DEVICE_BLOCK;
    device->info.state = DEVICE_STARTING;
}

static int setup(void **state)
{
    (void)state;
    devmgr = calloc(1, sizeof *devmgr);
    add_device("pci 00:1f.2", &ahci, FIRST);
    add_device("pci 00:03.0", &virtio, PLAIN);
    add_device("pci 00:04.0", &ahci, SECOND);
    stored = changed = 0;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    free(devmgr);
    return 0;
}

static int add(uint32_t instance, uint64_t place, uint64_t number, uint64_t pattern, bool wait,
               const char **name)
{
    struct unit_request request = {
        .instance = instance, .place = place, .number = number, .pattern = pattern, .wait = wait};
    const struct device_unit *unit = NULL;
    int status = unit_add(devmgr, &request, &unit);

    *name = unit != NULL ? unit->name : "";
    return status;
}

static void test_names_follow_the_controllers(void **state)
{
    const char *name;

    (void)state;
    assert_int_equal(add(SECOND, 0, 0, 0, true, &name), -E_AGAIN); // the first may find some
    assert_int_equal(add(FIRST, 0, 0, 0, true, &name), 0);
    assert_string_equal(name, "sda");
    assert_int_equal(add(FIRST, 5, 1, 0, true, &name), 0);
    assert_string_equal(name, "sdb");
    assert_int_equal(add(FIRST, 2, 2, 1, true, &name), 0);
    assert_string_equal(name, "sr0");
    assert_int_equal(add(SECOND, 0, 0, 0, true, &name), -E_AGAIN);
    devmgr->device[0].info.state = DEVICE_RUNNING;
    assert_int_equal(add(SECOND, 0, 0, 0, true, &name), 0);
    assert_string_equal(name, "sdc");
    assert_int_equal(stored, 4);
    assert_int_equal(changed, 4);
}

static void test_nobody_waits_for_ever(void **state)
{
    const char *name;

    (void)state;
    assert_int_equal(add(SECOND, 0, 0, 0, false, &name), 0);
    assert_string_equal(name, "sda");
}

static void test_name_stays_with_the_place(void **state)
{
    struct device_info info;
    const char *name;

    (void)state;
    assert_int_equal(add(FIRST, 1, 0, 0, true, &name), 0);
    assert_int_equal(add(FIRST, 3, 1, 0, true, &name), 0);
    devmgr->device[0].info.state = DEVICE_RUNNING;
    assert_true(unit_find(devmgr, DEVICE_BLOCK, "sdb", &info));
    assert_int_equal(info.unit, 1);
    assert_int_equal(info.state, DEVICE_RUNNING);
    assert_string_equal(info.where, "pci 00:1f.2 port 3");
    // A successor that does not find port 1: sdb has its number now, and sda is nobody's.
    units_forget(devmgr, &devmgr->device[0]);
    devmgr->device[0].info.state = DEVICE_STARTING;
    assert_true(unit_find(devmgr, DEVICE_BLOCK, "sda", &info));
    assert_int_equal(info.state, DEVICE_STARTING);
    assert_int_equal(add(FIRST, 3, 0, 0, true, &name), 0);
    assert_string_equal(name, "sdb");
    devmgr->device[0].info.state = DEVICE_RUNNING;
    assert_true(unit_find(devmgr, DEVICE_BLOCK, "sdb", &info));
    assert_int_equal(info.unit, 0);
    assert_true(unit_find(devmgr, DEVICE_BLOCK, "sda", &info));
    assert_int_equal(info.state, DEVICE_GONE);
    assert_false(unit_find(devmgr, DEVICE_BLOCK, "sdc", &info));
    assert_false(unit_find(devmgr, DEVICE_NET, "sda", &info));
}

static void test_refused(void **state)
{
    const char *name;

    (void)state;
    assert_int_equal(add(PLAIN, 0, 0, 0, true, &name), -E_PERM);
    assert_int_equal(add(99, 0, 0, 0, true, &name), -E_PERM);
    assert_int_equal(add(FIRST, 0, 0, 2, true, &name), -E_INVAL);
    assert_int_equal(add(FIRST, 1ull << 32, 0, 0, true, &name), -E_INVAL);
    assert_int_equal(add(FIRST, 0, 1ull << 32, 0, true, &name), -E_INVAL);
    for (unsigned i = 0; i < DEVICE_UNITS_MAX; i++)
        assert_int_equal(add(FIRST, i, i, 0, true, &name), 0);
    assert_int_equal(add(FIRST, DEVICE_UNITS_MAX, 0, 0, true, &name), -E_NOMEM);
    assert_int_equal(add(FIRST, 7, 7, 0, true, &name), 0); // known already
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_names_follow_the_controllers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nobody_waits_for_ever, setup, teardown),
        cmocka_unit_test_setup_teardown(test_name_stays_with_the_place, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
