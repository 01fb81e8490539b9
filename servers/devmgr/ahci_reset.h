// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The reset of an AHCI controller through its own register, for most have no other: Serial ATA
// Advanced Host Controller Interface 1.3.1, sections 3.1.2 (GHC) and 10.4.3 (HBA reset). After it
// no port touches memory until a driver starts it.

#pragma once

#include "servers/devmgr/pci.h"

// Memory decoding must be on. E_NODEV: no AHCI controller; E_TIMEDOUT: it did not say it is reset.
int ahci_reset(const struct pci_access *access, const struct pci_function *function);
