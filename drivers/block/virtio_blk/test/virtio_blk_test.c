// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The driver between the real block client above and a fake device below: client, rings, block
// library, driver, virtqueue and transport seam are all the real ones.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "abi/error.h"
#include "drivers/block/virtio_blk/test/fake_virtio_blk.h"
#include "drivers/block/virtio_blk/virtio_blk.h"
#include "lib/block/client.h"
#include "lib/block/server.h"
#include "lib/block/test/fake_system.h"
#include "lib/sys/log.h"

enum { MEMORY_BYTES = 1 << 20, DEPTH = 64 };

static struct virtio_blk blk;
static struct block_client *client;
static handle_t memory;
static uint8_t *data;

// What lib/sys would do with them.
void sys_log_at(enum log_level level, const char *format, ...)
{
    (void)level;
    (void)format;
}

static int start_driver(void)
{
    struct virtio_blk_vectors vectors = {.config = 0, .queue = 1};
    dma_buffer_destroy(HANDLE_NONE, &blk.queue_memory); // a dead driver's memory
    dma_buffer_destroy(HANDLE_NONE, &blk.request_memory);
    int status = virtio_blk_init(&blk, &fake_blk.transport, vectors, HANDLE_NONE, "vda");
    return status < 0 ? status : block_server_start();
}

static void boot(void)
{
    assert_int_equal(start_driver(), 0);
}

static bool step(void)
{
    if (!fake_blk_step())
        return false;
    virtio_blk_handle_queue(&blk); // the interrupt
    return true;
}

static int set_up(void **state)
{
    (void)state;
    static const struct fake_hooks hooks = {.boot = boot, .step = step};
    memset(&blk, 0, sizeof(blk));
    fake_blk_create();
    for (uint32_t i = 512; i < FAKE_BLK_BYTES; i += 4)
        memcpy(fake_blk.bytes + i, &i, 4);
    fake_start(&hooks);
    struct block_client_options options = {.name = "vda", .depth = DEPTH};
    assert_int_equal(block_client_open(&options, &client), 0);
    memory = fake_memory_create(MEMORY_BYTES);
    data = fake_memory(memory);
    assert_int_equal(block_client_add_memory(client, memory, MEMORY_BYTES), 0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    block_client_close(client);
    fake_close(memory);
    fake_stop();
    dma_buffer_destroy(HANDLE_NONE, &blk.queue_memory);
    dma_buffer_destroy(HANDLE_NONE, &blk.request_memory);
    fake_blk_destroy();
    return 0;
}

static int transfer(enum block_request_op op, uint64_t offset, uint32_t bytes)
{
    struct block_io io = block_io_range(op, offset, 0, 0, bytes);
    return block_client_transfer(client, &io);
}

// ---- a good device ----

static void test_features_are_an_allow_list(void **state)
{
    (void)state;
    assert_true((fake_blk.accepted & VIRTIO_F_VERSION_1) != 0);
    assert_int_equal(fake_blk.accepted & VIRTIO_F_RING_PACKED, 0);
    assert_int_equal(fake_blk.accepted & VIRTIO_BLK_F_MQ, 0);
    assert_int_equal(fake_blk.accepted & VIRTIO_BLK_F_CONFIG_WCE, 0);
    assert_int_equal(fake_blk.queue.size, 128); // clamped to ours
    assert_int_equal(fake_blk.queue.vector, 1);
}

static void test_info(void **state)
{
    (void)state;
    const struct block_info *info = block_client_info(client);
    assert_int_equal(info->capacity, FAKE_BLK_BYTES);
    assert_int_equal(info->block_bytes, 512);
    assert_int_equal(info->physical_bytes, 4096);
    assert_int_equal(info->optimal_bytes, 65536);
    assert_int_equal(info->cylinders, 10);
    assert_int_equal(info->heads, 16);
    assert_int_equal(info->sectors, 63);
    assert_int_equal(info->features, BLOCK_CAN_FLUSH | BLOCK_CAN_DISCARD | BLOCK_CAN_WRITE_ZEROES);
    assert_int_equal(info->discard_bytes_max, 1024 * 512); // the smaller of both
    assert_int_equal(info->request_bytes_max, (126 - 12) * 4096);
}

static void test_read_and_write(void **state)
{
    (void)state;
    assert_int_equal(transfer(BLOCK_READ, 4096, 65536), 0);
    assert_memory_equal(data, fake_blk.bytes + 4096, 65536);
    memset(data, 0x77, 4096);
    assert_int_equal(transfer(BLOCK_WRITE, 8192, 4096), 0);
    assert_int_equal(fake_blk.bytes[8192 + 4095], 0x77);
    assert_int_equal(block_client_flush(client), 0);
    assert_int_equal(fake_blk.types[VIRTIO_BLK_T_FLUSH], 1); // flush means flush
}

static void test_get_id_and_erase(void **state)
{
    (void)state;
    struct block_io io = block_io_range(BLOCK_GET_ID, 0, 0, 0, 20);
    io.bytes = 0;
    assert_int_equal(block_client_transfer(client, &io), 0);
    assert_string_equal((char *)data, "fake disk number 1");
    io = (struct block_io){
        .op = BLOCK_WRITE_ZEROES, .flags = BLOCK_MAY_UNMAP, .offset = 8192, .bytes = 4096};
    assert_int_equal(block_client_transfer(client, &io), 0);
    assert_int_equal(fake_blk.last_flags, VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP);
    assert_int_equal(fake_blk.last_sector, 16);
    assert_int_equal(fake_blk.last_sectors, 8);
    assert_int_equal(fake_blk.bytes[8192], 0);
    io.op = BLOCK_DISCARD;
    assert_int_equal(block_client_transfer(client, &io), 0);
    assert_int_equal(fake_blk.last_flags, 0); // must be 0 for a discard
}

static void test_batch_costs_one_notification(void **state)
{
    (void)state;
    unsigned before = fake_blk.notifications;
    block_ticket_t ticket[DEPTH];
    for (unsigned i = 0; i < DEPTH; i++) {
        struct block_io io = block_io_range(BLOCK_READ, i * 8192, 0, i * 4096, 4096);
        assert_int_equal(block_client_submit(client, &io, NULL, NULL, &ticket[i]), 0);
    }
    for (unsigned i = 0; i < DEPTH; i++)
        assert_int_equal(block_client_wait_complete(client, ticket[i], DEADLINE_NEVER, NULL), 0);
    assert_int_equal(fake_blk.notifications - before, 1);
    for (unsigned i = 0; i < DEPTH; i++)
        assert_memory_equal(data + i * 4096, fake_blk.bytes + i * 8192, 4096);
}

static void test_every_width_of_queue_and_without_indirect(void **state)
{
    (void)state;
    static const uint16_t sizes[] = {256, 128, 100, 64, 32, 16};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        for (unsigned indirect = 0; indirect < 2; indirect++) {
            fake_kill_driver();
            fake_blk.queue_size_max = sizes[i];
            fake_blk.offered &= ~(VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX);
            if (indirect != 0)
                fake_blk.offered |= VIRTIO_F_INDIRECT_DESC;
            fake_start_driver();
            assert_int_equal(transfer(BLOCK_READ, 4096, 8192), 0);
            block_ticket_t ticket[DEPTH];
            for (unsigned k = 0; k < DEPTH; k++) {
                struct block_io io = block_io_range(BLOCK_READ, k * 8192, 0, k * 4096, 4096);
                assert_int_equal(block_client_submit(client, &io, NULL, NULL, &ticket[k]), 0);
            }
            for (unsigned k = 0; k < DEPTH; k++)
                assert_int_equal(
                    block_client_wait_complete(client, ticket[k], DEADLINE_NEVER, NULL), 0);
        }
    }
}

