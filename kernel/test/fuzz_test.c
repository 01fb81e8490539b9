// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Random native system calls with random and half-sensible arguments, in child processes of several
// threads that share everything, run guests of random code, and are kicked, moved, killed and
// replaced meanwhile. The kernel must survive every one and lose nothing. What each thread does
// follows from the run's seed; how they interleave does not.

#include "kernel/test/ktest.h"

#include "kernel/test/machine.h"

#include <stdlib.h>
#include <string.h>

enum {
    FUZZ_CHILDREN = 3,
    FUZZ_THREADS = 3, // of each child
    FUZZ_DEFAULT_CALLS = 200000,
    FUZZ_TURN_NS = 2000000,
    FUZZ_TURNS = 40, // then everything is made anew
    GUEST_PAGES = 4,
    SEEDS = 8,
};
_Static_assert(FUZZ_CHILDREN *FUZZ_THREADS <= CHILDREN_MAX, "a stack for each thread");

#define GUEST_CODE 0x400000ull

struct progress {
    uint64_t calls;
    uint64_t done; // of them did what they are for
};
static volatile struct progress *progress;
static handle_t seeds[SEEDS];
static struct guest_state *guest_state; // of seeds[6], in seeds[2]

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
        return seeds[(r >> 8) % SEEDS];
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

// Which of the seeds a call's first handle should be, plus 1; 0: none.
enum { ENDPOINT = 1, NOTIFICATION, MEMORY, CONTIGUOUS, ASPACE, TIMER, GUEST, PAGED };
static const uint8_t first_seed[SYSCALL_COUNT] = {
    [SYS_CALL] = ENDPOINT,        [SYS_REPLY_RECEIVE] = ENDPOINT,
    [SYS_RECEIVE] = ENDPOINT,     [SYS_SIGNAL] = NOTIFICATION,
    [SYS_WAIT] = NOTIFICATION,    [SYS_TIMER_CREATE] = NOTIFICATION,
    [SYS_TIMER_SET] = TIMER,      [SYS_MEMORY_RESIZE] = MEMORY,
    [SYS_MEMORY_SUPPLY] = PAGED,  [SYS_MEMORY_DECOMMIT] = PAGED,
    [SYS_MEMORY_DIRTY] = PAGED,   [SYS_ASPACE_MAP] = ASPACE,
    [SYS_ASPACE_UNMAP] = ASPACE,  [SYS_ASPACE_PROTECT] = ASPACE,
    [SYS_ASPACE_MOVE] = ASPACE,   [SYS_ASPACE_DISCARD] = ASPACE,
    [SYS_ASPACE_CLONE] = ASPACE,  [SYS_ASPACE_READ] = ASPACE,
    [SYS_ASPACE_WRITE] = ASPACE,  [SYS_ASPACE_QUERY] = ASPACE,
    [SYS_ASPACE_STATS] = ASPACE,  [SYS_FUTEX_WAKE] = ASPACE,
    [SYS_FUTEX_REQUEUE] = ASPACE, [SYS_GUEST_CREATE] = ASPACE,
    [SYS_GUEST_RUN] = GUEST,      [SYS_GUEST_SET_ASPACE] = GUEST,
    [SYS_GUEST_FPU] = GUEST,      [SYS_HANDLE_DUPLICATE] = MEMORY,
    [SYS_DMA_MAP] = CONTIGUOUS,
};

// A random mapping at one of 64 places.
static void make_map_args(struct aspace_map_args *args, uint64_t *state)
{
    uint64_t r = random_next(state);
    *args = (struct aspace_map_args){
        .address = 0x20000000 + (r % 64) * PAGE_SIZE,
        .bytes = (1 + (r >> 8) % 32) * PAGE_SIZE,
        .memory = (r >> 16) % 2 != 0 ? seeds[2 + (r >> 17) % 2 * 5] : HANDLE_NONE,
        .prot = (uint32_t)(r >> 20) % 8,
        .flags = (uint32_t)(r >> 24) % 64,
        .offset = (r >> 32) % 64 * PAGE_SIZE,
        .limit = (r >> 40) % 128 * PAGE_SIZE,
    };
}

static void make_futex_args(struct futex_wait_args *args, uint64_t *state)
{
    *args = (struct futex_wait_args){
        .aspace = HANDLE_SELF,
        .flags = (uint32_t)random_next(state) % 2,
        .address = (uint64_t)&progress[1],
        .bitset = ~0u,
        .deadline = now() + random_next(state) % 50000,
    };
}

