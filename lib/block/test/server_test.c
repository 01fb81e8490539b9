// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The block library seen from a client that writes its rings by hand: order, merging, barriers,
// fairness, devices that fail or hang, and clients that lie.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "abi/error.h"
#include "lib/block/partition_hw.h"
#include "lib/block/server.h"
#include "lib/block/server_os.h"
#include "lib/block/test/fake_system.h"
#include "lib/block/test/ram_disk.h"

enum { DEPTH = 64, MEMORY_BYTES = 1 << 20 };

struct peer {
    uint64_t badge;
    handle_t queue, notification, memory, doorbell;
    uint32_t session;
    struct ring_producer requests;
    struct ring_consumer completions;
    uint64_t cookie;
    unsigned done, failed;
    struct block_completion last;
};

static int peer_attach(struct peer *peer, uint32_t partition, uint64_t badge)
{
    uint64_t bytes = (BLOCK_QUEUE_BYTES(DEPTH) + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1u);
    memset(peer, 0, sizeof(*peer));
    peer->badge = badge;
    peer->queue = fake_memory_create(bytes);
    peer->notification = fake_notification_create();
    peer->memory = fake_memory_create(MEMORY_BYTES);
    uint8_t *queue = fake_memory(peer->queue);
    uint8_t *completions = queue + RING_BYTES(DEPTH, sizeof(struct block_request));
    ring_producer_init(&peer->requests, queue, bytes, DEPTH, sizeof(struct block_request));
    ring_consumer_init(&peer->completions, completions,
                       RING_BYTES(DEPTH, sizeof(struct block_completion)), DEPTH,
                       sizeof(struct block_completion));
    struct message message = {.tag = message_tag(BLOCK_ATTACH, 4, 2),
                              .word = {0, partition, DEPTH, 9},
                              .handle = {peer->queue, peer->notification}};
    int status = fake_call_driver(badge, &message);
    if (status < 0)
        return status;
    peer->session = (uint32_t)message.word[0];
    peer->doorbell = message.handle[0];
    message = (struct message){.tag = message_tag(BLOCK_ADD_MEMORY, 2, 1),
                               .word = {peer->session, 9},
                               .handle = {peer->memory}};
    status = fake_call_driver(badge, &message);
    assert_int_equal(message.word[0], 0);
    return status;
}

static void peer_close(struct peer *peer)
{
    fake_close(peer->queue);
    fake_close(peer->notification);
    fake_close(peer->memory);
    if (peer->doorbell != HANDLE_NONE)
        fake_close(peer->doorbell);
}

static int peer_control(struct peer *peer, int op)
{
    struct message message = {.tag = message_tag(op, 2, 0), .word = {peer->session, 9}};
    return fake_call_driver(peer->badge, &message);
}

static void put(struct peer *peer, struct block_request request)
{
    request.cookie = ++peer->cookie;
    assert_int_equal(ring_push(&peer->requests, &request), 0);
}

static void put_io(struct peer *peer, enum block_request_op op, uint64_t offset, uint32_t bytes,
                   unsigned flags)
{
    struct block_request request = {.op = (uint16_t)op,
                                    .flags = (uint16_t)flags,
                                    .offset = offset,
                                    .bytes = bytes,
                                    .segments = 1};
    request.segment[0] =
        (struct block_segment){.offset = offset % (MEMORY_BYTES / 2), .bytes = bytes};
    put(peer, request);
}

static void publish(struct peer *peer)
{
    if (!ring_publish(&peer->requests))
        return;
    block_os_signal(peer->doorbell);
}

static unsigned collect(struct peer *peer)
{
    unsigned count = 0;
    while (ring_pop(&peer->completions, &peer->last) == 0) {
        count++;
        peer->done++;
        peer->failed += peer->last.status < 0;
        assert_int_equal(peer->last.generation, 9);
    }
    ring_release(&peer->completions);
    return count;
}

