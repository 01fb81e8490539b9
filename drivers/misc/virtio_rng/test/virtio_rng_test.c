// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The device's code against a made-up entropy device: batches, short and empty answers, silence,
// impossible lengths.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "abi/error.h"
#include "drivers/misc/virtio_rng/virtio_rng.h"
#include "lib/driver/driver.h"
#include "lib/sys/log.h"

enum { POOL_BYTES = 4096 };

static struct {
    struct virtio_transport transport;
    uint8_t status;
    uint16_t offered_size;
    unsigned notified;
    uint64_t desc, avail, used;
    uint16_t seen;
    _Alignas(4096) uint8_t memory[2][POOL_BYTES];
    unsigned buffers;
} fake;

static struct virtio_rng rng;

// ---- what the driver stands on ----

int driver_wait_until(bool (*ready)(void *context), void *context, uint64_t timeout_ns,
                      const char *what)
{
    (void)timeout_ns;
    (void)what;
    return ready(context) ? 0 : -E_TIMEDOUT;
}

// Bus addresses are the processor's.
int dma_buffer_create(handle_t dma, uint64_t bytes, enum dma_limit limit, struct dma_buffer *buffer)
{
    (void)dma;
    (void)limit;
    assert_true(fake.buffers < 2 && bytes <= POOL_BYTES);
    void *memory = fake.memory[fake.buffers++];
    *buffer = (struct dma_buffer){.memory = memory, .bus = (uintptr_t)memory, .bytes = POOL_BYTES};
    return 0;
}

void sys_log_at(enum log_level level, const char *format, ...)
{
    (void)level;
    (void)format;
}

static uint8_t get_status(struct virtio_transport *transport)
{
    (void)transport;
    return fake.status;
}

static void set_status(struct virtio_transport *transport, uint8_t status)
{
    (void)transport;
    fake.status = status;
}

static uint64_t get_features(struct virtio_transport *transport)
{
    (void)transport;
    return VIRTIO_F_VERSION_1 | VIRTIO_F_RING_PACKED;
}

static void set_features(struct virtio_transport *transport, uint64_t features)
{
    (void)transport;
    assert_true(features == VIRTIO_F_VERSION_1);
}

static uint16_t queue_size_max(struct virtio_transport *transport, uint16_t queue)
{
    (void)transport;
    return queue == 0 ? fake.offered_size : 0;
}

static int queue_enable(struct virtio_transport *transport, uint16_t queue,
                        const struct virtio_queue_setup *setup)
{
    (void)transport;
    assert_true(queue == 0 && setup->size <= fake.offered_size);
    fake.desc = setup->descriptors;
    fake.avail = setup->available;
    fake.used = setup->used;
    return 0;
}

static void queue_notify(struct virtio_transport *transport, uint16_t queue)
{
    (void)transport;
    (void)queue;
    fake.notified++;
}

static const struct virtio_transport_ops ops = {
    .get_status = get_status,
    .set_status = set_status,
    .get_device_features = get_features,
    .set_driver_features = set_features,
    .queue_size_max = queue_size_max,
    .queue_enable = queue_enable,
    .queue_notify = queue_notify,
};

// The device fills the buffer it was given with `value` and says it wrote `written`.
static void deliver(uint8_t value, uint32_t written)
{
    struct virtq_avail *avail = (struct virtq_avail *)(uintptr_t)fake.avail;
    struct virtq_used *used = (struct virtq_used *)(uintptr_t)fake.used;
    uint16_t size = rng.queue.size;
    assert_true(avail->idx != fake.seen); // it was asked
    uint16_t head = avail->ring[fake.seen++ % size];
    struct virtq_desc *desc = (struct virtq_desc *)(uintptr_t)fake.desc + head;
    assert_int_equal(desc->flags, VIRTQ_DESC_F_WRITE);
    assert_int_equal(desc->len, VIRTIO_RNG_BATCH);
    memset((void *)(uintptr_t)desc->addr, value, desc->len);
    used->ring[used->idx % size] = (struct virtq_used_elem){.id = head, .len = written};
    used->idx++;
}

static int setup(void **state)
{
    (void)state;
    memset(&fake, 0, sizeof(fake));
    fake.transport.ops = &ops;
    fake.offered_size = 4;
    assert_int_equal(virtio_rng_init(&rng, &fake.transport, 0, 1), 0);
    return 0;
}

// ---- tests ----

static void test_asks_at_once_and_gives_each_byte_once(void **state)
{
    (void)state;
    uint8_t bytes[VIRTIO_RNG_BATCH];
    assert_int_equal(fake.notified, 1);
    assert_int_equal(virtio_rng_take(&rng, bytes, sizeof(bytes)), 0);
    assert_int_equal(fake.notified, 1); // asked already
    deliver(7, 100);
    assert_int_equal(virtio_rng_handle_queue(&rng), 0);
    assert_int_equal(virtio_rng_take(&rng, bytes, 60), 60);
    assert_int_equal(bytes[59], 7);
    assert_int_equal(((uint8_t *)rng.buffer.memory)[59], 0); // wiped here
    assert_int_equal(fake.notified, 1);
    assert_int_equal(virtio_rng_take(&rng, bytes, 60), 40); // not one beyond what was written
    assert_int_equal(fake.notified, 2);
    assert_int_equal(virtio_rng_take(&rng, bytes, 60), 0);
}

static void test_empty_answers(void **state)
{
    (void)state;
    uint8_t bytes[16];
    for (unsigned i = 0; i < 20; i++) {
        deliver(1, 0);
        assert_int_equal(virtio_rng_handle_queue(&rng), 0);
        assert_int_equal(virtio_rng_take(&rng, bytes, sizeof(bytes)), 0);
        assert_int_equal(fake.notified, 2 + i);
    }
}

static void test_impossible_length(void **state)
{
    (void)state;
    uint8_t bytes[16];
    deliver(1, VIRTIO_RNG_BATCH + 1);
    assert_int_equal(virtio_rng_handle_queue(&rng), -E_PROTO);
    assert_int_equal(virtio_rng_take(&rng, bytes, sizeof(bytes)), 0);
}

static void test_needs_reset(void **state)
{
    (void)state;
    fake.status |= VIRTIO_STATUS_DEVICE_NEEDS_RESET;
    assert_int_equal(virtio_rng_handle_queue(&rng), -E_PROTO);
}

static void test_no_queue(void **state)
{
    (void)state;
    fake.offered_size = 0;
    fake.buffers = 0;
    assert_int_equal(virtio_rng_init(&rng, &fake.transport, 0, 1), -E_OPNOTSUPP);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_asks_at_once_and_gives_each_byte_once, setup),
        cmocka_unit_test_setup(test_empty_answers, setup),
        cmocka_unit_test_setup(test_impossible_length, setup),
        cmocka_unit_test_setup(test_needs_reset, setup),
        cmocka_unit_test_setup(test_no_queue, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
