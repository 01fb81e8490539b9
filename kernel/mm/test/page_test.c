// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Page allocator and heap: a memory map with holes and reserved parts, limits, merging, reserves;
// random use.

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/mm/heap.h"
#include "kernel/mm/test/host.h"

#define KIB(n) ((uint64_t)(n) << 10)
#define MIB(n) ((uint64_t)(n) << 20)

static const struct boot_memory_range ram[] = {
    {0, KIB(636) + 100}, // ends inside a page
    {MIB(1), MIB(23)},
    {MIB(28) + 8, MIB(12)}, // begins inside a page
};
static const struct boot_memory_range reserved[] = {
    {MIB(2), MIB(1) + 123},
    {MIB(3) + 200, KIB(8)}, // touches the one before
    {MIB(10), MIB(1)},
    {MIB(26), MIB(3)}, // begins in the hole
};

enum { FRAMES = 40 << 8 };

static bool overlaps(uint64_t address, const struct boot_memory_range *range)
{
    return address + PAGE_SIZE > range->base && address < range->base + range->bytes;
}

static bool may_be_given(uint64_t address)
{
    bool inside = false;
    for (unsigned i = 0; i < sizeof(ram) / sizeof(ram[0]); i++) {
        inside =
            inside || (address >= ram[i].base && address + PAGE_SIZE <= ram[i].base + ram[i].bytes);
    }
    for (unsigned i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++) {
        inside = inside && !overlaps(address, &reserved[i]);
    }
    return inside && address != 0;
}

static struct page *taken[FRAMES];

// Takes single pages until there is none.
static unsigned take_all(unsigned flags)
{
    unsigned count = 0;
    while ((taken[count] = page_allocate(0, flags)) != NULL) {
        count++;
    }
    return count;
}

static void put_all(unsigned count)
{
    while (count > 0) {
        page_put(taken[--count]);
    }
}

static void test_memory_map(void **state)
{
    (void)state;
    static bool seen[FRAMES];
    uint64_t free_before = page_free_count();
    unsigned count = take_all(0);
    assert_int_equal(count, free_before);
    assert_int_equal(page_free_count(), 0);
    for (unsigned i = 0; i < count; i++) {
        uint64_t address = page_physical(taken[i]);
        assert_true(may_be_given(address));
        assert_false(seen[address / PAGE_SIZE]);
        seen[address / PAGE_SIZE] = true;
        assert_ptr_equal(page_of(address), taken[i]);
        assert_ptr_equal(page_of_ram(address), taken[i]);
    }
    // What was not given is the array, and nothing else.
    uint64_t array = (uint64_t)(uintptr_t)page_array - host_arena;
    for (uint64_t frame = 0; frame < FRAMES; frame++) {
        bool in_array = frame * PAGE_SIZE >= array &&
                        frame * PAGE_SIZE < array + page_frame_count * sizeof(struct page);
        assert_int_equal(seen[frame], may_be_given(frame * PAGE_SIZE) && !in_array);
    }
    assert_null(page_of(MIB(25)));
    assert_null(page_of(MIB(64)));
    assert_null(page_of(KIB(636)));
    assert_int_equal(page_of(MIB(10))->references, 1);
    put_all(count);
    assert_int_equal(page_free_count(), free_before);
}

static unsigned largest_blocks(struct page **blocks)
{
    unsigned count = 0;
    while ((blocks[count] = page_allocate(PAGE_ORDER_MAX, 0)) != NULL) {
        assert_int_equal(page_physical(blocks[count]) % MIB(4), 0);
        count++;
    }
    return count;
}

static void free_blocks(struct page **blocks, unsigned count, unsigned order)
{
    for (unsigned i = 0; i < count; i++) {
        for (unsigned k = 0; k < 1u << order; k++) {
            page_put(&blocks[i][k]);
        }
    }
}

static void test_merging(void **state)
{
    (void)state;
    struct page *blocks[16];
    unsigned before = largest_blocks(blocks);
    assert_int_equal(before, 5); // at 4, 12, 16, 20 and 32 MiB: the array lies at the end
    free_blocks(blocks, before, PAGE_ORDER_MAX);
    put_all(take_all(0));
    unsigned after = largest_blocks(blocks);
    assert_int_equal(after, before);
    free_blocks(blocks, after, PAGE_ORDER_MAX);
    assert_null(page_allocate(PAGE_ORDER_MAX + 1, 0));
}

static void test_limits(void **state)
{
    (void)state;
    unsigned count = 0;
    while ((taken[count] = page_allocate(count % 3, PAGE_BELOW_16M)) != NULL) {
        assert_true(page_physical(taken[count]) + ((uint64_t)PAGE_SIZE << count % 3) <= MIB(16));
        count++;
    }
    assert_true(count > 500);
    struct page *page = page_allocate(0, PAGE_BELOW_4G);
    assert_non_null(page);
    page_put(page);
    while (count > 0) {
        count--;
        free_blocks(&taken[count], 1, count % 3);
    }
}

