// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Intel VT-d remapping units, as one file sees another's: vtd.c (domains), vtd_unit.c (registers
// and the invalidation queue), vtd_interrupt.c (interrupts remapped), vtd_fault.c (accesses
// stopped).
//
// Lock: vtd_lock (LOCK_IOMMU), one for all units: their tables but the domains' own, the queues.
// Invariant: a context or remapping entry that was cleared is forgotten by its unit before the lock
// is released.

#pragma once

#include "kernel/arch/iommu.h"
#include "kernel/arch/x86_64/dmar.h"
#include "kernel/arch/x86_64/vtd_hw.h"
#include "kernel/core/lock.h"

enum {
    VTD_NUMBERS = 256,     // domains a unit, at most
    VTD_NOISY_FAULTS = 15, // of a device; what VTD_CONTEXT_FAULTS counts to
    VTD_FAULTS_MAX = 1024, // of a unit, with no domain made or blocked in between
};

struct iommu_unit {
    const struct dmar_unit *dmar;
    volatile uint8_t *registers;
    uint64_t capability, extended;
    unsigned levels; // of its domains' tables
    struct io_table_format format;
    struct vtd_context *root;
    struct vtd_descriptor *queue; // a page
    uint32_t queue_tail;          // index
    volatile uint32_t *answer;    // where the unit writes that it is done
    uint32_t asked;
    uint32_t faults_left;               // of VTD_FAULTS_MAX; 0: the fault interrupt is masked
    uint64_t numbers[VTD_NUMBERS / 64]; // in use, by bit
};

extern struct spinlock vtd_lock;
extern struct dmar vtd_dmar;
extern struct iommu_unit vtd_units[DMAR_UNITS_MAX];

// ---- vtd_unit.c ----

uint32_t vtd_read(const struct iommu_unit *unit, uint32_t offset);
uint64_t vtd_read64(const struct iommu_unit *unit, uint32_t offset);
void vtd_write(struct iommu_unit *unit, uint32_t offset, uint32_t value);
void vtd_write64(struct iommu_unit *unit, uint32_t offset, uint64_t value);

// A zeroed page that the unit reads; panics without memory (boot).
void *vtd_page(void);

// Makes what was written visible to a unit that does not see the CPUs' caches.
void vtd_written(const struct iommu_unit *unit, const void *at, size_t bytes);

// Gives a command and waits until the status shows it.
void vtd_command(struct iommu_unit *unit, uint32_t command);

// Registers, capabilities, everything off, then the queue on. Panics if the unit is of no use.
void vtd_unit_start(struct iommu_unit *unit, const struct dmar_unit *dmar);

// What was written reaches memory where the unit sees it, for units with buffers of their own.
void vtd_flush_writes(struct iommu_unit *unit);

// One descriptor, and returns when the unit has carried it out. vtd_lock held, or boot.
void vtd_forget(struct iommu_unit *unit, uint64_t low, uint64_t high);

// ---- vtd_interrupt.c ----

// After the units' start: remapping on, on all or none.
void vtd_interrupts_init(void);

// ---- vtd_fault.c ----

void vtd_faults_init(struct iommu_unit *unit);
void vtd_fault_interrupt(void);

// Notes one more fault of the device. From the VTD_NOISY_FAULTS-th on the unit reports none of it
// until it gets another domain (vtd.c). False: the unit reports nothing at all any more.
bool vtd_count_fault(struct iommu_unit *unit, uint32_t device);

// VTD_FAULTS_MAX more faults may be reported; a domain has come or gone. vtd_lock held, or boot.
void vtd_faults_resume(struct iommu_unit *unit);
