// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Unit tests of the MMIO transport against a made-up slot, legacy and modern, sound and hostile.
// The slot complains (fails the test) when a register of the other version is touched.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "abi/error.h"
#include "lib/driver/driver.h"
#include "lib/virtio/device.h"
#include "lib/virtio/mmio.h"
#include "lib/virtio/mmio_hw.h"
#include "lib/virtio/virtqueue.h"

enum { QUEUES = 2, SLOT_BYTES = 0x200 };

struct queue {
    uint32_t num_max, num, align, pfn, ready;
    uint32_t address[6]; // descriptor, driver, device; low, high
};

static struct slot {
    uint8_t registers[SLOT_BYTES]; // only its addresses count
    uint32_t magic, version, id;
    uint64_t offered, accepted;
    uint32_t offered_half, accepted_half, page, select, status, interrupts, notified, generation;
    struct queue queue[QUEUES];
    uint8_t config[16];
    bool never_resets, refuses_queue;
    unsigned changes_left; // how often the configuration changes while it is read
} slot;

static struct queue no_queue;

static struct queue *selected(void)
{
    return slot.select < QUEUES ? &slot.queue[slot.select] : &no_queue;
}

static uint32_t offset_of(const volatile void *address)
{
    uintptr_t offset = (uintptr_t)address - (uintptr_t)slot.registers;
    assert_true(offset < SLOT_BYTES);
    return (uint32_t)offset;
}

static uint32_t config_read(uint32_t offset, unsigned width)
{
    uint32_t value = ~0u;
    assert_true(offset % width == 0);
    if (offset + width > sizeof(slot.config))
        return value;
    memcpy(&value, slot.config + offset, width);
    if (slot.changes_left > 0) {
        slot.changes_left--;
        slot.generation++;
        slot.config[offset]++;
    }
    return value;
}

uint8_t mmio_read8(const volatile void *address)
{
    return (uint8_t)config_read(offset_of(address) - VIRTIO_MMIO_CONFIG, 1);
}

uint16_t mmio_read16(const volatile void *address)
{
    return (uint16_t)config_read(offset_of(address) - VIRTIO_MMIO_CONFIG, 2);
}

static bool is_modern(void)
{
    return slot.version == VIRTIO_MMIO_VERSION_MODERN;
}

uint32_t mmio_read32(const volatile void *address)
{
    uint32_t offset = offset_of(address);
    switch (offset) {
    case VIRTIO_MMIO_MAGIC_VALUE:
        return slot.magic;
    case VIRTIO_MMIO_VERSION:
        return slot.version;
    case VIRTIO_MMIO_DEVICE_ID:
        return slot.id;
    case VIRTIO_MMIO_DEVICE_FEATURES:
        return (uint32_t)(slot.offered >> (32 * slot.offered_half));
    case VIRTIO_MMIO_QUEUE_NUM_MAX:
        return selected()->num_max;
    case VIRTIO_MMIO_QUEUE_PFN:
        assert_false(is_modern());
        return selected()->pfn;
    case VIRTIO_MMIO_QUEUE_READY:
        assert_true(is_modern());
        return selected()->ready;
    case VIRTIO_MMIO_INTERRUPT_STATUS:
        return slot.interrupts;
    case VIRTIO_MMIO_STATUS:
        return slot.status;
    case VIRTIO_MMIO_CONFIG_GENERATION:
        assert_true(is_modern());
        return slot.generation;
    default:
        assert_true(offset >= VIRTIO_MMIO_CONFIG);
        return config_read(offset - VIRTIO_MMIO_CONFIG, 4);
    }
}

void mmio_write8(volatile void *address, uint8_t value)
{
    slot.config[offset_of(address) - VIRTIO_MMIO_CONFIG] = value;
}

void mmio_write16(volatile void *address, uint16_t value)
{
    memcpy(slot.config + (offset_of(address) - VIRTIO_MMIO_CONFIG), &value, sizeof(value));
}

static void write_status(uint32_t value)
{
    if (value == 0 && slot.never_resets)
        return;
    slot.status = value;
    if (value == 0) {
        slot.page = 0;
        for (unsigned i = 0; i < QUEUES; i++)
            slot.queue[i].pfn = slot.queue[i].ready = 0;
    }
}

