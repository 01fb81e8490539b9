// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The device table; see device.h.

#include "servers/devmgr/device.h"

#include <string.h>

#include "abi/error.h"
#include "lib/sys/log.h"

static const char *const class_names[DEVICE_CLASSES] = {
    [DEVICE_NONE] = "none", [DEVICE_BLOCK] = "block", [DEVICE_CHAR] = "char", [DEVICE_NET] = "net",
    [DEVICE_GPU] = "gpu",   [DEVICE_INPUT] = "input", [DEVICE_MISC] = "misc",
};

static const char *const state_names[] = {
    [DEVICE_UNCLAIMED] = "unclaimed", [DEVICE_STARTING] = "starting",
    [DEVICE_RUNNING] = "running",     [DEVICE_RESTARTING] = "restarting",
    [DEVICE_FAILED] = "failed",       [DEVICE_GONE] = "gone",
};

const char *device_class_name(uint32_t class)
{
    return class < DEVICE_CLASSES ? class_names[class] : "?";
}

const char *device_state_name(uint32_t state)
{
    return state <= DEVICE_GONE ? state_names[state] : "?";
}

uint32_t device_class_by_name(const char *name)
{
    for (uint32_t class = 0; class < DEVICE_CLASSES; class ++) {
        if (strcmp(class_names[class], name) == 0)
            return class;
    }
    return DEVICE_MISC;
}

struct device *device_add(struct devmgr *devmgr)
{
    struct device *device;

    if (devmgr->devices == DEVICES_MAX) {
        log_error("devmgr: more than %d devices, the rest is left alone", DEVICES_MAX);
        return NULL;
    }
    device = &devmgr->device[devmgr->devices];
    memset(device, 0, sizeof *device);
    device->info.id = devmgr->devices++;
    return device;
}

struct device *device_find(struct devmgr *devmgr, uint32_t class, const char *name)
{
    for (uint32_t i = 0; i < devmgr->devices; i++) {
        struct device *device = &devmgr->device[i];

        if (device->info.class == class && device->info.name[0] != '\0' &&
            strcmp(device->info.name, name) == 0)
            return device;
    }
    return NULL;
}

void device_changed(struct devmgr *devmgr)
{
    devmgr->changes++;
    watchers_tell(devmgr);
}
