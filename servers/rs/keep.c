// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Handles that a service has rs keep for its successors (abi/rs.h, RS_KEEP): what it would lose
// with its process, and nobody could make again. They stay until the service itself takes them
// back; only plain services own instances, so a keeper is never forgotten.

#include "lib/sys/sys.h"
#include "servers/rs/rs.h"

#include <string.h>

struct keepsake keepsakes[KEEPSAKES_MAX];
bool keepsakes_changed;

static struct keepsake *find(const struct service *service, const char *name)
{
    for (unsigned i = 0; i < KEEPSAKES_MAX; i++)
        if (keepsakes[i].handle != HANDLE_NONE && keepsakes[i].service == service->id &&
            !strcmp(keepsakes[i].name, name))
            return &keepsakes[i];
    return NULL;
}

static struct keepsake *find_free(void)
{
    for (unsigned i = 0; i < KEEPSAKES_MAX; i++)
        if (keepsakes[i].handle == HANDLE_NONE)
            return &keepsakes[i];
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
    struct keepsake *place = find(client, name);
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
    keepsakes_changed = true;
    return 0;
}

// (index)
int64_t request_kept(struct service *client, struct message *request, struct message *reply,
                     handle_t *closing)
{
    (void)closing; // it stays
    uint64_t index = request->word[0];
    for (unsigned i = 0; i < KEEPSAKES_MAX; i++) {
        if (keepsakes[i].handle == HANDLE_NONE || keepsakes[i].service != client->id || index-- > 0)
            continue;
        reply->handle[0] = keepsakes[i].handle;
        int64_t words = message_put_bytes(reply, 0, keepsakes[i].name, sizeof(keepsakes[i].name));
        reply->tag = message_tag(0, (unsigned)words, 1);
        return 0;
    }
    return -E_NOENT;
}
