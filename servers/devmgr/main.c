// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// devmgr: finds the machine's devices, starts one driver process for each with exactly its device's
// handles, and makes a dead driver's device safe. Protocol: abi/devmgr.h; drivers' processes:
// abi/rs.h.
//
// Specifications: see acpi.h (ACPI static tables), dtb.h (device tree), pci.h (PCI, PCI Express),
// virtio_common.h. Not implemented: hot-plug, PCI segments other than the first, AML (so INTx only
// on boards in interrupt.c). Should devmgr itself die, the drivers run on, and what needs it waits
// for its successor, which goes on where it stopped (takeover.c).
//
// One thread, one event loop. It calls rs (which never calls anybody) and nobody else, so it cannot
// deadlock.

#include <string.h>

#include "abi/error.h"
#include "lib/sys/log.h"
#include "lib/sys/rs_client.h"
#include "lib/sys/start.h"
#include "lib/sys/sys.h"
#include "servers/devmgr/discover.h"
#include "servers/devmgr/physical.h"
#include "servers/devmgr/power.h"

enum {
    INSTANCES_BIT = 1,
    DMA_BIT = 2,
    PING_BIT = 4,
    STOP_BIT = 8,
    TEXT_MAX = 24 * 1024,
    IRQ_LINES = 1024,
    DMA_DEVICES = 1 << 16,
    PORTS = 1 << 16
};

#define PHYSICAL_BYTES (1ull << 52)

static struct devmgr devmgr;

// ---- start ----

static handle_t narrow(handle_t root, enum resource_kind kind, uint64_t count)
{
    int64_t handle = sys_resource_create(root, kind, 0, count);

    return handle < 0 ? HANDLE_NONE : (handle_t)handle;
}

static int take_resources(void)
{
    handle_t root = startup_handle("root");

    resources.mmio = narrow(root, RESOURCE_MMIO, PHYSICAL_BYTES);
    resources.port = narrow(root, RESOURCE_PORT, PORTS); // none on processors without ports
    resources.irq = narrow(root, RESOURCE_IRQ, IRQ_LINES);
    resources.dma = narrow(root, RESOURCE_DMA, DMA_DEVICES);
    resources.machine = narrow(root, RESOURCE_MACHINE, 0);
    if (resources.mmio == HANDLE_NONE || resources.irq == HANDLE_NONE ||
        resources.dma == HANDLE_NONE)
        return -E_PERM;
    return 0;
}

static int64_t badged_notification(const struct devmgr *d, uint64_t bit)
{
    return sys_handle_duplicate(d->notification, RIGHT_SEND | RIGHT_DUPLICATE | RIGHT_TRANSFER,
                                bit);
}

static int take_notification(struct devmgr *d)
{
    int64_t notification = sys_notification_create();
    int64_t badged;
    int status;

    if (notification < 0)
        return (int)notification;
    d->notification = (handle_t)notification;
    status = (int)sys_thread_control(HANDLE_SELF, THREAD_BIND_NOTIFICATION, d->notification);
    if (status < 0)
        return status;
    badged = badged_notification(d, DMA_BIT);
    if (badged < 0)
        return (int)badged;
    d->dma_watch = (handle_t)badged;
    badged = badged_notification(d, INSTANCES_BIT);
    if (badged < 0)
        return (int)badged;
    d->instances_watch = (handle_t)badged;
    return instance_watch(d, d->instances_watch);
}

// A driver that is gone may have left the device at work. A PCI function is silent even if it
// cannot be reset.
static int silence(struct devmgr *d, struct device *device)
{
    if (device->dma == HANDLE_NONE && !device->has_instance)
        return 0; // it had no driver yet
    if (device->pci == NULL)
        return platform_device_silence(device);
    (void)pci_device_silence(d, device);
    return 0;
}

static void start_driver(struct devmgr *d, struct device *device)
{
    int status;

    if (device->manifest == NULL || takeover_device(d, device))
        return;
    status = silence(d, device);
    if (status == 0)
        status = device->pci != NULL ? pci_device_prepare(d, device)
                                     : platform_device_prepare(d, device);
    if (status < 0) {
        log_error("devmgr: %s: cannot be handed to %s: error %d", device->info.where,
                  device->manifest->name, status);
        device->info.state = DEVICE_FAILED;
        return;
    }
    if (device->pci != NULL)
        pci_device_activate(d, device);
    instance_start(d, device);
    log_info("%s: %s %s, driver %s, %u interrupts%s%s",
             device->info.name[0] != '\0' ? device->info.name : "(no name)", device->info.where,
             device->info.what, device->manifest->name, device->irqs,
             device->dma_known.protection == RS_DMA_NONE ? "" : ", DMA ",
             device->dma_known.protection == RS_DMA_NONE ? "" : device_dma_protection(device));
}

