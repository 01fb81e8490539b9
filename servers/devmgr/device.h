// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The table of devices and what devmgr holds for each.
//
// Life of a device (info.state):
//   UNCLAIMED --a manifest matches--> STARTING --rs: running--> RUNNING --rs: clearing-->
//   RESTARTING --rs: starting--^ STARTING, RESTARTING --rs gives up--> FAILED
// In RESTARTING devmgr makes the device safe in this order: interrupts off, bus mastering off, DMA
// window blocked, reset, quarantined pages released with the window, configuration as at the first
// start; then it tells rs (RS_INSTANCE_CLEARED), which starts the successor with the same handles,
// but with a new DMA window: whoever still has the old one can do nothing with it.
//
// devmgr may die at any moment. Its drivers run on, and its successor takes them over (takeover.c):
// what it must know of the board and of each device is in the checkpoint (saved.c), the drivers'
// instances and the handles that only devmgr has are with rs (keep.c).
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

enum {
    DEVICES_MAX = 160,
    DEVICE_IRQS_MAX = 8,
    DEVICE_GRANTS_MAX = 32,
    DEVICE_WATCHERS_MAX = 128,
    DEVICE_UNITS_MAX = 64,
};

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
    bool known; // what follows is what the instance was granted, in full
    enum device_irq_mode irq_mode;
    uint32_t irqs;
    struct device_irq irq[DEVICE_IRQS_MAX];
    handle_t dma; // HANDLE_NONE: the device does no DMA
    struct rs_dma dma_known;
    uint64_t dma_window_faults; // of the present window, in dma_known already
    uint32_t grants;
    struct device_grant grant[DEVICE_GRANTS_MAX];
};

// Something that a driver found at its device and serves under a name of its own: a disk at a port.
// It keeps name and place for good; `present` while the driver that runs, or the last one, told of
// it.
struct device_unit {
    char device[DEVICE_WHERE_MAX]; // info.where of the device
    char pattern[SVC_WORD_MAX];
    char name[DEVICE_NAME_MAX];
    uint32_t place;
    uint32_t number; // among the driver's units
    bool present;
};

struct device_units {
    uint32_t count;
    struct device_unit unit[DEVICE_UNITS_MAX];
};

// Who is told of changes (DEVMGR_WATCH).
struct watcher {
    handle_t handle;   // a notification; HANDLE_NONE: a free place
    uint32_t service;  // whose it is: rs's id
    uint64_t since_ms; // when it came, by sys_clock
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
    struct device_units units;
    uint64_t changes;
    struct watcher watcher[DEVICE_WATCHERS_MAX];
    handle_t endpoint, notification, rs;
    handle_t dma_watch;       // signalled at each access that the IOMMU stopped
    handle_t instances_watch; // signalled by rs at each change of an instance
};

// ---- device.c ----

// Adds an entry, unclaimed. NULL: the table is full (logged).
struct device *device_add(struct devmgr *devmgr);
struct device *device_find(struct devmgr *devmgr, uint32_t class, const char *name);
// Something about some device is different now: count it and tell the watchers.
void device_changed(struct devmgr *devmgr);
const char *device_state_name(uint32_t state);
const char *device_class_name(uint32_t class);
uint32_t device_class_by_name(const char *name);

// ---- watcher.c ----

void watchers_tell(struct devmgr *devmgr);
// Adds one of this service, who stays one when devmgr is replaced; takes the handle. E_NOMEM: too
// many.
int watcher_add(struct devmgr *devmgr, uint32_t service, handle_t notification);
// Adds one that rs has kept under this name; takes the handle. False: it is no watcher's name.
bool watcher_restore(struct devmgr *devmgr, const char *name, handle_t notification);

// ---- unit.c: what drivers find at their devices ----

// The driver with this instance serves something at `place` of its device; *result is valid until
// the next call. Errors as of DEVMGR_ADD_UNIT.
struct unit_request {
    uint32_t instance;
    uint64_t place, number, pattern;
    bool wait;
};
int unit_add(struct devmgr *devmgr, const struct unit_request *request,
             const struct device_unit **result);
// The device's driver is gone: its successor says what is there.
void units_forget(struct devmgr *devmgr, const struct device *device);
// What clients are told of it.
void unit_info(const struct devmgr *devmgr, uint32_t index, struct device_info *info);
// False: there is none of this class and name.
bool unit_find(const struct devmgr *devmgr, uint32_t class, const char *name,
               struct device_info *info);
// How many names of this pattern are given away.
uint32_t units_named(const struct devmgr *devmgr, const char *pattern);

// ---- claim.c: devices and drivers ----

// Finds the best manifest for the device; gives the device class and unit name if there is one.
void claim_device(struct devmgr *devmgr, struct device *device);

// ---- instance.c: drivers through rs ----

