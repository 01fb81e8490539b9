// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The device manager's protocol: which devices there are, learning of changes, power.
//
// devmgr names devices and says which service drives each; the service's endpoint comes from rs
// (RS_CONNECT with device_info.service), which checks the client's manifest (`uses = class:block`)
// and badges the handle with the client's identity. The endpoint outlives the driver, so it is
// asked for once; at a restart device_info.incarnation changes, the watchers are signalled, and
// clients attach their sessions again.

#pragma once

#include "abi/types.h"

enum device_class {
    DEVICE_NONE, // no driver, or one without a class protocol
    DEVICE_BLOCK,
    DEVICE_CHAR,
    DEVICE_NET,
    DEVICE_GPU,
    DEVICE_INPUT,
    DEVICE_MISC,
    DEVICE_CLASSES,
};

// Permission that devmgr's manifest defines: uses = devmgr(power, console). RS_BADGE_PERMISSIONS of
// the client's badge.
enum devmgr_permission {
    DEVMGR_MAY_POWER = 1 << 0,   // "power": DEVMGR_POWER
    DEVMGR_MAY_CONSOLE = 1 << 1, // "console": DEVMGR_CONSOLE
};

enum device_state {
    DEVICE_UNCLAIMED, // no manifest matches
    DEVICE_STARTING,
    DEVICE_RUNNING,
    DEVICE_RESTARTING, // its driver died; the device is being reset
    DEVICE_FAILED,     // given up
    DEVICE_GONE,       // unplugged
};

enum { DEVICE_NAME_MAX = 16, DEVICE_WHERE_MAX = 32, DEVICE_SERVICE_MAX = 32, DEVICE_WHAT_MAX = 48 };

// One device, as DEVMGR_DEVICE returns it.
struct device_info {
    uint32_t id;          // stable while the machine runs
    uint32_t class;       // enum device_class
    uint32_t state;       // enum device_state
    uint32_t unit;        // which of its driver's units it is (abi/block.h)
    uint64_t incarnation; // of its driver: differs after each restart; attach again when it changed
    char name[DEVICE_NAME_MAX];       // "vda", "ttyS0", "vport0"; empty if unclaimed
    char where[DEVICE_WHERE_MAX];     // "pci 00:03.0", "isa 3f8"
    char service[DEVICE_SERVICE_MAX]; // of its driver, for RS_CONNECT: "virtio_blk.0"
    char what[DEVICE_WHAT_MAX];       // "1af4:1042 class 010000"
};

_Static_assert(sizeof(struct device_info) == 152, "19 message words");

// What the driver of a platform device is told of the board around it: the read-only grant
// "wiring", by a manifest's `grants = config`.
struct device_wiring {
    uint32_t power_key; // 1: the power button is at one of the device's lines
    uint32_t power_key_line;
    uint32_t power_key_active_low;
    uint32_t reserved;
};

_Static_assert(sizeof(struct device_wiring) == 16, "shared with drivers");

// Labels of requests on devmgr's endpoint; replies carry 0 or a negative error in the label.
enum devmgr_op {
    // () -> 0: number of devices known, 1: change count
    DEVMGR_COUNT = 0x500,
    // (index) -> words: struct device_info; E_NOENT past the end
    DEVMGR_DEVICE,
    // (enum device_class; words 1-2: name, NUL-padded) -> words: struct device_info. E_NOENT no
    // such device (yet: wait
    // for a change). Its state says whether a driver runs.
    DEVMGR_FIND,
    // (; handle: notification): signal it whenever a device comes, goes, or its driver is replaced
    // -> 1: change count
    DEVMGR_WATCH,
    // (offset): the text of /sys/xinim/devices -> label: bytes of it from there, at most
    // DEVMGR_TEXT_BYTES, 0 at the
    // end; words: they
    DEVMGR_TEXT,
    // (place, unit, pattern, wait): from a driver whose manifest has `units`, before it is ready:
    // at
    // this place of the caller's device (a port) is something of its own, served as this number of
    // the driver's units, to be named by this pattern of the manifest -> words 0-1: its name, the
    // same at each start of the driver. DEVMGR_UNIT_WAIT: E_AGAIN while a driver of an earlier
    // device may still find units for the same pattern, so that names do not depend on who is
    // first. E_PERM no such driver; E_INVAL; E_NOMEM too many.
    DEVMGR_ADD_UNIT,
    // (enum power_op): does not return if it succeeds; E_PERM, E_NOSYS the board has no way
    DEVMGR_POWER,
    // (): the caller shows the console itself from now on: the kernel's own output there stops
    // (panics excepted)
    DEVMGR_CONSOLE,
};

enum { DEVMGR_TEXT_BYTES = 256 }; // all words of a message

enum { DEVMGR_UNIT_NAME_NOW, DEVMGR_UNIT_WAIT };

enum power_op { POWER_OFF, POWER_REBOOT };
