// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Two CPUs at the same object: kills, kicks, moves and wake-ups at every moment of what a thread
// does. What must come out is counted: nothing is lost, nothing happens twice, whoever is killed is
// dead.

#include "kernel/test/ktest.h"
#include "kernel/test/machine.h"

#include <string.h>

#define GUEST_CODE 0x400000ull

// How long each part goes on; ktest.long=N makes it N times as long.
enum { PART_NS = 800000000 };

static volatile struct {
    uint32_t word;
    uint32_t stop;
    uint32_t acks;     // kicks that ended a wait
    uint32_t odd;      // what should not have happened
    uint32_t calls;    // answered
    uint32_t restarts; // calls that their server did not survive
} * shared;

static handle_t endpoint;
static handle_t notification;

static time_ns_t part_end(void)
{
    return now() + PART_NS * option("ktest.long=", 1);
}

// ---- guests ----

struct race_guest {
    handle_t aspace, memory, handle;
    struct guest_state *state;
};

static void guest_open(struct race_guest *guest, const void *code, size_t bytes)
{
    guest->aspace = (handle_t)sys_aspace_create();
    struct aspace_map_args args = {.address = GUEST_CODE,
                                   .bytes = PAGE_SIZE,
                                   .prot = PROT_READ | PROT_WRITE | PROT_EXECUTE,
                                   .flags = MAP_FIXED | MAP_PRIVATE};
    sys_aspace_map(guest->aspace, &args);
    sys_aspace_write(guest->aspace, GUEST_CODE, code, bytes);
    guest->memory = (handle_t)sys_memory_create(PAGE_SIZE, 0, HANDLE_NONE);
    struct aspace_map_args state = {
        .bytes = PAGE_SIZE, .memory = guest->memory, .prot = PROT_READ | PROT_WRITE};
    guest->state = (struct guest_state *)sys_aspace_map(HANDLE_SELF, &state);
    guest->handle = (handle_t)sys_guest_create(guest->aspace, guest->memory, 0);
    GUEST_PC(&guest->state->registers) = GUEST_CODE;
}

// ---- kills ----

static void kind_yield(void)
{
    for (;;) {
        sys_yield();
    }
}

static int64_t wait_word(uint32_t flags, time_ns_t deadline)
{
    struct futex_wait_args args = {.aspace = HANDLE_SELF,
                                   .address = (uint64_t)&shared->word,
                                   .flags = flags,
                                   .bitset = ~0u,
                                   .deadline = deadline};
    return sys_futex_wait(&args);
}

static void kind_futex(void)
{
    for (;;) {
        wait_word(0, now() + 10000);
    }
}

static void kind_sleep(void)
{
    for (;;) {
        sys_wait(notification, now() + 5000, &(uint64_t){0});
        sys_signal(notification);
    }
}

static void kind_call(void)
{
    for (;;) {
        struct ipc_frame frame = {.tag = message_tag(0, 1, 0)};
        ipc_call(endpoint, &frame);
    }
}

static void kind_serve(void)
{
    struct ipc_frame frame = {0};
    for (;;) {
        ipc_reply_receive(endpoint, &frame);
    }
}

static void kind_guest(void)
{
    struct race_guest guest;
    guest_open(&guest, code_call, sizeof(code_call));
    for (;;) {
        sys_guest_run(guest.handle);
    }
}

static void kind_guest_spin(void)
{
    struct race_guest guest;
    guest_open(&guest, code_spin, sizeof(code_spin));
    sys_guest_run(guest.handle);
}

static void yield_for_ever(uint64_t unused)
{
    (void)unused;
    kind_yield();
}

static void kind_threads(void)
{
    for (unsigned slot = 2; slot < 6; slot++) {
        thread_begin(HANDLE_SELF, slot, yield_for_ever, 0, PRIORITY_USER, 0);
    }
    kind_futex();
}

static void (*const kinds[])(void) = {kind_yield, kind_futex, kind_sleep,      kind_call,
                                      kind_serve, kind_guest, kind_guest_spin, kind_threads};
enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

static void victim(uint64_t kind)
{
    kinds[kind]();
}

// Looks at all processes, at whatever point of their lives and deaths.
static void observe_for_ever(uint64_t unused)
{
    (void)unused;
    for (uint64_t i = 0;; i++) {
        struct process_status status;
        if (sys_info(INFO_PROCESSES, i, &status, sizeof(status)) < 0) {
            i = ~0ull;
        }
    }
}

