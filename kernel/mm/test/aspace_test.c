// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Address spaces: what the random test does not reach (growing stacks, addresses chosen by the
// kernel, device memory, huge ranges in pieces, reserves), sharing after a clone in detail, and the
// N-th failure for all N of each call.

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "abi/error.h"
#include "kernel/mm/test/host.h"

#define BASE 0x10000000ull

static uint64_t used_before;
static struct aspace *space;

static int setup(void **state)
{
    (void)state;
    used_before = host_pages_used();
    return aspace_create(&space);
}

static int teardown(void **state)
{
    (void)state;
    (void)host_fail_allocation(0);
    object_put(&space->object);
    host_reap();
    host_check_tlbs();
    return host_pages_used() == used_before ? 0 : -1;
}

static uint64_t map_args(struct aspace *aspace, struct aspace_map_args args, struct memory *memory,
                         int expected)
{
    uint64_t address = 0;
    assert_int_equal(aspace_map(aspace, &args, memory, 7, &address), expected);
    return address;
}

static uint64_t map_fixed(struct aspace *aspace, uint64_t address, uint64_t pages, unsigned prot,
                          unsigned flags)
{
    struct aspace_map_args args = {
        .address = address, .bytes = pages * PAGE_SIZE, .prot = prot, .flags = MAP_FIXED | flags};
    return map_args(aspace, args, NULL, 0);
}

static void put_word(struct aspace *aspace, uint64_t address, uint64_t value)
{
    uint8_t *byte;
    struct fault fault;
    assert_int_equal(host_access(aspace, address, PROT_WRITE, &byte, &fault), 0);
    memcpy(byte, &value, sizeof(value));
}

static uint64_t get_word(struct aspace *aspace, uint64_t address)
{
    uint8_t *byte;
    uint64_t value;
    struct fault fault;
    assert_int_equal(host_access(aspace, address, PROT_READ, &byte, &fault), 0);
    memcpy(&value, byte, sizeof(value));
    return value;
}

static int access_error(struct aspace *aspace, uint64_t address, unsigned access)
{
    uint8_t *byte;
    struct fault fault;
    return host_access(aspace, address, access, &byte, &fault);
}

static uint64_t read_stats(struct aspace *aspace, struct aspace_stats *stats)
{
    aspace_statistics(aspace, stats);
    return stats->resident_bytes / PAGE_SIZE;
}

static void test_arguments(void **state)
{
    (void)state;
    struct memory *device;
    uint64_t address;
    const struct aspace_map_args good = {
        .address = BASE, .bytes = PAGE_SIZE, .prot = PROT_READ, .flags = MAP_FIXED};
    struct aspace_map_args args = good;
    args.bytes = 0;
    (void)map_args(space, args, NULL, -E_INVAL);
    args.bytes = 100;
    (void)map_args(space, args, NULL, -E_INVAL);
    args = good;
    args.prot = 8;
    (void)map_args(space, args, NULL, -E_INVAL);
    args = good;
    args.flags |= 1u << 30;
    (void)map_args(space, args, NULL, -E_INVAL);
    args = good;
    args.address = USER_BASE - PAGE_SIZE;
    (void)map_args(space, args, NULL, -E_PERM);
    args.address = USER_END - PAGE_SIZE;
    args.bytes = 2 * PAGE_SIZE;
    (void)map_args(space, args, NULL, -E_PERM);
    args.address = 0xffff800000000000;
    (void)map_args(space, args, NULL, -E_PERM);
    args = good;
    args.offset = ~0ull << PAGE_SHIFT;
    (void)map_args(space, args, NULL, -E_INVAL);
    args = good;
    args.flags |= MAP_GROWS_DOWN;
    (void)map_args(space, args, NULL, -E_INVAL); // limit below the size
    assert_int_equal(memory_create_physical(0xfee00000, PAGE_SIZE, MEMORY_DEVICE, &device), 0);
    args = good;
    args.flags |= MAP_PRIVATE;
    (void)map_args(space, args, device, -E_INVAL);
    args = good;
    args.prot = PROT_READ | PROT_WRITE;
    assert_int_equal(aspace_map(space, &args, device, PROT_READ, &address), -E_ACCES);
    assert_int_equal(aspace_unmap(space, BASE + 1, PAGE_SIZE), -E_INVAL);
    assert_int_equal(aspace_unmap(space, USER_END, PAGE_SIZE), -E_PERM);
    assert_int_equal(aspace_protect(space, BASE, PAGE_SIZE, PROT_READ), -E_NOMEM);
    assert_int_equal(aspace_protect(space, BASE, PAGE_SIZE, 8), -E_INVAL);
    assert_int_equal(aspace_move(space, BASE, PAGE_SIZE, 0, PAGE_SIZE, &address), -E_FAULT);
    assert_int_equal(aspace_move(space, BASE, 0, 0, PAGE_SIZE, &address), -E_INVAL);
    object_put(&device->object);
}

