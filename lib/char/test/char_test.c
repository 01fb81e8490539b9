// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// lib/char between a client that plays by abi/char.h, or does not, and a device that takes bytes
// late.

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
#include "lib/char/private.h"
#include "lib/sys/log.h"

enum { RX_BYTES = 1024, TX_BYTES = 2048, SIGNAL_HANDLE = 77, DOORBELL = 88, MEMORY_HANDLE = 5 };

static struct {
    _Alignas(4096) uint8_t memory[64 * 1024];
    uint64_t object_bytes;
    unsigned maps, unmaps, closes, signals, wakes;
    unsigned tx_eager; // bytes the chip takes, each followed by another from the client
    unsigned tx_calls, rx_calls, opens, line_baud;
    bool flushed;
    uint64_t identities;
    struct char_class class;
    struct char_port port[2];
    struct driver driver;
    struct ring_producer tx; // the client's sides
    struct ring_consumer rx;
} t;

// ---- what lib/char is linked with ----

int char_kernel_map(handle_t memory, uint64_t bytes, uint8_t **mapped)
{
    if (memory != MEMORY_HANDLE || bytes > t.object_bytes)
        return -E_INVAL;
    t.maps++;
    *mapped = t.memory;
    return 0;
}

void char_kernel_unmap(uint8_t *mapped, uint64_t bytes)
{
    assert_ptr_equal(mapped, t.memory);
    assert_int_equal(bytes % PAGE_SIZE, 0);
    t.unmaps++;
}

void char_kernel_close(handle_t handle)
{
    (void)handle;
    t.closes++;
}

void char_kernel_signal(handle_t notification)
{
    assert_int_equal(notification, SIGNAL_HANDLE);
    t.signals++;
}

uint64_t char_kernel_unique(void)
{
    return ++t.identities;
}

void driver_wake(struct driver *driver)
{
    (void)driver;
    t.wakes++;
}

int driver_signal_create(struct driver *driver, unsigned n, handle_t *handle)
{
    (void)driver;
    (void)n;
    *handle = DOORBELL;
    return 0;
}

handle_t driver_take_handle(struct message *request, unsigned index)
{
    handle_t handle = request->handle[index];

    request->handle[index] = HANDLE_NONE;
    return handle;
}

int64_t message_put_bytes(struct message *message, unsigned first, const void *data, size_t bytes)
{
    memcpy(&message->word[first], data, bytes);
    return (int64_t)((bytes + 7) / 8);
}

void sys_log_at(enum log_level level, const char *format, ...)
{
    (void)level;
    (void)format;
}

// ---- the chip ----

static bool client_write(const void *bytes, uint32_t count);

static void chip_tx_provide(struct char_port *port)
{
    uint8_t byte;

    t.tx_calls++;
    if (t.tx_eager == 0 || char_tx_peek(port, 0, &byte, 1) == 0)
        return;
    char_tx_done(port, port->tx_epoch, 1);
    if (--t.tx_eager > 0) // a client that writes while the driver is on its way to sleep
        client_write(&byte, 1);
}

static void chip_rx_provide(struct char_port *port)
{
    (void)port;
    t.rx_calls++;
}

static int chip_open(struct char_port *port, bool open)
{
    (void)port;
    t.opens += open;
    return 0;
}

static int chip_set_line(struct char_port *port, uint32_t *baud, uint32_t format)
{
    (void)port;
    (void)format;
    t.line_baud = *baud;
    *baud = 9600;
    return 0;
}

static int chip_flush(struct char_port *port)
{
    (void)port;
    t.flushed = true;
    return 0;
}

static const struct char_ops ops = {
    .open = chip_open,
    .set_line = chip_set_line,
    .flush_tx = chip_flush,
    .tx_provide = chip_tx_provide,
    .rx_provide = chip_rx_provide,
};

// ---- the client ----

static int request(int32_t label, uint64_t badge, uint64_t a, uint64_t b, uint64_t c,
                   struct message *reply)
{
    struct message message = {.badge = badge, .word = {a, b, c}};
    unsigned handles = label == CHAR_ATTACH ? 2 : 0;

