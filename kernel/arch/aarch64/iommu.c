// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The board's SMMUv3 is not driven yet: no window is confined, and nothing but iommu_present is
// ever called.

#include "kernel/arch/iommu.h"

#include "abi/error.h"
#include "kernel/core/panic.h"

bool iommu_present(void)
{
    return false;
}

int iommu_domain_create(struct iommu_domain *domain, uint32_t device)
{
    (void)domain;
    (void)device;
    return -E_NODEV;
}

static void nothing_to_do(const struct iommu_domain *domain)
{
    panic("iommu: a domain of device %x without a unit", domain->device);
}

void iommu_domain_block(struct iommu_domain *domain)
{
    nothing_to_do(domain);
}

void iommu_domain_destroy(struct iommu_domain *domain)
{
    nothing_to_do(domain);
}

int iommu_map(struct iommu_domain *domain, uint64_t bus, physical_t physical, uint64_t bytes,
              uint32_t rights)
{
    (void)domain;
    (void)bus;
    (void)physical;
    (void)bytes;
    (void)rights;
    return -E_NODEV;
}

void iommu_unmap(struct iommu_domain *domain, uint64_t bus, uint64_t bytes)
{
    (void)bus;
    (void)bytes;
    nothing_to_do(domain);
}