static void test_addresses(void **state)
{
    (void)state;
    struct aspace_map_args args = {.bytes = 4 * PAGE_SIZE, .prot = PROT_READ};
    uint64_t first = map_args(space, args, NULL, 0);
    assert_int_equal(first, USER_END - 4 * PAGE_SIZE);
    args.prot = PROT_NONE; // not joined with the first
    assert_int_equal(map_args(space, args, NULL, 0), first - 4 * PAGE_SIZE);
    args.address = BASE;
    assert_int_equal(map_args(space, args, NULL, 0), BASE);
    assert_int_equal(map_args(space, args, NULL, 0), BASE - 4 * PAGE_SIZE);
    args.address = BASE + PAGE_SIZE;
    assert_int_equal(map_args(space, args, NULL, 0), BASE - 8 * PAGE_SIZE);
    // Nothing is free at or below a low hint: the highest free range.
    args.address = USER_BASE;
    args.bytes = BASE - USER_BASE - 8 * PAGE_SIZE;
    assert_int_equal(map_args(space, args, NULL, 0), USER_BASE);
    args.bytes = PAGE_SIZE;
    assert_int_equal(map_args(space, args, NULL, 0), first - 5 * PAGE_SIZE);
    // A hole of exactly the size.
    assert_int_equal(aspace_unmap(space, BASE, 2 * PAGE_SIZE), 0);
    args.address = BASE + PAGE_SIZE;
    args.bytes = 2 * PAGE_SIZE;
    assert_int_equal(map_args(space, args, NULL, 0), BASE);
    args.bytes = USER_END;
    (void)map_args(space, args, NULL, -E_NOMEM);
}

static void test_stack(void **state)
{
    (void)state;
    const uint64_t top = BASE + 0x1000000;
    struct aspace_map_args args = {.address = top - 2 * PAGE_SIZE,
                                   .bytes = 2 * PAGE_SIZE,
                                   .limit = 256 * PAGE_SIZE,
                                   .prot = PROT_READ | PROT_WRITE,
                                   .flags = MAP_FIXED | MAP_GROWS_DOWN};
    struct region_info info;
    (void)map_args(space, args, NULL, 0);
    // Addresses the kernel chooses leave the stack its room.
    struct aspace_map_args hint = {
        .address = top - 16 * PAGE_SIZE, .bytes = PAGE_SIZE, .prot = PROT_READ};
    assert_int_equal(map_args(space, hint, NULL, 0), top - 257 * PAGE_SIZE);
    assert_int_equal(aspace_unmap(space, top - 257 * PAGE_SIZE, PAGE_SIZE), 0);

    put_word(space, top - 3 * PAGE_SIZE, 7);
    put_word(space, top - 100 * PAGE_SIZE + 8, 8);
    assert_int_equal(aspace_query(space, BASE, &info), 0);
    assert_int_equal(info.address, top - 100 * PAGE_SIZE);
    assert_int_equal(info.resident_bytes, 2 * PAGE_SIZE);
    assert_int_equal(access_error(space, top - 257 * PAGE_SIZE, PROT_WRITE), -E_FAULT);
    // What is mapped within its room stops it, at a distance.
    (void)map_fixed(space, top - 200 * PAGE_SIZE, 1, PROT_READ, 0);
    assert_int_equal(access_error(space, top - 190 * PAGE_SIZE, PROT_READ), -E_FAULT);
    put_word(space, top - 183 * PAGE_SIZE, 9);
    assert_int_equal(get_word(space, top - 3 * PAGE_SIZE), 7);
    // Copies fault it in as accesses do.
    assert_int_equal(aspace_unmap(space, top - 200 * PAGE_SIZE, PAGE_SIZE), 0);
    struct fault fault;
    uint64_t value = 5;
    assert_int_equal(aspace_copy_out(space, top - 256 * PAGE_SIZE, &value, sizeof(value), &fault),
                     0);
    assert_int_equal(get_word(space, top - 256 * PAGE_SIZE), 5);
}

