// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Handles that a service has rs keep for its successors (abi/rs.h, RS_KEEP): what it would lose
// with its process, and nobody could make again. They stay until the service itself takes them
// back; only plain services own instances, so a keeper is never forgotten.

#include "lib/sys/sys.h"
#include "servers/rs/rs.h"

#include <string.h>

enum { KEPT_MAX = 384 }; // devmgr's devices and watchers, and some

struct kept {
    handle_t handle; // HANDLE_NONE: a free place
    uint32_t service;
    char name[RS_NAME_MAX];
};

static struct kept kept[KEPT_MAX];

static struct kept *find(const struct service *service, const char *name)
{
    for (unsigned i = 0; i < KEPT_MAX; i++)
        if (kept[i].handle != HANDLE_NONE && kept[i].service == service->id &&
            !strcmp(kept[i].name, name))
            return &kept[i];
    return NULL;
}

static struct kept *find_free(void)
{
    for (unsigned i = 0; i < KEPT_MAX; i++)
        if (kept[i].handle == HANDLE_NONE)
            return &kept[i];
    return NULL;
}

// (name; handle)
int64_t request_keep(struct service *client, struct message *request, struct message *reply,
                     handle_t *closing)
{
    (void)reply;
    (void)closing;
    const char *name = (const char *)request->word;
    if (!(RS_BADGE_PERMISSIONS(request->badge) & RS_MAY_INSTANCES))
        return -E_PERM;
    if (!name[0] || !memchr(name, 0, RS_NAME_MAX))
        return -E_INVAL;
    struct kept *place = find(client, name);
    if (request->handle[0] == HANDLE_NONE && !place)
        return -E_NOENT;
    if (!place)
        place = find_free();
    if (!place)
        return -E_NOMEM;
    service_close_handle(&place->handle);
    place->service = client->id;
    strlcpy(place->name, name, sizeof(place->name));
    place->handle = request->handle[0];
    request->handle[0] = HANDLE_NONE; // taken
    return 0;
}

// (index)
int64_t request_kept(struct service *client, struct message *request, struct message *reply,
                     handle_t *closing)
{
    (void)closing; // it stays
    uint64_t index = request->word[0];
    for (unsigned i = 0; i < KEPT_MAX; i++) {
        if (kept[i].handle == HANDLE_NONE || kept[i].service != client->id || index-- > 0)
            continue;
        reply->handle[0] = kept[i].handle;
        int64_t words = message_put_bytes(reply, 0, kept[i].name, sizeof(kept[i].name));
        reply->tag = message_tag(0, (unsigned)words, 1);
        return 0;
    }
    return -E_NOENT;
}
