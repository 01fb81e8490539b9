// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The reincarnation server and the log server, driven from inside: every way to die, restarts,
// policy, heartbeats, endpoints that outlive their servers, permissions, last words, log limits,
// and random requests.

#include "abi/log.h"
#include "lib/sys/log.h"
#include "lib/sys/start.h"
#include "lib/sys/thread.h"
#include "servers/log/limit.h"
#include "tests/guest/guest_test.h"
#include "tests/guest/rs/client.h"
#include "tests/guest/rs/victim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char text[16384];

struct victim {
    uint32_t id;
    handle_t endpoint;
    char name[RS_NAME_MAX];
};

static void victim_name(struct victim *victim)
{
    struct message message = {0};
    for (uint64_t i = 0;; i++) {
        struct rs_service_info info;
        message = (struct message){.tag = message_tag(RS_SERVICE, 1, 0), .word = {i}};
        if (message_call(startup_handle("rs"), &message) < 0)
            return;
        message_get_bytes(&message, 0, &info, sizeof(info));
        if (info.id == victim->id)
            strlcpy(victim->name, info.name, sizeof(victim->name));
    }
}

static void victim_start(struct victim *victim, const char *argument)
{
    struct rs_service_info info;
    handle_t gift = (handle_t)sys_memory_create(PAGE_SIZE, 0, HANDLE_NONE);
    *victim = (struct victim){0};
    // As if rs had died before it could answer: nothing is made or added twice.
    uint32_t again;
    CHECK_EQUAL(rs_create("rs_victim", NULL, &again), 0);
    CHECK_EQUAL(rs_create("rs_victim", NULL, &victim->id), 0);
    CHECK_EQUAL(victim->id, again);
    victim_name(victim);
    CHECK_EQUAL(rs_argument(victim->id, argument), 0);
    CHECK_EQUAL(rs_argument(victim->id, argument), 0);
    CHECK_EQUAL(rs_grant(victim->id, "gift", 77, gift), 0);
    sys_handle_close(gift);
    CHECK_EQUAL(rs_start(victim->id, &victim->endpoint), 0);
    if (strcmp(argument, "late") != 0)
        CHECK(wait_state(victim->name, RS_RUNNING, &info));
}

static void victim_remove(struct victim *victim)
{
    CHECK_EQUAL(rs_on_instance(RS_INSTANCE_REMOVE, victim->id), 0);
    sys_handle_close(victim->endpoint);
}

static int64_t ask(const struct victim *victim, enum victim_op op, uint64_t argument,
                   struct message *message)
{
    *message = (struct message){.tag = message_tag((int32_t)op, 1, 0), .word = {argument}};
    return message_call(victim->endpoint, message);
}

static void check_echo(const struct victim *victim, uint64_t incarnation)
{
    struct message message;
    CHECK_EQUAL(ask(victim, VICTIM_ECHO, 41, &message), 0);
    CHECK_EQUAL(message.word[0], 42);
    CHECK_EQUAL(message.word[1], incarnation);
    CHECK_EQUAL(message.word[2], incarnation + 1); // the checkpoint counts starts
    CHECK_EQUAL(message.word[3], 77);              // the owner's grant is there each time
}

// One way to die: the caller learns, the cause is told, the successor serves the same endpoint.
static void check_death(enum victim_op op, uint64_t argument, uint32_t cause, const char *words)
{
    struct victim victim;
    struct rs_service_info info;
    struct message message;
    victim_start(&victim, "serve");
    check_echo(&victim, 0);
    time_ns_t start = sys_clock();
    CHECK_EQUAL(ask(&victim, op, argument, &message), -E_RESTARTED);
    CHECK(wait_state(victim.name, RS_CLEARING, &info));
    CHECK_EQUAL(info.cause, cause);
    CHECK_EQUAL(info.crashes, 1);
    CHECK_EQUAL(rs_text(RS_TEXT_STATUS, victim.name, text, sizeof(text)), 0);
    if (!CHECK(strstr(text, words) != NULL))
        log_error("wanted \"%s\" in: %s", words, text);
    CHECK_EQUAL(rs_on_instance(RS_INSTANCE_CLEARED, victim.id), 0);
    CHECK_EQUAL(rs_on_instance(RS_INSTANCE_CLEARED, victim.id), -E_BUSY);
    check_echo(&victim, 1);
    log_info("%s: back after %llu us", words, (unsigned long long)((sys_clock() - start) / 1000));
    CHECK(wait_state(victim.name, RS_RUNNING, &info));
    CHECK_EQUAL(info.restarts, 1);
    victim_remove(&victim);
    CHECK_EQUAL(rs_find(victim.name, &info), -E_NOENT);
}

