// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The little the kernel itself takes from ACPI (6.5): MADT (5.2.12) for CPUs and I/O APICs, HPET
// for the clock's calibration. Everything else is devmgr's.

#pragma once

#include "kernel/arch/arch.h"

enum { IOAPIC_MAX = 4, ISA_IRQS = 16 };

struct acpi_ioapic {
    uint64_t address;
    uint32_t first_line;
    uint8_t id;
};

struct acpi_isa_override {
    uint32_t line;
    bool level, active_low;
};

struct acpi_info {
    uint64_t local_apic;
    unsigned cpu_count;
    uint32_t apic_id[CPU_MAX];
    unsigned ioapic_count;
    struct acpi_ioapic ioapic[IOAPIC_MAX];
    struct acpi_isa_override isa[ISA_IRQS];
    uint64_t hpet;       // 0: none
    const uint8_t *dmar; // NULL: none
    uint32_t dmar_bytes;
};

extern struct acpi_info acpi_info;

// Reads the tables; panics with one clear line if there is no MADT.
void acpi_init(void);
