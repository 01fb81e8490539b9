// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Unit tests of lib/ring/ring.h in one thread: shape, wrap, full and empty, doorbell decisions,
// hostile peers.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/ring/ring.h"

enum { CAPACITY = 8, ENTRY_BYTES = 24 };

struct entry {
    uint64_t number;
    uint64_t mirror;
    uint64_t spare;
};

_Static_assert(sizeof(struct entry) == ENTRY_BYTES, "as the ring is told");

struct fixture {
    _Alignas(RING_LINE_BYTES) uint8_t memory[RING_BYTES(CAPACITY, ENTRY_BYTES)];
    struct ring_producer producer;
    struct ring_consumer consumer;
    struct ring_shared *shared;
};

static void set_up_sides(struct fixture *f)
{
    assert_int_equal(
        ring_producer_init(&f->producer, f->memory, sizeof(f->memory), CAPACITY, ENTRY_BYTES), 0);
    assert_int_equal(
        ring_consumer_init(&f->consumer, f->memory, sizeof(f->memory), CAPACITY, ENTRY_BYTES), 0);
}

static void set_up(struct fixture *f)
{
    memset(f, 0xa5, sizeof(*f));
    ring_format(f->memory);
    f->shared = (struct ring_shared *)f->memory;
    set_up_sides(f);
}

// Moves every index of both sides to `start`, as if that many entries had gone through.
static void start_at(struct fixture *f, uint32_t start)
{
    set_up(f);
    f->shared->head = f->shared->tail = f->shared->wake_consumer = f->shared->wake_producer = start;
    f->producer.side.own = f->producer.side.published = f->producer.side.seen = start;
    f->consumer.side.own = f->consumer.side.published = f->consumer.side.seen = start;
}

static int push(struct fixture *f, uint64_t number)
{
    struct entry entry = {.number = number, .mirror = ~number};
    return ring_push(&f->producer, &entry);
}

static void expect_pop(struct fixture *f, uint64_t number)
{
    struct entry entry;
    assert_int_equal(ring_pop(&f->consumer, &entry), 0);
    assert_int_equal(entry.number, number);
    assert_int_equal(entry.mirror, ~number);
}

static void test_init_refuses_bad_shapes(void **state)
{
    (void)state;
    struct fixture f;
    struct ring_producer p;
    size_t bytes = sizeof(f.memory);
    assert_int_equal(ring_producer_init(&p, f.memory, bytes, 0, ENTRY_BYTES), -E_INVAL);
    assert_int_equal(ring_producer_init(&p, f.memory, bytes, 6, ENTRY_BYTES), -E_INVAL);
    assert_int_equal(ring_producer_init(&p, f.memory, bytes, 16, ENTRY_BYTES), -E_INVAL);
    assert_int_equal(ring_producer_init(&p, f.memory, bytes - 1, CAPACITY, ENTRY_BYTES), -E_INVAL);
    assert_int_equal(ring_producer_init(&p, f.memory, bytes, CAPACITY, 0), -E_INVAL);
    assert_int_equal(ring_producer_init(&p, f.memory, SIZE_MAX, CAPACITY, 1u << 16), -E_INVAL);
    assert_int_equal(ring_producer_init(&p, f.memory, SIZE_MAX, 1u << 17, 8), -E_INVAL);
    assert_int_equal(ring_producer_init(&p, f.memory + 8, bytes - 8, 4, ENTRY_BYTES), -E_INVAL);
}

static void test_empty_and_full(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f);
    struct entry entry;
    assert_int_equal(ring_pop(&f.consumer, &entry), -E_AGAIN);
    for (uint64_t i = 0; i < CAPACITY; i++)
        assert_int_equal(push(&f, i), 0);
    assert_int_equal(push(&f, 99), -E_AGAIN);
    assert_int_equal(ring_pop(&f.consumer, &entry), -E_AGAIN); // nothing published yet
    assert_true(ring_publish(&f.producer));
    assert_int_equal(ring_producer_room(&f.producer), 0);
    assert_int_equal(ring_consumer_ready(&f.consumer), CAPACITY); // exactly N is not none
    for (uint64_t i = 0; i < CAPACITY; i++)
        expect_pop(&f, i);
    assert_int_equal(ring_pop(&f.consumer, &entry), -E_AGAIN);
    assert_int_equal(push(&f, 99), -E_AGAIN); // nothing released yet
    ring_release(&f.consumer);
    assert_int_equal(ring_producer_room(&f.producer), CAPACITY);
}

