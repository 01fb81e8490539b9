// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// A platform device with a driver: its registers, ports and lines; made safe after a death if it
// can reach memory.
//
// Memory is handed out in whole pages. virtio-mmio slots lie several to a page: who is given one
// reaches its neighbours' registers too (docs/caveats.md).

#include <stdio.h>

#include "abi/error.h"
#include "lib/driver/mmio.h"
#include "lib/sys/log.h"
#include "lib/sys/sys.h"
#include "lib/sys/thread.h"
#include "lib/virtio/mmio_hw.h"
#include "servers/devmgr/device.h"
#include "servers/devmgr/interrupt.h"
#include "servers/devmgr/physical.h"

// Time-outs.
enum { RESET_MS = 1000, RESET_POLL_MS = 1 };

static int grant_memory(struct device *device)
{
    for (uint32_t i = 0; i < device->platform->memories; i++) {
        const struct platform_memory *memory = &device->platform->memory[i];
        uint64_t offset = memory->base % PAGE_SIZE;
        uint64_t bytes = (offset + memory->bytes + PAGE_SIZE - 1) & ~(uint64_t)(PAGE_SIZE - 1);
        char name[STARTUP_NAME];
        int error;

        snprintf(name, sizeof name, "mmio%u", i);
        error = grant_add(
            device, name,
            sys_memory_create_physical(resources.mmio, memory->base - offset, bytes, MEMORY_DEVICE),
            MMIO_GRANT_VALUE(offset, memory->bytes));
        if (error < 0)
            return error;
    }
    return 0;
}

static int grant_lines(struct devmgr *devmgr, struct device *device)
{
    for (uint32_t i = 0; i < device->platform->irqs; i++) {
        const struct platform_irq *irq = &device->platform->irq[i];
        struct acpi_override wire = {
            .gsi = irq->line, .level = irq->level, .active_low = irq->active_low};
        int error;

        if (irq->isa)
            wire = acpi_isa_interrupt(&devmgr->acpi, (uint8_t)irq->line);
        error = interrupt_create_line(device, wire.gsi, wire.level, wire.active_low);
        if (error < 0)
            return error;
    }
    return 0;
}

int platform_device_prepare(struct devmgr *devmgr, struct device *device)
{
    const struct platform_device *platform = device->platform;
    uint32_t grants = device->manifest->grants;
    int error = 0;

    if ((grants & SVC_GRANT_PORTS) != 0 && platform->ports != 0)
        error = grant_add(
            device, "io0",
            sys_resource_create(resources.port, RESOURCE_PORT, platform->port, platform->ports),
            platform->ports);
    if (error == 0 && (grants & SVC_GRANT_BARS) != 0)
        error = grant_memory(device);
    if (error == 0 && (grants & SVC_GRANT_CONFIG) != 0)
        error = grant_wiring(devmgr, device);
    if (error == 0 && (grants & SVC_GRANT_DMA) != 0)
        error = device_dma_create(devmgr, device);
    if (error == 0 && (grants & SVC_GRANT_IRQS) != 0)
        error = grant_lines(devmgr, device);
    if (error < 0) {
        grant_drop_all(device);
        device_dma_release(device);
    }
    return error;
}

// 4.2.2.1: a write of 0 resets; it is done when 0 reads back.
static int virtio_slot_reset(const struct platform_memory *slot)
{
    void *mapped;
    volatile uint8_t *registers;
    int error = physical_map(slot->base, slot->bytes, MEMORY_DEVICE, &mapped);

    if (error < 0)
        return error;
    registers = mapped;
    mmio_write32(registers + VIRTIO_MMIO_STATUS, 0);
    error = -E_TIMEDOUT;
    for (uint32_t waited = 0; waited < RESET_MS; waited += RESET_POLL_MS) {
        if (mmio_read32(registers + VIRTIO_MMIO_STATUS) == 0) {
            error = 0;
            break;
        }
        thread_sleep_until(sys_clock() + RESET_POLL_MS * 1000000ull);
    }
    physical_unmap(mapped, slot->bytes);
    return error;
}

int platform_device_silence(struct device *device)
{
    int error = 0;

    // fw_cfg, the only other device with DMA, ends a transfer within the write that starts it.
    if (device->platform->virtio_id != 0)
        error = virtio_slot_reset(&device->platform->memory[0]);
    // No bus mastering could be cut here: what the device may still write to stays quarantined.
    if (error == 0)
        device_dma_release(device);
    return error;
}

int platform_device_make_safe(struct devmgr *devmgr, struct device *device)
{
    int error = platform_device_silence(device);

    if (error == 0)
        device_dma_renew(devmgr, device);
    return error;
}
