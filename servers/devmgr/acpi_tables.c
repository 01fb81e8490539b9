// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// What MADT, MCFG, HPET and FADT say; see acpi.h. Each parser gets a table whose length and
// checksum are right, and still checks every inner length: a right checksum is no proof of a right
// table.

#include <string.h>

#include "abi/error.h"
#include "servers/devmgr/acpi_private.h"

// MADT (5.2.12): after the header, 4 bytes local APIC address and 4 bytes flags, then entries
// {type, length, ...}.
enum {
    MADT_ENTRIES = 44,
    MADT_LOCAL_APIC = 0,
    MADT_IOAPIC = 1,
    MADT_OVERRIDE = 2,
    MADT_LOCAL_X2APIC = 9,
    MADT_ENTRY_MAX = 16, // longest entry looked into
    MADT_CPU_ENABLED = 1,
    MPS_POLARITY_MASK = 3, // 5.2.12.5: 0 as the bus has it, 1 high, 3 low
    MPS_POLARITY_LOW = 3,
    MPS_TRIGGER_MASK = 3 << 2, // 0 as the bus has it, 1 edge, 3 level
    MPS_TRIGGER_LEVEL = 3 << 2,
};

static uint32_t load32(const uint8_t *bytes)
{
    uint32_t value;

    memcpy(&value, bytes, sizeof value);
    return value;
}

static uint16_t load16(const uint8_t *bytes)
{
    uint16_t value;

    memcpy(&value, bytes, sizeof value);
    return value;
}

static void madt_cpu(struct acpi_info *info, uint32_t apic_id, uint32_t flags)
{
    if ((flags & MADT_CPU_ENABLED) != 0 && info->cpus < ACPI_CPUS_MAX)
        info->cpu_apic_id[info->cpus++] = apic_id;
}

static void madt_ioapic(struct acpi_info *info, const uint8_t *entry)
{
    if (info->ioapics < ACPI_IOAPICS_MAX) {
        info->ioapic[info->ioapics++] = (struct acpi_ioapic){
            .id = entry[2], .address = load32(entry + 4), .gsi_base = load32(entry + 8)};
    }
}

static void madt_override(struct acpi_info *info, const uint8_t *entry)
{
    uint16_t flags = load16(entry + 8);

    if (entry[2] != 0 || info->overrides >= ACPI_OVERRIDES_MAX) // bus 0 is ISA
        return;
    info->override[info->overrides++] = (struct acpi_override){
        .source = entry[3],
        .gsi = load32(entry + 4),
        .active_low = (flags & MPS_POLARITY_MASK) == MPS_POLARITY_LOW,
        .level = (flags & MPS_TRIGGER_MASK) == MPS_TRIGGER_LEVEL,
    };
}

static int madt_entry(struct acpi_info *info, const uint8_t *entry, uint8_t length)
{
    static const struct {
        uint8_t type, length;
    } known[] = {
        {MADT_LOCAL_APIC, 8}, {MADT_IOAPIC, 12}, {MADT_OVERRIDE, 10}, {MADT_LOCAL_X2APIC, 16}};

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (entry[0] == known[i].type && length < known[i].length)
            return -E_BADMSG;
    }
    switch (entry[0]) {
    case MADT_LOCAL_APIC:
        madt_cpu(info, entry[3], load32(entry + 4));
        break;
    case MADT_LOCAL_X2APIC:
        madt_cpu(info, load32(entry + 4), load32(entry + 8));
        break;
    case MADT_IOAPIC:
        madt_ioapic(info, entry);
        break;
    case MADT_OVERRIDE:
        madt_override(info, entry);
        break;
    default:
        break;
    }
    return 0;
}

int acpi_parse_madt(const struct acpi_table *table, struct acpi_info *info)
{
    uint8_t entry[MADT_ENTRY_MAX];

    for (uint32_t offset = MADT_ENTRIES; offset < table->length;) {
        uint32_t part;
        int error = acpi_table_read(table, offset, entry, 2);

        if (error < 0)
            return error;
        if (entry[1] < 2 || entry[1] > table->length - offset)
            return -E_BADMSG;
        part = entry[1] < MADT_ENTRY_MAX ? entry[1] : MADT_ENTRY_MAX;
        error = acpi_table_read(table, offset, entry, part);
        if (error < 0)
            return error;
        error = madt_entry(info, entry, entry[1]);
        if (error < 0)
            return error;
        offset += entry[1];
    }
    return 0;
}

// MCFG: after the header 8 reserved bytes, then 16-byte allocations {base, segment, first bus, last
// bus, reserved}.
enum { MCFG_ALLOCATIONS = 44, MCFG_ALLOCATION_BYTES = 16 };

int acpi_parse_mcfg(const struct acpi_table *table, struct acpi_info *info)
{
    for (uint32_t offset = MCFG_ALLOCATIONS;
         offset < table->length && table->length - offset >= MCFG_ALLOCATION_BYTES;
         offset += MCFG_ALLOCATION_BYTES) {
        uint8_t raw[MCFG_ALLOCATION_BYTES];
        struct acpi_segment segment;
        int error = acpi_table_read(table, offset, raw, sizeof raw);

        if (error < 0)
            return error;
        memcpy(&segment.base, raw, sizeof segment.base);
        segment.segment = load16(raw + 8);
        segment.bus_start = raw[10];
        segment.bus_end = raw[11];
        if (segment.bus_end < segment.bus_start || segment.base == 0 ||
            (segment.base & 0xfffff) != 0)
            return -E_BADMSG;
        if (info->segments < ACPI_SEGMENTS_MAX)
            info->segment[info->segments++] = segment;
    }
    return 0;
}