    message.tag = message_tag(label, 3, handles);
    message.handle[0] = MEMORY_HANDLE;
    message.handle[1] = SIGNAL_HANDLE;
    memset(reply, 0, sizeof *reply);
    return char_handle_message(&t.class, &message, reply);
}

static int attach(uint64_t badge)
{
    struct message reply;
    int status = request(CHAR_ATTACH, badge, 0, RX_BYTES, TX_BYTES, &reply);

    if (status == 0)
        assert_int_equal(reply.handle[0], DOORBELL);
    return status;
}

static void client_rings(void)
{
    uint8_t *rx = t.memory + CHAR_RX_OFFSET, *tx = t.memory + CHAR_TX_OFFSET(RX_BYTES);

    assert_int_equal(ring_consumer_init(&t.rx, rx, RING_BYTES(RX_BYTES, 1), RX_BYTES, 1), 0);
    assert_int_equal(ring_producer_init(&t.tx, tx, RING_BYTES(TX_BYTES, 1), TX_BYTES, 1), 0);
    assert_int_equal(ring_consumer_resume(&t.rx), 0);
    assert_int_equal(ring_producer_resume(&t.tx), 0);
}

static bool client_write(const void *bytes, uint32_t count)
{
    assert_int_equal(ring_write(&t.tx, bytes, count), count);
    return ring_publish(&t.tx);
}

static void new_driver(void)
{
    memset(t.port, 0, sizeof t.port);
    char_class_init(&t.class, &t.driver, &ops, t.port, 2);
    t.port[0].flags = CHAR_PORT_PRESENT;
    strcpy(t.port[0].name, "org.xinim.stdout");
}

static int setup(void **state)
{
    (void)state;
    memset(&t, 0, sizeof t);
    t.object_bytes = CHAR_SESSION_BYTES(RX_BYTES, TX_BYTES) + PAGE_SIZE;
    new_driver();
    client_rings();
    return 0;
}

static void test_ports(void **state)
{
    struct message reply;
    struct char_port_info info;

    (void)state;
    assert_int_equal(request(CHAR_PORTS, 1, 0, 0, 0, &reply), 0);
    assert_int_equal(reply.word[0], 2);
    assert_int_equal(request(CHAR_PORT_INFO, 1, 0, 0, 0, &reply), 0);
    memcpy(&info, reply.word, sizeof info);
    assert_string_equal(info.name, "org.xinim.stdout");
    assert_int_equal(request(CHAR_PORT_INFO, 1, 1, 0, 0, &reply), -E_NODEV); // an empty slot
    assert_int_equal(request(CHAR_PORT_INFO, 1, 2, 0, 0, &reply), -E_NODEV);
    assert_int_equal(request(CHAR_PORT_INFO, 1, UINT64_MAX, 0, 0, &reply), -E_NODEV);
}

static void test_attach_checks(void **state)
{
    struct message reply;

    (void)state;
    assert_int_equal(request(CHAR_ATTACH, 1, 0, 1000, TX_BYTES, &reply), -E_INVAL);
    assert_int_equal(request(CHAR_ATTACH, 1, 0, 0, TX_BYTES, &reply), -E_INVAL);
    assert_int_equal(request(CHAR_ATTACH, 1, 0, 512, TX_BYTES, &reply), -E_INVAL);
    assert_int_equal(request(CHAR_ATTACH, 1, 0, 1u << 31, TX_BYTES, &reply), -E_INVAL);
    assert_int_equal(request(CHAR_ATTACH, 1, 0, RX_BYTES, 1ull << 32, &reply), -E_INVAL);
    t.object_bytes = PAGE_SIZE;
    assert_int_equal(attach(1), -E_INVAL); // the object is smaller than it says
    assert_int_equal(t.maps, t.unmaps);
    assert_int_equal(t.closes,
                     6); // each time the doorbell; the request's handles are closed by lib/driver
}

