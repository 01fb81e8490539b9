// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The DMA windows of devices, and what becomes known of them: whether the device is confined,
// and which of its accesses the IOMMU stopped.
//
// No IOMMU stands before a platform device (virtio-mmio): its window goes by a number that no PCI
// requester on these boards has. Each driver has a window of its own. The device's old one is
// released for good at its driver's death, so no copy of the handle that the driver may have given
// away opens anything.

#include "abi/error.h"
#include "lib/sys/log.h"
#include "lib/sys/sys.h"
#include "servers/devmgr/device.h"
#include "servers/devmgr/physical.h"
#include "servers/devmgr/virtio_common.h"

const char *device_dma_protection(const struct device *device)
{
    static const char *const names[] = {"-", "confined", "unprotected"};

    return names[device->dma_known.protection];
}

static int watch(const struct devmgr *devmgr, struct device *device)
{
    struct dma_status status;
    int64_t error = sys_dma_control(device->dma, DMA_WATCH, devmgr->dma_watch);

    if (error == 0)
        error = sys_dma_control(device->dma, DMA_STATUS, (uint64_t)(uintptr_t)&status);
    if (error < 0)
        return (int)error;
    if (status.faults < device->dma_window_faults)
        device->dma_window_faults = 0; // of the window before
    device->dma_known.protection = status.confined != 0 ? RS_DMA_CONFINED : RS_DMA_UNPROTECTED;
    return 0;
}

int device_dma_take_over(const struct devmgr *devmgr, struct device *device)
{
    return watch(devmgr, device);
}

enum { PLATFORM_FIRST = 0xff00 };

static int64_t create(const struct devmgr *devmgr, const struct device *device)
{
    if (device->pci == NULL)
        return sys_dma_create(
            resources.dma, PLATFORM_FIRST + (uint64_t)(device->platform - devmgr->platform.device),
            DMA_PAST_IOMMU);
    return sys_dma_create(resources.dma, pci_requester(&devmgr->tree, device->pci),
                          virtio_is_past_iommu(&devmgr->pci, device->pci) ? DMA_PAST_IOMMU : 0);
}

// The driver's handle can neither release nor block: only devmgr knows when its device is reset.
int device_dma_create(struct devmgr *devmgr, struct device *device)
{
    const uint32_t driver_rights = RIGHT_READ | RIGHT_WRITE | RIGHT_DUPLICATE | RIGHT_TRANSFER;
    int64_t dma = create(devmgr, device);
    int error;

    if (dma < 0)
        return (int)dma;
    device->dma = (handle_t)dma;
    device->dma_window_faults = 0;
    error = watch(devmgr, device);
    if (error == 0)
        error = keep(devmgr, device->info.where, device->dma);
    if (error == 0)
        error = grant_add(device, "dma", sys_handle_duplicate(device->dma, driver_rights, 0), 0);
    if (error < 0) {
        sys_handle_close(device->dma);
        device->dma = HANDLE_NONE;
    }
    return error;
}

void device_dma_block(const struct device *device)
{
    if (device->dma != HANDLE_NONE)
        sys_dma_control(device->dma, DMA_BLOCK, 0);
}

// Takes over what the kernel has counted; true if there was something new.
static bool collect(struct device *device)
{
    struct dma_status status;
    uint64_t new;

    if (device->dma == HANDLE_NONE ||
        sys_dma_control(device->dma, DMA_STATUS, (uint64_t)(uintptr_t)&status) < 0)
        return false;
    new = status.faults - device->dma_window_faults;
    if (new == 0)
        return false;
    device->dma_window_faults = status.faults;
    device->dma_known.faults += new;
    device->dma_known.fault_bus = status.fault_bus;
    device->dma_known.fault_access = status.fault_access;
    log_error("devmgr: %s: DMA fault: %s of bus address 0x%llx stopped (%llu so far)",
              device->info.service[0] != '\0' ? device->info.service : device->info.where,
              (status.fault_access & PROT_WRITE) != 0 ? "write" : "read",
              (unsigned long long)status.fault_bus, (unsigned long long)device->dma_known.faults);
    return true;
}

void device_dma_release(struct device *device)
{
    if (device->dma == HANDLE_NONE)
        return;
    collect(device); // rs learns of it with the next report
    sys_dma_control(device->dma, DMA_RELEASE_QUARANTINE, 0);
    sys_handle_close(device->dma);
    device->dma = HANDLE_NONE;
}

void device_dma_renew(struct devmgr *devmgr, struct device *device)
{
    int error;

    if (device->dma_known.protection == RS_DMA_NONE)
        return;
    error = device_dma_create(devmgr, device);
    if (error < 0)
        log_error("devmgr: %s: no DMA window for the next driver: error %d", device->info.where,
                  error);
}

void device_dma_faults(struct devmgr *devmgr)
{
    for (uint32_t i = 0; i < devmgr->devices; i++) {
        struct device *device = &devmgr->device[i];
        int error;

        if (!collect(device) || !device->has_instance)
            continue;
        saved_store_devices(devmgr);
        error = instance_tell_dma(devmgr, device);
        if (error < 0)
            log_error("devmgr: %s: rs does not take a DMA fault: error %d", device->info.where,
                      error);
    }
}
