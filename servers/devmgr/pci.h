// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// PCI: finding functions behind bridges, decoding and assigning BARs, walking capabilities, arming
// MSI-X, resetting. Pure code: configuration space and time are reached through struct pci_access,
// so all of it runs on the host against a made-up bus. Whatever a device says is checked; a loop in
// a list ends the list.
//
// Sources: PCI Local Bus Specification 3.0 (chapter 6: configuration space, BARs, capabilities, MSI
// and MSI-X), PCI-to-PCI Bridge Architecture Specification 1.2 (chapter 3), PCI Express Base
// Specification 4.0 (7.5 capabilities, 6.6.2 function level reset), PCI Bus Power Management
// Interface Specification 1.2 (chapter 3).

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    PCI_BARS = 6,
    PCI_FUNCTIONS_MAX = 128,
    PCI_BRIDGE_DEPTH_MAX = 8,
    PCI_CONFIG_BYTES = 4096,
};

// All of a function's address: bus << 8 | device << 3 | function.
typedef uint16_t pci_address_t;

#define PCI_ADDRESS(bus, device, function) \
    ((pci_address_t)((uint32_t)(bus) << 8 | (uint32_t)(device) << 3 | (uint32_t)(function)))
#define PCI_BUS(address)      ((uint8_t)((address) >> 8))
#define PCI_DEVICE(address)   ((uint8_t)((address) >> 3 & 31))
#define PCI_FUNCTION(address) ((uint8_t)((address)&7))

struct pci_access {
    // width 1, 2 or 4; offset is a multiple of it. Absent functions read all ones.
    uint32_t (*read)(void *context, pci_address_t address, uint32_t offset, uint32_t width);
    void (*write)(void *context, pci_address_t address, uint32_t offset, uint32_t width,
                  uint32_t value);
    void (*sleep_ms)(void *context, uint32_t ms);
    void *context;
    uint8_t bus_end; // last bus that configuration space covers
};

enum pci_bar_kind { PCI_BAR_NONE, PCI_BAR_IO, PCI_BAR_MEMORY32, PCI_BAR_MEMORY64, PCI_BAR_UPPER };

struct pci_bar {
    uint8_t kind; // enum pci_bar_kind; PCI_BAR_UPPER: the second half of the one before
    bool prefetchable;
    bool no_room;  // pci_assign found no address for it
    uint64_t base; // 0: not assigned
    uint64_t size;
};

// Offsets in configuration space; 0: the function lacks the capability.
struct pci_capabilities {
    uint16_t power;
    uint16_t msi;
    uint16_t msix;
    uint16_t express;
    bool function_reset;  // FLR
    uint8_t express_type; // enum pci_express_type (pci_registers.h), if there is `express`
};

struct pci_msix {
    uint16_t entries;
    uint8_t table_bar, pending_bar;
    uint32_t table_offset, pending_offset;
};

// Address space that BARs may be given, exclusive of `end`; start == end: none.
struct pci_window {
    uint64_t start, end;
    bool no_room; // pci_assign found none for what is behind the bridge
};

// Of a host bridge, what the board gives it; of a bridge, what it forwards (memory64: its
// prefetchable window).
enum pci_space { PCI_SPACE_IO, PCI_SPACE_MEMORY32, PCI_SPACE_MEMORY64, PCI_SPACES };

struct pci_windows {
    struct pci_window space[PCI_SPACES];
};

struct pci_function {
    pci_address_t address;
    int16_t parent; // index of the bridge it is behind, -1: on the root bus
    uint16_t vendor, device;
    uint16_t subsystem_vendor, subsystem;
    uint32_t class; // base class << 16 | subclass << 8 | programming interface
    uint8_t revision;
    uint8_t pin; // 1-4: INTA-INTD; 0: none
    bool bridge;
    uint8_t secondary, subordinate; // bridges only, as are the windows
    struct pci_windows forwards;
    struct pci_bar bar[PCI_BARS];
    struct pci_capabilities capability;
    struct pci_msix msix; // entries 0: none
};

struct pci_tree {
    uint32_t functions;
    struct pci_function function[PCI_FUNCTIONS_MAX];
    bool truncated; // more functions than the table holds
};

// ---- pci_scan.c ----

// Finds every function from `root_bus` on, in bus order, parents first. Bridges that firmware left
// without bus numbers get them. BARs, capabilities and MSI-X facts are filled in; nothing stays
// enabled that was not.
void pci_scan(const struct pci_access *access, uint8_t root_bus, struct pci_tree *tree);
// Reads again who is there, and nothing else. False: a function of the tree is another one, or
// gone.
bool pci_is_as_known(const struct pci_access *access, const struct pci_tree *tree);

// ---- pci_bar.c ----

// Sizes and reads the BARs of one function. Decoding is off meanwhile and then as before.
void pci_bars_read(const struct pci_access *access, struct pci_function *function);
// Writes one BAR's base.
void pci_bar_write(const struct pci_access *access, const struct pci_function *function,
                   uint32_t index);

// ---- pci_assign.c ----

// Reads what a bridge forwards.
void pci_bridge_read(const struct pci_access *access, struct pci_function *bridge);
// Gives addresses from `windows` to the BARs that have none, and windows to the bridges before them
// that have none. What firmware assigned stays. Bridges then forward that and nothing else. Returns
// the number of BARs that found no room.
uint32_t pci_assign(const struct pci_access *access, struct pci_tree *tree,
                    const struct pci_windows *windows);

// ---- pci_capability.c ----

void pci_capabilities_read(const struct pci_access *access, struct pci_function *function);

// ---- pci_control.c ----

enum pci_enable {
    PCI_ENABLE_IO = 1 << 0,
    PCI_ENABLE_MEMORY = 1 << 1,
    PCI_ENABLE_BUS_MASTER = 1 << 2,
    PCI_ENABLE_INTX = 1 << 3,
};

// Sets exactly these (enum pci_enable) and clears the others.
void pci_enable(const struct pci_access *access, const struct pci_function *function,
                uint32_t what);

// Makes the function answer at its BARs, and changes nothing else.
void pci_decode(const struct pci_access *access, const struct pci_function *function);

// Switches MSI-X on or off as a whole; entries are written through the mapped table (msix_table.c).
void pci_msix_enable(const struct pci_access *access, const struct pci_function *function, bool on);

// MSI with one vector. E_NODEV without the capability.
int pci_msi_set(const struct pci_access *access, const struct pci_function *function,
                uint64_t address, uint32_t data);
void pci_msi_disable(const struct pci_access *access, const struct pci_function *function);

// Puts the function into its state after power-on by FLR or by D3hot -> D0, and writes its BARs
// again. The function is left with decoding and bus mastering off. E_NOSYS: it can do neither,
// E_TIMEDOUT: it did not come back.
int pci_reset(const struct pci_access *access, const struct pci_function *function);

// Brings a function that was left in D1-D3 to D0.
void pci_power_on(const struct pci_access *access, const struct pci_function *function);

// Whose accesses the function's look like to an IOMMU: its own, unless a bridge to conventional PCI
// is on their way, which answers for everything behind it.
pci_address_t pci_requester(const struct pci_tree *tree, const struct pci_function *function);

// The root-bus pin (0-3) and device that an interrupt of `function` comes out at, through the
// bridges' swizzle.
void pci_intx_route(const struct pci_tree *tree, const struct pci_function *function,
                    uint8_t *root_device, uint8_t *root_pin);
