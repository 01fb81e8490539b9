// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Interrupt remapping (VT-d 3.3, chapter 5): a message names an entry of a table, and the entry
// tells vector, CPU and which device may send it. The entry's number is the vector, one table
// serves all units, and messages in the old format are stopped: a device can raise no interrupt but
// its own.

#include "kernel/arch/x86_64/vtd_interrupt.h"
#include "abi/error.h"
#include "kernel/arch/x86_64/apic.h"
#include "kernel/arch/x86_64/vtd.h"

static struct vtd_interrupt *table; // 256 entries, a page
static bool wide;                   // targets are 32-bit x2APIC numbers

bool vtd_interrupts_remapped(void)
{
    return table != NULL;
}

static void forget(unsigned entry)
{
    for (unsigned i = 0; i < vtd_dmar.units; i++) {
        vtd_forget(&vtd_units[i], VTD_FORGET_INTERRUPTS | VTD_OF_ENTRY | (uint64_t)entry << 32, 0);
    }
}

static void store(unsigned entry, uint64_t low, uint64_t high)
{
    spin_lock(&vtd_lock);
    struct vtd_interrupt *at = &table[entry];
    __atomic_store_n(&at->low, 0, __ATOMIC_RELEASE); // the half with the presence goes first
    __atomic_store_n(&at->high, high, __ATOMIC_RELEASE);
    __atomic_store_n(&at->low, low, __ATOMIC_RELEASE);
    for (unsigned i = 0; i < vtd_dmar.units; i++) {
        vtd_written(&vtd_units[i], at, sizeof(*at));
    }
    forget(entry);
    spin_unlock(&vtd_lock);
}

void vtd_interrupt_set(unsigned vector, uint32_t cpu, uint32_t source, bool level)
{
    uint64_t target = wide ? cpu : (uint64_t)cpu << 8;
    store(vector,
          target << VTD_INTERRUPT_TARGET | (uint64_t)vector << VTD_INTERRUPT_VECTOR |
              (level ? VTD_INTERRUPT_LEVEL : 0) | VTD_PRESENT,
          VTD_INTERRUPT_CHECK_SOURCE | (source & 0xffff));
}

void vtd_interrupt_clear(unsigned vector)
{
    store(vector, 0, 0);
}

uint64_t vtd_interrupt_message(unsigned vector)
{
    return (uint32_t)VTD_MESSAGE_ADDRESS | (uint64_t)vector << VTD_MESSAGE_ENTRY;
}

int vtd_ioapic_source(uint8_t id, uint32_t *source)
{
    for (unsigned i = 0; i < vtd_dmar.units; i++) {
        const struct dmar_unit *unit = &vtd_dmar.unit[i];
        for (unsigned n = 0; n < unit->ioapics; n++) {
            if (unit->ioapic[n].id == id) {
                *source = unit->ioapic[n].source;
                return 0;
            }
        }
    }
    return -E_NODEV;
}

void vtd_interrupts_init(void)
{
    wide = apic_is_wide();
    for (unsigned i = 0; i < vtd_dmar.units; i++) {
        if ((vtd_units[i].extended & VTD_EXT_INTERRUPTS) == 0) {
            vtd_dmar.interrupts = false;
        }
        wide &= (vtd_units[i].extended & VTD_EXT_WIDE_TARGETS) != 0;
    }
    if (!vtd_dmar.interrupts) {
        return;
    }
    table = vtd_page();
    for (unsigned i = 0; i < vtd_dmar.units; i++) {
        struct iommu_unit *unit = &vtd_units[i];
        vtd_write64(unit, VTD_REMAP_TABLE,
                    virtual_to_physical(table) | VTD_REMAP_256_ENTRIES |
                        (wide ? VTD_REMAP_WIDE : 0));
        vtd_command(unit, VTD_SET_REMAP_TABLE);
        vtd_forget(unit, VTD_FORGET_INTERRUPTS, 0);
        vtd_command(unit, VTD_ENABLE_REMAPPING);
    }
}
