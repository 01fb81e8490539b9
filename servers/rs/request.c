// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Requests of services (abi/rs.h), but for those about instances (instance.c). Nothing here blocks,
// and no client's memory is touched: everything travels in the message.

#include "lib/sys/log.h"
#include "lib/sys/sys.h"
#include "servers/rs/rs.h"
#include "servers/rs/snapshot.h"
#include "servers/rs/text.h"

#include <string.h>

// Label of the answer: 0, positive, or a negative error. *closing: to be closed once the answer is
// sent. A handle that a handler keeps it takes out of the request; the others are closed
// afterwards.
typedef int64_t (*serve_t)(struct service *client, struct message *request, struct message *reply,
                           handle_t *closing);

static bool may(const struct message *message, enum rs_permission permission)
{
    return RS_BADGE_PERMISSIONS(message->badge) & permission;
}

// The name at words first .., or NULL if it is not terminated.
static const char *name_at(const struct message *message, unsigned first)
{
    const char *name = (const char *)&message->word[first];
    return memchr(name, 0, RS_NAME_MAX) ? name : NULL;
}

static void answer_words(struct message *reply, const void *data, size_t bytes)
{
    int64_t words = message_put_bytes(reply, 0, data, bytes);
    reply->tag = message_tag(0, (unsigned)words, 0); // what is put here always fits
}

// Takes the handle the request brought out of it.
static handle_t take_handle(struct message *message)
{
    handle_t handle = message->handle[0];
    message->handle[0] = HANDLE_NONE;
    return handle;
}

static void replace_handle(handle_t *place, handle_t handle)
{
    service_close_handle(place);
    *place = handle;
}

static int64_t serve_ready(struct service *client, struct message *request, struct message *reply,
                           handle_t *closing)
{
    (void)request;
    (void)reply;
    (void)closing;
    service_ready(client);
    return 0;
}

static int64_t serve_heartbeat(struct service *client, struct message *request,
                               struct message *reply, handle_t *closing)
{
    (void)closing;
    if (!client->manifest->heartbeat)
        return -E_INVAL;
    handle_t ping = take_handle(request);
    if (ping != HANDLE_NONE)
        replace_handle(&client->ping, ping);
    heartbeat_answer(client);
    heartbeat_check_memory(client);
    reply->word[0] = fault_take(client);
    reply->tag = message_tag(0, 1, 0);
    return 0;
}

static int64_t serve_stop_signal(struct service *client, struct message *request,
                                 struct message *reply, handle_t *closing)
{
    (void)reply;
    (void)closing;
    handle_t stop = take_handle(request);
    if (stop == HANDLE_NONE)
        return -E_INVAL;
    replace_handle(&client->stop, stop);
    return 0;
}

int64_t badge_endpoint(const struct service *server, const struct service *client,
                       const struct svc_use *use, uint32_t rights)
{
    uint64_t permissions = use ? svc_permission_bits(use, server->manifest) : 0;
    return sys_handle_duplicate(server->endpoint, rights, client->id | permissions << 32);
}

static int64_t serve_connect(struct service *client, struct message *request, struct message *reply,
                             handle_t *closing)
{
    const char *name = name_at(request, 0);
    struct service *server = name ? service_by_name(name) : NULL;
    if (!server)
        return -E_NOENT;
    const struct svc_use *use =
        svc_allows(client->manifest, server->name, server->manifest->name, server->manifest->class);
    if (!use)
        return -E_PERM;
    if (server->state == RS_STOPPED && server->manifest->start == SVC_START_DEMAND)
        (void)service_start(server); // its state tells the client
    int64_t handle = badge_endpoint(server, client, use, RIGHT_SEND | RIGHT_TRANSFER);
    if (handle < 0)
        return handle;
    *closing = reply->handle[0] = (handle_t)handle;
    reply->word[0] = server->id;
    reply->word[1] = server->incarnation;
    reply->word[2] = server->state;
    reply->tag = message_tag(0, 3, 1);
    return 0;
}

static int64_t serve_count(struct service *client, struct message *request, struct message *reply,
                           handle_t *closing)
{
    (void)client;
    (void)request;
    (void)closing;
    reply->word[0] = service_count();
    reply->word[1] = service_changes();
    reply->tag = message_tag(0, 2, 0);
    return 0;
}

