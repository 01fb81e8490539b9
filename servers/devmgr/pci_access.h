// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// Short names for reading and writing configuration space, for the pci_*.c files.

#pragma once

#include "servers/devmgr/pci.h"

static inline uint8_t config_read8(const struct pci_access *access, pci_address_t address,
                                   uint32_t offset)
{
    return (uint8_t)access->read(access->context, address, offset, 1);
}

static inline uint16_t config_read16(const struct pci_access *access, pci_address_t address,
                                     uint32_t offset)
{
    return (uint16_t)access->read(access->context, address, offset, 2);
}

static inline uint32_t config_read32(const struct pci_access *access, pci_address_t address,
                                     uint32_t offset)
{
    return access->read(access->context, address, offset, 4);
}

static inline void config_write8(const struct pci_access *access, pci_address_t address,
                                 uint32_t offset, uint8_t value)
{
    access->write(access->context, address, offset, 1, value);
}

static inline void config_write16(const struct pci_access *access, pci_address_t address,
                                  uint32_t offset, uint16_t value)
{
    access->write(access->context, address, offset, 2, value);
}

static inline void config_write32(const struct pci_access *access, pci_address_t address,
                                  uint32_t offset, uint32_t value)
{
    access->write(access->context, address, offset, 4, value);
}
