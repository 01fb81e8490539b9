// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// What devmgr does to a function: decoding, bus mastering, MSI and MSI-X, power state, reset, INTx
// routing.

#include "abi/error.h"
#include "servers/devmgr/pci_access.h"
#include "servers/devmgr/pci_registers.h"

// Time-outs in milliseconds.
enum {
    FLR_SETTLE_MS = 100,  // PCI Express 4.0, 6.6.2: software waits this long after initiating
    FLR_RETURN_MS = 1000, // and gives up when the function is not back after this
    D3_SETTLE_MS = 10,    // Power Management 1.2, section 5.4: D3hot to D0 and back
    PENDING_MS = 100,     // for the function's own requests to come home before a reset
    POLL_MS = 10,
};

void pci_enable(const struct pci_access *access, const struct pci_function *function, uint32_t what)
{
    enum {
        OWNED = PCI_COMMAND_IO_SPACE | PCI_COMMAND_MEMORY_SPACE | PCI_COMMAND_BUS_MASTER |
                PCI_COMMAND_INTERRUPT_DISABLE
    };
    uint32_t command = config_read16(access, function->address, PCI_COMMAND) & ~(uint32_t)OWNED;

    if ((what & PCI_ENABLE_IO) != 0)
        command |= PCI_COMMAND_IO_SPACE;
    if ((what & PCI_ENABLE_MEMORY) != 0)
        command |= PCI_COMMAND_MEMORY_SPACE;
    if ((what & PCI_ENABLE_BUS_MASTER) != 0)
        command |= PCI_COMMAND_BUS_MASTER;
    if ((what & PCI_ENABLE_INTX) == 0)
        command |= PCI_COMMAND_INTERRUPT_DISABLE;
    config_write16(access, function->address, PCI_COMMAND, (uint16_t)command);
}

void pci_decode(const struct pci_access *access, const struct pci_function *function)
{
    uint16_t wanted = PCI_COMMAND_IO_SPACE | PCI_COMMAND_MEMORY_SPACE;
    uint16_t command = config_read16(access, function->address, PCI_COMMAND);

    if ((command & wanted) != wanted)
        config_write16(access, function->address, PCI_COMMAND, command | wanted);
}

void pci_msix_enable(const struct pci_access *access, const struct pci_function *function, bool on)
{
    uint32_t at = (uint32_t)function->capability.msix + PCI_MSIX_CONTROL;
    uint32_t control;

    if (function->capability.msix == 0)
        return;
    control = config_read16(access, function->address, at);
    control &= ~(uint32_t)(PCI_MSIX_ENABLE | PCI_MSIX_FUNCTION_MASK);
    if (on)
        control |= PCI_MSIX_ENABLE;
    config_write16(access, function->address, at, (uint16_t)control);
}

int pci_msi_set(const struct pci_access *access, const struct pci_function *function,
                uint64_t address, uint32_t data)
{
    uint32_t at = function->capability.msi;
    uint16_t control;

    if (at == 0)
        return -E_NODEV;
    control = config_read16(access, function->address, at + PCI_MSI_CONTROL);
    if ((control & PCI_MSI_64) == 0 && address >> 32 != 0)
        return -E_INVAL;
    config_write32(access, function->address, at + PCI_MSI_ADDRESS, (uint32_t)address);
    if ((control & PCI_MSI_64) != 0) {
        config_write32(access, function->address, at + PCI_MSI_ADDRESS_UPPER,
                       (uint32_t)(address >> 32));
        config_write16(access, function->address, at + PCI_MSI_DATA_64, (uint16_t)data);
    } else {
        config_write16(access, function->address, at + PCI_MSI_DATA_32, (uint16_t)data);
    }
    control = (uint16_t)((control & ~PCI_MSI_MULTIPLE_MASK) | PCI_MSI_ENABLE);
    config_write16(access, function->address, at + PCI_MSI_CONTROL, control);
    return 0;
}

void pci_msi_disable(const struct pci_access *access, const struct pci_function *function)
{
    uint32_t at = (uint32_t)function->capability.msi + PCI_MSI_CONTROL;

    if (function->capability.msi == 0)
        return;
    config_write16(access, function->address, at,
                   (uint16_t)(config_read16(access, function->address, at) & ~PCI_MSI_ENABLE));
}

static void set_power_state(const struct pci_access *access, const struct pci_function *function,
                            uint32_t state)
{
    uint32_t at = (uint32_t)function->capability.power + PCI_PM_CONTROL;
    uint32_t control = config_read16(access, function->address, at) & ~(uint32_t)PCI_PM_STATE_MASK;

    config_write16(access, function->address, at, (uint16_t)(control | state));
    access->sleep_ms(access->context, D3_SETTLE_MS);
}