// Two victims at a time, so that calls meet servers; each must be dead soon after it was killed, at
// whatever moment.
static void check_kills(void)
{
    uint64_t state = run_seed;
    endpoint = new_endpoint();
    notification = new_notification(1);
    const handle_t handles[] = {endpoint, notification, HANDLE_NONE};
    time_ns_t end = part_end();
    struct child observers[2];
    child_start(&observers[0], 2, observe_for_ever, 0, handles, PRIORITY_USER, 0);
    child_start(&observers[1], 3, observe_for_ever, 0, handles, PRIORITY_USER, 0);
    for (unsigned round = 0; now() < end && checks_failed == 0; round++) {
        struct child children[2];
        uint64_t kind = random_next(&state) % KINDS;
        child_start(&children[0], 0, victim, kind, handles, PRIORITY_USER, 0);
        child_start(&children[1], 1, victim, round % KINDS, handles, PRIORITY_USER, 0);
        spin_ns(random_next(&state) % 300000);
        for (unsigned i = 0; i < 2; i++) {
            struct process_status status;
            sys_handle_close(children[i].aspace); // it goes with the process
            children[i].aspace = HANDLE_NONE;
            child_kill(&children[i]);
            child_finish(&children[i], &status);
            CHECK_EQUAL(status.cause, DEATH_KILLED);
            CHECK_EQUAL(status.threads, 0);
        }
        if (checks_failed != 0) {
            say("races: kinds %u and %u, round %u\n", (unsigned)kind, round % KINDS, round);
        }
    }
    for (unsigned i = 0; i < 2; i++) {
        child_kill(&observers[i]);
        child_finish(&observers[i], NULL);
    }
    sys_handle_close(notification);
    sys_handle_close(endpoint);
}

// ---- kicks ----

// Waits in its guest or on a futex, in turns and in no turns; only a kick ends a wait.
static void kicked(uint64_t seed)
{
    struct race_guest guest;
    guest_open(&guest, code_spin, sizeof(code_spin));
    for (;;) {
        bool in_guest = random_next(&seed) % 2 != 0;
        int64_t result =
            in_guest ? sys_guest_run(guest.handle) : wait_word(FUTEX_INTERRUPTIBLE, DEADLINE_NEVER);
        if (result == (in_guest ? (int64_t)GUEST_EXIT_KICK : -E_INTR)) {
            __atomic_fetch_add(&shared->acks, 1, __ATOMIC_SEQ_CST);
        } else {
            __atomic_fetch_add(&shared->odd, 1, __ATOMIC_SEQ_CST);
        }
        if (random_next(&seed) % 4 == 0) {
            sys_yield();
        }
    }
}

// Each kick ends exactly one wait.
static void check_kicks(void)
{
    struct child child;
    uint64_t state = run_seed;
    memset((void *)shared, 0, sizeof(*shared));
    child_start(&child, 0, kicked, run_seed, NULL, PRIORITY_USER, 0);
    time_ns_t end = part_end();
    for (unsigned round = 1; now() < end; round++) {
        if (random_next(&state) % 2 == 0) {
            spin_ns(random_next(&state) % 20000);
        }
        CHECK_EQUAL(sys_thread_control(child.thread, THREAD_KICK, 0), 0);
        time_ns_t patience = now() + 10000000000;
        // Longer and longer: on one CPU the kicked thread runs only while we sleep.
        for (uint64_t pause = 2000; shared->acks != round && now() < patience; pause *= 2) {
            pause_ns(pause);
        }
        if (shared->acks != round || shared->odd != 0) {
            say("races: kick %u: %u acknowledged, %u odd\n", round, shared->acks, shared->odd);
            CHECK(false);
            break;
        }
    }
    child_kill(&child);
    child_finish(&child, NULL);
}

// ---- calls ----

enum { SERVERS = 2, CLIENTS = 3 };

// Adds one to every word; now and then defers, or ends.
static void mortal_server(uint64_t seed)
{
    struct message message;
    int64_t error = sys_receive(endpoint, &message);
    while (error == 0) {
        unsigned words = message_words(message.tag);
        for (unsigned i = 0; i < words; i++) {
            message.word[i]++;
        }
        message.tag = message_tag(5, words, 0);
        uint64_t choice = random_next(&seed) % 512;
        if (choice == 0) {
            sys_process_exit(0);
        } else if (choice < 64) {
            int64_t reply = sys_reply_defer();
            if (reply > 0) {
                sys_reply_to((handle_t)reply, &message);
            }
            error = sys_receive(endpoint, &message);
        } else {
            error = sys_reply_receive(endpoint, &message);
        }
    }
    sys_process_exit(0);
}

static void careful_client(uint64_t seed)
{
    while (shared->stop == 0) {
        unsigned words = (unsigned)(random_next(&seed) % (MESSAGE_WORDS + 1));
        uint64_t first = random_next(&seed);
        struct message message = {.tag = message_tag(1, words, 0)};
        for (unsigned i = 0; i < words; i++) {
            message.word[i] = first + i;
        }
        int64_t error = random_next(&seed) % 4 != 0
                            ? sys_call(endpoint, &message)
                            : sys_call_until(endpoint, &message, now() + 500000);
        if (error == -E_RESTARTED) {
            __atomic_fetch_add(&shared->restarts, 1, __ATOMIC_RELAXED);
            continue;
        }
        if (error == -E_TIMEDOUT) {
            continue;
        }
        bool right = error == 0 && message.tag == message_tag(5, words, 0);
        for (unsigned i = 0; i < words; i++) {
            right = right && message.word[i] == first + i + 1;
        }
        __atomic_fetch_add(right ? &shared->calls : &shared->odd, 1, __ATOMIC_RELAXED);
    }
    sys_process_exit(0);
}