// Half of the calls get a first argument of the right kind, and a structure that may be accepted.
static void make_sensible(uint64_t number, uint64_t *a, uint64_t *state)
{
    static union {
        struct aspace_map_args map;
        struct futex_wait_args futex;
    } structures[8];
    unsigned place = (unsigned)(random_next(state) % 8);
    if (number >= SYSCALL_COUNT || random_next(state) % 2 == 0) {
        return;
    }
    if (first_seed[number] != 0) {
        a[0] = seeds[first_seed[number] - 1];
    }
    if (number == SYS_ASPACE_MAP) {
        make_map_args(&structures[place].map, state);
        a[1] = (uint64_t)&structures[place];
    } else if (number == SYS_FUTEX_WAIT) {
        make_futex_args(&structures[place].futex, state);
        a[0] = (uint64_t)&structures[place];
    } else if (number == SYS_MEMORY_SUPPLY) {
        a[2] = seeds[2];
    }
}

// Calls that end the child are rare, so that most of its time goes into calls.
static bool skipped(uint64_t number, const uint64_t *a, uint64_t *state)
{
    bool final = number == SYS_PROCESS_EXIT || number == SYS_THREAD_EXIT ||
                 (number == SYS_PROCESS_KILL && (handle_t)a[0] == HANDLE_SELF) ||
                 (number == SYS_THREAD_CONTROL && (handle_t)a[0] == HANDLE_SELF);
    bool mapping = (number == SYS_ASPACE_UNMAP || number == SYS_ASPACE_PROTECT ||
                    number == SYS_ASPACE_DISCARD || number == SYS_ASPACE_MOVE) &&
                   (handle_t)a[0] == HANDLE_SELF;
    bool closing = number == SYS_HANDLE_CLOSE && random_next(state) % 2 != 0;
    return closing || ((final || mapping) && random_next(state) % 256 != 0);
}

static void count(int64_t result)
{
    if (result >= 0) {
        __atomic_fetch_add(&progress->done, 1, __ATOMIC_RELAXED);
    }
}

// Messages mostly carry a deadline, so that they do not wait for ever.
static void send_random(uint64_t number, const uint64_t *a, uint64_t *state)
{
    struct ipc_frame frame = {.tag = a[1] & 0x1ffffffffffull, .word = {a[2], a[3], a[4], a[5]}};
    if (random_next(state) % 64 != 0) {
        frame.tag |= MESSAGE_DEADLINE;
        thread_self()->ipc.deadline = now() + 1000;
    }
    count(syscall_message(number, a[0], &frame));
}

// Registers that mostly point into the guest's code.
static void run_random_guest(uint64_t handle, uint64_t *state)
{
    uint64_t *registers = (uint64_t *)(void *)&guest_state->registers;
    for (unsigned i = 0; i < sizeof(struct guest_registers) / sizeof(uint64_t); i++) {
        registers[i] = random_argument(state);
    }
    if (random_next(state) % 8 != 0) {
        GUEST_PC(&guest_state->registers) =
            GUEST_CODE + random_next(state) % (GUEST_PAGES * PAGE_SIZE);
    }
    count(sys_guest_run((handle_t)handle));
}

static void fuzz_once(uint64_t *state)
{
    uint64_t number = random_next(state) % (SYSCALL_COUNT + 2);
    uint64_t a[6];
    for (unsigned i = 0; i < 6; i++) {
        a[i] = random_argument(state);
    }
    make_sensible(number, a, state);
    if (skipped(number, a, state)) {
        return;
    }
    __atomic_fetch_add(&progress->calls, 1, __ATOMIC_RELAXED);
    if (number == SYS_CALL || number == SYS_RECEIVE || number == SYS_REPLY_RECEIVE ||
        number == SYS_REPLY) {
        send_random(number, a, state);
    } else if (number == SYS_WAIT) {
        uint64_t bits;
        count(syscall_wait(a[0], now() + a[1] % 50000, &bits));
    } else if (number == SYS_GUEST_RUN) {
        run_random_guest(a[0], state);
    } else {
        count(syscall6(number, a[0], a[1], a[2], a[3], a[4], a[5]));
    }
}

static void fuzz(uint64_t seed)
{
    uint64_t state = seed;
    for (;;) {
        fuzz_once(&state);
    }
}

// The first thread of child n runs on stack n * FUZZ_THREADS and starts the others on the next.
static void fuzz_child(uint64_t seed)
{
    uint64_t state = seed;
    unsigned slot = (unsigned)(seed % FUZZ_CHILDREN) * FUZZ_THREADS;
    for (unsigned i = 1; i < FUZZ_THREADS; i++) {
        thread_begin(HANDLE_SELF, slot + i, fuzz, random_next(&state) | 1, PRIORITY_USER, 0);
    }
    fuzz(state);
}