// All functions appear in the address space before the first driver runs: to change it costs an
// emulated machine a while (and QEMU before 8.1 can crash if drivers are at work, docs/caveats.md).
static void start_drivers(struct devmgr *d)
{
    for (uint32_t i = 0; i < d->devices; i++) {
        claim_device(d, &d->device[i]);
        if (d->device[i].manifest != NULL && d->device[i].pci != NULL)
            pci_device_show(d, &d->device[i]);
    }
    for (uint32_t i = 0; i < d->devices; i++)
        start_driver(d, &d->device[i]);
}

static void log_protection(const struct devmgr *d)
{
    uint32_t count[] = {[RS_DMA_NONE] = 0, [RS_DMA_CONFINED] = 0, [RS_DMA_UNPROTECTED] = 0};

    for (uint32_t i = 0; i < d->devices; i++)
        count[d->device[i].dma_known.protection]++;
    if (count[RS_DMA_UNPROTECTED] == 0)
        log_info("devmgr: %u devices; DMA confined", d->devices);
    else if (count[RS_DMA_CONFINED] == 0)
        log_warning("devmgr: %u devices; DMA unprotected (no IOMMU)", d->devices);
    else
        log_warning("devmgr: %u devices; DMA unprotected for %u of %u drivers", d->devices,
                    count[RS_DMA_UNPROTECTED], count[RS_DMA_UNPROTECTED] + count[RS_DMA_CONFINED]);
}

static void find_devices(struct devmgr *d)
{
    takeover_begin(d);
    if (!saved_load_board(d) || !discover_again(d)) {
        takeover_end_drivers(d);
        discover(d);
        saved_store_board(d);
    }
    discover_table(d);
    saved_load_devices(d);
    saved_load_units(d);
}

static int start(struct devmgr *d)
{
    int status = take_resources();

    d->endpoint = startup_handle("endpoint");
    d->rs = startup_handle("rs");
    if (status == 0)
        status = take_notification(d);
    if (status == 0)
        status = discover_manifests(d);
    if (status < 0)
        return status;
    saved_open();
    find_devices(d);
    start_drivers(d);
    takeover_finish(d);
    log_protection(d);
    device_dma_faults(d); // that came while nobody looked
    instance_changes(d);
    device_changed(d); // watchers may have missed something
    status = rs_offer_signals(d->notification, PING_BIT, STOP_BIT);
    if (status == 0)
        status = rs_say_ready();
    if (status == 0)
        saved_worked();
    return status;
}

// ---- requests ----

static int reply_info(struct message *message, const struct device_info *info)
{
    int64_t words = message_put_bytes(message, 0, info, sizeof *info);

    if (words < 0)
        return (int)words;
    message->tag = message_tag(0, (unsigned)words, 0);
    return 0;
}

static int handle_find(struct devmgr *d, struct message *message)
{
    char name[DEVICE_NAME_MAX + 1] = {0};
    uint64_t class = message->word[0];
    struct device_info info;
    struct device *device;

    if (class >= DEVICE_CLASSES || message_get_bytes(message, 1, name, DEVICE_NAME_MAX) < 0)
        return -E_INVAL;
    device = device_find(d, (uint32_t) class, name);
    if (device != NULL)
        return reply_info(message, &device->info);
    return unit_find(d, (uint32_t) class, name, &info) ? reply_info(message, &info) : -E_NOENT;
}

// Devices first, then units.
static int handle_device(const struct devmgr *d, struct message *message)
{
    uint64_t index = message->word[0];
    struct device_info info;

    if (index < d->devices)
        return reply_info(message, &d->device[index].info);
    if (index - d->devices >= d->units.count)
        return -E_NOENT;
    unit_info(d, (uint32_t)(index - d->devices), &info);
    return reply_info(message, &info);
}

