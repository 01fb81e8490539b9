// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// What devmgr's successor must know, in the checkpoint. The board's pieces are saved once, before
// the first driver starts, and never again, so no later fault of devmgr gets into them. A device is
// in the devices' piece (`known`) exactly while its instance has all that its driver starts with.
//
// `tries` counts starts that did not come to serve. What so many successors died of is discarded,
// like all that does not fit its checksum: then every driver is ended, and all begins anew.

#include <stddef.h>
#include <string.h>

#include "lib/checkpoint/checkpoint.h"
#include "lib/sys/log.h"
#include "servers/devmgr/device.h"

enum { VERSION = 1, TRIES_MAX = 4 };

static const struct piece {
    const char *name;
    size_t offset, bytes;
} pieces[] = {
    {"acpi", offsetof(struct devmgr, acpi), sizeof(struct acpi_info)},
    {"board", offsetof(struct devmgr, board), sizeof(struct dtb_board)},
    {"pci", offsetof(struct devmgr, tree), sizeof(struct pci_tree)},
    {"platform", offsetof(struct devmgr, platform), sizeof(struct platform)},
};

enum { PIECES = sizeof pieces / sizeof pieces[0] };

struct saved_message {
    uint64_t address;
    uint32_t data, reserved;
};

struct saved_device {
    char where[DEVICE_WHERE_MAX];
    uint32_t irq_mode, irqs;
    struct saved_message message[DEVICE_IRQS_MAX];
    struct rs_dma dma_known;
    uint64_t dma_window_faults;
};

static struct saved_device saved[DEVICES_MAX];
static struct checkpoint checkpoint;
static bool opened;

static void store(const char *name, const void *data, size_t bytes)
{
    int error = opened ? checkpoint_save(&checkpoint, name, VERSION, data, bytes) : 0;

    if (error < 0)
        log_error("devmgr: a successor will not know '%s': error %d", name, error);
}

static bool load(const char *name, void *to, size_t bytes)
{
    return opened && checkpoint_load(&checkpoint, name, VERSION, to, bytes) == (int64_t)bytes;
}

// ---- tries ----

static void store_tries(uint32_t tries)
{
    store("tries", &tries, sizeof tries);
}

void saved_open(void)
{
    uint32_t tries = 0;
    int error = checkpoint_open_granted(&checkpoint);

    if (error < 0) {
        log_error("devmgr: no checkpoint: error %d", error);
        return;
    }
    opened = true;
    load("tries", &tries, sizeof tries);
    if (tries >= TRIES_MAX) {
        log_error("devmgr: %u starts failed, the checkpoint is discarded", tries);
        memset(checkpoint.memory, 0, sizeof(struct checkpoint_header));
        opened = checkpoint_open(&checkpoint, checkpoint.memory, checkpoint.bytes) == 0;
        tries = 0;
    }
    store_tries(tries + 1);
}

void saved_worked(void)
{
    store_tries(0);
}

// ---- the board ----

void saved_load_units(struct devmgr *devmgr)
{
    struct device_units *units = &devmgr->units;

    if (!load("units", units, sizeof *units) || units->count > DEVICE_UNITS_MAX)
        memset(units, 0, sizeof *units);
    for (uint32_t i = 0; i < units->count; i++) {
        units->unit[i].device[DEVICE_WHERE_MAX - 1] = '\0';
        units->unit[i].pattern[SVC_WORD_MAX - 1] = '\0';
        units->unit[i].name[DEVICE_NAME_MAX - 1] = '\0';
    }
}

void saved_store_units(const struct devmgr *devmgr)
{
    store("units", &devmgr->units, sizeof devmgr->units);
}

bool saved_load_board(struct devmgr *devmgr)
{
    for (size_t i = 0; i < PIECES; i++) {
        if (!load(pieces[i].name, (uint8_t *)devmgr + pieces[i].offset, pieces[i].bytes))
            return false;
    }
    return true;
}

void saved_store_board(const struct devmgr *devmgr)
{
    for (size_t i = 0; i < PIECES; i++)
        store(pieces[i].name, (const uint8_t *)devmgr + pieces[i].offset, pieces[i].bytes);
}

// ---- devices ----

static void describe(const struct device *device, struct saved_device *to)
{
    memset(to, 0, sizeof *to);
    if (!device->known)
        return;
    memcpy(to->where, device->info.where, sizeof to->where);
    to->irq_mode = device->irq_mode;
    to->irqs = device->irqs;
    for (uint32_t i = 0; i < device->irqs; i++)
        to->message[i] = (struct saved_message){.address = device->irq[i].msi_address,
                                                .data = device->irq[i].msi_data};
    to->dma_known = device->dma_known;
    to->dma_window_faults = device->dma_window_faults;
}

void saved_store_devices(const struct devmgr *devmgr)
{
    for (uint32_t i = 0; i < devmgr->devices; i++)
        describe(&devmgr->device[i], &saved[i]);
    store("devices", saved, devmgr->devices * sizeof saved[0]);
}

static bool is_sound(const struct saved_device *from, const struct device *device)
{
    return memcmp(from->where, device->info.where, sizeof from->where) == 0 &&
           from->irq_mode <= DEVICE_IRQ_MSIX && from->irqs <= DEVICE_IRQS_MAX &&
           from->dma_known.protection <= RS_DMA_UNPROTECTED;
}

static void load_device(struct device *device, const struct saved_device *from)
{
    device->known = true;
    device->irq_mode = (enum device_irq_mode)from->irq_mode;
    device->irqs = from->irqs;
    for (uint32_t i = 0; i < from->irqs; i++)
        device->irq[i] = (struct device_irq){.msi_address = from->message[i].address,
                                             .msi_data = from->message[i].data};
    device->dma_known = from->dma_known;
    device->dma_window_faults = from->dma_window_faults;
}

void saved_load_devices(struct devmgr *devmgr)
{
    if (!load("devices", saved, devmgr->devices * sizeof saved[0]))
        return;
    for (uint32_t i = 0; i < devmgr->devices; i++) {
        if (is_sound(&saved[i], &devmgr->device[i]))
            load_device(&devmgr->device[i], &saved[i]);
    }
}
