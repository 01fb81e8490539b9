// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

#include "kernel/test/ktest.h"
#include "kernel/test/machine.h"

#include <string.h>

// Shared by parent and children: mapped shared before the clone.
struct shared {
    uint32_t word;
    uint32_t count;
    uint32_t cpu_seen;
    uint32_t stop;
};
static volatile struct shared *shared;
static handle_t shared_memory;

static void map_shared(void)
{
    shared_memory = (handle_t)sys_memory_create(PAGE_SIZE, 0, HANDLE_NONE);
    struct aspace_map_args args = {
        .bytes = PAGE_SIZE, .memory = shared_memory, .prot = PROT_READ | PROT_WRITE};
    int64_t at = sys_aspace_map(HANDLE_SELF, &args);
    CHECK(at > 0);
    shared = (volatile struct shared *)at;
}

static void unmap_shared(void)
{
    CHECK_EQUAL(sys_aspace_unmap(HANDLE_SELF, (uint64_t)shared, PAGE_SIZE), 0);
    sys_handle_close(shared_memory);
}

static int64_t wait_word(uint32_t expected, time_ns_t deadline)
{
    struct futex_wait_args args = {.aspace = HANDLE_SELF,
                                   .address = (uint64_t)&shared->word,
                                   .expected = expected,
                                   .bitset = ~0u,
                                   .deadline = deadline};
    return sys_futex_wait(&args);
}

// Takes turns: waits until the word is odd (even for argument 1), adds one, wakes the others.
static void take_turns(uint64_t parity)
{
    while (!shared->stop) {
        uint32_t word = shared->word;
        if (word >= 2000) {
            break;
        }
        if ((word & 1) == parity) {
            __atomic_fetch_add(&shared->word, 1, __ATOMIC_SEQ_CST);
            sys_futex_wake(HANDLE_SELF, (uint64_t)&shared->word, 10, ~0u);
        } else {
            int64_t error = wait_word(word, now() + 1000000000);
            if (error != 0 && error != -E_AGAIN) {
                sys_process_exit(1);
            }
        }
    }
    sys_process_exit(0);
}

void test_futex(void)
{
    map_shared();
    CHECK_EQUAL(wait_word(1, DEADLINE_NEVER), -E_AGAIN);
    CHECK_EQUAL(wait_word(0, now() + 1000000), -E_TIMEDOUT);
    CHECK_EQUAL(sys_futex_wake(HANDLE_SELF, (uint64_t)&shared->word, 1, ~0u), 0);
    CHECK_EQUAL(sys_futex_wake(HANDLE_SELF, 3, 1, ~0u), -E_INVAL);
    CHECK_EQUAL(sys_futex_wake(HANDLE_SELF, 0x1000, 1, ~0u), -E_FAULT);
    struct child children[2];
    struct process_status status;
    for (unsigned i = 0; i < 2; i++) {
        child_start(&children[i], i, take_turns, i, NULL, CHILD_PRIORITY, 0);
    }
    for (unsigned i = 0; i < 2; i++) {
        child_finish(&children[i], &status);
        CHECK_EQUAL(status.code, 0);
    }
    CHECK_EQUAL(shared->word, 2000);
    unmap_shared();
}

// ---- processes ----

static __attribute__((noinline)) void write_to(uint64_t address)
{
    *(volatile int *)address = 1;
    __asm__ volatile("" : : : "memory");
}

static void die(uint64_t how)
{
    switch (how) {
    case 0:
        sys_process_exit(77);
    case 1:
        write_to(0x123450);
        break;
    case 2:
        run_bad();
        break;
    case 3:
        run_privileged();
        break;
    case 4:
        write_to(KERNEL_ADDRESS);
        break;
    case 5:
        write_to((uint64_t)&die); // its own text
        break;
    case 6:
        run_division();
        break;
    case 7:
        (void)syscall0(SYS_THREAD_EXIT);
        break;
    default:
        break;
    }
    __asm__ volatile("" : : : "memory"); // the calls above are not tail calls: they leave a frame
}

