// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// See ecam.h.

#include "servers/devmgr/ecam.h"

#include <string.h>

#include "lib/sys/log.h"
#include "lib/sys/thread.h"
#include "servers/devmgr/physical.h"

enum { BUSES = 256, BUS_BYTES = 1 << 20, CONVENTIONAL_BYTES = 256 };

struct ecam {
    struct acpi_segment segment;
    uint8_t *bus[BUSES];     // NULL: not mapped yet
    bool unreachable[BUSES]; // mapping failed: reads as absent
};

static struct ecam ecam;

static uint8_t *bus_map(struct ecam *space, uint8_t bus)
{
    void *mapped;
    int error;

    if (space->bus[bus] != NULL)
        return space->bus[bus];
    if (space->unreachable[bus] || bus < space->segment.bus_start || bus > space->segment.bus_end)
        return NULL;
    error = physical_map(space->segment.base + (uint64_t)bus * BUS_BYTES, BUS_BYTES, MEMORY_DEVICE,
                         &mapped);
    if (error < 0) {
        log_error("pci: cannot map the configuration space of bus %02x: error %d", bus, error);
        space->unreachable[bus] = true;
        return NULL;
    }
    space->bus[bus] = mapped;
    return mapped;
}

// The register, or NULL if there is none.
static volatile void *config_register(void *context, pci_address_t address, uint32_t offset,
                                      uint32_t width)
{
    uint8_t *bus = bus_map(context, PCI_BUS(address));

    if (bus == NULL || offset % width != 0 || offset > PCI_CONFIG_BYTES - width)
        return NULL;
    return bus + ((uint32_t)(address & 0xff) << 12) + offset;
}

static uint32_t config_read(void *context, pci_address_t address, uint32_t offset, uint32_t width)
{
    volatile void *at = config_register(context, address, offset, width);

    if (at == NULL)
        return width == 4 ? UINT32_MAX : (1u << (8 * width)) - 1;
    switch (width) {
    case 1:
        return *(volatile uint8_t *)at;
    case 2:
        return *(volatile uint16_t *)at;
    default:
        return *(volatile uint32_t *)at;
    }
}

static void config_write(void *context, pci_address_t address, uint32_t offset, uint32_t width,
                         uint32_t value)
{
    volatile void *at = config_register(context, address, offset, width);

    if (at == NULL)
        return;
    switch (width) {
    case 1:
        *(volatile uint8_t *)at = (uint8_t)value;
        break;
    case 2:
        *(volatile uint16_t *)at = (uint16_t)value;
        break;
    default:
        *(volatile uint32_t *)at = value;
        break;
    }
}

static void sleep_ms(void *context, uint32_t ms)
{
    (void)context;
    thread_sleep_until(sys_clock() + (uint64_t)ms * 1000000);
}

struct pci_access ecam_access(const struct acpi_segment *segment)
{
    memset(&ecam, 0, sizeof ecam);
    ecam.segment = *segment;
    return (struct pci_access){.read = config_read,
                               .write = config_write,
                               .sleep_ms = sleep_ms,
                               .context = &ecam,
                               .bus_end = segment->bus_end};
}

void ecam_snapshot(const struct pci_access *access, pci_address_t address,
                   uint8_t config[PCI_CONFIG_BYTES])
{
    uint32_t extended = access->read(access->context, address, CONVENTIONAL_BYTES, 4);
    uint32_t bytes = PCI_CONFIG_BYTES;

    if (extended == 0 || extended == UINT32_MAX) // no extended capabilities, nothing more to read
        bytes = CONVENTIONAL_BYTES;
    memset(config, 0, PCI_CONFIG_BYTES);
    for (uint32_t at = 0; at < bytes; at += 4) {
        uint32_t value = access->read(access->context, address, at, 4);

        memcpy(config + at, &value, sizeof value);
    }
}