static int set_up(void **state)
{
    (void)state;
    static const struct fake_hooks hooks = {.boot = ram_disk_boot, .step = ram_disk_step};
    ram_disk_create();
    struct mbr *mbr = (struct mbr *)(void *)ram_disk.bytes;
    mbr->signature = MBR_SIGNATURE;
    mbr->entry[1] = (struct mbr_entry){.type = 0x83, .first_lba = 2048, .blocks = 1024};
    fake_start(&hooks);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fake_stop();
    ram_disk_destroy();
    return 0;
}

// ---- sessions ----

static void test_partition_is_a_window(void **state)
{
    (void)state;
    struct peer peer, none;
    assert_int_equal(peer_attach(&none, 1, 5), -E_NOENT);
    peer_close(&none);
    assert_int_equal(peer_attach(&peer, 2, 5), 0);
    put_io(&peer, BLOCK_WRITE, 0, 512, 0);
    put_io(&peer, BLOCK_READ, 1024 * 512, 512, 0);        // first block beyond
    put_io(&peer, BLOCK_READ, 1024 * 512 - 512, 1024, 0); // across the end
    put_io(&peer, BLOCK_READ, 0ull - 512, 512, 0);
    publish(&peer);
    fake_run();
    assert_int_equal(collect(&peer), 4);
    assert_int_equal(peer.failed, 3);
    assert_int_equal(ram_disk.log[0].offset, 2048 * 512);
    assert_int_equal(ram_disk.logged, 1);
    peer_close(&peer);
}

static void test_info_messages(void **state)
{
    (void)state;
    struct message message = {.tag = message_tag(BLOCK_INFO, 2, 0), .word = {0, 2}};
    assert_int_equal(fake_call_driver(1, &message), 0);
    struct block_info info;
    memcpy(&info, message.word, sizeof(info));
    assert_string_equal(info.name, "vda2");
    assert_int_equal(info.start, 2048 * 512);
    assert_int_equal(info.capacity, 1024 * 512);
    assert_int_equal(info.type, 0x83);
    assert_int_equal(info.partitions, 2);
    message = (struct message){.tag = message_tag(BLOCK_INFO, 2, 0), .word = {0, 3}};
    assert_int_equal(fake_call_driver(1, &message), -E_NOENT);
    message = (struct message){.tag = message_tag(BLOCK_INFO, 2, 0), .word = {1, 0}};
    assert_int_equal(fake_call_driver(1, &message), -E_NODEV);
    message = (struct message){.tag = message_tag(BLOCK_UNITS, 0, 0)};
    assert_int_equal(fake_call_driver(1, &message), 0);
    assert_int_equal(message.word[0], 1);
    message = (struct message){.tag = message_tag(0x7777, 0, 0)};
    assert_int_equal(fake_call_driver(1, &message), -E_NOSYS);
}

static void test_attach_refused(void **state)
{
    (void)state;
    struct message bad = {.tag = message_tag(BLOCK_ATTACH, 4, 0), .word = {0, 0, DEPTH, 1}};
    assert_int_equal(fake_call_driver(1, &bad), -E_INVAL);
    handle_t small = fake_memory_create(PAGE_SIZE);
    handle_t bell = fake_notification_create();
    static const uint64_t depths[] = {0, 3, 12, 2048, DEPTH};
    for (size_t i = 0; i < sizeof(depths) / sizeof(depths[0]); i++) {
        bad = (struct message){.tag = message_tag(BLOCK_ATTACH, 4, 2),
                               .word = {0, 0, depths[i], 1},
                               .handle = {small, bell}};
        assert_int_equal(fake_call_driver(1, &bad), -E_INVAL);
    }
    bad = (struct message){
        .tag = message_tag(BLOCK_ATTACH, 4, 2), .word = {0, 0, DEPTH, 1}, .handle = {bell, bell}};
    assert_int_equal(fake_call_driver(1, &bad), -E_BADF);
    fake_close(small);
    fake_close(bell);
}

