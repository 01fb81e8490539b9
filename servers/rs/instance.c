// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Requests about instances: who may start a template builds an instance up, step by step, then
// starts and owns it.

#include "lib/sys/log.h"
#include "lib/sys/sys.h"
#include "servers/rs/rs.h"

#include <stdio.h>
#include <string.h>

enum { INSTANCE_NUMBERS = 1000 };

static int64_t answer_id(const struct service *instance, struct message *reply)
{
    reply->word[0] = instance->id;
    reply->tag = message_tag(0, 1, 0);
    return 0;
}

// One that the client has made and given nothing yet, as when its request came a second time.
static struct service *blank_instance(const struct service *client,
                                      const struct svc_manifest *template, const char *key)
{
    for (uint32_t i = 0; i < service_count(); i++) {
        struct service *instance = service_by_index(i);
        if (instance->owner == client && instance->manifest == template &&
            !strcmp(instance->key, key) && instance->state == RS_STOPPED &&
            !instance->started_before && !instance->grants && !instance->arguments_bytes)
            return instance;
    }
    return NULL;
}

static int64_t create(struct service *client, const struct message *request, struct message *reply)
{
    const char *name = (const char *)request->word;
    char key[RS_NAME_MAX] = "";
    if (!memchr(name, 0, RS_NAME_MAX))
        return -E_INVAL;
    (void)message_get_bytes(request, RS_NAME_WORDS, key, sizeof(key)); // not everybody has one
    if (!memchr(key, 0, sizeof(key)))
        return -E_INVAL;
    struct svc_manifest *template = svc_find(rs.manifest, rs.manifests, name);
    if (!template || template->broken || template->per != SVC_PER_DEVICE)
        return -E_NOENT;
    if (!svc_may_start(client->manifest, template))
        return -E_PERM;
    struct service *blank = blank_instance(client, template, key);
    if (blank)
        return answer_id(blank, reply);
    char instance_name[RS_NAME_MAX];
    for (unsigned number = 0; number < INSTANCE_NUMBERS; number++) {
        snprintf(instance_name, sizeof(instance_name), "%s.%u", template->name, number);
        if (service_by_name(instance_name))
            continue;
        struct service *instance = service_create(template, instance_name, client);
        if (!instance)
            return -E_NOMEM;
        strlcpy(instance->key, key, sizeof(instance->key));
        return answer_id(instance, reply);
    }
    return -E_NOMEM;
}

static bool has_argument(const struct service *instance, const char *word)
{
    const char *end = instance->arguments + instance->arguments_bytes;
    for (const char *at = instance->arguments; at < end; at += strlen(at) + 1)
        if (!strcmp(at, word))
            return true;
    return false;
}

// (id, bytes, text)
static int64_t add_argument(struct service *instance, struct message *request)
{
    uint64_t bytes = request->word[1];
    size_t room = sizeof(instance->arguments) - instance->arguments_bytes;
    if (bytes == 0 || bytes > (MESSAGE_WORDS - 2) * sizeof(uint64_t))
        return -E_INVAL;
    char word[(MESSAGE_WORDS - 2) * sizeof(uint64_t) + 1] = {0};
    if (message_get_bytes(request, 2, word, bytes) < 0)
        return -E_INVAL;
    if (has_argument(instance, word))
        return 0;
    if (strlen(word) + 1 > room)
        return -E_2BIG;
    memcpy(instance->arguments + instance->arguments_bytes, word, strlen(word) + 1);
    instance->arguments_bytes += strlen(word) + 1;
    return 0;
}

// The grant of this name, or the next free place; NULL: none is left.
static struct service_grant *grant_place(struct service *instance, const char *name)
{
    for (unsigned i = 0; i < instance->grants; i++)
        if (!strcmp(instance->grant[i].grant.name, name))
            return &instance->grant[i];
    return instance->grants < SERVICE_GRANTS_MAX ? &instance->grant[instance->grants] : NULL;
}

static int64_t add_grant(struct service *instance, struct message *request, unsigned number)
{
    struct rs_grant grant;
    unsigned first = 2 + number * (unsigned)(sizeof(grant) / sizeof(uint64_t));
    if (message_get_bytes(request, first, &grant, sizeof(grant)) < 0 || !grant.name[0] ||
        !memchr(grant.name, 0, sizeof(grant.name)))
        return -E_INVAL;
    struct service_grant *place = grant_place(instance, grant.name);
    if (!place)
        return -E_NOMEM;
    struct handle_info info;
    int64_t status = sys_handle_info(request->handle[number], &info);
    if (status < 0)
        return status;
    if (!(info.rights & RIGHT_DUPLICATE))
        return -E_PERM; // could not be granted again after a restart
    if (place == &instance->grant[instance->grants])
        instance->grants++;
    else
        service_close_handle(&place->handle);
    *place = (struct service_grant){
        .grant = grant, .handle = request->handle[number], .rights = info.rights};
    request->handle[number] = HANDLE_NONE; // taken
    return 0;
}

