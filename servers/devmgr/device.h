// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The table of devices and what devmgr holds for each.
//
// Life of a device (info.state):
//   UNCLAIMED --a manifest matches--> STARTING --rs: running--> RUNNING --rs: clearing-->
//   RESTARTING --rs: starting--^ STARTING, RESTARTING --rs gives up--> FAILED
// In RESTARTING devmgr makes the device safe in this order: interrupts off, bus mastering off,
// reset, quarantined pages released, configuration as at the first start; then it tells rs
// (RS_INSTANCE_CLEARED), which starts the successor with the same handles.
//
// One thread: no locks.

#pragma once

#include "abi/devmgr.h"
#include "abi/rs.h"
#include "lib/svc/svc.h"
#include "servers/devmgr/acpi.h"
#include "servers/devmgr/dtb.h"
#include "servers/devmgr/pci.h"
#include "servers/devmgr/platform.h"

enum { DEVICES_MAX = 160, DEVICE_IRQS_MAX = 8, DEVICE_GRANTS_MAX = 32, DEVICE_WATCHERS_MAX = 128 };

enum device_irq_mode { DEVICE_IRQ_NONE, DEVICE_IRQ_LINE, DEVICE_IRQ_MSI, DEVICE_IRQ_MSIX };

struct device_irq {
    handle_t handle;
    uint64_t msi_address;
    uint32_t msi_data;
};

struct device_grant {
    struct rs_grant grant;
    handle_t handle;
};

struct device {
    struct device_info info;
    const struct pci_function *pci;         // NULL: not a PCI function
    const struct platform_device *platform; // NULL: not a platform device
    const struct svc_manifest *manifest;    // of its driver; NULL: unclaimed
    uint32_t instance;                      // rs's id of its driver, if has_instance
    bool has_instance;
    enum device_irq_mode irq_mode;
    uint32_t irqs;
    struct device_irq irq[DEVICE_IRQS_MAX];
    handle_t dma; // HANDLE_NONE: the device does no DMA
    uint32_t grants;
    struct device_grant grant[DEVICE_GRANTS_MAX];
};

// All of devmgr's state.
struct devmgr {
    struct acpi_info acpi;
    struct dtb_board board; // gic_version 0: the machine has no device tree
    struct pci_access pci;  // read NULL: no PCI
    struct pci_tree tree;
    struct platform platform;
    size_t manifests;
    struct svc_manifest *manifest[SVC_MANIFESTS_MAX];
    uint32_t devices;
    struct device device[DEVICES_MAX];
    uint64_t changes;
    uint32_t watchers;
    handle_t watcher[DEVICE_WATCHERS_MAX];
    handle_t endpoint, notification, rs;
};

// ---- device.c ----

// Adds an entry, unclaimed. NULL: the table is full (logged).
struct device *device_add(struct devmgr *devmgr);
struct device *device_find(struct devmgr *devmgr, uint32_t class, const char *name);
// Something about some device is different now: count it and tell the watchers.
void device_changed(struct devmgr *devmgr);
// Adds a watcher; takes the handle. E_NOMEM: too many.
int device_watch(struct devmgr *devmgr, handle_t notification);
const char *device_state_name(uint32_t state);
const char *device_class_name(uint32_t class);
uint32_t device_class_by_name(const char *name);

// ---- claim.c: devices and drivers ----

// Finds the best manifest for the device; gives the device class and unit name if there is one.
void claim_device(struct devmgr *devmgr, struct device *device);

// ---- instance.c: drivers through rs ----

// Creates the driver's instance with all grants and starts it. On error the device is FAILED, and
// logged.
void instance_start(struct devmgr *devmgr, struct device *device);
// rs says that some instance changed: brings the table up to date, makes safe what died.
void instance_changes(struct devmgr *devmgr);
// Asks rs to signal this notification handle at such changes.
int instance_watch(struct devmgr *devmgr, handle_t notification);

// ---- text.c ----

// Writes the text of /sys/xinim/devices, NUL-terminated, cut to `room`; returns its length.
size_t devices_text(const struct devmgr *devmgr, char *text, size_t room);

// ---- pci_device.c: what is particular to PCI functions ----

// Prepares what its driver gets of what its manifest grants: BARs, configuration space, interrupts,
// DMA window. Undone as a whole on error.
int pci_device_prepare(struct devmgr *devmgr, struct device *device);
// Decoding, bus mastering and interrupts on, as its driver finds them.
void pci_device_activate(struct devmgr *devmgr, struct device *device);
// Interrupts and bus mastering off, reset. 0, or why the function could not be reset (it is silent
// all the same).
int pci_device_make_safe(struct devmgr *devmgr, struct device *device);

// ---- platform_device.c ----

// The same for a platform device: registers, ports, interrupts, DMA window.
int platform_device_prepare(struct devmgr *devmgr, struct device *device);
// Resets what can write to memory. 0, or why it could not be reset.
int platform_device_make_safe(struct device *device);

// ---- grant.c ----

// Notes a handle for the driver; owns it from now on (also on error, when it is closed). E_NOMEM:
// too many.
int grant_add(struct device *device, const char *name, int64_t handle, uint64_t value);
void grant_drop_all(struct device *device);
// What a PCI function's driver gets to see of it: "barN" or "barN@offset" (memory), "ioN" (ports),
// "config".
int grant_pci_bars(struct devmgr *devmgr, struct device *device);
int grant_pci_config(struct devmgr *devmgr, struct device *device);
// What a platform device's driver is told of its board: "wiring" (struct device_wiring).
int grant_wiring(struct devmgr *devmgr, struct device *device);