static void test_wraps_at_two_to_the_32(void **state)
{
    (void)state;
    struct fixture f;
    for (uint32_t before = 0; before <= 2 * CAPACITY; before++) {
        start_at(&f, UINT32_MAX - before);
        uint64_t in = 0, out = 0;
        for (int round = 0; round < 20; round++) {
            unsigned batch = 1 + (unsigned)round % CAPACITY;
            for (unsigned i = 0; i < batch; i++)
                assert_int_equal(push(&f, in++), 0);
            ring_publish(&f.producer);
            assert_int_equal(ring_producer_room(&f.producer), (int)(CAPACITY - batch));
            for (unsigned i = 0; i < batch; i++)
                expect_pop(&f, out++);
            ring_release(&f.consumer);
        }
        assert_int_equal(ring_producer_room(&f.producer), CAPACITY);
    }
}

static void test_full_is_seen_across_the_wrap(void **state)
{
    (void)state;
    struct fixture f;
    start_at(&f, UINT32_MAX - 2);
    for (uint64_t i = 0; i < CAPACITY; i++)
        assert_int_equal(push(&f, i), 0);
    assert_int_equal(push(&f, 99), -E_AGAIN);
    ring_publish(&f.producer);
    for (uint64_t i = 0; i < CAPACITY; i++)
        expect_pop(&f, i);
}

static void test_one_doorbell_for_one_sleep(void **state)
{
    (void)state;
    struct fixture f;
    for (uint32_t start = UINT32_MAX - 3; start != 3; start++) {
        start_at(&f, start);
        assert_true(ring_consumer_may_sleep(&f.consumer));
        push(&f, 0);
        assert_true(ring_publish(&f.producer));
        push(&f, 1);
        assert_false(ring_publish(&f.producer)); // it has been woken already
        assert_false(ring_publish(&f.producer)); // nothing new
        assert_false(ring_consumer_may_sleep(&f.consumer));
        expect_pop(&f, 0);
        expect_pop(&f, 1);
        push(&f, 2);
        push(&f, 3);
        assert_false(ring_publish(&f.producer)); // an awake consumer costs no doorbell
    }
}

static void test_producer_sleeps_for_room(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f);
    assert_false(ring_producer_may_sleep(&f.producer));
    for (uint64_t i = 0; i < CAPACITY; i++)
        push(&f, i);
    ring_publish(&f.producer);
    assert_true(ring_producer_may_sleep(&f.producer));
    expect_pop(&f, 0);
    assert_true(ring_release(&f.consumer));
    expect_pop(&f, 1);
    assert_false(ring_release(&f.consumer));
    assert_int_equal(ring_producer_room(&f.producer), 2);
}

static void test_hostile_head(void **state)
{
    (void)state;
    struct entry entry;
    static const uint32_t bad[] = {CAPACITY + 1, CAPACITY + 2, 1000,
                                   0x7fffffff,   0x80000000,   UINT32_MAX};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct fixture f;
        start_at(&f, 0xfffffff0);
        f.shared->head = 0xfffffff0 + bad[i];
        assert_int_equal(ring_pop(&f.consumer, &entry), -E_PROTO);
        f.shared->head = 0xfffffff0 + 1; // no way back
        assert_int_equal(ring_pop(&f.consumer, &entry), -E_PROTO);
        assert_int_equal(ring_consumer_ready(&f.consumer), -E_PROTO);
        assert_true(ring_consumer_may_sleep(&f.consumer));
        assert_true(ring_side_is_broken(&f.consumer.side));
    }
}

static void test_head_never_moves_back(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f);
    for (uint64_t i = 0; i < 4; i++)
        push(&f, i);
    ring_publish(&f.producer);
    expect_pop(&f, 0);
    f.shared->head = 2;
    assert_int_equal(ring_consumer_ready(&f.consumer), -E_PROTO);
}

