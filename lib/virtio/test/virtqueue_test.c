// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Unit tests of the split virtqueue against a device that lives in the test: first a good one, then
// every way of being bad. Bus addresses are host addresses.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "abi/error.h"
#include "lib/virtio/virtqueue.h"

enum { SIZE = 8, INDIRECT = 6 };

struct fixture {
    struct virtqueue queue;
    void *memory;
    uint16_t device_avail; // next available entry the device takes
    uint16_t device_used;
};

static void set_up(struct fixture *f, uint16_t indirect, bool event_idx)
{
    memset(f, 0, sizeof(*f));
    size_t bytes = virtqueue_bytes(SIZE, indirect);
    f->memory = aligned_alloc(4096, (bytes + 4095) & ~(size_t)4095);
    assert_non_null(f->memory);
    struct virtqueue_config config = {
        .index = 3,
        .size = SIZE,
        .indirect_entries = indirect,
        .event_idx = event_idx,
        .memory = f->memory,
        .bus = (uintptr_t)f->memory,
    };
    assert_int_equal(virtqueue_init(&f->queue, &config), 0);
}

static void tear_down(struct fixture *f)
{
    free(f->memory);
}

// Starts all 16-bit indices at `start`, as after that many chains.
static void start_at(struct fixture *f, uint16_t start)
{
    f->queue.avail_next = f->queue.avail_published = f->queue.used_next = start;
    f->queue.avail->idx = f->queue.used->idx = start;
    f->queue.avail->ring[SIZE] = start;
    f->device_avail = f->device_used = start;
}

static uint16_t *avail_event(struct fixture *f)
{
    return (uint16_t *)&f->queue.used->ring[SIZE];
}

static int add(struct fixture *f, unsigned readable, unsigned writable, void *token)
{
    struct virtqueue_piece pieces[64];
    for (unsigned i = 0; i < readable + writable; i++)
        pieces[i] = (struct virtqueue_piece){.bus = 0x1000 * (i + 1), .bytes = 512};
    return virtqueue_add(&f->queue, pieces, readable, writable, token);
}

static uint16_t device_take(struct fixture *f)
{
    assert_int_not_equal(f->device_avail, f->queue.avail->idx);
    return f->queue.avail->ring[f->device_avail++ % SIZE];
}

static void device_use(struct fixture *f, uint32_t id, uint32_t length)
{
    f->queue.used->ring[f->device_used % SIZE] = (struct virtq_used_elem){.id = id, .len = length};
    f->queue.used->idx = ++f->device_used;
}

static void expect_get(struct fixture *f, void *token, uint32_t length)
{
    void *got;
    uint32_t written;
    assert_int_equal(virtqueue_get(&f->queue, &got, &written), 0);
    assert_ptr_equal(got, token);
    assert_int_equal(written, length);
}

static void expect_get_error(struct fixture *f, int error)
{
    void *got;
    uint32_t written;
    assert_int_equal(virtqueue_get(&f->queue, &got, &written), error);
}

// ---- a good device ----

static void test_layout_matches_the_specification(void **state)
{
    (void)state;
    struct virtqueue_layout layout = virtqueue_layout(256, 0);
    assert_int_equal(layout.available, 16 * 256);
    assert_true(layout.used >= 16 * 256 + 6 + 2 * 256);
    assert_int_equal(layout.used % VIRTQ_USED_ALIGN, 0);
    assert_true(layout.bytes >= layout.used + 6 + 8 * 256);
}

static void test_init_refuses_bad_sizes(void **state)
{
    (void)state;
    struct virtqueue queue;
    struct virtqueue_config config = {.size = 0};
    assert_int_equal(virtqueue_init(&queue, &config), -E_INVAL);
    config.size = 6;
    assert_int_equal(virtqueue_init(&queue, &config), -E_INVAL);
    config.size = 512;
    assert_int_equal(virtqueue_init(&queue, &config), -E_INVAL);
    config = (struct virtqueue_config){.size = 8, .indirect_entries = 9};
    assert_int_equal(virtqueue_init(&queue, &config), -E_INVAL);
}

