// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The block client against the real server library over a disk in memory, and against drivers that
// die at every possible moment.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "abi/error.h"
#include "lib/block/client.h"
#include "lib/block/client_private.h"
#include "lib/block/server.h"
#include "lib/block/test/fake_system.h"
#include "lib/block/test/ram_disk.h"

enum { MEMORY_BYTES = 1 << 20, DEPTH = 32 };

static struct block_client *client;
static handle_t memory;
static uint8_t *data;

static void fill_disk(void)
{
    for (uint32_t i = 0; i < RAM_DISK_BYTES; i += 4)
        memcpy(ram_disk.bytes + i, &i, 4);
    memset(ram_disk.bytes, 0, 512); // no partition table
}

static void open_client(uint32_t flags)
{
    struct block_client_options options = {.name = "vda", .depth = DEPTH, .flags = flags};
    assert_int_equal(block_client_open(&options, &client), 0);
    memory = fake_memory_create(MEMORY_BYTES);
    data = fake_memory(memory);
    assert_int_equal(block_client_add_memory(client, memory, MEMORY_BYTES), 0);
}

static int set_up(void **state)
{
    (void)state;
    static const struct fake_hooks hooks = {.boot = ram_disk_boot, .step = ram_disk_step};
    ram_disk_create();
    fill_disk();
    fake_start(&hooks);
    open_client(0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    block_client_close(client);
    fake_close(memory);
    fake_stop();
    ram_disk_destroy();
    return 0;
}

static struct block_client_stats stats(void)
{
    struct block_client_stats s;
    block_client_get_stats(client, &s);
    return s;
}

// ---- plain use ----

static void test_info(void **state)
{
    (void)state;
    const struct block_info *info = block_client_info(client);
    assert_int_equal(info->capacity, RAM_DISK_BYTES);
    assert_int_equal(info->block_bytes, 512);
    assert_string_equal(info->name, "vda");
    assert_string_equal(info->serial, "RAM");
    assert_int_equal(info->request_bytes_max, 64 * PAGE_SIZE);
}

static void test_read_write_flush(void **state)
{
    (void)state;
    assert_int_equal(block_client_read(client, 8192, 0, 4096, 8192), 0);
    assert_memory_equal(data + 4096, ram_disk.bytes + 8192, 8192);
    memset(data, 0x5a, 4096);
    assert_int_equal(block_client_write(client, 1 << 20, 0, 0, 4096), 0);
    assert_int_equal(ram_disk.bytes[(1 << 20) + 4095], 0x5a);
    assert_int_equal(block_client_flush(client), 0);
    assert_int_equal(ram_disk.flushes, 1);
}

static void test_bad_requests(void **state)
{
    (void)state;
    assert_int_equal(block_client_read(client, 100, 0, 0, 512), -E_INVAL);
    assert_int_equal(block_client_read(client, 0, 0, 0, 100), -E_INVAL);
    assert_int_equal(block_client_read(client, RAM_DISK_BYTES, 0, 0, 512), -E_NXIO);
    assert_int_equal(block_client_read(client, RAM_DISK_BYTES - 512, 0, 0, 1024), -E_NXIO);
    assert_int_equal(block_client_read(client, 0, 0, MEMORY_BYTES, 512), -E_FAULT);
    assert_int_equal(block_client_read(client, 0, 0, UINT64_MAX - 100, 512), -E_FAULT);
    assert_int_equal(block_client_read(client, 0, 1, 0, 512), -E_FAULT);
    assert_int_equal(block_client_read(client, 0, 0, 0, 65 * PAGE_SIZE), -E_INVAL);
    struct block_io io = {.op = BLOCK_GET_ID};
    assert_int_equal(block_client_transfer(client, &io), -E_INVAL); // the server's verdict
    assert_int_equal(block_client_read(client, 0, 0, 0, 512), 0);
}

static void test_scattered(void **state)
{
    (void)state;
    struct block_io io = {.op = BLOCK_READ, .offset = 4096, .bytes = 6 * 512, .segments = 6};
    for (unsigned i = 0; i < 6; i++)
        io.segment[i] = (struct block_segment){.offset = (5 - i) * 10000, .bytes = 512};
    assert_int_equal(block_client_transfer(client, &io), 0);
    for (unsigned i = 0; i < 6; i++)
        assert_memory_equal(data + (5 - i) * 10000, ram_disk.bytes + 4096 + i * 512, 512);
}

static void test_other_operations(void **state)
{
    (void)state;
    struct block_io io = {.op = BLOCK_WRITE_ZEROES, .offset = 4096, .bytes = 8192};
    assert_int_equal(block_client_transfer(client, &io), 0);
    assert_int_equal(ram_disk.bytes[4096 + 8191], 0);
    io.op = BLOCK_DISCARD;
    assert_int_equal(block_client_transfer(client, &io), 0);
    io = block_io_range(BLOCK_GET_ID, 0, 0, 0, 512);
    io.bytes = 0;
    assert_int_equal(block_client_transfer(client, &io), 0);
    assert_int_equal(data[19], 'S');
    assert_int_equal(data[20], 0);
    assert_int_equal(block_client_read(client, 0, 0, 0, 4096), 0);
    unsigned maps = fake.maps;
    io = block_io_range(BLOCK_FORGET, 0, 0, 0, 4096);
    io.bytes = 0;
    assert_int_equal(block_client_transfer(client, &io), 0);
    assert_int_equal(fake.maps, maps - 1);
}

static void test_device_error(void **state)
{
    (void)state;
    ram_disk.bad_offset = 4096;
    assert_int_equal(block_client_read(client, 4096, 0, 0, 512), -E_IO);
    assert_int_equal(block_client_read(client, 8192, 0, 0, 512), 0);
    assert_int_equal(stats().failed, 1);
}

// ---- asynchronous ----

struct seen {
    unsigned calls;
    int status;
    uint64_t bytes;
};

static void note(void *context, int status, uint64_t bytes)
{
    struct seen *seen = context;
    seen->calls++;
    seen->status = status;
    seen->bytes = bytes;
}

static void test_callbacks(void **state)
{
    (void)state;
    struct seen seen[DEPTH] = {{0}};
    block_ticket_t ticket = 0;
    ram_disk.mode = RAM_DISK_BACKWARDS;
    for (unsigned i = 0; i < DEPTH; i++) {
        struct block_io io = block_io_range(BLOCK_READ, i * 8192, 0, i * 4096, 4096);
        assert_int_equal(block_client_submit(client, &io, note, &seen[i], &ticket), 0);
        assert_false(block_client_is_complete(client, ticket));
    }
    struct block_io more = block_io_range(BLOCK_READ, 0, 0, 0, 4096);
    assert_int_equal(block_client_submit(client, &more, note, NULL, NULL), -E_AGAIN);
    assert_int_equal(block_client_get_result(client, ticket, NULL), -E_INPROGRESS);
    block_client_kick(client);
    fake_run();
    assert_int_equal(block_client_process_completions(client), DEPTH);
    assert_true(block_client_is_complete(client, ticket));
    assert_int_equal(block_client_get_result(client, ticket, NULL), -E_INVAL);
    for (unsigned i = 0; i < DEPTH; i++) {
        assert_int_equal(seen[i].calls, 1);
        assert_int_equal(seen[i].bytes, 4096);
        assert_memory_equal(data + i * 4096, ram_disk.bytes + i * 8192, 4096);
    }
    assert_int_equal(stats().doorbells, 1); // one batch, one doorbell
}

// At full depth, with the driver always the one that sleeps: every wake-up must come from a
// doorbell, so the clock, which only moves when everybody sleeps, must stand still.
static void test_full_depth_needs_no_time_outs(void **state)
{
    (void)state;
    struct seen seen = {0};
    time_ns_t start = fake.now;
    unsigned submitted = 0;
    while (seen.calls < 5000) {
        struct block_io io = block_io_range(BLOCK_READ, 4096 + submitted % 900 * 4096, 0, 0, 4096);
        while (submitted < 5000 && block_client_submit(client, &io, note, &seen, NULL) == 0)
            submitted++;
        if (seen.calls % 3 == 0) { // let completions pile up
            block_client_kick(client);
            fake_run();
        }
        assert_int_equal(block_client_wait_any(client, DEADLINE_NEVER), 0);
    }
    assert_int_equal(fake.now, start);
}

static void submit_from_callback(void *context, int status, uint64_t bytes)
{
    unsigned *left = context;
    assert_int_equal(status, 0);
    assert_int_equal(bytes, 512);
    if (--*left == 0)
        return;
    struct block_io io = block_io_range(BLOCK_READ, *left * 512, 0, 0, 512);
    assert_int_equal(block_client_submit(client, &io, submit_from_callback, left, NULL), 0);
}

static void test_callbacks_may_submit(void **state)
{
    (void)state;
    unsigned left = 500;
    struct block_io io = block_io_range(BLOCK_READ, 512, 0, 0, 512);
    assert_int_equal(block_client_submit(client, &io, submit_from_callback, &left, NULL), 0);
    while (left > 0)
        assert_int_equal(block_client_wait_any(client, DEADLINE_NEVER), 0);
}

static void test_tickets(void **state)
{
    (void)state;
    block_ticket_t first, second;
    struct block_io io = block_io_range(BLOCK_READ, 8192, 0, 0, 512);
    assert_int_equal(block_client_submit(client, &io, NULL, NULL, &first), 0);
    assert_int_equal(block_client_submit(client, &io, NULL, NULL, &second), 0);
    uint64_t bytes;
    assert_int_equal(block_client_wait_complete(client, second, DEADLINE_NEVER, &bytes), 0);
    assert_int_equal(bytes, 512);
    assert_int_equal(block_client_wait_complete(client, second, DEADLINE_NEVER, NULL), -E_INVAL);
    assert_int_equal(block_client_wait_complete(client, first, DEADLINE_NEVER, NULL), 0);
    assert_int_equal(block_client_get_result(client, 0, NULL), -E_INVAL);
    assert_int_equal(block_client_get_result(client, UINT64_MAX, NULL), -E_INVAL);
}

static void test_deadline(void **state)
{
    (void)state;
    block_ticket_t ticket;
    ram_disk.mode = RAM_DISK_HOLD;
    struct block_io io = block_io_range(BLOCK_READ, 8192, 0, 0, 512);
    assert_int_equal(block_client_submit(client, &io, NULL, NULL, &ticket), 0);
    time_ns_t deadline = fake.now + 300000000;
    assert_int_equal(block_client_wait_complete(client, ticket, deadline, NULL), -E_TIMEDOUT);
    assert_int_equal(block_client_wait_any(client, DEADLINE_NOW), -E_TIMEDOUT);
    ram_disk.mode = RAM_DISK_ONE_A_STEP;
    assert_int_equal(block_client_wait_complete(client, ticket, DEADLINE_NEVER, NULL), 0);
}

static void test_open_errors(void **state)
{
    (void)state;
    struct block_client *other;
    struct block_client_options options = {.name = "vda1"};
    assert_int_equal(block_client_open(&options, &other), -E_NOENT);
    options.name = "vdb";
    options.deadline = fake.now + 200000000;
    assert_int_equal(block_client_open(&options, &other), -E_NODEV);
    assert_true(fake.now >= options.deadline);
    options.name = "";
    assert_int_equal(block_client_open(&options, &other), -E_INVAL);
    options.name = "vda0";
    assert_int_equal(block_client_open(&options, &other), -E_NOENT);
    options = (struct block_client_options){.name = "vda", .depth = 3};
    assert_int_equal(block_client_open(&options, &other), -E_INVAL);
}

// ---- drivers that die ----

static void test_driver_replaced_while_idle(void **state)
{
    (void)state;
    assert_int_equal(block_client_read(client, 8192, 0, 0, 4096), 0);
    fake_kill_driver();
    fake_start_driver();
    assert_int_equal(block_client_read(client, 16384, 0, 0, 4096), 0);
    assert_memory_equal(data, ram_disk.bytes + 16384, 4096);
    assert_int_equal(stats().reattached, 1);
}

// Every death between submission and completion: after k completions, with or without the successor
// being there.
static void test_driver_dies_after_each_completion(void **state)
{
    (void)state;
    for (unsigned k = 0; k <= DEPTH; k++) {
        struct seen seen[DEPTH] = {{0}};
        ram_disk.mode = k % 2 != 0 ? RAM_DISK_BACKWARDS : RAM_DISK_ONE_A_STEP;
        memset(data, 0, MEMORY_BYTES);
        for (unsigned i = 0; i < DEPTH; i++) {
            struct block_io io = block_io_range(BLOCK_READ, 4096 + i * 12288, 0, i * 4096, 4096);
            assert_int_equal(block_client_submit(client, &io, note, &seen[i], NULL), 0);
        }
        block_client_kick(client);
        for (unsigned i = 0; i < k; i++)
            fake_run_driver();
        fake.attach_failures = k % 3;
        fake_kill_driver();
        if (k % 4 != 0)
            fake_start_driver();
        unsigned done = 0;
        while (done < DEPTH) {
            if (!fake.driver_runs && fake.now % 2 == 0)
                fake_start_driver();
            block_client_wait_any(client, fake.now + 60000000);
            if (!fake.driver_runs)
                fake_start_driver();
            done = 0;
            for (unsigned i = 0; i < DEPTH; i++)
                done += seen[i].calls;
        }
        for (unsigned i = 0; i < DEPTH; i++) {
            assert_int_equal(seen[i].calls, 1);
            assert_int_equal(seen[i].status, 0);
            assert_memory_equal(data + i * 4096, ram_disk.bytes + 4096 + i * 12288, 4096);
        }
    }
    assert_true(stats().resubmitted > 0);
    assert_int_equal(stats().failed, 0);
}

static void test_resubmission_keeps_the_order(void **state)
{
    (void)state;
    static struct seen seen;
    memset(&seen, 0, sizeof(seen));
    ram_disk.mode = RAM_DISK_HOLD;
    for (unsigned i = 0; i < 8; i++) {
        memset(data + i * 4096, (int)i, 4096);
        struct block_io io = block_io_range(BLOCK_WRITE, 65536, 0, i * 4096, 4096);
        io.flags = BLOCK_BARRIER;
        assert_int_equal(block_client_submit(client, &io, note, &seen, NULL), 0);
    }
    block_client_kick(client);
    fake_run();
    fake_kill_driver();
    ram_disk.mode = RAM_DISK_ONE_A_STEP;
    fake_start_driver();
    while (seen.calls < 8)
        block_client_wait_any(client, DEADLINE_NEVER);
    assert_int_equal(ram_disk.bytes[65536], 7);
}

static void test_device_given_up(void **state)
{
    (void)state;
    block_ticket_t ticket;
    ram_disk.mode = RAM_DISK_HOLD;
    struct block_io io = block_io_range(BLOCK_READ, 8192, 0, 0, 512);
    assert_int_equal(block_client_submit(client, &io, NULL, NULL, &ticket), 0);
    fake.device_failed = true;
    fake_kill_driver();
    assert_int_equal(block_client_wait_complete(client, ticket, DEADLINE_NEVER, NULL), -E_NODEV);
    assert_int_equal(block_client_read(client, 8192, 0, 0, 512), -E_NODEV);
}

static void test_silent_driver_is_asked(void **state)
{
    (void)state;
    // The session vanishes without any sign: only the periodic question finds out.
    struct block_session *session = NULL;
    for (unsigned i = 0; i < BLOCK_SESSIONS_MAX && session == NULL; i++)
        if (block_server.session[i].in_use)
            session = &block_server.session[i];
    assert_non_null(session);
    session_close(session);
    assert_int_equal(block_client_read(client, 8192, 0, 0, 512), 0);
    assert_int_equal(stats().reattached, 1);
}

// ---- drivers that lie ----

static struct ring_producer *driver_completions(void)
{
    for (unsigned i = 0; i < BLOCK_SESSIONS_MAX; i++)
        if (block_server.session[i].in_use)
            return &block_server.session[i].completions;
    return NULL;
}

static void test_stale_and_forged_completions(void **state)
{
    (void)state;
    block_ticket_t ticket;
    ram_disk.mode = RAM_DISK_HOLD;
    struct block_io io = block_io_range(BLOCK_READ, 8192, 0, 0, 512);
    assert_int_equal(block_client_submit(client, &io, NULL, NULL, &ticket), 0);
    block_client_kick(client);
    fake_run();
    const struct block_completion forged[] = {
        {.cookie = ticket, .bytes = 512, .generation = client->generation - 1}, // earlier session
        {.cookie = ticket ^ 1, .bytes = 512, .generation = client->generation}, // another slot
        {.cookie = ticket + (1 << CLIENT_SLOT_BITS),
         .bytes = 512,
         .generation = client->generation},
        {.cookie = UINT64_MAX, .generation = client->generation},
        {.cookie = ticket, .bytes = 513, .generation = client->generation}, // more than asked for
    };
    for (size_t i = 0; i < sizeof(forged) / sizeof(forged[0]); i++)
        assert_int_equal(ring_push(driver_completions(), &forged[i]), 0);
    ring_publish(driver_completions());
    assert_int_equal(block_client_process_completions(client), 0);
    assert_int_equal(stats().stale, sizeof(forged) / sizeof(forged[0]));
    ram_disk.mode = RAM_DISK_ONE_A_STEP;
    assert_int_equal(block_client_wait_complete(client, ticket, DEADLINE_NEVER, NULL), 0);

    struct block_completion again = {
        .cookie = ticket, .bytes = 512, .generation = client->generation};
    ring_push(driver_completions(), &again);
    ring_publish(driver_completions());
    block_client_process_completions(client);
    assert_int_equal(stats().stale, 1 + sizeof(forged) / sizeof(forged[0]));
}

static void test_strange_status_is_an_error(void **state)
{
    (void)state;
    block_ticket_t ticket;
    ram_disk.mode = RAM_DISK_HOLD;
    struct block_io io = block_io_range(BLOCK_READ, 8192, 0, 0, 512);
    assert_int_equal(block_client_submit(client, &io, NULL, NULL, &ticket), 0);
    block_client_kick(client);
    fake_run();
    struct block_completion strange = {
        .cookie = ticket, .bytes = 512, .status = 5, .generation = client->generation};
    ring_push(driver_completions(), &strange);
    ring_publish(driver_completions());
    assert_int_equal(block_client_wait_complete(client, ticket, DEADLINE_NEVER, NULL), -E_IO);
    ram_disk.mode = RAM_DISK_ONE_A_STEP;
}

static void test_driver_breaks_the_ring(void **state)
{
    (void)state;
    block_ticket_t ticket;
    ram_disk.mode = RAM_DISK_HOLD;
    struct block_io io = block_io_range(BLOCK_READ, 8192, 0, 0, 512);
    assert_int_equal(block_client_submit(client, &io, NULL, NULL, &ticket), 0);
    block_client_kick(client);
    fake_run();
    driver_completions()->side.shared->head += 1000;
    ram_disk.mode = RAM_DISK_ONE_A_STEP;
    assert_int_equal(block_client_wait_complete(client, ticket, DEADLINE_NEVER, NULL), 0);
    assert_int_equal(stats().faults, 1);
    assert_int_equal(fake.complaints, 1);
    assert_int_equal(stats().reattached, 1);
    assert_int_equal(block_client_read(client, 8192, 0, 0, 512), 0);
}

static void test_nobody_believes_the_complaint(void **state)
{
    fake.complaints_refused = true;
    test_driver_breaks_the_ring(state);
}

// ---- requests that kill their driver ----

static uint64_t poison[2]; // a driver whose device gets a command that touches this byte dies
static unsigned poison_deaths;

static bool is_poisoned(const struct block_command *command)
{
    for (unsigned i = 0; i < 2; i++)
        if (poison[i] >= command->offset && poison[i] - command->offset < command->bytes)
            return true;
    return false;
}

static bool step_poisoned(void)
{
    for (unsigned i = 0; i < ram_disk.holds; i++) {
        if (!is_poisoned(ram_disk.held[i]))
            continue;
        poison_deaths++;
        fake_kill_driver();
        fake_start_driver();
        return true;
    }
    return ram_disk_step();
}

static void poison_blocks(uint64_t first, uint64_t second)
{
    poison[0] = first;
    poison[1] = second;
    poison_deaths = 0;
    fake.hooks.step = step_poisoned;
}

// A full queue with two guilty requests in it, at all distances: they fail, no other does.
static void test_poison_is_found(void **state)
{
    (void)state;
    for (unsigned k = 0; k < DEPTH; k++) {
        struct seen seen[DEPTH] = {{0}};
        unsigned other = (k * 7 + 3) % DEPTH;
        poison_blocks(4096 + k * 12288, 4096 + other * 12288);
        memset(data, 0, MEMORY_BYTES);
        for (unsigned i = 0; i < DEPTH; i++) {
            struct block_io io = block_io_range(BLOCK_READ, 4096 + i * 12288, 0, i * 4096, 4096);
            assert_int_equal(block_client_submit(client, &io, note, &seen[i], NULL), 0);
        }
        while (client->in_flight > 0)
            assert_int_equal(block_client_wait_any(client, DEADLINE_NEVER), 0);
        for (unsigned i = 0; i < DEPTH; i++) {
            bool guilty = i == k || i == other;
            assert_int_equal(seen[i].calls, 1);
            assert_int_equal(seen[i].status, guilty ? -E_IO : 0);
            if (!guilty)
                assert_memory_equal(data + i * 4096, ram_disk.bytes + 4096 + i * 12288, 4096);
        }
        assert_in_range(poison_deaths, CLIENT_DEATHS_BUDGET, 2 * CLIENT_DEATHS_BUDGET);
        assert_int_equal(client->suspects + client->waiting, 0);
    }
    fake.hooks.step = ram_disk_step;
    assert_int_equal(block_client_read(client, 4096, 0, 0, 4096), 0);
}

// While a suspect is examined, new requests wait their turn behind it.
static void test_barriers_around_a_poison(void **state)
{
    (void)state;
    struct seen seen = {0};
    poison_blocks(65536 + 4 * 8192, UINT64_MAX);
    for (unsigned i = 0; i < 8; i++) {
        memset(data + i * 4096, (int)i + 1, 4096);
        uint64_t at = i == 4 ? 65536 + 4 * 8192 : 65536;
        struct block_io io = block_io_range(BLOCK_WRITE, at, 0, i * 4096, 4096);
        io.flags = BLOCK_BARRIER;
        assert_int_equal(block_client_submit(client, &io, note, &seen, NULL), 0);
    }
    while (seen.calls < 8)
        assert_int_equal(block_client_wait_any(client, DEADLINE_NEVER), 0);
    assert_int_equal(ram_disk.bytes[65536], 8);
    assert_int_equal(stats().poisoned, 1);
    assert_int_equal(stats().failed, 1);
}

static void submit_for_ever(void *context, int status, uint64_t bytes)
{
    unsigned *left = context;
    assert_int_equal(status, 0);
    assert_int_equal(bytes, 4096);
    if (*left == 0)
        return;
    --*left;
    struct block_io io = block_io_range(BLOCK_READ, 4096 + *left % 100 * 12288, 0, 0, 4096);
    assert_int_equal(block_client_submit(client, &io, submit_for_ever, left, NULL), 0);
}

// Thousands of kills from outside at a full queue, after one or two completions each: nobody fails.
static void test_the_innocent_survive(void **state)
{
    (void)state;
    unsigned left = 20000;
    for (unsigned i = 0; i < DEPTH; i++) {
        unsigned *each = &left;
        struct block_io io = block_io_range(BLOCK_READ, 4096 + i * 12288, 0, 0, 4096);
        assert_int_equal(block_client_submit(client, &io, submit_for_ever, each, NULL), 0);
    }
    unsigned kills = 0;
    uint64_t random = 1;
    while (client->in_flight > 0) {
        random = random * 6364136223846793005ull + 1442695040888963407ull;
        uint64_t until = stats().completed + 1 + (random >> 60) % 2;
        while (client->in_flight > 0 && stats().completed < until)
            assert_int_equal(block_client_wait_any(client, DEADLINE_NEVER), 0);
        if ((random >> 50) % 2 != 0)
            fake_run_driver(); // it has begun the next ones, or not
        fake_kill_driver();
        fake_start_driver();
        kills++;
    }
    assert_true(kills > 10000);
    assert_int_equal(stats().failed, 0);
}

// A driver that dies before it has looked at its ring died of something else.
static void test_what_was_not_taken_is_not_guilty(void **state)
{
    (void)state;
    block_ticket_t ticket;
    struct block_io io = block_io_range(BLOCK_READ, 8192, 0, 0, 512);
    assert_int_equal(block_client_submit(client, &io, NULL, NULL, &ticket), 0);
    for (unsigned i = 0; i < 3 * CLIENT_DEATHS_BUDGET; i++) {
        fake_kill_driver();
        fake_start_driver();
        block_client_device_changed(client); // attaches and submits; the driver does not run
        assert_int_equal(client->in_flight, 1);
    }
    assert_int_equal(client->slot[ticket & (BLOCK_DEPTH_MAX - 1)].deaths, 0);
    assert_int_equal(block_client_wait_complete(client, ticket, DEADLINE_NEVER, NULL), 0);
}

// Whatever a driver answers to a question about the session, only devmgr's word is the disk's end.
static void test_driver_answers_nonsense(void **state)
{
    (void)state;
    static const int lies[] = {-E_NODEV, -E_NOENT, -E_DEAD,  -E_AGAIN,    -E_NOMEM,
                               -E_BADF,  -E_PROTO, -E_INVAL, -E_TIMEDOUT, 7};
    static const uint32_t labels[] = {BLOCK_CHECK, BLOCK_ATTACH, BLOCK_ADD_MEMORY};
    for (unsigned i = 0; i < sizeof(labels) / sizeof(labels[0]); i++)
        for (unsigned j = 0; j < sizeof(lies) / sizeof(lies[0]); j++) {
            if (labels[i] != BLOCK_CHECK) {
                fake_kill_driver(); // so that the client attaches
                fake_start_driver();
            }
            fake.mute = labels[i] == BLOCK_CHECK;
            fake.lies_about = labels[i];
            fake.lie = lies[j];
            assert_int_equal(block_client_read(client, 8192, 0, 0, 512), 0);
            assert_memory_equal(data, ram_disk.bytes + 8192, 512);
        }
    assert_int_equal(stats().failed, 0);
}

// Two incarnations that deny the disk are believed, one that does so twice is not.
static void test_disk_is_denied(void **state)
{
    (void)state;
    fake_kill_driver();
    fake_start_driver();
    fake.complaints_refused = true;
    fake.lies_about = BLOCK_ATTACH;
    fake.lie = -E_NODEV;
    block_ticket_t ticket;
    struct block_io io = block_io_range(BLOCK_READ, 8192, 0, 0, 512);
    assert_int_equal(block_client_submit(client, &io, NULL, NULL, &ticket), 0);
    time_ns_t soon = fake.now + 2000000000;
    assert_int_equal(block_client_wait_complete(client, ticket, soon, NULL), -E_TIMEDOUT);
    fake_kill_driver();
    fake_start_driver();
    fake.lies_about = BLOCK_ATTACH;
    assert_int_equal(block_client_wait_complete(client, ticket, DEADLINE_NEVER, NULL), -E_NODEV);
}

// A disk that has shrunk in one driver's words has not; two that agree are believed.
static void test_driver_lies_about_the_capacity(void **state)
{
    (void)state;
    fake_kill_driver();
    fake_start_driver();
    fake.capacity_lie = 65536;
    assert_int_equal(block_client_read(client, 1 << 20, 0, 0, 512), 0);
    assert_int_equal(block_client_info(client)->capacity, RAM_DISK_BYTES);
    assert_int_equal(fake.complaints, 1);
    for (unsigned i = 0; i < 2; i++) {
        fake.complaints_refused = true;
        fake_kill_driver();
        fake_start_driver();
        fake.capacity_lie = 131072;
        block_client_device_changed(client);
        assert_int_equal(block_client_info(client)->capacity, i == 0 ? RAM_DISK_BYTES : 131072);
    }
    assert_int_equal(block_client_read(client, 1 << 20, 0, 0, 512), -E_NXIO);
}

// A driver that says it is one of the far future can be complained of all the same.
static void test_driver_lies_about_its_incarnation(void **state)
{
    (void)state;
    fake_kill_driver();
    fake_start_driver();
    fake.incarnation_lie = 900;
    assert_int_equal(block_client_read(client, 8192, 0, 0, 512), 0);
    fake.mute = true;
    assert_int_equal(block_client_read(client, 8192, 0, 0, 512), 0);
    assert_int_equal(fake.complaints, 1);
}

// ---- drivers that live and complete nothing ----

static void read_and_expect(unsigned complaints, uint64_t looks)
{
    fake.complaints = 0;
    time_ns_t start = fake.now;
    assert_int_equal(block_client_read(client, 8192, 0, 0, 4096), 0);
    assert_memory_equal(data, ram_disk.bytes + 8192, 4096);
    assert_int_equal(fake.complaints, complaints);
    assert_in_range(fake.now - start, looks * CLIENT_LOOK_PERIOD_NS,
                    (looks + 4 * complaints) * CLIENT_LOOK_PERIOD_NS);
}

static void test_mute_driver_is_replaced(void **state)
{
    (void)state;
    fake.mute = true;
    read_and_expect(1, CLIENT_PATIENCE_MUTE);
    fake.deaf = true; // one question is enough
    read_and_expect(1, 1);
    assert_int_equal(stats().complaints, 2);
}

static void boot_with_a_good_device(void)
{
    ram_disk_boot();
    ram_disk.mode = RAM_DISK_ONE_A_STEP;
}

// A device is given more time than a driver, which resets it meanwhile.
static void test_silent_device(void **state)
{
    (void)state;
    fake.hooks.boot = boot_with_a_good_device;
    ram_disk.mode = RAM_DISK_HOLD;
    read_and_expect(1, CLIENT_PATIENCE_DEVICE);
    assert_true(ram_disk.resets > 0);
}

// A caller that comes back every few milliseconds, as one that answers heartbeats does, finds it
// too.
static void test_mute_driver_is_found_by_the_impatient(void **state)
{
    (void)state;
    block_ticket_t ticket;
    fake.mute = true;
    struct block_io io = block_io_range(BLOCK_READ, 8192, 0, 0, 4096);
    assert_int_equal(block_client_submit(client, &io, NULL, NULL, &ticket), 0);
    int status = -E_TIMEDOUT;
    for (unsigned i = 0; i < 1000 && status == -E_TIMEDOUT; i++)
        status = block_client_wait_complete(client, ticket, fake.now + 50000000, NULL);
    assert_int_equal(status, 0);
    assert_int_equal(fake.complaints, 1);
}

// A pause in which nobody waits is nobody's fault.
static void test_idle_time_is_no_complaint(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 20; i++) {
        assert_int_equal(block_client_read(client, 8192, 0, 0, 4096), 0);
        fake.now += 100 * CLIENT_LOOK_PERIOD_NS;
    }
    assert_int_equal(fake.complaints, 0);
    assert_int_equal(stats().reattached, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_info),
        TEST(test_read_write_flush),
        TEST(test_bad_requests),
        TEST(test_scattered),
        TEST(test_other_operations),
        TEST(test_device_error),
        TEST(test_callbacks),
        TEST(test_full_depth_needs_no_time_outs),
        TEST(test_callbacks_may_submit),
        TEST(test_tickets),
        TEST(test_deadline),
        TEST(test_open_errors),
        TEST(test_driver_replaced_while_idle),
        TEST(test_driver_dies_after_each_completion),
        TEST(test_resubmission_keeps_the_order),
        TEST(test_device_given_up),
        TEST(test_silent_driver_is_asked),
        TEST(test_stale_and_forged_completions),
        TEST(test_strange_status_is_an_error),
        TEST(test_driver_breaks_the_ring),
        TEST(test_nobody_believes_the_complaint),
        TEST(test_driver_answers_nonsense),
        TEST(test_poison_is_found),
        TEST(test_barriers_around_a_poison),
        TEST(test_the_innocent_survive),
        TEST(test_what_was_not_taken_is_not_guilty),
        TEST(test_disk_is_denied),
        TEST(test_driver_lies_about_its_incarnation),
        TEST(test_driver_lies_about_the_capacity),
        TEST(test_mute_driver_is_replaced),
        TEST(test_silent_device),
        TEST(test_mute_driver_is_found_by_the_impatient),
        TEST(test_idle_time_is_no_complaint),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
