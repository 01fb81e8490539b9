// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Complaints of clients (abi/rs.h, RS_COMPLAIN): what neither the kernel nor a heartbeat sees, a
// driver that lies to its clients or serves none of them.

#include "abi/error.h"
#include "lib/sys/log.h"
#include "servers/rs/rs.h"

#include <string.h>

static const char *const reasons[] = {
    [RS_COMPLAINT_PROTOCOL] = "broke the protocol, as a client found",
    [RS_COMPLAINT_SILENCE] = "left a client's request unanswered",
};

int64_t request_complain(struct service *client, struct message *request, struct message *reply,
                         handle_t *closing)
{
    (void)reply;
    (void)closing;
    const char *name = (const char *)&request->word[2];
    if (request->word[0] >= sizeof(reasons) / sizeof(reasons[0]) || !memchr(name, 0, RS_NAME_MAX))
        return -E_INVAL;
    struct service *server = service_by_name(name);
    if (!server)
        return -E_NOENT;
    if (!svc_allows(client->manifest, server->name, server->manifest->name,
                    server->manifest->class))
        return -E_PERM;
    if (server == rs.self || server->incarnation != request->word[1] ||
        server->process == HANDLE_NONE)
        return -E_SRCH;
    log_warning("%s complains: %s %s", client->name, server->name, reasons[request->word[0]]);
    return service_kill(server, reasons[request->word[0]], false);
}