void pci_power_on(const struct pci_access *access, const struct pci_function *function)
{
    uint32_t at = (uint32_t)function->capability.power + PCI_PM_CONTROL;

    if (function->capability.power == 0)
        return;
    if ((config_read16(access, function->address, at) & PCI_PM_STATE_MASK) != PCI_PM_STATE_D0)
        set_power_state(access, function, PCI_PM_STATE_D0);
}

static int wait_return(const struct pci_access *access, const struct pci_function *function)
{
    for (uint32_t waited = 0; waited < FLR_RETURN_MS; waited += POLL_MS) {
        if (config_read16(access, function->address, PCI_VENDOR_ID) == function->vendor)
            return 0;
        access->sleep_ms(access->context, POLL_MS);
    }
    return -E_TIMEDOUT;
}

static int reset_by_flr(const struct pci_access *access, const struct pci_function *function)
{
    uint32_t express = function->capability.express;
    uint16_t control;

    for (uint32_t waited = 0; waited < PENDING_MS; waited += POLL_MS) {
        uint16_t status = config_read16(access, function->address, express + PCI_EXP_DEVICE_STATUS);

        if ((status & PCI_EXP_TRANSACTIONS_PENDING) == 0)
            break;
        access->sleep_ms(access->context, POLL_MS);
    }
    control = config_read16(access, function->address, express + PCI_EXP_DEVICE_CONTROL);
    config_write16(access, function->address, express + PCI_EXP_DEVICE_CONTROL,
                   (uint16_t)(control | PCI_EXP_INITIATE_FLR));
    access->sleep_ms(access->context, FLR_SETTLE_MS);
    return wait_return(access, function);
}

// Only functions without No_Soft_Reset lose their state on the way from D3hot to D0.
static bool can_reset_by_power(const struct pci_access *access, const struct pci_function *function)
{
    uint32_t at = (uint32_t)function->capability.power + PCI_PM_CONTROL;

    return function->capability.power != 0 &&
           (config_read16(access, function->address, at) & PCI_PM_NO_SOFT_RESET) == 0;
}

int pci_reset(const struct pci_access *access, const struct pci_function *function)
{
    int error;

    pci_enable(access, function, 0);
    if (function->capability.function_reset) {
        error = reset_by_flr(access, function);
    } else if (can_reset_by_power(access, function)) {
        set_power_state(access, function, PCI_PM_STATE_D3HOT);
        set_power_state(access, function, PCI_PM_STATE_D0);
        error = wait_return(access, function);
    } else {
        error = -E_NOSYS;
    }
    if (error < 0)
        return error;
    pci_enable(access, function, 0);
    for (uint32_t i = 0; i < PCI_BARS; i++) {
        if (function->bar[i].size != 0)
            pci_bar_write(access, function, i);
    }
    return 0;
}

// PCI Express to PCI/PCI-X Bridge Specification 1.0, section 2.3: such a bridge takes what comes
// from behind it for its secondary bus's device 0. Other bridges to conventional PCI use their own
// address (VT-d 3.3, 3.4.1).
pci_address_t pci_requester(const struct pci_tree *tree, const struct pci_function *function)
{
    pci_address_t requester = function->address;

    for (uint32_t depth = 0; function->parent >= 0 && depth < PCI_BRIDGE_DEPTH_MAX; depth++) {
        const struct pci_function *bridge = &tree->function[function->parent];

        if (bridge->capability.express == 0)
            requester = bridge->address;
        else if (bridge->capability.express_type == PCI_EXP_TO_PCI)
            requester = PCI_ADDRESS(bridge->secondary, 0, 0);
        function = bridge;
    }
    return requester;
}

// PCI-to-PCI Bridge Architecture 1.2, section 9.1: behind a bridge, pin p of device d comes out at
// pin (p + d) mod 4.
void pci_intx_route(const struct pci_tree *tree, const struct pci_function *function,
                    uint8_t *root_device, uint8_t *root_pin)
{
    uint8_t pin = (uint8_t)(function->pin - 1) & 3;

    for (uint32_t depth = 0; function->parent >= 0 && depth < PCI_BRIDGE_DEPTH_MAX; depth++) {
        pin = (uint8_t)(pin + PCI_DEVICE(function->address)) & 3;
        function = &tree->function[function->parent];
    }
    *root_device = PCI_DEVICE(function->address);
    *root_pin = pin;
}
