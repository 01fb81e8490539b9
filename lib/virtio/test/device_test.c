// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Unit tests of reset, negotiation and configuration space over a fake transport that also
// misbehaves.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "abi/error.h"
#include "lib/driver/driver.h"
#include "lib/virtio/device.h"

struct fake {
    struct virtio_transport transport;
    uint8_t status;
    unsigned reset_reads; // status reads until a reset is done
    unsigned reads_left;
    bool refuses_features;
    bool wants_reset;
    uint64_t offered, accepted;
    uint8_t config[24];
    uint8_t generation;
    unsigned changes_left; // how often the configuration changes while it is read
    unsigned widths;       // accesses seen, bit mask of widths
};

static unsigned polls;

// Instead of the real one: no clock, a hundred polls.
int driver_wait_until(bool (*ready)(void *context), void *context, uint64_t timeout_ns,
                      const char *what)
{
    assert_true(timeout_ns > 0);
    assert_non_null(what);
    for (polls = 0; polls < 100; polls++)
        if (ready(context))
            return 0;
    return -E_TIMEDOUT;
}

static struct fake *fake_of(struct virtio_transport *transport)
{
    return (struct fake *)transport;
}

static uint8_t fake_get_status(struct virtio_transport *transport)
{
    struct fake *fake = fake_of(transport);
    if (fake->reads_left > 0) {
        fake->reads_left--;
        return 0x8f;
    }
    return fake->status;
}

static void fake_set_status(struct virtio_transport *transport, uint8_t status)
{
    struct fake *fake = fake_of(transport);
    if (status == 0)
        fake->reads_left = fake->reset_reads;
    if (fake->refuses_features)
        status &= (uint8_t)~VIRTIO_STATUS_FEATURES_OK;
    if ((status & VIRTIO_STATUS_DRIVER_OK) != 0 && fake->wants_reset)
        status |= VIRTIO_STATUS_DEVICE_NEEDS_RESET;
    fake->status = status;
}

static uint64_t fake_get_features(struct virtio_transport *transport)
{
    return fake_of(transport)->offered;
}

static void fake_set_features(struct virtio_transport *transport, uint64_t features)
{
    fake_of(transport)->accepted = features;
}

static uint32_t fake_config_read(struct virtio_transport *transport, uint32_t offset,
                                 unsigned width)
{
    struct fake *fake = fake_of(transport);
    assert_true(offset % width == 0 && offset + width <= sizeof(fake->config));
    fake->widths |= width;
    uint32_t value = 0;
    memcpy(&value, fake->config + offset, width);
    if (fake->changes_left > 0) {
        fake->changes_left--;
        fake->generation++;
        fake->config[offset]++;
    }
    return value;
}

static void fake_config_write(struct virtio_transport *transport, uint32_t offset, unsigned width,
                              uint32_t value)
{
    memcpy(fake_of(transport)->config + offset, &value, width);
}

static uint8_t fake_generation(struct virtio_transport *transport)
{
    return fake_of(transport)->generation;
}

static uint32_t fake_config_bytes(struct virtio_transport *transport)
{
    return sizeof(fake_of(transport)->config);
}

static const struct virtio_transport_ops fake_ops = {
    .get_status = fake_get_status,
    .set_status = fake_set_status,
    .get_device_features = fake_get_features,
    .set_driver_features = fake_set_features,
    .config_read = fake_config_read,
    .config_write = fake_config_write,
    .config_generation = fake_generation,
    .config_bytes = fake_config_bytes,
};

static void set_up(struct fake *fake, struct virtio_device *device)
{
    *fake = (struct fake){.transport = {.ops = &fake_ops},
                          .offered = VIRTIO_F_VERSION_1 | VIRTIO_F_EVENT_IDX |
                                     VIRTIO_F_INDIRECT_DESC | VIRTIO_F_RING_PACKED | 0x3f};
    virtio_device_init(device, &fake->transport);
}

static void test_whole_life(void **state)
{
    (void)state;
    struct fake fake;
    struct virtio_device device;
    set_up(&fake, &device);
    fake.status = 0xcf; // left by a dead predecessor
    fake.reset_reads = 5;
    assert_int_equal(virtio_device_reset(&device), 0);
    assert_true(polls >= 5);
    assert_int_equal(virtio_device_negotiate(&device, VIRTIO_F_EVENT_IDX | 3, 1), 0);
    assert_int_equal(fake.accepted, VIRTIO_F_VERSION_1 | VIRTIO_F_EVENT_IDX | 3);
    assert_true(virtio_device_has(&device, VIRTIO_F_EVENT_IDX));
    assert_false(virtio_device_has(&device, VIRTIO_F_RING_PACKED)); // offered, not allowed
    assert_int_equal(virtio_device_start(&device), 0);
    assert_int_equal(fake.status, 1 | 2 | 4 | 8);
    assert_false(virtio_device_needs_reset(&device));
    fake.status |= VIRTIO_STATUS_DEVICE_NEEDS_RESET;
    assert_true(virtio_device_needs_reset(&device));
}