int acpi_parse_hpet(const struct acpi_table *table, struct acpi_info *info)
{
    enum { HPET_BASE = 40 };
    struct acpi_gas base;
    int error = acpi_table_read(table, HPET_BASE, &base, sizeof base);

    if (error < 0)
        return error;
    if (base.space != ACPI_SPACE_MEMORY)
        return -E_BADMSG;
    info->hpet_address = base.address;
    return 0;
}

// FADT (5.2.9). Older, shorter tables lack the fields at the end.
enum {
    FADT_DSDT = 40,
    FADT_SCI = 46,
    FADT_SMI_COMMAND = 48,
    FADT_ACPI_ENABLE = 52,
    FADT_PM1A_EVENT = 56,
    FADT_PM1A_CONTROL = 64,
    FADT_PM1B_CONTROL = 68,
    FADT_PM1_EVENT_BYTES = 88,
    FADT_FLAGS = 112,
    FADT_RESET_REGISTER = 116,
    FADT_RESET_VALUE = 128,
    FADT_X_DSDT = 140,
    FADT_X_PM1A_EVENT = 148,
    FADT_X_PM1A_CONTROL = 172,
    FADT_X_PM1B_CONTROL = 184,
    FADT_SLEEP_CONTROL = 244,
    FADT_BYTES_MAX = 268,
    FADT_PWR_BUTTON = 1 << 4, // no fixed power button
    FADT_RESET_REG_SUP = 1 << 10,
    FADT_HW_REDUCED = 1 << 20,
};

static struct acpi_register gas_register(const uint8_t *raw)
{
    struct acpi_gas gas;

    memcpy(&gas, raw, sizeof gas);
    return (struct acpi_register){.space = gas.space, .bits = gas.bits, .address = gas.address};
}

// The extended address, if there is one, else the 32-bit port of ACPI 1.0.
static struct acpi_register pm1_register(const uint8_t *fadt, uint32_t port_at,
                                         uint32_t extended_at)
{
    struct acpi_register extended = gas_register(fadt + extended_at);

    if (extended.address != 0)
        return extended;
    return (struct acpi_register){
        .space = ACPI_SPACE_PORT, .bits = 16, .address = load32(fadt + port_at)};
}

int acpi_parse_fadt(const struct acpi_table *table, struct acpi_info *info)
{
    uint8_t fadt[FADT_BYTES_MAX] = {0};
    uint32_t bytes = table->length < FADT_BYTES_MAX ? table->length : FADT_BYTES_MAX;
    uint64_t dsdt;
    int error = acpi_table_read(table, 0, fadt, bytes);

    if (error < 0)
        return error;
    if (bytes < FADT_PM1B_CONTROL + 4)
        return -E_BADMSG;
    info->has_fadt = true;
    info->smi_command = load32(fadt + FADT_SMI_COMMAND);
    info->acpi_enable = fadt[FADT_ACPI_ENABLE];
    info->sci = load16(fadt + FADT_SCI);
    info->pm1_event_bytes = fadt[FADT_PM1_EVENT_BYTES];
    info->pm1a_event = pm1_register(fadt, FADT_PM1A_EVENT, FADT_X_PM1A_EVENT);
    info->pm1a_control = pm1_register(fadt, FADT_PM1A_CONTROL, FADT_X_PM1A_CONTROL);
    info->pm1b_control = pm1_register(fadt, FADT_PM1B_CONTROL, FADT_X_PM1B_CONTROL);
    info->has_power_button = (load32(fadt + FADT_FLAGS) & (FADT_PWR_BUTTON | FADT_HW_REDUCED)) == 0;
    info->reset = gas_register(fadt + FADT_RESET_REGISTER);
    info->reset_value = fadt[FADT_RESET_VALUE];
    info->can_reset =
        (load32(fadt + FADT_FLAGS) & FADT_RESET_REG_SUP) != 0 && info->reset.address != 0;
    if ((load32(fadt + FADT_FLAGS) & FADT_HW_REDUCED) != 0)
        info->sleep_control = gas_register(fadt + FADT_SLEEP_CONTROL);
    memcpy(&dsdt, fadt + FADT_X_DSDT, sizeof dsdt);
    if (dsdt == 0)
        dsdt = load32(fadt + FADT_DSDT);
    return dsdt == 0 ? 0 : acpi_table_find_s5(table->memory, dsdt, info);
}

struct acpi_override acpi_isa_interrupt(const struct acpi_info *info, uint8_t source)
{
    for (uint32_t i = 0; i < info->overrides; i++) {
        if (info->override[i].source == source)
            return info->override[i];
    }
    if (info->has_fadt && source == info->sci)
        return (struct acpi_override){
            .source = source, .gsi = source, .level = true, .active_low = true};
    return (struct acpi_override){.source = source, .gsi = source};
}