static void test_shared_anonymous(void **state)
{
    (void)state;
    struct aspace *clone;
    (void)map_fixed(space, BASE, 4, PROT_READ | PROT_WRITE, MAP_SHARED_ANON);
    (void)map_fixed(space, BASE + 4 * PAGE_SIZE, 4, PROT_READ | PROT_WRITE, 0);
    put_word(space, BASE, 1);
    put_word(space, BASE + 4 * PAGE_SIZE, 2);
    assert_int_equal(aspace_clone(space, &clone), 0);
    put_word(clone, BASE, 3);
    put_word(clone, BASE + PAGE_SIZE, 4);
    put_word(clone, BASE + 4 * PAGE_SIZE, 5);
    assert_int_equal(get_word(space, BASE), 3);
    assert_int_equal(get_word(space, BASE + PAGE_SIZE), 4);
    assert_int_equal(get_word(space, BASE + 4 * PAGE_SIZE), 2);
    object_put(&clone->object);
    host_reap();
    assert_int_equal(get_word(space, BASE), 3);
}

// After a clone is gone its pages are written without a copy; while it lives, with exactly one.
static void test_sole_owner(void **state)
{
    (void)state;
    struct aspace *clone;
    (void)map_fixed(space, BASE, 8, PROT_READ | PROT_WRITE, 0);
    for (unsigned i = 0; i < 8; i++) {
        put_word(space, BASE + i * PAGE_SIZE, i);
    }
    uint64_t used = host_pages_used();
    assert_int_equal(aspace_clone(space, &clone), 0);
    uint64_t tables = host_pages_used() - used;
    put_word(space, BASE, 100);
    assert_int_equal(host_pages_used(), used + tables + 1);
    put_word(clone, BASE, 200); // its own already
    assert_int_equal(host_pages_used(), used + tables + 1);
    assert_int_equal(get_word(space, BASE), 100);
    object_put(&clone->object);
    host_reap();
    assert_int_equal(host_pages_used(), used);
    for (unsigned i = 0; i < 8; i++) {
        put_word(space, BASE + i * PAGE_SIZE, i);
    }
    assert_int_equal(host_pages_used(), used);
}

static void test_no_access_keeps_pages(void **state)
{
    (void)state;
    struct aspace_stats stats;
    (void)map_fixed(space, BASE, 3, PROT_READ | PROT_WRITE, 0);
    put_word(space, BASE + PAGE_SIZE, 77);
    assert_int_equal(aspace_protect(space, BASE, 3 * PAGE_SIZE, PROT_NONE), 0);
    assert_int_equal(access_error(space, BASE + PAGE_SIZE, PROT_READ), -E_FAULT);
    assert_int_equal(read_stats(space, &stats), 1);
    struct aspace *clone;
    assert_int_equal(aspace_clone(space, &clone), 0);
    assert_int_equal(access_error(clone, BASE + PAGE_SIZE, PROT_READ), -E_FAULT);
    assert_int_equal(aspace_protect(clone, BASE, 3 * PAGE_SIZE, PROT_READ | PROT_WRITE), 0);
    put_word(clone, BASE + PAGE_SIZE, 78);
    assert_int_equal(aspace_protect(space, BASE, 3 * PAGE_SIZE, PROT_READ), 0);
    assert_int_equal(get_word(space, BASE + PAGE_SIZE), 77);
    assert_int_equal(access_error(space, BASE + PAGE_SIZE, PROT_WRITE), -E_FAULT);
    assert_int_equal(access_error(space, BASE + PAGE_SIZE, PROT_EXECUTE), -E_FAULT);
    object_put(&clone->object);
}