static void test_one_client_a_port(void **state)
{
    struct message reply;

    (void)state;
    assert_int_equal(request(CHAR_OPEN, 1, 0, 1, 0, &reply), -E_BADF); // not attached yet
    assert_int_equal(attach(1), 0);
    assert_int_equal(attach(2), -E_BUSY);
    assert_int_equal(request(CHAR_OPEN, 2, 0, 1, 0, &reply), -E_BADF);
    assert_int_equal(request(CHAR_DETACH, 2, 0, 0, 0, &reply), -E_BADF);
    assert_int_equal(request(CHAR_OPEN, 1, 0, 1, 0, &reply), 0);
    assert_int_equal(t.opens, 1);
    assert_int_equal(attach(1), 0); // again: replaces the first
    assert_int_equal(t.maps, 2);
    assert_int_equal(t.unmaps, 1);
    assert_int_equal(request(CHAR_DETACH, 1, 0, 0, 0, &reply), 0);
    assert_int_equal(attach(2), 0);
}

static void test_requests(void **state)
{
    struct message reply;
    struct message bare = {.tag = message_tag(CHAR_OPEN, 1, 0), .badge = 1};

    (void)state;
    assert_int_equal(attach(1), 0);
    assert_int_equal(request(CHAR_SET_LINE, 1, 0, 115200, 8, &reply), 0);
    assert_int_equal(t.line_baud, 115200);
    assert_int_equal(reply.word[0], 9600);
    assert_int_equal(request(CHAR_SET_LINE, 1, 0, 1ull << 40, 8, &reply), -E_INVAL);
    assert_int_equal(request(CHAR_SET_MODEM, 1, 0, 1, 0, &reply), -E_NOSYS);
    assert_int_equal(request(CHAR_FLUSH_TX + 1, 1, 0, 0, 0, &reply), -E_NOSYS);
    assert_int_equal(request(CHAR_PORTS - 1, 1, 0, 0, 0, &reply), -E_NOSYS);
    assert_int_equal(char_handle_message(&t.class, &bare, &reply), -E_INVAL); // too few words
}

static void test_tx_leaves_when_taken(void **state)
{
    uint8_t bytes[64];
    uint32_t epoch;

    (void)state;
    assert_int_equal(attach(1), 0);
    char_before_wait(&t.class);
    assert_true(client_write("hello, world", 12)); // the driver sleeps: a doorbell
    assert_int_equal(char_tx_peek(&t.port[0], 0, bytes, 5), 5);
    assert_memory_equal(bytes, "hello", 5);
    assert_int_equal(char_tx_peek(&t.port[0], 5, bytes, 64), 7);
    assert_memory_equal(bytes, ", world", 7);
    assert_int_equal(char_tx_peek(&t.port[0], 12, bytes, 64), 0);
    assert_int_equal(ring_producer_room(&t.tx), TX_BYTES - 12); // nothing has left yet
    epoch = t.port[0].tx_epoch;
    char_tx_done(&t.port[0], epoch, 5);
    assert_int_equal(ring_producer_room(&t.tx), TX_BYTES - 7);
    assert_int_equal(char_tx_peek(&t.port[0], 0, bytes, 64), 7);
}

// The client sees whether it is the device that takes nothing.
static void test_waiting_for_the_device_shows(void **state)
{
    const struct char_status *seen = (const struct char_status *)t.memory;
    uint8_t byte;

    (void)state;
    assert_int_equal(attach(1), 0);
    char_before_wait(&t.class);
    assert_int_equal(seen->tx_waits, 0);
    client_write("abc", 3);
    assert_int_equal(seen->tx_waits, 0);
    char_handle_signal(&t.class, DRIVER_SIGNAL_BIT(0));
    char_before_wait(&t.class);
    assert_int_equal(seen->tx_waits, 1);
    assert_int_equal(char_tx_peek(&t.port[0], 0, &byte, 1), 1);
    char_tx_done(&t.port[0], t.port[0].tx_epoch, 3);
    char_before_wait(&t.class);
    assert_int_equal(seen->tx_waits, 0);
}

static void test_successor_goes_on(void **state)
{
    uint8_t bytes[64];

    (void)state;
    assert_int_equal(attach(1), 0);
    client_write("abcdef", 6);
    char_tx_peek(&t.port[0], 0, bytes, 6);
    char_tx_done(&t.port[0], t.port[0].tx_epoch, 2);
    char_rx_put(&t.port[0], "xy", 2);
    new_driver(); // the old one died with four bytes under way
    assert_int_equal(attach(1), 0);
    assert_int_equal(char_tx_peek(&t.port[0], 0, bytes, 64), 4);
    assert_memory_equal(bytes, "cdef", 4);
    char_rx_put(&t.port[0], "z", 1);
    assert_int_equal(ring_read(&t.rx, bytes, 64), 3);
    assert_memory_equal(bytes, "xyz", 3);
}

