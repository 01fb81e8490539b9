// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Accesses that a unit stopped (VT-d 3.3, 7.2): read from its records at its interrupt, which goes
// to the boot CPU.
//
// A device may fault as fast as it can. So its accesses are reported VTD_NOISY_FAULTS times and
// then ignored until it gets another domain: what it has done is known, and they are stopped all
// the same. Stopped interrupt messages cannot be ignored by device: after VTD_FAULTS_MAX reports
// the unit's interrupt is masked until some driver is replaced, which the first report brings
// about.
//
// An interrupt reads records until none is pending, because only the first of an empty set
// interrupts.

#include "kernel/arch/irq_vectors.h"
#include "kernel/arch/x86_64/vtd.h"
#include "kernel/core/cpu.h"
#include "kernel/core/panic.h"
#include "kernel/dev/dma.h"

enum {
    RECORD_BYTES = 16,
    MESSAGE_ADDRESS = (int)0xfee00000,
};

static bool report(struct iommu_unit *unit, uint64_t low, uint64_t high)
{
    uint32_t device = VTD_RECORD_SOURCE(high);
    if (VTD_RECORD_REASON(high) >= VTD_REASON_INTERRUPT) { // the record has no address
        dma_fault(device, (uint32_t)MESSAGE_ADDRESS, true);
    } else {
        dma_fault(device, low & ~(uint64_t)(PAGE_SIZE - 1), (high & VTD_RECORD_READ) == 0);
    }
    return vtd_count_fault(unit, device);
}

// One look at all records; false: it is enough.
static bool drain(struct iommu_unit *unit)
{
    bool more = true;
    uint32_t first = VTD_CAP_FAULT_OFFSET(unit->capability);
    uint32_t count = VTD_CAP_FAULT_RECORDS(unit->capability);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t at = first + i * RECORD_BYTES;
        uint64_t high = vtd_read64(unit, at + 8);
        if ((high & VTD_RECORD_VALID) == 0) {
            continue;
        }
        uint64_t low = vtd_read64(unit, at);
        vtd_write64(unit, at + 8, VTD_RECORD_VALID); // write one to clear
        more = report(unit, low, high);
    }
    vtd_write(unit, VTD_FAULT_STATUS, VTD_FAULT_OVERFLOW);
    return more && (vtd_read(unit, VTD_FAULT_STATUS) & VTD_FAULT_PENDING) != 0;
}

void vtd_fault_interrupt(void)
{
    for (unsigned i = 0; i < vtd_dmar.units; i++) {
        while (drain(&vtd_units[i])) {
        }
    }
}

void vtd_faults_init(struct iommu_unit *unit)
{
    (void)drain(unit); // of a time before us
    vtd_write(unit, VTD_FAULT_DATA, IRQ_VECTOR_IOMMU);
    vtd_write(unit, VTD_FAULT_ADDRESS, (uint32_t)MESSAGE_ADDRESS | cpus[0].hardware_id << 12);
    vtd_write(unit, VTD_FAULT_ADDRESS_HIGH, 0);
    vtd_faults_resume(unit);
}

void vtd_faults_resume(struct iommu_unit *unit)
{
    unit->faults_left = VTD_FAULTS_MAX;
    vtd_write(unit, VTD_FAULT_CONTROL, 0); // unmasked; what is pending interrupts now
}