static void test_device(void **state)
{
    (void)state;
    static const struct {
        enum memory_cache cache;
        uint64_t bits; // PCD, PWT
    } kinds[] = {{MEMORY_DEVICE, 0x18}, {MEMORY_WRITE_COMBINING, 0x08}, {MEMORY_CACHED, 0}};
    for (unsigned i = 0; i < 3; i++) {
        struct memory *device;
        struct page *page;
        struct fault fault = {.address = BASE + 3 * PAGE_SIZE + 5, .access = PROT_WRITE};
        uint32_t value;
        struct futex_key key;
        struct aspace_map_args args = {.address = BASE,
                                       .bytes = 32 * PAGE_SIZE,
                                       .flags = MAP_FIXED,
                                       .prot = PROT_READ | PROT_WRITE,
                                       .offset = PAGE_SIZE};
        assert_int_equal(
            memory_create_physical(0xfd000000, 24 * PAGE_SIZE, kinds[i].cache, &device), 0);
        (void)map_args(space, args, device, 0);
        assert_int_equal(aspace_fault(space, &fault), 0);
        mmu_entry_t entry = *mmu_find(&space->mmu, fault.address);
        assert_int_equal(mmu_entry_frame(entry), 0xfd004000);
        assert_int_equal(entry & 0x9f, 7 | kinds[i].bits);
        assert_int_equal(aspace_copy_in(space, &value, BASE, sizeof(value), &fault), -E_FAULT);
        assert_int_equal(aspace_futex_load(space, BASE, &value, &key, &fault), -E_FAULT);
        assert_int_equal(aspace_pin_page(space, BASE, &page), -E_FAULT);
        fault.address = BASE + 20 * PAGE_SIZE;
        assert_int_equal(aspace_fault(space, &fault), 0);
        assert_int_not_equal(*mmu_find(&space->mmu, BASE + 22 * PAGE_SIZE), 0); // mapped with it
        assert_int_equal(*mmu_find(&space->mmu, BASE + 23 * PAGE_SIZE), 0); // the object has ended
        fault.address = BASE + 23 * PAGE_SIZE;
        assert_int_equal(aspace_fault(space, &fault), -E_FAULT);
        assert_true(fault.mapped);
        assert_int_equal(memory_page(device, 0, false, &page), -E_INVAL);
        assert_int_equal(aspace_unmap(space, BASE, 32 * PAGE_SIZE), 0);
        object_put(&device->object);
    }
}

static void test_pin(void **state)
{
    (void)state;
    struct page *page;
    (void)map_fixed(space, BASE, 2, PROT_READ | PROT_WRITE, 0);
    (void)map_fixed(space, BASE + 2 * PAGE_SIZE, 1, PROT_READ, 0);
    assert_int_equal(aspace_pin_page(space, BASE + 100, &page), 0);
    *(uint64_t *)page_address(page) = 11;
    assert_int_equal(get_word(space, BASE), 11);
    assert_int_equal(aspace_unmap(space, BASE, 2 * PAGE_SIZE), 0);
    assert_int_equal(page->references, 1);
    page_put(page);
    assert_int_equal(aspace_pin_page(space, BASE + 2 * PAGE_SIZE, &page), -E_FAULT);
    assert_int_equal(aspace_pin_page(space, ~0ull, &page), -E_FAULT);
}

static void test_populate(void **state)
{
    (void)state;
    struct aspace_stats stats;
    (void)map_fixed(space, BASE, 100, PROT_READ | PROT_WRITE, MAP_POPULATE);
    assert_int_equal(read_stats(space, &stats), 100);
    assert_int_equal(stats.private_bytes, 100 * PAGE_SIZE);
    uint64_t faults = stats.faults;
    for (unsigned i = 0; i < 100; i++) {
        assert_int_equal(get_word(space, BASE + i * PAGE_SIZE), 0);
    }
    (void)read_stats(space, &stats);
    assert_int_equal(stats.faults, faults);
}

