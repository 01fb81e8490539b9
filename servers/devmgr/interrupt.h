// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Interrupts of devices: MSI-X if the function has it, else MSI, else its INTx pin through the
// board's routing.

#pragma once

#include "servers/devmgr/device.h"

// Creates the interrupts and notes them as grants "irq0" .. (at most `wanted`; one for MSI and
// INTx). Nothing can fire before interrupt_enable. 0, or E_NODEV: the function has no interrupt
// that this board can route.
int interrupt_create(struct devmgr *devmgr, struct device *device, uint32_t wanted);

// The same for a device on a fixed line.
int interrupt_create_line(struct device *device, uint32_t gsi, bool level, bool active_low);

// Programs and switches on what interrupt_create made; needs memory decoding. Errors are those of
// mapping the table.
int interrupt_enable(struct devmgr *devmgr, struct device *device);

// Off at the device, whichever kind.
void interrupt_disable(struct devmgr *devmgr, struct device *device);