// Clients never see a wrong answer while servers die and come back.
static void check_calls(void)
{
    struct child servers[SERVERS];
    struct child clients[CLIENTS];
    uint64_t state = run_seed;
    memset((void *)shared, 0, sizeof(*shared));
    endpoint = new_endpoint();
    const handle_t handles[] = {endpoint, HANDLE_NONE};
    for (unsigned i = 0; i < SERVERS; i++) {
        child_start(&servers[i], i, mortal_server, random_next(&state), handles, PRIORITY_SERVER,
                    0);
    }
    for (unsigned i = 0; i < CLIENTS; i++) {
        child_start(&clients[i], SERVERS + i, careful_client, random_next(&state), handles,
                    PRIORITY_USER, 0);
    }
    time_ns_t end = part_end();
    while (now() < end) {
        unsigned i = (unsigned)(random_next(&state) % SERVERS);
        spin_ns(random_next(&state) % 500000);
        child_kill(&servers[i]);
        child_finish(&servers[i], NULL);
        child_start(&servers[i], i, mortal_server, random_next(&state), handles, PRIORITY_SERVER,
                    0);
        pause_ns(random_next(&state) % 1000000);
    }
    shared->stop = 1;
    for (unsigned i = 0; i < CLIENTS; i++) {
        struct process_status status;
        // A server may have ended by itself while the last calls wait: there must be one to answer
        // them.
        pause_ns(2000000);
        child_kill(&servers[0]);
        child_finish(&servers[0], NULL);
        child_start(&servers[0], 0, mortal_server, 3, handles, PRIORITY_SERVER, 0);
        child_finish(&clients[i], &status);
        CHECK_EQUAL(status.cause, DEATH_EXIT);
    }
    for (unsigned i = 0; i < SERVERS; i++) {
        child_kill(&servers[i]);
        child_finish(&servers[i], NULL);
    }
    CHECK_EQUAL(shared->odd, 0);
    CHECK(shared->calls > 0);
    say("races: %u calls, %u of them restarted\n", shared->calls, shared->restarts);
    sys_handle_close(endpoint);
}

// ---- moves ----

enum { MOVED = 3 };

static void keep_xmm(uint64_t value)
{
    struct race_guest guest;
    guest_open(&guest, code_extended_loop, sizeof(code_extended_loop));
    GUEST_INPUT(&guest.state->registers) = value;
    int64_t result;
    while ((result = sys_guest_run(guest.handle)) == GUEST_EXIT_KICK && shared->stop == 0) {
        __atomic_fetch_add(&shared->acks, 1, __ATOMIC_RELAXED);
    }
    sys_process_exit(result == GUEST_EXIT_KICK ? 1 : 2);
}

static void short_turns(uint64_t unused)
{
    (void)unused;
    while (shared->stop == 0) {
        spin_ns(20000);
        pause_ns(20000);
    }
    sys_process_exit(1);
}

// Guests that check their extended registers all the time are sent from CPU to CPU, preempted and
// kicked.
static void check_moves(void)
{
    struct child guests[MOVED];
    struct child others[2];
    uint64_t state = run_seed;
    unsigned count = cpus_online();
    memset((void *)shared, 0, sizeof(*shared));
    for (unsigned i = 0; i < MOVED; i++) {
        child_start(&guests[i], i, keep_xmm, 0x1111111111111111ull * (i + 1), NULL, PRIORITY_USER,
                    0);
    }
    for (unsigned i = 0; i < 2; i++) {
        child_start(&others[i], MOVED + i, short_turns, 0, NULL, PRIORITY_DRIVER, 1u << i % count);
    }
    time_ns_t end = part_end();
    while (now() < end) {
        handle_t thread = guests[random_next(&state) % MOVED].thread;
        uint64_t choice = random_next(&state) % 8;
        int64_t error = choice == 0
                            ? sys_thread_control(thread, THREAD_KICK, 0)
                            : sys_thread_control(thread, THREAD_SET_AFFINITY,
                                                 1 + random_next(&state) % ((1u << count) - 1));
        CHECK_EQUAL(error, 0);
        spin_ns(random_next(&state) % 30000);
        if (choice == 1) {
            pause_ns(30000);
        }
    }
    shared->stop = 1;
    for (unsigned i = 0; i < MOVED; i++) {
        struct process_status status;
        sys_thread_control(guests[i].thread, THREAD_KICK, 0);
        child_finish(&guests[i], &status);
        CHECK_EQUAL(status.code, 1);
    }
    for (unsigned i = 0; i < 2; i++) {
        child_finish(&others[i], NULL);
    }
}

void test_races(void)
{
    shared = shared_page();
    check_kills();
    check_kicks();
    check_calls();
    check_moves();
    shared_page_end((void *)shared);
}
