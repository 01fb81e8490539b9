// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// See attach.h.

#include "lib/virtio/attach.h"

#include <stdio.h>

#include "abi/error.h"
#include "abi/startup.h"
#include "lib/driver/driver.h"
#include "lib/sys/start.h"

static int map_bar(void *context, unsigned bar, void **address, uint64_t *bytes)
{
    char name[STARTUP_NAME];
    snprintf(name, sizeof(name), "bar%u", bar);
    return driver_map_grant(context, name, true, address, bytes);
}

static int attach_pci(struct driver *driver, struct virtio_attachment *attachment, uint16_t *type)
{
    void *config;
    uint64_t bytes;
    int status = driver_map_grant(driver, "config", false, &config, &bytes);
    if (status == 0)
        status = virtio_pci_init(&attachment->pci, config, (size_t)bytes, map_bar, driver);
    attachment->transport = &attachment->pci.transport;
    attachment->vectors = driver->irqs > 0 && startup_value("irq0") != IRQ_GRANT_NO_VECTOR;
    *type = attachment->pci.device_type;
    return status;
}

static int attach_mmio(struct driver *driver, struct virtio_attachment *attachment, uint16_t *type)
{
    volatile void *registers;
    uint64_t bytes;
    int status = driver_map_registers(driver, 0, &registers, &bytes);
    if (status == 0)
        status = virtio_mmio_init(&attachment->mmio, registers, bytes);
    attachment->transport = &attachment->mmio.transport;
    attachment->vectors = false;
    *type = attachment->mmio.device_type;
    return status;
}

int virtio_attach(struct driver *driver, uint16_t device_type, struct virtio_attachment *attachment)
{
    uint16_t type = 0;
    int status = startup_handle("mmio0") != HANDLE_NONE ? attach_mmio(driver, attachment, &type)
                                                        : attach_pci(driver, attachment, &type);
    if (status == 0 && type != device_type)
        status = -E_NODEV;
    return status;
}