// Sequential reads of a resident object fault once in sixteen pages.
static void test_fault_around(void **state)
{
    (void)state;
    enum { PAGES = 200 };
    struct memory *memory;
    struct page *page;
    struct aspace_stats stats;
    assert_int_equal(memory_create(PAGES * PAGE_SIZE, 0, NULL, 0, &memory), 0);
    for (uint64_t i = 0; i < PAGES; i++) {
        assert_int_equal(memory_page(memory, i * PAGE_SIZE, true, &page), 0);
        *(uint64_t *)page_address(page) = i;
        page_put(page);
    }
    struct aspace_map_args args = {.address = BASE + 5 * PAGE_SIZE,
                                   .bytes = (PAGES - 3) * PAGE_SIZE,
                                   .flags = MAP_FIXED | MAP_PRIVATE,
                                   .prot = PROT_READ,
                                   .offset = 3 * PAGE_SIZE};
    (void)map_args(space, args, memory, 0);
    for (uint64_t i = 3; i < PAGES; i++) {
        assert_int_equal(get_word(space, args.address + (i - 3) * PAGE_SIZE), i);
    }
    assert_int_equal(read_stats(space, &stats), PAGES - 3);
    assert_in_range(stats.faults, 13, 18);
    assert_int_equal(memory_decommit(memory, 0, PAGES * PAGE_SIZE), 0);
    assert_int_equal(read_stats(space, &stats), 0);
    object_put(&memory->object);
}

// The first write after each cleaning is seen, through every mapping and on every CPU.
static void test_dirty(void **state)
{
    (void)state;
    enum { PAGES = 20 };
    struct memory *source;
    struct memory *paged;
    uint8_t bitmap[3];
    assert_int_equal(memory_create(PAGES * PAGE_SIZE, 0, NULL, 0, &source), 0);
    assert_int_equal(memory_create(PAGES * PAGE_SIZE, MEMORY_PAGED, NULL, 0, &paged), 0);
    assert_int_equal(memory_supply(paged, 0, source, 0, PAGES * PAGE_SIZE), 0);
    struct aspace_map_args args = {.address = BASE,
                                   .bytes = PAGES * PAGE_SIZE,
                                   .flags = MAP_FIXED,
                                   .prot = PROT_READ | PROT_WRITE};
    (void)map_args(space, args, paged, 0);
    struct aspace *clone;
    assert_int_equal(aspace_clone(space, &clone), 0);
    for (unsigned round = 1; round < 4; round++) {
        for (unsigned i = 0; i < PAGES; i++) {
            assert_int_equal(get_word(space, BASE + i * PAGE_SIZE) >> 8,
                             0); // reading is not writing
        }
        assert_int_equal(memory_dirty(paged, 0, PAGES, bitmap, false), 0);
        host_cpu = round % HOST_CPUS;
        put_word(space, BASE + 3 * PAGE_SIZE, round);
        put_word(clone, BASE + 3 * PAGE_SIZE, round);
        put_word(clone, BASE + 17 * PAGE_SIZE, round);
        assert_int_equal(memory_dirty(paged, 0, PAGES, bitmap, false), 2);
        assert_int_equal(bitmap[0] | bitmap[1] << 8 | bitmap[2] << 16, 1 << 3 | 1 << 17);
        host_cpu = 0;
        assert_int_equal(memory_dirty(paged, PAGE_SIZE, PAGES - 1, bitmap, true), 2);
        host_check_tlbs();
        assert_aspace_entries(space);
        assert_aspace_entries(clone);
        assert_int_equal(memory_dirty(paged, 0, PAGES, bitmap, true), 0);
    }
    object_put(&clone->object);
    object_put(&source->object);
    object_put(&paged->object);
}

enum { HUGE_PAGES = MEMORY_WORK_PAGES * 2 + 50 };

static unsigned fill(uint64_t pages)
{
    for (uint64_t i = 0; i < pages; i++) {
        put_word(space, BASE + i * PAGE_SIZE, i);
    }
    return 0;
}

static void test_huge_unmap(void **state)
{
    (void)state;
    unsigned calls = 1;
    (void)map_fixed(space, BASE, HUGE_PAGES, PROT_READ | PROT_WRITE, 0);
    (void)fill(HUGE_PAGES);
    while (aspace_unmap(space, BASE, HUGE_PAGES * PAGE_SIZE) == -E_INPROGRESS) {
        host_check_tlbs();
        assert_aspace_entries(space);
        calls++;
    }
    assert_in_range(calls, 3, 4);
    assert_int_equal(space->mmu.tables, 1);
    // Nothing present: as much as one likes at once.
    (void)map_fixed(space, BASE, 1ull << 34, PROT_READ, 0);
    assert_int_equal(aspace_unmap(space, BASE, 1ull << 46), 0);
}