static void test_sessions_run_out_and_are_reused(void **state)
{
    (void)state;
    static struct peer peer[BLOCK_SESSIONS_MAX + 1];
    for (unsigned i = 0; i < BLOCK_SESSIONS_MAX; i++)
        assert_int_equal(peer_attach(&peer[i], 0, 100 + i), 0);
    assert_int_equal(peer_attach(&peer[BLOCK_SESSIONS_MAX], 0, 999), -E_NOMEM);
    peer_close(&peer[BLOCK_SESSIONS_MAX]);
    struct peer again;
    assert_int_equal(peer_attach(&again, 0, 100), 0); // replaces the first
    assert_int_equal(peer_control(&peer[0], BLOCK_CHECK), -E_BADF);
    assert_int_equal(peer_control(&again, BLOCK_CHECK), 0);
    assert_int_equal(peer_control(&peer[1], BLOCK_DETACH), 0);
    assert_int_equal(peer_control(&peer[1], BLOCK_DETACH), -E_BADF);
    again.badge = 55; // somebody else's session
    assert_int_equal(peer_control(&again, BLOCK_CHECK), -E_BADF);
    peer_close(&again);
    for (unsigned i = 0; i < BLOCK_SESSIONS_MAX; i++)
        peer_close(&peer[i]);
}

static void test_detach_waits_for_the_device(void **state)
{
    (void)state;
    struct peer peer;
    assert_int_equal(peer_attach(&peer, 0, 5), 0);
    ram_disk.mode = RAM_DISK_HOLD;
    for (unsigned i = 0; i < DEPTH; i++)
        put_io(&peer, BLOCK_READ, i * 8192, 512, 0);
    publish(&peer);
    fake_run();
    assert_int_equal(ram_disk.holds, RAM_DISK_DEPTH);
    assert_true(fake.maps > 0);
    ram_disk.mode = RAM_DISK_ONE_A_STEP;
    assert_int_equal(peer_control(&peer, BLOCK_DETACH), 0);
    assert_int_equal(ram_disk.logged, RAM_DISK_DEPTH); // what was queued never started
    assert_int_equal(fake.maps, 0);
    peer_close(&peer);
}

// What the client submits again must not overtake the same request of its session before.
static void test_successor_session_waits_for_the_device(void **state)
{
    (void)state;
    struct peer before, peer;
    assert_int_equal(peer_attach(&before, 0, 5), 0);
    ram_disk.mode = RAM_DISK_HOLD;
    put_io(&before, BLOCK_WRITE, 8192, 512, 0);
    publish(&before);
    fake_run();
    assert_int_equal(ram_disk.logged, 1);
    assert_int_equal(peer_attach(&peer, 0, 5), 0);
    put_io(&peer, BLOCK_WRITE, 8192, 512, 0);
    publish(&peer);
    fake_run();
    assert_int_equal(ram_disk.logged, 1);
    ram_disk.mode = RAM_DISK_ONE_A_STEP;
    fake_run();
    assert_int_equal(ram_disk.logged, 2);
    assert_int_equal(collect(&peer), 1);
    assert_int_equal(peer.failed, 0);
    assert_int_equal(ring_consumer_ready(&before.completions), 0);
    peer_close(&before);
    peer_close(&peer);
}

// ---- scheduling ----

static void test_neighbours_are_merged_and_sorted(void **state)
{
    (void)state;
    struct peer peer;
    peer_attach(&peer, 0, 5);
    static const unsigned order[] = {7, 3, 1, 0, 2, 6, 5, 4}; // one run of 8 pages
    for (unsigned i = 0; i < 8; i++)
        put_io(&peer, BLOCK_READ, 65536 + order[i] * 4096, 4096, 0);
    put_io(&peer, BLOCK_WRITE, 65536 + 8 * 4096, 4096, 0); // touches, but writes
    put_io(&peer, BLOCK_READ, 4096, 4096, 0);
    publish(&peer);
    fake_run();
    assert_int_equal(collect(&peer), 10);
    assert_int_equal(peer.failed, 0);
    assert_int_equal(ram_disk.logged, 3);
    assert_int_equal(ram_disk.log[0].offset, 4096);
    assert_int_equal(ram_disk.log[1].offset, 65536);
    assert_int_equal(ram_disk.log[1].requests, 8);
    assert_int_equal(ram_disk.log[2].op, BLOCK_WRITE);
    peer_close(&peer);
}

