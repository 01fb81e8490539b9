// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// ACPI's DMA remapping table (Intel VT-d specification 3.3, chapter 8): which units there are, what
// they cover, which memory the firmware's own devices use.

#pragma once

#include "abi/types.h"

enum {
    DMAR_UNITS_MAX = 8,
    DMAR_DEVICES_MAX = 256, // named one by one, a unit
    DMAR_BRIDGES_MAX = 32,
    DMAR_RESERVED_MAX = 16,
    DMAR_IOAPICS_MAX = 4,
};

struct dmar_ioapic {
    uint8_t id; // as in the MADT
    uint16_t source;
};

struct dmar_unit {
    uint64_t registers;
    bool all; // every device that no other unit names
    unsigned devices, bridges, ioapics;
    uint16_t device[DMAR_DEVICES_MAX]; // requester ids
    uint16_t bridge[DMAR_BRIDGES_MAX]; // what is behind them, too
    struct dmar_ioapic ioapic[DMAR_IOAPICS_MAX];
};

struct dmar {
    bool present, interrupts; // the board can remap interrupts
    unsigned units, reserved;
    struct dmar_unit unit[DMAR_UNITS_MAX];
    uint16_t reserved_device[DMAR_RESERVED_MAX]; // devices that the firmware itself uses
};

// A whole table whose checksum is right. 0, or -E_BADMSG (damaged) or -E_OPNOTSUPP, with *why.
int dmar_parse(const uint8_t *table, uint32_t length, struct dmar *dmar, const char **why);

// A number as ACPI's tables hold it: lowest byte first, anywhere.
static inline uint64_t read_le(const uint8_t *bytes, unsigned count)
{
    uint64_t value = 0;
    while (count-- > 0) {
        value = value << 8 | bytes[count];
    }
    return value;
}
