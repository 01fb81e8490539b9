// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The table of platform.h, pure.

#include "abi/error.h"
#include "servers/devmgr/platform.h"

static bool overlaps(const struct platform_device *a, const struct platform_device *b)
{
    for (uint32_t i = 0; i < a->memories; i++) {
        for (uint32_t j = 0; j < b->memories; j++) {
            const struct platform_memory *one = &a->memory[i], *other = &b->memory[j];

            if (one->base - other->base < other->bytes || other->base - one->base < one->bytes)
                return true;
        }
    }
    return false;
}

// 0 for a device of ports only.
static uint64_t first_address(const struct platform_device *device)
{
    return device->memories == 0 ? 0 : device->memory[0].base;
}

int platform_add(struct platform *platform, const struct platform_device *device)
{
    uint32_t at;

    for (uint32_t i = 0; i < platform->devices; i++) {
        if (overlaps(&platform->device[i], device))
            return -E_EXIST;
    }
    if (platform->devices == PLATFORM_DEVICES_MAX)
        return -E_NOMEM;
    at = platform->devices++;
    for (; at > 0 && first_address(&platform->device[at - 1]) > first_address(device); at--)
        platform->device[at] = platform->device[at - 1];
    platform->device[at] = *device;
    return 0;
}
