// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

#include "kernel/test/ktest.h"

#include <string.h>

static handle_t endpoint;
static handle_t extra;

void test_handles(void)
{
    handle_t plain = new_endpoint();
    handle_t badged = with_badge(plain, 7);
    struct handle_info info;
    CHECK_EQUAL(sys_handle_info(badged, &info), 0);
    CHECK_EQUAL(info.type, OBJECT_ENDPOINT);
    CHECK_EQUAL(info.badge, 7);
    CHECK_EQUAL(sys_handle_duplicate(badged, RIGHTS_ALL, 8), -E_PERM); // a badge is for good
    int64_t weak = sys_handle_duplicate(plain, RIGHT_RECEIVE, 0);
    CHECK(weak > 0);
    struct ipc_frame frame = {0};
    CHECK_EQUAL(ipc_call((handle_t)weak, &frame), -E_BADF);
    CHECK_EQUAL(sys_handle_duplicate((handle_t)weak, RIGHTS_ALL, 0), -E_PERM);
    CHECK_EQUAL(sys_handle_close((handle_t)weak), 0);
    CHECK_EQUAL(sys_handle_close((handle_t)weak), -E_BADF);
    CHECK_EQUAL(sys_handle_close(HANDLE_NONE), -E_BADF);
    CHECK_EQUAL(sys_handle_close(0x7fffffff), -E_BADF);
    CHECK_EQUAL(sys_timer_create(plain), -E_BADF); // another type
    // The table fills up with an error, and is whole again after.
    static handle_t many[HANDLE_MAX];
    unsigned count = 0;
    for (; count < HANDLE_MAX; count++) {
        int64_t handle = sys_handle_duplicate(plain, RIGHTS_ALL, 0);
        if (handle < 0) {
            CHECK_EQUAL(handle, -E_NOMEM);
            break;
        }
        many[count] = (handle_t)handle;
    }
    CHECK(count > HANDLE_MAX - 100 && count < HANDLE_MAX);
    while (count-- > 0) {
        CHECK_EQUAL(sys_handle_close(many[count]), 0);
    }
    sys_handle_close(badged);
    sys_handle_close(plain);
}

// Answers each message with its words plus one, the badge in the label, and the handle it was sent,
// if any.
static void echo_server(uint64_t unused)
{
    (void)unused;
    struct message message;
    int64_t error = sys_receive(endpoint, &message);
    while (error == 0) {
        unsigned words = message_words(message.tag);
        for (unsigned i = 0; i < words; i++) {
            message.word[i]++;
        }
        handle_t got = message.handle[0];
        message.tag = message_tag((int32_t)message.badge, words, message_handles(message.tag));
        if (got != HANDLE_NONE) {
            sys_signal(got);
        }
        error = sys_reply_receive(endpoint, &message);
    }
    sys_process_exit(1);
}

static void call_and_check(handle_t to, unsigned words, int32_t badge)
{
    struct message message = {.tag = message_tag(1, words, 0)};
    for (unsigned i = 0; i < words; i++) {
        message.word[i] = 100 * words + i;
    }
    CHECK_EQUAL(sys_call(to, &message), 0);
    CHECK_EQUAL(message_label(message.tag), badge);
    CHECK_EQUAL(message_words(message.tag), words);
    for (unsigned i = 0; i < words; i++) {
        CHECK_EQUAL(message.word[i], 100 * words + i + 1);
    }
}

static void check_handle_transfer(handle_t to)
{
    struct message message = {.tag = message_tag(1, 0, 1), .handle = {extra}};
    uint64_t bits = 0;
    CHECK_EQUAL(sys_call(to, &message), 0);
    CHECK_EQUAL(message_handles(message.tag), 1);
    CHECK(message.handle[0] != HANDLE_NONE && message.handle[0] != extra);
    CHECK_EQUAL(sys_wait(extra, now() + 100000000, &bits), 0);
    CHECK_EQUAL(bits, 0x10);
    CHECK_EQUAL(sys_signal(message.handle[0]), 0);
    CHECK_EQUAL(sys_wait(extra, DEADLINE_NOW, &bits), 0);
    CHECK_EQUAL(sys_wait(extra, DEADLINE_NOW, &bits), -E_TIMEDOUT);
    sys_handle_close(message.handle[0]);
    // A handle without the right to be sent arrives as none.
    int64_t fixed = sys_handle_duplicate(extra, RIGHTS_ALL & ~RIGHT_TRANSFER, 0x10);
    struct message refused = {.tag = message_tag(1, 0, 1), .handle = {(handle_t)fixed}};
    CHECK_EQUAL(sys_call(to, &refused), 0);
    CHECK_EQUAL(refused.handle[0], HANDLE_NONE);
    sys_handle_close((handle_t)fixed);
}