static void test_direct_chain(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f, 0, false);
    int token;
    assert_int_equal(add(&f, 2, 1, &token), 0);
    assert_true(virtqueue_publish(&f.queue));
    uint16_t head = device_take(&f);
    const struct virtq_desc *first = &f.queue.desc[head];
    const struct virtq_desc *second = &f.queue.desc[first->next];
    const struct virtq_desc *third = &f.queue.desc[second->next];
    assert_int_equal(first->addr, 0x1000);
    assert_int_equal(first->flags, VIRTQ_DESC_F_NEXT);
    assert_int_equal(second->flags, VIRTQ_DESC_F_NEXT);
    assert_int_equal(third->addr, 0x3000);
    assert_int_equal(third->flags, VIRTQ_DESC_F_WRITE);
    assert_int_equal(virtqueue_free(&f.queue), SIZE - 3);
    device_use(&f, head, 512);
    expect_get(&f, &token, 512);
    assert_int_equal(virtqueue_free(&f.queue), SIZE);
    expect_get_error(&f, -E_AGAIN);
    tear_down(&f);
}

static void test_indirect_chain(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f, INDIRECT, false);
    int token;
    assert_int_equal(add(&f, 1, 3, &token), 0);
    virtqueue_publish(&f.queue);
    uint16_t head = device_take(&f);
    const struct virtq_desc *outer = &f.queue.desc[head];
    assert_int_equal(outer->flags, VIRTQ_DESC_F_INDIRECT);
    assert_int_equal(outer->len, 4 * sizeof(struct virtq_desc));
    const struct virtq_desc *table = (const struct virtq_desc *)(uintptr_t)outer->addr;
    assert_int_equal(table[0].flags, VIRTQ_DESC_F_NEXT);
    assert_int_equal(table[0].next, 1);
    assert_int_equal(table[1].flags, VIRTQ_DESC_F_NEXT | VIRTQ_DESC_F_WRITE);
    assert_int_equal(table[3].flags, VIRTQ_DESC_F_WRITE);
    assert_int_equal(virtqueue_free(&f.queue), SIZE - 1);
    device_use(&f, head, 3 * 512);
    expect_get(&f, &token, 3 * 512);
    tear_down(&f);
}

// Short chains go without a table until half of the queue is taken.
static void test_short_chains(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f, INDIRECT, false);
    int token[SIZE];
    unsigned direct = 0, added = 0;
    while (add(&f, 1, 2, &token[added]) == 0) {
        virtqueue_publish(&f.queue);
        bool table = (f.queue.desc[device_take(&f)].flags & VIRTQ_DESC_F_INDIRECT) != 0;
        assert_true(table || added == direct); // none after the first that has one
        direct += !table;
        added++;
    }
    assert_int_equal(direct, SIZE / 2 / 3);
    assert_int_equal(added, direct + SIZE - 3 * direct);
    tear_down(&f);
}

static void test_full_queue_and_order_of_return(void **state)
{
    (void)state;
    for (uint32_t start = 0; start <= UINT16_MAX; start += 4093) {
        struct fixture f;
        set_up(&f, INDIRECT, false);
        start_at(&f, (uint16_t)(start - 4)); // some of them wrap at 65535
        int token[SIZE];
        uint16_t head[SIZE];
        for (unsigned i = 0; i < SIZE; i++)
            assert_int_equal(add(&f, 2, 2, &token[i]), 0);
        assert_int_equal(add(&f, 2, 2, NULL), -E_AGAIN);
        virtqueue_publish(&f.queue);
        for (unsigned i = 0; i < SIZE; i++)
            head[i] = device_take(&f);
        for (unsigned i = SIZE; i-- > 0;)
            device_use(&f, head[i], 7); // exactly size completions at once
        for (unsigned i = SIZE; i-- > 0;)
            expect_get(&f, &token[i], 7);
        expect_get_error(&f, -E_AGAIN);
        assert_int_equal(virtqueue_free(&f.queue), SIZE);
        tear_down(&f);
    }
}

static void test_refused_chains(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f, INDIRECT, false);
    assert_int_equal(add(&f, 0, 0, NULL), -E_INVAL);
    assert_int_equal(add(&f, 1, SIZE, NULL), -E_2BIG);
    struct virtqueue_piece empty = {.bus = 1, .bytes = 0};
    assert_int_equal(virtqueue_add(&f.queue, &empty, 1, 0, NULL), -E_INVAL);
    struct virtqueue_piece huge[2] = {{.bus = 1, .bytes = UINT32_MAX}, {.bus = 1, .bytes = 1}};
    assert_int_equal(virtqueue_add(&f.queue, huge, 0, 2, NULL), -E_2BIG);
    assert_int_equal(add(&f, 1, INDIRECT, NULL), 0); // too long for the table: direct
    assert_int_equal(virtqueue_free(&f.queue), SIZE - 1 - INDIRECT);
    assert_int_equal(virtqueue_add(&f.queue, huge, 1, 1, NULL), 0);
    assert_int_equal(add(&f, 1, 0, NULL), -E_AGAIN);
    tear_down(&f);
}

