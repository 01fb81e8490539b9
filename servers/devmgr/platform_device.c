// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// A platform device with a driver: its ports and its line.

#include "lib/sys/sys.h"
#include "servers/devmgr/device.h"
#include "servers/devmgr/interrupt.h"
#include "servers/devmgr/physical.h"

int platform_device_prepare(struct devmgr *devmgr, struct device *device)
{
    const struct platform_device *platform = device->platform;
    uint32_t grants = device->manifest->grants;
    int error = 0;

    if ((grants & SVC_GRANT_PORTS) != 0)
        error = grant_add(
            device, "io0",
            sys_resource_create(resources.port, RESOURCE_PORT, platform->port, platform->ports),
            platform->ports);
    if (error == 0 && (grants & SVC_GRANT_IRQS) != 0) {
        struct acpi_override wire = acpi_isa_interrupt(&devmgr->acpi, platform->irq);

        error = interrupt_create_line(device, wire.gsi, wire.level, wire.active_low);
    }
    if (error < 0)
        grant_drop_all(device);
    return error;
}
