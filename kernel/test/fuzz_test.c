// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Random native system calls with random and half-sensible arguments, in child processes that are killed and replaced when
// they stop making progress. The kernel must survive every one; the seed is printed.

#include "kernel/test/ktest.h"

#include "lib/sys/arch/x86_64/syscall.h"

#include <stdlib.h>
#include <string.h>

enum { FUZZ_CHILDREN = 3, FUZZ_DEFAULT_CALLS = 200000, FUZZ_STUCK_NS = 4000000 };

struct progress {
    uint64_t calls;
};
static volatile struct progress *progress;
static handle_t seeds[8];

static uint64_t random_argument(uint64_t *state)
{
    static uint8_t scratch[8192];
    uint64_t r = random_next(state);
    switch (r % 10) {
    case 0:
        return r >> 32;
    case 1:
        return random_next(state);
    case 2:
    case 3:
        return seeds[(r >> 8) % 8];
    case 4:
        return (r >> 8) % 40; // small handles and counts
    case 5:
        return HANDLE_SELF;
    case 6:
        return (uint64_t)&scratch[(r >> 8) % 4096] & ~7ull;
    case 7:
        return ((r >> 8) % 64) * PAGE_SIZE;
    case 8:
        return 0x20000000 + ((r >> 8) % 64) * PAGE_SIZE;
    default:
        return (uint64_t)0 - (r >> 56);
    }
}

// Calls that end the child are rare, so that most of its time goes into calls.
static bool skipped(uint64_t number, const uint64_t *a, uint64_t *state)
{
    bool final = number == SYS_PROCESS_EXIT || number == SYS_THREAD_EXIT ||
                 (number == SYS_PROCESS_KILL && (handle_t)a[0] == HANDLE_SELF) ||
                 (number == SYS_THREAD_CONTROL && (handle_t)a[0] == HANDLE_SELF);
    bool mapping = (number == SYS_ASPACE_UNMAP || number == SYS_ASPACE_PROTECT || number == SYS_ASPACE_DISCARD ||
                    number == SYS_ASPACE_MOVE) &&
                   (handle_t)a[0] == HANDLE_SELF;
    return (final || mapping) && random_next(state) % 256 != 0;
}

// Messages mostly carry a deadline, so that they do not wait for ever.
static void send_random(uint64_t number, const uint64_t *a, uint64_t *state)
{
    struct ipc_frame frame = {.tag = a[1] & 0x1ffffffffffull, .word = {a[2], a[3], a[4], a[5]}};
    if (random_next(state) % 64 != 0) {
        frame.tag |= MESSAGE_DEADLINE;
        thread_self()->ipc.deadline = now() + 1000;
    }
    (void)syscall_message(number, a[0], &frame);
}

static void fuzz(uint64_t seed)
{
    uint64_t state = seed;
    for (;;) {
        uint64_t number = random_next(&state) % (SYSCALL_COUNT + 2);
        uint64_t a[6];
        for (unsigned i = 0; i < 6; i++) {
            a[i] = random_argument(&state);
        }
        if (skipped(number, a, &state)) {
            continue;
        }
        __atomic_fetch_add(&progress->calls, 1, __ATOMIC_RELAXED);
        if (number == SYS_CALL || number == SYS_RECEIVE || number == SYS_REPLY_RECEIVE || number == SYS_REPLY) {
            send_random(number, a, &state);
        } else if (number == SYS_WAIT) {
            uint64_t bits;
            (void)syscall_wait(a[0], a[1] % 1000, &bits);
        } else {
            (void)syscall6(number, a[0], a[1], a[2], a[3], a[4], a[5]);
        }
    }
}

static void make_seeds(void)
{
    seeds[0] = new_endpoint();
    seeds[1] = new_notification(3);
    seeds[2] = (handle_t)sys_memory_create(64 * PAGE_SIZE, 0, HANDLE_NONE);
    seeds[3] = (handle_t)sys_memory_create(8 * PAGE_SIZE, MEMORY_CONTIGUOUS, HANDLE_NONE);
    seeds[4] = (handle_t)sys_aspace_create();
    seeds[5] = (handle_t)sys_timer_create(seeds[1]);
    seeds[6] = (handle_t)sys_guest_create(seeds[4], seeds[2], 0);
    seeds[7] = (handle_t)sys_memory_create(64 * PAGE_SIZE, MEMORY_PAGED, seeds[0]);
}

void test_fuzz(void)
{
    uint64_t seed = run_seed;
    handle_t own_root = root;
    uint64_t wanted = option("ktest.fuzz=", FUZZ_DEFAULT_CALLS);
    struct aspace_map_args args = {.bytes = PAGE_SIZE, .prot = PROT_READ | PROT_WRITE, .flags = MAP_SHARED_ANON};
    progress = (volatile struct progress *)sys_aspace_map(HANDLE_SELF, &args);
    CHECK((int64_t)progress > 0);
    unsigned replaced = 0;
    while (progress->calls < wanted) {
        struct child children[FUZZ_CHILDREN];
        make_seeds();
        handle_t handles[9] = {0};
        memcpy(handles, seeds, sizeof(seeds));
        // The root resource could switch the machine off: children get one without authority in its place.
        root = new_endpoint();
        for (unsigned i = 0; i < FUZZ_CHILDREN; i++) {
            child_start(&children[i], i, fuzz, random_next(&seed), handles, PRIORITY_USER, 0);
        }
        uint64_t before;
        do {
            before = progress->calls;
            sys_wait(HANDLE_NONE, now() + FUZZ_STUCK_NS, NULL);
        } while (progress->calls != before && progress->calls < wanted);
        for (unsigned i = 0; i < FUZZ_CHILDREN; i++) {
            child_kill(&children[i]);
            child_finish(&children[i], NULL);
        }
        replaced++;
        sys_handle_close(root);
        root = own_root;
        for (unsigned i = 0; i < 8; i++) {
            CHECK_EQUAL(sys_handle_close(seeds[i]), 0);
        }
    }
    say("fuzz: %llu calls, %u rounds\n", (unsigned long long)progress->calls, replaced);
    CHECK_EQUAL(sys_aspace_unmap(HANDLE_SELF, (uint64_t)progress, PAGE_SIZE), 0);
}