static void test_flush_forgets_bytes_under_way(void **state)
{
    struct message reply;
    uint8_t bytes[64];
    uint32_t epoch;

    (void)state;
    assert_int_equal(attach(1), 0);
    client_write("old", 3);
    epoch = t.port[0].tx_epoch;
    char_tx_peek(&t.port[0], 0, bytes, 3);
    assert_int_equal(request(CHAR_FLUSH_TX, 1, 0, 0, 0, &reply), 0);
    assert_true(t.flushed);
    client_write("new", 3);
    char_tx_done(&t.port[0], epoch, 3); // of the old bytes: must not eat the new ones
    assert_int_equal(char_tx_peek(&t.port[0], 0, bytes, 64), 3);
    assert_memory_equal(bytes, "new", 3);
}

static void test_rx_low_and_room_again(void **state)
{
    static uint8_t bytes[RX_BYTES + 10];

    (void)state;
    assert_int_equal(attach(1), 0);
    t.rx_calls = 0;
    assert_int_equal(char_rx_room(&t.port[0]), RX_BYTES);
    char_rx_put(&t.port[0], bytes, sizeof bytes);
    assert_int_equal(t.port[0].status.rx_dropped, 10);
    assert_int_equal(t.port[0].status.rx_bytes, RX_BYTES);
    assert_int_equal(char_rx_room(&t.port[0]), 0);
    char_before_wait(&t.class); // arms the doorbell for room
    assert_int_equal(t.rx_calls, 0);
    assert_int_equal(ring_read(&t.rx, bytes, 100), 100);
    assert_true(ring_release(&t.rx)); // the client owes a doorbell
    char_handle_signal(&t.class, DRIVER_SIGNAL_BIT(0));
    assert_int_equal(t.rx_calls, 1);
    assert_int_equal(char_rx_room(&t.port[0]), 100);
}

static void test_signals_are_batched(void **state)
{
    (void)state;
    assert_int_equal(attach(1), 0);
    assert_true(ring_consumer_may_sleep(&t.rx));
    char_before_wait(&t.class);
    t.signals = 0;
    for (int i = 0; i < 10; i++)
        char_rx_put(&t.port[0], "x", 1);
    char_before_wait(&t.class);
    assert_int_equal(t.signals, 1);
    char_rx_put(&t.port[0], "x", 1); // the client has not asked again: it is awake
    char_before_wait(&t.class);
    assert_int_equal(t.signals, 1);
}

static void test_status_reaches_the_client(void **state)
{
    struct char_status status;

    (void)state;
    assert_int_equal(attach(1), 0);
    t.port[0].status.modem = CHAR_DCD;
    t.port[0].status.changes++;
    char_status_changed(&t.port[0], true);
    char_before_wait(&t.class);
    memcpy(&status, t.memory, sizeof status);
    assert_int_equal(status.modem, CHAR_DCD);
    assert_int_equal(t.signals, 1);
}

static void test_session_identity(void **state)
{
    struct char_status status;

    (void)state;
    assert_int_equal(attach(1), 0);
    assert_int_equal(t.port[0].status.session, 1);
    char_before_wait(&t.class);
    new_driver();
    assert_int_equal(attach(1), 0); // the same memory: the same session
    assert_int_equal(t.port[0].status.session, 1);
    char_before_wait(&t.class);
    memcpy(&status, t.memory, sizeof status);
    assert_int_equal(status.session, 1);
    memset(t.memory, 0, sizeof t.memory);
    assert_int_equal(attach(1), 0);
    assert_int_equal(t.port[0].status.session, 2);
}

// A driver may die after it moved an index and before it rang for that: its successor rings.
static void test_attaching_rings(void **state)
{
    (void)state;
    assert_int_equal(attach(1), 0);
    char_before_wait(&t.class);
    new_driver();
    t.signals = 0;
    assert_int_equal(attach(1), 0);
    char_before_wait(&t.class);
    assert_int_equal(t.signals, 1);
}

