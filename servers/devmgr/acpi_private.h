// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Table layouts (ACPI 6.4, sections as marked) and what acpi.c and acpi_tables.c share.

#pragma once

#include "servers/devmgr/acpi.h"

struct acpi_rsdp { // 5.2.5.3
    char signature[8];
    uint8_t checksum; // of the first 20 bytes
    char oem[6];
    uint8_t revision;
    uint32_t rsdt;
    uint32_t length; // from here on with revision 2
    uint64_t xsdt;
    uint8_t extended_checksum;
    uint8_t reserved[3];
} __attribute__((packed));

enum { ACPI_RSDP_V1_BYTES = 20 };

struct acpi_header { // 5.2.6
    char signature[4];
    uint32_t length; // with this header
    uint8_t revision;
    uint8_t checksum;
    char oem[6];
    char oem_table[8];
    uint32_t oem_revision;
    uint32_t creator;
    uint32_t creator_revision;
} __attribute__((packed));

struct acpi_gas { // 5.2.3.2
    uint8_t space;
    uint8_t bits;
    uint8_t bit_offset;
    uint8_t access_size;
    uint64_t address;
} __attribute__((packed));

_Static_assert(sizeof(struct acpi_rsdp) == 36, "ACPI 5.2.5.3");
_Static_assert(sizeof(struct acpi_header) == 36, "ACPI 5.2.6");
_Static_assert(sizeof(struct acpi_gas) == 12, "ACPI 5.2.3.2");

// A table whose length and checksum are right.
struct acpi_table {
    const struct acpi_memory *memory;
    uint64_t address;
    uint32_t length;
    char signature[4];
};

// Copies part of a table; E_TRUNCATED if it does not lie within it.
int acpi_table_read(const struct acpi_table *table, uint32_t offset, void *buffer, uint32_t bytes);

// Opens the DSDT and looks for _S5_ in it. An absent _S5_ is no error: has_s5 says.
int acpi_table_find_s5(const struct acpi_memory *memory, uint64_t dsdt, struct acpi_info *info);

int acpi_parse_madt(const struct acpi_table *table, struct acpi_info *info);
int acpi_parse_mcfg(const struct acpi_table *table, struct acpi_info *info);
int acpi_parse_hpet(const struct acpi_table *table, struct acpi_info *info);
int acpi_parse_fadt(const struct acpi_table *table, struct acpi_info *info);
