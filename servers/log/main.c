// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The log server. Processes write into rings of their own (abi/log.h) and never wait for it; it
// takes the lines out, keeps the newest of each service and of all together, and answers reads. A
// process that logs more than LIMIT_BYTES_PER_SECOND has its ring left alone until it has earned
// more, and drops lines there, counted.
//
// One thread. States: draining (after a signal, a request or the timer), then waiting for any of
// them.

#include "abi/rs.h"
#include "lib/sys/log.h"
#include "lib/sys/rs_client.h"
#include "lib/sys/start.h"
#include "lib/sys/sys.h"
#include "servers/log/sources.h"

#include <string.h>

// Bits of the bound notification. The first two are rs's (badges of the handles it gives out).
enum bit { BIT_LINES = 1, BIT_SOURCES = 2, BIT_TIMER = 4, BIT_PING = 8, BIT_STOP = 16 };

struct server {
    handle_t endpoint, rs, timer;
    handle_t again; // signals our own notification
};

static handle_t need(int64_t result, const char *what)
{
    if (result < 0)
        sys_panic("no %s: error %lld", what, (long long)-result);
    return (handle_t)result;
}

static void open(struct server *server)
{
    handle_t wake = startup_handle("wake");
    server->endpoint = startup_handle("endpoint");
    server->rs = startup_handle("rs");
    need(sys_thread_control(HANDLE_SELF, THREAD_BIND_NOTIFICATION, wake), "notification");
    server->again = need(sys_handle_duplicate(wake, RIGHT_SEND, BIT_LINES), "signal");
    handle_t signal = need(sys_handle_duplicate(wake, RIGHT_SEND, BIT_TIMER), "signal");
    server->timer = need(sys_timer_create(signal), "timer");
    sources_open(startup_handle("kernel_log"));
}

static void drain(struct server *server)
{
    enum drained drained = sources_drain();
    if (drained == DRAIN_MORE)
        (void)sys_signal(server->again); // our own: cannot fail
    if (drained == DRAIN_LIMITED &&
        sys_timer_set(server->timer, sys_clock() + LIMIT_PAUSE_NS, 0) < 0)
        log_error("the timer cannot be set: a limited process is read at its next line");
}

// The service name in a request, or NULL.
static const char *name_at(const struct message *message, unsigned first)
{
    const char *name = (const char *)&message->word[first];
    bool there = message_words(message->tag) >= first + LOG_NAME_WORDS;
    return there && memchr(name, 0, LOG_NAME_WORDS * 8) ? name : NULL;
}

static int64_t serve_read(const struct message *request, struct message *reply)
{
    const char *name = name_at(request, 1);
    if (!name)
        return -E_INVAL;
    const struct store *store = sources_store(name);
    if (!store)
        return -E_NOENT;
    uint64_t begin;
    size_t bytes =
        store_read(store, request->word[0], (char *)&reply->word[2], LOG_TEXT_BYTES, &begin);
    reply->word[0] = begin + bytes;
    reply->word[1] = begin;
    reply->tag = message_tag(0, 2 + (unsigned)((bytes + 7) / 8), 0);
    return (int64_t)bytes;
}

static int64_t serve_stats(const struct message *request, struct message *reply)
{
    const char *name = name_at(request, 0);
    if (!name)
        return -E_INVAL;
    if (!sources_store(name))
        return -E_NOENT;
    struct log_stats stats;
    sources_stats(name, &stats);
    reply->tag = message_tag(0, (unsigned)message_put_bytes(reply, 0, &stats, sizeof(stats)), 0);
    return 0;
}

static int64_t serve_clear(const struct message *request, struct message *reply)
{
    if (!(RS_BADGE_PERMISSIONS(request->badge) & LOG_MAY_CLEAR))
        return -E_PERM;
    struct store *store = sources_store("");
    store_clear(store);
    reply->word[0] = store->written;
    reply->tag = message_tag(0, 1, 0);
    return 0;
}

static int64_t serve_request(const struct message *request, struct message *reply)
{
    switch (message_label(request->tag)) {
    case LOG_READ:
        return serve_read(request, reply);
    case LOG_STATS:
        return serve_stats(request, reply);
    case LOG_CLEAR:
        return serve_clear(request, reply);
    default:
        return -E_NOSYS;
    }
}

static void serve(struct server *server, struct message *request)
{
    struct message reply = {.tag = 0};
    drain(server);
    int64_t result = serve_request(request, &reply);
    message_close_handles(request);
    unsigned words = result < 0 ? 0 : message_words(reply.tag);
    reply.tag = message_tag((int32_t)result, words, 0);
    (void)sys_reply(&reply); // a client that died meanwhile needs no answer
}

int main(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    static struct server server;
    static struct message message;
    open(&server);
    drain(&server); // only the kernel's log yet: a successor finds its predecessor's lines there
    sources_fetch(server.rs);
    drain(&server);
    need(rs_offer_signals(startup_handle("wake"), BIT_PING, BIT_STOP), "heartbeat");
    need(rs_say_ready(), "reincarnation server");
    for (;;) {
        int64_t status = sys_receive(server.endpoint, &message);
        if (status < 0)
            sys_panic("receive: error %lld", (long long)-status);
        if (!(message.tag & MESSAGE_NOTIFICATION)) {
            serve(&server, &message);
            continue;
        }
        if (message.word[0] & BIT_SOURCES)
            sources_fetch(server.rs);
        drain(&server);
        if (message.word[0] & BIT_PING)
            (void)rs_say_alive(); // if rs does not take it, silence tells
        if (message.word[0] & BIT_STOP)
            return 0; // what is in the rings waits there
    }
}