static void test_deaths(void)
{
    check_death(VICTIM_FAULT, 0, DEATH_FAULT, "memory fault at 0x10 writing");
    check_death(VICTIM_FAULT, 0, DEATH_FAULT, "victim_writes_badly+0x");
    check_death(VICTIM_FAULT, 0, DEATH_FAULT, "main+0x");
    check_death(VICTIM_PANIC, 0, DEATH_ILLEGAL, "illegal instruction");
    check_death(VICTIM_PANIC, 0, DEATH_ILLEGAL, "sys_panic+0x");
    check_death(VICTIM_EXIT, 3, DEATH_EXIT, "exit code 3");
#if defined(__x86_64__) // aarch64's division by zero gives zero
    check_death(VICTIM_DIVIDE, 0, DEATH_ARITHMETIC, "arithmetic exception");
#endif
    check_death(VICTIM_OVERFLOW, 0, DEATH_FAULT, "victim_recurses+0x");
    check_death(VICTIM_HANG, 0, DEATH_KILLED, "killed: no heartbeat");
}

// Retries are used up, then a start by hand begins anew.
static void test_give_up(void)
{
    struct victim victim;
    struct rs_service_info info;
    struct message message;
    victim_start(&victim, "serve");
    for (unsigned i = 0; i < 3; i++) {
        CHECK_EQUAL(ask(&victim, VICTIM_EXIT, 1, &message), -E_RESTARTED);
        CHECK(wait_state(victim.name, RS_CLEARING, &info));
        rs_on_instance(RS_INSTANCE_CLEARED, victim.id);
        CHECK(wait_state(victim.name, RS_RUNNING, &info));
    }
    CHECK_EQUAL(ask(&victim, VICTIM_EXIT, 1, &message), -E_RESTARTED);
    CHECK(wait_state(victim.name, RS_CLEARING, &info));
    rs_on_instance(RS_INSTANCE_CLEARED, victim.id);
    CHECK(wait_state(victim.name, RS_DEGRADED, &info));
    CHECK_EQUAL(info.crashes, 4);
    CHECK_EQUAL(rs_control(RS_CONTROL_START, victim.name), 0);
    CHECK(wait_state(victim.name, RS_RUNNING, &info));
    check_echo(&victim, 4);
    victim_remove(&victim);
}

static void test_late(void)
{
    struct victim victim;
    struct rs_service_info info;
    victim_start(&victim, "late");
    CHECK(wait_state(victim.name, RS_CLEARING, &info));
    rs_text(RS_TEXT_STATUS, victim.name, text, sizeof(text));
    CHECK(strstr(text, "not ready in time") != NULL);
    victim_remove(&victim);
}

static void test_control(void)
{
    struct victim victim;
    struct rs_service_info info;
    victim_start(&victim, "serve");
    CHECK_EQUAL(rs_control(RS_CONTROL_RESTART, victim.name), 0);
    CHECK(wait_state(victim.name, RS_CLEARING, &info));
    CHECK_EQUAL(info.crashes, 0);
    rs_on_instance(RS_INSTANCE_CLEARED, victim.id);
    check_echo(&victim, 1);
    CHECK_EQUAL(rs_control(RS_CONTROL_KILL, victim.name), 0);
    // Nobody clears: there is no successor, however long that takes.
    CHECK(wait_state(victim.name, RS_CLEARING, &info));
    thread_sleep_until(sys_clock() + RS_CLEAR_TIMEOUT_NS + 500000000);
    CHECK_EQUAL(rs_find(victim.name, &info), 0);
    CHECK_EQUAL(info.state, RS_CLEARING);
    rs_on_instance(RS_INSTANCE_CLEARED, victim.id);
    check_echo(&victim, 2);
    CHECK_EQUAL(rs_control(RS_CONTROL_STOP, victim.name), 0);
    CHECK(wait_state(victim.name, RS_CLEARING, &info));
    rs_on_instance(RS_INSTANCE_CLEARED, victim.id);
    CHECK(wait_state(victim.name, RS_STOPPED, &info));
    CHECK_EQUAL(rs_control(RS_CONTROL_STOP, "log"), -E_BUSY); // we need it
    CHECK_EQUAL(rs_control(RS_CONTROL_STOP, "rs"), -E_BUSY);
    CHECK_EQUAL(rs_control(RS_CONTROL_KILL, "nobody"), -E_NOENT);
    victim_remove(&victim);
}

