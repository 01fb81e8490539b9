// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// MSI capability: PCI 3.0, 6.8.1.

#include "tests/guest/rogue/message.h"

#include "tests/guest/rogue/config.h"

enum {
    DEVICES = 32,
    CAPABILITIES = 0x34,
    CAPABILITIES_MAX = 48,
    CAPABILITY_MSI = 5,
    MSI_ADDRESS = 4,
    MSI_DATA_64 = 12,
};

int forged_init(handle_t root)
{
    return config_init(root);
}

bool forged_message(uint32_t identity, uint32_t number)
{
    uint32_t device = 0;
    while (device < DEVICES && config_read(device, 0) != identity)
        device++;
    if (device == DEVICES)
        return false;
    uint32_t at = config_read(device, CAPABILITIES) & 0xfc;
    for (unsigned i = 0; at != 0 && i < CAPABILITIES_MAX; i++) {
        if ((config_read(device, at) & 0xff) == CAPABILITY_MSI) {
            struct interrupt_message message = interrupt_message_of(number);
            config_write(device, at + MSI_ADDRESS, message.address);
            config_write(device, at + MSI_DATA_64, message.data);
            return true;
        }
        at = config_read(device, at + 1) & 0xfc;
    }
    return false;
}
