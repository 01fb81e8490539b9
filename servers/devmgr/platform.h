// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Devices that no bus announces: what every PC has at a fixed place. A port that reads as nothing
// is not reported.

#pragma once

#include <stdbool.h>
#include <stdint.h>

struct platform_device {
    const char *match; // as manifests name it: "uart16550"
    const char *where;
    uint16_t port; // first I/O port
    uint16_t ports;
    uint8_t irq; // ISA interrupt
};

extern const struct platform_device platform_devices[];
extern const uint32_t platform_device_count;

// Whether something answers there.
bool platform_present(const struct platform_device *device);
