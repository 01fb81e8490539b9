// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// See virtio_common.h.

#include "servers/devmgr/virtio_common.h"

#include "abi/error.h"
#include "servers/devmgr/physical.h"

enum { RESET_MS = 1000, POLL_MS = 1 };

enum { // VIRTIO 1.2, 4.1.4.3: struct virtio_pci_common_cfg
    DEVICE_FEATURE_SELECT = 0,
    DEVICE_FEATURE = 4,
    DEVICE_STATUS = 20,
    COMMON_BYTES = 56,
    ACCESS_PLATFORM = 33, // 6: feature bit
};

static int map_common(const struct pci_access *access, const struct pci_function *function,
                      void **common)
{
    uint32_t bar;
    uint64_t offset;
    int error = virtio_find_common(access, function, &bar, &offset);

    if (error < 0)
        return error;
    return physical_map(function->bar[bar].base + offset, COMMON_BYTES, MEMORY_DEVICE, common);
}

int virtio_reset(const struct pci_access *access, const struct pci_function *function)
{
    void *common;
    volatile uint8_t *status;
    int error = map_common(access, function, &common);

    if (error < 0)
        return error;
    status = (volatile uint8_t *)common + DEVICE_STATUS;
    *status = 0;
    error = -E_TIMEDOUT;
    for (uint32_t waited = 0; waited < RESET_MS;
         waited += POLL_MS) { // reset is done when 0 reads back
        if (*status == 0) {
            error = 0;
            break;
        }
        access->sleep_ms(access->context, POLL_MS);
    }
    physical_unmap(common, COMMON_BYTES);
    return error;
}

bool virtio_is_past_iommu(const struct pci_access *access, const struct pci_function *function)
{
    void *common;
    uint32_t offered;

    if (virtio_id(function) == 0)
        return false;
    if (map_common(access, function, &common) < 0)
        return true;
    *(volatile uint32_t *)((uint8_t *)common + DEVICE_FEATURE_SELECT) = ACCESS_PLATFORM / 32;
    offered = *(volatile uint32_t *)((uint8_t *)common + DEVICE_FEATURE);
    physical_unmap(common, COMMON_BYTES);
    return (offered >> ACCESS_PLATFORM % 32 & 1) == 0;
}
