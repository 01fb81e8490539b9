// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

#include "servers/devmgr/test/fake_pci.h"

#include <stdlib.h>
#include <string.h>

#include "servers/devmgr/pci_registers.h"

enum { ACCESSES_MAX = 10 * 1000 * 1000 };

void fake_put(struct fake_function *function, uint32_t at, uint64_t value, unsigned bytes)
{
    memcpy(function->config + at, &value, bytes);
}

uint64_t fake_get(const struct fake_function *function, uint32_t at, unsigned bytes)
{
    uint64_t value = 0;

    memcpy(&value, function->config + at, bytes);
    return value;
}

static struct fake_function *find(struct fake_pci *fake, pci_address_t address)
{
    for (unsigned i = 0; i < fake->functions; i++) {
        struct fake_function *function = &fake->function[i];
        unsigned bus = fake->root_bus;

        if (function->behind >= 0)
            bus = fake->function[function->behind].config[PCI_SECONDARY_BUS];
        if (function->behind >= 0 && bus == 0)
            continue; // the bridge forwards nothing yet
        if (bus == PCI_BUS(address) && function->device == PCI_DEVICE(address) &&
            function->function == PCI_FUNCTION(address))
            return function;
    }
    return NULL;
}

static uint32_t read_config(void *context, pci_address_t address, uint32_t offset, uint32_t width)
{
    struct fake_pci *fake = context;
    struct fake_function *function = find(fake, address);

    if (++fake->accesses > ACCESSES_MAX)
        abort(); // something loops
    if (function == NULL || offset >= FAKE_CONFIG)
        return (uint32_t)((1ull << (width * 8)) - 1);
    return (uint32_t)fake_get(function, offset, width);
}

static void reset(struct fake_function *function)
{
    function->resets++;
    fake_put(function, PCI_COMMAND, 0, 2);
    for (uint32_t i = 0; i < PCI_BARS; i++) {
        uint32_t at = PCI_BASE_ADDRESS + 4 * i;
        uint64_t keep = fake_get(function, at, 4);
        uint64_t writable = 0;

        memcpy(&writable, function->writable + at, 4);
        fake_put(function, at, keep & ~writable, 4);
    }
}

static void write_config(void *context, pci_address_t address, uint32_t offset, uint32_t width,
                         uint32_t value)
{
    struct fake_pci *fake = context;
    struct fake_function *function = find(fake, address);

    if (++fake->accesses > ACCESSES_MAX)
        abort();
    if (function == NULL || offset + width > FAKE_CONFIG)
        return;
    if (function->power_at != 0 && offset == function->power_at + PCI_PM_CONTROL &&
        (function->config[offset] & PCI_PM_STATE_MASK) == PCI_PM_STATE_D3HOT &&
        (value & PCI_PM_STATE_MASK) == PCI_PM_STATE_D0 &&
        (function->config[offset] & PCI_PM_NO_SOFT_RESET) == 0)
        reset(function);
    for (uint32_t i = 0; i < width; i++) {
        uint8_t mask = function->writable[offset + i];
        uint8_t byte = (uint8_t)(value >> (8 * i));

        function->config[offset + i] =
            (uint8_t)((function->config[offset + i] & ~mask) | (byte & mask));
    }
    if (function->express_at != 0 && offset == function->express_at + PCI_EXP_DEVICE_CONTROL &&
        (value & PCI_EXP_INITIATE_FLR) != 0)
        reset(function);
}

static void sleep_ms(void *context, uint32_t ms)
{
    ((struct fake_pci *)context)->slept_ms += ms;
}

struct pci_access fake_pci_access(struct fake_pci *fake)
{
    return (struct pci_access){read_config, write_config, sleep_ms, fake, 255};
}

struct fake_function *fake_add(struct fake_pci *fake, int behind, uint8_t device, uint8_t function,
                               bool bridge)
{
    struct fake_function *added = &fake->function[fake->functions++];

    memset(added, 0, sizeof *added);
    added->behind = behind;
    added->device = device;
    added->function = function;
    fake_put(added, PCI_VENDOR_ID, 0x1af4, 2);
    fake_put(added, PCI_DEVICE_ID, 0x1040u + device, 2);
    fake_put(added, PCI_INTERRUPT_PIN, 1, 1);
    memset(added->writable + PCI_COMMAND, 0xff, 2);
    if (bridge) {
        fake_put(added, PCI_HEADER_TYPE, PCI_HEADER_LAYOUT_BRIDGE, 1);
        memset(added->writable + PCI_PRIMARY_BUS, 0xff, 3);
        added->writable[PCI_IO_BASE] = added->writable[PCI_IO_LIMIT] = 0xf0;
        memset(added->writable + PCI_MEMORY_BASE, 0xff, 12 + 8);
        fake_put(added, PCI_MEMORY_BASE, 0xfff0, 2);
        fake_put(added, PCI_PREFETCH_BASE, 0xfff0, 2);
        fake_put(added, PCI_IO_BASE, 0xf0, 1);
    }
    return added;
}

void fake_bar(struct fake_function *function, uint32_t index, uint64_t size, uint32_t flags,
              uint64_t base)
{
    uint32_t at = PCI_BASE_ADDRESS + 4 * index;
    uint64_t mask = ~(size - 1);
    unsigned bytes = (flags & PCI_BAR_TYPE_MASK) == PCI_BAR_TYPE_64 && (flags & 1) == 0 ? 8 : 4;

    memcpy(function->writable + at, &mask, bytes);
    fake_put(function, at, base | flags, bytes);
}

uint8_t fake_capability(struct fake_function *function, uint8_t id, uint8_t bytes)
{
    uint8_t at = PCI_CAP_FIRST;
    uint8_t link = PCI_CAPABILITIES_POINTER;

    fake_put(function, PCI_STATUS, PCI_STATUS_CAPABILITIES_LIST, 2);
    while (function->config[link] != 0) {
        at = function->config[link];
        link = (uint8_t)(at + 1);
        at = (uint8_t)(at + 0x20); // every capability gets 32 bytes
    }
    function->config[link] = at;
    function->config[at] = id;
    memset(function->writable + at + 2, 0xff, (size_t)bytes - 2);
    return at;
}