static void test_merging_stops_at_the_longest_command(void **state)
{
    (void)state;
    struct peer peer;
    peer_attach(&peer, 0, 5);
    for (unsigned i = 0; i < DEPTH; i++)
        put_io(&peer, BLOCK_READ, 65536 + i * 16384, 16384, 0); // 1 MiB in all, 256 KiB at once
    publish(&peer);
    fake_run();
    assert_int_equal(collect(&peer), DEPTH);
    assert_int_equal(peer.failed, 0);
    for (unsigned i = 0; i < ram_disk.logged; i++)
        assert_true(ram_disk.log[i].bytes <= 64 * PAGE_SIZE);
    assert_int_equal(ram_disk.logged, 4);
    peer_close(&peer);
}

static void test_unaligned_pieces_shorten_a_run(void **state)
{
    (void)state;
    struct peer peer;
    peer_attach(&peer, 0, 5);
    for (unsigned i = 0; i < DEPTH;
         i++) { // 512 bytes each, every one across a page boundary: two pieces
        struct block_request request = {
            .op = BLOCK_READ, .offset = 65536 + i * 512, .bytes = 512, .segments = 1};
        request.segment[0] =
            (struct block_segment){.offset = (DEPTH - i) * 2 * 4096 - 100, .bytes = 512};
        put(&peer, request);
    }
    ram_disk.features = 0;
    publish(&peer);
    fake_run();
    assert_int_equal(collect(&peer), DEPTH);
    assert_int_equal(peer.failed, 0);
    peer_close(&peer);
}

static void test_barrier(void **state)
{
    (void)state;
    struct peer peer;
    peer_attach(&peer, 0, 5);
    ram_disk.mode = RAM_DISK_BACKWARDS;
    put_io(&peer, BLOCK_WRITE, 40960, 4096, 0);
    put_io(&peer, BLOCK_WRITE, 8192, 4096, 0);
    put_io(&peer, BLOCK_WRITE, 65536, 4096, BLOCK_BARRIER);
    put_io(&peer, BLOCK_WRITE, 0, 4096, 0);
    struct block_request flush = {.op = BLOCK_FLUSH, .flags = BLOCK_BARRIER};
    put(&peer, flush);
    publish(&peer);
    fake_run();
    collect(&peer);
    assert_int_equal(ram_disk.log[0].offset, 8192);
    assert_int_equal(ram_disk.log[1].offset, 40960);
    assert_int_equal(ram_disk.log[2].offset, 65536);
    assert_int_equal(ram_disk.log[3].offset, 0);
    assert_int_equal(peer.done, 5);
    peer_close(&peer);
}

static void test_fua_is_write_and_flush(void **state)
{
    (void)state;
    struct peer peer;
    peer_attach(&peer, 0, 5);
    put_io(&peer, BLOCK_WRITE, 4096, 4096, BLOCK_FUA | BLOCK_BARRIER);
    put_io(&peer, BLOCK_WRITE, 40960, 4096, 0);
    publish(&peer);
    fake_run();
    assert_int_equal(collect(&peer), 2);
    assert_int_equal(ram_disk.log[0].op, BLOCK_WRITE);
    assert_int_equal(ram_disk.log[1].op, BLOCK_FLUSH);
    assert_int_equal(ram_disk.log[2].offset, 40960);
    peer_close(&peer);
}

