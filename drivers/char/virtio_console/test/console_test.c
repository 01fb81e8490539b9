// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The console's code against a made-up device that works on the real rings: three ports with names,
// as the launcher has them, with control messages, back pressure, and a device that lies.

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
#include "drivers/char/virtio_console/console.h"
#include "lib/sys/log.h"

enum { PORTS = 4, BLOCKS = 64 };

// A queue as the device sees it.
struct device_queue {
    struct virtqueue *driver;
    uint16_t seen;
};

static struct {
    struct console console;
    struct char_class class;
    struct char_port port[CONSOLE_PORTS_MAX];
    void *block[BLOCKS];
    unsigned blocks;
    struct device_queue control_rx, control_tx, rx[PORTS], tx[PORTS];
    bool device_ready, port_ready[PORTS], port_open[PORTS];
    char sent[PORTS][8192];
    unsigned sent_count[PORTS];
    // rings
    char written[8192];
    unsigned tx_count, tx_done;
    char got[8192];
    unsigned got_count, room;
    unsigned changes;
    _Alignas(64) uint8_t saved[PORTS][PAGE_SIZE]; // survives the driver
} t;

// ---- what the code is linked with ----

int dma_buffer_create(handle_t dma, uint64_t bytes, enum dma_limit limit, struct dma_buffer *buffer)
{
    (void)dma;
    (void)limit;
    assert_true(t.blocks < BLOCKS);
    buffer->memory = t.block[t.blocks++] = calloc(1, bytes);
    buffer->bus = (uint64_t)(uintptr_t)buffer->memory;
    buffer->bytes = bytes;
    return 0;
}

uint32_t char_rx_room(struct char_port *port)
{
    return port->index == 1 ? t.room : 0;
}

void char_rx_put(struct char_port *port, const void *bytes, uint32_t count)
{
    assert_int_equal(port->index, 1);
    assert_true(count <= t.room);
    memcpy(t.got + t.got_count, bytes, count);
    t.got_count += count;
    t.room -= count;
}

uint32_t char_tx_peek(struct char_port *port, uint32_t skip, void *bytes, uint32_t count)
{
    bool attached = port->index == 1 && port->session.memory != NULL;
    unsigned left = attached ? t.tx_count - t.tx_done : 0;

    assert_int_equal(skip, 0);
    if (count > left)
        count = left;
    memcpy(bytes, t.written + t.tx_done, count);
    return count;
}

void char_tx_done(struct char_port *port, uint32_t epoch, uint32_t count)
{
    if (epoch == port->tx_epoch)
        t.tx_done += count;
}

uint32_t char_tx_position(const struct char_port *port)
{
    (void)port;
    return t.tx_done;
}

void char_status_changed(struct char_port *port, bool signal)
{
    (void)port;
    (void)signal;
}

void char_ports_changed(struct char_class *class)
{
    (void)class;
    t.changes++;
}

void sys_log_at(enum log_level level, const char *format, ...)
{
    (void)level;
    (void)format;
}

// ---- the device ----

// The next buffer the driver made available, or NULL.
static struct virtq_desc *device_take(struct device_queue *queue, uint16_t *id)
{
    struct virtqueue *ring = queue->driver;

    if (queue->seen == ring->avail->idx)
        return NULL;
    *id = ring->avail->ring[queue->seen++ & (ring->size - 1)];
    return &ring->desc[*id];
}

static void device_use(struct device_queue *queue, uint16_t id, uint32_t length)
{
    struct virtq_used *used = queue->driver->used;

    used->ring[used->idx & (queue->driver->size - 1)] =
        (struct virtq_used_elem){.id = id, .len = length};
    used->idx++;
}

static bool device_send(struct device_queue *queue, const void *bytes, uint32_t count)
{
    uint16_t id;
    struct virtq_desc *buffer = device_take(queue, &id);

    if (buffer == NULL)
        return false;
    if (count > buffer->len)
        count = buffer->len;
    memcpy((void *)(uintptr_t)buffer->addr, bytes, count);
    device_use(queue, id, count);
    return true;
}

