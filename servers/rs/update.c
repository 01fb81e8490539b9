// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Live update: a running service goes on with another binary, its endpoint, grants and checkpoint
// staying what they are.
//
//   update_begin: the new binary is read and checked; nothing has happened yet
//   STOPPING:     the old process ends in good order, or is killed after its time
//   CLEARING:     its device is made safe, if it has one
//   trial:        the new process has until `ready_timeout` to say RS_READY. If it does, that was
//                 it; if it dies, is too late or cannot even be spawned, the old binary starts
//                 again, and none of this counts as the service's fault.
//
// Whoever asked is answered at the end. Another stop or restart on the way ends the update, and the
// old binary stays.

#include "lib/sys/log.h"
#include "lib/sys/sys.h"
#include "servers/rs/rs.h"

static void answer(struct service *service, int error)
{
    struct message reply = {.tag = message_tag(error, 0, 0)};
    handle_t to = service->update.reply;
    service->update.reply = HANDLE_NONE;
    if (to != HANDLE_NONE && sys_reply_to(to, &reply) < 0)
        (void)sys_handle_close(to); // who asked is gone
}

int64_t update_begin(struct service *service, handle_t memory, uint64_t bytes)
{
    const char *why = "";
    struct image *image = NULL;
    if (service == rs.self || service->manifest->restart == SVC_RESTART_NEVER)
        return -E_OPNOTSUPP;
    if (service->state != RS_RUNNING || service->intent != INTENT_NONE)
        return -E_BUSY;
    int status = memory != HANDLE_NONE ? image_read(memory, bytes, &image, &why) : 0;
    if (status < 0) {
        log_error("%s: no update: %s", service->name, why);
        return status;
    }
    int64_t reply = sys_reply_defer();
    if (reply < 0) {
        image_destroy(image);
        return reply;
    }
    service->update =
        (struct update){.state = UPDATE_WANTED, .image = image, .reply = (handle_t)reply};
    service_end(service, INTENT_UPDATE, "updated on request");
    return UPDATE_UNDER_WAY;
}

void update_try(struct service *service)
{
    struct image *old = service->image;
    service->image = service->update.image;
    service->update.image = old;
    service->update.state = UPDATE_TRIAL;
}

void update_ready(struct service *service)
{
    if (service->update.state != UPDATE_TRIAL)
        return;
    service->update.state = UPDATE_NONE;
    image_destroy(service->update.image);
    service->update.image = NULL;
    log_info("%s is updated", service->name);
    answer(service, 0);
}

bool update_failed(struct service *service, int error)
{
    if (service->update.state == UPDATE_NONE)
        return false;
    struct image *new = service->update.image;
    if (service->update.state == UPDATE_TRIAL) {
        new = service->image;
        service->image = service->update.image;
        log_error("%s: the new binary does not start: back to the old one", service->name);
    }
    service->update.state = UPDATE_NONE;
    service->update.image = NULL;
    image_destroy(new);
    answer(service, error);
    return true;
}
