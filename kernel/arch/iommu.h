// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// I/O memory management units: what kernel/dev/dma.c asks of the board. docs/confinement.md tells
// what they protect.
//
// From iommu_init on, a device without a domain reaches nothing. A domain is one device's; its
// owner locks it (struct dma, LOCK_DMA), the units have LOCK_IOMMU. Nothing blocks; waits for a
// unit are bounded and end in a panic, because a unit that does not answer protects nothing.

#pragma once

#include "abi/types.h"
#include "kernel/dev/io_table.h"

struct iommu_unit;

struct iommu_domain {
    struct iommu_unit *unit;
    struct io_table table;
    uint32_t device; // PCI requester id
    uint32_t number; // the unit's name for it
};

// Does a unit stand between devices and memory? The answer never changes after boot.
bool iommu_present(void);

// Boot CPU, before the first process: blocks every device, then switches translation on. Panics
// with one clear line when the board's tables are damaged or name what is not supported.
void iommu_init(void);

// The device may reach what is mapped in the domain, as yet nothing. 0; -E_NODEV: no unit covers
// it; -E_BUSY: it has a domain; -E_NOMEM; -E_OPNOTSUPP: the firmware itself uses the device.
int iommu_domain_create(struct iommu_domain *domain, uint32_t device);

// The device reaches nothing any more, from the moment this returns.
void iommu_domain_block(struct iommu_domain *domain);

// Of a blocked domain: gives the tables back.
static inline void iommu_domain_destroy(struct iommu_domain *domain)
{
    io_table_destroy(&domain->table);
}

// 0, -E_INVAL, -E_NOMEM (kernel/dev/io_table.h). Visible to the device on return.
int iommu_map(struct iommu_domain *domain, uint64_t bus, physical_t physical, uint64_t bytes,
              uint32_t rights);

// When this returns the device no longer reaches the pages.
void iommu_unmap(struct iommu_domain *domain, uint64_t bus, uint64_t bytes);

// ---- for the units ----

// A set bit of `numbers` is a domain's. One that is in no use and below `end`; 0, which is never
// used: there is none.
static inline uint32_t iommu_number_take(uint64_t *numbers, uint32_t end)
{
    for (uint32_t n = 1; n < end; n++) {
        if ((numbers[n / 64] >> n % 64 & 1) == 0) {
            numbers[n / 64] |= 1ull << n % 64;
            return n;
        }
    }
    return 0;
}

static inline void iommu_number_put(uint64_t *numbers, uint32_t number)
{
    numbers[number / 64] &= ~(1ull << number % 64);
}
