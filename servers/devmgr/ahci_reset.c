// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// See ahci_reset.h.

#include "servers/devmgr/ahci_reset.h"

#include "abi/error.h"
#include "servers/devmgr/physical.h"

enum { RESET_MS = 1000, POLL_MS = 1 }; // 10.4.3: one second at most

enum {
    CLASS_AHCI = 0x010601, // mass storage, SATA, AHCI 1.0
    BAR_ABAR = 5,          // 2.1.11
    GHC = 4,               // 3.1.2: global HBA control
    GENERIC_BYTES = 0x2c,
};

#define GHC_HR (1u << 0)  // HBA reset
#define GHC_AE (1u << 31) // AHCI enable: nothing else may be written before

int ahci_reset(const struct pci_access *access, const struct pci_function *function)
{
    const struct pci_bar *bar = &function->bar[BAR_ABAR];
    volatile uint32_t *ghc;
    void *registers;
    int error;

    if (function->class != CLASS_AHCI || bar->base == 0 || bar->size < GENERIC_BYTES ||
        (bar->kind != PCI_BAR_MEMORY32 && bar->kind != PCI_BAR_MEMORY64))
        return -E_NODEV;
    error = physical_map(bar->base, GENERIC_BYTES, MEMORY_DEVICE, &registers);
    if (error < 0)
        return error;
    ghc = (volatile uint32_t *)registers + GHC / 4;
    *ghc = GHC_AE;
    *ghc = GHC_AE | GHC_HR;
    error = -E_TIMEDOUT;
    for (uint32_t waited = 0; waited < RESET_MS; waited += POLL_MS) {
        if ((*ghc & GHC_HR) == 0) {
            error = 0;
            break;
        }
        access->sleep_ms(access->context, POLL_MS);
    }
    physical_unmap(registers, GENERIC_BYTES);
    return error;
}