static void make_seeds(uint64_t *state)
{
    seeds[0] = new_endpoint();
    seeds[1] = new_notification(3);
    seeds[2] = (handle_t)sys_memory_create(64 * PAGE_SIZE, 0, HANDLE_NONE);
    seeds[3] = (handle_t)sys_memory_create(8 * PAGE_SIZE, MEMORY_CONTIGUOUS, HANDLE_NONE);
    seeds[4] = (handle_t)sys_aspace_create();
    seeds[5] = (handle_t)sys_timer_create(seeds[1]);
    seeds[6] = (handle_t)sys_guest_create(seeds[4], seeds[2], 0);
    seeds[7] = (handle_t)sys_memory_create(64 * PAGE_SIZE, MEMORY_PAGED, seeds[0]);
    struct aspace_map_args args = {
        .bytes = PAGE_SIZE, .memory = seeds[2], .prot = PROT_READ | PROT_WRITE};
    guest_state = (struct guest_state *)sys_aspace_map(HANDLE_SELF, &args);
    args = (struct aspace_map_args){.address = GUEST_CODE,
                                    .bytes = GUEST_PAGES * PAGE_SIZE,
                                    .prot = PROT_READ | PROT_WRITE | PROT_EXECUTE,
                                    .flags = MAP_FIXED | MAP_PRIVATE};
    CHECK_EQUAL(sys_aspace_map(seeds[4], &args), GUEST_CODE);
    static uint64_t code[PAGE_SIZE / sizeof(uint64_t)];
    for (unsigned i = 0; i < sizeof(code) / sizeof(code[0]); i++) {
        code[i] = random_next(state);
    }
    for (unsigned i = 0; i < GUEST_PAGES; i++) {
        sys_aspace_write(seeds[4], GUEST_CODE + i * PAGE_SIZE, code, sizeof(code));
    }
}

static void close_seeds(void)
{
    CHECK_EQUAL(sys_aspace_unmap(HANDLE_SELF, (uint64_t)guest_state, PAGE_SIZE), 0);
    for (unsigned i = 0; i < SEEDS; i++) {
        CHECK_EQUAL(sys_handle_close(seeds[i]), 0);
    }
}

static void start(struct child *child, unsigned index, uint64_t *state)
{
    handle_t handles[SEEDS + 1] = {0};
    memcpy(handles, seeds, sizeof(seeds));
    uint64_t seed = random_next(state) >> 8;
    seed = seed - seed % FUZZ_CHILDREN + index + FUZZ_CHILDREN; // not 0, and says which stacks
    child_start(child, index * FUZZ_THREADS, fuzz_child, seed, handles, PRIORITY_USER, 0);
}

static void end(struct child *child)
{
    child_kill(child);
    child_finish(child, NULL);
}

static void disturb(struct child *children, uint64_t *state)
{
    unsigned index = (unsigned)(random_next(state) % FUZZ_CHILDREN);
    struct child *child = &children[index];
    uint64_t choice = random_next(state) % 8;
    if (choice == 0) {
        end(child);
        start(child, index, state);
    } else if (choice < 4) {
        uint64_t cpus = (1u << cpus_online()) - 1;
        sys_thread_control(child->thread, THREAD_SET_AFFINITY, 1 + random_next(state) % cpus);
    } else {
        sys_thread_control(child->thread, THREAD_KICK, 0);
    }
}

// One set of objects: until nothing moves any more, or for FUZZ_TURNS.
static void fuzz_round(uint64_t *state, uint64_t wanted)
{
    struct child children[FUZZ_CHILDREN];
    handle_t own_root = root;
    make_seeds(state);
    // The root resource could switch the machine off: children get one without authority instead.
    root = new_endpoint();
    for (unsigned i = 0; i < FUZZ_CHILDREN; i++) {
        start(&children[i], i, state);
    }
    uint64_t before = ~0ull;
    for (unsigned turn = 0; turn < FUZZ_TURNS && progress->calls < wanted; turn++) {
        if (progress->calls == before) {
            break;
        }
        before = progress->calls;
        pause_ns(FUZZ_TURN_NS);
        disturb(children, state);
    }
    for (unsigned i = 0; i < FUZZ_CHILDREN; i++) {
        end(&children[i]);
    }
    sys_handle_close(root);
    root = own_root;
    close_seeds();
}

void test_fuzz(void)
{
    uint64_t state = run_seed;
    uint64_t wanted = option("ktest.fuzz=", FUZZ_DEFAULT_CALLS);
    unsigned rounds = 0;
    if (wanted == 0) {
        return;
    }
    progress = shared_page();
    while (progress->calls < wanted && checks_failed == 0) {
        fuzz_round(&state, wanted);
        rounds++;
    }
    say("fuzz: %llu calls, %llu of them successful, %u rounds\n",
        (unsigned long long)progress->calls, (unsigned long long)progress->done, rounds);
    CHECK(progress->done > progress->calls / 20);
    shared_page_end((void *)progress);
}
