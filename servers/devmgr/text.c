// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The text of /sys/xinim/devices: one line a device, columns separated by blanks, "-" for what
// there is not.

#include <stdio.h>

#include "servers/devmgr/device.h"

static const char *or_dash(const char *text)
{
    return text[0] == '\0' ? "-" : text;
}

static void interrupt_text(const struct device *device, char *text, size_t room)
{
    static const char *const kind[] = {"-", "line", "msi", "msi-x"};

    if (device->irqs == 0)
        snprintf(text, room, "-");
    else
        snprintf(text, room, "%s:%u", kind[device->irq_mode], device->irqs);
}

static size_t unit_text(const struct devmgr *devmgr, uint32_t index, char *text, size_t room)
{
    struct device_info info;

    unit_info(devmgr, index, &info);
    return (size_t)snprintf(text, room, "%-8s %-6s %-10s %-16s %-4llu %-8s %-11s %-13s %s\n",
                            info.name, device_class_name(info.class), device_state_name(info.state),
                            or_dash(info.service), (unsigned long long)info.incarnation, "-", "-",
                            info.where, or_dash(info.what));
}

size_t devices_text(const struct devmgr *devmgr, char *text, size_t room)
{
    size_t length =
        (size_t)snprintf(text, room, "%-8s %-6s %-10s %-16s %-4s %-8s %-11s %-13s %s\n", "NAME",
                         "CLASS", "STATE", "SERVICE", "INC", "IRQ", "DMA", "WHERE", "WHAT");

    for (uint32_t i = 0; i < devmgr->devices && length < room; i++) {
        const struct device *device = &devmgr->device[i];
        const struct device_info *info = &device->info;
        char irq[16];

        interrupt_text(device, irq, sizeof irq);
        length += (size_t)snprintf(
            text + length, room - length, "%-8s %-6s %-10s %-16s %-4llu %-8s %-11s %-13s %s\n",
            or_dash(info->name), device_class_name(info->class), device_state_name(info->state),
            or_dash(info->service), (unsigned long long)info->incarnation, irq,
            device_dma_protection(device), info->where, info->what);
    }
    for (uint32_t i = 0; i < devmgr->units.count && length < room; i++)
        length += unit_text(devmgr, i, text + length, room - length);
    return length < room ? length : room - 1;
}
