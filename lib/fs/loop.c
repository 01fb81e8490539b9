// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The process around the dispatch: start-up, the event loop, mapping session memory.

#include "lib/fs/server.h"
#include "lib/sys/log.h"
#include "lib/sys/rs_client.h"
#include "lib/sys/start.h"
#include "lib/sys/sys.h"

static int session_map(handle_t memory, uint64_t bytes, uint8_t **session)
{
    struct handle_info info;
    int64_t status = sys_handle_info(memory, &info);
    if (status < 0)
        return (int)status;
    if (info.type != OBJECT_MEMORY || info.size < bytes)
        return -E_INVAL;
    struct aspace_map_args args = {
        .memory = memory,
        .bytes = bytes,
        .prot = PROT_READ | PROT_WRITE,
    };
    status = sys_aspace_map(HANDLE_SELF, &args);
    if (status < 0)
        return (int)status;
    *session = (uint8_t *)(uintptr_t)status;
    return 0;
}

static void session_unmap(uint8_t *session, uint64_t bytes)
{
    int64_t status = sys_aspace_unmap(HANDLE_SELF, (uint64_t)(uintptr_t)session, bytes);
    if (status < 0)
        log_error("session memory stays mapped: error %d", (int)status);
}

// ---- signals: of the reincarnation server, and of the timer ----

enum { PING_BIT = 1, STOP_BIT = 2, SETTLE_BIT = 4 };

// From a writing operation to its being durable, at most.
#define FS_SETTLE_NS 5000000000ull

static handle_t notification, settle_timer;
static bool stopping, settle_set, settle_due;

static int take_notification(void)
{
    int64_t status = sys_notification_create();
    if (status < 0)
        return (int)status;
    notification = (handle_t)status;
    status = sys_thread_control(HANDLE_SELF, THREAD_BIND_NOTIFICATION, notification);
    return status < 0 ? (int)status : rs_offer_signals(notification, PING_BIT, STOP_BIT);
}

static int take_timer(void)
{
    int64_t signal = sys_handle_duplicate(notification, RIGHT_SEND, SETTLE_BIT);
    if (signal < 0)
        return (int)signal;
    int64_t timer = sys_timer_create((handle_t)signal);
    sys_handle_close((handle_t)signal);
    if (timer < 0)
        return (int)timer;
    settle_timer = (handle_t)timer;
    return 0;
}

static void handle_signals(uint64_t bits)
{
    if (bits & PING_BIT)
        (void)rs_say_alive(); // if rs does not take it, silence tells
    if (bits & STOP_BIT)
        stopping = true;
    if (bits & SETTLE_BIT)
        settle_due = true;
}

void fs_server_breathe(void)
{
    uint64_t bits = 0;
    if (notification != HANDLE_NONE && sys_wait(notification, DEADLINE_NOW, &bits) >= 0)
        handle_signals(bits);
}

// ---- the loop ----

static void settle_later(void)
{
    int64_t status = sys_timer_set(settle_timer, sys_clock() + FS_SETTLE_NS, 0);
    settle_set = status == 0;
    if (status < 0)
        log_error("no timer: what was written stays in memory until somebody syncs: error %d",
                  (int)status);
}

static void settle(struct fs_server *server)
{
    settle_due = false;
    settle_set = false;
    fs_server_settle(server);
}

static void dispatch(struct fs_server *server, struct message *message)
{
    if (message_label(message->tag) >= FS_CREATE && !settle_set)
        settle_later();
    handle_t handles[MESSAGE_HANDLES];
    unsigned count = message_handles(message->tag);
    for (unsigned i = 0; i < count; i++)
        handles[i] = message->handle[i];
    fs_server_dispatch(server, message);
    for (unsigned i = 0; i < count; i++)
        if (handles[i] != HANDLE_NONE)
            sys_handle_close(handles[i]);
}

// Answers, unless there was only a notification, and waits for the next message.
static int64_t next(struct fs_server *server, struct message *message, bool answer)
{
    handle_t endpoint = startup_handle("endpoint");
    if (!stopping && !settle_due)
        return answer ? sys_reply_receive(endpoint, message) : sys_receive(endpoint, message);
    int64_t status = answer ? sys_reply(message) : 0;
    if (status < 0 || stopping)
        return status;
    settle(server);
    return sys_receive(endpoint, message);
}

static int64_t serve(struct fs_server *server)
{
    struct message message;
    int64_t status = sys_receive(startup_handle("endpoint"), &message);
    while (status >= 0 && !stopping) {
        bool is_request = !(message.tag & MESSAGE_NOTIFICATION);
        if (is_request)
            dispatch(server, &message);
        else
            handle_signals(message.word[0]);
        status = next(server, &message, is_request);
    }
    return status;
}

int fs_server_run(const struct fs_format *format)
{
    static struct fs_server server;

    server = (struct fs_server){
        .format = format,
        .next_number = (startup_page()->incarnation + 1) << 32 | 1,
        .session_map = session_map,
        .session_unmap = session_unmap,
    };
    int64_t status = take_notification();
    if (status == 0)
        status = take_timer();
    if (status == 0)
        status = rs_say_ready();
    if (status == 0)
        status = serve(&server);
    if (stopping)
        return 0; // clients mount again with the successor
    log_error("%s: cannot serve: error %d", format->name, (int)status);
    return 1;
}