// What an owner's successor finds: instances by their keys, and handles by their names.
static void test_owner(void)
{
    struct rs_instance instance;
    char name[RS_NAME_MAX];
    handle_t notification = (handle_t)sys_notification_create(), kept = HANDLE_NONE;
    handle_t bell = (handle_t)sys_handle_duplicate(notification, RIGHTS_ALL, 1);
    uint64_t bits = 0;
    uint32_t id;
    CHECK_EQUAL(rs_instance_at(0, &instance), -E_NOENT);
    CHECK_EQUAL(rs_create("rs_victim", "place 7", &id), 0);
    CHECK_EQUAL(rs_instance_at(0, &instance), 0);
    CHECK_EQUAL(instance.id, id);
    CHECK_EQUAL(instance.started, 0);
    CHECK_EQUAL(strcmp(instance.key, "place 7"), 0);
    CHECK_EQUAL(strcmp(instance.template, "rs_victim"), 0);
    CHECK_EQUAL(rs_instance_at(1, &instance), -E_NOENT);
    CHECK_EQUAL(rs_on_instance(RS_INSTANCE_REMOVE, id), 0);

    CHECK_EQUAL(rs_kept(0, name, &kept), -E_NOENT);
    CHECK_EQUAL(rs_keep("bell", HANDLE_NONE), -E_NOENT);
    CHECK_EQUAL(rs_keep("", bell), -E_INVAL);
    CHECK_EQUAL(rs_keep("bell", bell), 0);
    CHECK_EQUAL(rs_keep("bell", bell), 0); // in its place
    CHECK_EQUAL(rs_kept(0, name, &kept), 0);
    CHECK_EQUAL(strcmp(name, "bell"), 0);
    CHECK_EQUAL(rs_kept(1, name, &kept), -E_NOENT);
    CHECK_EQUAL(sys_signal(kept), 0);
    CHECK_EQUAL(sys_wait(notification, sys_clock() + 1000000000, &bits), 0);
    CHECK_EQUAL(rs_keep("bell", HANDLE_NONE), 0);
    CHECK_EQUAL(rs_kept(0, name, &kept), -E_NOENT);
    sys_handle_close(kept);
    sys_handle_close(bell);
    sys_handle_close(notification);
}

// An owner that knows nothing any more: the same instance, with all its grants anew.
static void test_renewal(void)
{
    struct victim victim;
    struct rs_service_info info;
    victim_start(&victim, "serve");
    CHECK_EQUAL(rs_on_instance(RS_INSTANCE_RENEW, victim.id), -E_AGAIN);
    CHECK(wait_state(victim.name, RS_CLEARING, &info));
    CHECK_EQUAL(rs_on_instance(RS_INSTANCE_RENEW, victim.id), 0);
    handle_t gift = (handle_t)sys_memory_create(PAGE_SIZE, 0, HANDLE_NONE);
    CHECK_EQUAL(rs_argument(victim.id, "serve"), 0);
    CHECK_EQUAL(rs_grant(victim.id, "gift", 77, gift), 0);
    sys_handle_close(gift);
    CHECK_EQUAL(rs_on_instance(RS_INSTANCE_CLEARED, victim.id), 0);
    check_echo(&victim, 1);
    victim_remove(&victim);
}

static struct victim queued_victim;
static struct semaphore queued_done;
static int64_t queued_status;

static void queued_call(void *argument)
{
    (void)argument;
    struct message message;
    queued_status = ask(&queued_victim, VICTIM_ECHO, 1, &message);
    semaphore_post(&queued_done);
}

// A call that no incarnation has received waits for the next one.
static void test_queued(void)
{
    struct message message;
    struct rs_service_info info;
    victim_start(&queued_victim, "serve");
    CHECK_EQUAL(ask(&queued_victim, VICTIM_FAULT, 0, &message), -E_RESTARTED);
    CHECK(wait_state(queued_victim.name, RS_CLEARING, &info));
    queued_status = 1;
    CHECK_EQUAL(thread_start(queued_call, NULL, PRIORITY_SERVER, 0, NULL), 0);
    CHECK_EQUAL(semaphore_wait(&queued_done, sys_clock() + 50000000), -E_TIMEDOUT);
    rs_on_instance(RS_INSTANCE_CLEARED, queued_victim.id);
    CHECK_EQUAL(semaphore_wait(&queued_done, sys_clock() + 5000000000), 0);
    CHECK_EQUAL(queued_status, 0);
    victim_remove(&queued_victim);
}