static void run_echo(uint32_t priority, uint32_t affinity)
{
    endpoint = new_endpoint();
    extra = new_notification(0x10);
    handle_t to = with_badge(endpoint, 42);
    struct child server;
    child_start(&server, 0, echo_server, 0, (const handle_t[]){endpoint, HANDLE_NONE}, priority,
                affinity);
    for (unsigned round = 0; round < 50; round++) {
        for (unsigned words = 0; words <= MESSAGE_WORDS; words++) {
            call_and_check(to, words, 42);
        }
    }
    check_handle_transfer(to);
    struct ipc_frame bad = {.tag = message_tag(0, MESSAGE_WORDS + 1, 0)};
    CHECK_EQUAL(ipc_call(to, &bad), -E_INVAL);
    child_kill(&server);
    child_finish(&server, NULL);
    sys_handle_close(to);
    sys_handle_close(extra);
    sys_handle_close(endpoint);
}

void test_ipc(void)
{
    run_echo(CHILD_PRIORITY, 0); // below us: the slow path
    run_echo(PRIORITY_MAX, 1);   // on the boot CPU
    struct info_cpu cpus[8];
    int64_t bytes = sys_info(INFO_CPUS, 0, cpus, sizeof(cpus));
    if (bytes > (int64_t)sizeof(cpus[0])) {
        run_echo(PRIORITY_MAX, 2); // on another CPU
    }
}

// ---- deaths ----

static void dying_server(uint64_t how)
{
    struct message message;
    sys_receive(endpoint, &message);
    if (how == 0) {
        sys_process_exit(3);
    } else if (how == 1) {
        *(volatile int *)8 = 1; // NOLINT: a wild write is the point
    } else {
        int64_t reply = sys_reply_defer();
        (void)reply; // never answered
        sys_process_exit(0);
    }
}

static void caller(uint64_t expected)
{
    struct ipc_frame frame = {.tag = message_tag(5, 1, 0), .word = {expected}};
    sys_process_exit((int32_t)ipc_call(endpoint, &frame));
}

static void check_restarted(uint64_t how)
{
    struct child server;
    struct child client;
    struct child queued;
    struct process_status status;
    endpoint = new_endpoint();
    const handle_t handles[] = {endpoint, HANDLE_NONE};
    child_start(&server, 0, dying_server, how, handles, CHILD_PRIORITY, 0);
    child_start(&client, 1, caller, 0, handles, CHILD_PRIORITY, 0);
    child_finish(&server, &status);
    CHECK_EQUAL(status.cause, how == 1 ? DEATH_FAULT : DEATH_EXIT);
    child_finish(&client, &status);
    CHECK_EQUAL(status.code, -E_RESTARTED);
    // Whoever was still queued waits for the successor and never learns of the death.
    child_start(&queued, 1, caller, 0, handles, CHILD_PRIORITY, 0);
    sys_wait(HANDLE_NONE, now() + 2000000, NULL);
    child_start(&server, 0, echo_server, 0, handles, CHILD_PRIORITY, 0);
    child_finish(&queued, &status);
    CHECK_EQUAL(status.code, 0);
    child_kill(&server);
    child_finish(&server, &status);
    CHECK_EQUAL(status.cause, DEATH_KILLED);
    sys_handle_close(endpoint);
}

static void check_deadlines(void)
{
    endpoint = new_endpoint();
    struct message message = {.tag = message_tag(0, 0, 0)};
    time_ns_t start = now();
    CHECK_EQUAL(sys_call_until(endpoint, &message, start + 3000000), -E_TIMEDOUT);
    CHECK(now() >= start + 3000000);
    CHECK_EQUAL(sys_receive_until(endpoint, &message, now() + 1000000), -E_TIMEDOUT);
    CHECK_EQUAL(sys_receive_until(endpoint, &message, DEADLINE_NOW), -E_TIMEDOUT);
    CHECK_EQUAL(sys_reply(&message), -E_SRCH);
    CHECK_EQUAL(sys_reply_defer(), -E_SRCH);
    // An endpoint that goes away ends the wait.
    struct child client;
    struct process_status status;
    child_start(&client, 1, caller, 0, (const handle_t[]){endpoint, HANDLE_NONE}, CHILD_PRIORITY,
                0);
    sys_wait(HANDLE_NONE, now() + 2000000, NULL);
    child_kill(&client);
    child_finish(&client, &status);
    sys_handle_close(endpoint);
}

static void deferring_server(uint64_t unused)
{
    (void)unused;
    struct message first;
    struct message second;
    sys_receive(endpoint, &first);
    int64_t reply1 = sys_reply_defer();
    sys_receive(endpoint, &second);
    int64_t reply2 = sys_reply_defer();
    // In the other order, each with its own word.
    struct message answer = {.tag = message_tag((int32_t)second.word[0], 0, 0)};
    sys_reply_to((handle_t)reply2, &answer);
    answer.tag = message_tag((int32_t)first.word[0], 0, 0);
    sys_reply_to((handle_t)reply1, &answer);
    sys_process_exit(sys_reply_to((handle_t)reply1, &answer) == -E_BADF ? 0 : 1);
}