static void test_notification_by_flags(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f, INDIRECT, false);
    assert_false(virtqueue_publish(&f.queue)); // nothing added
    add(&f, 1, 1, NULL);
    f.queue.used->flags = VIRTQ_USED_F_NO_NOTIFY;
    assert_false(virtqueue_publish(&f.queue));
    add(&f, 1, 1, NULL);
    f.queue.used->flags = 0;
    assert_true(virtqueue_publish(&f.queue));
    virtqueue_disable_interrupts(&f.queue);
    assert_int_equal(f.queue.avail->flags, VIRTQ_AVAIL_F_NO_INTERRUPT);
    assert_true(virtqueue_enable_interrupts(&f.queue));
    assert_int_equal(f.queue.avail->flags, 0);
    tear_down(&f);
}

static void test_notification_by_event_index(void **state)
{
    (void)state;
    static const uint16_t starts[] = {0, 5, 65533, 65535};
    for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
        struct fixture f;
        set_up(&f, INDIRECT, true);
        start_at(&f, starts[i]);
        *avail_event(&f) = starts[i];
        add(&f, 1, 1, NULL);
        assert_true(virtqueue_publish(&f.queue));
        add(&f, 1, 1, NULL);
        assert_false(virtqueue_publish(&f.queue)); // event already passed
        *avail_event(&f) = (uint16_t)(starts[i] + 3);
        add(&f, 1, 1, NULL);
        assert_false(virtqueue_publish(&f.queue));
        add(&f, 1, 1, NULL);
        add(&f, 1, 1, NULL);
        assert_true(virtqueue_publish(&f.queue));

        assert_true(virtqueue_enable_interrupts(&f.queue));
        assert_int_equal(f.queue.avail->ring[SIZE], starts[i]);
        device_use(&f, device_take(&f), 0);
        assert_false(virtqueue_enable_interrupts(&f.queue)); // came meanwhile
        tear_down(&f);
    }
}

static void test_reclaim_after_reset(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f, INDIRECT, true);
    int token[5];
    for (unsigned i = 0; i < 5; i++)
        add(&f, 1, 1, &token[i]);
    virtqueue_publish(&f.queue);
    uint16_t head = device_take(&f);
    device_use(&f, head, 0);
    expect_get(&f, &token[0], 0);
    unsigned seen = 0;
    void *got;
    while (virtqueue_reclaim(&f.queue, &got))
        seen |= 1u << ((int *)got - token);
    assert_int_equal(seen, 0x1e);
    assert_int_equal(virtqueue_free(&f.queue), SIZE);
    assert_int_equal(virtqueue_in_flight(&f.queue), 0);
    tear_down(&f);
}

// ---- bad devices ----

static void test_id_out_of_range(void **state)
{
    (void)state;
    static const uint32_t bad[] = {SIZE, SIZE + 1, 0xffff, 0x10000, UINT32_MAX};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct fixture f;
        set_up(&f, INDIRECT, false);
        add(&f, 1, 1, NULL);
        virtqueue_publish(&f.queue);
        device_use(&f, bad[i], 0);
        expect_get_error(&f, -E_PROTO);
        expect_get_error(&f, -E_PROTO); // stays broken
        assert_int_equal(add(&f, 1, 1, NULL), -E_PROTO);
        assert_false(virtqueue_publish(&f.queue));
        tear_down(&f);
    }
}

static void test_id_not_in_flight_or_twice(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f, INDIRECT, false);
    int token;
    add(&f, 1, 1, &token);
    add(&f, 1, 1, &token);
    virtqueue_publish(&f.queue);
    uint16_t head = device_take(&f);
    device_use(&f, head, 0);
    device_use(&f, head, 0);
    expect_get(&f, &token, 0);
    expect_get_error(&f, -E_PROTO);
    tear_down(&f);

    set_up(&f, 0, false);
    add(&f, 2, 1, &token);
    virtqueue_publish(&f.queue);
    head = device_take(&f);
    device_use(&f, f.queue.desc[head].next, 0); // in the middle of a chain
    expect_get_error(&f, -E_PROTO);
    tear_down(&f);
}