static void write_legacy(uint32_t offset, uint32_t value)
{
    assert_false(is_modern());
    if (offset == VIRTIO_MMIO_GUEST_PAGE_SIZE)
        slot.page = value;
    else if (offset == VIRTIO_MMIO_QUEUE_ALIGN)
        selected()->align = value;
    else if (!slot.refuses_queue)
        selected()->pfn = value;
}

static void write_modern(uint32_t offset, uint32_t value)
{
    assert_true(is_modern());
    if (offset == VIRTIO_MMIO_QUEUE_READY) {
        selected()->ready = slot.refuses_queue ? 0 : value;
        return;
    }
    uint32_t word = (offset - VIRTIO_MMIO_QUEUE_DESC_LOW) / 16 * 2 + offset % 8 / 4;
    assert_true(word < 6 && offset % 16 < 8);
    selected()->address[word] = value;
}

void mmio_write32(volatile void *address, uint32_t value)
{
    uint32_t offset = offset_of(address);
    switch (offset) {
    case VIRTIO_MMIO_DEVICE_FEATURES_SEL:
        slot.offered_half = value;
        break;
    case VIRTIO_MMIO_DRIVER_FEATURES_SEL:
        slot.accepted_half = value;
        break;
    case VIRTIO_MMIO_DRIVER_FEATURES:
        slot.accepted |= (uint64_t)value << (32 * slot.accepted_half);
        break;
    case VIRTIO_MMIO_QUEUE_SEL:
        slot.select = value;
        break;
    case VIRTIO_MMIO_QUEUE_NUM:
        selected()->num = value;
        break;
    case VIRTIO_MMIO_QUEUE_NOTIFY:
        slot.notified = value;
        break;
    case VIRTIO_MMIO_INTERRUPT_ACK:
        slot.interrupts &= ~value;
        break;
    case VIRTIO_MMIO_STATUS:
        write_status(value);
        break;
    case VIRTIO_MMIO_GUEST_PAGE_SIZE:
    case VIRTIO_MMIO_QUEUE_ALIGN:
    case VIRTIO_MMIO_QUEUE_PFN:
        write_legacy(offset, value);
        break;
    default:
        write_modern(offset, value);
    }
}

// Instead of the real one: no clock, a hundred polls.
int driver_wait_until(bool (*ready)(void *context), void *context, uint64_t timeout_ns,
                      const char *what)
{
    (void)timeout_ns;
    (void)what;
    for (unsigned i = 0; i < 100; i++)
        if (ready(context))
            return 0;
    return -E_TIMEDOUT;
}

// ---- tests ----

static struct virtio_mmio mmio;
static struct virtio_device device;

static void make_slot(uint32_t version)
{
    memset(&slot, 0, sizeof(slot));
    slot.magic = VIRTIO_MMIO_MAGIC;
    slot.version = version;
    slot.id = 2;
    slot.offered = VIRTIO_F_INDIRECT_DESC | 1;
    if (version == VIRTIO_MMIO_VERSION_MODERN)
        slot.offered |= VIRTIO_F_VERSION_1;
    slot.queue[0].num_max = slot.queue[1].num_max = 256;
    slot.status = 0x0f; // a predecessor left it running
}

static void attach(uint32_t version)
{
    make_slot(version);
    assert_int_equal(virtio_mmio_init(&mmio, slot.registers, SLOT_BYTES), 0);
    virtio_device_init(&device, &mmio.transport);
    assert_int_equal(virtio_device_reset(&device), 0);
}

static struct virtio_queue_setup queue_setup(uint16_t size, uint64_t bus)
{
    struct virtqueue_layout layout = virtqueue_layout(size, 0);
    return (struct virtio_queue_setup){.size = size,
                                       .vector = VIRTIO_MSI_NO_VECTOR,
                                       .descriptors = bus,
                                       .available = bus + layout.available,
                                       .used = bus + layout.used};
}