static void deferred_client(uint64_t word)
{
    struct ipc_frame frame = {.tag = message_tag(0, 1, 0), .word = {word}};
    int64_t error = ipc_call(endpoint, &frame);
    sys_process_exit(error != 0 ? (int32_t)error : message_label(frame.tag));
}

static void check_deferred(void)
{
    struct child server;
    struct child clients[2];
    struct process_status status;
    endpoint = new_endpoint();
    const handle_t handles[] = {endpoint, HANDLE_NONE};
    child_start(&server, 0, deferring_server, 0, handles, CHILD_PRIORITY, 0);
    for (unsigned i = 0; i < 2; i++) {
        child_start(&clients[i], i + 1, deferred_client, 50 + i, handles, CHILD_PRIORITY, 0);
    }
    for (unsigned i = 0; i < 2; i++) {
        child_finish(&clients[i], &status);
        CHECK_EQUAL(status.code, 50 + i);
    }
    child_finish(&server, &status);
    CHECK_EQUAL(status.code, 0);
    sys_handle_close(endpoint);
}

void test_ipc_death(void)
{
    for (unsigned round = 0; round < 20; round++) {
        for (uint64_t how = 0; how < 3; how++) {
            check_restarted(how);
        }
    }
    check_deadlines();
    check_deferred();
}

// ---- notifications and timers ----

static void bound_receiver(uint64_t unused)
{
    (void)unused;
    struct message message;
    uint64_t seen = 0;
    sys_thread_control(HANDLE_SELF, THREAD_BIND_NOTIFICATION, extra);
    while ((seen & 0x11) != 0x11) {
        if (sys_receive_until(endpoint, &message, now() + 500000000) != 0) {
            sys_process_exit(1);
        }
        if ((message.tag & MESSAGE_NOTIFICATION) != 0) {
            seen |= message.word[0];
        } else {
            message.tag = message_tag(9, 0, 0);
            sys_reply(&message);
        }
    }
    sys_process_exit(0);
}

static void check_bound(void)
{
    struct child server;
    struct process_status status;
    endpoint = new_endpoint();
    int64_t plain = sys_notification_create();
    extra = (handle_t)plain;
    handle_t one = with_badge(extra, 0x1);
    handle_t ten = with_badge(extra, 0x10);
    child_start(&server, 0, bound_receiver, 0, (const handle_t[]){endpoint, extra, HANDLE_NONE},
                CHILD_PRIORITY, 0);
    sys_wait(HANDLE_NONE, now() + 1000000, NULL);
    CHECK_EQUAL(sys_signal(one), 0);
    struct message message = {.tag = message_tag(1, 0, 0)};
    CHECK_EQUAL(sys_call(endpoint, &message), 0);
    CHECK_EQUAL(message_label(message.tag), 9);
    int64_t timer = sys_timer_create(ten);
    CHECK_EQUAL(sys_timer_set((handle_t)timer, now() + 1000000, 0), 0);
    child_finish(&server, &status);
    CHECK_EQUAL(status.code, 0);
    sys_handle_close((handle_t)timer);
    sys_handle_close(one);
    sys_handle_close(ten);
    sys_handle_close(extra);
    sys_handle_close(endpoint);
}

void test_notifications(void)
{
    uint64_t bits = 0;
    handle_t notification = new_notification(0x4);
    CHECK_EQUAL(sys_wait(notification, DEADLINE_NOW, &bits), -E_TIMEDOUT);
    sys_signal(notification);
    sys_signal(notification);
    CHECK_EQUAL(sys_wait(notification, DEADLINE_NEVER, &bits), 0);
    CHECK_EQUAL(bits, 4);
    int64_t timer = sys_timer_create(notification);
    time_ns_t start = now();
    CHECK_EQUAL(sys_timer_set((handle_t)timer, start + 2000000, 1000000), 0);
    for (unsigned i = 0; i < 5; i++) {
        CHECK_EQUAL(sys_wait(notification, start + 1000000000, &bits), 0);
    }
    CHECK(now() >= start + 6000000);
    CHECK_EQUAL(sys_timer_set((handle_t)timer, DEADLINE_NEVER, 0), 0);
    CHECK_EQUAL(sys_timer_set((handle_t)timer, 0, 1),
                -E_INVAL); // a period that would swamp the CPU
    sys_wait(notification, DEADLINE_NOW, &bits);
    CHECK_EQUAL(sys_wait(notification, now() + 3000000, &bits), -E_TIMEDOUT);
    sys_handle_close((handle_t)timer);
    sys_handle_close(notification);
    check_bound();
}
