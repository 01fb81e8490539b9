// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Resetting a virtio function through its own device_status: immediate, where FLR takes 100 ms.
// Virtual I/O Device (VIRTIO) 1.2, sections 4.1.4 (capabilities) and 2.4 (device reset).

#pragma once

#include "servers/devmgr/pci.h"

// Memory decoding must be on. E_NODEV: no modern virtio function; E_TIMEDOUT: the device did not
// say it is reset.
int virtio_reset(const struct pci_access *access, const struct pci_function *function);

// Where the common configuration lies: BAR and offset of device_status, checked against the BAR's
// size. E_NODEV: none.
int virtio_find_status(const struct pci_access *access, const struct pci_function *function,
                       uint32_t *bar, uint64_t *offset);
