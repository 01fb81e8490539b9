// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The table of services.

#include "servers/rs/service.h"
#include "abi/log.h"
#include "lib/sys/log.h"
#include "lib/sys/sys.h"
#include "servers/rs/rs.h"

#include <stdlib.h>
#include <string.h>

static struct service *services[SERVICES_MAX];
static uint32_t services_used;

static int make_objects(struct service *service)
{
    int64_t handle = sys_endpoint_create();
    if (handle < 0)
        return (int)handle;
    service->endpoint = (handle_t)handle;
    if (rs.self) // rs itself, the first entry, writes to the kernel's log
        service->log_ring = log_ring_get(service->id, service->name);
    if (service->manifest->checkpoint_bytes) {
        handle = sys_memory_create(service->manifest->checkpoint_bytes, 0, HANDLE_NONE);
        if (handle < 0)
            return (int)handle;
        service->checkpoint = (handle_t)handle;
    }
    return 0;
}

void service_close_handle(handle_t *handle)
{
    if (*handle != HANDLE_NONE)
        state_close_later(*handle);
    *handle = HANDLE_NONE;
}

static void close_handles(struct service *service)
{
    service_close_handle(&service->endpoint);
    service_close_handle(&service->checkpoint);
    service_close_handle(&service->watch);
    service_close_handle(&service->instance_watch);
    service_close_handle(&service->ping);
    service_close_handle(&service->stop);
    for (unsigned i = 0; i < service->grants; i++)
        service_close_handle(&service->grant[i].handle);
}

static uint32_t free_slot(void)
{
    bool used[SERVICES_MAX] = {false};
    uint32_t slot = 0;
    for (uint32_t i = 0; i < services_used; i++)
        used[services[i]->slot] = true;
    while (used[slot])
        slot++; // there are fewer services than slots
    return slot;
}

struct service *service_create(const struct svc_manifest *manifest, const char *name,
                               struct service *owner)
{
    if (services_used == SERVICES_MAX || service_by_name(name))
        return NULL;
    struct service *service = calloc(1, sizeof(*service));
    if (!service)
        return NULL;
    service->id = ++rs.kept.next_id;
    service->slot = free_slot();
    service->manifest = manifest;
    service->owner = owner;
    service->deadline = DEADLINE_NEVER;
    strlcpy(service->name, name, sizeof(service->name));
    if (make_objects(service) < 0) {
        close_handles(service);
        free(service);
        return NULL;
    }
    service_enter(service);
    return service;
}

// The table is in the order of ids, so that its order is the same after rs's restart.
void service_enter(struct service *service)
{
    uint32_t index = services_used++;
    for (; index > 0 && services[index - 1]->id > service->id; index--)
        services[index] = services[index - 1];
    services[index] = service;
    if (service->slot >= rs.kept.slots)
        rs.kept.slots = service->slot + 1;
}

void service_destroy(struct service *service)
{
    uint32_t index = 0;
    while (services[index] != service)
        index++;
    for (uint32_t i = 0; i < services_used; i++)
        if (services[i]->owner == service)
            services[i]->owner = NULL;
    services_used--;
    memmove(&services[index], &services[index + 1], (services_used - index) * sizeof(services[0]));
    (void)update_failed(service, -E_NOENT);
    image_destroy(service->image);
    close_handles(service);
    free(service);
    rs.kept.changes++;
}

struct service *service_by_id(uint32_t id)
{
    for (uint32_t i = 0; i < services_used; i++)
        if (services[i]->id == id)
            return services[i];
    return NULL;
}

struct service *service_by_name(const char *name)
{
    for (uint32_t i = 0; i < services_used; i++)
        if (!strcmp(services[i]->name, name))
            return services[i];
    return NULL;
}

struct service *service_by_index(uint32_t index)
{
    return index < services_used ? services[index] : NULL;
}

uint32_t service_count(void)
{
    return services_used;
}

uint64_t service_changes(void)
{
    return rs.kept.changes;
}

// Signals a client's notification. One that is gone, with its client or by its doing, is forgotten.
static void tell(handle_t *notification)
{
    if (*notification != HANDLE_NONE && sys_signal(*notification) < 0)
        service_close_handle(notification);
}

void service_set_state(struct service *service, enum rs_state state)
{
    service->state = state;
    rs.kept.changes++;
    self_moment();
    for (uint32_t i = 0; i < services_used; i++)
        tell(&services[i]->watch);
    if (service->owner)
        tell(&service->owner->instance_watch);
}

void service_tell_all(void)
{
    rs.kept.changes++;
    for (uint32_t i = 0; i < services_used; i++) {
        tell(&services[i]->watch);
        tell(&services[i]->instance_watch);
    }
}

const char *service_state_name(enum rs_state state)
{
    static const char *const names[RS_STATES] = {
        [RS_STOPPED] = "stopped", [RS_WAITING] = "waiting",   [RS_STARTING] = "starting",
        [RS_RUNNING] = "running", [RS_CLEARING] = "clearing", [RS_RESTARTING] = "restarting",
        [RS_FAILED] = "failed",   [RS_STOPPING] = "stopping", [RS_DEGRADED] = "degraded",
    };
    return state < RS_STATES ? names[state] : "?";
}