static void test_identify(void **state)
{
    (void)state;
    struct virtio_mmio_identity identity;
    make_slot(1);
    assert_int_equal(virtio_mmio_identify(slot.registers, &identity), 0);
    assert_int_equal(identity.device_type, 2);
    slot.id = 0;
    assert_int_equal(virtio_mmio_identify(slot.registers, &identity), -E_NODEV);
    slot.version = 3;
    assert_int_equal(virtio_mmio_identify(slot.registers, &identity), -E_OPNOTSUPP);
    slot.version = 0;
    assert_int_equal(virtio_mmio_init(&mmio, slot.registers, SLOT_BYTES), -E_OPNOTSUPP);
    slot.magic ^= 1;
    assert_int_equal(virtio_mmio_identify(slot.registers, &identity), -E_BADMSG);
    make_slot(2);
    assert_int_equal(virtio_mmio_init(&mmio, slot.registers, 0x103), -E_INVAL);
}

static void test_modern_negotiation(void **state)
{
    (void)state;
    attach(2);
    assert_int_equal(virtio_device_negotiate(&device, VIRTIO_F_INDIRECT_DESC, 0), 0);
    assert_true(slot.accepted == (VIRTIO_F_INDIRECT_DESC | VIRTIO_F_VERSION_1));
    assert_true((slot.status & VIRTIO_STATUS_FEATURES_OK) != 0);
    assert_int_equal(virtio_device_start(&device), 0);
}

static void test_modern_without_version_1(void **state)
{
    (void)state;
    attach(2);
    slot.offered &= ~VIRTIO_F_VERSION_1;
    assert_int_equal(virtio_device_negotiate(&device, 0, 0), -E_OPNOTSUPP);
}

static void test_legacy_negotiation(void **state)
{
    (void)state;
    attach(1);
    assert_int_equal(slot.page, VIRTIO_MMIO_LEGACY_PAGE);
    assert_int_equal(virtio_device_negotiate(&device, VIRTIO_F_INDIRECT_DESC, 1), 0);
    assert_true(slot.accepted == (VIRTIO_F_INDIRECT_DESC | 1));
    assert_true((slot.status & VIRTIO_STATUS_FEATURES_OK) == 0);
    assert_int_equal(virtio_device_start(&device), 0);
}

static void test_modern_queue(void **state)
{
    (void)state;
    attach(2);
    struct virtio_queue_setup setup = queue_setup(128, 0x123456789000);
    assert_int_equal(mmio.transport.ops->queue_enable(&mmio.transport, 1, &setup), 0);
    struct queue *queue = &slot.queue[1];
    assert_int_equal(queue->num, 128);
    assert_int_equal(queue->address[0], 0x56789000);
    assert_int_equal(queue->address[1], 0x1234);
    assert_int_equal(queue->address[2], 0x56789000 + 128 * 16);
    assert_int_equal(queue->address[4], (uint32_t)setup.used);
    assert_int_equal(mmio.transport.ops->queue_enable(&mmio.transport, 1, &setup), -E_IO); // again
    mmio.transport.ops->queue_notify(&mmio.transport, 1);
    assert_int_equal(slot.notified, 1);
}

// Where QEMU, or any legacy device, computes the used ring to be (virtio 1.2, 2.7.2).
static uint64_t legacy_used(const struct queue *queue)
{
    uint64_t end = (uint64_t)queue->pfn * slot.page + queue->num * 16 + 2 * (3 + queue->num);
    return (end + queue->align - 1) / queue->align * queue->align;
}

static void test_legacy_queue(void **state)
{
    (void)state;
    for (uint16_t size = 1; size <= VIRTQUEUE_SIZE_MAX; size *= 2) {
        attach(1);
        struct virtio_queue_setup setup = queue_setup(size, 0x123400100);
        assert_int_equal(mmio.transport.ops->queue_enable(&mmio.transport, 0, &setup), 0);
        assert_true((uint64_t)slot.queue[0].pfn * slot.page == setup.descriptors);
        assert_true(legacy_used(&slot.queue[0]) == setup.used);
    }
}

