// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Which driver takes which device: the most exact match of all manifests, the first of equals.
// Units are numbered in the order in which devices are found: by bus, device and function, then
// platform devices.

#include <stdio.h>
#include <string.h>

#include "lib/sys/log.h"
#include "servers/devmgr/device.h"
#include "servers/devmgr/unit_name.h"
#include "servers/devmgr/virtio_common.h"

static unsigned match_pci(const struct svc_manifest *manifest, const struct pci_function *function)
{
    unsigned by_id = svc_match_pci(manifest, function->vendor, function->device,
                                   (uint8_t)(function->class >> 16),
                                   (uint8_t)(function->class >> 8), (uint8_t)function->class);
    uint32_t id = virtio_id(function);
    unsigned by_virtio = id == 0 ? 0 : svc_match_virtio(manifest, id);

    return by_id > by_virtio ? by_id : by_virtio;
}

// The first of the device's names counts most.
static unsigned match_platform(const struct svc_manifest *manifest,
                               const struct platform_device *platform)
{
    enum svc_match_kind kind = platform->isa ? SVC_MATCH_ISA : SVC_MATCH_DTB;
    unsigned score = PLATFORM_NAMES_MAX;

    if (platform->virtio_id != 0)
        return svc_match_virtio(manifest, platform->virtio_id);
    for (const char *name = platform->names; *name != '\0'; name += strlen(name) + 1, score--) {
        if (svc_match_compatible(manifest, kind, name) != 0)
            return score;
    }
    return 0;
}

static unsigned match(const struct svc_manifest *manifest, const struct device *device)
{
    if (manifest->broken || manifest->per != SVC_PER_DEVICE)
        return 0;
    if (device->pci != NULL)
        return match_pci(manifest, device->pci);
    return match_platform(manifest, device->platform);
}

// How many devices already have a name of this pattern.
static uint32_t unit_number(const struct devmgr *devmgr, const struct device *device)
{
    uint32_t number = units_named(devmgr, device->manifest->unit);

    for (uint32_t i = 0; i < devmgr->devices; i++) {
        const struct device *other = &devmgr->device[i];

        if (other != device && other->manifest != NULL &&
            strcmp(other->manifest->unit, device->manifest->unit) == 0)
            number++;
    }
    return number;
}

static void name_unit(const struct devmgr *devmgr, struct device *device)
{
    const char *pattern = device->manifest->unit;

    if (pattern[0] == '\0')
        return; // a driver whose clients do not ask by name
    if (unit_name_make(pattern, unit_number(devmgr, device), device->info.name,
                       sizeof device->info.name) < 0)
        log_warning("devmgr: %s: no name of the pattern '%s' is left for it", device->info.where,
                    pattern);
}

void claim_device(struct devmgr *devmgr, struct device *device)
{
    unsigned best = 0;

    for (size_t i = 0; i < devmgr->manifests; i++) {
        unsigned score = match(devmgr->manifest[i], device);

        if (score > best) {
            best = score;
            device->manifest = devmgr->manifest[i];
        }
    }
    if (device->manifest == NULL)
        return;
    device->info.class = device_class_by_name(device->manifest->class);
    name_unit(devmgr, device);
}
