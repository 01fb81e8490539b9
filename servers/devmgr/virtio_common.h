// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// What devmgr does with a virtio function's common configuration: resetting it through its own
// device_status, immediate where FLR takes 100 ms, and whether its DMA passes the IOMMU. Virtual
// I/O Device (VIRTIO) 1.2, sections 4.1.4 (capabilities), 2.4 (device reset), 6 (feature bits).

#pragma once

#include <stdbool.h>

#include "servers/devmgr/pci.h"

// Memory decoding must be on. E_NODEV: no modern virtio function; E_TIMEDOUT: the device did not
// say it is reset.
int virtio_reset(const struct pci_access *access, const struct pci_function *function);

// Whether the function is a virtio device whose DMA goes past the IOMMU: one that does not offer
// VIRTIO_F_ACCESS_PLATFORM, or cannot (the old interface alone). Memory decoding must be on.
bool virtio_is_past_iommu(const struct pci_access *access, const struct pci_function *function);

// The virtio id of a function, 0 if it is none.
uint32_t virtio_id(const struct pci_function *function);

// Where the common configuration lies, checked against the BAR's size. E_NODEV: none.
int virtio_find_common(const struct pci_access *access, const struct pci_function *function,
                       uint32_t *bar, uint64_t *offset);