static void test_permissions(void)
{
    uint32_t id;
    handle_t endpoint;
    struct rs_service_info info;
    CHECK_EQUAL(rs_create("uart16550", NULL, &id), -E_PERM);
    CHECK_EQUAL(rs_create("log", NULL, &id), -E_NOENT); // no template
    CHECK_EQUAL(rs_create("nothing", NULL, &id), -E_NOENT);
    CHECK_EQUAL(rs_connect("devmgr", &endpoint), -E_PERM);
    CHECK_EQUAL(rs_connect("nothing", &endpoint), -E_NOENT);
    CHECK_EQUAL(rs_on_instance(RS_INSTANCE_REMOVE, 1), -E_PERM);
    CHECK_EQUAL(rs_on_instance(RS_INSTANCE_REMOVE, 123456), -E_NOENT);
    CHECK_EQUAL(rs_on_instance(RS_LOG_SOURCE, 0), -E_PERM);
    CHECK_EQUAL(rs_find("log", &info), 0);
    CHECK_EQUAL(info.state, RS_RUNNING);
    struct message message = {.tag = message_tag(RS_FIND, 1, 0)};
    CHECK_EQUAL(message_call(startup_handle("rs"), &message), -E_INVAL);
    message = (struct message){.tag = message_tag(0x7fff, 0, 0)};
    CHECK_EQUAL(message_call(startup_handle("rs"), &message), -E_NOSYS);
    struct victim victim;
    victim_start(&victim, "serve");
    CHECK_EQUAL(rs_connect(victim.name, &endpoint), 0); // of a class we use
    CHECK(endpoint != HANDLE_NONE);
    sys_handle_close(endpoint);
    victim_remove(&victim);
}

static void test_threads(void)
{
    struct victim victim;
    struct message message;
    victim_start(&victim, "serve");
    for (int i = 0; i < 20; i++) {
        CHECK_EQUAL(ask(&victim, VICTIM_THREADS, 30, &message), 0);
        CHECK_EQUAL(message.word[0], 3000);
    }
    // The last of them may still be on its way out.
    time_ns_t deadline = sys_clock() + 2000000000;
    do {
        rs_text(RS_TEXT_STATS, victim.name, text, sizeof(text));
    } while (!strstr(text, "threads 1\n") && sys_clock() < deadline);
    if (!CHECK(strstr(text, "threads 1\n") != NULL))
        log_error("%s", text);
    victim_remove(&victim);
}

enum { QUEUE_ITEMS = 3000, QUEUE_ROOM = 4 };

static struct mutex queue_mutex;
static struct condition queue_filled, queue_emptied;
static struct semaphore consumers_done;
static unsigned queue_used, queue_put, queue_taken;
static uint64_t queue_sum;

static void consume(void *argument)
{
    (void)argument;
    mutex_lock(&queue_mutex);
    while (queue_taken < QUEUE_ITEMS) {
        if (!queue_used) {
            condition_wait(&queue_filled, &queue_mutex, DEADLINE_NEVER);
            continue;
        }
        queue_used--;
        queue_sum += queue_taken++;
        condition_signal(&queue_emptied);
    }
    condition_broadcast(&queue_filled); // the others may leave, too
    mutex_unlock(&queue_mutex);
    semaphore_post(&consumers_done);
}

// Bounded queue, one producer, three consumers: a lost wake-up hangs, a broken mutex miscounts.
static void test_conditions(void)
{
    for (int i = 0; i < 3; i++)
        CHECK_EQUAL(thread_start(consume, NULL, PRIORITY_SERVER, 0, NULL), 0);
    mutex_lock(&queue_mutex);
    while (queue_put < QUEUE_ITEMS) {
        if (queue_used == QUEUE_ROOM) {
            condition_wait(&queue_emptied, &queue_mutex, DEADLINE_NEVER);
            continue;
        }
        queue_put++;
        queue_used++;
        condition_signal(&queue_filled);
    }
    mutex_unlock(&queue_mutex);
    for (int i = 0; i < 3; i++)
        CHECK_EQUAL(semaphore_wait(&consumers_done, sys_clock() + 10000000000ull), 0);
    CHECK_EQUAL(queue_sum, (uint64_t)QUEUE_ITEMS * (QUEUE_ITEMS - 1) / 2);

    struct semaphore nobody = {0};
    CHECK_EQUAL(semaphore_wait(&nobody, sys_clock() + 1000000), -E_TIMEDOUT);
    mutex_lock(&queue_mutex);
    CHECK(!mutex_try_lock(&queue_mutex));
    CHECK_EQUAL(condition_wait(&queue_filled, &queue_mutex, sys_clock() + 1000000), -E_TIMEDOUT);
    mutex_unlock(&queue_mutex);
    CHECK(mutex_try_lock(&queue_mutex));
    mutex_unlock(&queue_mutex);
}