static void test_sessions_share_fairly(void **state)
{
    (void)state;
    struct peer greedy, modest;
    peer_attach(&greedy, 0, 1);
    peer_attach(&modest, 0, 2);
    ram_disk.room = 1;
    for (unsigned i = 0; i < DEPTH; i++)
        put_io(&greedy, BLOCK_READ, (i % 8) * 524288, 131072, 0);
    for (unsigned i = 0; i < 16; i++)
        put_io(&modest, BLOCK_READ, 4096 + i * 8192, 512, 0);
    publish(&greedy);
    publish(&modest);
    while (modest.done < 16) {
        assert_true(fake_run_driver());
        collect(&modest);
        collect(&greedy);
    }
    // 16 small requests count 64 KiB, a quarter of a turn: the greedy one had at most two turns
    // meanwhile.
    assert_true(greedy.done <= 5);
    fake_run();
    collect(&greedy);
    assert_int_equal(greedy.done, DEPTH);
    peer_close(&greedy);
    peer_close(&modest);
}

static void test_nobody_is_overtaken_for_ever(void **state)
{
    (void)state;
    struct peer peer;
    peer_attach(&peer, 0, 1);
    ram_disk.room = 1;
    // New requests always arrive just ahead of the sweep; the one behind it must still come.
    put_io(&peer, BLOCK_READ, 3 << 20, 512, 0);
    publish(&peer);
    fake_run();
    collect(&peer);
    uint64_t victim = 0;
    unsigned sweep = 0;
    bool served = false;
    for (unsigned i = 0; i < 1200 && !served; i++) {
        if (i == 10) {
            put_io(&peer, BLOCK_READ, 1024, 512, 0); // behind
            victim = peer.cookie;
        }
        put_io(&peer, BLOCK_READ, (3 << 20) + (2 * ++sweep % 1500) * 512, 512, 0);
        put_io(&peer, BLOCK_READ, (3 << 20) + (2 * ++sweep % 1500) * 512, 512, 0);
        publish(&peer);
        fake_run_driver();
        struct block_completion completion;
        while (ring_pop(&peer.completions, &completion) == 0)
            served |= completion.cookie == victim && victim != 0;
        ring_release(&peer.completions);
        if (ring_producer_room(&peer.requests) < 4)
            fake_run_driver();
        if (peer.cookie > 60 + i) // keep the client's promise of at most DEPTH
            fake_run();
    }
    assert_true(served);
    fake_run();
    peer_close(&peer);
}

// ---- devices that fail ----

static void test_bad_block_fails_only_its_own_request(void **state)
{
    (void)state;
    struct peer peer;
    peer_attach(&peer, 0, 5);
    ram_disk.bad_offset = 65536 + 3 * 4096;
    for (unsigned i = 0; i < 8; i++)
        put_io(&peer, BLOCK_READ, 65536 + i * 4096, 4096, 0);
    publish(&peer);
    fake_run();
    assert_int_equal(collect(&peer), 8);
    assert_int_equal(peer.failed, 1);
    assert_int_equal(ram_disk.logged, 9); // merged once, then each by itself
    peer_close(&peer);
}

static void test_device_without_room(void **state)
{
    (void)state;
    struct peer peer;
    peer_attach(&peer, 0, 5);
    ram_disk.room = 2;
    for (unsigned i = 0; i < 20; i++)
        put_io(&peer, BLOCK_READ, i * 16384, 4096, 0);
    publish(&peer);
    fake_run();
    assert_int_equal(collect(&peer), 20);
    assert_int_equal(peer.failed, 0);
    ram_disk.refusals = 1; // refused with nothing in flight: it never will
    put_io(&peer, BLOCK_READ, 0, 4096, 0);
    publish(&peer);
    fake_run();
    assert_int_equal(collect(&peer), 1);
    assert_int_equal(peer.failed, 1);
    peer_close(&peer);
}

static void test_memory_cannot_be_mapped(void **state)
{
    (void)state;
    struct peer peer;
    peer_attach(&peer, 0, 5);
    fake.dma_fails = true;
    for (unsigned i = 0; i < 5; i++)
        put_io(&peer, BLOCK_READ, i * 4096, 4096, 0);
    publish(&peer);
    fake_run();
    assert_int_equal(collect(&peer), 5);
    assert_int_equal(peer.failed, 5);
    assert_int_equal(ram_disk.logged, 0);
    peer_close(&peer);
}