static int64_t answer_info(const struct service *service, struct message *reply)
{
    if (!service)
        return -E_NOENT;
    struct rs_service_info info = {
        .id = service->id,
        .state = service->state,
        .crashes = service->crashes,
        .restarts = service->restarts,
        .incarnation = service->incarnation,
        .died_at = service->died_at,
        .cause = service->last.cause,
    };
    struct process_status current;
    handle_t process = service == rs.self ? HANDLE_SELF : service->process;
    if (process != HANDLE_NONE) {
        info.started_at = service->started_at;
        if (sys_process_status(process, &current) >= 0)
            info.process = current.id;
    }
    strlcpy(info.name, service->name, sizeof(info.name));
    strlcpy(info.manifest, service->manifest->name, sizeof(info.manifest));
    strlcpy(info.class, service->manifest->class, sizeof(info.class));
    answer_words(reply, &info, sizeof(info));
    return 0;
}

static int64_t serve_service(struct service *client, struct message *request, struct message *reply,
                             handle_t *closing)
{
    (void)client;
    (void)closing;
    uint64_t index = request->word[0];
    return answer_info(index < SERVICES_MAX ? service_by_index((uint32_t)index) : NULL, reply);
}

static int64_t serve_find(struct service *client, struct message *request, struct message *reply,
                          handle_t *closing)
{
    (void)client;
    (void)closing;
    const char *name = name_at(request, 0);
    return answer_info(name ? service_by_name(name) : NULL, reply);
}

static int64_t serve_watch(struct service *client, struct message *request, struct message *reply,
                           handle_t *closing)
{
    (void)closing;
    handle_t watch = take_handle(request);
    if (watch == HANDLE_NONE)
        return -E_INVAL;
    replace_handle(&client->watch, watch);
    reply->word[0] = service_count();
    reply->word[1] = service_changes();
    reply->tag = message_tag(0, 2, 0);
    return 0;
}

static int64_t serve_text(struct service *client, struct message *request, struct message *reply,
                          handle_t *closing)
{
    (void)client;
    (void)closing;
    uint64_t kind = request->word[0], offset = request->word[1], ticket = request->word[2];
    const char *name = name_at(request, 3);
    const struct service *service = name ? service_by_name(name) : NULL;
    if (!service)
        return -E_NOENT;
    if (kind != RS_TEXT_STATUS && kind != RS_TEXT_STATS)
        return -E_INVAL;
    if (offset == 0)
        ticket = snapshot_take(service, (enum rs_text)kind);
    const char *piece = NULL;
    int64_t bytes = snapshot_piece(ticket, offset, &piece);
    if (bytes < 0)
        return bytes;
    reply->word[0] = ticket;
    int64_t words = message_put_bytes(reply, 1, piece, (size_t)bytes);
    reply->tag = message_tag(0, 1 + (unsigned)words, 0);
    return bytes;
}

static int64_t serve_control(struct service *client, struct message *request, struct message *reply,
                             handle_t *closing)
{
    (void)reply;
    (void)closing;
    if (!may(request, RS_MAY_CONTROL))
        return -E_PERM;
    const char *name = name_at(request, 1);
    struct service *service = name ? service_by_name(name) : NULL;
    if (!service)
        return -E_NOENT;
    log_info("%s: control %llu by %s", service->name, (unsigned long long)request->word[0],
             client->name);
    switch (request->word[0]) {
    case RS_CONTROL_START:
        return service_start(service);
    case RS_CONTROL_STOP:
        return service_stop(service);
    case RS_CONTROL_RESTART:
        return service_restart(service);
    case RS_CONTROL_KILL:
        return service_kill(service, "killed on request", true);
    default:
        return -E_INVAL;
    }
}

static int64_t serve_complain(struct service *client, struct message *request,
                              struct message *reply, handle_t *closing)
{
    (void)reply;
    (void)closing;
    const char *name = name_at(request, 2);
    struct service *service = name ? service_by_name(name) : NULL;
    if (!service)
        return -E_NOENT;
    if (!may(request, RS_MAY_COMPLAIN) ||
        !svc_allows(client->manifest, service->name, service->manifest->name,
                    service->manifest->class))
        return -E_PERM;
    if (request->word[0] != service->incarnation)
        return -E_BUSY;
    log_warning("%s complains about %s", client->name, service->name);
    return service_complaint(service, request->word[1]);
}

static int64_t serve_update(struct service *client, struct message *request, struct message *reply,
                            handle_t *closing)
{
    (void)reply;
    (void)closing;
    if (!may(request, RS_MAY_CONTROL))
        return -E_PERM;
    const char *name = name_at(request, 1);
    struct service *service = name ? service_by_name(name) : NULL;
    if (!service)
        return -E_NOENT;
    log_info("%s: update by %s", service->name, client->name);
    return update_begin(service, request->handle[0], request->word[0]);
}

