// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Units: what drivers find at their devices and serve under names of their own, as an AHCI driver
// the disks at its controller's ports. devmgr gives the names, for only it knows all controllers.
//
// A unit is known by its place at its device and by the pattern of its name, so a disk keeps its
// name over its driver's death. Its state is its device's; one that the driver that runs did not
// tell of is GONE, so no client takes another disk for it, which may have its number now.

#include <stdio.h>
#include <string.h>

#include "abi/error.h"
#include "lib/sys/log.h"
#include "servers/devmgr/device.h"
#include "servers/devmgr/unit_name.h"

enum { PLACE_MAX = 999, NUMBER_MAX = 999 };

static const struct device *device_at(const struct devmgr *devmgr, const char *where)
{
    for (uint32_t i = 0; i < devmgr->devices; i++) {
        if (strcmp(devmgr->device[i].info.where, where) == 0)
            return &devmgr->device[i];
    }
    return NULL;
}

static struct device_unit *unit_at(struct devmgr *devmgr, const char *where, uint32_t place,
                                   const char *pattern)
{
    for (uint32_t i = 0; i < devmgr->units.count; i++) {
        struct device_unit *unit = &devmgr->units.unit[i];

        if (unit->place == place && strcmp(unit->device, where) == 0 &&
            strcmp(unit->pattern, pattern) == 0)
            return unit;
    }
    return NULL;
}

uint32_t units_named(const struct devmgr *devmgr, const char *pattern)
{
    uint32_t number = 0;

    for (uint32_t i = 0; i < devmgr->units.count; i++)
        number += strcmp(devmgr->units.unit[i].pattern, pattern) == 0;
    return number;
}

static bool has_pattern(const struct svc_manifest *manifest, const char *pattern)
{
    for (unsigned i = 0; i < manifest->unit_patterns; i++) {
        if (strcmp(manifest->unit_pattern[i], pattern) == 0)
            return true;
    }
    return false;
}

// A driver says that it is ready after it has told of its units.
static bool earlier_ones_start(const struct devmgr *devmgr, const struct device *device,
                               const char *pattern)
{
    for (const struct device *other = devmgr->device; other != device; other++) {
        if (other->manifest != NULL && other->info.state == DEVICE_STARTING &&
            has_pattern(other->manifest, pattern))
            return true;
    }
    return false;
}

static struct device *device_of(struct devmgr *devmgr, uint32_t instance)
{
    for (uint32_t i = 0; i < devmgr->devices; i++) {
        struct device *device = &devmgr->device[i];

        if (device->has_instance && device->instance == instance)
            return device;
    }
    return NULL;
}

// Names that devices have by the same pattern in their manifests' `unit` count, too.
static uint32_t next_number(const struct devmgr *devmgr, const char *pattern)
{
    uint32_t number = units_named(devmgr, pattern);

    for (uint32_t i = 0; i < devmgr->devices; i++) {
        const struct svc_manifest *manifest = devmgr->device[i].manifest;

        number += manifest != NULL && strcmp(manifest->unit, pattern) == 0;
    }
    return number;
}

static int name_new(struct devmgr *devmgr, const struct device *device, uint32_t place,
                    const char *pattern, struct device_unit **result)
{
    struct device_unit *unit = &devmgr->units.unit[devmgr->units.count];
    int status;

    if (devmgr->units.count == DEVICE_UNITS_MAX)
        return -E_NOMEM;
    memset(unit, 0, sizeof *unit);
    status = unit_name_make(pattern, next_number(devmgr, pattern), unit->name, sizeof unit->name);
    if (status < 0)
        return status;
    memcpy(unit->device, device->info.where, sizeof unit->device);
    memcpy(unit->pattern, pattern, sizeof unit->pattern);
    unit->place = place;
    devmgr->units.count++;
    log_info("%s: %s port %u", unit->name, device->info.where, (unsigned)place);
    *result = unit;
    return 0;
}

int unit_add(struct devmgr *devmgr, const struct unit_request *request,
             const struct device_unit **result)
{
    const struct device *device = device_of(devmgr, request->instance);
    struct device_unit *unit;
    const char *pattern;
    int status = 0;

    if (device == NULL || device->manifest == NULL || device->manifest->unit_patterns == 0)
        return -E_PERM;
    if (request->place > PLACE_MAX || request->number > NUMBER_MAX ||
        request->pattern >= device->manifest->unit_patterns)
        return -E_INVAL;
    pattern = device->manifest->unit_pattern[request->pattern];
    unit = unit_at(devmgr, device->info.where, (uint32_t)request->place, pattern);
    if (unit == NULL) {
        if (request->wait && earlier_ones_start(devmgr, device, pattern))
            return -E_AGAIN;
        status = name_new(devmgr, device, (uint32_t)request->place, pattern, &unit);
    }
    if (status < 0)
        return status;
    unit->number = (uint32_t)request->number;
    unit->present = true;
    saved_store_units(devmgr);
    device_changed(devmgr);
    *result = unit;
    return 0;
}

void units_forget(struct devmgr *devmgr, const struct device *device)
{
    bool any = false;

    for (uint32_t i = 0; i < devmgr->units.count; i++) {
        struct device_unit *unit = &devmgr->units.unit[i];

        if (strcmp(unit->device, device->info.where) != 0)
            continue;
        unit->present = false;
        any = true;
    }
    if (any)
        saved_store_units(devmgr);
}

void unit_info(const struct devmgr *devmgr, uint32_t index, struct device_info *info)
{
    const struct device_unit *unit = &devmgr->units.unit[index];
    const struct device *device = device_at(devmgr, unit->device);

    memset(info, 0, sizeof *info);
    if (device != NULL)
        *info = device->info;
    info->id = DEVICES_MAX + index;
    info->unit = unit->number;
    if (device == NULL || (!unit->present && info->state == DEVICE_RUNNING))
        info->state = DEVICE_GONE;
    memcpy(info->name, unit->name, sizeof info->name);
    snprintf(info->where, sizeof info->where, "%.20s port %u", unit->device, (unsigned)unit->place);
}

bool unit_find(const struct devmgr *devmgr, uint32_t class, const char *name,
               struct device_info *info)
{
    for (uint32_t i = 0; i < devmgr->units.count; i++) {
        if (strcmp(devmgr->units.unit[i].name, name) != 0)
            continue;
        unit_info(devmgr, i, info);
        return info->class == class;
    }
    return false;
}