static void test_hanging_device_is_reset(void **state)
{
    (void)state;
    struct peer peer;
    peer_attach(&peer, 0, 5);
    ram_disk.mode = RAM_DISK_HOLD;
    for (unsigned i = 0; i < 20; i++)
        put_io(&peer, BLOCK_READ, i * 16384, 4096, 0);
    publish(&peer);
    fake_run();
    time_ns_t start = fake.now;
    while (ram_disk.resets == 0) {
        fake.now += 100000000;
        fake_run_driver();
        assert_true(fake.now - start < 2 * BLOCK_COMMAND_TIMEOUT_NS);
    }
    assert_true(fake.now - start >= BLOCK_COMMAND_TIMEOUT_NS);
    ram_disk.mode = RAM_DISK_ONE_A_STEP;
    fake_run();
    assert_int_equal(collect(&peer), 20);
    assert_int_equal(peer.failed, 0);
    peer_close(&peer);
}

static void test_hopeless_device_times_out(void **state)
{
    (void)state;
    struct peer peer;
    peer_attach(&peer, 0, 5);
    ram_disk.mode = RAM_DISK_HOLD;
    for (unsigned i = 0; i < 20; i++)
        put_io(&peer, BLOCK_READ, i * 16384, 4096, 0);
    publish(&peer);
    for (unsigned i = 0; i < 4000 && peer.done < 20; i++) {
        fake.now += 100000000;
        fake_run_driver();
        collect(&peer);
    }
    assert_int_equal(peer.done, 20);
    assert_int_equal(peer.failed, 20);
    assert_int_equal(peer.last.status, -E_TIMEDOUT);
    peer_close(&peer);
}

static void test_read_only(void **state)
{
    (void)state;
    fake_kill_driver();
    ram_disk.features = BLOCK_READ_ONLY;
    fake_start_driver();
    struct peer peer;
    peer_attach(&peer, 0, 5);
    put_io(&peer, BLOCK_WRITE, 0, 512, 0);
    publish(&peer);
    fake_run();
    collect(&peer);
    assert_int_equal(peer.last.status, -E_ROFS);
    struct block_request flush = {.op = BLOCK_FLUSH};
    put(&peer, flush); // no volatile cache: nothing to do
    struct block_request discard = {.op = BLOCK_DISCARD, .bytes = 512};
    put(&peer, discard);
    publish(&peer);
    fake_run();
    assert_int_equal(collect(&peer), 2);
    assert_int_equal(peer.failed, 2);
    assert_int_equal(ram_disk.logged, 0);
    peer_close(&peer);
}

// ---- clients that lie ----

static void test_rubbish_requests(void **state)
{
    (void)state;
    struct peer peer;
    peer_attach(&peer, 0, 5);
    uint64_t seed = 42;
    unsigned sent = 0;
    for (unsigned round = 0; round < 3000; round++) {
        struct block_request request = {.op = (uint16_t)(round % 9),
                                        .bytes = 4096,
                                        .segments = 1,
                                        .segment = {{.bytes = 4096}}};
        uint8_t *bytes = (uint8_t *)&request;
        for (unsigned i = 0; i < 1 + round % 4; i++) {
            seed = seed * 6364136223846793005ull + 1442695040888963407ull;
            bytes[(seed >> 40) % sizeof(request)] = (uint8_t)(seed >> 32);
        }
        put(&peer, request);
        sent++;
        if (round % 16 == 15) {
            publish(&peer);
            fake_run();
            collect(&peer);
            assert_int_equal(peer.done, sent);
            ram_disk.logged = 0;
        }
    }
    assert_true(peer.failed > 100 && peer.failed < sent - 100);
    assert_int_equal(peer_control(&peer, BLOCK_CHECK), 0);
    peer_close(&peer);
}