static void test_capacity_change(void **state)
{
    (void)state;
    fake_blk.config.capacity /= 2;
    virtio_blk_handle_config(&blk);
    struct message message = {.tag = message_tag(BLOCK_INFO, 2, 0)};
    assert_int_equal(fake_call_driver(1, &message), 0);
    assert_int_equal(message.word[0], FAKE_BLK_BYTES / 2);
}

// ---- devices that fail ----

static void test_statuses(void **state)
{
    (void)state;
    fake_blk.fault = FAKE_BLK_ERROR;
    assert_int_equal(transfer(BLOCK_READ, 4096, 4096), -E_IO);
    assert_int_equal(block_client_flush(client), -E_IO);
    fake_blk.fault = FAKE_BLK_UNSUPPORTED;
    assert_int_equal(transfer(BLOCK_READ, 4096, 4096), -E_OPNOTSUPP);
    fake_blk.fault = FAKE_BLK_NO_STATUS;
    assert_int_equal(transfer(BLOCK_READ, 4096, 4096), -E_IO);
    fake_blk.fault = FAKE_BLK_SHORT;
    assert_int_equal(transfer(BLOCK_READ, 4096, 4096), -E_IO);
    fake_blk.fault = FAKE_BLK_GOOD;
    assert_int_equal(transfer(BLOCK_READ, 4096, 4096), 0);
}

