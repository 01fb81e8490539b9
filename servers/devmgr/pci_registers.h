// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Configuration-space layout. PCI Local Bus Specification 3.0, chapter 6, unless marked; names are
// the specification's.

#pragma once

enum {
    PCI_VENDOR_ID = 0x00,
    PCI_DEVICE_ID = 0x02,
    PCI_COMMAND = 0x04,
    PCI_COMMAND_IO_SPACE = 1 << 0,
    PCI_COMMAND_MEMORY_SPACE = 1 << 1,
    PCI_COMMAND_BUS_MASTER = 1 << 2,
    PCI_COMMAND_INTERRUPT_DISABLE = 1 << 10,
    PCI_STATUS = 0x06,
    PCI_STATUS_CAPABILITIES_LIST = 1 << 4,
    PCI_REVISION_ID = 0x08,
    PCI_CLASS_CODE = 0x08, // upper three bytes of the double word
    PCI_HEADER_TYPE = 0x0e,
    PCI_HEADER_LAYOUT_MASK = 0x7f,
    PCI_HEADER_LAYOUT_GENERAL = 0,
    PCI_HEADER_LAYOUT_BRIDGE = 1,
    PCI_HEADER_MULTI_FUNCTION = 0x80,
    PCI_BASE_ADDRESS = 0x10,
    PCI_BAR_SPACE_IO = 1 << 0,
    PCI_BAR_TYPE_MASK = 3 << 1,
    PCI_BAR_TYPE_64 = 2 << 1,
    PCI_BAR_PREFETCHABLE = 1 << 3,
    PCI_SUBSYSTEM_VENDOR_ID = 0x2c,
    PCI_SUBSYSTEM_ID = 0x2e,
    PCI_CAPABILITIES_POINTER = 0x34,
    PCI_INTERRUPT_LINE = 0x3c,
    PCI_INTERRUPT_PIN = 0x3d,
};

#define PCI_VENDOR_ABSENT 0xffffu
#define PCI_BAR_IO_MASK   0xfffffffcu
#define PCI_BAR_MEM_MASK  0xfffffff0u

enum { // header layout 1: PCI-to-PCI Bridge Architecture 1.2, section 3.2
    PCI_PRIMARY_BUS = 0x18,
    PCI_SECONDARY_BUS = 0x19,
    PCI_SUBORDINATE_BUS = 0x1a,
    PCI_IO_BASE = 0x1c,
    PCI_IO_LIMIT = 0x1d,
    PCI_MEMORY_BASE = 0x20,
    PCI_MEMORY_LIMIT = 0x22,
    PCI_PREFETCH_BASE = 0x24,
    PCI_PREFETCH_LIMIT = 0x26,
    PCI_PREFETCH_BASE_UPPER = 0x28,
    PCI_PREFETCH_LIMIT_UPPER = 0x2c,
    PCI_IO_BASE_UPPER = 0x30,
    PCI_IO_LIMIT_UPPER = 0x32,
};

enum { // capability ids (appendix H) and their registers, as offsets from the capability
    PCI_CAP_POWER = 0x01, // Power Management 1.2, section 3.2
    PCI_PM_CONTROL = 4,
    PCI_PM_STATE_MASK = 3,
    PCI_PM_STATE_D0 = 0,
    PCI_PM_STATE_D3HOT = 3,
    PCI_PM_NO_SOFT_RESET = 1 << 3,

    PCI_CAP_MSI = 0x05, // 6.8.1
    PCI_MSI_CONTROL = 2,
    PCI_MSI_ENABLE = 1 << 0,
    PCI_MSI_MULTIPLE_MASK = 7 << 4,
    PCI_MSI_64 = 1 << 7,
    PCI_MSI_ADDRESS = 4,
    PCI_MSI_ADDRESS_UPPER = 8,
    PCI_MSI_DATA_32 = 8,
    PCI_MSI_DATA_64 = 12,

    PCI_CAP_VENDOR = 0x09,

    PCI_CAP_EXPRESS = 0x10, // PCI Express 4.0, section 7.5.3
    PCI_EXP_FLAGS = 2,
    PCI_EXP_TYPE_SHIFT = 4,
    PCI_EXP_TYPE_MASK = 15,
    PCI_EXP_DEVICE_CAPABILITIES = 4,
    PCI_EXP_DEVICE_CONTROL = 8,
    PCI_EXP_INITIATE_FLR = 1 << 15,
    PCI_EXP_DEVICE_STATUS = 10,
    PCI_EXP_TRANSACTIONS_PENDING = 1 << 5,

    PCI_CAP_MSIX = 0x11, // 6.8.2
    PCI_MSIX_CONTROL = 2,
    PCI_MSIX_SIZE_MASK = 0x7ff,
    PCI_MSIX_FUNCTION_MASK = 1 << 14,
    PCI_MSIX_ENABLE = 1 << 15,
    PCI_MSIX_TABLE = 4,
    PCI_MSIX_PENDING = 8,
    PCI_MSIX_BAR_MASK = 7,

    PCI_CAP_ADVANCED = 0x13, // Advanced Features ECN: FLR for conventional functions
};

enum pci_express_type {
    PCI_EXP_ROOT_PORT = 4,
    PCI_EXP_UPSTREAM = 5,
    PCI_EXP_DOWNSTREAM = 6,
    PCI_EXP_TO_PCI = 7,
};

#define PCI_EXP_FLR_CAPABLE (1u << 28)

enum { // one entry of the MSI-X table
    MSIX_ENTRY_BYTES = 16,
    MSIX_ENTRY_ADDRESS = 0,
    MSIX_ENTRY_ADDRESS_UPPER = 4,
    MSIX_ENTRY_DATA = 8,
    MSIX_ENTRY_CONTROL = 12,
    MSIX_ENTRY_MASKED = 1,
};

enum { // the conventional capability list lies in 0x40-0xff, each entry 4-byte aligned: at most
       // this many
    PCI_CAP_FIRST = 0x40,
    PCI_CAP_LAST = 0xfc,
    PCI_CAPS_MAX = (0x100 - PCI_CAP_FIRST) / 4,
};