static void test_broken_ring_costs_the_session(void **state)
{
    (void)state;
    struct peer peer, other;
    peer_attach(&peer, 0, 5);
    peer_attach(&other, 0, 6);
    ram_disk.mode = RAM_DISK_HOLD;
    put_io(&peer, BLOCK_READ, 8192, 512, 0);
    publish(&peer);
    fake_run();
    peer.requests.side.shared->head += DEPTH + 5;
    put_io(&other, BLOCK_READ, 4096, 512, 0);
    publish(&other);
    fake_run();
    assert_int_equal(peer_control(&peer, BLOCK_CHECK), -E_BADF);
    ram_disk.mode = RAM_DISK_ONE_A_STEP;
    fake_run();
    assert_int_equal(collect(&other), 1); // the neighbour does not notice
    assert_int_equal(collect(&peer), 0);
    peer_close(&peer);
    peer_close(&other);
}

static void test_too_many_requests_only_hurt_their_sender(void **state)
{
    (void)state;
    struct peer peer;
    peer_attach(&peer, 0, 5);
    // Never collects completions: the driver stops taking requests when it could not answer them,
    // and sleeps.
    for (unsigned round = 0; round < 4; round++) {
        for (unsigned i = 0; i < DEPTH && ring_producer_room(&peer.requests) > 0; i++)
            put_io(&peer, BLOCK_READ, i * 8192, 512, 0);
        publish(&peer);
        fake_run();
    }
    assert_int_equal(fake.wakes, 0);
    assert_int_equal(peer_control(&peer, BLOCK_CHECK), 0);
    assert_int_equal(collect(&peer), DEPTH);
    peer_close(&peer);
}

static void test_statistics(void **state)
{
    (void)state;
    struct peer peer;
    peer_attach(&peer, 0, 5);
    put_io(&peer, BLOCK_READ, 8192, 512, 0);
    publish(&peer);
    fake_run();
    struct message message = {
        .tag = message_tag(BLOCK_STATISTICS, 3, 1), .word = {0, 0, 4096}, .handle = {peer.memory}};
    assert_int_equal(fake_call_driver(5, &message), 0);
    // What was read for the partition table counts too, as bytes but not as a client's request.
    assert_non_null(strstr((char *)fake_memory(peer.memory), "reads 1\nread_bytes 33280\n"));
    message = (struct message){.tag = message_tag(BLOCK_STATISTICS, 3, 1),
                               .word = {0, MEMORY_BYTES - 10, 11},
                               .handle = {peer.memory}};
    assert_int_equal(fake_call_driver(5, &message), -E_INVAL);
    message = (struct message){
        .tag = message_tag(BLOCK_STATISTICS, 3, 1), .word = {0, 0, 20}, .handle = {peer.memory}};
    assert_int_equal(fake_call_driver(5, &message), 0);
    assert_true(message.word[0] < 20);
    message = (struct message){.tag = message_tag(BLOCK_RESCAN, 1, 0), .word = {0}};
    assert_int_equal(fake_call_driver(5, &message), 0);
    peer_close(&peer);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_partition_is_a_window),
        TEST(test_info_messages),
        TEST(test_attach_refused),
        TEST(test_sessions_run_out_and_are_reused),
        TEST(test_detach_waits_for_the_device),
        TEST(test_successor_session_waits_for_the_device),
        TEST(test_neighbours_are_merged_and_sorted),
        TEST(test_merging_stops_at_the_longest_command),
        TEST(test_unaligned_pieces_shorten_a_run),
        TEST(test_barrier),
        TEST(test_fua_is_write_and_flush),
        TEST(test_sessions_share_fairly),
        TEST(test_nobody_is_overtaken_for_ever),
        TEST(test_bad_block_fails_only_its_own_request),
        TEST(test_device_without_room),
        TEST(test_memory_cannot_be_mapped),
        TEST(test_hanging_device_is_reset),
        TEST(test_hopeless_device_times_out),
        TEST(test_read_only),
        TEST(test_rubbish_requests),
        TEST(test_broken_ring_costs_the_session),
        TEST(test_too_many_requests_only_hurt_their_sender),
        TEST(test_statistics),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