static void test_head_is_bound_by_what_was_released(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f);
    push(&f, 0);
    push(&f, 1);
    ring_publish(&f.producer);
    expect_pop(&f, 0);
    expect_pop(&f, 1); // not released: the producer may not reuse these slots
    f.shared->head = CAPACITY + 1;
    assert_int_equal(ring_consumer_ready(&f.consumer), -E_PROTO);
}

static void test_hostile_tail(void **state)
{
    (void)state;
    static const uint32_t bad[] = {4, 5, 1000, 0x7fffffff, 0x80000000, UINT32_MAX};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct fixture f;
        start_at(&f, 0xfffffffe);
        for (uint64_t n = 0; n < 3; n++)
            push(&f, n);
        ring_publish(&f.producer);
        push(&f, 3); // pushed, not published: cannot have been consumed
        f.shared->tail = 0xfffffffe + bad[i];
        assert_int_equal(ring_producer_room(&f.producer), -E_PROTO);
        f.shared->tail = 0xfffffffe;
        assert_int_equal(push(&f, 4), -E_PROTO);
        assert_int_equal(ring_producer_room(&f.producer), -E_PROTO);
    }
}

static void test_own_index_is_never_read_back(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f);
    push(&f, 0);
    ring_publish(&f.producer);
    f.shared->head = 0x12345678; // the peer scribbles over our word
    push(&f, 1);
    ring_publish(&f.producer);
    assert_int_equal(f.shared->head, 2);
    expect_pop(&f, 0);
    f.shared->tail = 0x87654321;
    expect_pop(&f, 1);
    ring_release(&f.consumer);
    assert_int_equal(f.shared->tail, 2);
}

static void test_random_indices_never_escape(void **state)
{
    (void)state;
    struct fixture f;
    uint64_t seed = 0x9e3779b97f4a7c15ull;
    for (int round = 0; round < 200000; round++) {
        seed = seed * 6364136223846793005ull + 1442695040888963407ull;
        if (round % 50 == 0)
            start_at(&f, (uint32_t)(seed >> 13));
        uint32_t noise = (uint32_t)(seed >> 32) % (2 * CAPACITY);
        struct entry entry;
        switch (seed >> 61) {
        case 0:
            f.shared->head += noise;
            break;
        case 1:
            f.shared->tail += noise;
            break;
        case 2:
            f.shared->head = f.shared->wake_producer = (uint32_t)(seed >> 20);
            break;
        case 3:
            ring_publish(&f.producer);
            break;
        case 4:
            ring_release(&f.consumer);
            break;
        case 5:
            push(&f, seed);
            break;
        default:
            ring_pop(&f.consumer, &entry);
            break;
        }
        assert_true(f.producer.side.own - f.producer.side.seen <= CAPACITY);
        assert_true(f.consumer.side.seen - f.consumer.side.own <= CAPACITY);
    }
}

static void test_resume_goes_on_where_the_dead_stopped(void **state)
{
    (void)state;
    struct fixture f;
    start_at(&f, UINT32_MAX - 1);
    for (uint64_t i = 0; i < 5; i++)
        push(&f, i);
    ring_publish(&f.producer);
    expect_pop(&f, 0);
    expect_pop(&f, 1);
    ring_release(&f.consumer);
    expect_pop(&f, 2); // not released before the consumer died: its successor sees it again
    set_up_sides(&f);
    assert_int_equal(ring_consumer_resume(&f.consumer), 0);
    assert_int_equal(ring_producer_resume(&f.producer), 0);
    assert_int_equal(ring_consumer_ready(&f.consumer), 3);
    assert_int_equal(ring_producer_room(&f.producer), CAPACITY - 3);
    push(&f, 5);
    ring_publish(&f.producer);
    for (uint64_t i = 2; i < 6; i++)
        expect_pop(&f, i);

    f.shared->head = f.shared->tail + CAPACITY + 1;
    set_up_sides(&f);
    assert_int_equal(ring_consumer_resume(&f.consumer), -E_PROTO);
    assert_int_equal(ring_producer_resume(&f.producer), -E_PROTO);
    assert_int_equal(push(&f, 0), -E_PROTO);
}

