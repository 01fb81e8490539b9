// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// A made-up PCI: functions with writable masks, bridges that forward by their bus numbers, power
// states, FLR.

#pragma once

#include "servers/devmgr/pci.h"

enum { FAKE_FUNCTIONS = 64, FAKE_CONFIG = 256 };

struct fake_function {
    int behind; // index of the bridge, -1: root bus
    uint8_t device, function;
    uint8_t config[FAKE_CONFIG];
    uint8_t writable[FAKE_CONFIG]; // bits that keep what is written
    uint16_t power_at, express_at; // capabilities that react to writes
    unsigned resets;
};

struct fake_pci {
    unsigned functions;
    struct fake_function function[FAKE_FUNCTIONS];
    uint8_t root_bus;
    uint64_t accesses;
    uint64_t slept_ms;
};

struct pci_access fake_pci_access(struct fake_pci *fake);

// Adds an ordinary function (or a bridge) and returns it.
struct fake_function *fake_add(struct fake_pci *fake, int behind, uint8_t device, uint8_t function,
                               bool bridge);

void fake_put(struct fake_function *function, uint32_t at, uint64_t value, unsigned bytes);
uint64_t fake_get(const struct fake_function *function, uint32_t at, unsigned bytes);

// A BAR: `flags` are its low bits; 64-bit ones take two registers.
void fake_bar(struct fake_function *function, uint32_t index, uint64_t size, uint32_t flags,
              uint64_t base);

// Appends a capability of `bytes` and returns its offset.
uint8_t fake_capability(struct fake_function *function, uint8_t id, uint8_t bytes);
