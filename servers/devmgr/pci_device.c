// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// A PCI function as a device with a driver: what its driver gets, coming up, and being made safe
// after a death.

#include <string.h>

#include "abi/error.h"
#include "lib/sys/log.h"
#include "lib/sys/sys.h"
#include "servers/devmgr/ahci_reset.h"
#include "servers/devmgr/device.h"
#include "servers/devmgr/interrupt.h"
#include "servers/devmgr/physical.h"
#include "servers/devmgr/virtio_common.h"

// Stays on when a driver is gone: nobody has the function's registers then, and to move them out of
// the address space and back costs the next driver a while.
enum { DECODING = PCI_ENABLE_IO | PCI_ENABLE_MEMORY };

static void undo(struct device *device)
{
    grant_drop_all(device);
    if (device->dma != HANDLE_NONE)
        sys_handle_close(device->dma);
    device->dma = HANDLE_NONE;
    device->irqs = 0;
    device->irq_mode = DEVICE_IRQ_NONE;
}

void pci_device_show(struct devmgr *devmgr, const struct device *device)
{
    pci_power_on(&devmgr->pci, device->pci);
    pci_decode(&devmgr->pci, device->pci);
}

int pci_device_prepare(struct devmgr *devmgr, struct device *device)
{
    uint32_t grants = device->manifest->grants;
    int error = 0;

    pci_enable(&devmgr->pci, device->pci, DECODING);
    interrupt_disable(devmgr, device);
    if ((grants & (SVC_GRANT_BARS | SVC_GRANT_PORTS)) != 0)
        error = grant_pci_bars(devmgr, device);
    if (error == 0 && (grants & SVC_GRANT_CONFIG) != 0)
        error = grant_pci_config(devmgr, device);
    if (error == 0 && (grants & SVC_GRANT_DMA) != 0)
        error = device_dma_create(devmgr, device);
    if (error == 0 && (grants & SVC_GRANT_IRQS) != 0)
        error = interrupt_create(devmgr, device, DEVICE_IRQS_MAX);
    if (error < 0)
        undo(device);
    return error;
}

void pci_device_activate(struct devmgr *devmgr, struct device *device)
{
    uint32_t what = DECODING;
    int error = interrupt_enable(devmgr, device);

    if (error < 0)
        log_error("devmgr: %s: interrupts cannot be switched on: error %d", device->info.where,
                  error);
    if (device->irq_mode == DEVICE_IRQ_LINE)
        what |= PCI_ENABLE_INTX;
    if (device->dma != HANDLE_NONE)
        what |= PCI_ENABLE_BUS_MASTER;
    pci_enable(&devmgr->pci, device->pci, what);
}

int pci_device_silence(struct devmgr *devmgr, struct device *device)
{
    const struct pci_function *function = device->pci;
    int error;

    interrupt_disable(devmgr, device);
    pci_enable(&devmgr->pci, function, DECODING); // no bus mastering, no INTx
    device_dma_block(device);
    error = virtio_reset(&devmgr->pci, function);
    if (error == -E_NODEV)
        error = ahci_reset(&devmgr->pci, function);
    if (error == -E_NODEV)
        error = pci_reset(&devmgr->pci, function);
    pci_enable(&devmgr->pci, function, DECODING);
    // Without bus mastering, and blocked where there is an IOMMU, the function cannot write to
    // memory even if it would not be reset.
    device_dma_release(device);
    return error;
}

int pci_device_make_safe(struct devmgr *devmgr, struct device *device)
{
    int error = pci_device_silence(devmgr, device);

    device_dma_renew(devmgr, device);
    return error;
}
