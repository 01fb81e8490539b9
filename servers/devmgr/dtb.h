// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// What a board's device tree says of its devices. Pure code over a blob that may be anything:
// libfdt checks the whole of it before anything is read.
//
// Sources: Devicetree Specification 0.4; bindings of the Linux kernel's documentation, as facts:
// arm,gic, arm,gic-v3, pci-host-ecam-generic (with IEEE 1275's PCI binding: ranges, interrupt-map),
// virtio,mmio, gpio-keys.
//
// Interrupt lines are the GIC's interrupt numbers: shared ones (SPI n) are 32 + n.
// Not implemented: buses below the root other than PCI, clocks, interrupt controllers but the GIC.

#pragma once

#include <stddef.h>
#include <stdint.h>

#include "servers/devmgr/pci.h"
#include "servers/devmgr/platform.h"
#include "servers/devmgr/virtio_slot.h"

enum {
    DTB_SLOTS_MAX = 64,
    DTB_MEMORIES_MAX = 16,
    DTB_ROUTES_MAX = 128,
    DTB_KEY_POWER = 116, // Linux's KEY_POWER
};

// One entry of interrupt-map: the pin (1 INTA .. 4 INTD) of the device whose masked address is
// this.
struct dtb_route {
    uint32_t address; // phys.hi: bus << 16 | device << 11 | function << 8
    uint32_t pin;
    struct platform_irq irq;
};

enum dtb_msi { DTB_MSI_NONE, DTB_MSI_V2M, DTB_MSI_ITS };

struct dtb_pci {
    bool present;
    struct acpi_segment ecam; // as MCFG would name it
    struct pci_windows windows;
    uint64_t io_base; // where the processor sees the I/O space's address 0
    enum dtb_msi msi;
    uint32_t address_mask, pin_mask;
    uint32_t routes;
    struct dtb_route route[DTB_ROUTES_MAX];
};

struct dtb_power_key {
    bool present;
    uint64_t gpio; // register address of the controller it is at
    uint32_t line;
    bool active_low;
};

struct dtb_board {
    uint32_t gic_version; // 2 or 3; 0: none
    uint32_t memories;
    struct platform_memory memory[DTB_MEMORIES_MAX];
    struct platform platform; // devices but virtio slots
    uint32_t slots;
    struct virtio_slot slot[DTB_SLOTS_MAX];
    struct dtb_pci pci;
    struct dtb_power_key power_key;
};

struct dtb_reporter {
    // One line a fault, without newline.
    void (*report)(void *context, const char *text);
    void *context;
};

// -E_BADMSG: the tree is damaged; -E_NODEV: no GIC, so no interrupt means anything. Anything else
// that is wrong costs only what it describes. Each fault is reported once.
int dtb_read(const void *blob, size_t bytes, struct dtb_board *board,
             const struct dtb_reporter *reporter);

// The interrupt of a PCI function's pin (1-4) at `address` (PCI_ADDRESS). NULL: not wired.
const struct platform_irq *dtb_pci_route(const struct dtb_pci *pci, pci_address_t address,
                                         uint32_t pin);