static void test_legacy_queue_elsewhere(void **state)
{
    (void)state;
    attach(1);
    const struct virtio_transport_ops *ops = mmio.transport.ops;
    struct virtio_queue_setup setup = queue_setup(16, 0x1000 + 64);
    assert_int_equal(ops->queue_enable(&mmio.transport, 0, &setup), -E_INVAL);
    setup = queue_setup(16, 1ull << 40); // more than a queue page number holds
    assert_int_equal(ops->queue_enable(&mmio.transport, 0, &setup), -E_INVAL);
    setup = queue_setup(16, 0x1000);
    setup.used += 64;
    assert_int_equal(ops->queue_enable(&mmio.transport, 0, &setup), -E_INVAL);
    assert_int_equal(slot.queue[0].pfn, 0);
}

static void test_hostile_queues(void **state)
{
    (void)state;
    for (uint32_t version = 1; version <= 2; version++) {
        attach(version);
        const struct virtio_transport_ops *ops = mmio.transport.ops;
        struct virtio_queue_setup setup = queue_setup(16, 0x1000);
        slot.queue[0].num_max = 0x10001; // would look like 1
        assert_int_equal(ops->queue_size_max(&mmio.transport, 0), 0);
        assert_int_equal(ops->queue_enable(&mmio.transport, 0, &setup), -E_NOENT);
        slot.queue[0].num_max = 8;
        assert_int_equal(ops->queue_enable(&mmio.transport, 0, &setup), -E_IO);
        slot.queue[0].num_max = 0;
        assert_int_equal(ops->queue_enable(&mmio.transport, 0, &setup), -E_NOENT);
        assert_int_equal(ops->queue_enable(&mmio.transport, QUEUES, &setup), -E_NOENT);
        assert_int_equal(ops->queue_size_max(&mmio.transport, 0xffff), 0);
        slot.queue[0].num_max = 16;
        setup.vector = 0; // there are no vectors
        assert_int_equal(ops->queue_enable(&mmio.transport, 0, &setup), -E_IO);
        setup.vector = VIRTIO_MSI_NO_VECTOR;
        slot.refuses_queue = true;
        assert_int_equal(ops->queue_enable(&mmio.transport, 0, &setup), -E_IO);
    }
}

static void test_never_resets(void **state)
{
    (void)state;
    make_slot(2);
    slot.never_resets = true;
    assert_int_equal(virtio_mmio_init(&mmio, slot.registers, SLOT_BYTES), 0);
    virtio_device_init(&device, &mmio.transport);
    assert_int_equal(virtio_device_reset(&device), -E_TIMEDOUT);
    assert_int_equal(virtio_device_negotiate(&device, 0, 0), -E_INVAL);
}

static void test_configuration(void **state)
{
    (void)state;
    for (uint32_t version = 1; version <= 2; version++) {
        attach(version);
        uint64_t value;
        slot.config[0] = 7;
        slot.changes_left = 5;
        assert_int_equal(virtio_config_read64(&device, 0, &value), 0);
        assert_memory_equal(&value, slot.config, sizeof(value));
        slot.changes_left = ~0u;
        assert_int_equal(virtio_config_read64(&device, 0, &value), -E_IO);
        slot.changes_left = 0;
        assert_int_equal(virtio_config_write(&device, 2, 2, 0x1234), 0);
        assert_int_equal(slot.config[3], 0x12);
        assert_int_equal(virtio_config_read64(&device, SLOT_BYTES - 0x100 - 4, &value), -E_NXIO);
    }
}

static void test_interrupts(void **state)
{
    (void)state;
    attach(2);
    slot.interrupts = 0xff;
    assert_int_equal(mmio.transport.ops->acknowledge(&mmio.transport), 3);
    assert_int_equal(slot.interrupts, 0xfc);
    assert_int_equal(mmio.transport.ops->acknowledge(&mmio.transport), 0);
    assert_int_equal(mmio.transport.ops->set_config_vector(&mmio.transport, 0), -E_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_identify),
        cmocka_unit_test(test_modern_negotiation),
        cmocka_unit_test(test_modern_without_version_1),
        cmocka_unit_test(test_legacy_negotiation),
        cmocka_unit_test(test_modern_queue),
        cmocka_unit_test(test_legacy_queue),
        cmocka_unit_test(test_legacy_queue_elsewhere),
        cmocka_unit_test(test_hostile_queues),
        cmocka_unit_test(test_never_resets),
        cmocka_unit_test(test_configuration),
        cmocka_unit_test(test_interrupts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