static void test_never_resets(void **state)
{
    (void)state;
    struct fake fake;
    struct virtio_device device;
    set_up(&fake, &device);
    fake.reset_reads = 1000000;
    assert_int_equal(virtio_device_reset(&device), -E_TIMEDOUT);
    assert_int_equal(virtio_device_negotiate(&device, 0, 0), -E_INVAL);
}

static void test_order_is_kept(void **state)
{
    (void)state;
    struct fake fake;
    struct virtio_device device;
    set_up(&fake, &device);
    assert_int_equal(virtio_device_start(&device), -E_INVAL);
    assert_int_equal(virtio_device_negotiate(&device, 0, 0), -E_INVAL);
    assert_int_equal(virtio_device_reset(&device), 0);
    assert_int_equal(virtio_device_start(&device), -E_INVAL);
}

static void test_missing_features(void **state)
{
    (void)state;
    struct fake fake;
    struct virtio_device device;
    set_up(&fake, &device);
    fake.offered &= ~VIRTIO_F_VERSION_1; // a legacy device
    virtio_device_reset(&device);
    assert_int_equal(virtio_device_negotiate(&device, ~0ull, 0), -E_OPNOTSUPP);
    assert_true((fake.status & VIRTIO_STATUS_FAILED) != 0);
    assert_int_equal(device.state, VIRTIO_FAILED);

    set_up(&fake, &device);
    virtio_device_reset(&device);
    assert_int_equal(virtio_device_negotiate(&device, 0, 1ull << 20), -E_OPNOTSUPP);
}

static void test_refused_features(void **state)
{
    (void)state;
    struct fake fake;
    struct virtio_device device;
    set_up(&fake, &device);
    fake.refuses_features = true;
    virtio_device_reset(&device);
    assert_int_equal(virtio_device_negotiate(&device, 1, 0), -E_PROTO);
    assert_true((fake.status & VIRTIO_STATUS_FAILED) != 0);
}

static void test_breaks_at_start(void **state)
{
    (void)state;
    struct fake fake;
    struct virtio_device device;
    set_up(&fake, &device);
    fake.wants_reset = true;
    virtio_device_reset(&device);
    virtio_device_negotiate(&device, 1, 0);
    assert_int_equal(virtio_device_start(&device), -E_PROTO);
    assert_int_equal(device.state, VIRTIO_FAILED);
}

static void test_config_widths_and_bounds(void **state)
{
    (void)state;
    struct fake fake;
    struct virtio_device device;
    set_up(&fake, &device);
    for (unsigned i = 0; i < sizeof(fake.config); i++)
        fake.config[i] = (uint8_t)(i + 1);
    uint8_t v8;
    uint16_t v16;
    uint32_t v32;
    uint64_t v64;
    assert_int_equal(virtio_config_read64(&device, 0, &v64), 0);
    assert_int_equal(v64, 0x0807060504030201ull);
    assert_int_equal(fake.widths, 4);
    assert_int_equal(virtio_config_read32(&device, 20, &v32), 0);
    assert_int_equal(v32, 0x18171615);
    assert_int_equal(virtio_config_read16(&device, 2, &v16), 0);
    assert_int_equal(v16, 0x0403);
    assert_int_equal(virtio_config_read8(&device, 23, &v8), 0);
    assert_int_equal(v8, 24);
    assert_int_equal(fake.widths, 7);
    uint8_t odd[7];
    assert_int_equal(virtio_config_read(&device, 1, odd, sizeof(odd)), 0);
    assert_memory_equal(odd, fake.config + 1, sizeof(odd));
    assert_int_equal(virtio_config_read64(&device, 17, &v64), -E_NXIO);
    assert_int_equal(virtio_config_read8(&device, 24, &v8), -E_NXIO);
    assert_int_equal(virtio_config_read32(&device, UINT32_MAX - 1, &v32), -E_NXIO);
    assert_int_equal(virtio_config_write(&device, 24, 1, 0), -E_NXIO);
    assert_int_equal(virtio_config_write(&device, 8, 4, 0xaabbccdd), 0);
    assert_int_equal(fake.config[8], 0xdd);
}

static void test_config_generation(void **state)
{
    (void)state;
    struct fake fake;
    struct virtio_device device;
    set_up(&fake, &device);
    uint64_t value;
    fake.changes_left = 20;
    assert_int_equal(virtio_config_read64(&device, 0, &value), 0);
    uint64_t now;
    memcpy(&now, fake.config, sizeof(now));
    assert_int_equal(value, now); // what was read is one state, not a mixture
    fake.changes_left = 1000000;
    assert_int_equal(virtio_config_read64(&device, 0, &value), -E_IO);
    assert_int_equal(value, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole_life),
        cmocka_unit_test(test_never_resets),
        cmocka_unit_test(test_order_is_kept),
        cmocka_unit_test(test_missing_features),
        cmocka_unit_test(test_refused_features),
        cmocka_unit_test(test_breaks_at_start),
        cmocka_unit_test(test_config_widths_and_bounds),
        cmocka_unit_test(test_config_generation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
