// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Finding what the machine has, at start.

#pragma once

#include "servers/devmgr/device.h"

// Reads ACPI's tables or the device tree, scans PCI, gives addresses to BARs without. What is
// missing is logged and left out: a board without PCI still has its platform devices. No driver may
// run: BARs are sized and ports are tried.
void discover(struct devmgr *devmgr);

// Goes on with what a predecessor had discovered; touches nothing. False: other functions answer.
bool discover_again(struct devmgr *devmgr);

// Fills the device table, the same way each time, from what was discovered.
void discover_table(struct devmgr *devmgr);

// Reads the manifests from the boot archive (grant "initrd"). 0 or why there are none.
int discover_manifests(struct devmgr *devmgr);
