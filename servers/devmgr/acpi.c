// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The walk from the RSDP to each table, with the checks; see acpi.h. What a table says is in
// acpi_tables.c.

#include "servers/devmgr/acpi_private.h"

#include <string.h>

#include "abi/error.h"

enum { CHUNK = 256 };

// All bytes of a table, checksum included, add up to 0 modulo 256.
static int checksum_verify(const struct acpi_memory *memory, uint64_t address, uint32_t length)
{
    uint8_t buffer[CHUNK];
    uint8_t sum = 0;

    for (uint32_t done = 0; done < length;) {
        uint32_t part = length - done < CHUNK ? length - done : CHUNK;
        int error = memory->read(memory->context, address + done, buffer, part);

        if (error < 0)
            return error;
        for (uint32_t i = 0; i < part; i++)
            sum = (uint8_t)(sum + buffer[i]);
        done += part;
    }
    return sum == 0 ? 0 : -E_BADMSG;
}

static int table_open(const struct acpi_memory *memory, uint64_t address, struct acpi_table *table)
{
    struct acpi_header header;
    int error = memory->read(memory->context, address, &header, sizeof header);

    if (error < 0)
        return error;
    if (header.length < sizeof header || header.length > ACPI_TABLE_BYTES_MAX ||
        address > UINT64_MAX - header.length)
        return -E_BADMSG;
    error = checksum_verify(memory, address, header.length);
    if (error < 0)
        return error;
    table->memory = memory;
    table->address = address;
    table->length = header.length;
    memcpy(table->signature, header.signature, sizeof table->signature);
    return 0;
}

int acpi_table_read(const struct acpi_table *table, uint32_t offset, void *buffer, uint32_t bytes)
{
    if (offset > table->length || bytes > table->length - offset)
        return -E_TRUNCATED;
    return table->memory->read(table->memory->context, table->address + offset, buffer, bytes);
}

static void table_use(const struct acpi_table *table, struct acpi_info *info)
{
    static const struct {
        char signature[4];
        int (*parse)(const struct acpi_table *table, struct acpi_info *info);
    } parsers[] = {
        {{'A', 'P', 'I', 'C'}, acpi_parse_madt},
        {{'M', 'C', 'F', 'G'}, acpi_parse_mcfg},
        {{'H', 'P', 'E', 'T'}, acpi_parse_hpet},
        {{'F', 'A', 'C', 'P'}, acpi_parse_fadt},
    };

    for (size_t i = 0; i < sizeof parsers / sizeof parsers[0]; i++) {
        if (memcmp(parsers[i].signature, table->signature, 4) == 0 &&
            parsers[i].parse(table, info) < 0)
            info->bad_tables++;
    }
}

// Entries of the RSDT are 4 bytes wide, those of the XSDT 8 and not aligned.
static int root_walk(const struct acpi_table *root, uint32_t entry_bytes, struct acpi_info *info)
{
    uint32_t entries = (root->length - (uint32_t)sizeof(struct acpi_header)) / entry_bytes;

    if (entries > ACPI_TABLES_MAX)
        entries = ACPI_TABLES_MAX;
    for (uint32_t i = 0; i < entries; i++) {
        uint64_t address = 0;
        struct acpi_table table;
        uint32_t offset = (uint32_t)sizeof(struct acpi_header) + i * entry_bytes;
        int error = acpi_table_read(root, offset, &address, entry_bytes);

        if (error < 0)
            return error;
        if (address == 0)
            continue;
        if (table_open(root->memory, address, &table) < 0) {
            info->bad_tables++;
            continue;
        }
        table_use(&table, info);
    }
    return 0;
}

int acpi_table_find_s5(const struct acpi_memory *memory, uint64_t dsdt, struct acpi_info *info)
{
    struct acpi_table table;
    uint32_t header = sizeof(struct acpi_header);
    int error = table_open(memory, dsdt, &table);

    if (error < 0)
        return error;
    if (memcmp(table.signature, "DSDT", 4) != 0)
        return -E_BADMSG;
    info->dsdt = dsdt + header;
    info->dsdt_bytes = table.length - header;
    error = acpi_find_s5(memory, info->dsdt, info->dsdt_bytes, &info->s5_type_a, &info->s5_type_b);
    info->has_s5 = error == 0;
    return 0;
}

int acpi_read(const struct acpi_memory *memory, uint64_t rsdp, struct acpi_info *info)
{
    struct acpi_rsdp pointer = {0};
    struct acpi_table root;
    int error;

    memset(info, 0, sizeof *info);
    error = memory->read(memory->context, rsdp, &pointer, ACPI_RSDP_V1_BYTES);
    if (error < 0)
        return error;
    if (memcmp(pointer.signature, "RSD PTR ", 8) != 0)
        return -E_BADMSG;
    error = checksum_verify(memory, rsdp, ACPI_RSDP_V1_BYTES);
    if (error < 0)
        return error;
    if (pointer.revision >= 2) {
        error = memory->read(memory->context, rsdp, &pointer, sizeof pointer);
        if (error < 0)
            return error;
        if (pointer.length < sizeof pointer || pointer.length > CHUNK)
            return -E_BADMSG;
        error = checksum_verify(memory, rsdp, pointer.length);
        if (error < 0)
            return error;
    }
    if (pointer.revision >= 2 && pointer.xsdt != 0) {
        error = table_open(memory, pointer.xsdt, &root);
        if (error == 0 && memcmp(root.signature, "XSDT", 4) == 0)
            return root_walk(&root, 8, info);
    }
    error = table_open(memory, pointer.rsdt, &root);
    if (error < 0)
        return error;
    if (memcmp(root.signature, "RSDT", 4) != 0)
        return -E_BADMSG;
    return root_walk(&root, 4, info);
}