// (id, number, grants; handles)
static int64_t add_grants(struct service *instance, struct message *request)
{
    uint64_t number = request->word[1];
    if (number > MESSAGE_HANDLES || number > message_handles(request->tag))
        return -E_INVAL;
    for (unsigned i = 0; i < number; i++) {
        int64_t status = add_grant(instance, request, i);
        if (status < 0)
            return status;
    }
    return 0;
}

static int64_t start(struct service *client, struct service *instance, struct message *reply,
                     handle_t *closing)
{
    int64_t handle = badge_endpoint(instance, client, NULL, RIGHT_SEND | RIGHT_TRANSFER);
    if (handle < 0)
        return handle;
    int64_t status = service_start(instance);
    if (status < 0) {
        (void)sys_handle_close((handle_t)handle); // just made
        return status;
    }
    *closing = reply->handle[0] = (handle_t)handle;
    reply->word[0] = instance->id;
    reply->tag = message_tag(0, 1, 1);
    return 0;
}

static int64_t remove_instance(struct service *instance)
{
    if (instance->process != HANDLE_NONE) {
        int64_t status = sys_process_kill(instance->process);
        if (status < 0)
            return status;
        service_close_handle(&instance->process);
    }
    log_info("%s removed", instance->name);
    service_destroy(instance);
    return 0;
}

// ---- for an owner's successor ----

static int64_t answer_instance(const struct service *client, uint64_t index, struct message *reply)
{
    for (uint32_t i = 0; i < service_count(); i++) {
        const struct service *instance = service_by_index(i);
        if (instance->owner != client || index-- > 0)
            continue;
        struct rs_instance info = {
            .id = instance->id,
            .state = instance->state,
            .started = instance->started_before,
            .incarnation = instance->incarnation,
        };
        strlcpy(info.name, instance->name, sizeof(info.name));
        strlcpy(info.template, instance->manifest->name, sizeof(info.template));
        strlcpy(info.key, instance->key, sizeof(info.key));
        int64_t words = message_put_bytes(reply, 0, &info, sizeof(info));
        reply->tag = message_tag(0, (unsigned)words, 0);
        return 0;
    }
    return -E_NOENT;
}

static int64_t renew(struct service *instance)
{
    if (instance->process != HANDLE_NONE) {
        int64_t status = service_kill(instance, "its owner has to begin anew", true);
        return status < 0 ? status : -E_AGAIN;
    }
    for (unsigned i = 0; i < instance->grants; i++)
        service_close_handle(&instance->grant[i].handle);
    instance->grants = 0;
    instance->arguments_bytes = 0;
    if (instance->state == RS_WAITING || instance->state == RS_RESTARTING)
        service_clear(instance);
    return 0;
}

static int64_t watch(struct service *client, struct message *request)
{
    if (request->handle[0] == HANDLE_NONE)
        return -E_INVAL;
    service_close_handle(&client->instance_watch);
    client->instance_watch = request->handle[0];
    request->handle[0] = HANDLE_NONE;
    return 0;
}

static int64_t take_dma(struct service *instance, const struct message *request)
{
    struct rs_dma dma;
    if (message_get_bytes(request, 1, &dma, sizeof(dma)) < 0)
        return -E_INVAL;
    service_dma(instance, &dma);
    return 0;
}

int64_t request_instance(struct service *client, struct message *request, struct message *reply,
                         handle_t *closing)
{
    if (!(RS_BADGE_PERMISSIONS(request->badge) & RS_MAY_INSTANCES))
        return -E_PERM;
    int32_t op = message_label(request->tag);
    if (op == RS_INSTANCE_CREATE)
        return create(client, request, reply);
    if (op == RS_INSTANCE_WATCH)
        return watch(client, request);
    if (op == RS_INSTANCE_AT)
        return answer_instance(client, request->word[0], reply);

    uint64_t id = request->word[0];
    struct service *instance = id <= UINT32_MAX ? service_by_id((uint32_t)id) : NULL;
    if (!instance)
        return -E_NOENT;
    if (instance->owner != client)
        return -E_PERM;
    switch (op) {
    case RS_INSTANCE_ARGUMENT:
        return add_argument(instance, request);
    case RS_INSTANCE_GRANT:
        return add_grants(instance, request);
    case RS_INSTANCE_START:
        return start(client, instance, reply, closing);
    case RS_INSTANCE_REMOVE:
        return remove_instance(instance);
    case RS_INSTANCE_CLEARED:
        return service_cleared(instance);
    case RS_INSTANCE_DMA:
        return take_dma(instance, request);
    case RS_INSTANCE_RENEW:
        return renew(instance);
    default:
        return -E_NOSYS;
    }
}
