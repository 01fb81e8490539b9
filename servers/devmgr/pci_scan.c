// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Depth-first walk of the PCI buses; see pci.h.
//
// Termination: a bus is entered once (the `seen` map), bridges are entered at most
// PCI_BRIDGE_DEPTH_MAX deep, and a bus has 256 functions. A bridge whose numbers are absent or
// impossible gets the next free ones.

#include <string.h>

#include "servers/devmgr/pci_access.h"
#include "servers/devmgr/pci_registers.h"

enum { DEVICES_PER_BUS = 32, FUNCTIONS_PER_DEVICE = 8 };

struct scan {
    const struct pci_access *access;
    struct pci_tree *tree;
    uint8_t highest; // bus number given out so far
    uint8_t seen[256 / 8];
};

static void scan_bus(struct scan *scan, uint8_t bus, uint8_t limit, int16_t parent, uint32_t depth);

static bool bus_seen(const struct scan *scan, uint8_t bus)
{
    return (scan->seen[bus / 8] >> (bus % 8) & 1) != 0;
}

static void read_identity(const struct pci_access *access, struct pci_function *function)
{
    pci_address_t at = function->address;
    uint32_t class = config_read32(access, at, PCI_CLASS_CODE);

    function->device = config_read16(access, at, PCI_DEVICE_ID);
    function->class = class >> 8;
    function->revision = (uint8_t) class;
    function->pin = config_read8(access, at, PCI_INTERRUPT_PIN);
    if (function->pin > 4)
        function->pin = 0;
    if (!function->bridge) {
        function->subsystem_vendor = config_read16(access, at, PCI_SUBSYSTEM_VENDOR_ID);
        function->subsystem = config_read16(access, at, PCI_SUBSYSTEM_ID);
    }
}

// Makes the bridge's bus numbers usable: keeps what firmware set if it fits between its neighbours,
// else numbers anew. Returns false if no bus number is left. `limit` is the last bus the parent
// forwards.
static bool number_bridge(struct scan *scan, struct pci_function *bridge, uint8_t limit,
                          bool *fresh)
{
    pci_address_t at = bridge->address;

    bridge->secondary = config_read8(scan->access, at, PCI_SECONDARY_BUS);
    bridge->subordinate = config_read8(scan->access, at, PCI_SUBORDINATE_BUS);
    *fresh = bridge->secondary <= PCI_BUS(at) || bridge->subordinate < bridge->secondary ||
             bridge->subordinate > limit || bus_seen(scan, bridge->secondary);
    if (!*fresh)
        return true;
    if (scan->highest >= limit)
        return false;
    bridge->secondary = (uint8_t)(scan->highest + 1);
    bridge->subordinate = limit; // until what is behind it is known
    config_write8(scan->access, at, PCI_PRIMARY_BUS, PCI_BUS(at));
    config_write8(scan->access, at, PCI_SECONDARY_BUS, bridge->secondary);
    config_write8(scan->access, at, PCI_SUBORDINATE_BUS, bridge->subordinate);
    return true;
}

static void scan_bridge(struct scan *scan, uint32_t index, uint8_t limit, uint32_t depth)
{
    struct pci_function *bridge = &scan->tree->function[index];
    bool fresh;

    if (depth >= PCI_BRIDGE_DEPTH_MAX || !number_bridge(scan, bridge, limit, &fresh)) {
        bridge->secondary = 0; // leads nowhere
        bridge->subordinate = 0;
        return;
    }
    scan_bus(scan, bridge->secondary, bridge->subordinate, (int16_t)index, depth + 1);
    if (fresh) {
        bridge->subordinate = scan->highest;
        config_write8(scan->access, bridge->address, PCI_SUBORDINATE_BUS, bridge->subordinate);
    } else if (bridge->subordinate > scan->highest) {
        scan->highest = bridge->subordinate; // firmware's reserve for hot-plug stays its own
    }
}

// Records one function. Returns false if none is there.
static bool scan_function(struct scan *scan, pci_address_t address, uint8_t limit, int16_t parent,
                          uint32_t depth)
{
    struct pci_tree *tree = scan->tree;
    uint16_t vendor = config_read16(scan->access, address, PCI_VENDOR_ID);
    uint8_t layout;
    struct pci_function *function;

    if (vendor == PCI_VENDOR_ABSENT || vendor == 0)
        return false;
    if (tree->functions == PCI_FUNCTIONS_MAX) {
        tree->truncated = true;
        return true;
    }
    layout = config_read8(scan->access, address, PCI_HEADER_TYPE) & PCI_HEADER_LAYOUT_MASK;
    if (layout > PCI_HEADER_LAYOUT_BRIDGE)
        return true; // CardBus and what is not defined: nothing to do with it
    function = &tree->function[tree->functions];
    memset(function, 0, sizeof *function);
    function->address = address;
    function->parent = parent;
    function->vendor = vendor;
    function->bridge = layout == PCI_HEADER_LAYOUT_BRIDGE;
    read_identity(scan->access, function);
    pci_bars_read(scan->access, function);
    pci_capabilities_read(scan->access, function);
    tree->functions++;
    if (function->bridge) {
        pci_bridge_read(scan->access, function);
        scan_bridge(scan, tree->functions - 1, limit, depth);
    }
    return true;
}

static void scan_bus(struct scan *scan, uint8_t bus, uint8_t limit, int16_t parent, uint32_t depth)
{
    scan->seen[bus / 8] |= (uint8_t)(1u << (bus % 8));
    if (bus > scan->highest)
        scan->highest = bus;
    for (uint32_t device = 0; device < DEVICES_PER_BUS; device++) {
        uint8_t header;

        if (!scan_function(scan, PCI_ADDRESS(bus, device, 0), limit, parent, depth))
            continue;
        header = config_read8(scan->access, PCI_ADDRESS(bus, device, 0), PCI_HEADER_TYPE);
        if ((header & PCI_HEADER_MULTI_FUNCTION) == 0)
            continue;
        for (uint32_t function = 1; function < FUNCTIONS_PER_DEVICE; function++)
            scan_function(scan, PCI_ADDRESS(bus, device, function), limit, parent, depth);
    }
}

void pci_scan(const struct pci_access *access, uint8_t root_bus, struct pci_tree *tree)
{
    struct scan scan = {.access = access, .tree = tree, .highest = root_bus};

    tree->functions = 0;
    tree->truncated = false;
    scan_bus(&scan, root_bus, access->bus_end, -1, 0);
}

bool pci_is_as_known(const struct pci_access *access, const struct pci_tree *tree)
{
    for (uint32_t i = 0; i < tree->functions; i++) {
        const struct pci_function *function = &tree->function[i];

        if (config_read16(access, function->address, PCI_VENDOR_ID) != function->vendor ||
            config_read16(access, function->address, PCI_DEVICE_ID) != function->device)
            return false;
    }
    return true;
}