static void test_zeroed(void **state)
{
    (void)state;
    struct page *page = page_allocate(2, PAGE_ZEROED);
    const uint8_t *bytes = page_address(page);
    for (unsigned i = 0; i < 4 * PAGE_SIZE; i++) {
        assert_int_equal(bytes[i], 0);
    }
    free_blocks(&page, 1, 2);
    page = page_allocate(0, PAGE_ZEROED);
    page_put_zeroed(page);
    struct page *again = page_allocate(0, PAGE_ZEROED);
    assert_ptr_equal(again, page); // and not cleared twice
    page_put_zeroed(again);
    for (unsigned i = 0; i < 100; i++) { // more than the cache holds
        taken[i] = page_allocate(0, PAGE_ZEROED);
    }
    for (unsigned i = 0; i < 100; i++) {
        page_put_zeroed(taken[i]);
    }
    page_drain_cache();
}

static void test_reserves(void **state)
{
    (void)state;
    static struct page *guest[FRAMES];
    static struct page *service[FRAMES];
    unsigned guests = 0;
    unsigned services = 0;
    uint64_t before = page_free_count();
    while ((guest[guests] = page_allocate(0, PAGE_FOR_GUEST)) != NULL) {
        guests++;
    }
    uint64_t left = page_free_count();
    assert_in_range(left, 100, 200);
    assert_null(page_allocate(3, PAGE_FOR_GUEST));
    while ((service[services] = page_allocate(0, PAGE_FOR_SERVICE)) != NULL) {
        services++;
    }
    assert_in_range(services, 30, left);
    assert_in_range(page_free_count(), 30, left);
    unsigned kernel = take_all(0);
    assert_true(kernel >= 30);
    assert_int_equal(page_free_count(), 0);
    put_all(kernel);
    assert_null(page_allocate(3, PAGE_FOR_SERVICE));
    while (services > 0) {
        page_put(service[--services]);
    }
    while (guests > 0) {
        page_put(guest[--guests]);
    }
    assert_int_equal(page_free_count(), before);
}

static void test_random_blocks(void **state)
{
    (void)state;
    enum { SLOTS = 300, ROUNDS = 30000 };
    static struct {
        struct page *page;
        unsigned order;
        uint64_t mark;
    } slots[SLOTS];
    uint64_t before = page_free_count();
    srand(7);
    for (uint64_t round = 0; round < ROUNDS + SLOTS; round++) {
        unsigned i = round < ROUNDS ? (unsigned)rand() % SLOTS : (unsigned)(round - ROUNDS);
        host_cpu = (unsigned)rand() % HOST_CPUS;
        if (slots[i].page != NULL) {
            for (unsigned k = 0; k < 1u << slots[i].order; k++) {
                assert_int_equal(*(uint64_t *)page_address(&slots[i].page[k]), slots[i].mark + k);
            }
            free_blocks(&slots[i].page, 1, slots[i].order);
            slots[i].page = NULL;
        } else if (round < ROUNDS) {
            slots[i].order = (unsigned)rand() % 5;
            slots[i].mark = round << 8;
            slots[i].page = page_allocate(slots[i].order, 0);
            for (unsigned k = 0; slots[i].page != NULL && k < 1u << slots[i].order; k++) {
                *(uint64_t *)page_address(&slots[i].page[k]) = slots[i].mark + k;
            }
        }
    }
    assert_int_equal(page_free_count(), before);
}

static void test_heap(void **state)
{
    (void)state;
    enum { SLOTS = 400, ROUNDS = 50000 };
    static struct {
        uint8_t *bytes;
        size_t size;
    } slots[SLOTS];
    srand(11);
    for (unsigned round = 0; round < ROUNDS + SLOTS; round++) {
        unsigned i = round < ROUNDS ? (unsigned)rand() % SLOTS : round - ROUNDS;
        if (slots[i].bytes != NULL) {
            for (size_t k = 0; k < slots[i].size; k++) {
                assert_int_equal(slots[i].bytes[k], (uint8_t)i);
            }
            heap_free(slots[i].bytes);
            slots[i].bytes = NULL;
        } else if (round < ROUNDS) {
            slots[i].size = 1 + (unsigned)rand() % (rand() % 8 == 0 ? HEAP_MAX : 600);
            slots[i].bytes = heap_allocate(slots[i].size);
            assert_non_null(slots[i].bytes);
            assert_int_equal(
                (uintptr_t)slots[i].bytes % (slots[i].size > HEAP_SLAB_MAX ? PAGE_SIZE : 16), 0);
            for (size_t k = 0; k < slots[i].size; k++) {
                assert_int_equal(slots[i].bytes[k], 0);
            }
            memset(slots[i].bytes, (uint8_t)i, slots[i].size);
        }
    }
    assert_in_range(heap_bytes(), 0, 12 * PAGE_SIZE); // one empty slab a class
    assert_null(heap_allocate(HEAP_MAX + 1));
    heap_free(NULL);
}

int main(void)
{
    host_init_ranges(MIB(44), ram, 3, reserved, 4);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory_map), cmocka_unit_test(test_merging),
        cmocka_unit_test(test_limits),     cmocka_unit_test(test_zeroed),
        cmocka_unit_test(test_reserves),   cmocka_unit_test(test_random_blocks),
        cmocka_unit_test(test_heap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