static void test_huge_protect(void **state)
{
    (void)state;
    unsigned calls = 1;
    (void)map_fixed(space, BASE, HUGE_PAGES, PROT_READ | PROT_WRITE, 0);
    (void)fill(HUGE_PAGES);
    while (aspace_protect(space, BASE, HUGE_PAGES * PAGE_SIZE, PROT_READ) == -E_INPROGRESS) {
        host_check_tlbs();
        assert_aspace_entries(space);
        calls++;
    }
    assert_in_range(calls, 2, 4);
    assert_int_equal(space->count, 1); // pieces are joined again
    assert_int_equal(access_error(space, BASE + (HUGE_PAGES - 1) * PAGE_SIZE, PROT_WRITE),
                     -E_FAULT);
    assert_int_equal(get_word(space, BASE + (HUGE_PAGES - 1) * PAGE_SIZE), HUGE_PAGES - 1);
    for (calls = 1; aspace_discard(space, BASE, HUGE_PAGES * PAGE_SIZE) == -E_INPROGRESS; calls++) {
    }
    assert_in_range(calls, 2, 4);
    assert_int_equal(get_word(space, BASE + (HUGE_PAGES - 1) * PAGE_SIZE), 0);
    for (calls = 1; aspace_clear(space) == -E_INPROGRESS; calls++) {
    }
    assert_in_range(calls, 1, 2);
}

// Regions all over the address space, removed together and in parts: each table goes with its last
// region.
static void test_scattered(void **state)
{
    (void)state;
    static const uint64_t places[] = {
        0x10000,        0x400000,       0x5ff000,       0x600000,       0x800000,
        0x3fffe000,     0x40000000,     0x40200000,     0x7ffffff000,   0x8000000000,
        0x8000200000,   0x10000000000,  0x7f0000000000, 0x7f0000200000, 0x7f0040000000,
        0x7f8000000000, 0x7fffffdff000, 0x7fffffffe000,
    };
    enum { COUNT = sizeof(places) / sizeof(places[0]) };
    for (unsigned first = 0; first <= COUNT; first++) {
        for (unsigned after = first; after <= COUNT; after++) {
            for (unsigned i = 0; i < COUNT; i++) {
                (void)map_fixed(space, places[i], 1, PROT_READ | PROT_WRITE, 0);
                put_word(space, places[i], i);
            }
            uint64_t end = after == COUNT ? USER_END : places[after];
            if (after > first) {
                assert_int_equal(aspace_unmap(space, places[first], end - places[first]), 0);
            }
            for (unsigned i = 0; i < COUNT; i++) {
                if (i >= first && i < after) {
                    assert_int_equal(access_error(space, places[i], PROT_READ), -E_FAULT);
                } else {
                    assert_int_equal(get_word(space, places[i]), i);
                }
            }
            host_check_tlbs();
            assert_int_equal(aspace_clear(space), 0);
            assert_int_equal(space->mmu.tables, 1);
        }
    }
}

static void test_region_limit(void **state)
{
    (void)state;
    uint64_t address = BASE;
    struct aspace_map_args args = {.bytes = PAGE_SIZE, .flags = MAP_FIXED};
    int error = 0;
    for (unsigned i = 0; error == 0; i++) {
        uint64_t result;
        args.address = BASE + (uint64_t)i * 2 * PAGE_SIZE;
        error = aspace_map(space, &args, NULL, 0, &result);
    }
    assert_int_equal(error, -E_NOMEM);
    assert_in_range(space->count, ASPACE_REGIONS_MAX - 4, ASPACE_REGIONS_MAX);
    assert_int_equal(aspace_unmap(space, address, PAGE_SIZE), 0);
}

