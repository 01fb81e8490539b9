// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// See platform.h. Places: the PC's conventional ones for COM1 to COM4.

#include "servers/devmgr/platform.h"

#include "lib/sys/sys.h"
#include "servers/devmgr/physical.h"

enum {
    UART_PORTS = 8,
    UART_SCRATCH = 7, // a byte of memory in every 16450 and later
};

const struct platform_device platform_devices[] = {
    {"uart16550", "isa 3f8", 0x3f8, UART_PORTS, 4},
    {"uart16550", "isa 2f8", 0x2f8, UART_PORTS, 3},
    {"uart16550", "isa 3e8", 0x3e8, UART_PORTS, 4},
    {"uart16550", "isa 2e8", 0x2e8, UART_PORTS, 3},
};

const uint32_t platform_device_count = sizeof platform_devices / sizeof platform_devices[0];

static bool scratch_holds(uint64_t port, uint8_t value)
{
    return sys_port_write(resources.port, port, 1, value) == 0 &&
           sys_port_read(resources.port, port, 1) == value;
}

bool platform_present(const struct platform_device *device)
{
    uint64_t scratch = (uint64_t)device->port + UART_SCRATCH;

    return resources.port != HANDLE_NONE && scratch_holds(scratch, 0x5a) &&
           scratch_holds(scratch, 0xa5);
}