static void device_control(uint32_t id, uint16_t event, uint16_t value, const char *text)
{
    uint8_t bytes[128];
    struct virtio_console_control message = {id, event, value};

    memcpy(bytes, &message, sizeof message);
    memcpy(bytes + sizeof message, text, strlen(text));
    assert_true(device_send(&t.control_rx, bytes, (uint32_t)(sizeof message + strlen(text))));
}

static void device_got_control(const struct virtio_console_control *message)
{
    static const char *const name[] = {"", "org.xinim.stdout", "org.xinim.stderr",
                                       "org.xinim.control"};

    if (message->event == VIRTIO_CONSOLE_DEVICE_READY) {
        t.device_ready = message->value == 1;
        for (uint32_t i = 1; i < PORTS; i++)
            device_control(i, VIRTIO_CONSOLE_DEVICE_ADD, 1, "");
        device_control(99, VIRTIO_CONSOLE_DEVICE_ADD, 1, "");
        return;
    }
    assert_true(message->id >= 1 && message->id < PORTS);
    if (message->event == VIRTIO_CONSOLE_PORT_READY) {
        t.port_ready[message->id] = message->value == 1;
        device_control(message->id, VIRTIO_CONSOLE_PORT_NAME, 1, name[message->id]);
        device_control(message->id, VIRTIO_CONSOLE_PORT_OPEN, 1, "");
    } else if (message->event == VIRTIO_CONSOLE_PORT_OPEN) {
        t.port_open[message->id] = message->value == 1;
    }
}

static void device_work(void)
{
    uint16_t id;
    struct virtq_desc *buffer;

    while ((buffer = device_take(&t.control_tx, &id)) != NULL) {
        struct virtio_console_control message;

        assert_int_equal(buffer->len, sizeof message);
        memcpy(&message, (void *)(uintptr_t)buffer->addr, sizeof message);
        device_got_control(&message);
        device_use(&t.control_tx, id, 0);
    }
    for (uint32_t i = 0; i < PORTS; i++) {
        while ((buffer = device_take(&t.tx[i], &id)) != NULL) {
            memcpy(t.sent[i] + t.sent_count[i], (void *)(uintptr_t)buffer->addr, buffer->len);
            t.sent_count[i] += buffer->len;
            device_use(&t.tx[i], id, 0);
        }
    }
}

static void notify(struct console *console, uint16_t queue)
{
    (void)console;
    (void)queue;
}

static void run(void)
{
    for (int i = 0; i < 20; i++) {
        device_work();
        console_service(&t.console);
    }
}

// ---- bring-up ----

static void make_queue_at(struct virtqueue *queue, struct device_queue *device, uint16_t index,
                          uint16_t size, void *memory)
{
    struct virtqueue_config config = {
        .index = index, .size = size, .memory = memory, .bus = (uint64_t)(uintptr_t)memory};

    *device = (struct device_queue){0};
    assert_int_equal(virtqueue_init(queue, &config), 0);
    device->driver = queue;
}

static void make_queue(struct virtqueue *queue, struct device_queue *device, uint16_t index,
                       uint16_t size)
{
    struct dma_buffer memory;

    dma_buffer_create(0, virtqueue_bytes(size, 0), DMA_ANYWHERE, &memory);
    make_queue_at(queue, device, index, size, memory.memory);
}

// A driver that starts, perhaps as another's successor.
static void start_driver(void)
{
    memset(&t.console, 0, sizeof t.console);
    memset(t.port, 0, sizeof t.port);
    t.class.port = t.port;
    t.console.class = &t.class;
    t.console.ports = PORTS;
    t.console.multiport = true;
    t.console.notify = notify;
    t.room = 4096;
    for (uint32_t i = 0; i < CONSOLE_PORTS_MAX; i++)
        t.port[i].index = i;
    for (uint32_t i = 0; i < PORTS; i++) {
        make_queue(&t.console.port[i].rx, &t.rx[i], virtio_console_rx_queue(i), 4);
        console_port_recover(&t.console.port[i], (struct console_saved *)(void *)t.saved[i]);
        make_queue_at(&t.console.port[i].tx, &t.tx[i], (uint16_t)(virtio_console_rx_queue(i) + 1),
                      4, t.saved[i] + CONSOLE_SAVED_QUEUE);
        assert_int_equal(console_port_init(&t.console, i), 0);
    }
    make_queue(&t.console.control_rx, &t.control_rx, 2, 32);
    make_queue(&t.console.control_tx, &t.control_tx, 3, 4);
    assert_int_equal(console_control_init(&t.console), 0);
}