void test_processes(void)
{
    static const struct {
        uint32_t cause;
        int32_t code;
        uint64_t address;
    } expected[] = {
        {DEATH_EXIT, 77, 0},
        {DEATH_FAULT, EXCEPTION_WRITE, 0x123450},
        {DEATH_ILLEGAL, EXCEPTION_BAD, 0},
        {DEATH_ILLEGAL, EXCEPTION_PRIVILEGED, 0},
        {DEATH_FAULT, EXCEPTION_WRITE, KERNEL_ADDRESS},
        {DEATH_FAULT, EXCEPTION_WRITE, (uint64_t)&die},
        {DIVISION_DEATH, EXCEPTION_DIVIDE, 0},
        {DEATH_EXIT, 0, 0},
    };
    for (uint64_t how = 0; how < sizeof(expected) / sizeof(expected[0]); how++) {
        struct child child;
        struct process_status status;
        child_start(&child, 0, die, how, NULL, CHILD_PRIORITY, 0);
        child_finish(&child, &status);
        CHECK_EQUAL(status.cause, expected[how].cause);
        CHECK_EQUAL(status.code, expected[how].code);
        CHECK_EQUAL(status.fault_address, expected[how].address);
        if (how == 1) {
            CHECK(status.backtrace_depth >= 2);
            CHECK_EQUAL(status.backtrace[0], status.program_counter);
        }
    }
    struct process_status status;
    CHECK_EQUAL(sys_process_status(HANDLE_SELF, &status), 0);
    CHECK_EQUAL(strcmp(status.name, "rs"), 0);
    CHECK(status.resident_bytes > 0);
}

// ---- scheduler ----

enum { SHARERS = 4 };
static const uint64_t FAIR_NS = 5000000000;

static void spin(uint64_t unused)
{
    (void)unused;
    while (!shared->stop) {
        __atomic_fetch_add(&shared->count, 1, __ATOMIC_RELAXED);
    }
    sys_process_exit(0);
}

static void count_turns(uint64_t index)
{
    volatile uint32_t *mine = &((volatile uint32_t *)shared)[16 + index];
    while (!shared->stop) {
        (*mine)++;
    }
    sys_process_exit(0);
}

static bool shared_fairly(const volatile uint32_t *counts)
{
    uint32_t least = ~0u;
    uint32_t most = 0;
    for (unsigned i = 0; i < SHARERS; i++) {
        least = counts[i] < least ? counts[i] : least;
        most = counts[i] > most ? counts[i] : most;
    }
    return least > most / 4;
}

// Four equal threads on one CPU each get a fair share. A busy build machine may take whole turns
// away, so the longer it takes, the more turns are counted.
static void check_round_robin(void)
{
    struct child children[SHARERS];
    volatile uint32_t *counts = &((volatile uint32_t *)shared)[16];
    shared->stop = 0;
    for (unsigned i = 0; i < SHARERS; i++) {
        counts[i] = 0;
        child_start(&children[i], i, count_turns, i, NULL, PRIORITY_USER, 1);
    }
    time_ns_t patience = now() + FAIR_NS;
    do {
        pause_ns(400000000);
    } while (!shared_fairly(counts) && now() < patience);
    shared->stop = 1;
    for (unsigned i = 0; i < SHARERS; i++) {
        child_finish(&children[i], NULL);
    }
    CHECK(shared_fairly(counts));
}

void test_scheduler(void)
{
    map_shared();
    check_round_robin();
    // A spinning child of lower priority does not hold us up, and a killed one is gone at once.
    struct child child;
    shared->stop = 0;
    child_start(&child, 0, spin, 0, NULL, PRIORITY_USER, 0);
    sys_wait(HANDLE_NONE, now() + 20000000, NULL);
    CHECK(shared->count > 0);
    child_kill(&child);
    child_finish(&child, NULL);
    // A driver that spins is put below programs when its budget is used up.
    struct child hog;
    shared->count = 0;
    child_start(&hog, 0, spin, 0, NULL, PRIORITY_DRIVER, 1);
    shared->word = 0;
    struct child user;
    child_start(&user, 1, take_turns, 0, NULL, PRIORITY_USER, 1);
    time_ns_t end = now() + 2000000000;
    while (shared->word == 0 && now() < end) {
        sys_wait(HANDLE_NONE, now() + 10000000, NULL);
    }
    CHECK(shared->word != 0);
    shared->stop = 1;
    sys_futex_wake(HANDLE_SELF, (uint64_t)&shared->word, 10, ~0u);
    child_kill(&hog);
    child_kill(&user);
    child_finish(&hog, NULL);
    child_finish(&user, NULL);
    CHECK_EQUAL(sys_thread_control(HANDLE_SELF, THREAD_SET_AFFINITY, 0), -E_INVAL);
    CHECK_EQUAL(sys_thread_control(HANDLE_SELF, THREAD_SET_PRIORITY, PRIORITY_MAX + 1), -E_PERM);
    unmap_shared();
}
