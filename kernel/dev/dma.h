// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// DMA windows: what the board's IOMMU tells them.

#pragma once

#include "abi/types.h"

// The unit stopped an access of the device. Called with no lock held.
void dma_fault(uint32_t device, uint64_t bus, bool write);