static int64_t serve_log_source(struct service *client, struct message *request,
                                struct message *reply, handle_t *closing)
{
    (void)client;
    (void)closing; // the ring stays
    if (!may(request, RS_MAY_LOGS))
        return -E_PERM;
    uint32_t id;
    const char *name;
    handle_t ring;
    if (!log_ring_at(request->word[0], &id, &name, &ring))
        return -E_NOENT;
    reply->word[0] = id;
    reply->word[1] = LOG_RING_BYTES;
    int64_t words = message_put_bytes(reply, 2, name, RS_NAME_MAX);
    reply->handle[0] = ring;
    reply->tag = message_tag(0, 2 + (unsigned)words, 1);
    return 0;
}

struct request {
    serve_t serve;
    unsigned words;                // at least
    enum { ASKS, CHANGES } effect; // on what rs keeps
};

enum { FIRST = RS_READY };

static const struct request requests[] = {
    [RS_READY - FIRST] = {serve_ready, 0, CHANGES},
    [RS_HEARTBEAT - FIRST] = {serve_heartbeat, 0, CHANGES},
    [RS_CONNECT - FIRST] = {serve_connect, RS_NAME_WORDS, CHANGES},
    [RS_COUNT - FIRST] = {serve_count, 0, ASKS},
    [RS_SERVICE - FIRST] = {serve_service, 1, ASKS},
    [RS_FIND - FIRST] = {serve_find, RS_NAME_WORDS, ASKS},
    [RS_WATCH - FIRST] = {serve_watch, 0, CHANGES},
    [RS_TEXT - FIRST] = {serve_text, 2 + RS_NAME_WORDS, ASKS},
    [RS_CONTROL - FIRST] = {serve_control, 1 + RS_NAME_WORDS, CHANGES},
    [RS_INSTANCE_CREATE - FIRST] = {request_instance, RS_NAME_WORDS, CHANGES},
    [RS_INSTANCE_ARGUMENT - FIRST] = {request_instance, 2, CHANGES},
    [RS_INSTANCE_GRANT - FIRST] = {request_instance, 2, CHANGES},
    [RS_INSTANCE_START - FIRST] = {request_instance, 1, CHANGES},
    [RS_INSTANCE_REMOVE - FIRST] = {request_instance, 1, CHANGES},
    [RS_INSTANCE_CLEARED - FIRST] = {request_instance, 1, CHANGES},
    [RS_LOG_SOURCE - FIRST] = {serve_log_source, 1, ASKS},
    [RS_INSTANCE_WATCH - FIRST] = {request_instance, 0, CHANGES},
    [RS_INSTANCE_DMA - FIRST] = {request_instance, 1 + sizeof(struct rs_dma) / 8, CHANGES},
    [RS_STOP_SIGNAL - FIRST] = {serve_stop_signal, 0, CHANGES},
    [RS_COMPLAIN - FIRST] = {serve_complain, 2 + RS_NAME_WORDS, CHANGES},
    [RS_FAULT - FIRST] = {request_fault, 3 + RS_NAME_WORDS, CHANGES},
    [RS_UPDATE - FIRST] = {serve_update, 1 + RS_NAME_WORDS, CHANGES},
    [RS_INSTANCE_AT - FIRST] = {request_instance, 1, ASKS},
    [RS_INSTANCE_RENEW - FIRST] = {request_instance, 1, CHANGES},
    [RS_KEEP - FIRST] = {request_keep, RS_NAME_WORDS, CHANGES},
    [RS_KEPT - FIRST] = {request_kept, 1, ASKS},
};

// NULL: there is no such request.
static const struct request *kind_of(const struct message *message)
{
    int64_t op = (int64_t)message_label(message->tag) - FIRST;
    bool known = op >= 0 && op < (int64_t)(sizeof(requests) / sizeof(requests[0]));
    return known && requests[op].serve ? &requests[op] : NULL;
}

bool request_only_asks(const struct message *request)
{
    const struct request *kind = kind_of(request);
    return !kind || kind->effect == ASKS;
}

static int64_t serve(struct message *request, struct message *reply, handle_t *closing)
{
    const struct request *kind = kind_of(request);
    if (!kind)
        return -E_NOSYS;
    struct service *client = service_by_id(RS_BADGE_SERVICE(request->badge));
    if (!client)
        return -E_SRCH; // removed since
    if (message_words(request->tag) < kind->words)
        return -E_INVAL;
    return kind->serve(client, request, reply, closing);
}

bool request_serve(struct message *request, struct message *reply, handle_t *closing)
{
    reply->tag = 0;
    int64_t result = serve(request, reply, closing);
    message_close_handles(request);
    if (message_label(request->tag) == RS_UPDATE && result == UPDATE_UNDER_WAY)
        return false;
    unsigned words = result < 0 ? 0 : message_words(reply->tag);
    unsigned handles = result < 0 ? 0 : message_handles(reply->tag);
    reply->tag = message_tag((int32_t)result, words, handles);
    return true;
}