// However bytes come while the driver prepares to sleep: the last look found none, and the next
// rings.
static void test_no_byte_is_slept_through(void **state)
{
    struct ring_shared *tx = (void *)(t.memory + CHAR_TX_OFFSET(RX_BYTES));

    (void)state;
    assert_int_equal(attach(1), 0);
    char_before_wait(&t.class);
    t.tx_eager = 3;
    client_write("a", 1);
    char_before_wait(&t.class);
    assert_int_equal(tx->tail, tx->head);
    assert_int_equal(tx->wake_consumer, tx->head);
    assert_int_equal(t.wakes, 0);
}

static void test_a_busy_client_gets_turns(void **state)
{
    (void)state;
    assert_int_equal(attach(1), 0);
    t.tx_eager = 1000;
    client_write("a", 1);
    char_before_wait(&t.class);
    assert_true(t.tx_eager > 900);
    assert_int_equal(t.wakes, 1);
}

static void test_broken_indices_end_the_session(void **state)
{
    struct ring_shared *tx = (void *)(t.memory + CHAR_TX_OFFSET(RX_BYTES));
    uint8_t bytes[8];

    (void)state;
    assert_int_equal(attach(1), 0);
    tx->head = TX_BYTES + 1;
    assert_int_equal(char_tx_peek(&t.port[0], 0, bytes, 8), 0);
    assert_null(t.port[0].session.memory);
    assert_int_equal(t.maps, t.unmaps);
    assert_int_equal(attach(1), -E_PROTO); // still impossible
    assert_int_equal(t.maps, t.unmaps);
    tx->head = 0;
    assert_int_equal(attach(1), 0);
    ((struct ring_shared *)(void *)(t.memory + CHAR_RX_OFFSET))->tail = 12345;
    assert_int_equal(char_rx_room(&t.port[0]), 0);
    assert_null(t.port[0].session.memory);
}

static void test_random_client(void **state)
{
    uint8_t bytes[256];
    struct message reply;

    (void)state;
    srand(3);
    for (int round = 0; round < 200000; round++) {
        struct ring_shared *ring =
            (void *)(t.memory + (rand() % 2 ? CHAR_RX_OFFSET : CHAR_TX_OFFSET(RX_BYTES)));

        switch (rand() % 8) {
        case 0:
            ring->head = rand() % 4 ? ring->head + (uint32_t)(rand() % 64) : (uint32_t)rand();
            break;
        case 1:
            ring->tail = rand() % 4 ? ring->tail + (uint32_t)(rand() % 64) : (uint32_t)rand();
            break;
        case 2:
            request(CHAR_PORTS + rand() % 10, (uint64_t)(rand() % 2), 0, RX_BYTES, TX_BYTES,
                    &reply);
            break;
        case 3:
            memset(ring, 0, sizeof *ring);
            break;
        case 4:
            char_rx_put(&t.port[0], bytes, (uint32_t)(rand() % 256));
            break;
        case 5:
            char_tx_done(&t.port[0], t.port[0].tx_epoch,
                         char_tx_peek(&t.port[0], 0, bytes, (uint32_t)(rand() % 256)));
            break;
        default:
            char_handle_signal(&t.class, UINT64_MAX);
            char_before_wait(&t.class);
            break;
        }
        assert_true(t.maps - t.unmaps <= 1);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, setup)
    const struct CMUnitTest tests[] = {
        TEST(test_ports),
        TEST(test_attach_checks),
        TEST(test_one_client_a_port),
        TEST(test_requests),
        TEST(test_tx_leaves_when_taken),
        TEST(test_waiting_for_the_device_shows),
        TEST(test_successor_goes_on),
        TEST(test_flush_forgets_bytes_under_way),
        TEST(test_rx_low_and_room_again),
        TEST(test_signals_are_batched),
        TEST(test_attaching_rings),
        TEST(test_no_byte_is_slept_through),
        TEST(test_a_busy_client_gets_turns),
        TEST(test_status_reaches_the_client),
        TEST(test_session_identity),
        TEST(test_broken_indices_end_the_session),
        TEST(test_random_client),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
