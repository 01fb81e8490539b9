// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// See virtio_reset.h.

#include "servers/devmgr/virtio_reset.h"

#include "abi/error.h"
#include "servers/devmgr/physical.h"

enum { RESET_MS = 1000, POLL_MS = 1 };

int virtio_reset(const struct pci_access *access, const struct pci_function *function)
{
    uint32_t bar;
    uint64_t offset;
    void *mapped;
    volatile uint8_t *status;
    int error = virtio_find_status(access, function, &bar, &offset);

    if (error < 0)
        return error;
    error = physical_map(function->bar[bar].base + offset, 1, MEMORY_DEVICE, &mapped);
    if (error < 0)
        return error;
    status = mapped;
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
    physical_unmap(mapped, 1);
    return error;
}