static void attach(uint64_t session)
{
    t.port[1].session.memory = t.saved[0]; // any address: there is a session
    t.port[1].status.session = session;
}

static int setup(void **state)
{
    (void)state;
    memset(&t, 0, sizeof t);
    start_driver();
    attach(77);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    for (unsigned i = 0; i < t.blocks; i++)
        free(t.block[i]);
    return 0;
}

static void begin(void)
{
    console_begin(&t.console);
    run();
    assert_true(console_settled(&t.console));
}

static void test_queue_numbers(void **state)
{
    (void)state;
    assert_int_equal(virtio_console_rx_queue(0), 0);
    assert_int_equal(virtio_console_rx_queue(1), 4);
    assert_int_equal(virtio_console_rx_queue(15), 32);
}

static void test_ports_introduce_themselves(void **state)
{
    (void)state;
    console_begin(&t.console);
    assert_false(console_settled(&t.console));
    run();
    assert_true(console_settled(&t.console));
    assert_true(t.device_ready && t.port_ready[1] && t.port_ready[2] && t.port_ready[3]);
    assert_int_equal(t.port[0].flags, 0);
    assert_int_equal(t.port[3].flags, CHAR_PORT_PRESENT | CHAR_PORT_PEER_OPEN);
    assert_string_equal(t.port[2].name, "org.xinim.stderr");
    assert_int_equal(t.port[1].status.modem, CHAR_DCD);
}

static void test_open_reaches_the_device(void **state)
{
    (void)state;
    begin();
    assert_int_equal(console_char_ops.open(&t.port[2], true), 0);
    run();
    assert_true(t.port_open[2]);
    assert_false(t.port_open[1]);
    console_char_ops.open(&t.port[2], false);
    run();
    assert_false(t.port_open[2]);
}

static void test_transmit(void **state)
{
    (void)state;
    begin();
    for (unsigned i = 0; i < 6000; i++)
        t.written[i] = (char)(i % 251);
    t.tx_count = 6000;
    console_char_ops.tx_provide(&t.port[1]);
    assert_int_equal(t.tx_done, 0); // nothing leaves before the device has taken it
    run();
    assert_int_equal(t.tx_done, 6000);
    assert_int_equal(t.sent_count[1], 6000);
    assert_memory_equal(t.sent[1], t.written, 6000);
    assert_int_equal(t.port[1].status.tx_idle, 1);
}

static void test_closed_peer_holds_output(void **state)
{
    (void)state;
    begin();
    device_control(1, VIRTIO_CONSOLE_PORT_OPEN, 0, "");
    run();
    t.tx_count = 10;
    console_char_ops.tx_provide(&t.port[1]);
    run();
    assert_int_equal(t.tx_done, 0);
    device_control(1, VIRTIO_CONSOLE_PORT_OPEN, 1, "");
    run();
    assert_int_equal(t.tx_done, 10);
}

static void test_flush_while_under_way(void **state)
{
    (void)state;
    begin();
    t.tx_count = 10;
    console_char_ops.tx_provide(&t.port[1]);
    t.port[1].tx_epoch++; // flushed
    t.tx_done = t.tx_count = 0;
    t.tx_count = 5;
    run();
    assert_int_equal(t.tx_done, 5); // the new ones, once
}

// Ten bytes are with the device when the driver dies. `taken`: the device has used them.
static void die_with_output(bool taken)
{
    uint16_t id;

    begin();
    t.tx_count = 10;
    console_char_ops.tx_provide(&t.port[1]);
    if (taken)
        device_work();
    else
        assert_non_null(device_take(&t.tx[1], &id)); // seen, not used
    start_driver();
}

static void test_taken_output_is_not_sent_again(void **state)
{
    (void)state;
    die_with_output(true);
    begin();
    assert_int_equal(t.tx_done, 0); // nobody is attached yet
    attach(77);
    t.tx_count = 15;
    console_char_ops.tx_provide(&t.port[1]);
    run();
    assert_int_equal(t.tx_done, 15);
    assert_int_equal(t.sent_count[1], 15);
}

