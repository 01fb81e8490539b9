// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Drivers' processes, which rs owns and devmgr asks for (abi/rs.h, "Owned instances"). rs keeps the
// handles that an instance was granted, so after a death devmgr only has to make the device safe.

#include <stdio.h>
#include <string.h>

#include "abi/error.h"
#include "lib/sys/log.h"
#include "lib/sys/sys.h"
#include "servers/devmgr/device.h"

static int call(const struct devmgr *devmgr, struct message *message)
{
    return (int)message_call_retry(devmgr->rs, message);
}

// ---- starting ----

static int instance_create(struct devmgr *devmgr, struct device *device)
{
    struct message message = {0};
    int status;

    message_put_bytes(&message, 0, device->manifest->name, strlen(device->manifest->name));
    message_put_bytes(&message, RS_NAME_WORDS, device->info.where, strlen(device->info.where));
    message.tag = message_tag(RS_INSTANCE_CREATE, 2 * RS_NAME_WORDS, 0);
    status = call(devmgr, &message);
    if (status < 0)
        return status;
    device->instance = (uint32_t)message.word[0];
    device->has_instance = true;
    return 0;
}

static int instance_argument(struct devmgr *devmgr, const struct device *device)
{
    struct message message = {0};
    char text[8 + DEVICE_NAME_MAX];
    int bytes = snprintf(text, sizeof text, "name=%s", device->info.name);
    int64_t words;

    message.word[0] = device->instance;
    message.word[1] = (uint64_t)bytes;
    words = message_put_bytes(&message, 2, text, (size_t)bytes);
    if (words < 0)
        return (int)words;
    message.tag = message_tag(RS_INSTANCE_ARGUMENT, 2 + (unsigned)words, 0);
    return call(devmgr, &message);
}

static int instance_grants(struct devmgr *devmgr, const struct device *device)
{
    enum { GRANT_WORDS = sizeof(struct rs_grant) / 8 };

    for (uint32_t done = 0; done < device->grants;) {
        struct message message = {0};
        uint32_t count = device->grants - done;
        int status;

        if (count > MESSAGE_HANDLES)
            count = MESSAGE_HANDLES;
        message.word[0] = device->instance;
        message.word[1] = count;
        for (uint32_t i = 0; i < count; i++) {
            const struct device_grant *grant = &device->grant[done + i];

            memcpy(&message.word[2 + i * GRANT_WORDS], &grant->grant, sizeof grant->grant);
            message.handle[i] = grant->handle;
        }
        message.tag = message_tag(RS_INSTANCE_GRANT, 2 + count * GRANT_WORDS, count);
        status = call(devmgr, &message);
        if (status < 0)
            return status;
        done += count;
    }
    return 0;
}

static int instance_run(struct devmgr *devmgr, const struct device *device)
{
    struct message message = {.tag = message_tag(RS_INSTANCE_START, 1, 0)};
    int status;

    message.word[0] = device->instance;
    status = call(devmgr, &message);
    message_close_handles(&message); // clients get the endpoint from rs
    return status;
}

// Its device is safe. -E_BUSY: rs does not wait for that.
static int instance_cleared(struct devmgr *devmgr, const struct device *device)
{
    struct message message = {.tag = message_tag(RS_INSTANCE_CLEARED, 1, 0)};

    message.word[0] = device->instance;
    return call(devmgr, &message);
}

void instance_remove(struct devmgr *devmgr, uint32_t instance)
{
    struct message message = {.tag = message_tag(RS_INSTANCE_REMOVE, 1, 0)};
    int status;

    message.word[0] = instance;
    status = call(devmgr, &message);
    if (status < 0)
        log_error("devmgr: an instance cannot be removed: error %d", status);
}

int instance_tell_dma(struct devmgr *devmgr, const struct device *device)
{
    enum { WORDS = sizeof device->dma_known / 8 };
    struct message message = {.tag = message_tag(RS_INSTANCE_DMA, 1 + WORDS, 0)};

    message.word[0] = device->instance;
    memcpy(&message.word[1], &device->dma_known, sizeof device->dma_known);
    return call(devmgr, &message);
}