// A program that takes all memory gets -E_NOMEM while services still have some.
static void test_guest_reserve(void **state)
{
    (void)state;
    struct aspace *guest;
    assert_int_equal(aspace_create(&guest), 0);
    aspace_set_guest(guest);
    (void)map_fixed(guest, BASE, 1 << 20, PROT_READ | PROT_WRITE, 0);
    (void)map_fixed(space, BASE, 1 << 20, PROT_READ | PROT_WRITE, 0);
    int error = 0;
    for (uint64_t i = 0; error == 0; i++) {
        error = access_error(guest, BASE + i * PAGE_SIZE, PROT_WRITE);
    }
    assert_int_equal(error, -E_NOMEM);
    (void)fill(30);
    assert_true(page_free_count() > 60);
    uint64_t value = 1;
    struct fault fault;
    assert_int_equal(aspace_copy_out(guest, BASE + (1ull << 31), &value, sizeof(value), &fault),
                     -E_NOMEM);
    object_put(&guest->object);
    host_reap();
}

static void test_copy_limits(void **state)
{
    (void)state;
    struct fault fault;
    struct aspace *fault_space;
    char byte;
    (void)map_fixed(space, BASE, 600, PROT_READ | PROT_WRITE, 0);
    assert_int_equal(aspace_copy_between(space, BASE + (300 << 12), space, BASE, 290 << 12, &fault,
                                         &fault_space),
                     ASPACE_COPY_MAX);
    assert_int_equal(
        aspace_copy_between(space, BASE, space, BASE + (598 << 12), 3 << 12, &fault, &fault_space),
        2 << 12);
    assert_int_equal(aspace_copy_between(space, BASE, space, USER_END - 1, 2, &fault, &fault_space),
                     -E_FAULT);
    assert_int_equal(aspace_copy_between(space, ~0ull - 1, space, BASE, 4, &fault, &fault_space),
                     -E_FAULT);
    assert_int_equal(aspace_copy_between(space, BASE, space, BASE, 0, &fault, &fault_space), 0);
    assert_int_equal(aspace_copy_in(space, &byte, 0xffff800000000000, 1, &fault), -E_FAULT);
    assert_int_equal(aspace_copy_in(space, &byte, ~0ull, 1, &fault), -E_FAULT);
    assert_int_equal(aspace_copy_out(space, BASE, &byte, ~0ull, &fault), -E_FAULT);
    assert_int_equal(aspace_copy_in(space, &byte, 0, 1, &fault), -E_FAULT);
    assert_false(fault.mapped);
}

// ---- the N-th failure for all N ----

static struct memory *object;

static void build(void)
{
    struct page *page;
    assert_int_equal(memory_create(64 * PAGE_SIZE, 0, NULL, 0, &object), 0);
    for (uint64_t i = 0; i < 64; i++) {
        assert_int_equal(memory_page(object, i * PAGE_SIZE, true, &page), 0);
        *(uint64_t *)page_address(page) = i;
        page_put(page);
    }
    (void)map_fixed(space, BASE, 16, PROT_READ | PROT_WRITE, 0);
    struct aspace_map_args args = {.address = BASE + 16 * PAGE_SIZE,
                                   .bytes = 64 * PAGE_SIZE,
                                   .prot = PROT_READ | PROT_WRITE,
                                   .flags = MAP_FIXED | MAP_PRIVATE};
    (void)map_args(space, args, object, 0);
    (void)map_fixed(space, BASE + (1ull << 40), 16, PROT_READ | PROT_WRITE, 0);
    for (uint64_t i = 0; i < 80; i += 3) {
        put_word(space, BASE + i * PAGE_SIZE, i + 1000);
    }
    put_word(space, BASE + (1ull << 40), 5);
}

static void check_built(void)
{
    for (uint64_t i = 0; i < 80; i++) {
        uint64_t expected = i % 3 == 0 ? i + 1000 : i < 16 ? 0 : i - 16;
        assert_int_equal(get_word(space, BASE + i * PAGE_SIZE), expected);
    }
    assert_int_equal(get_word(space, BASE + (1ull << 40)), 5);
    assert_aspace_entries(space);
    host_check_references(&space, 1, &object, 1);
}

static int do_clone(void)
{
    struct aspace *clone;
    int error = aspace_clone(space, &clone);
    if (error == 0) {
        object_put(&clone->object);
    }
    return error;
}

static int do_map(void)
{
    uint64_t address;
    struct aspace_map_args args = {.address = BASE + (1ull << 41),
                                   .bytes = PAGE_SIZE,
                                   .flags = MAP_SHARED_ANON | MAP_FIXED,
                                   .prot = PROT_READ | PROT_WRITE};
    int error = aspace_map(space, &args, NULL, 0, &address);
    if (error == 0) {
        assert_int_equal(aspace_unmap(space, address, PAGE_SIZE), 0);
    }
    return error;
}