static void test_output_not_taken_is_sent_again(void **state)
{
    (void)state;
    die_with_output(false);
    attach(77);
    begin();
    assert_int_equal(t.tx_done, 10);
    assert_int_equal(t.sent_count[1], 10);
}

static void test_two_deaths_in_a_row(void **state)
{
    (void)state;
    die_with_output(true);
    start_driver(); // the successor dies before the client is back
    attach(77);
    begin();
    assert_int_equal(t.tx_done, 10);
    assert_int_equal(t.sent_count[1], 10);
}

static void test_death_after_the_ring_was_told(void **state)
{
    (void)state;
    begin();
    t.tx_count = 10;
    console_char_ops.tx_provide(&t.port[1]);
    device_work();
    t.tx_done = 10; // the last thing the driver did
    t.tx_count = 14;
    start_driver();
    attach(77);
    begin();
    assert_int_equal(t.tx_done, 14);
    assert_int_equal(t.sent_count[1], 14);
}

static void test_another_session_is_not_touched(void **state)
{
    (void)state;
    die_with_output(true);
    attach(78);
    begin();
    assert_int_equal(t.sent_count[1], 20); // its own ten
    assert_int_equal(t.tx_done, 10);
}

// A record with a wrong bit is not there: what it speaks of is sent again, rather than lost.
static void test_damaged_record_is_discarded(void **state)
{
    (void)state;
    for (unsigned bit = 0; bit < offsetof(struct console_saved, taken) * 8; bit++) {
        teardown(NULL);
        setup(NULL);
        begin();
        t.tx_count = 10;
        console_char_ops.tx_provide(&t.port[1]);
        device_work();
        t.saved[1][bit / 8] ^= (uint8_t)(1 << bit % 8);
        start_driver();
        attach(77);
        begin();
        assert_int_equal(t.sent_count[1], 20);
        assert_int_equal(t.tx_done, 10);
    }
}

static void test_saved_rubbish(void **state)
{
    (void)state;
    srand(7);
    for (int round = 0; round < 2000; round++) {
        teardown(NULL);
        setup(NULL);
        for (unsigned i = 0; i < 512; i++)
            t.saved[1][i] = (uint8_t)(rand() % 3 ? rand() % 5 : rand());
        start_driver();
        attach(77);
        t.tx_count = 5;
        begin();
        assert_true(t.tx_done >= 5);
    }
}

static void test_receive(void **state)
{
    (void)state;
    begin();
    assert_true(device_send(&t.rx[1], "hello ", 6));
    assert_true(device_send(&t.rx[1], "world", 5));
    run();
    assert_int_equal(t.got_count, 11);
    assert_memory_equal(t.got, "hello world", 11);
}

static void test_no_more_than_there_is_room_for(void **state)
{
    static char bytes[CONSOLE_RX_BYTES];
    unsigned given = 0;

    (void)state;
    t.room = 100;
    begin();
    while (device_send(&t.rx[1], bytes, 60))
        given++;
    run();
    assert_int_equal(given, 1); // one buffer of 100 bytes
    assert_int_equal(t.got_count, 60);
    assert_true(device_send(&t.rx[1], bytes, 60)); // cut to the 40 there is room for
    run();
    assert_int_equal(t.got_count, 100);
    assert_false(device_send(&t.rx[1], bytes, 60));
    t.room = 1000;
    console_char_ops.rx_provide(&t.port[1]);
    assert_true(device_send(&t.rx[1], bytes, 60));
}

static void test_bytes_for_a_client_that_left_are_held(void **state)
{
    (void)state;
    begin();
    t.room = 0; // no session any more, but buffers are with the device
    assert_true(device_send(&t.rx[1], "abc", 3));
    assert_true(device_send(&t.rx[1], "def", 3));
    run();
    assert_int_equal(t.got_count, 0);
    t.room = 4; // a new one, with little room
    console_char_ops.rx_provide(&t.port[1]);
    assert_int_equal(t.got_count, 4);
    t.room = 100;
    console_char_ops.rx_provide(&t.port[1]);
    assert_memory_equal(t.got, "abcdef", 6);
}