// Creates the driver's instance with all grants and starts it; one that there is already
// (has_instance, RS_INSTANCE_RENEW) gets them, and goes on. On error the device is FAILED, and
// logged.
void instance_start(struct devmgr *devmgr, struct device *device);
void instance_remove(struct devmgr *devmgr, uint32_t instance);
// rs says that some instance changed: brings the table up to date, makes safe what died: at most
// one device, that heartbeats are answered between two; then it signals instances_watch.
void instance_changes(struct devmgr *devmgr);
// What rs says of the drivers, by index; false past the end.
bool instance_at(const struct devmgr *devmgr, uint32_t index, struct rs_instance *found);
// Tells rs what is known of the device's DMA; after a fault rs replaces the driver.
int instance_tell_dma(struct devmgr *devmgr, const struct device *device);
// Asks rs to signal this notification handle at such changes.
int instance_watch(struct devmgr *devmgr, handle_t notification);

// ---- takeover.c: after a predecessor ----

// Finds out what a predecessor left with rs.
void takeover_begin(struct devmgr *devmgr);
// Nothing is known of the devices: ends all drivers, before the devices are looked for.
void takeover_end_drivers(struct devmgr *devmgr);
// The device's driver runs on, or is being replaced, as if nothing had happened: true. False: it is
// to be started; what there is of it, instance or DMA window, is noted in the device.
bool takeover_device(struct devmgr *devmgr, struct device *device);
// All devices have been asked for: gives up what is left.
void takeover_finish(struct devmgr *devmgr);

// ---- saved.c: what a successor must know, in the checkpoint ----

// Maps the checkpoint. Without one, or when the last successors did not come up with what is in it,
// nothing can be loaded.
void saved_open(void);
// Board, PCI functions and platform devices, as they were found. False: not known.
bool saved_load_board(struct devmgr *devmgr);
void saved_store_board(const struct devmgr *devmgr);
// Interrupts and DMA of the devices of the table that are `known`. To be stored before a driver
// starts with them.
void saved_load_devices(struct devmgr *devmgr);
void saved_store_devices(const struct devmgr *devmgr);
// Units and their names.
void saved_load_units(struct devmgr *devmgr);
void saved_store_units(const struct devmgr *devmgr);
// devmgr serves.
void saved_worked(void);

// ---- keep.c: handles for the successor ----

struct kept {
    char name[RS_NAME_MAX];
    handle_t handle;
};

// rs keeps the handle; HANDLE_NONE: no longer.
int keep(const struct devmgr *devmgr, const char *name, handle_t handle);
// One that a predecessor had kept. False: past the end.
bool kept_at(const struct devmgr *devmgr, uint32_t index, struct kept *kept);

// ---- text.c ----

// Writes the text of /sys/xinim/devices, NUL-terminated, cut to `room`; returns its length.
size_t devices_text(const struct devmgr *devmgr, char *text, size_t room);

// ---- pci_device.c: what is particular to PCI functions ----

// Switches the function on and its BARs into the address space, where they stay.
void pci_device_show(struct devmgr *devmgr, const struct device *device);

// Prepares what its driver gets of what its manifest grants: BARs, configuration space, interrupts,
// DMA window. Undone as a whole on error.
int pci_device_prepare(struct devmgr *devmgr, struct device *device);
// Decoding, bus mastering and interrupts on, as its driver finds them.
void pci_device_activate(struct devmgr *devmgr, struct device *device);
// Interrupts and bus mastering off, reset, the DMA window released; memory decoding is on. 0, or
// why the function could not be reset (it is silent all the same).
int pci_device_silence(struct devmgr *devmgr, struct device *device);
// The same, and a new DMA window for the successor among the grants.
int pci_device_make_safe(struct devmgr *devmgr, struct device *device);

// ---- device_dma.c: DMA windows ----

// A window for the device's next driver, among the grants; memory decoding must be on.
int device_dma_create(struct devmgr *devmgr, struct device *device);
// Goes on with the window that rs kept (device->dma), of which dma_known and dma_window_faults are
// known.
int device_dma_take_over(const struct devmgr *devmgr, struct device *device);
// The device reaches nothing any more.
void device_dma_block(const struct device *device);
// The device is reset: what its dead driver had mapped is let go, and the window closed for good.
void device_dma_release(struct device *device);
// After it: a window for the next driver, among the grants, if the device does DMA.
void device_dma_renew(struct devmgr *devmgr, struct device *device);
// Some access was stopped: finds out whose, and has the drivers replaced.
void device_dma_faults(struct devmgr *devmgr);
// "confined", "unprotected", or "-": the device does no DMA.
const char *device_dma_protection(const struct device *device);

// ---- platform_device.c ----

// The same for a platform device: registers, ports, interrupts, DMA window.
int platform_device_prepare(struct devmgr *devmgr, struct device *device);
// Resets what can write to memory, and releases the DMA window. 0, or why it could not be reset.
int platform_device_silence(struct device *device);
// The same, and a new DMA window for the successor among the grants.
int platform_device_make_safe(struct devmgr *devmgr, struct device *device);

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
