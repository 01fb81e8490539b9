// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The heap against a shadow of what it handed out: random allocations, frees and exhaustion;
// detected misuse.

#include "lib/c/heap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

enum { BLOCKS = 3000, ROUNDS = 200000 };

static struct heap heap;
static int maps_left; // then heap_map fails
static size_t mapped;
static jmp_buf broken;

bool heap_map(uintptr_t address, size_t bytes)
{
    if (maps_left == 0)
        return false;
    maps_left--;
    void *got = mmap((void *)address, bytes, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    assert_true((uintptr_t)got == address);
    mapped += bytes;
    return true;
}

void heap_unmap(uintptr_t address, size_t bytes)
{
    void *got = mmap((void *)address, bytes, PROT_NONE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0);
    assert_true((uintptr_t)got == address);
    mapped -= bytes;
}

void heap_broken(const void *block, const char *what)
{
    (void)block;
    (void)what;
    longjmp(broken, 1);
}

static int setup(void **state)
{
    (void)state;
    memset(&heap, 0, sizeof(heap));
    maps_left = -1;
    mapped = 0;
    void *range = mmap(NULL, HEAP_BYTES + HEAP_UNIT, PROT_NONE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    assert_ptr_not_equal(range, MAP_FAILED);
    heap.base = ((uintptr_t)range + HEAP_UNIT - 1) & ~(uintptr_t)(HEAP_UNIT - 1);
    *state = range;
    return 0;
}

static int teardown(void **state)
{
    return munmap(*state, HEAP_BYTES + HEAP_UNIT);
}

static uint64_t random_next(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

static size_t random_size(uint64_t *seed)
{
    uint64_t r = random_next(seed);
    switch (r % 16) {
    case 0:
        return r >> 8 & 0x3ffff;
    case 1:
    case 2:
        return r >> 8 & 0x3fff;
    default:
        return r >> 8 & 0x1ff;
    }
}

struct shadow {
    unsigned char *block;
    size_t bytes;
    unsigned char fill;
};

static void check_fill(const struct shadow *shadow)
{
    for (size_t i = 0; i<shadow->bytes; i += shadow->bytes> 64 ? 61 : 1)
        assert_int_equal(shadow->block[i], shadow->fill);
    if (shadow->bytes)
        assert_int_equal(shadow->block[shadow->bytes - 1], shadow->fill);
}

static void test_random(void **state)
{
    (void)state;
    static struct shadow shadows[BLOCKS];
    memset(shadows, 0, sizeof(shadows));
    uint64_t seed = 88172645463325252ull;
    for (int round = 0; round < ROUNDS; round++) {
        struct shadow *shadow = &shadows[random_next(&seed) % BLOCKS];
        if (shadow->block) {
            check_fill(shadow);
            heap_free(&heap, shadow->block);
            shadow->block = NULL;
            continue;
        }
        size_t alignment = 16;
        if (random_next(&seed) % 8 == 0)
            alignment = (size_t)1 << (4 + random_next(&seed) % 9);
        shadow->bytes = random_size(&seed);
        shadow->fill = (unsigned char)round;
        shadow->block = heap_allocate_aligned(&heap, alignment, shadow->bytes);
        assert_non_null(shadow->block);
        assert_int_equal((uintptr_t)shadow->block % alignment, 0);
        assert_true(heap_block_bytes(&heap, shadow->block) >= shadow->bytes);
        memset(shadow->block, shadow->fill, shadow->bytes);
    }
    for (int i = 0; i < BLOCKS; i++)
        if (shadows[i].block)
            heap_free(&heap, shadows[i].block);
    // What is kept: at most one run a class.
    assert_true(mapped <= HEAP_CLASSES * (size_t)HEAP_UNIT);
    assert_int_equal(mapped, heap.mapped_bytes);
}

static void test_every_size(void **state)
{
    (void)state;
    for (size_t bytes = 0; bytes < 20000; bytes++) {
        unsigned char *block = heap_allocate(&heap, bytes);
        assert_non_null(block);
        assert_true(heap_block_bytes(&heap, block) >= bytes);
        // Not wasteful: at most a quarter more, or to the next 16, or whole pages.
        assert_true(heap_block_bytes(&heap, block) <= bytes + bytes / 4 + 4096);
        if (bytes > 128 && bytes <= HEAP_SMALL_MAX)
            assert_true(heap_block_bytes(&heap, block) <= bytes + bytes / 4 + 1);
        memset(block, 0xa5, bytes);
        heap_free(&heap, block);
    }
}

// With memory for n mappings only, for all n: allocations fail cleanly, and what succeeded works.
static void test_exhaustion(void **state)
{
    (void)state;
    for (int n = 0; n < 40; n++) {
        void *blocks[200];
        maps_left = n;
        for (size_t i = 0; i < 200; i++) {
            blocks[i] = heap_allocate(&heap, i * 97);
            if (blocks[i])
                memset(blocks[i], 1, i * 97);
        }
        maps_left = -1;
        for (size_t i = 0; i < 200; i++)
            if (blocks[i])
                heap_free(&heap, blocks[i]);
    }
    assert_null(heap_allocate(&heap, SIZE_MAX));
    assert_null(heap_allocate(&heap, SIZE_MAX - 100));
    assert_null(heap_allocate(&heap, HEAP_BYTES));
    assert_null(heap_allocate_aligned(&heap, 8192, 10));
}

#define assert_broken(statement)     \
    do {                             \
        volatile bool caught = true; \
        if (!setjmp(broken)) {       \
            statement;               \
            caught = false;          \
        }                            \
        assert_true(caught);         \
    } while (0)

static void test_misuse(void **state)
{
    (void)state;
    unsigned char *keep = heap_allocate(&heap, 100);
    unsigned char *block = heap_allocate(&heap, 100);
    assert_broken(heap_free(&heap, block + 8));
    assert_broken(heap_free(&heap, block + 16));
    heap_free(&heap, block);
    assert_broken(heap_free(&heap, block));
    memset(block, 0x41, 16); // written after it was freed
    assert_broken(heap_allocate(&heap, 100));

    unsigned char *large = heap_allocate(&heap, 100000);
    assert_broken(heap_free(&heap, large + 4096));
    heap_free(&heap, large);
    assert_broken(heap_free(&heap, large));
    int local;
    assert_broken(heap_free(&heap, &local));
    assert_broken(heap_free(&heap, (void *)(heap.base + HEAP_BYTES)));
    (void)keep;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_random, setup, teardown),
        cmocka_unit_test_setup_teardown(test_every_size, setup, teardown),
        cmocka_unit_test_setup_teardown(test_exhaustion, setup, teardown),
        cmocka_unit_test_setup_teardown(test_misuse, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