static void test_unplug_and_plug(void **state)
{
    (void)state;
    begin();
    console_char_ops.open(&t.port[1], true);
    run();
    device_control(1, VIRTIO_CONSOLE_DEVICE_REMOVE, 1, "");
    run();
    assert_int_equal(t.port[1].flags, 0);
    assert_string_equal(t.port[1].name, "");
    assert_int_equal(t.port[1].status.modem, 0);
    t.port_ready[1] = t.port_open[1] = false;
    device_control(1, VIRTIO_CONSOLE_DEVICE_ADD, 1, "");
    run();
    assert_true(t.port_ready[1]);
    assert_true(t.port_open[1]); // the program still has it open
    assert_string_equal(t.port[1].name, "org.xinim.stdout");
}

static void test_resize(void **state)
{
    struct virtio_console_control message = {1, VIRTIO_CONSOLE_RESIZE, 0};
    struct virtio_console_resize size = {132, 43};
    uint8_t bytes[12];

    (void)state;
    begin();
    memcpy(bytes, &message, 8);
    memcpy(bytes + 8, &size, 4);
    device_send(&t.control_rx, bytes, 10); // cut off: ignored
    device_send(&t.control_rx, bytes, 12);
    run();
    assert_int_equal(t.port[1].status.columns, 132);
    assert_int_equal(t.port[1].status.rows, 43);
}

static void test_without_multiport(void **state)
{
    (void)state;
    t.console.multiport = false;
    t.console.ports = 1;
    console_begin(&t.console);
    assert_true(console_settled(&t.console));
    assert_int_equal(t.port[0].flags, CHAR_PORT_PRESENT | CHAR_PORT_CONSOLE | CHAR_PORT_PEER_OPEN);
}

static void test_device_that_lies(void **state)
{
    (void)state;
    begin();
    device_use(&t.rx[1], 77, 5);
    console_service(&t.console);
    assert_int_equal(t.console.fault, -E_PROTO);
    teardown(NULL);
    setup(NULL);
    begin();
    device_use(&t.control_rx, 0, CONSOLE_CONTROL_BYTES + 1);
    console_service(&t.console);
    assert_int_equal(t.console.fault, -E_PROTO);
}

static void test_random_control_messages(void **state)
{
    uint8_t bytes[128];

    (void)state;
    begin();
    srand(4);
    for (int round = 0; round < 20000; round++) {
        struct virtio_console_control message = {.id = (uint32_t)(rand() % 6),
                                                 .event = (uint16_t)(rand() % 9),
                                                 .value = (uint16_t)(rand() % 3)};

        for (unsigned i = 0; i < sizeof bytes; i++)
            bytes[i] = (uint8_t)rand();
        memcpy(bytes, &message, sizeof message);
        if (message.id == 0)
            continue; // our made-up device knows ports from 1 on
        device_send(&t.control_rx, bytes, (uint32_t)(rand() % 129));
        t.room = (unsigned)(rand() % 50);
        t.got_count = 0;
        device_send(&t.rx[1], bytes, (uint32_t)(rand() % 40));
        run();
        assert_int_equal(t.console.fault, 0);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_queue_numbers),
        TEST(test_ports_introduce_themselves),
        TEST(test_open_reaches_the_device),
        TEST(test_transmit),
        TEST(test_closed_peer_holds_output),
        TEST(test_flush_while_under_way),
        TEST(test_taken_output_is_not_sent_again),
        TEST(test_output_not_taken_is_sent_again),
        TEST(test_two_deaths_in_a_row),
        TEST(test_death_after_the_ring_was_told),
        TEST(test_another_session_is_not_touched),
        TEST(test_damaged_record_is_discarded),
        TEST(test_saved_rubbish),
        TEST(test_receive),
        TEST(test_no_more_than_there_is_room_for),
        TEST(test_bytes_for_a_client_that_left_are_held),
        TEST(test_unplug_and_plug),
        TEST(test_resize),
        TEST(test_without_multiport),
        TEST(test_device_that_lies),
        TEST(test_random_control_messages),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
