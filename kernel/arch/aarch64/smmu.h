// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The board's SMMUv3, as one file sees the other's: smmu.c (domains), smmu_unit.c (registers,
// queues and events).
//
// Lock: smmu_lock (LOCK_IOMMU): the stream table, the queues. Invariant: an entry that was cleared
// is forgotten by the unit before the lock is released.

#pragma once

#include "kernel/arch/aarch64/smmu_hw.h"
#include "kernel/arch/iommu.h"
#include "kernel/core/lock.h"

enum {
    SMMU_NUMBERS = 256,     // domains, and their ASIDs
    SMMU_NOISY_FAULTS = 64, // reported of one domain; then its device is ignored
};

struct iommu_unit {
    volatile uint8_t *registers;
    uint32_t address_bits; // field of IDR5
    uint64_t *buses;       // first level of the stream table
    struct smmu_context *contexts;
    struct smmu_command *commands;
    struct smmu_event *events;
    uint32_t command_next, event_next; // running indices
    uint64_t numbers[SMMU_NUMBERS / 64];
    uint16_t faults[SMMU_NUMBERS];
};

extern struct spinlock smmu_lock;
extern struct iommu_unit smmu;

// ---- smmu_unit.c ----

// Everything aborts; queues on, events connected. Panics if the unit is of no use.
void smmu_start(void);

// From now on the stream table counts.
void smmu_enable(void);

// One command, and returns when everything it concerns is done. smmu_lock held, or boot.
void smmu_do(uint64_t word0, uint64_t word1);

// Zeroed, contiguous; NULL: no memory.
void *smmu_pages(unsigned order);

// An access that the unit stopped; from the interrupt. smmu_lock held.
void smmu_event_interrupt(void);

// ---- smmu.c ----

// Counts a fault of the device; at SMMU_NOISY_FAULTS it is no longer reported, until its next
// domain. smmu_lock held.
void smmu_count_fault(uint32_t device);
