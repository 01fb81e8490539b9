// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// See interrupt.h. The MSI-X table (PCI 3.0, section 6.8.2) is written by devmgr only.
//
// INTx routing stands in the device tree, where there is one; without an AML interpreter it is else
// a fact about the board. Known: q35's ICH9 LPC bridge
// (8086:2918; ICH9 datasheet, 10.1.45 to 10.1.52: device interrupt route registers) as QEMU wires
// it: the I/O APIC has PIRQA-PIRQH on GSI 16-23, active high; root devices 25-29 and 31 are routed
// pin for pin to PIRQA-D by the reset value of their route registers, device 30 to PIRQE-H, all
// others rotate over PIRQE-H.

#include "servers/devmgr/interrupt.h"

#include <stdio.h>

#include "abi/error.h"
#include "lib/sys/log.h"
#include "lib/sys/sys.h"
#include "servers/devmgr/pci_registers.h"
#include "servers/devmgr/physical.h"

enum {
    ICH9_PIRQA_GSI = 16,
    ICH9_PIRQE_GSI = 20,
    ICH9_FIRST_ROUTED = 25,
    ICH9_DMI_BRIDGE = 30,
};

static int add_irq(struct device *device, struct irq_args *args)
{
    int64_t handle = sys_irq_create(resources.irq, args);
    uint32_t n = device->irqs;
    char name[STARTUP_NAME];
    int error;

    snprintf(name, sizeof name, "irq%u", n);
    error = grant_add(device, name, handle,
                      device->irq_mode == DEVICE_IRQ_MSIX ? n : IRQ_GRANT_NO_VECTOR);
    if (error < 0)
        return error;
    device->irq[n] = (struct device_irq){
        .handle = (handle_t)handle, .msi_address = args->msi_address, .msi_data = args->msi_data};
    device->irqs = n + 1;
    return 0;
}

// E_NODEV: the board, or the kernel on it, delivers no messages.
static int create_message(const struct devmgr *devmgr, struct device *device, uint32_t count,
                          enum device_irq_mode mode)
{
    device->irq_mode = mode;
    for (uint32_t i = 0; i < count; i++) {
        struct irq_args args = {.flags = IRQ_MSI,
                                .device = pci_requester(&devmgr->tree, device->pci)};
        int error = add_irq(device, &args);

        if (error < 0 && i == 0)
            return error;
        if (error < 0)
            break; // fewer than wanted: drivers share what there is
    }
    return 0;
}

// ---- INTx ----

static bool has_ich9(const struct pci_tree *tree)
{
    for (uint32_t i = 0; i < tree->functions; i++) {
        if (tree->function[i].vendor == 0x8086 && tree->function[i].device == 0x2918)
            return true;
    }
    return false;
}

static uint32_t ich9_gsi(uint8_t root_device, uint8_t pin)
{
    if (root_device >= ICH9_FIRST_ROUTED)
        return (root_device == ICH9_DMI_BRIDGE ? ICH9_PIRQE_GSI : ICH9_PIRQA_GSI) + (uint32_t)pin;
    return ICH9_PIRQE_GSI + (uint32_t)(root_device + pin) % 4;
}

static int create_intx(struct devmgr *devmgr, struct device *device)
{
    const struct dtb_pci *host = &devmgr->board.pci;
    uint8_t root_device, pin;

    if (device->pci->pin == 0 || (!host->present && !has_ich9(&devmgr->tree)))
        return -E_NODEV;
    pci_intx_route(&devmgr->tree, device->pci, &root_device, &pin);
    if (host->present) {
        const struct platform_irq *irq =
            dtb_pci_route(host, PCI_ADDRESS(host->ecam.bus_start, root_device, 0), pin + 1u);

        if (irq == NULL)
            return -E_NODEV;
        return interrupt_create_line(device, irq->line, irq->level, irq->active_low);
    }
    return interrupt_create_line(device, ich9_gsi(root_device, pin), true, false);
}

int interrupt_create_line(struct device *device, uint32_t gsi, bool level, bool active_low)
{
    struct irq_args args = {
        .line = gsi,
        .flags = (level ? (uint32_t)IRQ_LEVEL : 0) | (active_low ? (uint32_t)IRQ_ACTIVE_LOW : 0),
    };

    device->irq_mode = DEVICE_IRQ_LINE;
    return add_irq(device, &args);
}

static uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

int interrupt_create(struct devmgr *devmgr, struct device *device, uint32_t wanted)
{
    const struct pci_function *function = device->pci;
    int error = -E_NODEV;

    if (wanted == 0)
        return 0;
    if (wanted > DEVICE_IRQS_MAX)
        wanted = DEVICE_IRQS_MAX;
    if (devmgr->board.pci.present && devmgr->board.pci.msi == DTB_MSI_NONE)
        error = -E_NODEV;
    else if (function->msix.entries != 0 && function->bar[function->msix.table_bar].base != 0)
        error = create_message(devmgr, device, smaller(wanted, function->msix.entries),
                               DEVICE_IRQ_MSIX);
    else if (function->capability.msi != 0)
        error = create_message(devmgr, device, 1, DEVICE_IRQ_MSI);
    return error == -E_NODEV ? create_intx(devmgr, device) : error;
}

// ---- switching on and off ----

static void table_entry_write(volatile uint32_t *entry, const struct device_irq *irq)
{
    entry[MSIX_ENTRY_CONTROL / 4] = MSIX_ENTRY_MASKED;
    if (irq == NULL)
        return;
    entry[MSIX_ENTRY_ADDRESS / 4] = (uint32_t)irq->msi_address;
    entry[MSIX_ENTRY_ADDRESS_UPPER / 4] = (uint32_t)(irq->msi_address >> 32);
    entry[MSIX_ENTRY_DATA / 4] = irq->msi_data;
    entry[MSIX_ENTRY_CONTROL / 4] = 0;
}

static int msix_enable(struct devmgr *devmgr, struct device *device)
{
    const struct pci_msix *msix = &device->pci->msix;
    uint64_t bytes = (uint64_t)msix->entries * MSIX_ENTRY_BYTES;
    void *table;
    int error = physical_map(device->pci->bar[msix->table_bar].base + msix->table_offset, bytes,
                             MEMORY_DEVICE, &table);

    if (error < 0)
        return error;
    for (uint32_t i = 0; i < msix->entries; i++)
        table_entry_write((volatile uint32_t *)table + i * (MSIX_ENTRY_BYTES / 4),
                          i < device->irqs ? &device->irq[i] : NULL);
    physical_unmap(table, bytes);
    pci_msix_enable(&devmgr->pci, device->pci, true);
    return 0;
}

int interrupt_enable(struct devmgr *devmgr, struct device *device)
{
    switch (device->irq_mode) {
    case DEVICE_IRQ_MSIX:
        return msix_enable(devmgr, device);
    case DEVICE_IRQ_MSI:
        return pci_msi_set(&devmgr->pci, device->pci, device->irq[0].msi_address,
                           device->irq[0].msi_data);
    default:
        return 0; // INTx is a bit of the command register, a platform device's line always on
    }
}

void interrupt_disable(struct devmgr *devmgr, struct device *device)
{
    pci_msix_enable(&devmgr->pci, device->pci, false);
    pci_msi_disable(&devmgr->pci, device->pci);
}
