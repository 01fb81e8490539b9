// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Finding what the machine has, at start.

#pragma once

#include "servers/devmgr/device.h"

// Reads ACPI's tables, scans PCI, gives addresses to BARs without, and fills the device table. What
// is missing is logged and left out: a board without PCI still has its platform devices.
void discover(struct devmgr *devmgr);

// Reads the manifests from the boot archive (grant "initrd"). 0 or why there are none.
int discover_manifests(struct devmgr *devmgr);
