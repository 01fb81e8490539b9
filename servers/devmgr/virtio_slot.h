// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Places where a virtio-mmio device may sit, as boards without a device tree name them. Pure code.
//
// Sources: virtio 1.2, section 4.2.3.1.1 (the kernel option virtio_mmio.device); ACPI 6.4, section
// 6.4 (resource descriptors) with QEMU's hardware id LNRO0005.

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "servers/devmgr/acpi.h"

struct virtio_slot {
    uint64_t base;
    uint64_t bytes;
    uint32_t line; // GSI, or the GIC's interrupt number
    bool level, active_low;
};

enum { VIRTIO_SLOT_BYTES_MAX = 0x10000 };

// Takes one `virtio_mmio.device=SIZE@BASE:IRQ[:ID]` from *text on and moves *text behind it. 1: one
// was read; 0: there are no more; -E_INVAL: this one is malformed, *bad is where.
int virtio_slot_from_command_line(const char **text, struct virtio_slot *slot, const char **bad);

// Looks for the next device LNRO0005 in AML from *offset on and moves *offset behind it: no AML is
// run, the object's memory and interrupt descriptors are taken as they stand. 1, 0 or an error of
// reading.
int virtio_slot_from_aml(const struct acpi_memory *memory, uint64_t address, uint32_t length,
                         uint32_t *offset, struct virtio_slot *slot);