// Whatever the device does to its rings, it is reset and the request carried out.
static void test_broken_queues_are_reset(void **state)
{
    (void)state;
    static const enum fake_blk_fault faults[] = {FAKE_BLK_BAD_ID, FAKE_BLK_TWICE, FAKE_BLK_JUMP,
                                                 FAKE_BLK_TOO_LONG};
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        unsigned resets = fake_blk.resets;
        block_ticket_t ticket[4];
        for (unsigned k = 0; k < 4; k++) {
            struct block_io io = block_io_range(BLOCK_WRITE, 65536 + k * 8192, 0, k * 4096, 4096);
            assert_int_equal(block_client_submit(client, &io, NULL, NULL, &ticket[k]), 0);
        }
        block_client_kick(client);
        while (fake_run_driver() && fake_blk.requests == 0)
            ;
        fake_blk.fault = faults[i];
        fake_run_driver();
        fake_run_driver();
        fake_blk.fault = FAKE_BLK_GOOD;
        for (unsigned k = 0; k < 4; k++)
            assert_int_equal(block_client_wait_complete(client, ticket[k], DEADLINE_NEVER, NULL),
                             0);
        assert_true(fake_blk.resets > resets);
    }
}

static void test_device_asks_for_a_reset(void **state)
{
    (void)state;
    unsigned resets = fake_blk.resets;
    fake_blk.fault = FAKE_BLK_NEEDS_RESET;
    virtio_blk_handle_config(&blk);
    assert_int_equal(fake_blk.resets, resets + 1);
    assert_int_equal(transfer(BLOCK_READ, 4096, 4096), 0);
}

static void test_silent_device_is_reset(void **state)
{
    (void)state;
    unsigned resets = fake_blk.resets;
    block_ticket_t ticket;
    struct block_io io = block_io_range(BLOCK_READ, 4096, 0, 0, 4096);
    fake.complaints_refused = true; // the driver is on its own
    fake_blk.fault = FAKE_BLK_SILENT;
    assert_int_equal(block_client_submit(client, &io, NULL, NULL, &ticket), 0);
    time_ns_t deadline = fake.now + BLOCK_COMMAND_TIMEOUT_NS + 5000000000ull;
    assert_int_equal(block_client_wait_complete(client, ticket, deadline, NULL), -E_TIMEDOUT);
    assert_true(fake_blk.resets > resets);
    fake_blk.fault = FAKE_BLK_GOOD;
    assert_int_equal(block_client_wait_complete(client, ticket, DEADLINE_NEVER, NULL), 0);
    assert_memory_equal(data, fake_blk.bytes + 4096, 4096);
}

static void test_takes_over_from_a_dead_driver(void **state)
{
    (void)state;
    block_ticket_t ticket[8];
    for (unsigned k = 0; k < 8; k++) {
        struct block_io io = block_io_range(BLOCK_READ, k * 8192, 0, k * 4096, 4096);
        assert_int_equal(block_client_submit(client, &io, NULL, NULL, &ticket[k]), 0);
    }
    block_client_kick(client);
    fake_run_driver();
    fake_kill_driver();
    fake_start_driver(); // finds the device in the middle of things
    for (unsigned k = 0; k < 8; k++)
        assert_int_equal(block_client_wait_complete(client, ticket[k], DEADLINE_NEVER, NULL), 0);
    for (unsigned k = 0; k < 8; k++)
        assert_memory_equal(data + k * 4096, fake_blk.bytes + k * 8192, 4096);
}

// ---- devices that cannot be driven ----

static void test_refused_devices(void **state)
{
    (void)state;
    fake_kill_driver();
    uint64_t offered = fake_blk.offered;
    struct virtio_blk_config config = fake_blk.config;
    block_server_init(NULL);
    fake_blk.fault = FAKE_BLK_NO_RESET;
    fake_blk.enabled = false; // it would write into the dead driver's memory
    assert_int_equal(start_driver(), -E_TIMEDOUT);
    fake_blk.fault = FAKE_BLK_GOOD;
    fake_blk.offered &= ~VIRTIO_F_VERSION_1;
    assert_int_equal(start_driver(), -E_OPNOTSUPP);
    fake_blk.offered = offered;
    fake_blk.queue_size_max = 0;
    assert_int_equal(start_driver(), -E_OPNOTSUPP);
    fake_blk.queue_size_max = 256;
    fake_blk.config.blk_size = 520;
    assert_int_equal(start_driver(), -E_INVAL);
    fake_blk.config.blk_size = 1 << 16;
    assert_int_equal(start_driver(), -E_INVAL);
    fake_blk.config.blk_size = 512;
    fake_blk.config.seg_max = 1;
    assert_int_equal(start_driver(), -E_INVAL);
    fake_blk.config = config;
    fake_blk.config.capacity = UINT64_MAX;
    assert_int_equal(start_driver(), -E_PROTO);
    fake_blk.config = config;
    fake_start_driver();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_features_are_an_allow_list),
        TEST(test_info),
        TEST(test_read_and_write),
        TEST(test_get_id_and_erase),
        TEST(test_batch_costs_one_notification),
        TEST(test_every_width_of_queue_and_without_indirect),
        TEST(test_capacity_change),
        TEST(test_statuses),
        TEST(test_broken_queues_are_reset),
        TEST(test_device_asks_for_a_reset),
        TEST(test_silent_device_is_reset),
        TEST(test_takes_over_from_a_dead_driver),
        TEST(test_refused_devices),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
