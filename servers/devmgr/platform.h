// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Devices that no bus announces: what every PC has at a fixed place, virtio-mmio slots named by the
// kernel's command line or ACPI, and the nodes of a device tree. Whoever finds one describes it
// here; which driver it gets, its names or its virtio id decide.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/devmgr.h"
#include "servers/devmgr/acpi.h"
#include "servers/devmgr/virtio_slot.h"

enum {
    PLATFORM_DEVICES_MAX = 80,
    PLATFORM_NAMES_MAX = 96,
    PLATFORM_MEMORY_MAX = 2,
    PLATFORM_IRQS_MAX = 4,
};

struct platform_memory {
    uint64_t base, bytes;
};

struct platform_irq {
    uint32_t line; // GSI, or the GIC's interrupt number
    bool level, active_low;
    bool isa; // `line` is an ISA interrupt, which the board may have wired elsewhere
};

struct platform_device {
    char where[DEVICE_WHERE_MAX];   // "isa 3f8", "mmio 0a000000"
    char names[PLATFORM_NAMES_MAX]; // the most exact first, NUL between, an empty one at the end
    bool isa;                       // names are of manifests' `isa`, else of `dtb`
    uint32_t virtio_id;             // 0: not virtio
    uint32_t virtio_version;        // 1: legacy
    uint16_t port, ports;           // ports 0: none
    uint32_t memories, irqs;
    struct platform_memory memory[PLATFORM_MEMORY_MAX];
    struct platform_irq irq[PLATFORM_IRQS_MAX];
};

struct platform {
    uint32_t devices;
    struct platform_device device[PLATFORM_DEVICES_MAX];
};

// Adds a copy, in the order of first register addresses, so that units are numbered by place,
// whoever named them. Pointers to entries are good once all are added. E_NOMEM: the table is full;
// E_EXIST: its registers overlap those of one that is there, so it was found twice, or one of the
// two is wrong.
int platform_add(struct platform *platform, const struct platform_device *device);

// Adds the ISA devices of a PC that answer.
void platform_add_isa(struct platform *platform);

// Adds ACPI's fixed power button (4.8.2.2.1), if the board has it and can be put into ACPI mode.
void platform_add_button(struct platform *platform, const struct acpi_info *acpi);

// Looks into a virtio-mmio slot and adds the device that sits there, if any. What is wrong with the
// slot is logged.
void platform_add_virtio(struct platform *platform, const struct virtio_slot *slot);