static int do_move(void)
{
    uint64_t address;
    int error = aspace_move(space, BASE + 20 * PAGE_SIZE, 10 * PAGE_SIZE, BASE + (1ull << 42),
                            10 * PAGE_SIZE, &address);
    if (error == 0) {
        (void)host_fail_allocation(0);
        error = aspace_move(space, address, 10 * PAGE_SIZE, BASE + 20 * PAGE_SIZE, 10 * PAGE_SIZE,
                            &address);
    }
    return error;
}

static int do_protect(void)
{
    int error = aspace_protect(space, BASE + 20 * PAGE_SIZE, 10 * PAGE_SIZE, PROT_NONE);
    (void)host_fail_allocation(0);
    int again =
        aspace_protect(space, BASE + 20 * PAGE_SIZE, 10 * PAGE_SIZE, PROT_READ | PROT_WRITE);
    return error != 0 ? error : again;
}

static int do_split(void)
{
    uint64_t address;
    struct aspace_map_args args = {.address = BASE + (1ull << 40) + 5 * PAGE_SIZE,
                                   .bytes = PAGE_SIZE,
                                   .flags = MAP_FIXED,
                                   .prot = PROT_READ};
    int error = aspace_unmap(space, args.address, PAGE_SIZE);
    return error != 0 ? error : aspace_map(space, &args, NULL, 0, &address);
}

static int do_fault(void)
{
    uint64_t value = 5;
    struct fault fault;
    int error = aspace_copy_out(space, BASE + (1ull << 40) + 8 * PAGE_SIZE - 4, &value,
                                sizeof(value), &fault);
    return error != 0 ? error
                      : aspace_discard(space, BASE + (1ull << 40) + 7 * PAGE_SIZE, 2 * PAGE_SIZE);
}

static void test_nth_failure(void **state)
{
    (void)state;
    static int (*const calls[])(void) = {do_clone, do_map, do_move, do_protect, do_split, do_fault};
    for (unsigned call = 0; call < sizeof(calls) / sizeof(calls[0]); call++) {
        int error = -E_NOMEM;
        unsigned failures = 0;
        for (unsigned n = 1; error != 0; n++) {
            build();
            (void)host_fail_allocation(n);
            error = calls[call]();
            (void)host_fail_allocation(0);
            host_reap();
            host_check_tlbs();
            assert_true(error == 0 || error == -E_NOMEM);
            failures += error != 0;
            check_built();
            object_put(&object->object);
            while (aspace_clear(space) != 0) {
            }
            host_reap();
            assert_int_equal(host_pages_used(), used_before + 1); // the root table
        }
        assert_true(failures > 0);
    }
}

int main(void)
{
    host_init(64 << 20);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_arguments, setup, teardown),
        cmocka_unit_test_setup_teardown(test_addresses, setup, teardown),
        cmocka_unit_test_setup_teardown(test_stack, setup, teardown),
        cmocka_unit_test_setup_teardown(test_shared_anonymous, setup, teardown),
        cmocka_unit_test_setup_teardown(test_sole_owner, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_access_keeps_pages, setup, teardown),
        cmocka_unit_test_setup_teardown(test_device, setup, teardown),
        cmocka_unit_test_setup_teardown(test_pin, setup, teardown),
        cmocka_unit_test_setup_teardown(test_populate, setup, teardown),
        cmocka_unit_test_setup_teardown(test_fault_around, setup, teardown),
        cmocka_unit_test_setup_teardown(test_dirty, setup, teardown),
        cmocka_unit_test_setup_teardown(test_huge_unmap, setup, teardown),
        cmocka_unit_test_setup_teardown(test_huge_protect, setup, teardown),
        cmocka_unit_test_setup_teardown(test_scattered, setup, teardown),
        cmocka_unit_test_setup_teardown(test_region_limit, setup, teardown),
        cmocka_unit_test_setup_teardown(test_guest_reserve, setup, teardown),
        cmocka_unit_test_setup_teardown(test_copy_limits, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nth_failure, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
