// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// PCI configuration space through the Enhanced Configuration Access Mechanism (PCI Express 4.0,
// section 7.2.2): 4 KiB a function, 1 MiB a bus. A bus is mapped when it is first looked at.

#pragma once

#include "servers/devmgr/acpi.h"
#include "servers/devmgr/pci.h"

// The access functions for one segment. There is one configuration space: a second call replaces
// the first.
struct pci_access ecam_access(const struct acpi_segment *segment);

// Copies a function's whole configuration space.
void ecam_snapshot(const struct pci_access *access, pci_address_t address,
                   uint8_t config[PCI_CONFIG_BYTES]);