void instance_start(struct devmgr *devmgr, struct device *device)
{
    bool again = device->has_instance;
    int status = again ? 0 : instance_create(devmgr, device);

    units_forget(devmgr, device);
    if (status >= 0)
        status = instance_argument(devmgr, device);
    if (status >= 0)
        status = instance_grants(devmgr, device);
    if (status >= 0)
        status = instance_tell_dma(devmgr, device);
    if (status >= 0) {
        device->known = true;
        saved_store_devices(devmgr);
    }
    if (status >= 0 && again)
        status = instance_cleared(devmgr, device);
    else if (status >= 0)
        status = instance_run(devmgr, device);
    grant_drop_all(device);                            // rs holds copies
    if (status >= 0 || (again && status == -E_BUSY)) { // it was not to run
        device->info.state = DEVICE_STARTING;
        return;
    }
    log_error("devmgr: %s: cannot start %s: error %d", device->info.where, device->manifest->name,
              status);
    if (device->has_instance)
        instance_remove(devmgr, device->instance);
    device->has_instance = false;
    device->info.state = DEVICE_FAILED;
}

int instance_watch(struct devmgr *devmgr, handle_t notification)
{
    struct message message = {.tag = message_tag(RS_INSTANCE_WATCH, 1, 1)};

    message.handle[0] = notification;
    return call(devmgr, &message);
}

// ---- following what becomes of them ----

bool instance_at(const struct devmgr *devmgr, uint32_t index, struct rs_instance *found)
{
    struct message message = {.tag = message_tag(RS_INSTANCE_AT, 1, 0)};

    message.word[0] = index;
    return call(devmgr, &message) >= 0 && message_get_bytes(&message, 0, found, sizeof *found) == 0;
}

static struct device *device_of(struct devmgr *devmgr, uint32_t instance)
{
    for (uint32_t i = 0; i < devmgr->devices; i++) {
        if (devmgr->device[i].has_instance && devmgr->device[i].instance == instance)
            return &devmgr->device[i];
    }
    return NULL;
}

// What the successor gets anew, and what its predecessor's device did at last.
static void hand_over(struct devmgr *devmgr, struct device *device)
{
    int status;

    saved_store_devices(devmgr);
    status = instance_grants(devmgr, device);
    grant_drop_all(device); // rs holds copies
    if (status >= 0)
        status = instance_tell_dma(devmgr, device);
    if (status < 0)
        log_error("devmgr: %s: rs does not take its grants: error %d", device->info.where, status);
}

static void make_safe(struct devmgr *devmgr, struct device *device)
{
    int status;

    units_forget(devmgr, device);
    status = device->pci != NULL ? pci_device_make_safe(devmgr, device)
                                 : platform_device_make_safe(devmgr, device);
    if (status < 0)
        log_warning("devmgr: %s: the device could not be reset: error %d", device->info.where,
                    status);
    if (device->pci != NULL)
        pci_device_activate(devmgr, device);
    hand_over(devmgr, device);
    status = instance_cleared(devmgr, device);
    if (status < 0)
        log_warning("devmgr: %s: rs does not take the device back: error %d", device->info.where,
                    status);
}

static uint32_t device_state(uint32_t rs_state)
{
    switch (rs_state) {
    case RS_RUNNING:
        return DEVICE_RUNNING;
    case RS_CLEARING:
    case RS_RESTARTING:
    case RS_STOPPING:
        return DEVICE_RESTARTING;
    case RS_FAILED:
    case RS_DEGRADED:
    case RS_STOPPED:
        return DEVICE_FAILED;
    default:
        return DEVICE_STARTING;
    }
}

// True if anything about the device is different now.
static bool instance_update(struct device *device, const struct rs_instance *instance)
{
    struct device_info before = device->info;

    device->info.state = device_state(instance->state);
    device->info.incarnation = instance->incarnation;
    memcpy(device->info.service, instance->name, sizeof device->info.service);
    device->info.service[sizeof device->info.service - 1] = '\0';
    return memcmp(&before, &device->info, sizeof before) != 0;
}

void instance_changes(struct devmgr *devmgr)
{
    bool changed = false;
    struct device *dead = NULL;
    bool more = false;
    struct rs_instance instance;

    for (uint32_t index = 0; instance_at(devmgr, index, &instance); index++) {
        struct device *device = device_of(devmgr, instance.id);

        if (device == NULL)
            continue;
        changed |= instance_update(device, &instance);
        more |= instance.state == RS_CLEARING && dead != NULL;
        if (instance.state == RS_CLEARING && dead == NULL)
            dead = device;
    }
    if (changed)
        device_changed(devmgr);
    if (dead != NULL)
        make_safe(devmgr, dead);
    if (more)
        sys_signal(devmgr->instances_watch);
}