static void test_used_index_jumps(void **state)
{
    (void)state;
    static const uint16_t jump[] = {2, 3, SIZE, SIZE + 1, 0x7fff, 0x8000, 0xffff};
    for (size_t i = 0; i < sizeof(jump) / sizeof(jump[0]); i++) {
        struct fixture f;
        set_up(&f, INDIRECT, false);
        start_at(&f, 65535);
        add(&f, 1, 1, NULL);
        virtqueue_publish(&f.queue);
        f.queue.used->idx = (uint16_t)(65535 + jump[i]); // one is in flight
        expect_get_error(&f, -E_PROTO);
        tear_down(&f);
    }
}

static void test_chain_used_before_it_was_published(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f, INDIRECT, false);
    add(&f, 1, 1, NULL);
    device_use(&f, 0, 0);
    expect_get_error(&f, -E_PROTO);
    tear_down(&f);
}

static void test_length_longer_than_given(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f, INDIRECT, false);
    int token;
    add(&f, 3, 2, &token);
    virtqueue_publish(&f.queue);
    device_use(&f, device_take(&f), 2 * 512 + 1);
    expect_get_error(&f, -E_PROTO);
    tear_down(&f);
}

static void test_scribbled_descriptors_do_not_matter(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f, 0, false);
    int token[2];
    add(&f, 2, 2, &token[0]);
    add(&f, 1, 1, &token[1]);
    virtqueue_publish(&f.queue);
    uint16_t head = device_take(&f);
    memset(f.queue.desc, 0xff, sizeof(struct virtq_desc) * SIZE);
    device_use(&f, head, 0);
    expect_get(&f, &token[0], 0);
    assert_int_equal(virtqueue_free(&f.queue), SIZE - 2);
    assert_virtqueue_state(&f.queue);
    tear_down(&f);
}

static void test_random_device(void **state)
{
    (void)state;
    uint64_t seed = 12345;
    unsigned good = 0, broken = 0;
    for (unsigned round = 0; round < 3000; round++) {
        struct fixture f;
        set_up(&f, round & 1 ? INDIRECT : 0, round & 2);
        start_at(&f, (uint16_t)(round * 37));
        int token;
        for (unsigned step = 0; step < 60; step++) {
            seed = seed * 6364136223846793005ull + 1442695040888963407ull;
            uint32_t noise = (uint32_t)(seed >> 33);
            void *got;
            uint32_t written;
            if (noise % 8 < 4) {
                add(&f, 1 + noise / 8 % 2, noise / 16 % 3, &token);
                virtqueue_publish(&f.queue);
            } else if (noise % 8 < 6 && f.device_avail != f.queue.avail->idx) {
                device_use(&f, device_take(&f), 0);
            } else if (noise % 32 == 7) {
                uint8_t *memory = f.memory;
                memory[(seed >> 20) % virtqueue_bytes(SIZE, 0)] ^=
                    (uint8_t)(1 << (noise >> 12) % 8);
            }
            int status = virtqueue_get(&f.queue, &got, &written);
            if (status == 0) {
                assert_ptr_equal(got, &token);
                good++;
            } else if (status == -E_PROTO) {
                broken++;
                break;
            }
            assert_virtqueue_state(&f.queue);
        }
        tear_down(&f);
    }
    assert_true(good > 10000);
    assert_true(broken > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layout_matches_the_specification),
        cmocka_unit_test(test_init_refuses_bad_sizes),
        cmocka_unit_test(test_direct_chain),
        cmocka_unit_test(test_indirect_chain),
        cmocka_unit_test(test_short_chains),
        cmocka_unit_test(test_full_queue_and_order_of_return),
        cmocka_unit_test(test_refused_chains),
        cmocka_unit_test(test_notification_by_flags),
        cmocka_unit_test(test_notification_by_event_index),
        cmocka_unit_test(test_reclaim_after_reset),
        cmocka_unit_test(test_id_out_of_range),
        cmocka_unit_test(test_id_not_in_flight_or_twice),
        cmocka_unit_test(test_used_index_jumps),
        cmocka_unit_test(test_chain_used_before_it_was_published),
        cmocka_unit_test(test_length_longer_than_given),
        cmocka_unit_test(test_scribbled_descriptors_do_not_matter),
        cmocka_unit_test(test_random_device),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
