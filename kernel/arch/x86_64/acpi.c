// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

#include "kernel/arch/x86_64/acpi.h"

#include "kernel/arch/mmu.h"
#include "kernel/arch/x86_64/dmar.h"
#include "kernel/core/panic.h"
#include "kernel/core/string.h"

enum {
    TABLE_BYTES_MAX = 1 << 20,
    MADT_ENTRIES = 44, // offset of the first entry
    MADT_LOCAL_APIC = 0,
    MADT_IOAPIC = 1,
    MADT_OVERRIDE = 2,
    MADT_LOCAL_X2APIC = 9,
    APIC_ENABLED = 1,
    APIC_ONLINE_CAPABLE = 2,
    HPET_ADDRESS = 44,
    RSDP_RSDT = 16,
    RSDP_XSDT = 24,
    RSDP_REVISION = 15,
};

struct table_header {
    char signature[4];
    uint32_t length;
    uint8_t revision, checksum;
    char oem_id[6], oem_table_id[8];
    uint32_t oem_revision, creator_id, creator_revision;
};
_Static_assert(sizeof(struct table_header) == 36, "ACPI 5.2.6");

struct acpi_info acpi_info;

// A whole, intact table; NULL otherwise.
static const uint8_t *map_table(uint64_t address, const char *signature, uint32_t *length)
{
    if (address == 0) {
        return NULL;
    }
    const uint8_t *table = mmu_map_device(address, sizeof(struct table_header), MEMORY_CACHED);
    *length = (uint32_t)read_le(table + 4, 4);
    if ((signature != NULL && memcmp(table, signature, 4) != 0) ||
        *length < sizeof(struct table_header) || *length > TABLE_BYTES_MAX) {
        return NULL;
    }
    table = mmu_map_device(address, *length, MEMORY_CACHED);
    uint8_t sum = 0;
    for (uint32_t i = 0; i < *length; i++) {
        sum = (uint8_t)(sum + table[i]);
    }
    return sum == 0 ? table : NULL;
}

static void add_cpu(uint32_t apic_id, uint32_t flags)
{
    if ((flags & (APIC_ENABLED | APIC_ONLINE_CAPABLE)) == 0) {
        return;
    }
    if (acpi_info.cpu_count == CPU_MAX) {
        kernel_log("acpi: CPU with APIC id %u not used: at most %d are", apic_id, CPU_MAX);
        return;
    }
    acpi_info.apic_id[acpi_info.cpu_count++] = apic_id;
}

static void parse_override(const uint8_t *entry)
{
    uint8_t source = entry[3];
    if (source >= ISA_IRQS) {
        return;
    }
    uint16_t flags = (uint16_t)read_le(entry + 8, 2);
    acpi_info.isa[source] = (struct acpi_isa_override){
        .line = (uint32_t)read_le(entry + 4, 4),
        .active_low = (flags & 3) == 3,
        .level = (flags >> 2 & 3) == 3,
    };
}

static void parse_madt(const uint8_t *madt, uint32_t length)
{
    acpi_info.local_apic = read_le(madt + 36, 4);
    for (uint32_t at = MADT_ENTRIES; length - at >= 2 && at < length;) {
        const uint8_t *entry = madt + at;
        uint8_t bytes = entry[1];
        if (bytes < 2 || bytes > length - at) {
            panic("acpi: MADT entry at offset %u has a bad length %u", at, bytes);
        }
        if (entry[0] == MADT_LOCAL_APIC && bytes >= 8) {
            add_cpu(entry[3], (uint32_t)read_le(entry + 4, 4));
        } else if (entry[0] == MADT_LOCAL_X2APIC && bytes >= 16) {
            add_cpu((uint32_t)read_le(entry + 4, 4), (uint32_t)read_le(entry + 8, 4));
        } else if (entry[0] == MADT_IOAPIC && bytes >= 12 && acpi_info.ioapic_count < IOAPIC_MAX) {
            acpi_info.ioapic[acpi_info.ioapic_count++] = (struct acpi_ioapic){
                .address = read_le(entry + 4, 4),
                .first_line = (uint32_t)read_le(entry + 8, 4),
                .id = entry[2],
            };
        } else if (entry[0] == MADT_OVERRIDE && bytes >= 10) {
            parse_override(entry);
        }
        at += bytes;
    }
}

static void parse_table(uint64_t address)
{
    uint32_t length;
    const uint8_t *table = map_table(address, NULL, &length);
    if (table == NULL) {
        return;
    }
    if (memcmp(table, "APIC", 4) == 0 && length >= MADT_ENTRIES) {
        parse_madt(table, length);
    } else if (memcmp(table, "HPET", 4) == 0 && length >= HPET_ADDRESS + 8) {
        acpi_info.hpet = read_le(table + HPET_ADDRESS, 8);
    } else if (memcmp(table, "DMAR", 4) == 0) {
        acpi_info.dmar = table;
        acpi_info.dmar_bytes = length;
    }
}

void acpi_init(void)
{
    for (unsigned i = 0; i < ISA_IRQS; i++) {
        acpi_info.isa[i].line = i;
    }
    if (boot_info.acpi_rsdp == 0) {
        panic("no ACPI tables: boot on QEMU's q35 machine (-machine q35)");
    }
    const uint8_t *rsdp = mmu_map_device(boot_info.acpi_rsdp, 36, MEMORY_CACHED);
    bool extended = rsdp[RSDP_REVISION] >= 2 && read_le(rsdp + RSDP_XSDT, 8) != 0;
    unsigned width = extended ? 8 : 4;
    uint32_t length;
    const uint8_t *root =
        map_table(extended ? read_le(rsdp + RSDP_XSDT, 8) : read_le(rsdp + RSDP_RSDT, 4),
                  extended ? "XSDT" : "RSDT", &length);
    if (memcmp(rsdp, "RSD PTR ", 8) != 0 || root == NULL) {
        panic("acpi: the root table is damaged");
    }
    for (uint32_t at = sizeof(struct table_header); length - at >= width && at < length;
         at += width) {
        parse_table(read_le(root + at, width));
    }
    if (acpi_info.local_apic == 0 || acpi_info.cpu_count == 0 || acpi_info.ioapic_count == 0) {
        panic("acpi: no usable MADT (CPUs and interrupt controllers)");
    }
}
