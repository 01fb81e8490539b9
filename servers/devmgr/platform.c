// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// See platform.h. ISA places: the PC's conventional ones for COM1 to COM4 and the clock; fw_cfg's
// ports from QEMU's docs/specs/fw_cfg.

#include "servers/devmgr/platform.h"

#include <stdio.h>
#include <string.h>

#include "abi/error.h"
#include "lib/sys/log.h"
#include "lib/sys/sys.h"
#include "lib/virtio/mmio.h"
#include "servers/devmgr/physical.h"
#include "servers/devmgr/power.h"

enum {
    UART_PORTS = 8,
    UART_SCRATCH = 7, // a byte of memory in every 16450 and later
    RTC_PORTS = 2,
    RTC_INDEX = 0,
    RTC_DATA = 1,
    RTC_REGISTER_D = 0x0d,
    RTC_REGISTER_D_VRT = 0x80,
    FW_CFG_PORTS = 12,
    FW_CFG_SELECTOR = 0,
    FW_CFG_DATA = 1,
    FW_CFG_SIGNATURE = 0,
    PM1_EVENT_BYTES_MIN = 4,
    ISA_LINES = 16,
};

// ---- ISA ----

static bool scratch_holds(uint64_t port, uint8_t value)
{
    return sys_port_write(resources.port, port, 1, value) == 0 &&
           sys_port_read(resources.port, port, 1) == value;
}

static bool is_uart(uint16_t port)
{
    uint64_t scratch = (uint64_t)port + UART_SCRATCH;

    return scratch_holds(scratch, 0x5a) && scratch_holds(scratch, 0xa5);
}

static bool is_fw_cfg(uint16_t port)
{
    static const char signature[] = "QEMU";

    if (sys_port_write(resources.port, port + FW_CFG_SELECTOR, 2, FW_CFG_SIGNATURE) < 0)
        return false;
    for (size_t i = 0; i < sizeof signature - 1; i++) {
        if (sys_port_read(resources.port, port + FW_CFG_DATA, 1) != signature[i])
            return false;
    }
    return true;
}

// Register D of the MC146818A: all bits but VRT read as 0.
static bool is_rtc(uint16_t port)
{
    int64_t value;

    if (sys_port_write(resources.port, port + RTC_INDEX, 1, RTC_REGISTER_D) < 0)
        return false;
    value = sys_port_read(resources.port, port + RTC_DATA, 1);
    return value == 0 || value == RTC_REGISTER_D_VRT;
}

static const struct isa_device {
    const char *name;
    bool (*answers)(uint16_t port);
    uint16_t port, ports;
    uint8_t irq; // 0: none
} isa_devices[] = {
    {"uart16550", is_uart, 0x3f8, UART_PORTS, 4}, {"uart16550", is_uart, 0x2f8, UART_PORTS, 3},
    {"uart16550", is_uart, 0x3e8, UART_PORTS, 4}, {"uart16550", is_uart, 0x2e8, UART_PORTS, 3},
    {"rtc_cmos", is_rtc, 0x70, RTC_PORTS, 0},     {"fw_cfg", is_fw_cfg, 0x510, FW_CFG_PORTS, 0},
};

void platform_add_isa(struct platform *platform)
{
    if (resources.port == HANDLE_NONE)
        return;
    for (size_t i = 0; i < sizeof isa_devices / sizeof isa_devices[0]; i++) {
        const struct isa_device *isa = &isa_devices[i];
        struct platform_device device = {.isa = true, .port = isa->port, .ports = isa->ports};

        if (!isa->answers(isa->port))
            continue;
        snprintf(device.where, sizeof device.where, "isa %x", isa->port);
        snprintf(device.names, sizeof device.names - 1, "%s", isa->name);
        if (isa->irq != 0)
            device.irq[device.irqs++] = (struct platform_irq){.line = isa->irq, .isa = true};
        if (platform_add(platform, &device) < 0)
            log_error("devmgr: %s: no room for it", device.where);
    }
}

void platform_add_button(struct platform *platform, const struct acpi_info *acpi)
{
    const struct acpi_register *block = &acpi->pm1a_event;
    struct platform_device device = {
        .isa = true,
        .names = "acpi_button",
        .ports = acpi->pm1_event_bytes,
        .irqs = 1,
        .irq = {{.line = acpi->sci, .isa = true}},
    };
    int error;

    if (!acpi->has_fadt || !acpi->has_power_button || block->space != ACPI_SPACE_PORT ||
        block->address == 0 || block->address > UINT16_MAX - acpi->pm1_event_bytes ||
        acpi->pm1_event_bytes < PM1_EVENT_BYTES_MIN || acpi->sci >= ISA_LINES ||
        resources.port == HANDLE_NONE)
        return;
    device.port = (uint16_t)block->address;
    snprintf(device.where, sizeof device.where, "isa %x", device.port);
    error = power_enter_acpi_mode(acpi);
    if (error == 0)
        error = platform_add(platform, &device);
    if (error < 0)
        log_warning("devmgr: no power button: error %d", error);
}

// ---- virtio-mmio ----

static int identify(const struct virtio_slot *slot, struct virtio_mmio_identity *identity)
{
    void *registers;
    int error = physical_map(slot->base, slot->bytes, MEMORY_DEVICE, &registers);

    if (error < 0)
        return error;
    error = virtio_mmio_identify(registers, identity);
    physical_unmap(registers, slot->bytes);
    return error;
}

static const char *slot_fault(int error)
{
    switch (error) {
    case -E_BADMSG:
        return "its magic value is wrong, nothing is driven there";
    case -E_OPNOTSUPP:
        return "its version is neither 1 nor 2, nothing is driven there";
    case -E_EXIST:
        return "named twice, or over another device: driven once";
    case -E_NOMEM:
        return "no room for it";
    default:
        return "it cannot be reached";
    }
}

void platform_add_virtio(struct platform *platform, const struct virtio_slot *slot)
{
    struct platform_device device = {
        .memories = 1,
        .memory = {{.base = slot->base, .bytes = slot->bytes}},
        .irqs = 1,
        .irq = {{.line = slot->line, .level = slot->level, .active_low = slot->active_low}},
    };
    struct virtio_mmio_identity identity;
    int error = slot->bytes < VIRTIO_MMIO_BYTES_MIN ? -E_INVAL : identify(slot, &identity);

    if (error == -E_NODEV)
        return; // an empty slot
    snprintf(device.where, sizeof device.where, "mmio %08llx", (unsigned long long)slot->base);
    if (error == 0) {
        device.virtio_id = identity.device_type;
        device.virtio_version = identity.version;
        snprintf(device.names, sizeof device.names - 1, "virtio,mmio");
        error = platform_add(platform, &device);
    }
    if (error < 0)
        log_warning("devmgr: virtio-mmio slot at %llx: %s (error %d)",
                    (unsigned long long)slot->base, slot_fault(error), error);
}
