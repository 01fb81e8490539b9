// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// What a predecessor left: drivers that run, one that died with it, one that it had only begun to
// start. rs has the instances and the handles, the checkpoint what is known of the devices
// (saved.c). For each device with a driver:
//
//   instance      checkpoint   what happens
//   none          -            it is started as at boot
//   never ran     -            removed, and started as at boot
//   ran           sound        taken over: nothing is touched. If its driver is dead (RS_CLEARING),
//                              the device is made safe, once more if that had been begun
//   ran           not sound    the driver is ended, its device silenced; the same instance starts
//                              with all grants anew: its clients see a restart
//
// If not even the board's part of the checkpoint is sound, all drivers are ended first, because
// looking for devices disturbs them.

#include <string.h>

#include "abi/error.h"
#include "lib/sys/log.h"
#include "lib/sys/sys.h"
#include "lib/sys/thread.h"
#include "servers/devmgr/device.h"

enum { LEFT_MAX = DEVICES_MAX + DEVICE_WATCHERS_MAX };

// Time-outs.
enum { END_MS = 2000, END_POLL_MS = 1 };

static struct rs_instance instance[DEVICES_MAX];
static uint32_t instances;
static struct kept window[LEFT_MAX]; // each until a device takes it: then its handle is HANDLE_NONE
static uint32_t windows;
static uint32_t taken_over, begun_anew;

// ---- finding out ----

void takeover_begin(struct devmgr *devmgr)
{
    struct kept kept;

    while (instances < DEVICES_MAX && instance_at(devmgr, instances, &instance[instances]))
        instances++;
    for (uint32_t i = 0; kept_at(devmgr, i, &kept); i++) {
        if (watcher_restore(devmgr, kept.name, kept.handle))
            continue;
        if (windows == LEFT_MAX)
            sys_handle_close(kept.handle); // rs has it still
        else
            window[windows++] = kept;
    }
}

static struct rs_instance *instance_of(const struct device *device)
{
    for (uint32_t i = 0; i < instances; i++) {
        if (strcmp(instance[i].key, device->info.where) == 0 &&
            strcmp(instance[i].template, device->manifest->name) == 0)
            return &instance[i];
    }
    return NULL;
}

static handle_t take_window(const struct device *device)
{
    for (uint32_t i = 0; i < windows; i++) {
        handle_t handle = window[i].handle;

        if (handle == HANDLE_NONE || strcmp(window[i].name, device->info.where) != 0)
            continue;
        window[i].handle = HANDLE_NONE;
        return handle;
    }
    return HANDLE_NONE;
}

// ---- ending drivers ----

// Its process is gone on return, and its grants are forgotten.
static int end_driver(const struct devmgr *devmgr, uint32_t id)
{
    int status = -E_AGAIN;

    for (uint32_t waited = 0; status == -E_AGAIN && waited < END_MS; waited += END_POLL_MS) {
        struct message message = {.tag = message_tag(RS_INSTANCE_RENEW, 1, 0)};

        if (waited != 0)
            thread_sleep_until(sys_clock() + END_POLL_MS * 1000000ull);
        message.word[0] = id;
        status = (int)message_call_retry(devmgr->rs, &message);
    }
    return status;
}

void takeover_end_drivers(struct devmgr *devmgr)
{
    if (instances != 0)
        log_warning("devmgr: the checkpoint is damaged: all drivers begin anew");
    for (uint32_t i = 0; i < instances; i++) {
        int error = end_driver(devmgr, instance[i].id);

        if (error < 0)
            log_error("devmgr: the driver of %s cannot be ended: error %d", instance[i].key, error);
    }
}

// ---- device by device ----

static bool take_over(const struct devmgr *devmgr, struct device *device)
{
    if (!device->known)
        return false;
    if (device->dma_known.protection == RS_DMA_NONE)
        return true;
    return device->dma != HANDLE_NONE && device_dma_take_over(devmgr, device) == 0;
}

static void begin_anew(const struct devmgr *devmgr, struct device *device)
{
    int error = end_driver(devmgr, device->instance);

    log_warning("devmgr: %s: not sure of it, its driver begins anew", device->info.where);
    if (error < 0)
        log_error("devmgr: %s: its driver cannot be ended: error %d", device->info.where, error);
    begun_anew++;
}

// What its driver had counts no more.
static void forget(struct device *device)
{
    device->known = false;
    device->irq_mode = DEVICE_IRQ_NONE;
    device->irqs = 0;
    memset(&device->dma_known, 0, sizeof device->dma_known);
}

static bool take_instance(struct devmgr *devmgr, struct device *device)
{
    struct rs_instance *left = instance_of(device);

    if (left == NULL)
        return false;
    left->key[0] = '\0'; // not to be found again
    if (left->started == 0) {
        instance_remove(devmgr, left->id);
        return false;
    }
    device->instance = left->id;
    device->has_instance = true;
    if (take_over(devmgr, device))
        return true;
    begin_anew(devmgr, device);
    return false;
}

bool takeover_device(struct devmgr *devmgr, struct device *device)
{
    device->dma = take_window(device);
    if (take_instance(devmgr, device)) {
        taken_over++;
        return true;
    }
    forget(device);
    return false;
}

void takeover_finish(struct devmgr *devmgr)
{
    for (uint32_t i = 0; i < instances; i++) {
        if (instance[i].key[0] == '\0')
            continue;
        log_warning("devmgr: there is no %s for its driver any more", instance[i].key);
        instance_remove(devmgr, instance[i].id);
    }
    for (uint32_t i = 0; i < windows; i++) {
        if (window[i].handle == HANDLE_NONE)
            continue;
        keep(devmgr, window[i].name, HANDLE_NONE);
        sys_handle_close(window[i].handle);
    }
    if (taken_over + begun_anew != 0)
        log_info("devmgr: took over %u devices with their drivers, %u begin anew", taken_over,
                 begun_anew);
}