static int handle_add_unit(struct devmgr *d, struct message *message)
{
    struct unit_request request = {
        .instance = RS_BADGE_SERVICE(message->badge),
        .place = message->word[0],
        .number = message->word[1],
        .pattern = message->word[2],
        .wait = message->word[3] == DEVMGR_UNIT_WAIT,
    };
    const struct device_unit *unit;
    int status;

    if (message_words(message->tag) < 4)
        return -E_INVAL;
    status = unit_add(d, &request, &unit);
    if (status < 0)
        return status;
    message_put_bytes(message, 0, unit->name, sizeof unit->name);
    message->tag = message_tag(0, sizeof unit->name / 8, 0);
    return 0;
}

static int handle_watch(struct devmgr *d, struct message *message)
{
    handle_t notification;
    int status;

    if (message_handles(message->tag) != 1)
        return -E_INVAL;
    notification = message->handle[0];
    message->handle[0] = HANDLE_NONE;
    status = watcher_add(d, RS_BADGE_SERVICE(message->badge), notification);
    message->word[1] = d->changes;
    message->tag = message_tag(0, 2, 0);
    return status;
}

static int handle_text(struct devmgr *d, struct message *message)
{
    static char text[TEXT_MAX];
    size_t length = devices_text(d, text, sizeof text);
    uint64_t offset = message->word[0];
    size_t bytes;
    int64_t words;

    if (offset >= length) {
        message->tag = message_tag(0, 0, 0);
        return 0;
    }
    bytes = length - offset;
    if (bytes > DEVMGR_TEXT_BYTES)
        bytes = DEVMGR_TEXT_BYTES;
    words = message_put_bytes(message, 0, text + offset, bytes);
    if (words < 0)
        return (int)words;
    message->tag = message_tag(0, (unsigned)words, 0);
    return (int)bytes;
}

static int handle_console(const struct message *message)
{
    if ((RS_BADGE_PERMISSIONS(message->badge) & DEVMGR_MAY_CONSOLE) == 0)
        return -E_PERM;
    return (int)sys_machine_control(resources.machine, MACHINE_CONSOLE_OFF, 0);
}

// Turns the request into its reply; returns the reply's label.
static int handle_request(struct devmgr *d, struct message *message)
{
    int32_t label = message_label(message->tag);
    unsigned words = message_words(message->tag);

    switch (label) {
    case DEVMGR_COUNT:
        message->word[0] = d->devices + d->units.count;
        message->word[1] = d->changes;
        message->tag = message_tag(0, 2, 0);
        return 0;
    case DEVMGR_DEVICE:
        return words < 1 ? -E_NOENT : handle_device(d, message);
    case DEVMGR_FIND:
        return handle_find(d, message);
    case DEVMGR_WATCH:
        return handle_watch(d, message);
    case DEVMGR_TEXT:
        return words < 1 ? -E_INVAL : handle_text(d, message);
    case DEVMGR_ADD_UNIT:
        return handle_add_unit(d, message);
    case DEVMGR_POWER:
        if ((RS_BADGE_PERMISSIONS(message->badge) & DEVMGR_MAY_POWER) == 0)
            return -E_PERM;
        return words < 1 ? -E_INVAL : power_control(&d->acpi, message->word[0]);
    case DEVMGR_CONSOLE:
        return handle_console(message);
    default:
        return -E_NOSYS;
    }
}

static void handle_notification(struct devmgr *d, uint64_t bits)
{
    if ((bits & DMA_BIT) != 0)
        device_dma_faults(d);
    if ((bits & INSTANCES_BIT) != 0)
        instance_changes(d);
    if ((bits & PING_BIT) != 0)
        (void)rs_say_alive(); // if rs does not take it, silence tells
}

static int serve(struct devmgr *d)
{
    struct message message;
    int64_t status = sys_receive(d->endpoint, &message);

    for (;;) {
        int label;

        if (status < 0)
            sys_panic("devmgr: receive fails: error %d", (int)status);
        if ((message.tag & MESSAGE_NOTIFICATION) != 0) {
            handle_notification(d, message.word[0]);
            if ((message.word[0] & STOP_BIT) != 0)
                return 0; // the drivers run on
            status = sys_receive(d->endpoint, &message);
            continue;
        }
        label = handle_request(d, &message);
        if (label < 0) {
            message_close_handles(&message);
            message.tag = 0;
        }
        message.tag = message_tag(label, message_words(message.tag), 0);
        status = sys_reply_receive(d->endpoint, &message);
    }
}

int main(int argc, char **argv)
{
    int status;

    (void)argc;
    (void)argv;
    status = start(&devmgr);
    if (status < 0)
        sys_panic("devmgr: cannot start: error %d", status);
    return serve(&devmgr);
}
