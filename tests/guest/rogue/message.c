// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Through the configuration ports (PCI 3.0, 3.2.2.3.2); MSI capability: 6.8.1. devmgr uses the
// memory-mapped space, so the two do not meet.

#include "tests/guest/rogue/message.h"

#include "lib/sys/sys.h"

enum {
    PORTS = 0xcf8,
    ADDRESS = 0,
    DATA = 4,
    DEVICES = 32,
    CAPABILITIES = 0x34,
    CAPABILITIES_MAX = 48,
    CAPABILITY_MSI = 5,
    MSI_ADDRESS = 4,
    MSI_DATA_64 = 12,
};

static handle_t ports;

int forged_init(handle_t root)
{
    int64_t resource = sys_resource_create(root, RESOURCE_PORT, PORTS, 8);
    ports = resource < 0 ? HANDLE_NONE : (handle_t)resource;
    return resource < 0 ? (int)resource : 0;
}

static void select(uint32_t device, uint32_t at)
{
    (void)sys_port_write(ports, ADDRESS, 4, 1u << 31 | device << 11 | at);
}

static uint32_t config_read(uint32_t device, uint32_t at)
{
    select(device, at & ~3u);
    return (uint32_t)sys_port_read(ports, DATA, 4) >> (at & 3) * 8;
}

static void config_write(uint32_t device, uint32_t at, uint32_t value)
{
    select(device, at);
    (void)sys_port_write(ports, DATA, 4, value);
}

bool forged_message(uint32_t identity, uint32_t address, uint32_t data)
{
    uint32_t device = 0;
    while (device < DEVICES && config_read(device, 0) != identity)
        device++;
    if (device == DEVICES)
        return false;
    uint32_t at = config_read(device, CAPABILITIES) & 0xfc;
    for (unsigned i = 0; at != 0 && i < CAPABILITIES_MAX; i++) {
        if ((config_read(device, at) & 0xff) == CAPABILITY_MSI) {
            config_write(device, at + MSI_ADDRESS, address);
            config_write(device, at + MSI_DATA_64, data);
            return true;
        }
        at = config_read(device, at + 1) & 0xfc;
    }
    return false;
}
