// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Who is told when something about a device changes. rs keeps their notifications for devmgr's
// successor, so one whose owner died is still there: those are looked for when there is no room.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/error.h"
#include "lib/sys/sys.h"
#include "servers/devmgr/device.h"

enum {
    NS_PER_MS = 1000000,
    // A process may watch before rs has noted when it started.
    START_MARGIN_MS = 1000,
};

static uint64_t now_ms(void)
{
    return sys_clock() / NS_PER_MS;
}

// Under which rs keeps it.
static const char *name_of(const struct devmgr *devmgr, uint32_t index, char name[RS_NAME_MAX])
{
    const struct watcher *watcher = &devmgr->watcher[index];

    snprintf(name, RS_NAME_MAX, "w %u %u %llu", index, watcher->service,
             (unsigned long long)watcher->since_ms);
    return name;
}

static void drop(struct devmgr *devmgr, uint32_t index)
{
    sys_handle_close(devmgr->watcher[index].handle);
    devmgr->watcher[index] = (struct watcher){.handle = HANDLE_NONE};
}

static void forget(struct devmgr *devmgr, uint32_t index)
{
    char name[RS_NAME_MAX];

    keep(devmgr, name_of(devmgr, index, name), HANDLE_NONE);
    drop(devmgr, index);
}

void watchers_tell(struct devmgr *devmgr)
{
    for (uint32_t i = 0; i < DEVICE_WATCHERS_MAX; i++) {
        if (devmgr->watcher[i].handle != HANDLE_NONE && sys_signal(devmgr->watcher[i].handle) < 0)
            forget(devmgr, i);
    }
}

// ---- those whose owners are gone ----

static bool service_at(const struct devmgr *devmgr, uint32_t index, struct rs_service_info *service)
{
    struct message message = {.tag = message_tag(RS_SERVICE, 1, 0)};

    message.word[0] = index;
    return message_call_retry(devmgr->rs, &message) >= 0 &&
           message_get_bytes(&message, 0, service, sizeof *service) == 0;
}

static bool is_gone(const struct watcher *watcher, const struct rs_service_info *service)
{
    return watcher->handle != HANDLE_NONE && watcher->service == service->id &&
           (service->started_at == 0 ||
            watcher->since_ms + START_MARGIN_MS < service->started_at / NS_PER_MS);
}

static void forget_gone(struct devmgr *devmgr)
{
    struct rs_service_info service;

    for (uint32_t index = 0; service_at(devmgr, index, &service); index++) {
        for (uint32_t i = 0; i < DEVICE_WATCHERS_MAX; i++) {
            if (is_gone(&devmgr->watcher[i], &service))
                forget(devmgr, i);
        }
    }
}

// ---- adding ----

// DEVICE_WATCHERS_MAX: none.
static uint32_t free_place(const struct devmgr *devmgr)
{
    uint32_t i = 0;

    while (i < DEVICE_WATCHERS_MAX && devmgr->watcher[i].handle != HANDLE_NONE)
        i++;
    return i;
}

int watcher_add(struct devmgr *devmgr, uint32_t service, handle_t notification)
{
    char name[RS_NAME_MAX];
    uint32_t i = free_place(devmgr);
    int status;

    if (i == DEVICE_WATCHERS_MAX) {
        forget_gone(devmgr);
        i = free_place(devmgr);
    }
    if (i == DEVICE_WATCHERS_MAX) {
        sys_handle_close(notification);
        return -E_NOMEM;
    }
    devmgr->watcher[i] = (struct watcher){notification, service, now_ms()};
    status = keep(devmgr, name_of(devmgr, i, name), notification);
    if (status < 0)
        drop(devmgr, i);
    return status;
}

bool watcher_restore(struct devmgr *devmgr, const char *name, handle_t notification)
{
    char *at;
    unsigned long index, service;
    unsigned long long since;

    if (strncmp(name, "w ", 2) != 0)
        return false;
    index = strtoul(name + 2, &at, 10);
    service = strtoul(at, &at, 10);
    since = strtoull(at, &at, 10);
    if (*at != '\0' || index >= DEVICE_WATCHERS_MAX || service > UINT32_MAX)
        return false;
    devmgr->watcher[index] = (struct watcher){notification, (uint32_t)service, since};
    return true;
}
