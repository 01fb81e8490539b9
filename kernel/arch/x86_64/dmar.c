// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

#include "kernel/arch/x86_64/dmar.h"

#include "abi/error.h"

enum {
    FLAGS = 37,
    FLAG_INTERRUPTS = 1,
    FIRST_ENTRY = 48,
    ENTRY_HEADER = 4,

    ENTRY_UNIT = 0,
    UNIT_FLAGS = 4,
    UNIT_ALL = 1,
    UNIT_SEGMENT = 6,
    UNIT_REGISTERS = 8,
    UNIT_SCOPES = 16,

    ENTRY_RESERVED = 1,
    RESERVED_SEGMENT = 6,
    RESERVED_BASE = 8,
    RESERVED_END = 16,
    RESERVED_SCOPES = 24,

    SCOPE_ENDPOINT = 1,
    SCOPE_BRIDGE = 2,
    SCOPE_IOAPIC = 3,
    SCOPE_ID = 4,
    SCOPE_BUS = 5,
    SCOPE_PATH = 6,
    SCOPE_BYTES = 8, // with one hop
};

struct scope {
    uint8_t kind, id;
    bool deep; // behind another bridge
    uint16_t requester;
};

typedef int (*scope_use)(struct dmar *dmar, const struct scope *scope, const char **why);

static int damaged(const char **why, const char *what)
{
    *why = what;
    return -E_BADMSG;
}

static int unsupported(const char **why, const char *what)
{
    *why = what;
    return -E_OPNOTSUPP;
}

// The scopes from `at` to the end of an entry.
static int read_scopes(struct dmar *dmar, const uint8_t *entry, uint32_t at, uint32_t bytes,
                       scope_use use, const char **why)
{
    while (at < bytes) {
        const uint8_t *scope = entry + at;
        if (bytes - at < SCOPE_BYTES || scope[1] < SCOPE_BYTES || scope[1] > bytes - at ||
            scope[1] % 2 != 0) {
            return damaged(why, "a device scope has a bad length");
        }
        if (scope[SCOPE_PATH] > 31 || scope[SCOPE_PATH + 1] > 7) {
            return damaged(why, "a device scope names a PCI function that cannot be");
        }
        struct scope found = {
            .kind = scope[0],
            .id = scope[SCOPE_ID],
            .deep = scope[1] > SCOPE_BYTES,
            .requester =
                (uint16_t)(scope[SCOPE_BUS] << 8 | scope[SCOPE_PATH] << 3 | scope[SCOPE_PATH + 1]),
        };
        int error = use(dmar, &found, why);
        if (error != 0) {
            return error;
        }
        at += scope[1];
    }
    return 0;
}

static int behind_bridge(const char **why)
{
    return unsupported(why, "a device scope lies behind a PCI bridge");
}

static int name_device(struct dmar_unit *unit, const struct scope *scope, const char **why)
{
    bool bridge = scope->kind == SCOPE_BRIDGE;
    if (unit->devices == DMAR_DEVICES_MAX || (bridge && unit->bridges == DMAR_BRIDGES_MAX)) {
        return unsupported(why, "a unit names too many devices");
    }
    unit->device[unit->devices++] = scope->requester;
    if (bridge) {
        unit->bridge[unit->bridges++] = scope->requester;
    }
    return 0;
}

static int use_unit_scope(struct dmar *dmar, const struct scope *scope, const char **why)
{
    struct dmar_unit *unit = &dmar->unit[dmar->units];
    if (scope->kind == SCOPE_ENDPOINT || scope->kind == SCOPE_BRIDGE) {
        if (unit->all) {
            return 0; // it says nothing new
        }
        if (scope->deep) {
            return behind_bridge(why);
        }
        return name_device(unit, scope, why);
    } else if (scope->kind == SCOPE_IOAPIC) {
        if (unit->ioapics == DMAR_IOAPICS_MAX) {
            return unsupported(why, "a unit names too many I/O APICs");
        }
        unit->ioapic[unit->ioapics++] = (struct dmar_ioapic){scope->id, scope->requester};
    }
    return 0; // HPETs' messages and ACPI's own devices are not used
}

static int read_unit(struct dmar *dmar, const uint8_t *entry, uint32_t bytes, const char **why)
{
    if (bytes < UNIT_SCOPES) {
        return damaged(why, "a unit's entry is too short");
    }
    if (dmar->units == DMAR_UNITS_MAX) {
        return unsupported(why, "there are too many units");
    }
    if (read_le(entry + UNIT_SEGMENT, 2) != 0) {
        return unsupported(why, "a unit is for another PCI segment than the first");
    }
    struct dmar_unit *unit = &dmar->unit[dmar->units];
    *unit = (struct dmar_unit){
        .registers = read_le(entry + UNIT_REGISTERS, 8),
        .all = (entry[UNIT_FLAGS] & UNIT_ALL) != 0,
    };
    if (unit->registers == 0 || unit->registers % PAGE_SIZE != 0) {
        return damaged(why, "a unit's registers are at no page's address");
    }
    int error = read_scopes(dmar, entry, UNIT_SCOPES, bytes, use_unit_scope, why);
    dmar->units++;
    return error;
}

static int use_reserved_scope(struct dmar *dmar, const struct scope *scope, const char **why)
{
    if (scope->kind == SCOPE_BRIDGE || (scope->kind == SCOPE_ENDPOINT && scope->deep)) {
        return behind_bridge(why);
    }
    if (scope->kind != SCOPE_ENDPOINT) {
        return 0;
    }
    if (dmar->reserved == DMAR_RESERVED_MAX) {
        return unsupported(why, "the firmware uses too many devices");
    }
    dmar->reserved_device[dmar->reserved++] = scope->requester;
    return 0;
}

static int read_reserved(struct dmar *dmar, const uint8_t *entry, uint32_t bytes, const char **why)
{
    if (bytes < RESERVED_SCOPES) {
        return damaged(why, "a reserved region's entry is too short");
    }
    if (read_le(entry + RESERVED_BASE, 8) > read_le(entry + RESERVED_END, 8)) {
        return damaged(why, "a reserved region ends before it begins");
    }
    if (read_le(entry + RESERVED_SEGMENT, 2) != 0) {
        return 0; // nor are devices of that segment
    }
    return read_scopes(dmar, entry, RESERVED_SCOPES, bytes, use_reserved_scope, why);
}

int dmar_parse(const uint8_t *table, uint32_t length, struct dmar *dmar, const char **why)
{
    *dmar = (struct dmar){0};
    if (length < FIRST_ENTRY) {
        return damaged(why, "it is too short");
    }
    dmar->interrupts = (table[FLAGS] & FLAG_INTERRUPTS) != 0;
    for (uint32_t at = FIRST_ENTRY; at < length;) {
        const uint8_t *entry = table + at;
        uint32_t bytes = length - at < ENTRY_HEADER ? 0 : (uint32_t)read_le(entry + 2, 2);
        if (bytes < ENTRY_HEADER || bytes > length - at) {
            return damaged(why, "an entry has a bad length");
        }
        uint64_t kind = read_le(entry, 2);
        int error = kind == ENTRY_UNIT       ? read_unit(dmar, entry, bytes, why)
                    : kind == ENTRY_RESERVED ? read_reserved(dmar, entry, bytes, why)
                                             : 0;
        if (error != 0) {
            return error;
        }
        at += bytes;
    }
    if (dmar->units == 0) {
        return damaged(why, "it names no unit");
    }
    dmar->present = true;
    return 0;
}
