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

// ---- the reincarnation server's signals ----

enum { PING_BIT = 1, STOP_BIT = 2 };

static handle_t notification;
static bool stopping;

static int take_notification(void)
{
    int64_t status = sys_notification_create();
    if (status < 0)
        return (int)status;
    notification = (handle_t)status;
    status = sys_thread_control(HANDLE_SELF, THREAD_BIND_NOTIFICATION, notification);
    return status < 0 ? (int)status : rs_offer_signals(notification, PING_BIT, STOP_BIT);
}

static void handle_signals(uint64_t bits)
{
    if (bits & PING_BIT)
        (void)rs_say_alive(); // if rs does not take it, silence tells
    if (bits & STOP_BIT)
        stopping = true;
}

void fs_server_breathe(void)
{
    uint64_t bits = 0;
    if (notification != HANDLE_NONE && sys_wait(notification, DEADLINE_NOW, &bits) >= 0)
        handle_signals(bits);
}

// ---- the loop ----

static void dispatch(struct fs_server *server, struct message *message)
{
    handle_t handles[MESSAGE_HANDLES];
    unsigned count = message_handles(message->tag);
    for (unsigned i = 0; i < count; i++)
        handles[i] = message->handle[i];
    fs_server_dispatch(server, message);
    for (unsigned i = 0; i < count; i++)
        if (handles[i] != HANDLE_NONE)
            sys_handle_close(handles[i]);
}

static int64_t serve(struct fs_server *server)
{
    handle_t endpoint = startup_handle("endpoint");
    struct message message;
    int64_t status = sys_receive(endpoint, &message);
    while (status >= 0 && !stopping) {
        if (message.tag & MESSAGE_NOTIFICATION) {
            handle_signals(message.word[0]);
            if (!stopping)
                status = sys_receive(endpoint, &message);
            continue;
        }
        dispatch(server, &message);
        status = stopping ? sys_reply(&message) : sys_reply_receive(endpoint, &message);
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
        status = rs_say_ready();
    if (status == 0)
        status = serve(&server);
    if (stopping)
        return 0; // clients mount again with the successor
    log_error("%s: cannot serve: error %d", format->name, (int)status);
    return 1;
}