static void test_streams_of_bytes(void **state)
{
    (void)state;
    enum { BYTES = 16 };
    _Alignas(RING_LINE_BYTES) uint8_t memory[RING_BYTES(BYTES, 1)];
    struct ring_producer producer;
    struct ring_consumer consumer;
    ring_format(memory);
    assert_int_equal(ring_producer_init(&producer, memory, sizeof(memory), BYTES, 1), 0);
    assert_int_equal(ring_consumer_init(&consumer, memory, sizeof(memory), BYTES, 1), 0);
    uint8_t in = 0, out = 0;
    for (uint32_t round = 0; round < 1000; round++) {
        uint8_t text[BYTES + 4];
        uint32_t wanted = round % (BYTES + 4);
        for (uint32_t i = 0; i < wanted; i++)
            text[i] = (uint8_t)(in + i);
        int put = ring_write(&producer, text, wanted);
        assert_in_range(put, 0, wanted);
        in = (uint8_t)(in + put);
        ring_publish(&producer);
        int got = ring_read(&consumer, text, 1 + round % 7);
        assert_true(got >= 0);
        for (int i = 0; i < got; i++)
            assert_int_equal(text[i], out++);
        ring_release(&consumer);
    }
    ((struct ring_shared *)memory)->head += BYTES + 1;
    assert_int_equal(ring_read(&consumer, memory, 1), -E_PROTO);
}

// What a peer at fault left behind does not hold up its successor; what is sound stays.
static void test_repair(void **state)
{
    (void)state;
    struct fixture f;
    struct entry entry;
    for (unsigned round = 0; round < 2; round++) {
        start_at(&f, UINT32_MAX - 3);
        for (unsigned i = 0; i < 5; i++)
            assert_int_equal(push(&f, i), 0);
        ring_publish(&f.producer);
        assert_int_equal(ring_pop(&f.consumer, &entry), 0);
        ring_release(&f.consumer);
        uint32_t tail = f.shared->tail;
        if (round == 1) {
            assert_int_equal(ring_producer_room(&f.producer), CAPACITY - 4);
            f.shared->tail += 100;
            assert_int_equal(ring_producer_room(&f.producer), -E_PROTO);
        }
        f.shared->head = 4711; // not even its own
        ring_producer_repair(&f.producer);
        assert_int_equal(f.shared->tail, tail);
        assert_int_equal(f.shared->head, f.producer.side.published);
        assert_int_equal(ring_producer_room(&f.producer), CAPACITY - 4);
        assert_int_equal(ring_consumer_resume(&f.consumer), 0);
        assert_int_equal(ring_consumer_ready(&f.consumer), 4);
        uint32_t head = f.shared->head;
        f.shared->head += CAPACITY;
        f.shared->tail ^= 1;
        assert_int_equal(ring_pop(&f.consumer, &entry), 0); // seen before
        assert_int_equal(ring_consumer_look(&f.consumer), -E_PROTO);
        ring_consumer_repair(&f.consumer);
        assert_int_equal(f.shared->head, head);
        assert_int_equal(ring_consumer_ready(&f.consumer), 3);
        assert_int_equal(ring_producer_resume(&f.producer), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_init_refuses_bad_shapes),
        cmocka_unit_test(test_empty_and_full),
        cmocka_unit_test(test_repair),
        cmocka_unit_test(test_wraps_at_two_to_the_32),
        cmocka_unit_test(test_full_is_seen_across_the_wrap),
        cmocka_unit_test(test_one_doorbell_for_one_sleep),
        cmocka_unit_test(test_producer_sleeps_for_room),
        cmocka_unit_test(test_hostile_head),
        cmocka_unit_test(test_head_never_moves_back),
        cmocka_unit_test(test_head_is_bound_by_what_was_released),
        cmocka_unit_test(test_hostile_tail),
        cmocka_unit_test(test_own_index_is_never_read_back),
        cmocka_unit_test(test_random_indices_never_escape),
        cmocka_unit_test(test_resume_goes_on_where_the_dead_stopped),
        cmocka_unit_test(test_streams_of_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
