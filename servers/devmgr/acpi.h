// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// ACPI static tables: RSDP, RSDT/XSDT, MADT, MCFG, HPET, FADT, and the one object of the DSDT that
// power-off needs, _S5_. No AML is executed: the DSDT is only scanned, within its length.
//
// Every table's length and checksum is verified before its content is used; a bad table counts as
// absent and is reported in `bad_tables`. Pure code: physical memory is reached through struct
// acpi_memory.
//
// Source: Advanced Configuration and Power Interface Specification 6.4, section 5.2; PCI Firmware
// Specification 3.0, section 4.1 (MCFG); IA-PC HPET Specification 1.0a, section 3.2.4.

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    ACPI_CPUS_MAX = 64,
    ACPI_IOAPICS_MAX = 8,
    ACPI_OVERRIDES_MAX = 24,
    ACPI_SEGMENTS_MAX = 4,
    ACPI_TABLES_MAX = 128,          // entries of the XSDT looked at
    ACPI_TABLE_BYTES_MAX = 1 << 20, // longer tables are taken for damaged
};

struct acpi_memory {
    // Copies `bytes` of physical memory; 0 or a negative error.
    int (*read)(void *context, uint64_t address, void *buffer, size_t bytes);
    void *context;
};

struct acpi_ioapic {
    uint8_t id;
    uint32_t address;
    uint32_t gsi_base;
};

// An ISA interrupt that is not wired to the GSI of the same number, edge triggered and active high.
struct acpi_override {
    uint8_t source;
    bool level;
    bool active_low;
    uint32_t gsi;
};

struct acpi_segment { // one ECAM region
    uint64_t base;    // of bus 0, whether or not bus_start is 0
    uint16_t segment;
    uint8_t bus_start;
    uint8_t bus_end;
};

// Generic Address Structure (section 5.2.3.2), as far as a register is 1 to 4 bytes wide.
struct acpi_register {
    uint8_t space; // enum acpi_space
    uint8_t bits;
    uint64_t address; // 0: absent
};

enum acpi_space { ACPI_SPACE_MEMORY = 0, ACPI_SPACE_PORT = 1, ACPI_SPACE_PCI = 2 };

struct acpi_info {
    uint32_t bad_tables; // wrong checksum or length
    uint32_t cpus;
    uint32_t cpu_apic_id[ACPI_CPUS_MAX]; // enabled processors only
    uint32_t ioapics;
    struct acpi_ioapic ioapic[ACPI_IOAPICS_MAX];
    uint32_t overrides;
    struct acpi_override override[ACPI_OVERRIDES_MAX];
    uint32_t segments;
    struct acpi_segment segment[ACPI_SEGMENTS_MAX];
    uint64_t hpet_address; // 0: none
    bool has_fadt;
    struct acpi_register pm1a_event; // status and enable register
    uint8_t pm1_event_bytes;         // of both
    uint16_t sci;                    // ISA interrupt
    bool has_power_button;           // the fixed one
    struct acpi_register pm1a_control;
    struct acpi_register pm1b_control;
    uint32_t smi_command; // port; 0: always in ACPI mode
    uint8_t acpi_enable;
    bool can_reset; // reset and reset_value are meant
    struct acpi_register reset;
    uint8_t reset_value;
    struct acpi_register sleep_control; // of boards without PM1 registers
    uint64_t dsdt;                      // its AML
    uint32_t dsdt_bytes;
    bool has_s5;
    uint8_t s5_type_a; // SLP_TYP for PM1a, PM1b
    uint8_t s5_type_b;
};

// Reads all tables reachable from the RSDP. E_BADMSG if the RSDP or the root table is damaged;
// other damage is counted.
int acpi_read(const struct acpi_memory *memory, uint64_t rsdp, struct acpi_info *info);

// Looks for `Name (_S5_, Package ...)` in `length` bytes of AML at `address`. E_NOENT if there is
// none.
int acpi_find_s5(const struct acpi_memory *memory, uint64_t address, uint32_t length,
                 uint8_t *type_a, uint8_t *type_b);

// The GSI, and how it triggers, of an ISA interrupt; the SCI is by itself level and active low
// (5.2.9).
struct acpi_override acpi_isa_interrupt(const struct acpi_info *info, uint8_t source);