static void test_log(void)
{
    struct victim victim;
    struct message message;
    victim_start(&victim, "serve");
    CHECK_EQUAL(ask(&victim, VICTIM_PANIC, 0, &message), -E_RESTARTED);
    CHECK_EQUAL(log_text(victim.name, text, sizeof(text)), 0);
    CHECK(strstr(text, ": " VICTIM_LAST_WORDS "\n") != NULL);
    CHECK(strstr(text, victim.name) != NULL);
    rs_on_instance(RS_INSTANCE_CLEARED, victim.id);

    // Pauses let the log server come by, or it would see little of what is dropped meanwhile.
    time_ns_t start = sys_clock();
    for (int i = 0; i < 100; i++) {
        CHECK_EQUAL(ask(&victim, VICTIM_FLOOD, 1000, &message), 0);
        thread_sleep_until(sys_clock() + 10000000);
    }
    struct message stats = {.tag = message_tag(LOG_STATS, LOG_NAME_WORDS, 0)};
    message_put_bytes(&stats, 0, victim.name, sizeof(victim.name));
    CHECK_EQUAL(message_call(startup_handle("log"), &stats), 0);
    struct log_stats counts;
    message_get_bytes(&stats, 0, &counts, sizeof(counts));
    log_info("flood: %llu lines kept, %llu bytes, %llu dropped, ring left alone %llu times",
             (unsigned long long)counts.lines, (unsigned long long)counts.bytes,
             (unsigned long long)counts.dropped, (unsigned long long)counts.withheld);
    CHECK(counts.dropped > 10000);
    CHECK(counts.withheld > 0);
    uint64_t earned = (sys_clock() - start) / 1000000 * LIMIT_BYTES_PER_SECOND / 1000;
    CHECK(counts.bytes < 2 * LIMIT_BURST_BYTES + earned);
    CHECK_EQUAL(log_text(victim.name, text, sizeof(text)), 0);
    CHECK(strstr(text, "flood line") != NULL);
    CHECK_EQUAL(log_text("nobody", text, sizeof(text)), -E_NOENT);
    CHECK_EQUAL(log_text("rs", text, sizeof(text)), 0);
    CHECK(strstr(text, " rs: ") != NULL);
    CHECK_EQUAL(log_text("kernel", text, sizeof(text)), 0);
    CHECK(strstr(text, "kernel: ") != NULL);
    message = (struct message){.tag = message_tag(LOG_CLEAR, 0, 0)};
    CHECK_EQUAL(message_call(startup_handle("log"), &message), -E_PERM);
    victim_remove(&victim);
}

// Random requests: rs and log answer each, and no handle of theirs is lost.
static void test_random(void)
{
    struct rs_service_info info;
    uint64_t seed = sys_clock() | 1;
    log_info("random requests, seed %llu", (unsigned long long)seed);
    handle_t notification = (handle_t)sys_notification_create();
    for (int i = 0; i < 20000; i++) {
        struct message message = {0};
        for (unsigned w = 0; w < 8; w++) {
            seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
            message.word[w] = seed % 3 ? seed % 20 : seed;
        }
        unsigned handles = (seed >> 20) % 3;
        for (unsigned h = 0; h < handles; h++)
            message.handle[h] = notification;
        bool log = seed % 4 == 0;
        int32_t op = (int32_t)(log ? LOG_READ + seed % 4 : RS_READY + (seed >> 8) % 20);
        message.tag = message_tag(op, (unsigned)(seed >> 16) % 9, handles);
        int64_t status = sys_call(startup_handle(log ? "log" : "rs"), &message);
        if (!CHECK_EQUAL(status < 0 ? status : 0, 0))
            break;
        message_close_handles(&message);
    }
    sys_handle_close(notification);
    CHECK_EQUAL(rs_find("log", &info), 0);
    CHECK_EQUAL(info.crashes, 0);
    rs_text(RS_TEXT_STATS, "rs", text, sizeof(text));
    const char *handles = strstr(text, "handles ");
    CHECK(handles && strtoull(handles + 8, NULL, 10) < 100);
}

int main(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    guest_test_begin();
    test_permissions();
    test_threads();
    test_conditions();
    test_deaths();
    test_queued();
    test_give_up();
    test_late();
    test_control();
    test_owner();
    test_renewal();
    test_log();
    test_random();
    guest_test_end();
}
